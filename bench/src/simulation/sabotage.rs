//! Bugs to put in on purpose: each must be caught by the checker, or the checker is for nothing.
//!
//! Each stands for a mistake that some implementation of VRRP has made.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::{Action, Actions, Packet};

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A Backup does not rearm its timer for every fourth advert.
    ForgottenRearm,
    /// A Backup does not shorten its wait for a resignation.
    DeafToResignations,
    /// Timers fire this much too late.
    LateTimers(Duration),
    /// Addresses are compared the wrong way round.
    ReversedComparison,
    /// A router that is Active no more keeps the addresses.
    KeptAddresses,
    /// An Active router does not send what it should.
    LostAdverts,
    /// Every advert is sent twenty times.
    RepeatedAdverts,
    /// After a pause timers are looked at before packets.
    TimersFirst,
}

impl Sabotage {
    /// Whether the router is kept from seeing a valid advert.
    pub(super) fn swallows(self, priority: u8, count: u64) -> bool {
        match self {
            Self::ForgottenRearm => count.is_multiple_of(4),
            Self::DeafToResignations => priority == 0,
            Self::LateTimers(_)
            | Self::ReversedComparison
            | Self::KeptAddresses
            | Self::LostAdverts
            | Self::RepeatedAdverts
            | Self::TimersFirst => false,
        }
    }

    /// Changes how the router sees a packet.
    pub(super) fn distort(self, packet: &mut Packet<'_>) {
        if let (Self::ReversedComparison, IpAddr::V4(source)) = (self, packet.source) {
            let [a, b, c, d] = source.octets();
            packet.source = IpAddr::from([a, b, c, !d]);
        }
    }

    /// Changes what the router wants done.
    pub(super) fn tamper(self, actions: &mut Actions) {
        match self {
            Self::KeptAddresses => actions.retain(|action| *action != Action::ReleaseAddresses),
            Self::LostAdverts => actions.retain(|action| !matches!(action, Action::Advertise { .. })),
            Self::ForgottenRearm
            | Self::DeafToResignations
            | Self::LateTimers(_)
            | Self::ReversedComparison
            | Self::RepeatedAdverts
            | Self::TimersFirst => {}
        }
    }

    /// How often an advert is sent.
    pub(super) fn copies(self) -> u32 {
        if self == Self::RepeatedAdverts { 20 } else { 1 }
    }
}
