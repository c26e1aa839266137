//! Advertisement intervals and the exact timers that follow from them.
//!
//! The unit inside is 1/256 centisecond (39.0625 µs): in it every skew and every down interval of both
//! versions is a whole number, so routers one priority apart never tie by rounding.

use core::num::NonZeroU16;
use core::time::Duration;

use crate::{Priority, Version};

/// An advertisement interval in centiseconds: 1 to 25 500, that is 10 ms to 255 s.
///
/// Version 3 carries at most 4 095 of them and version 2 whole seconds; [`Config`](crate::Config) sees to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Interval(NonZeroU16);

impl Interval {
    /// One second, the default of every version.
    pub const DEFAULT: Self = match Self::from_centiseconds(100) {
        Some(interval) => interval,
        None => Self(NonZeroU16::MIN),
    };

    /// `number` hundredths of a second, unless that is zero or more than any version can carry.
    pub const fn from_centiseconds(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) if number.get() <= 25_500 => Some(Self(number)),
            Some(_) | None => None,
        }
    }

    /// `duration`, if it is a whole number of centiseconds in range.
    pub fn from_duration(duration: Duration) -> Option<Self> {
        let centiseconds = u16::try_from(duration.as_millis() / 10).ok()?;
        Self::from_centiseconds(centiseconds).filter(|interval| interval.duration() == duration)
    }

    /// Hundredths of a second.
    pub const fn centiseconds(self) -> u16 {
        self.0.get()
    }

    /// The interval as a time.
    #[inline]
    pub const fn duration(self) -> Duration {
        self.times(1)
    }

    /// So many intervals.
    #[inline]
    pub(crate) const fn times(self, number: u8) -> Duration {
        // Numbers of 32 bits: a small router divides longer ones by a function.
        let centiseconds = self.0.get() as u32 * number as u32;
        Duration::new((centiseconds / 100) as u64, centiseconds % 100 * 10_000_000)
    }

    /// An eighth of the interval.
    #[inline]
    pub(crate) const fn eighth(self) -> Duration {
        let eighths = self.0.get() as u32;
        Duration::new((eighths / 800) as u64, eighths % 800 * 1_250_000)
    }
}

impl Default for Interval {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The longest delay by which a lower-ranked Backup waits longer than a higher-ranked one, in ticks
/// (RFC 9568 §6.1: `Skew_Time`).
///
/// Version 3 scales it with the interval of the Active router, version 2 does not.
pub(crate) fn skew(version: Version, priority: Priority, active: Interval) -> u32 {
    let steps = 256 - u32::from(priority.get());
    match version {
        Version::V2 => steps * 100,
        Version::V3 => steps * u32::from(active.centiseconds()),
    }
}

/// How long a Backup waits for an advert, in ticks (RFC 9568 §6.1: `Active_Down_Interval`, with `adverts` for
/// 3).
pub(crate) fn down(version: Version, priority: Priority, active: Interval, adverts: u8) -> u32 {
    256 * u32::from(adverts) * u32::from(active.centiseconds()) + skew(version, priority, active)
}

/// `ticks` of 1/256 centisecond as a time, rounded up to whole nanoseconds: a timer may be late, never early.
pub(crate) const fn ticks(count: u32) -> Duration {
    Duration::from_nanos((count as u64 * 78_125).div_ceil(2))
}

/// A running timer that can be stretched without losing exactness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Countdown {
    from: Duration,
    ticks: u32,
}

impl Countdown {
    /// Runs for `ticks` from `now` on.
    pub(crate) fn new(now: Duration, ticks: u32) -> Self {
        Self { from: now, ticks }
    }

    /// Since when it runs, and for how many ticks.
    pub(crate) fn parts(self) -> (Duration, u32) {
        (self.from, self.ticks)
    }

    /// When it runs out.
    pub(crate) fn deadline(self) -> Duration {
        self.from.saturating_add(ticks(self.ticks))
    }

    /// The same timer after its skew changed from `old` to `new` ticks.
    pub(crate) fn shifted(self, old: u32, new: u32) -> Self {
        Self { from: self.from, ticks: self.ticks.saturating_sub(old).saturating_add(new) }
    }

    /// Runs for `count` ticks instead. If these are more, they count from when it began; if they are fewer, from now on
    /// or so that it runs out when it would have, whatever is earlier: peers may be about to learn of the same.
    pub(crate) fn replaced(self, now: Duration, count: u32) -> Self {
        let from = if count < self.ticks {
            now.min(self.deadline().saturating_sub(ticks(count)))
        } else {
            self.from
        };
        Self { from, ticks: count }
    }
}

/// The next multiple of `period` after `due` that is still to come at `now`.
///
/// Normally that is `due + period`: the cadence does not drift with the lateness of ticks. Periods that were
/// missed altogether are left out, since nobody wants three adverts at once.
#[inline]
pub(crate) fn following(due: Duration, period: Duration, now: Duration) -> Duration {
    let next = due.saturating_add(period);
    if next > now || period.is_zero() { next } else { after_gap(due, period, now) }
}

#[cold]
fn after_gap(due: Duration, period: Duration, now: Duration) -> Duration {
    let into_period = Duration::from_nanos(nanoseconds(now.saturating_sub(due)) % nanoseconds(period));
    now.saturating_add(period).saturating_sub(into_period)
}

/// At most 584 years of them: dividing more than 64 bits would be the largest function of a small router.
fn nanoseconds(span: Duration) -> u64 {
    span.as_secs().saturating_mul(1_000_000_000).saturating_add(span.subsec_nanos().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priority(number: u8) -> Priority {
        Priority::new(number).expect("not zero")
    }

    fn interval(number: u16) -> Interval {
        Interval::from_centiseconds(number).expect("in range")
    }

    #[test]
    fn worked_values_of_version_3_are_exact() {
        // §2.6, T4
        let skew = |p, a| ticks(skew(Version::V3, priority(p), interval(a)));
        let down = |p, a| ticks(down(Version::V3, priority(p), interval(a), 3));
        assert_eq!(skew(100, 100), Duration::from_nanos(609_375_000));
        assert_eq!(skew(200, 100), Duration::from_nanos(218_750_000));
        assert_eq!(skew(254, 100), Duration::from_nanos(7_812_500));
        assert_eq!(skew(1, 100), Duration::from_nanos(996_093_750));
        assert_eq!(down(100, 100), Duration::from_nanos(3_609_375_000));
        assert_eq!(down(200, 100), Duration::from_nanos(3_218_750_000));
        assert_eq!(down(254, 100), Duration::from_nanos(3_007_812_500));
        assert_eq!(down(1, 100), Duration::from_nanos(3_996_093_750));
        assert_eq!(down(100, 1), Duration::from_nanos(36_093_750));
        assert_eq!(down(254, 1), Duration::from_nanos(30_078_125));
        assert_eq!(down(100, 10), Duration::from_nanos(360_937_500));
        assert_eq!(down(100, 4095), Duration::from_nanos(147_803_906_250));
        // 163 640.0390625 ms: half a nanosecond is rounded up, never down.
        assert_eq!(down(1, 4095), Duration::from_nanos(163_640_039_063));
    }

    #[test]
    fn worked_values_of_version_2_are_exact_and_its_skew_does_not_scale() {
        let down = |p, seconds: u16| ticks(down(Version::V2, priority(p), interval(seconds * 100), 3));
        assert_eq!(down(100, 1), Duration::from_nanos(3_609_375_000));
        assert_eq!(down(100, 3), Duration::from_nanos(9_609_375_000));
    }

    #[test]
    fn the_longest_timer_does_not_overflow() {
        assert_eq!(down(Version::V2, priority(1), interval(25_500), 255), 256 * 255 * 25_500 + 255 * 100);
    }

    #[test]
    fn a_cadence_keeps_its_phase_and_skips_what_was_missed() {
        let ms = Duration::from_millis;
        assert_eq!(following(ms(1000), ms(100), ms(1000)), ms(1100));
        assert_eq!(following(ms(1000), ms(100), ms(1099)), ms(1100));
        assert_eq!(following(ms(1000), ms(100), ms(1100)), ms(1200));
        assert_eq!(following(ms(1000), ms(100), ms(1350)), ms(1400));
        assert_eq!(following(Duration::MAX, ms(100), Duration::MAX), Duration::MAX);
    }

    #[test]
    fn times_and_eighths_of_an_interval_are_exact() {
        for centiseconds in [1, 2, 7, 99, 100, 101, 799, 800, 4_095, 25_500] {
            let whole = Duration::from_nanos(u64::from(centiseconds) * 10_000_000);
            assert_eq!(interval(centiseconds).duration(), whole);
            assert_eq!(interval(centiseconds).eighth() * 8, whole);
            assert_eq!(interval(centiseconds).times(255), whole * 255);
        }
    }

    #[test]
    fn intervals_are_whole_centiseconds() {
        assert_eq!(Interval::from_duration(Duration::from_millis(10)), Some(interval(1)));
        assert_eq!(Interval::from_duration(Duration::from_millis(15)), None);
        assert_eq!(Interval::from_duration(Duration::from_micros(10_001)), None);
        assert_eq!(Interval::from_duration(Duration::ZERO), None);
        assert_eq!(Interval::from_duration(Duration::from_secs(255)), Some(interval(25_500)));
        assert_eq!(Interval::from_duration(Duration::from_secs(256)), None);
        assert_eq!(Interval::from_duration(Duration::MAX), None);
    }
}
