//! Bytes as a row of decisions.

use core::time::Duration;

use arbitrary::Unstructured;

/// Decisions, made by bytes from the front; all zero once those have run out.
pub(crate) struct Choices<'a>(Unstructured<'a>);

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 != 0
    }

    pub(crate) fn short(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn word(&mut self) -> u32 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// One of `0..count`.
    pub(crate) fn below(&mut self, count: u8) -> u8 {
        self.byte() % count
    }

    pub(crate) fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::from(self.byte()) % list.len()]
    }

    /// `len` bytes, or as many as are left.
    pub(crate) fn bytes(&mut self, len: usize) -> &'a [u8] {
        let len = len.min(self.0.len());
        self.0.bytes(len).unwrap_or_default()
    }

    /// A time: mostly none, some milliseconds or seconds, now and then one that nobody lives to see.
    pub(crate) fn time(&mut self) -> Duration {
        match self.below(8) {
            0 | 1 => Duration::ZERO,
            2 | 3 => Duration::from_millis(self.byte().into()),
            4 => Duration::from_millis(self.short().into()),
            5 => Duration::from_secs(self.byte().into()),
            6 => Duration::from_nanos(self.word().into()),
            _ => self.one_of(&[
                Duration::from_nanos(1),
                Duration::from_secs(u32::MAX.into()),
                Duration::from_secs(u64::MAX / 8),
                Duration::MAX,
            ]),
        }
    }
}
