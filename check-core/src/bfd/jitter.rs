//! How much shorter than agreed each interval is, so that sessions do not march in step (RFC 5880 §6.8.7).

use core::time::Duration;

/// A row of numbers that follows from its seed (`SplitMix64`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The interval less up to a quarter. With a multiplier of 1 at most 90 % of it, or one late packet would end
    /// the session.
    pub(super) fn shorten(&mut self, interval: Duration, multiplier: u8) -> Duration {
        let (least, span) = if multiplier == 1 { (100, 151) } else { (0, 251) };
        let permille = least + u32::try_from(self.number() % span).unwrap_or(0);
        // Cut before it is multiplied: the longest interval is a 32-bit number of microseconds.
        interval.saturating_sub(interval / 1_000 * permille)
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
