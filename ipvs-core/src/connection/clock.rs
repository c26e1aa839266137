//! Time as entries keep it.

use core::time::Duration;

/// Eighths of a second since the origin of `now`, enough for 17 years. Timeouts are whole seconds, so this makes them
/// at most an eighth longer, never shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticks(u32);

impl Ticks {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) fn at(now: Duration) -> Self {
        Self::saturating(eighths(now, u32::div_euclid))
    }

    #[must_use]
    pub(crate) fn after(self, timeout: Duration) -> Self {
        self.behind(Span::of(timeout))
    }

    /// The same with a timeout that is reckoned already.
    #[inline]
    #[must_use]
    pub(crate) fn behind(self, Span(ticks): Span) -> Self {
        Self(self.0.saturating_add(ticks))
    }

    /// The time [`after`](Self::after) which this is.
    pub(crate) fn before(self, timeout: Duration) -> Self {
        self.ahead(Span::of(timeout))
    }

    /// The same with a timeout that is reckoned already.
    #[inline]
    pub(crate) fn ahead(self, Span(ticks): Span) -> Self {
        Self(self.0.saturating_sub(ticks))
    }

    fn saturating(ticks: u64) -> Self {
        Self(u32::try_from(ticks).unwrap_or(u32::MAX))
    }

    /// Whole seconds, of which a part may be missing.
    pub(crate) fn seconds(self) -> u32 {
        self.0 / 8
    }

    /// Whole seconds, none of which is missing.
    pub(super) fn seconds_complete(self) -> u32 {
        self.0.div_ceil(8)
    }

    /// Counts spans of eight seconds.
    pub(crate) fn epoch(self) -> u32 {
        self.0 >> 6
    }

    pub(crate) fn have_come(self, now: Self) -> bool {
        self <= now
    }

    pub(crate) fn until(self, now: Self) -> Duration {
        Duration::from_millis(u64::from(self.0.saturating_sub(now.0)) * 125)
    }
}

/// A timeout in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(u32);

impl Span {
    /// Of the current eighth any part may be over already: it does not count.
    pub(crate) fn of(timeout: Duration) -> Self {
        let ticks = eighths(timeout, u32::div_ceil).saturating_add(1);
        Self(u32::try_from(ticks).unwrap_or(u32::MAX))
    }
}

fn eighths(time: Duration, divide: fn(u32, u32) -> u32) -> u64 {
    time.as_secs().saturating_mul(8).saturating_add(u64::from(divide(time.subsec_nanos(), EIGHTH)))
}

/// In nanoseconds.
const EIGHTH: u32 = 125_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_never_cut_short_and_at_most_an_eighth_longer() {
        for start in [0, 1, 124, 125, 999] {
            let end = Ticks::at(Duration::from_millis(start)).after(Duration::from_secs(10));
            assert!(!end.have_come(Ticks::at(Duration::from_millis(start + 9_999))));
            assert!(end.have_come(Ticks::at(Duration::from_millis(start + 10_125))));
        }
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        let end = Ticks::at(Duration::MAX).after(Duration::MAX);
        assert_eq!(end, Ticks::at(Duration::MAX));
    }
}
