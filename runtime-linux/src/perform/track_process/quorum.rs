//! Whether as many processes run as should.

use core::time::Duration;

use crate::config::model::TrackProcess;

/// The number of processes of one kind, and what it means after the grace periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quorum {
    least: u32,
    most: Option<u32>,
    fork_delay: Duration,
    terminate_delay: Duration,
    count: u32,
    good: bool,
    /// When the mind changes unless the number does.
    due: Option<Duration>,
}

impl Quorum {
    /// At the start the number counts at once.
    pub(super) fn new(process: &TrackProcess, count: u32) -> Self {
        let mut quorum = Self {
            least: process.quorum,
            most: process.quorum_max,
            fork_delay: process.fork_delay,
            terminate_delay: process.terminate_delay,
            count,
            good: false,
            due: None,
        };
        quorum.good = quorum.is_reached();
        quorum
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn good(&self) -> bool {
        self.good
    }

    /// As many run from now on. True: the verdict changes.
    pub(super) fn set(&mut self, now: Duration, count: u32) -> bool {
        self.count = count;
        if self.is_reached() == self.good {
            self.due = None;
            return false;
        }
        let delay = if self.good { self.terminate_delay } else { self.fork_delay };
        self.due.get_or_insert(now.saturating_add(delay));
        self.tick(now)
    }

    /// True: the verdict changes.
    pub(super) fn tick(&mut self, now: Duration) -> bool {
        let changes = self.due.is_some_and(|due| due <= now);
        if changes {
            self.due = None;
            self.good = !self.good;
        }
        changes
    }

    /// When [`Quorum::tick`] has something to do.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due
    }

    fn is_reached(&self) -> bool {
        self.count >= self.least && self.most.is_none_or(|most| self.count <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_delays_the_number_counts_at_once() {
        let mut quorum = quorum(2, Some(3), 0, 0);
        assert!(!quorum.good());
        assert_eq!(
            [1, 2, 3, 4, 3, 1].map(|count| quorum.set(ms(0), count)),
            [false, true, false, true, true, true]
        );
        assert!(!quorum.good());
        assert_eq!(quorum.deadline(), None);
    }

    #[test]
    fn a_process_that_was_gone_for_less_than_its_delay_was_never_gone() {
        let mut quorum = quorum(1, None, 0, 500);
        assert!(quorum.set(ms(0), 1));
        assert!(!quorum.set(ms(1_000), 0));
        assert_eq!(quorum.deadline(), Some(ms(1_500)));
        assert!(!quorum.set(ms(1_499), 1));
        assert_eq!(quorum.deadline(), None);
        assert!(!quorum.set(ms(2_000), 0) && !quorum.set(ms(2_400), 0), "the delay runs from the first");
        assert!(!quorum.tick(ms(2_499)) && quorum.tick(ms(2_500)) && !quorum.good());
    }

    #[test]
    fn a_process_that_ends_soon_after_its_start_never_counted() {
        let mut quorum = quorum(1, None, 300, 0);
        assert!(!quorum.set(ms(0), 1));
        assert!(!quorum.set(ms(299), 0));
        assert!(!quorum.tick(ms(300)) && !quorum.good());
        assert!(!quorum.set(ms(400), 1) && quorum.tick(ms(700)) && quorum.good());
    }

    #[test]
    fn none_at_all_can_be_what_is_wanted() {
        let mut quorum = quorum(0, Some(0), 0, 0);
        assert!(quorum.good());
        assert!(quorum.set(ms(0), 1) && !quorum.good());
    }

    fn quorum(least: u32, most: Option<u32>, fork_delay: u64, terminate_delay: u64) -> Quorum {
        let process = TrackProcess {
            quorum: least,
            quorum_max: most,
            fork_delay: ms(fork_delay),
            terminate_delay: ms(terminate_delay),
            ..super::super::census::tests::named("p")
        };
        Quorum::new(&process, 0)
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }
}
