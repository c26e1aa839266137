//! Why a router takes no part in the election.

/// One reason for taking no part.
///
/// A reason stands until the runtime takes back that very reason, so one that recovers hides no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fault {
    /// The interface is down, or gone.
    LinkDown,
    /// The interface has no address to send from.
    NoSource,
    /// Something tracked without a weight is bad ([`track::effective`](crate::track::effective) says so for
    /// all trackers together).
    Tracker,
    /// A virtual address was taken away and could not be put back.
    AddressLost,
    /// Another member of the sync group is in fault.
    SyncGroup,
    /// Two virtual routers of one family with the same identifier share the interface.
    DuplicateVrid,
    /// The operator has set it aside.
    Operator,
    /// The runtime could not do what this router told it to do.
    Runtime,
}

impl Fault {
    /// Every reason there is.
    pub const ALL: [Self; 8] = [
        Self::LinkDown,
        Self::NoSource,
        Self::Tracker,
        Self::AddressLost,
        Self::SyncGroup,
        Self::DuplicateVrid,
        Self::Operator,
        Self::Runtime,
    ];

    /// A name for people and for status output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkDown => "link_down",
            Self::NoSource => "no_source_address",
            Self::Tracker => "tracker",
            Self::AddressLost => "address_lost",
            Self::SyncGroup => "sync_group",
            Self::DuplicateVrid => "duplicate_vrid",
            Self::Operator => "operator",
            Self::Runtime => "runtime",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::LinkDown => 1,
            Self::NoSource => 1 << 1,
            Self::Tracker => 1 << 2,
            Self::AddressLost => 1 << 3,
            Self::SyncGroup => 1 << 4,
            Self::DuplicateVrid => 1 << 5,
            Self::Operator => 1 << 6,
            Self::Runtime => 1 << 7,
        }
    }
}

/// The reasons that stand at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults(u8);

impl Faults {
    /// Whether nothing stands in the way.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `fault` stands.
    pub const fn contains(self, fault: Fault) -> bool {
        self.0 & fault.bit() != 0
    }

    /// The reasons that stand.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.contains(*fault))
    }

    /// The reasons that are the router's own, and not those of the others in its sync group.
    #[must_use]
    pub const fn own(self) -> Self {
        Self(self.0 & !Fault::SyncGroup.bit())
    }

    pub(crate) fn set(&mut self, fault: Fault, present: bool) {
        if present {
            self.0 |= fault.bit();
        } else {
            self.0 &= !fault.bit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_that_recovers_hides_no_other() {
        let mut faults = Faults::default();
        for fault in Fault::ALL {
            faults.set(fault, true);
        }
        faults.set(Fault::Tracker, false);
        faults.set(Fault::Tracker, false);
        assert!(!faults.contains(Fault::Tracker));
        assert_eq!(faults.iter().count(), 7);
        for fault in Fault::ALL {
            assert!(!faults.is_empty() || fault == Fault::Runtime);
            faults.set(fault, false);
        }
        assert!(faults.is_empty());
    }
}
