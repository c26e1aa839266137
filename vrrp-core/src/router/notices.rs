//! Which notices were given since the state changed: a repeated one is noise in a log.

use crate::Notice;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Notices(u16);

impl Notices {
    /// Whether `notice` has not been given yet; it counts as given from now on.
    pub(super) fn is_new(&mut self, notice: Notice) -> bool {
        let bit = match notice {
            Notice::IntervalMismatch { .. } => 1,
            Notice::AddressListMismatch { .. } => 1 << 1,
            Notice::SecondActive { .. } => SECOND_ACTIVE,
            Notice::SecondOwner { .. } => 1 << 3,
            Notice::Loop => 1 << 4,
            Notice::DuplicateIdentity => 1 << 5,
            Notice::HeldUp { .. } => 1 << 6,
            Notice::ForeignConfiguration => 1 << 7,
            Notice::VersionMismatch { .. } => 1 << 8,
        };
        let new = self.0 & bit == 0;
        self.0 |= bit;
        new
    }

    /// The next lesser Active router is worth a notice again.
    pub(super) fn forget_second_active(&mut self) {
        self.0 &= !SECOND_ACTIVE;
    }
}

const SECOND_ACTIVE: u16 = 1 << 2;
