//! When which pool has something to do by itself: a step of a slow start, the end of a drain.

use core::time::Duration;
use std::collections::BTreeSet;

/// The deadlines of all pools, the earliest first. Few have one at a time.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    sorted: BTreeSet<(Duration, usize)>,
    /// By place of the service.
    known: Vec<Option<Duration>>,
}

impl Deadlines {
    /// Notes what the pool at this place says now.
    pub(super) fn set(&mut self, place: usize, deadline: Option<Duration>) {
        if self.known.len() <= place {
            self.known.resize(place + 1, None);
        }
        let before = core::mem::replace(&mut self.known[place], deadline);
        if before != deadline {
            before.map(|before| self.sorted.remove(&(before, place)));
            self.sorted.extend(deadline.map(|deadline| (deadline, place)));
        }
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        self.sorted.first().map(|(deadline, _)| *deadline)
    }

    /// The pools whose deadlines have come.
    pub(super) fn due(&self, now: Duration) -> Vec<usize> {
        self.sorted.iter().take_while(|(deadline, _)| *deadline <= now).map(|(_, place)| *place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_one_that_moved_counts_once() {
        let second = Duration::from_secs;
        let mut deadlines = Deadlines::default();
        deadlines.set(2, Some(second(5)));
        deadlines.set(0, Some(second(7)));
        deadlines.set(2, Some(second(9)));
        deadlines.set(1, Some(second(7)));
        assert_eq!((deadlines.next(), deadlines.due(second(6))), (Some(second(7)), vec![]));
        assert_eq!(deadlines.due(second(9)), [0, 1, 2]);
        deadlines.set(0, None);
        deadlines.set(1, None);
        deadlines.set(1, None);
        assert_eq!(deadlines.due(second(100)), [2]);
    }
}
