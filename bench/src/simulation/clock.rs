//! The clock of a simulated host: it begins anywhere and may run too fast or too slow.

use core::time::Duration;

/// What a host's clock shows, seen from virtual time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// What it shows when virtual time begins.
    pub origin: Duration,
    /// How much too fast it runs, in millionths; negative if too slow. Greater than -1 000 000.
    pub drift: i32,
}

impl Clock {
    /// What it shows at the virtual time `now`, rounded down to a nanosecond.
    pub(super) fn shows(&self, now: Duration) -> Duration {
        if self.drift == 0 {
            return self.origin.saturating_add(now);
        }
        let passed = now.as_nanos() * self.rate() / MILLION;
        self.origin.saturating_add(nanoseconds(passed))
    }

    /// The first virtual time at which it shows `local` or more.
    pub(super) fn at(&self, local: Duration) -> Duration {
        let passed = local.saturating_sub(self.origin);
        if self.drift == 0 {
            return passed;
        }
        nanoseconds((passed.as_nanos() * MILLION).div_ceil(self.rate()))
    }

    /// The virtual time in which `span` passes on it.
    pub(super) fn takes(&self, span: Duration) -> Duration {
        self.at(self.origin.saturating_add(span))
    }

    /// Millionths of a nanosecond that pass on it in a nanosecond.
    fn rate(&self) -> u128 {
        u128::from(u32::try_from(1_000_000 + i64::from(self.drift)).unwrap_or(1).max(1))
    }
}

fn nanoseconds(count: u128) -> Duration {
    Duration::from_nanos(u64::try_from(count).unwrap_or(u64::MAX))
}

const MILLION: u128 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_clock_that_is_right_shows_virtual_time_from_its_origin_on() {
        let clock = Clock { origin: S * 77, drift: 0 };
        assert_eq!((clock.shows(S * 3), clock.at(S * 80), clock.at(S)), (S * 80, S * 3, Duration::ZERO));
    }

    #[test]
    fn a_fast_clock_comes_to_a_time_before_it_is_due() {
        let fast = Clock { origin: Duration::ZERO, drift: 200_000 };
        assert_eq!((fast.shows(S * 10), fast.at(S * 12)), (S * 12, S * 10));
        let slow = Clock { origin: S, drift: -500_000 };
        assert_eq!((slow.shows(S * 10), slow.at(S * 6)), (S * 6, S * 10));
    }

    #[test]
    fn no_timer_comes_early_by_rounding() {
        for drift in [-3, -1, 1, 7, 333] {
            let clock = Clock { origin: Duration::from_nanos(5), drift };
            for local in (0..5_000).map(|step| Duration::from_nanos(5 + step * 999_983)) {
                let at = clock.at(local);
                assert!(clock.shows(at) >= local, "{drift}: {local:?}");
                let before = at.saturating_sub(Duration::from_nanos(1));
                assert!(at.is_zero() || clock.shows(before) < local, "{drift}: {local:?}");
            }
        }
    }
}
