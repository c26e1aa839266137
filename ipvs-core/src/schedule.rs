//! Which server a new connection gets, exactly as the kernel computes it (net/netfilter/ipvs of Linux 6.12).
//!
//! All methods walk the same list, newest server first, because the kernel puts a new server at the head of its list.
//! Of equals, the first in that order wins. A server of weight 0, or one that its thresholds keep from new
//! connections, is not usable.

use core::net::IpAddr;

use crate::director::DestinationSlot;
use crate::link::Link;
use crate::service::{Method, SchedulerFlags};

mod least_connection;
mod round_robin;
mod source_hashing;
mod weighted_round_robin;

use round_robin::RoundRobin;
use weighted_round_robin::WeightedRoundRobin;

/// A method with what it remembers from one connection to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scheduler {
    RoundRobin(RoundRobin),
    WeightedRoundRobin(WeightedRoundRobin),
    LeastConnection,
    WeightedLeastConnection,
    SourceHashing,
}

impl Scheduler {
    /// `None` for methods that [`Method::in_user_space`] denies.
    pub(crate) fn new(method: Method, servers: Servers<'_>) -> Option<Self> {
        match method {
            Method::RoundRobin => Some(Self::RoundRobin(RoundRobin::new())),
            Method::WeightedRoundRobin => Some(Self::WeightedRoundRobin(WeightedRoundRobin::new(servers))),
            Method::LeastConnection => Some(Self::LeastConnection),
            Method::WeightedLeastConnection => Some(Self::WeightedLeastConnection),
            Method::SourceHashing => Some(Self::SourceHashing),
            Method::LocalityLeastConnection
            | Method::LocalityLeastConnectionReplicated
            | Method::DestinationHashing
            | Method::Maglev
            | Method::ShortestExpectedDelay
            | Method::NeverQueue
            | Method::WeightedFailover
            | Method::WeightedOverflow
            | Method::TwoRandomChoices => None,
        }
    }

    /// A server was taken out of the list; `before` is the one that stood before it.
    pub(crate) fn removed(&mut self, server: usize, before: Link) {
        match self {
            Self::RoundRobin(state) => state.removed(server, before),
            Self::WeightedRoundRobin(_)
            | Self::LeastConnection
            | Self::WeightedLeastConnection
            | Self::SourceHashing => {}
        }
    }

    /// A server was added or removed, or a weight changed.
    pub(crate) fn changed(&mut self, servers: Servers<'_>) {
        match self {
            Self::WeightedRoundRobin(state) => state.changed(servers),
            Self::RoundRobin(_)
            | Self::LeastConnection
            | Self::WeightedLeastConnection
            | Self::SourceHashing => {}
        }
    }

    /// The server for a new connection of `client` (address and port).
    pub(crate) fn pick(
        &mut self,
        servers: Servers<'_>,
        flags: SchedulerFlags,
        client: (IpAddr, u16),
    ) -> Option<usize> {
        match self {
            Self::RoundRobin(state) => state.pick(servers),
            Self::WeightedRoundRobin(state) => state.pick(servers),
            Self::LeastConnection => least_connection::pick(servers),
            Self::WeightedLeastConnection => least_connection::pick_weighted(servers),
            Self::SourceHashing => source_hashing::pick(servers, flags, client),
        }
    }
}

/// What schedulers know about a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) weight: u32,
    /// Connections in state ESTABLISHED, and all others.
    pub(crate) active: u32,
    pub(crate) inactive: u32,
    pub(crate) overloaded: bool,
    /// The next older server of the service.
    pub(crate) next: Link,
}

impl Server {
    pub(crate) fn is_usable(&self) -> bool {
        self.weight > 0 && !self.overloaded
    }

    /// What lc and wlc compare: an active connection counts for 256 inactive ones. Kernels from 6.12.117 on count
    /// active ones twice (257 to 1); the classic form is the one of nearly every kernel in use, and the difference
    /// never shows below 256 connections on a server.
    pub(crate) fn overhead(&self) -> u64 {
        (u64::from(self.active) << 8) + u64::from(self.inactive)
    }
}

/// The servers of one service as a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Servers<'a> {
    pub(crate) slots: &'a [DestinationSlot],
    pub(crate) first: Link,
}

impl<'a> Servers<'a> {
    pub(crate) fn get(&self, link: Link) -> Option<(usize, &'a Server)> {
        let index = link.index()?;
        Some((index, &self.slots.get(index)?.server))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (usize, &'a Server)> + Clone {
        self.from(self.first)
    }

    /// From this one to the end of the list; nothing for no link.
    pub(crate) fn from(self, link: Link) -> impl Iterator<Item = (usize, &'a Server)> + Clone {
        core::iter::successors(self.get(link), move |(_, server)| self.get(server.next))
    }

    /// What follows this one: the whole list for no link.
    pub(crate) fn after(self, link: Link) -> impl Iterator<Item = (usize, &'a Server)> + Clone {
        self.from(self.get(link).map_or(self.first, |(_, server)| server.next))
    }
}
