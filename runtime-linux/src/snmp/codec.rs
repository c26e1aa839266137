//! The encodings of `AgentX` (RFC 2741 §5): numbers, identifiers, octet strings, variable bindings.
//!
//! (The crate `agentx` takes every octet string for UTF-8 text, which addresses are not.)

use core::net::Ipv4Addr;

use super::value::{Oid, Value};

/// Why octets are not what they should be. All are the master agent's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// It ends within something.
    #[error("it ends too early")]
    Short,
    /// Another version than 1.
    #[error("it has version {0}, not 1")]
    Version(u8),
    /// A kind of message that none is.
    #[error("there is no message of type {0}")]
    Type(u8),
    /// A kind of value that none is.
    #[error("there is no value of type {0}")]
    ValueType(u16),
    /// An identifier of more than 128 numbers.
    #[error("it has an identifier of more than 128 numbers")]
    Identifier,
    /// A payload that is no multiple of four, or longer than any of ours may be.
    #[error("its length of {0} octets cannot be")]
    Length(u32),
}

/// What is read from, in the order of octets that the header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'o> {
    octets: &'o [u8],
    big_endian: bool,
}

impl<'o> Reader<'o> {
    pub(super) fn new(octets: &'o [u8], big_endian: bool) -> Self {
        Self { octets, big_endian }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.octets.split_first_chunk().ok_or(Error::Short)?;
        self.octets = rest;
        Ok(*taken)
    }

    pub(super) fn short(&mut self) -> Result<u16, Error> {
        let octets = self.take()?;
        Ok(if self.big_endian { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) })
    }

    pub(super) fn number(&mut self) -> Result<u32, Error> {
        let octets = self.take()?;
        Ok(if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
    }

    /// An octet string (§5.3).
    pub(super) fn string(&mut self) -> Result<&'o [u8], Error> {
        let length = usize::try_from(self.number()?).map_err(|_| Error::Short)?;
        let padded = length.checked_next_multiple_of(4).ok_or(Error::Short)?;
        let (padded, rest) = self.octets.split_at_checked(padded).ok_or(Error::Short)?;
        self.octets = rest;
        Ok(&padded[..length])
    }

    /// An object identifier (§5.1), and whether it is to be included.
    pub(super) fn identifier(&mut self) -> Result<(Oid, bool), Error> {
        let [count, prefix, include, _] = self.take()?;
        let start: &[u32] = if prefix == 0 { &[] } else { &INTERNET };
        let mut numbers = Vec::with_capacity(start.len() + 1 + usize::from(count).min(Oid::LONGEST));
        numbers.extend_from_slice(start);
        if prefix != 0 {
            numbers.push(prefix.into());
        }
        if numbers.len() + usize::from(count) > Oid::LONGEST {
            return Err(Error::Identifier);
        }
        for _ in 0..count {
            numbers.push(self.number()?);
        }
        Ok((Oid::new(numbers), include != 0))
    }

    /// A variable binding (§5.4); without a value where it stands for none.
    pub(super) fn binding(&mut self) -> Result<(Oid, Option<Value>), Error> {
        let kind = self.short()?;
        let _reserved = self.short()?;
        let (name, _) = self.identifier()?;
        let value = match kind {
            INTEGER => Value::Integer(self.number()?.cast_signed()),
            OCTET_STRING => Value::OctetString(self.string()?.to_vec()),
            OBJECT_IDENTIFIER => Value::ObjectIdentifier(self.identifier()?.0),
            IP_ADDRESS => {
                let octets: [u8; 4] = self.string()?.try_into().map_err(|_| Error::Short)?;
                Value::IpAddress(Ipv4Addr::from(octets))
            }
            COUNTER_32 => Value::Counter32(self.number()?),
            GAUGE_32 => Value::Gauge32(self.number()?),
            TIME_TICKS => Value::TimeTicks(self.number()?),
            OPAQUE => Value::Opaque(self.string()?.to_vec()),
            COUNTER_64 => {
                let octets = self.take()?;
                let count =
                    if self.big_endian { u64::from_be_bytes(octets) } else { u64::from_le_bytes(octets) };
                Value::Counter64(count)
            }
            NULL | NO_SUCH_OBJECT | NO_SUCH_INSTANCE | END_OF_MIB_VIEW => return Ok((name, None)),
            other => return Err(Error::ValueType(other)),
        };
        Ok((name, Some(value)))
    }
}

/// What is written to: always in network order.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn octets(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    pub(super) fn short(&mut self, number: u16) {
        self.octets(&number.to_be_bytes());
    }

    pub(super) fn number(&mut self, number: u32) {
        self.octets(&number.to_be_bytes());
    }

    pub(super) fn string(&mut self, string: &[u8]) {
        // Nothing that we say is that long; what is would be cut.
        let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
        self.number(length);
        self.octets(string);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    pub(super) fn identifier(&mut self, oid: &Oid) {
        let numbers = oid.numbers();
        let (prefix, rest) = match numbers.strip_prefix(&INTERNET) {
            Some([prefix @ 1..=255, rest @ ..]) => (u8::try_from(*prefix).expect("1 to 255"), rest),
            Some(_) | None => (0, numbers),
        };
        let rest = &rest[..rest.len().min(Oid::LONGEST)];
        let count = u8::try_from(rest.len()).expect("at most 128");
        self.octets(&[count, prefix, 0, 0]);
        for number in rest {
            self.number(*number);
        }
    }

    pub(super) fn binding(&mut self, name: &Oid, value: &Bound) {
        let value = match value {
            Bound::Value(value) => value,
            Bound::NoSuchObject => return self.head(NO_SUCH_OBJECT, name),
            Bound::EndOfView => return self.head(END_OF_MIB_VIEW, name),
        };
        match value {
            Value::Integer(number) => {
                self.head(INTEGER, name);
                self.number(number.cast_unsigned());
            }
            Value::OctetString(string) => {
                self.head(OCTET_STRING, name);
                self.string(string);
            }
            Value::ObjectIdentifier(oid) => {
                self.head(OBJECT_IDENTIFIER, name);
                self.identifier(oid);
            }
            Value::IpAddress(address) => {
                self.head(IP_ADDRESS, name);
                self.string(&address.octets());
            }
            Value::Counter32(number) => {
                self.head(COUNTER_32, name);
                self.number(*number);
            }
            Value::Gauge32(number) => {
                self.head(GAUGE_32, name);
                self.number(*number);
            }
            Value::TimeTicks(number) => {
                self.head(TIME_TICKS, name);
                self.number(*number);
            }
            Value::Opaque(string) => {
                self.head(OPAQUE, name);
                self.string(string);
            }
            Value::Counter64(number) => {
                self.head(COUNTER_64, name);
                self.octets(&number.to_be_bytes());
            }
        }
    }

    fn head(&mut self, kind: u16, name: &Oid) {
        self.short(kind);
        self.short(0);
        self.identifier(name);
    }
}

/// What an answer has for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// This.
    Value(Value),
    /// Nothing: there is no such object.
    NoSuchObject,
    /// Nothing: no object follows.
    EndOfView,
}

/// 1.3.6.1, which the prefix of an identifier goes on from.
const INTERNET: [u32; 4] = [1, 3, 6, 1];
const INTEGER: u16 = 2;
const OCTET_STRING: u16 = 4;
const NULL: u16 = 5;
const OBJECT_IDENTIFIER: u16 = 6;
const IP_ADDRESS: u16 = 64;
const COUNTER_32: u16 = 65;
const GAUGE_32: u16 = 66;
const TIME_TICKS: u16 = 67;
const OPAQUE: u16 = 68;
const COUNTER_64: u16 = 70;
const NO_SUCH_OBJECT: u16 = 128;
const NO_SUCH_INSTANCE: u16 = 129;
const END_OF_MIB_VIEW: u16 = 130;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2741 §5.1: `sysDescr.0`, and 1.2.3.4 to be included.
    #[test]
    fn identifiers_are_those_of_the_rfc() {
        let description: &[u8] = &[4, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0];
        let oid = Oid::from([1, 3, 6, 1, 2, 1, 1, 1, 0]);
        assert_eq!(Reader::new(description, true).identifier(), Ok((oid.clone(), false)));
        let mut writer = Writer::default();
        writer.identifier(&oid);
        assert_eq!(writer.0, description);
        let other: &[u8] = &[4, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4];
        assert_eq!(Reader::new(other, true).identifier(), Ok((Oid::from([1, 2, 3, 4]), true)));
        assert_eq!(Reader::new(&[0, 0, 0, 0], true).identifier(), Ok((Oid::default(), false)));
    }

    #[test]
    fn strings_fill_up_four_octets() {
        let mut writer = Writer::default();
        writer.string(b"abcde");
        assert_eq!(writer.0, [0, 0, 0, 5, b'a', b'b', b'c', b'd', b'e', 0, 0, 0]);
        assert_eq!(Reader::new(&writer.0, true).string(), Ok(b"abcde".as_slice()));
        assert_eq!(Reader::new(&[5, 0, 0, 0, 1, 2, 3, 4, 5], false).string(), Err(Error::Short));
        assert_eq!(Reader::new(&[255, 255, 255, 255, 1], true).string(), Err(Error::Short));
    }

    #[test]
    fn every_kind_of_value_comes_back() {
        let values = [
            Value::Integer(-2),
            Value::text("steadfast"),
            Value::ObjectIdentifier(Oid::from([1, 3, 6, 1, 4, 1, 9586])),
            Value::IpAddress(Ipv4Addr::new(192, 0, 2, 1)),
            Value::Counter32(u32::MAX),
            Value::Gauge32(7),
            Value::TimeTicks(100),
            Value::Opaque(vec![1, 2]),
            Value::Counter64(1 << 40),
        ];
        let name = Oid::from([1, 3, 6, 1, 4, 1, 9586, 100, 5, 1, 1, 0]);
        for value in values {
            let mut writer = Writer::default();
            writer.binding(&name, &Bound::Value(value.clone()));
            assert_eq!(writer.0.len() % 4, 0);
            let mut reader = Reader::new(&writer.0, true);
            assert_eq!(reader.binding(), Ok((name.clone(), Some(value))));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn an_identifier_has_128_numbers_at_most() {
        let octets = |count: u8| -> Vec<u8> { [&[count, 2, 0, 0][..], &[0; 4 * 255]].concat() };
        assert!(Reader::new(&octets(123), true).identifier().is_ok());
        assert_eq!(Reader::new(&octets(124), true).identifier(), Err(Error::Identifier));
    }
}
