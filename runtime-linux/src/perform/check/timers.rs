//! When which check is due.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;

use super::roster::Slot;

/// The deadlines of all checks, the earliest first.
///
/// An entry stays behind when its check's deadline moves; it counts only while it says what the check says.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Duration, usize)>>,
}

impl Timers {
    /// The deadlines of these checks.
    pub(super) fn of(slots: &[Slot]) -> Self {
        let deadlines = slots.iter().enumerate();
        let deadlines = deadlines.filter_map(|(place, slot)| Some(Reverse((slot.core.deadline()?, place))));
        Self { heap: deadlines.collect() }
    }

    /// Adds the new deadline of a check.
    pub(super) fn push(&mut self, deadline: Duration, place: usize) {
        self.heap.push(Reverse((deadline, place)));
    }

    /// The earliest deadline.
    pub(super) fn next(&mut self, slots: &[Slot]) -> Option<Duration> {
        while let Some(&Reverse((deadline, place))) = self.heap.peek() {
            if slots.get(place).and_then(|slot| slot.core.deadline()) == Some(deadline) {
                return Some(deadline);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes out a check whose deadline has come.
    pub(super) fn pop_due(&mut self, now: Duration, slots: &[Slot]) -> Option<usize> {
        if self.next(slots)? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, place))| place)
    }
}
