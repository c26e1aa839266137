//! The compile error: which line, which word, and what is wrong with it.

use super::words::Word;

/// Panics with `keepalived.conf, line 7: "advert_intt": …`; in a constant, the compiler prints that.
pub(super) const fn fault(word: Word, what: &str) -> ! {
    let mut message = Message { bytes: [0; LONGEST], length: 0 };
    message.add("keepalived.conf, line ");
    message.number(word.line);
    message.add(": \"");
    message.add(word.text);
    message.add("\": ");
    message.add(what);
    let (bytes, _) = message.bytes.split_at(message.length);
    match core::str::from_utf8(bytes) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("keepalived.conf: a word that is too long, or not text, is wrong"),
    }
}

struct Message {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Message {
    const fn add(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() && self.length < LONGEST {
            self.bytes[self.length] = text[index];
            self.length += 1;
            index += 1;
        }
    }

    const fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a digit is less than ten")]
        let digit = [b'0' + (number % 10) as u8];
        if let Ok(digit) = core::str::from_utf8(&digit) {
            self.add(digit);
        }
    }
}

const LONGEST: usize = 240;
