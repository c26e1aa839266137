//! UDP flows seen lately, for schedulers that want to know how busy a server is with them.

/// Flows of one server. Time is cut into [epochs](EPOCH): a flow counts in the epoch in which a packet of it was seen and
/// in the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flows {
    epoch: u32,
    /// Seen in the epoch before.
    before: u32,
    /// Seen in this one.
    now: u32,
    /// Of those, opened in this one: they are not among those before.
    opened: u32,
}

impl Flows {
    pub(crate) const NONE: Self = Self { epoch: 0, before: 0, now: 0, opened: 0 };

    /// How many flows there are at this time.
    pub(super) fn lately(&self, epoch: u32) -> u32 {
        if epoch == self.epoch {
            self.before.saturating_add(self.opened)
        } else if epoch == self.epoch.wrapping_add(1) {
            self.now
        } else {
            0
        }
    }

    /// A packet of a flow, the first one in this epoch.
    pub(crate) fn saw(&mut self, epoch: u32, is_new: bool) {
        if epoch != self.epoch {
            let before = if epoch == self.epoch.wrapping_add(1) { self.now } else { 0 };
            *self = Self { epoch, before, now: 0, opened: 0 };
        }
        self.now = self.now.saturating_add(1);
        if is_new {
            self.opened = self.opened.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_counts_at_once_and_until_an_epoch_passed_without_it() {
        let mut flows = Flows::NONE;
        flows.saw(7, true);
        flows.saw(7, true);
        assert_eq!(flows.lately(7), 2);
        flows.saw(8, false);
        assert_eq!(flows.lately(8), 2, "the other may still come");
        flows.saw(8, true);
        assert_eq!(flows.lately(8), 3);
        assert_eq!(flows.lately(9), 2);
        assert_eq!(flows.lately(10), 0);
        flows.saw(12, false);
        assert_eq!(flows.lately(12), 0, "silent for long, not new: seen from the next epoch on");
        assert_eq!(flows.lately(13), 1);
    }
}
