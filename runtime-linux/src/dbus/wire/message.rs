//! One message: its header and the bytes of its body.

use super::{Malformed, Reader, Writer};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dbus) enum Kind {
    /// `METHOD_CALL`.
    Call,
    /// `METHOD_RETURN`.
    Return,
    /// `ERROR`.
    Error,
    /// `SIGNAL`.
    Signal,
    /// One of those that may come to exist: to be passed over.
    Unknown(u8),
}

/// A message. Fields that are absent, or must be, are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dbus) struct Message<'m> {
    pub(in crate::dbus) kind: Kind,
    /// Whoever calls does not want an answer, and whoever answers expects none.
    pub(in crate::dbus) no_reply: bool,
    pub(in crate::dbus) serial: u32,
    pub(in crate::dbus) path: &'m str,
    pub(in crate::dbus) interface: &'m str,
    pub(in crate::dbus) member: &'m str,
    pub(in crate::dbus) error: &'m str,
    /// The serial of the call that this answers; 0 else.
    pub(in crate::dbus) reply_to: u32,
    pub(in crate::dbus) destination: &'m str,
    pub(in crate::dbus) sender: &'m str,
    pub(in crate::dbus) signature: &'m str,
    pub(in crate::dbus) body: &'m [u8],
    /// How numbers in the body stand. What is written has to be in little endian.
    pub(in crate::dbus) big_endian: bool,
}

impl<'m> Message<'m> {
    /// One that says nothing yet.
    pub(in crate::dbus) fn new(kind: Kind) -> Self {
        Self {
            kind,
            no_reply: kind != Kind::Call,
            serial: 0,
            path: "",
            interface: "",
            member: "",
            error: "",
            reply_to: 0,
            destination: "",
            sender: "",
            signature: "",
            body: &[],
            big_endian: false,
        }
    }

    /// Reads a message; `bytes` are as many as [`frame`] says.
    pub(in crate::dbus) fn parse(bytes: &'m [u8]) -> Result<Self, Malformed> {
        let big_endian = is_big_endian(bytes)?;
        let mut reader = Reader::new(bytes, big_endian);
        let _order = reader.byte()?;
        let kind = match reader.byte()? {
            1 => Kind::Call,
            2 => Kind::Return,
            3 => Kind::Error,
            4 => Kind::Signal,
            other => Kind::Unknown(other),
        };
        let mut message = Self { no_reply: reader.byte()? & NO_REPLY != 0, big_endian, ..Self::new(kind) };
        let _version = reader.byte()?;
        let _body = reader.number()?;
        message.serial = reader.number()?;
        let fields = usize::try_from(reader.number()?).map_err(|_| Malformed::TooLong)?;
        let end = reader.position().checked_add(fields).ok_or(Malformed::TooLong)?;
        while reader.position() < end {
            reader.align(8);
            let code = reader.byte()?;
            let (number, text) = match reader.signature()? {
                "u" => (reader.number()?, ""),
                "s" | "o" => (0, reader.string()?),
                "g" => (0, reader.signature()?),
                _ => return Err(Malformed::Field),
            };
            match code {
                1 => message.path = text,
                2 => message.interface = text,
                3 => message.member = text,
                4 => message.error = text,
                5 => message.reply_to = number,
                6 => message.destination = text,
                7 => message.sender = text,
                8 => message.signature = text,
                // Others may come to exist, and are to be passed over.
                _ => {}
            }
        }
        if reader.position() != end {
            return Err(Malformed::Field);
        }
        message.body = bytes.get(end.next_multiple_of(8)..).ok_or(Malformed::TooShort)?;
        Ok(message)
    }

    /// Its bytes.
    pub(in crate::dbus) fn emit(&self) -> Vec<u8> {
        debug_assert!(!self.big_endian, "only what is read may be in big endian");
        let mut writer = Writer::default();
        writer.byte(b'l');
        writer.byte(match self.kind {
            Kind::Call => 1,
            Kind::Return => 2,
            Kind::Error => 3,
            Kind::Signal => 4,
            Kind::Unknown(other) => other,
        });
        writer.byte(if self.no_reply { NO_REPLY } else { 0 });
        writer.byte(VERSION);
        writer.number(u32::try_from(self.body.len()).expect("what this service says is far below 4 GiB"));
        writer.number(self.serial);
        writer.array(8, |writer| {
            let texts = [
                (1, "o", self.path),
                (2, "s", self.interface),
                (3, "s", self.member),
                (4, "s", self.error),
                (6, "s", self.destination),
                (7, "s", self.sender),
            ];
            for (code, kind, text) in texts.into_iter().filter(|(_, _, text)| !text.is_empty()) {
                field(writer, code, kind);
                writer.string(text);
            }
            if self.reply_to != 0 {
                field(writer, 5, "u");
                writer.number(self.reply_to);
            }
            if !self.signature.is_empty() {
                field(writer, 8, "g");
                writer.signature(self.signature);
            }
        });
        writer.align(8);
        writer.raw(self.body);
        writer.finish()
    }

    /// Reads its body.
    pub(in crate::dbus) fn arguments(&self) -> Reader<'m> {
        Reader::new(self.body, self.big_endian)
    }
}

fn field(writer: &mut Writer, code: u8, kind: &str) {
    writer.align(8);
    writer.byte(code);
    writer.signature(kind);
}

/// How long the message is that begins with these bytes; none while there are too few of them to tell.
pub(in crate::dbus) fn frame(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(start) = bytes.get(..16) else { return Ok(None) };
    if start[3] != VERSION {
        return Err(Malformed::Version);
    }
    let mut reader = Reader::new(start, is_big_endian(start)?);
    let _order_to_version = reader.number()?;
    let body = reader.number()?;
    let _serial = reader.number()?;
    let fields = reader.number()?;
    let length = 16 + u64::from(fields).next_multiple_of(8) + u64::from(body);
    if length > LONGEST {
        return Err(Malformed::TooLong);
    }
    usize::try_from(length).map(Some).map_err(|_| Malformed::TooLong)
}

fn is_big_endian(bytes: &[u8]) -> Result<bool, Malformed> {
    match bytes.first() {
        Some(b'l') => Ok(false),
        Some(b'B') => Ok(true),
        Some(_) => Err(Malformed::ByteOrder),
        None => Err(Malformed::TooShort),
    }
}

/// The major version of the protocol.
const VERSION: u8 = 1;
/// The flag `NO_REPLY_EXPECTED`.
const NO_REPLY: u8 = 1;
/// 128 MiB: no message may be longer.
const LONGEST: u64 = 1 << 27;

#[cfg(test)]
mod tests;
