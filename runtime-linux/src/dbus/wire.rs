//! Messages as they cross the bus (D-Bus Specification, "Message Protocol" and "Marshaling").
//!
//! Written is in little endian, read is either. Only what this service is asked and answers is known: strings, object
//! paths, signatures, `u`, and what is put together from them.

mod message;
mod reader;
mod writer;

pub(super) use message::{Kind, Message, frame};
pub(super) use reader::Reader;
pub(super) use writer::Writer;

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// Neither `l` nor `B` stands first.
    #[error("a byte order that does not exist")]
    ByteOrder,
    /// A version of the protocol that is not 1.
    #[error("another version of the protocol")]
    Version,
    /// It says that it is longer than a message may be.
    #[error("a message that is too long")]
    TooLong,
    /// It ends within a value.
    #[error("a message that is too short")]
    TooShort,
    /// A string that is not UTF-8, or does not end with a zero.
    #[error("a string that is none")]
    Text,
    /// A header field of a type that such a field does not have.
    #[error("a header field of another type")]
    Field,
}
