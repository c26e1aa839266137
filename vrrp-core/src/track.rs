//! How the health of other things moves a router's priority.
//!
//! Pure arithmetic: the runtime watches interfaces, scripts, processes and files, and asks for the sum. It always asks
//! for all of them at once, so a count of failures cannot go astray.

use crate::Priority;

/// Something watched on behalf of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracker {
    /// 0: being bad is a fault. Positive: added while good. Negative: taken off while bad.
    pub weight: i16,
    /// What would be added is taken off, and the other way round; with weight 0, being good is the fault.
    pub reverse: bool,
    /// Whether the thing watched is well.
    pub good: bool,
}

impl Tracker {
    /// What it does as it is now.
    pub fn effect(self) -> Effect {
        if self.weight == 0 {
            return Effect { adds: 0, fault: self.good == self.reverse };
        }
        let counts = self.good == (self.weight > 0);
        let weight = if self.reverse { self.weight.saturating_neg() } else { self.weight };
        Effect { adds: if counts { weight } else { 0 }, fault: false }
    }
}

/// A number watched on behalf of a router: the first one in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// 0: any number but zero is a fault. Else the number is added this many times.
    pub weight: i16,
    /// Taken off instead of added; with weight 0, zero is the fault.
    pub reverse: bool,
    /// The number.
    pub value: i32,
}

impl Gauge {
    /// What it does as it is now. A product of -254 or less is a fault, whatever else is added; one above 253
    /// adds 253.
    pub fn effect(self) -> Effect {
        if self.weight == 0 {
            return Effect { adds: 0, fault: (self.value != 0) != self.reverse };
        }
        let weight = i32::from(if self.reverse { -self.weight } else { self.weight });
        let product = self.value.saturating_mul(weight).clamp(-254, 253);
        let adds = i16::try_from(product).unwrap_or(0);
        Effect { adds: if product == -254 { 0 } else { adds }, fault: product == -254 }
    }
}

/// What one watched thing does to a router.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// What it adds to the priority, -253 to 253.
    pub adds: i16,
    /// It keeps the router out: [`Fault::Tracker`](crate::Fault::Tracker).
    pub fault: bool,
}

impl From<Tracker> for Effect {
    fn from(tracker: Tracker) -> Self {
        tracker.effect()
    }
}

impl From<Gauge> for Effect {
    fn from(gauge: Gauge) -> Self {
        gauge.effect()
    }
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
pub fn effective(base: Priority, effects: impl IntoIterator<Item = impl Into<Effect>>) -> Effective {
    let mut sum = i32::from(base.get());
    let mut fault = false;
    for effect in effects {
        let effect = effect.into();
        sum = sum.saturating_add(i32::from(effect.adds));
        fault |= effect.fault;
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
    fn reverse_takes_off_what_would_be_added_and_adds_what_would_be_taken_off() {
        // As keepalived 2.2.7 does with scripts, processes, BFD sessions and interfaces.
        let reversed = |weight, good| Tracker { weight, reverse: true, good };
        assert_eq!(sum(100, &[reversed(20, true)]), (80, false));
        assert_eq!(sum(100, &[reversed(20, false)]), (100, false));
        assert_eq!(sum(100, &[reversed(-20, true)]), (100, false));
        assert_eq!(sum(100, &[reversed(-20, false)]), (120, false));
        assert_eq!(sum(100, &[reversed(0, true)]), (100, true));
        assert_eq!(sum(100, &[reversed(0, false)]), (100, false));
    }

    #[test]
    fn a_gauge_adds_its_number_as_often_as_its_weight_says() {
        let effect = |weight, value| Gauge { weight, reverse: false, value }.effect();
        assert_eq!(effect(1, 7), Effect { adds: 7, fault: false });
        assert_eq!(effect(-2, 7), Effect { adds: -14, fault: false });
        assert_eq!(effect(10, 26), Effect { adds: 253, fault: false });
        assert_eq!(effect(254, i32::MAX), Effect { adds: 253, fault: false });
        assert_eq!(effect(1, -253), Effect { adds: -253, fault: false });
        assert_eq!(effect(254, -1), Effect { adds: 0, fault: true });
        assert_eq!(effect(1, i32::MIN), Effect { adds: 0, fault: true });
        assert_eq!(Gauge { weight: 3, reverse: true, value: 5 }.effect(), Effect { adds: -15, fault: false });
    }

    #[test]
    fn a_weightless_gauge_is_a_fault_while_it_is_not_zero() {
        let fault = |value, reverse| Gauge { weight: 0, reverse, value }.effect().fault;
        assert_eq!([fault(0, false), fault(1, false), fault(-1, false)], [false, true, true]);
        assert_eq!([fault(0, true), fault(1, true)], [true, false]);
    }
}
