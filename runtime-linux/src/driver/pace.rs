//! When to wake: together rather than one after the other.
//!
//! A wake-up costs more than an advert. Where hundreds of routers are due within a millisecond, and where adverts come
//! by the thousand, what can wait for a moment waits for its neighbours.

use core::time::Duration;
use std::thread;

use crate::clock;

/// Until when the advert of an Active router, due at `due` and then every `interval`, may wait for others.
///
/// That is the next mark of a grid that divides the interval exactly. So the delay is the same each time, the cadence
/// stays what it was, and routers with one interval share their marks. A mark is at most half a millisecond away and
/// at most 1/64 of the interval. Backups do not wait: takeover is never late by this.
pub(super) fn mark(due: Duration, interval: Duration) -> Duration {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let interval = nanoseconds(interval);
    let halvings = u64::BITS - (interval / LONGEST_WAIT).leading_zeros();
    let grid = (interval >> halvings.max(LEAST_HALVINGS)).max(1);
    Duration::from_nanos(nanoseconds(due).div_ceil(grid).saturating_mul(grid))
}

/// Lets a moment pass, whatever comes in.
pub(super) fn rest(until: Duration) {
    let wait = until.saturating_sub(clock::now());
    if !wait.is_zero() {
        // It may end early, which does no harm.
        thread::park_timeout(wait);
    }
}

/// Whether adverts come so thick that one wake-up should serve several.
///
/// An interface card that does this calls it interrupt moderation. A packet waits for 200 µs at most, and only if
/// another one came less than that before it: the adverts of one router, or of ten, are never kept waiting.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Breath {
    /// When packets came last.
    last: Duration,
    due: bool,
}

impl Breath {
    /// Packets came at `now`.
    pub(super) fn heard(&mut self, now: Duration) {
        self.due = now.saturating_sub(self.last) < BREATH;
        self.last = now;
    }

    /// Until when to wait before packets are looked at again, if at all: not beyond `deadline`.
    pub(super) fn take(&mut self, deadline: Option<Duration>) -> Option<Duration> {
        let until = self.last.saturating_add(BREATH);
        core::mem::take(&mut self.due).then(|| deadline.map_or(until, |deadline| until.min(deadline)))
    }
}

/// How long one packet may wait for the next.
const BREATH: Duration = Duration::from_micros(200);
/// The longest that an advert waits for others, in nanoseconds.
const LONGEST_WAIT: u64 = 500_000;
/// The grid is this power of two finer than the interval, at least.
const LEAST_HALVINGS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advert_waits_at_most_half_a_millisecond_and_a_sixty_fourth_of_its_interval() {
        for (interval, most) in [(10, 156_250), (100, 390_625), (1_000, 488_281), (40_950, 499_878)] {
            let interval = Duration::from_millis(interval);
            let waits = (0..2_000_u64).map(|number| {
                let due = Duration::from_nanos(7_000_000_001 + number * 317);
                mark(due, interval).checked_sub(due).unwrap().as_nanos()
            });
            assert!(waits.max().unwrap() <= most, "{interval:?}");
        }
    }

    #[test]
    fn the_wait_is_the_same_at_every_interval() {
        let interval = Duration::from_millis(100);
        let due = Duration::from_nanos(1_234_567_891);
        let waits: Vec<Duration> = (0..1_000)
            .map(|number| {
                let due = due + interval * number;
                mark(due, interval).saturating_sub(due)
            })
            .collect();
        assert!(waits.iter().all(|wait| *wait == waits[0]), "{waits:?}");
    }

    #[test]
    fn only_packets_that_come_thick_wait_for_each_other() {
        let at = Duration::from_micros;
        let mut breath = Breath::default();
        breath.heard(at(1_000));
        assert_eq!(breath.take(None), None);
        breath.heard(at(1_150));
        assert_eq!(breath.take(None), Some(at(1_350)));
        assert_eq!(breath.take(None), None);
        breath.heard(at(1_200));
        assert_eq!(breath.take(Some(at(1_210))), Some(at(1_210)));
        breath.heard(at(11_200));
        assert_eq!(breath.take(None), None);
    }
}
