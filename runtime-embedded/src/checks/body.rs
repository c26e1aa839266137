//! Looks for a text in the body of an answer.

use check_core::Failure;
use check_core::http::Body;
use heapless::Vec;

use super::probe::Probe;

/// Looks for a text of at most [`Probe::LONGEST_TEXT`] bytes in a body that comes in pieces. Without one any body will do.
#[derive(Clone, Debug)]
pub(super) struct Search {
    text: Option<&'static str>,
    is_found: bool,
    /// As many of the last bytes as the text has.
    last: Vec<u8, { Probe::LONGEST_TEXT }>,
}

impl Search {
    pub(super) fn new(text: Option<&'static str>) -> Self {
        Self { text, is_found: false, last: Vec::new() }
    }
}

impl Body for Search {
    fn take(&mut self, part: &[u8]) -> Result<(), Failure> {
        let Some(text) = self.text.filter(|_| !self.is_found) else { return Ok(()) };
        for &byte in part {
            if self.last.len() == text.len() {
                self.last.remove(0);
            }
            // The text is no longer than the room, as Services::new has checked.
            let _ = self.last.push(byte);
            if self.last == text.as_bytes() {
                self.is_found = true;
                break;
            }
        }
        Ok(())
    }

    fn judge(&mut self) -> Result<(), Failure> {
        if self.text.is_none() || self.is_found { Ok(()) } else { Err(Failure::Mismatch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_stands_and_however_the_body_is_cut() {
        for (body, found) in [
            (&b"ready"[..], true),
            (b"rereready.", true),
            (b"rea dy", false),
            (b"read", false),
            (b"", false),
            (b"not ready", true),
        ] {
            for cut in 0..=body.len() {
                let mut search = Search::new(Some("ready"));
                let (start, rest) = body.split_at(cut);
                assert_eq!(search.take(start).and_then(|()| search.take(rest)), Ok(()));
                assert_eq!(search.judge(), if found { Ok(()) } else { Err(Failure::Mismatch) }, "{body:?}");
            }
        }
    }
}
