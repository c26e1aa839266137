//! When which check is due.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;

use super::prober::Prober;

/// The deadlines of all checks, the earliest first.
///
/// An entry stays behind when its check's deadline moves; it counts only while it says what the check says.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Duration, usize)>>,
}

impl Timers {
    /// The deadlines of these checks.
    pub(super) fn of(probers: &[Prober]) -> Self {
        let deadlines = probers.iter().enumerate();
        let deadlines =
            deadlines.filter_map(|(place, prober)| Some(Reverse((prober.core.deadline()?, place))));
        Self { heap: deadlines.collect() }
    }

    /// Adds the new deadline of a check.
    pub(super) fn push(&mut self, deadline: Duration, place: usize) {
        self.heap.push(Reverse((deadline, place)));
    }

    /// The earliest deadline.
    pub(super) fn next(&mut self, probers: &[Prober]) -> Option<Duration> {
        while let Some(&Reverse((deadline, place))) = self.heap.peek() {
            if probers.get(place).and_then(|prober| prober.core.deadline()) == Some(deadline) {
                return Some(deadline);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes out a check whose deadline has come.
    pub(super) fn pop_due(&mut self, now: Duration, probers: &[Prober]) -> Option<usize> {
        if self.next(probers)? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, place))| place)
    }
}
