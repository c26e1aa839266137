//! How the health of other things moves a router's priority.
//!
//! Pure arithmetic: the runtime watches interfaces, scripts and files, and asks for the sum. It always asks
//! for all of them at once, so a count of failures cannot go astray.

use crate::Priority;

/// Something watched on behalf of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracker {
    /// 0: being bad is a fault. Positive: added while good. Negative: taken off while bad.
    pub weight: i16,
    /// Good and bad change places.
    pub reverse: bool,
    /// Whether the thing watched is well.
    pub good: bool,
}

/// What all trackers of a router come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The priority to run with: 1 to 254, or 255 for an owner, whom no tracker moves.
    pub priority: Priority,
    /// Some tracker without a weight is bad: [`Fault::Tracker`](crate::Fault::Tracker).
    pub fault: bool,
}

/// The effective priority of a router whose configured priority is `base`.
pub fn effective(base: Priority, trackers: impl IntoIterator<Item = Tracker>) -> Effective {
    let mut sum = i32::from(base.get());
    let mut fault = false;
    for tracker in trackers {
        let good = tracker.good != tracker.reverse;
        let weight = i32::from(tracker.weight);
        match tracker.weight {
            0 => fault |= !good,
            1.. if good => sum = sum.saturating_add(weight),
            ..=-1 if !good => sum = sum.saturating_add(weight),
            1.. | ..=-1 => {}
        }
    }
    let priority = if base.is_owner() { base } else { Priority::clamped(sum) };
    Effective { priority, fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracker(weight: i16, good: bool) -> Tracker {
        Tracker { weight, reverse: false, good }
    }

    fn sum(base: u8, trackers: &[Tracker]) -> (u8, bool) {
        let base = Priority::new(base).expect("not zero");
        let Effective { priority, fault } = effective(base, trackers.iter().copied());
        (priority.get(), fault)
    }

    #[test]
    fn positive_weights_count_while_good_and_negative_ones_while_bad() {
        assert_eq!(sum(100, &[tracker(20, true), tracker(-30, true)]), (120, false));
        assert_eq!(sum(100, &[tracker(20, false), tracker(-30, false)]), (70, false));
        assert_eq!(sum(100, &[tracker(20, true), tracker(-30, false)]), (90, false));
    }

    #[test]
    fn the_sum_is_clamped_once_at_the_end() {
        // F20: 1 to 254, and an excursion on the way does not count.
        assert_eq!(sum(200, &[tracker(253, true)]), (254, false));
        assert_eq!(sum(10, &[tracker(-253, false)]), (1, false));
        assert_eq!(sum(200, &[tracker(253, true), tracker(-253, false)]), (200, false));
    }

    #[test]
    fn an_owner_is_moved_by_no_weight_but_can_be_at_fault() {
        // O1
        assert_eq!(sum(255, &[tracker(-253, false)]), (255, false));
        assert_eq!(sum(255, &[tracker(0, false)]), (255, true));
    }

    #[test]
    fn a_weightless_tracker_is_a_fault_while_bad_even_if_another_is_good() {
        assert_eq!(sum(100, &[tracker(0, false), tracker(0, true)]), (100, true));
        assert_eq!(sum(100, &[tracker(0, true), tracker(0, true)]), (100, false));
    }

    #[test]
    fn reverse_swaps_good_and_bad() {
        let reversed = |weight, good| Tracker { weight, reverse: true, good };
        assert_eq!(sum(100, &[reversed(20, false)]), (120, false));
        assert_eq!(sum(100, &[reversed(-20, true)]), (80, false));
        assert_eq!(sum(100, &[reversed(0, true)]), (100, true));
    }
}
