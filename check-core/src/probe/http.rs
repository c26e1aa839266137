//! `HTTP_GET` and `SSL_GET`: a server is good when it answers a request with the status and the body that are
//! expected of it.
//!
//! Whether the bytes travel in TLS is the runtime's concern: it connects, and secures, before it says
//! [`Event::Connected`](super::stream::Event::Connected).

use core::fmt;

use super::stream::{Dialogue, Step, text};
use crate::Failure;
use crate::wire::http::{Progress, Reader};

/// The most that a body may be, in bytes: a health page is small, and what does not end says nothing.
pub const BODY_LIMIT: u64 = 64 << 20;

/// `http_protocol`: the first and last lines of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `1.0`.
    #[default]
    Http10,
    /// `1.0C`: with `Connection: close`.
    Http10Close,
    /// `1.1`: with `Connection: close`, since one request is all.
    Http11,
}

/// What is asked for. `H` is a text, or what writes one when it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a, H = &'a str> {
    /// `path`, with its query.
    pub path: &'a str,
    /// What goes into `Host`: `virtualhost`, or the server's address and port.
    pub host: H,
    /// How.
    pub protocol: Protocol,
}

impl<H: fmt::Display> fmt::Display for Request<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, close) = match self.protocol {
            Protocol::Http10 => ("1.0", ""),
            Protocol::Http10Close => ("1.0", "Connection: close\r\n"),
            Protocol::Http11 => ("1.1", "Connection: close\r\n"),
        };
        // Operators tell health checks from visitors by keepalived's name in the logs of their servers.
        write!(
            f,
            "GET {} HTTP/{version}\r\nHost: {}\r\nUser-Agent: KeepAliveClient (steadfast)\r\n{close}\r\n",
            self.path, self.host
        )
    }
}

/// What looks at the body of an answer.
pub trait Body {
    /// Takes the next part of it.
    ///
    /// # Errors
    /// What is wrong already.
    fn take(&mut self, part: &[u8]) -> Result<(), Failure>;

    /// It is whole.
    ///
    /// # Errors
    /// What is wrong with it.
    fn judge(&mut self) -> Result<(), Failure>;
}

/// Any body will do.
impl Body for () {
    fn take(&mut self, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    fn judge(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Http<'a, B, H = &'a str> {
    request: Request<'a, H>,
    ranges: &'a [(u16, u16)],
    reader: Reader,
    body: B,
    length: u64,
}

impl<'a, B: Body, H: fmt::Display> Http<'a, B, H> {
    /// A dialogue that succeeds when the status is within one of `ranges` (both ends included; none: 200 to 299)
    /// and `body` has no objection.
    pub fn new(request: Request<'a, H>, ranges: &'a [(u16, u16)], body: B) -> Self {
        Self { request, ranges, reader: Reader::new(), body, length: 0 }
    }

    /// What looked at the body.
    pub fn body(&self) -> &B {
        &self.body
    }

    fn judge(&mut self) -> Result<(), Failure> {
        let status = self.reader.status();
        if !is_good(self.ranges, status) {
            return Err(Failure::Status(status));
        }
        self.body.judge()
    }
}

fn is_good(ranges: &[(u16, u16)], status: u16) -> bool {
    match ranges {
        [] => (200..300).contains(&status),
        ranges => ranges.iter().any(|&(first, last)| (first..=last).contains(&status)),
    }
}

impl<B: Body, H: fmt::Display> Dialogue for Http<'_, B, H> {
    fn opened(&mut self) -> Step {
        Step::Send
    }

    fn received(&mut self, bytes: &[u8]) -> Step {
        let Self { reader, body, length, .. } = self;
        let mut objection = Ok(());
        let progress = reader.read(bytes, |part| {
            *length += part.len() as u64;
            if objection.is_ok() {
                objection = body.take(part);
            }
        });
        if *length > BODY_LIMIT {
            return Step::Finish(Err(Failure::BodyTooLong));
        }
        // The status says more about what is wrong than a body that does not fit.
        match (progress, objection) {
            (Err(failure), _) => Step::Finish(Err(failure)),
            (Ok(Progress::Whole), Ok(())) => Step::Finish(self.judge()),
            (Ok(Progress::More), Ok(())) => Step::Wait,
            (Ok(_), Err(failure)) => {
                let status = self.reader.status();
                let failure = if is_good(self.ranges, status) { failure } else { Failure::Status(status) };
                Step::Finish(Err(failure))
            }
        }
    }

    fn ended(&mut self) -> Result<(), Failure> {
        self.reader.close()?;
        self.judge()
    }

    fn message(&self, say: &mut dyn FnMut(&[u8])) {
        text(say, format_args!("{}", self.request));
    }
}
