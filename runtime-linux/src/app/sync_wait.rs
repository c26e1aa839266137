//! `lvs_sync_wait`: a router that comes back leaves the other director in charge until connections have arrived.
//!
//! The kernel has no bulk transfer and tells nobody that it is done: a director sends a connection when packets pass. So
//! the connections that our services have are counted, once a second. When in five seconds hardly any came in addition,
//! the router may preempt; after the time of the keyword it may in any case. It waits as with `preempt_delay`: a lesser
//! router is let be, a silent one is not.

use core::time::Duration;

/// Where the wait is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum SyncWait {
    /// Nothing is waited for: `preempt_delay` is as it was configured.
    #[default]
    Idle,
    /// Since the first moment; at the second so many connections were there.
    Waiting(Duration, (Duration, u64)),
    /// It may preempt, and has not yet.
    Over,
}

impl SyncWait {
    /// The router is not Active, and what it knows of connections is old.
    pub(super) fn begin(&mut self, now: Duration) {
        *self = Self::Waiting(now, (now, 0));
    }

    /// So many connections are there. True: from now on it may preempt.
    pub(super) fn count(
        &mut self,
        now: Duration,
        connections: u64,
        longest: Duration,
        least: Duration,
    ) -> bool {
        let Self::Waiting(began, (since, before)) = *self else { return false };
        let waited = now.saturating_sub(began);
        let mut quiet = false;
        if now.saturating_sub(since) >= QUIET {
            quiet = connections.saturating_sub(before) <= before / 16;
            *self = Self::Waiting(began, (now, connections));
        }
        let over = waited >= least && (quiet || waited >= longest);
        if over {
            *self = Self::Over;
        }
        over
    }

    /// The `preempt_delay` of the router that is configured with `configured`.
    pub(super) fn delay(&self, configured: Duration, longest: Duration) -> Duration {
        match self {
            Self::Idle => configured,
            Self::Waiting(..) => configured.max(longest),
            // It has waited long enough.
            Self::Over => Duration::ZERO,
        }
    }

    /// How often connections are to be counted; zero: they are not.
    pub(super) fn period(&self) -> Duration {
        match self {
            Self::Waiting(..) => PERIOD,
            Self::Idle | Self::Over => Duration::ZERO,
        }
    }
}

/// From one count to the next.
const PERIOD: Duration = Duration::from_secs(1);
/// For so long hardly any connection may come in addition.
const QUIET: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);

    #[test]
    fn it_ends_when_connections_have_stopped_coming() {
        let mut wait = SyncWait::default();
        wait.begin(seconds(100));
        assert_eq!(wait.delay(Duration::ZERO, LONGEST), LONGEST);
        let counts = (101..)
            .zip([0, 10, 400, 900, 1_000, 1_500, 1_900, 2_000, 2_010, 2_010, 2_010, 2_020, 2_020, 2_030]);
        let ended =
            counts.into_iter().find(|(at, count)| wait.count(seconds(*at), *count, LONGEST, Duration::ZERO));
        assert_eq!(ended, None, "1,000 came between the fifth and the tenth second");
        assert!(wait.count(seconds(115), 2_040, LONGEST, Duration::ZERO));
        assert_eq!(wait.delay(seconds(7), LONGEST), Duration::ZERO);
    }

    #[test]
    fn it_ends_with_its_time_and_not_before_the_delay_that_was_configured() {
        let mut wait = SyncWait::default();
        wait.begin(seconds(0));
        let first =
            (1..200).find(|at| wait.count(seconds(*at), at * at * 1_000, seconds(20), Duration::ZERO));
        assert_eq!(first, Some(20), "more and more come");
        wait.begin(seconds(0));
        let first = (1..200).find(|at| wait.count(seconds(*at), 0, seconds(20), seconds(33)));
        assert_eq!(first, Some(33), "nothing comes, but preempt_delay is 33");
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }
}
