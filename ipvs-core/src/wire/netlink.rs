//! Netlink framing: messages, attributes, and the kernel's answers.
//!
//! Enough of the format (netlink(7), Linux `Documentation/userspace-api/netlink`) to speak to any family that
//! uses type-length-value attributes; the IPVS family is in [`command`](super::command). Integers are in the host's
//! byte order unless a family says otherwise, and everything is aligned to four bytes.

use thiserror::Error;

/// Flag of a request.
pub const REQUEST: u16 = 0x0001;
/// The kernel answers with an acknowledgement even when all went well.
pub const ACKNOWLEDGE: u16 = 0x0004;
/// Return the whole table instead of one entry.
pub const DUMP: u16 = 0x0300;
/// Set on every part of an answer that comes in several messages.
pub const MULTI: u16 = 0x0002;
/// The table changed while it was dumped.
pub const INTERRUPTED: u16 = 0x0010;
/// For a request that makes something: the thing may not exist yet.
pub const CREATE: u16 = 0x0400;
/// For a request that makes something: it must not exist yet.
pub const EXCLUSIVE: u16 = 0x0200;
/// For a request that makes something: it goes to the end of its list.
pub const APPEND: u16 = 0x0800;
/// Set on an attribute that holds attributes.
pub const NESTED: u16 = 0x8000;
/// Length of the message header, in bytes.
pub const HEADER: usize = 16;

const KIND_ERROR: u16 = 2;
const KIND_DONE: u16 = 3;
/// Bits of an attribute's type that are not its number: nested, and network byte order.
const KIND_MASK: u16 = 0x3FFF;
/// In the flags of an error: the failed request's payload is not repeated.
const CAPPED: u16 = 0x0100;
/// In the flags of an error: attributes follow.
const EXTENDED: u16 = 0x0200;
const EXTENDED_MESSAGE: u16 = 1;

/// Offsets in the message header.
mod field {
    use core::ops::Range;

    pub(super) const LENGTH: Range<usize> = 0..4;
    pub(super) const KIND: Range<usize> = 4..6;
    pub(super) const FLAGS: Range<usize> = 6..8;
    pub(super) const SEQUENCE: Range<usize> = 8..12;
    pub(super) const PORT: Range<usize> = 12..16;
}

/// Why bytes could not be read or written.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// A length runs past the end, or is shorter than its own header.
    #[error("netlink message cut short or with a wrong length")]
    Truncated,
    /// The caller's buffer cannot hold the message.
    #[error("the buffer is too small for the netlink message")]
    NoRoom,
}

/// Writes one message into a caller's buffer.
///
/// ```
/// use ipvs_core::wire::netlink::{ACKNOWLEDGE, REQUEST, Writer};
///
/// let mut buffer = [0; 64];
/// let mut writer = Writer::new(&mut buffer, 0x10, REQUEST | ACKNOWLEDGE, 7)?;
/// writer.raw(&[3, 1, 0, 0])?;
/// writer.text(2, "IPVS")?;
/// assert_eq!(writer.finish(), 32);
/// # Ok::<(), ipvs_core::wire::netlink::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    /// Starts a message of the type `kind`. The sender's port is left 0 for the kernel to fill in.
    pub fn new(buffer: &'a mut [u8], kind: u16, flags: u16, sequence: u32) -> Result<Self, Error> {
        let mut writer = Self { buffer, length: 0 };
        writer.raw(&[0; HEADER])?;
        writer.buffer[field::KIND].copy_from_slice(&kind.to_ne_bytes());
        writer.buffer[field::FLAGS].copy_from_slice(&flags.to_ne_bytes());
        writer.buffer[field::SEQUENCE].copy_from_slice(&sequence.to_ne_bytes());
        Ok(writer)
    }

    /// Appends a family's own header, padded to four bytes.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let end = self.length.checked_add(bytes.len()).ok_or(Error::NoRoom)?;
        let padded = end.checked_next_multiple_of(4).ok_or(Error::NoRoom)?;
        let room = self.buffer.get_mut(self.length..padded).ok_or(Error::NoRoom)?;
        let (content, padding) = room.split_at_mut(bytes.len());
        content.copy_from_slice(bytes);
        padding.fill(0);
        self.length = padded;
        Ok(())
    }

    /// Appends an attribute.
    pub fn attribute(&mut self, kind: u16, value: &[u8]) -> Result<(), Error> {
        let length = u16::try_from(value.len() + 4).map_err(|_| Error::NoRoom)?;
        let mut header = [0; 4];
        header[..2].copy_from_slice(&length.to_ne_bytes());
        header[2..].copy_from_slice(&kind.to_ne_bytes());
        self.raw(&header)?;
        self.raw(value)
    }

    /// Appends a string attribute with its final NUL.
    pub fn text(&mut self, kind: u16, value: &str) -> Result<(), Error> {
        let start = self.length;
        self.attribute(kind, value.as_bytes())?;
        let length = u16::try_from(value.len() + 5).map_err(|_| Error::NoRoom)?;
        self.buffer[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        if value.len().is_multiple_of(4) { self.raw(&[0; 4]) } else { Ok(()) }
    }

    /// Appends an attribute that holds what `content` writes.
    pub fn nest(
        &mut self,
        kind: u16,
        content: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let start = self.length;
        self.attribute(NESTED | kind, &[])?;
        content(self)?;
        let length = u16::try_from(self.length - start).map_err(|_| Error::NoRoom)?;
        self.buffer[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        Ok(())
    }

    /// Fills in the total length and returns it, in bytes.
    pub fn finish(self) -> usize {
        let length = u32::try_from(self.length).unwrap_or(u32::MAX);
        self.buffer[field::LENGTH].copy_from_slice(&length.to_ne_bytes());
        self.length
    }
}

/// One message, as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The message type: a family's number, or one of netlink's own.
    pub kind: u16,
    /// Flags such as [`MULTI`] and [`INTERRUPTED`].
    pub flags: u16,
    /// The number of the request that this answers.
    pub sequence: u32,
    /// Who it is for: the receiving socket's port.
    pub port: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// What the message means to whoever waits for an answer.
    pub fn answer(&self) -> Result<Answer<'a>, Error> {
        match self.kind {
            KIND_ERROR => {
                let code = self.payload.get(..4).ok_or(Error::Truncated)?;
                let errno = i32::from_ne_bytes([code[0], code[1], code[2], code[3]]).saturating_neg();
                Ok(Answer::Finished { errno, text: self.explanation() })
            }
            KIND_DONE => {
                let errno = match self.payload {
                    [a, b, c, d, ..] => i32::from_ne_bytes([*a, *b, *c, *d]).saturating_neg(),
                    _ => 0,
                };
                Ok(Answer::Finished { errno, text: None })
            }
            kind => Ok(Answer::Content { kind, payload: self.payload }),
        }
    }

    /// The text of an extended acknowledgement, where the kernel sent one.
    fn explanation(&self) -> Option<&'a str> {
        if self.flags & EXTENDED == 0 {
            return None;
        }
        let failed = self.payload.get(4..4 + HEADER)?;
        let length = u32::from_ne_bytes([failed[0], failed[1], failed[2], failed[3]]);
        let repeated =
            if self.flags & CAPPED == 0 { usize::try_from(length).ok()? } else { HEADER }.max(HEADER);
        let start = repeated.checked_next_multiple_of(4)?.checked_add(4)?;
        Attributes::new(self.payload.get(start..)?)
            .map_while(Result::ok)
            .find(|attribute| attribute.kind == EXTENDED_MESSAGE)?
            .text()
    }
}

/// What a message means to whoever waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The last message of the answer.
    Finished {
        /// 0 when all went well, else the error number.
        errno: i32,
        /// The kernel's own words about the error.
        text: Option<&'a str>,
    },
    /// A message of the family asked.
    Content {
        /// Its type.
        kind: u16,
        /// What follows the netlink header.
        payload: &'a [u8],
    },
}

/// The messages of one datagram. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    /// Splits what one receive returned.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self(datagram)
    }

    fn split(&mut self) -> Result<Message<'a>, Error> {
        let header = self.0.get(..HEADER).ok_or(Error::Truncated)?;
        let word =
            |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let half = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
        let length = usize::try_from(word(field::LENGTH.start)).map_err(|_| Error::Truncated)?;
        let payload = self.0.get(HEADER..length).ok_or(Error::Truncated)?;
        let message = Message {
            kind: half(field::KIND.start),
            flags: half(field::FLAGS.start),
            sequence: word(field::SEQUENCE.start),
            port: word(field::PORT.start),
            payload,
        };
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Ok(message)
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let message = self.split();
        if message.is_err() {
            self.0 = &[];
        }
        Some(message)
    }
}

/// One attribute, as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its number, without the flag bits.
    pub kind: u16,
    /// Its value, without padding.
    pub value: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// The value as one byte.
    pub fn u8(&self) -> Result<u8, Error> {
        self.value.first().copied().ok_or(Error::Truncated)
    }

    /// The value as a 16-bit number in host order.
    pub fn u16(&self) -> Result<u16, Error> {
        self.array().map(u16::from_ne_bytes)
    }

    /// The value as a 16-bit number in network order.
    pub fn be16(&self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// The value as a 32-bit number in host order.
    pub fn u32(&self) -> Result<u32, Error> {
        self.array().map(u32::from_ne_bytes)
    }

    /// The value as a 64-bit number in host order.
    pub fn u64(&self) -> Result<u64, Error> {
        self.array().map(u64::from_ne_bytes)
    }

    /// The first `N` bytes of the value.
    pub fn array<const N: usize>(&self) -> Result<[u8; N], Error> {
        self.value.first_chunk().copied().ok_or(Error::Truncated)
    }

    /// The value up to its first NUL, if it is UTF-8.
    pub fn text(&self) -> Option<&'a str> {
        let end = self.value.iter().position(|byte| *byte == 0).unwrap_or(self.value.len());
        core::str::from_utf8(&self.value[..end]).ok()
    }

    /// The attributes inside.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.value)
    }
}

/// Attributes, one after the other. Ends after the first error; unknown ones are the caller's to skip.
#[derive(Clone, Debug)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Reads attributes from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn split(&mut self) -> Result<Attribute<'a>, Error> {
        let header: [u8; 4] = self.0.first_chunk().copied().ok_or(Error::Truncated)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let value = self.0.get(4..length).ok_or(Error::Truncated)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Ok(Attribute { kind: u16::from_ne_bytes([header[2], header[3]]) & KIND_MASK, value })
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let attribute = self.split();
        if attribute.is_err() {
            self.0 = &[];
        }
        Some(attribute)
    }
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_is_written_with_its_length_padding_and_nested_attributes() {
        let mut buffer = [0xFF; 64];
        let mut writer = Writer::new(&mut buffer, 0x22, REQUEST | ACKNOWLEDGE, 9).unwrap();
        writer.raw(&[1, 1, 0, 0]).unwrap();
        writer
            .nest(1, |inner| {
                inner.attribute(2, &6_u16.to_ne_bytes())?;
                inner.text(6, "wlc")
            })
            .unwrap();
        let length = writer.finish();
        #[rustfmt::skip]
        assert_eq!(&buffer[..length], [
            40, 0, 0, 0, 0x22, 0, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0,
            1, 1, 0, 0,
            20, 0, 1, 0x80,
            6, 0, 2, 0, 6, 0, 0, 0,
            8, 0, 6, 0, b'w', b'l', b'c', 0,
        ]);
    }

    #[test]
    fn a_text_that_fills_its_words_still_ends_in_a_nul() {
        let mut buffer = [0xFF; 64];
        let mut writer = Writer::new(&mut buffer, 0, 0, 0).unwrap();
        writer.text(3, "lblc").unwrap();
        assert_eq!(writer.finish(), 28);
        assert_eq!(&buffer[HEADER..28], [9, 0, 3, 0, b'l', b'b', b'l', b'c', 0, 0, 0, 0]);
    }

    #[test]
    fn a_buffer_that_is_too_small_is_an_error_at_every_length() {
        for size in 0..28 {
            let mut buffer = [0; 28];
            let written = Writer::new(&mut buffer[..size], 0, 0, 0).and_then(|mut w| w.text(3, "lblc"));
            assert_eq!(written, Err(Error::NoRoom), "{size} bytes");
        }
    }

    #[test]
    fn an_acknowledgement_is_errno_zero() {
        let mut datagram = [0; 36];
        datagram[0] = 36;
        datagram[4] = 2;
        let message = Messages::new(&datagram).next().unwrap().unwrap();
        assert_eq!(message.answer(), Ok(Answer::Finished { errno: 0, text: None }));
    }

    #[test]
    fn an_extended_acknowledgement_gives_the_kernels_words() {
        #[rustfmt::skip]
        let datagram = [
            48, 0, 0, 0, 2, 0, 0, 3, 7, 0, 0, 0, 1, 0, 0, 0,
            0xEA, 0xFF, 0xFF, 0xFF,
            104, 0, 0, 0, 0x22, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0,
            10, 0, 1, 0, b'o', b'h', b' ', b'n', b'o', 0, 0, 0,
        ];
        let message = Messages::new(&datagram).next().unwrap().unwrap();
        assert_eq!(message.answer(), Ok(Answer::Finished { errno: 22, text: Some("oh no") }));
    }

    #[test]
    fn flag_bits_of_an_attribute_type_are_not_its_number() {
        let mut attributes = Attributes::new(&[4, 0, 1, 0xC0]);
        assert_eq!(attributes.next(), Some(Ok(Attribute { kind: 1, value: &[] })));
        assert_eq!(attributes.next(), None);
    }

    #[test]
    fn a_length_shorter_than_its_header_ends_the_list_with_an_error() {
        let mut attributes = Attributes::new(&[3, 0, 1, 0, 4, 0, 2, 0]);
        assert_eq!(attributes.next(), Some(Err(Error::Truncated)));
        assert_eq!(attributes.next(), None);
        let mut messages = Messages::new(&[15, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(messages.next(), Some(Err(Error::Truncated)));
        assert_eq!(messages.next(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for message in Messages::new(&bytes).flatten() {
                let _ = message.answer();
                for attribute in Attributes::new(message.payload).flatten() {
                    let _ = (attribute.text(), attribute.u32(), attribute.attributes().count());
                }
            }
        }
    }
}
