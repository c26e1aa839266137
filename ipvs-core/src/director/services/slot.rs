//! Room for one destination, and what it counts.

use core::net::{IpAddr, Ipv4Addr};

use crate::connection::{Kind, Ticks};
use crate::director::servers::Chained;
use crate::director::status::Statistics;
use crate::link::Link;
use crate::schedule::Server;
use crate::service::{Destination, Forward};

/// Room for one destination.
#[derive(Clone, Debug)]
pub struct DestinationSlot {
    pub(crate) server: Server,
    pub(in crate::director) destination: Destination,
    pub(in crate::director) statistics: Statistics,
    /// Templates bound to it.
    pub(in crate::director) persistent: u32,
    pub(in crate::director) standing: Standing,
    /// What a router on the way to it said of the path MTU, and until when that counts; 0: nothing.
    path_mtu: (u16, Ticks),
    /// The slot of its service, none once that was removed.
    pub(in crate::director) service: Link,
    pub(in crate::director) chained: Chained,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::director) enum Standing {
    Free,
    InUse,
    /// Removed, with connections left.
    Removed,
}

impl DestinationSlot {
    /// Holds nothing.
    pub const EMPTY: Self = Self {
        server: Server::EMPTY,
        destination: Destination {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 0,
            forward: Forward::Local,
            weight: 0,
            upper: 0,
            lower: 0,
        },
        statistics: Statistics::ZERO,
        persistent: 0,
        standing: Standing::Free,
        path_mtu: (0, Ticks::ZERO),
        service: Link::NONE,
        chained: Chained::EMPTY,
    };

    /// Holds nothing any more.
    pub(super) fn vacated(&self) -> Self {
        Self { chained: self.chained.vacated(), ..Self::EMPTY }
    }

    /// The path MTU, while a smaller one than the link's is known.
    pub(in crate::director) fn path_mtu(&self, now: Ticks) -> Option<u16> {
        let (mtu, until) = self.path_mtu;
        (mtu > 0 && !until.have_come(now)).then_some(mtu)
    }

    /// A router said how much goes through.
    pub(in crate::director) fn learn_path_mtu(&mut self, mtu: u16, until: Ticks) {
        self.path_mtu = (mtu, until);
    }

    pub(super) fn connections(&self) -> u32 {
        self.server.active.saturating_add(self.server.inactive)
    }

    /// Takes over settings. A limit that is gone or was raised lets new connections in at once; one that was lowered
    /// counts from the next new connection on, as in Linux 6.1 (6.12.117 has it count at once).
    pub(super) fn configure(&mut self, destination: &Destination) {
        if destination.upper == 0 || destination.upper > self.destination.upper {
            self.server.overloaded = false;
        }
        self.server.weight = destination.weight;
        if destination.weight > 0 {
            self.server.last_weight = destination.weight;
        }
        self.destination = *destination;
    }

    /// Neither free nor removed.
    pub(crate) fn is_in_use(&self) -> bool {
        self.standing == Standing::InUse
    }

    pub(crate) fn address(&self) -> (IpAddr, u16) {
        (self.destination.address, self.destination.port)
    }

    /// Counts a connection (a new one is not active yet) or a template.
    pub(super) fn bind(&mut self, kind: Kind) {
        match kind {
            Kind::Connection { state, .. } if state.is_active() => self.server.active += 1,
            Kind::Connection { .. } => self.server.inactive += 1,
            Kind::Template { .. } => self.persistent += 1,
            Kind::Free => {}
        }
        if self.destination.upper > 0 && self.connections() >= self.destination.upper {
            self.server.overloaded = true;
        }
    }

    pub(super) fn unbind(&mut self, kind: Kind) {
        match kind {
            Kind::Connection { state, .. } if state.is_active() => self.server.active -= 1,
            Kind::Connection { .. } => self.server.inactive -= 1,
            Kind::Template { .. } => self.persistent -= 1,
            Kind::Free => {}
        }
        let Destination { upper, lower, .. } = self.destination;
        let recovers_below = if lower > 0 { lower } else { upper - upper / 4 };
        if upper == 0 || self.connections() < recovers_below {
            self.server.overloaded = false;
        }
    }

    /// A connection went from one state to another.
    pub(super) fn moved(&mut self, was_active: bool, is_active: bool) {
        if was_active && !is_active {
            self.server.active -= 1;
            self.server.inactive += 1;
        } else if is_active && !was_active {
            self.server.active += 1;
            self.server.inactive -= 1;
        }
    }

    pub(super) fn is_referred_to(&self) -> bool {
        self.connections() > 0 || self.persistent > 0 || self.server.localities > 0
    }
}
