//! `SMTP_CHECK`: a server is good when it greets, takes our `HELO`, and, where asked, goes on in TLS.

use super::stream::{Dialogue, Step, text};
use crate::{Asked, Failure};

/// The most that one reply may be, in bytes, over all its lines (RFC 5321 §4.5.3.1.5 allows 512 for a line).
pub const REPLY_LIMIT: u32 = 16_384;

/// One dialogue with a mail server.
#[derive(Clone, Debug)]
pub struct Smtp<'a> {
    name: &'a str,
    start_tls: bool,
    phase: Phase,
    reply: Reply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// 220 is to come.
    Greeting,
    /// 250 is to come, in the clear.
    Hello,
    /// 220 is to come, to `STARTTLS`.
    StartTls,
    /// The connection is being secured.
    Securing,
    /// 250 is to come, in TLS.
    SecureHello,
    /// `QUIT` is said.
    Parting,
}

impl<'a> Smtp<'a> {
    /// A dialogue that says `HELO name`; with `start_tls` it says `EHLO` and succeeds only in TLS.
    pub fn new(name: &'a str, start_tls: bool) -> Self {
        Self { name, start_tls, phase: Phase::Greeting, reply: Reply::default() }
    }

    fn replied(&mut self, code: u16) -> Step {
        let (asked, expected, next, step) = match self.phase {
            Phase::Greeting => (Asked::Greeting, 220, Phase::Hello, Step::Send),
            Phase::Hello if self.start_tls => (Asked::Hello, 250, Phase::StartTls, Step::Send),
            Phase::Hello | Phase::SecureHello => (Asked::Hello, 250, Phase::Parting, Step::Part),
            Phase::StartTls => (Asked::StartTls, 220, Phase::Securing, Step::Secure),
            Phase::Securing | Phase::Parting => return Step::Finish(Err(Failure::Malformed)),
        };
        if code != expected {
            return Step::Finish(Err(Failure::Reply { to: asked, code }));
        }
        self.phase = next;
        step
    }
}

impl Dialogue for Smtp<'_> {
    fn opened(&mut self) -> Step {
        Step::Wait
    }

    fn received(&mut self, bytes: &[u8]) -> Step {
        for (place, &byte) in bytes.iter().enumerate() {
            match self.reply.push(byte) {
                Ok(None) => {}
                // Nobody may speak before he is asked; behind the answer to `STARTTLS`, where what came in the
                // clear must not pass for what came in TLS, least of all.
                Ok(Some(_)) if place + 1 < bytes.len() => return Step::Finish(Err(Failure::Malformed)),
                Ok(Some(code)) => return self.replied(code),
                Err(failure) => return Step::Finish(Err(failure)),
            }
        }
        Step::Wait
    }

    fn secured(&mut self) -> Step {
        self.phase = Phase::SecureHello;
        Step::Send
    }

    fn ended(&mut self) -> Result<(), Failure> {
        Err(Failure::Truncated)
    }

    fn message(&self, say: &mut dyn FnMut(&[u8])) {
        match self.phase {
            Phase::Hello if !self.start_tls => text(say, format_args!("HELO {}\r\n", self.name)),
            Phase::Hello | Phase::SecureHello => text(say, format_args!("EHLO {}\r\n", self.name)),
            Phase::StartTls => say(b"STARTTLS\r\n"),
            Phase::Parting => say(b"QUIT\r\n"),
            Phase::Greeting | Phase::Securing => {}
        }
    }
}

/// Reads a reply of one or more lines (RFC 5321 §4.2.1): `250-first`, `250 last`.
#[derive(Clone, Copy, Debug, Default)]
struct Reply {
    code: u16,
    /// Place within the line.
    column: u32,
    length: u32,
    more: bool,
}

impl Reply {
    /// Takes a byte; the code when it ends the reply.
    fn push(&mut self, byte: u8) -> Result<Option<u16>, Failure> {
        self.length += 1;
        if self.length > REPLY_LIMIT {
            return Err(Failure::HeaderTooLong);
        }
        match (self.column, byte) {
            (0..3, b'0'..=b'9') => {
                self.code = if self.column == 0 { 0 } else { self.code * 10 } + u16::from(byte - b'0');
            }
            (3, b'-') => self.more = true,
            (3, b' ' | b'\r') => self.more = false,
            (3.., b'\n') => {
                let more = self.more && self.column > 3;
                if more {
                    self.column = 0;
                    return Ok(None);
                }
                let code = self.code;
                *self = Self::default();
                return Ok(Some(code));
            }
            (4.., _) => {}
            (_, _) => return Err(Failure::Malformed),
        }
        self.column = self.column.saturating_add(1);
        Ok(None)
    }
}
