//! What a virtual router wants done, and what it has to say.

use core::net::IpAddr;

use crate::{Fault, Ignored, Interval, Version};

/// Where a virtual router stands (RFC 9568 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum State {
    /// It takes no part: not started, or something stands in the way.
    Initialize,
    /// It watches the Active router.
    Backup,
    /// It answers for the addresses.
    Active,
}

/// One thing to do or to note, in the order given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send [`VirtualRouter::advert`](crate::VirtualRouter::advert) with this priority to the group or every
    /// peer.
    Advertise {
        /// The priority to send; 0 resigns.
        priority: u8,
    },
    /// Hold all of the router's addresses, and none that it has no more; answer for them.
    ClaimAddresses,
    /// Let go of all addresses, at once.
    ReleaseAddresses,
    /// Send one gratuitous ARP or unsolicited neighbour advertisement for each of these addresses.
    Announce {
        /// Position of the first in the runtime's list: advertised addresses, then the others.
        first: u16,
        /// How many from there on.
        count: u16,
    },
    /// The state changed. What the change needs done stands before it.
    Transition {
        /// From this state.
        from: State,
        /// To this one.
        to: State,
        /// And why.
        reason: Reason,
    },
    /// A valid advert was heard, in whatever state.
    Heard {
        /// Its priority; 0 if its sender resigned.
        priority: u8,
    },
    /// A packet was dropped and changed nothing.
    Ignored(Ignored),
    /// Something that an operator should know. The same is not said again before the state changes.
    Noticed(Notice),
}

/// The most that one event can bring about.
///
/// That is an advert of another owner: it is heard, remarked on for its interval, its addresses and its
/// priority, and then either lost to (a last advert, release, transition) or won against (notice, answer,
/// announcement). Three more for a router that was held up go with two remarks at most.
pub const MOST_ACTIONS: usize = 7;

/// What comes of one event.
pub type Actions = heapless::Vec<Action, MOST_ACTIONS>;

/// Why the state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Reason {
    /// It was told to take part, or the last fault went away.
    Started,
    /// It was Active before the process ended, and goes on.
    Resumed,
    /// It owns the addresses.
    Owner,
    /// The Active router was not heard any more, or there was none.
    Silence,
    /// The Active router resigned.
    Resigned,
    /// The Active router has a lesser priority.
    Preempted,
    /// A better router was heard.
    Outranked {
        /// Where it advertises from.
        by: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// It was held up for so long that a Backup must have taken over, and it does not preempt.
    HeldUp,
    /// The other members of its sync group moved.
    SyncGroup,
    /// Something stands in the way.
    Fault(Fault),
    /// It was told to stop.
    Stopped,
}

/// Something worth a line in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Notice {
    /// The Active router advertises with another interval (version 3; version 2 drops it as
    /// [`Ignored::IntervalMismatch`]).
    IntervalMismatch {
        /// Who.
        source: IpAddr,
        /// Its interval.
        interval: Interval,
    },
    /// An advert for our virtual router came in a version that we do not speak: both sides will be Active
    /// ([`Ignored::VersionMismatch`]).
    VersionMismatch {
        /// Who sent it.
        source: IpAddr,
        /// Its version.
        version: Version,
    },
    /// The addresses in an advert are not ours.
    AddressListMismatch {
        /// Who sent it.
        source: IpAddr,
    },
    /// A lesser router was Active beside us. We stay.
    SecondActive {
        /// Who.
        source: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// Another router claims to own the addresses that we own (RFC 9568 §8.3.2, erratum 8298).
    SecondOwner {
        /// Who.
        source: IpAddr,
    },
    /// Our own advert came back to us.
    Loop,
    /// Another router, or an echo, uses our priority and our address, and no link address tells us apart.
    DuplicateIdentity,
    /// A tick came this much too late, longer than a Backup waits.
    HeldUp {
        /// Milliseconds after the deadline, at most `u32::MAX`.
        milliseconds: u32,
    },
    /// A configuration for another virtual router was refused.
    ForeignConfiguration,
}
