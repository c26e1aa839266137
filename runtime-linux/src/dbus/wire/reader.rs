//! Bytes into values.

use core::str;

use super::Malformed;

/// Takes values one after the other, each at its own alignment from the beginning.
#[derive(Clone, Debug)]
pub(in crate::dbus) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    big_endian: bool,
}

impl<'b> Reader<'b> {
    /// Reads from the beginning of a message, or of its body: both are aligned.
    pub(in crate::dbus) fn new(bytes: &'b [u8], big_endian: bool) -> Self {
        Self { bytes, at: 0, big_endian }
    }

    /// Where the next value is looked for.
    pub(in crate::dbus) fn position(&self) -> usize {
        self.at
    }

    /// Goes on at a multiple of `alignment` bytes.
    pub(in crate::dbus) fn align(&mut self, alignment: usize) {
        self.at = self.at.next_multiple_of(alignment);
    }

    /// A `y`.
    pub(in crate::dbus) fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    /// A `u`.
    pub(in crate::dbus) fn number(&mut self) -> Result<u32, Malformed> {
        self.align(4);
        let bytes: [u8; 4] = self.take(4)?.try_into().expect("four were taken");
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// An `s` or `o`.
    pub(in crate::dbus) fn string(&mut self) -> Result<&'b str, Malformed> {
        let length = self.number()?;
        self.text(usize::try_from(length).map_err(|_| Malformed::TooLong)?)
    }

    /// A `g`.
    pub(in crate::dbus) fn signature(&mut self) -> Result<&'b str, Malformed> {
        let length = self.byte()?;
        self.text(length.into())
    }

    fn text(&mut self, length: usize) -> Result<&'b str, Malformed> {
        let text = self.take(length)?;
        if self.byte()? != 0 {
            return Err(Malformed::Text);
        }
        str::from_utf8(text).map_err(|_| Malformed::Text)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Malformed> {
        let end = self.at.checked_add(length).ok_or(Malformed::TooShort)?;
        let taken = self.bytes.get(self.at..end).ok_or(Malformed::TooShort)?;
        self.at = end;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_both_byte_orders() {
        let mut reader = Reader::new(b"\x07\0\0\0\x04\x03\x02\x01\x03\0\0\0foo\0\x01u\0", false);
        assert_eq!((reader.byte(), reader.number()), (Ok(7), Ok(0x0102_0304)));
        assert_eq!((reader.string(), reader.signature()), (Ok("foo"), Ok("u")));
        assert_eq!(reader.byte(), Err(Malformed::TooShort));
        assert_eq!(Reader::new(b"\0\0\0\x01a\0", true).string(), Ok("a"));
    }

    #[test]
    fn a_string_ends_with_a_zero_and_is_text() {
        assert_eq!(Reader::new(b"\x01\0\0\0ab", false).string(), Err(Malformed::Text));
        assert_eq!(Reader::new(b"\x01\0\0\0\xff\0", false).string(), Err(Malformed::Text));
        assert_eq!(Reader::new(b"\xff\xff\xff\xffa\0", false).string(), Err(Malformed::TooShort));
    }
}
