//! Values into bytes.

/// Puts values one after the other, each at its own alignment from the beginning.
#[derive(Debug, Default)]
pub(in crate::dbus) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// What was written.
    pub(in crate::dbus) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Zeros up to a multiple of `alignment` bytes.
    pub(in crate::dbus) fn align(&mut self, alignment: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), 0);
    }

    /// A `y`.
    pub(in crate::dbus) fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// A `u`.
    pub(in crate::dbus) fn number(&mut self, value: u32) {
        self.align(4);
        self.bytes.extend(value.to_le_bytes());
    }

    /// An `s` or `o`.
    pub(in crate::dbus) fn string(&mut self, value: &str) {
        self.number(length(value.len()));
        self.bytes.extend(value.as_bytes());
        self.byte(0);
    }

    /// A `g`.
    pub(in crate::dbus) fn signature(&mut self, value: &str) {
        self.byte(
            u8::try_from(value.len()).expect("ours are short, and what was read had its length in a byte"),
        );
        self.bytes.extend(value.as_bytes());
        self.byte(0);
    }

    /// An array of values of that alignment, which `fill` writes.
    pub(in crate::dbus) fn array(&mut self, alignment: usize, fill: impl FnOnce(&mut Self)) {
        self.number(0);
        let count = self.bytes.len() - 4;
        // What comes before the first value does not count.
        self.align(alignment);
        let first = self.bytes.len();
        fill(self);
        let written = length(self.bytes.len() - first);
        self.bytes[count..count + 4].copy_from_slice(&written.to_le_bytes());
    }

    /// Bytes as they are.
    pub(in crate::dbus) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("what this service says is far below 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_the_specification_puts_them() {
        let mut writer = Writer::default();
        writer.byte(7);
        writer.number(0x0102_0304);
        writer.string("foo");
        writer.signature("a{sv}");
        assert_eq!(writer.finish(), *b"\x07\0\0\0\x04\x03\x02\x01\x03\0\0\0foo\0\x05a{sv}\0");
    }

    #[test]
    fn the_padding_before_the_first_entry_of_an_array_is_not_counted() {
        let mut writer = Writer::default();
        writer.array(8, |writer| writer.number(9));
        assert_eq!(writer.finish(), *b"\x04\0\0\0\0\0\0\0\x09\0\0\0");
        let mut writer = Writer::default();
        writer.array(8, |_| {});
        assert_eq!(writer.finish(), *b"\0\0\0\0\0\0\0\0");
    }
}
