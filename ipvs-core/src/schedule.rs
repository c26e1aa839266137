//! Which server a new connection gets, exactly as the kernel computes it (net/netfilter/ipvs of Linux 6.12).
//!
//! All methods walk the same list, newest server first, because the kernel puts a new server at the head of its list.
//! Of equals, the first in that order wins. A server of weight 0, or one that its thresholds keep from new
//! connections, is not usable.

use core::net::IpAddr;

use crate::director::DestinationSlot;
use crate::link::Link;
use crate::service::{Method, SchedulerFlags};

mod destination_hashing;
mod highest_weight;
mod least_connection;
mod round_robin;
mod shortest_delay;
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
    DestinationHashing,
    SourceHashing,
    ShortestExpectedDelay,
    NeverQueue,
    WeightedFailover,
    WeightedOverflow,
}

impl Scheduler {
    /// `None` for methods that [`Method::in_user_space`] denies.
    pub(crate) fn new(method: Method, servers: Servers<'_>) -> Option<Self> {
        match method {
            Method::RoundRobin => Some(Self::RoundRobin(RoundRobin::new())),
            Method::WeightedRoundRobin => Some(Self::WeightedRoundRobin(WeightedRoundRobin::new(servers))),
            Method::LeastConnection => Some(Self::LeastConnection),
            Method::WeightedLeastConnection => Some(Self::WeightedLeastConnection),
            Method::DestinationHashing => Some(Self::DestinationHashing),
            Method::SourceHashing => Some(Self::SourceHashing),
            Method::ShortestExpectedDelay => Some(Self::ShortestExpectedDelay),
            Method::NeverQueue => Some(Self::NeverQueue),
            Method::WeightedFailover => Some(Self::WeightedFailover),
            Method::WeightedOverflow => Some(Self::WeightedOverflow),
            Method::LocalityLeastConnection
            | Method::LocalityLeastConnectionReplicated
            | Method::Maglev
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
            | Self::DestinationHashing
            | Self::SourceHashing
            | Self::ShortestExpectedDelay
            | Self::NeverQueue
            | Self::WeightedFailover
            | Self::WeightedOverflow => {}
        }
    }

    /// A server was added or removed, or a weight changed.
    pub(crate) fn changed(&mut self, servers: Servers<'_>) {
        match self {
            Self::WeightedRoundRobin(state) => state.changed(servers),
            Self::RoundRobin(_)
            | Self::LeastConnection
            | Self::WeightedLeastConnection
            | Self::DestinationHashing
            | Self::SourceHashing
            | Self::ShortestExpectedDelay
            | Self::NeverQueue
            | Self::WeightedFailover
            | Self::WeightedOverflow => {}
        }
    }

    /// The server for a new connection.
    pub(crate) fn pick(
        &mut self,
        servers: Servers<'_>,
        flags: SchedulerFlags,
        request: &Request,
    ) -> Option<usize> {
        match self {
            Self::RoundRobin(state) => state.pick(servers),
            Self::WeightedRoundRobin(state) => state.pick(servers),
            Self::LeastConnection => least_connection::pick(servers),
            Self::WeightedLeastConnection => least_connection::pick_weighted(servers),
            Self::DestinationHashing => destination_hashing::pick(servers, request.virtual_address),
            Self::SourceHashing => {
                source_hashing::pick(servers, flags, (request.client, request.client_port))
            }
            Self::ShortestExpectedDelay => shortest_delay::pick(servers),
            Self::NeverQueue => shortest_delay::pick_idle(servers),
            Self::WeightedFailover => highest_weight::pick(servers),
            Self::WeightedOverflow => highest_weight::pick_with_room(servers),
        }
    }
}

/// What schedulers know about a new connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) client: IpAddr,
    pub(crate) client_port: u16,
    pub(crate) virtual_address: IpAddr,
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

/// The first of the usable servers with the least `load` for its weight, compared without division.
fn least_for_its_weight(servers: Servers<'_>, load: impl Fn(&Server) -> u64) -> Option<usize> {
    let usable = servers.iter().filter(|(_, server)| server.is_usable());
    let least = usable.reduce(|least, other| {
        let share = |load: u64, weight: u32| u128::from(load) * u128::from(weight);
        if share(load(least.1), other.1.weight) > share(load(other.1), least.1.weight) {
            other
        } else {
            least
        }
    });
    least.map(|(index, _)| index)
}
