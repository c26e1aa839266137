//! `DNS_CHECK`: a server is good when it answers a question without an error and, where said, with the right
//! answer. A cut answer is asked for again over TCP.

use super::datagram::{Answer, Question as Ask};
use super::stream::{Dialogue, Step};
use crate::Failure;
use crate::wire::dns::{HEADER, Records, Reply};
pub use crate::wire::dns::{QUESTION, Question, Type};

/// What is asked, and what is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dns<'a> {
    /// The question.
    pub question: Question<'a>,
    /// One record must say this (`answer`, steadfast's own word); `None`: response code 0 is good, whatever the
    /// answer.
    pub expected: Option<&'a str>,
}

impl Dns<'_> {
    fn verdict(&self, rcode: u8, mut records: Records<'_>) -> Result<(), Failure> {
        match self.expected {
            _ if rcode != 0 => Err(Failure::Rcode(rcode)),
            Some(expected) if !records.any(|record| record.says(expected)) => Err(Failure::Mismatch),
            Some(_) | None => Ok(()),
        }
    }
}

impl Ask for Dns<'_> {
    fn message(&self, buffer: &mut [u8]) -> usize {
        self.question.emit(buffer)
    }

    fn judge(&self, datagram: &[u8]) -> Answer {
        match self.question.parse(datagram) {
            Reply::Foreign => Answer::Foreign,
            Reply::Cut => Answer::Cut,
            Reply::Malformed => Answer::Final(Err(Failure::Malformed)),
            Reply::Answer { rcode, records } => Answer::Final(self.verdict(rcode, records)),
        }
    }
}

/// The same over TCP: messages with their lengths in front (RFC 1035 §4.2.2). The answer is kept in `B`: a slice that was lent,
/// an array, a vector.
#[derive(Clone, Debug)]
pub struct Stream<'a, B> {
    dns: Dns<'a>,
    buffer: B,
    filled: usize,
}

impl<'a, B: AsRef<[u8]> + AsMut<[u8]>> Stream<'a, B> {
    /// The dialogue; an answer that `buffer` does not hold, with two bytes of length, is too long.
    pub fn new(dns: Dns<'a>, buffer: B) -> Self {
        Self { dns, buffer, filled: 0 }
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Dialogue for Stream<'_, B> {
    fn opened(&mut self) -> Step {
        Step::Send
    }

    fn received(&mut self, bytes: &[u8]) -> Step {
        let buffer = self.buffer.as_mut();
        let room = buffer.len() - self.filled;
        let taken = bytes.len().min(room);
        buffer[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        let buffer = self.buffer.as_ref();
        let Some((length, rest)) = buffer[..self.filled].split_first_chunk::<2>() else {
            return Step::Wait;
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length + 2 > buffer.len() {
            return Step::Finish(Err(Failure::BodyTooLong));
        }
        let Some(message) = rest.get(..length) else { return Step::Wait };
        Step::Finish(match self.dns.question.parse(message) {
            Reply::Answer { rcode, records } => self.dns.verdict(rcode, records),
            Reply::Foreign if length >= HEADER => Err(Failure::Foreign),
            Reply::Foreign | Reply::Cut | Reply::Malformed => Err(Failure::Malformed),
        })
    }

    fn ended(&mut self) -> Result<(), Failure> {
        Err(Failure::Truncated)
    }

    fn message(&self, say: &mut dyn FnMut(&[u8])) {
        let mut message = [0; QUESTION];
        let length = self.dns.question.emit(&mut message);
        say(&u16::try_from(length).expect("a question is at most 271 bytes long").to_be_bytes());
        say(&message[..length]);
    }
}
