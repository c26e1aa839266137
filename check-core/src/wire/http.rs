//! An HTTP/1.x answer, read piece by piece (RFC 9112).
//!
//! Of the header only what decides where the body ends is kept. The reader needs the same small memory
//! whatever a server sends.

use heapless::Vec;

use crate::Failure;

/// What is kept of one line: enough for the names and values that matter.
const LINE: usize = 96;

/// The most that all header lines together may be, in bytes.
pub const HEADER_LIMIT: u32 = 65_536;

/// What a reader found in the bytes that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More has to come.
    More,
    /// The answer is whole; what follows is not its.
    Whole,
}

/// Reads one answer.
#[derive(Clone, Debug)]
pub struct Reader {
    phase: Phase,
    status: u16,
    line: Vec<u8, LINE>,
    /// The line is longer than what is kept of it.
    cut: bool,
    header: u32,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Status,
    Header,
    /// Of a body, or of a chunk of it, so much is to come.
    Body {
        left: u64,
        chunked: bool,
    },
    UntilClose,
    ChunkSize,
    /// The end of line behind a chunk.
    ChunkEnd,
    Trailer,
    Whole,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader that waits for the status line.
    pub fn new() -> Self {
        Self {
            phase: Phase::Status,
            status: 0,
            line: Vec::new(),
            cut: false,
            header: 0,
            length: None,
            chunked: false,
        }
    }

    /// The status code, once its line has come; 0 before.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Takes the next piece; parts of it that belong to the body are handed to `body` in order.
    ///
    /// # Errors
    /// [`Failure::Malformed`] for what is no HTTP, [`Failure::HeaderTooLong`] beyond [`HEADER_LIMIT`].
    pub fn read(&mut self, mut bytes: &[u8], mut body: impl FnMut(&[u8])) -> Result<Progress, Failure> {
        while !bytes.is_empty() {
            match self.phase {
                Phase::Whole => return Ok(Progress::Whole),
                Phase::UntilClose => {
                    body(bytes);
                    bytes = &[];
                }
                Phase::Body { left, chunked } => {
                    let most = usize::try_from(left).unwrap_or(usize::MAX);
                    let (part, rest) = bytes.split_at(bytes.len().min(most));
                    body(part);
                    bytes = rest;
                    let left = left - part.len() as u64;
                    self.phase = match (left, chunked) {
                        (1.., _) => Phase::Body { left, chunked },
                        (0, true) => Phase::ChunkEnd,
                        (0, false) => Phase::Whole,
                    };
                }
                Phase::Status | Phase::Header | Phase::ChunkSize | Phase::ChunkEnd | Phase::Trailer => {
                    bytes = self.line(bytes)?;
                }
            }
        }
        Ok(if self.phase == Phase::Whole { Progress::Whole } else { Progress::More })
    }

    /// The connection was closed.
    ///
    /// # Errors
    /// [`Failure::HeaderTruncated`] before its header has ended, [`Failure::Truncated`] if that says that more belongs
    /// to it.
    pub fn close(&self) -> Result<(), Failure> {
        match self.phase {
            Phase::UntilClose | Phase::Whole => Ok(()),
            Phase::Status | Phase::Header => Err(Failure::HeaderTruncated),
            Phase::Body { .. } | Phase::ChunkSize | Phase::ChunkEnd | Phase::Trailer => {
                Err(Failure::Truncated)
            }
        }
    }

    /// Takes bytes up to the end of a line, and the line itself if it is complete.
    fn line<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Failure> {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let taken = end.map_or(bytes.len(), |end| end + 1);
        let (part, rest) = bytes.split_at(taken);
        self.header = self.header.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
        if self.header > HEADER_LIMIT {
            return Err(Failure::HeaderTooLong);
        }
        for &byte in part {
            self.cut |= self.line.push(byte).is_err();
        }
        if end.is_some() {
            let line = core::mem::take(&mut self.line);
            let cut = core::mem::take(&mut self.cut);
            self.complete(line.trim_ascii_end(), cut)?;
        } else if self.phase == Phase::Status && !b"HTTP/".starts_with(&self.line[..self.line.len().min(5)]) {
            // A server of another protocol may never end its line.
            return Err(Failure::Malformed);
        }
        Ok(rest)
    }

    fn complete(&mut self, line: &[u8], cut: bool) -> Result<(), Failure> {
        self.phase = match self.phase {
            Phase::Status => {
                self.status = status(line).ok_or(Failure::Malformed)?;
                self.length = None;
                self.chunked = false;
                Phase::Header
            }
            Phase::Header if line.is_empty() => self.after_header(),
            // The rest of a value, folded (RFC 9112 §5.2); none that matters needs a second line.
            Phase::Header if matches!(line[0], b' ' | b'\t') => Phase::Header,
            Phase::Header => {
                self.field(line, cut)?;
                Phase::Header
            }
            Phase::ChunkSize => match chunk_size(line).ok_or(Failure::Malformed)? {
                0 => Phase::Trailer,
                left => Phase::Body { left, chunked: true },
            },
            Phase::ChunkEnd if line.is_empty() => {
                // Chunks may be many; only what frames one of them counts.
                self.header = 0;
                Phase::ChunkSize
            }
            Phase::ChunkEnd => return Err(Failure::Malformed),
            Phase::Trailer if line.is_empty() => Phase::Whole,
            Phase::Trailer => Phase::Trailer,
            Phase::Body { .. } | Phase::UntilClose | Phase::Whole => self.phase,
        };
        Ok(())
    }

    /// How long the body is (RFC 9112 §6.3).
    fn after_header(&self) -> Phase {
        match self.status {
            // 101 is final: what follows is another protocol.
            101 | 204 | 304 => Phase::Whole,
            100..200 => Phase::Status,
            _ if self.chunked => Phase::ChunkSize,
            _ => match self.length {
                Some(0) => Phase::Whole,
                Some(left) => Phase::Body { left, chunked: false },
                None => Phase::UntilClose,
            },
        }
    }

    fn field(&mut self, line: &[u8], cut: bool) -> Result<(), Failure> {
        let colon = line.iter().position(|&byte| byte == b':');
        let Some(colon) = colon else {
            // A very long line may have its colon beyond what was kept; no name that matters is so long.
            return if cut { Ok(()) } else { Err(Failure::Malformed) };
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = number(value, 10).filter(|_| !cut).ok_or(Failure::Malformed)?;
            if self.length.is_some_and(|known| known != length) {
                return Err(Failure::Malformed);
            }
            self.length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let last = value.rsplit(|&byte| byte == b',').next().unwrap_or(value).trim_ascii();
            self.chunked = last.eq_ignore_ascii_case(b"chunked");
        }
        Ok(())
    }
}

/// The code of a status line, `HTTP/1.1 200 OK`; some servers leave the reason and its blank out.
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/")?;
    let blank = rest.iter().position(|&byte| byte == b' ')?;
    let (version, rest) = rest.split_at(blank);
    if !matches!(version, [b'0'..=b'9', b'.', b'0'..=b'9'] | [b'0'..=b'9']) {
        return None;
    }
    let rest = rest.trim_ascii_start();
    let end = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
    let code = number(&rest[..end], 10)?;
    u16::try_from(code).ok().filter(|code| (100..1000).contains(code))
}

/// The size at the start of a chunk, `1a2b` or `1a2b;extension`.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = line.iter().position(|&byte| byte == b';').unwrap_or(line.len());
    number(line[..end].trim_ascii(), 16)
}

/// Digits and nothing else, without overflow.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &digit| {
        let digit = char::from(digit).to_digit(radix)?;
        number.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))
    })
}
