//! Which server a new connection gets, exactly as the kernel computes it (net/netfilter/ipvs of Linux 6.12), or better
//! where a service asks for that.
//!
//! All methods walk the same list, newest server first, because the kernel puts a new server at the head of its list.
//! Of equals, the first in that order wins. A server of weight 0, or one that its thresholds keep from new
//! connections, is not usable.

use core::hash::Hasher;
use core::net::IpAddr;

use siphasher::sip::SipHasher13;

use crate::connection::Ticks;
use crate::director::DestinationSlot;
use crate::link::Link;
use crate::service::{Method, Mode, SchedulerFlags, Service};

mod arena;
mod destination_hashing;
mod flows;
mod index;
mod locality;
mod maglev;
mod measure;
mod random;
mod round_robin;
mod smooth_round_robin;
mod source_hashing;
mod table;
mod two_choices;
mod weighted_round_robin;

use arena::Arena;
pub(crate) use flows::Flows;
use index::Index;
pub use index::IndexNode;
pub use locality::Locality;
use locality::{Localities, Place};
use maglev::Maglev;
pub(crate) use maglev::Permutation;
use measure::Measure;
use random::Random;
use round_robin::RoundRobin;
use smooth_round_robin::SmoothRoundRobin;
use table::Table;
pub use table::TableSlot;
use weighted_round_robin::WeightedRoundRobin;

/// What a service remembers from one connection to the next to schedule by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scheduler {
    rule: Rule,
    index: Index,
    table: Table,
    /// `sh` and `mh`: another server if the one of the hash is not usable.
    falls_back: bool,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// The best one by the index's measure: `lc`, `wlc`, `sed`, `nq`, `fo`, `ovf`.
    Best,
    RoundRobin(RoundRobin),
    WeightedRoundRobin(WeightedRoundRobin),
    SmoothRoundRobin(SmoothRoundRobin),
    DestinationHashing,
    SourceHashing,
    Maglev(Mode),
    Locality,
    ReplicatedLocality,
    TwoChoices(Mode),
}

/// What the schedulers of all services share.
#[derive(Debug)]
pub(crate) struct Workshop<'m> {
    nodes: Arena<'m, IndexNode>,
    tables: Arena<'m, TableSlot>,
    localities: Localities<'m>,
    random: Random,
    maglev: Maglev,
}

impl<'m> Workshop<'m> {
    pub(crate) fn new(
        nodes: &'m mut [IndexNode],
        tables: &'m mut [TableSlot],
        localities: &'m mut [Locality],
        seed: &[u8; 16],
    ) -> Self {
        let mut hasher = SipHasher13::new_with_key(seed);
        hasher.write(b"twos");
        Self {
            nodes: Arena::new(nodes),
            tables: Arena::new(tables),
            localities: Localities::new(localities, seed),
            random: Random::new(hasher.finish()),
            maglev: Maglev::new(seed),
        }
    }

    /// No address keeps a slot of a removed server any longer.
    pub(crate) fn forget_removed(&mut self, destinations: &mut [DestinationSlot]) {
        self.localities.forget_removed(destinations);
    }
}

impl Scheduler {
    /// `None` without room for the table that the method cannot do without.
    pub(crate) fn new(service: &Service, servers: Servers<'_>, workshop: &mut Workshop<'_>) -> Option<Self> {
        let mode = service.mode;
        let (rule, measure) = match service.method {
            Method::RoundRobin => (Rule::RoundRobin(RoundRobin::new()), Measure::Weight),
            Method::WeightedRoundRobin => match mode {
                Mode::Exact => (Rule::WeightedRoundRobin(WeightedRoundRobin::new(servers)), Measure::Weight),
                Mode::Improved => (Rule::SmoothRoundRobin(SmoothRoundRobin::new()), Measure::Turn),
            },
            Method::LeastConnection => (Rule::Best, Measure::Connections),
            Method::WeightedLeastConnection => (Rule::Best, Measure::WeightedConnections),
            Method::LocalityLeastConnection => (Rule::Locality, Measure::WeightedConnections),
            Method::LocalityLeastConnectionReplicated => {
                (Rule::ReplicatedLocality, Measure::WeightedConnections)
            }
            Method::DestinationHashing => (Rule::DestinationHashing, Measure::Weight),
            Method::SourceHashing => (Rule::SourceHashing, Measure::Weight),
            Method::Maglev => (Rule::Maglev(mode), Measure::Weight),
            Method::ShortestExpectedDelay => match mode {
                Mode::Exact => (Rule::Best, Measure::Delay),
                Mode::Improved => (Rule::Best, Measure::DelayWithFlows),
            },
            Method::NeverQueue => match mode {
                Mode::Exact => (Rule::Best, Measure::Idle),
                Mode::Improved => (Rule::Best, Measure::IdleWithFlows),
            },
            Method::WeightedFailover => (Rule::Best, Measure::Weight),
            Method::WeightedOverflow => (Rule::Best, Measure::Room),
            Method::TwoRandomChoices => (Rule::TwoChoices(mode), Measure::Share),
        };
        let table = match rule {
            Rule::DestinationHashing | Rule::SourceHashing => {
                Table::new(&mut workshop.tables, source_hashing::BUCKETS)
            }
            Rule::Maglev(_) => {
                let table = Table::new(&mut workshop.tables, Maglev::slots(mode));
                if table.len() == 0 {
                    return None;
                }
                table
            }
            Rule::Best
            | Rule::RoundRobin(_)
            | Rule::WeightedRoundRobin(_)
            | Rule::SmoothRoundRobin(_)
            | Rule::Locality
            | Rule::ReplicatedLocality
            | Rule::TwoChoices(_) => Table::NONE,
        };
        let mut scheduler = Self { rule, index: Index::new(measure), table, falls_back: false };
        scheduler.set_flags(service.flags);
        Some(scheduler)
    }

    /// Takes over what flags say about the choice. What counts of a client is for its [`Request`] to say.
    pub(crate) fn set_flags(&mut self, flags: SchedulerFlags) {
        self.falls_back = flags.contains(SchedulerFlags::FLAG_1);
    }

    /// How many servers there may be at most.
    pub(crate) fn most_servers(&self) -> usize {
        match self.rule {
            Rule::Maglev(_) => self.table.len(),
            Rule::Best
            | Rule::RoundRobin(_)
            | Rule::WeightedRoundRobin(_)
            | Rule::SmoothRoundRobin(_)
            | Rule::DestinationHashing
            | Rule::SourceHashing
            | Rule::Locality
            | Rule::ReplicatedLocality
            | Rule::TwoChoices(_) => usize::MAX,
        }
    }

    /// The service, which had this number, is gone or picks otherwise now.
    pub(crate) fn end(
        mut self,
        service: usize,
        workshop: &mut Workshop<'_>,
        destinations: &mut [DestinationSlot],
    ) {
        self.index.give_back(&mut workshop.nodes);
        self.table.give_back(&mut workshop.tables);
        if matches!(self.rule, Rule::Locality | Rule::ReplicatedLocality) {
            workshop.localities.forget_service(service, destinations);
        }
    }

    /// A server was taken out of the list; `before` is the one that stood before it.
    pub(crate) fn removed(&mut self, server: usize, before: Link) {
        if let Rule::RoundRobin(state) = &mut self.rule {
            state.removed(server, before);
        }
    }

    /// A server was added or removed, or a weight or a threshold changed.
    pub(crate) fn changed(&mut self, servers: Servers<'_>) {
        self.index.outdate();
        self.table.outdate();
        match &mut self.rule {
            Rule::RoundRobin(state) => state.changed(),
            Rule::WeightedRoundRobin(state) => state.changed(servers),
            Rule::SmoothRoundRobin(state) => state.changed(),
            Rule::Best
            | Rule::DestinationHashing
            | Rule::SourceHashing
            | Rule::Maglev(_)
            | Rule::Locality
            | Rule::ReplicatedLocality
            | Rule::TwoChoices(_) => {}
        }
    }

    /// The connections of a server of the list changed.
    pub(crate) fn counted(
        &self,
        workshop: &mut Workshop<'_>,
        destinations: &[DestinationSlot],
        server: usize,
    ) {
        self.index.update(&mut workshop.nodes, destinations, server);
    }

    /// Whether it wants to know of [`Flows`].
    pub(crate) fn sees_flows(&self) -> bool {
        self.index.measure().sees_flows()
    }

    /// The server for a new connection, if there is one.
    ///
    /// Nearly always it is found in a few steps; the rules that need many registers for it have functions of their own,
    /// so that the others save none.
    #[inline]
    pub(crate) fn pick(
        &mut self,
        workshop: &mut Workshop<'_>,
        slots: &mut [DestinationSlot],
        first: Link,
        request: &Request,
    ) -> Link {
        let Workshop { nodes, tables, .. } = &*workshop;
        let picked = match &mut self.rule {
            Rule::Best => self.index.best(nodes, request.now.epoch()),
            Rule::RoundRobin(state) => state.pick_at_once(&self.index, nodes),
            Rule::WeightedRoundRobin(state) => {
                let picked = state.pick_at_once(&self.index, nodes);
                if picked == Link::NONE {
                    return self.pick_soon(workshop, slots, first, request);
                }
                picked
            }
            Rule::DestinationHashing => {
                self.table.owner(tables, slots, source_hashing::bucket(&request.virtual_address, 0))
            }
            Rule::SourceHashing => {
                let bucket = source_hashing::bucket(&request.client, request.client_port);
                self.table.owner(tables, slots, bucket)
            }
            Rule::Maglev(Mode::Exact) => return self.pick_by_maglev(workshop, slots, first, request),
            Rule::Maglev(Mode::Improved) => {
                return self.pick_by_improved_maglev(workshop, slots, first, request);
            }
            Rule::SmoothRoundRobin(_) | Rule::Locality | Rule::ReplicatedLocality | Rule::TwoChoices(_) => {
                Link::NONE
            }
        };
        if picked == Link::NONE { self.search(workshop, slots, first, request) } else { picked }
    }

    /// The server of `wrr` where it is one of the next few.
    #[inline(never)]
    fn pick_soon(
        &mut self,
        workshop: &mut Workshop<'_>,
        slots: &mut [DestinationSlot],
        first: Link,
        request: &Request,
    ) -> Link {
        let Rule::WeightedRoundRobin(state) = &mut self.rule else { return Link::NONE };
        let picked = state.pick_soon(&self.index, &workshop.nodes);
        if picked == Link::NONE { self.pick_in_next_round(workshop, slots, first, request) } else { picked }
    }

    /// The server of `wrr` where a round is over.
    #[inline(never)]
    fn pick_in_next_round(
        &mut self,
        workshop: &mut Workshop<'_>,
        slots: &mut [DestinationSlot],
        first: Link,
        request: &Request,
    ) -> Link {
        let Rule::WeightedRoundRobin(state) = &mut self.rule else { return Link::NONE };
        let picked = state.pick_in_next_round(&self.index, &workshop.nodes);
        if picked == Link::NONE { self.search(workshop, slots, first, request) } else { picked }
    }

    /// The server of `mh`.
    #[inline(never)]
    fn pick_by_maglev(
        &mut self,
        workshop: &mut Workshop<'_>,
        slots: &mut [DestinationSlot],
        first: Link,
        request: &Request,
    ) -> Link {
        let home = Maglev::home(&request.client, request.client_port);
        let picked = self.table.owner(&workshop.tables, slots, home);
        if picked == Link::NONE { self.search(workshop, slots, first, request) } else { picked }
    }

    /// The server of `mh`, improved.
    #[inline(never)]
    fn pick_by_improved_maglev(
        &mut self,
        workshop: &mut Workshop<'_>,
        slots: &mut [DestinationSlot],
        first: Link,
        request: &Request,
    ) -> Link {
        let home = workshop.maglev.improved_home(&request.client, request.client_port);
        let picked = self.table.owner(&workshop.tables, slots, home);
        if picked == Link::NONE { self.search(workshop, slots, first, request) } else { picked }
    }

    /// The server for a new connection by every means.
    #[inline(never)]
    fn search(
        &mut self,
        workshop: &mut Workshop<'_>,
        destinations: &mut [DestinationSlot],
        first: Link,
        request: &Request,
    ) -> Link {
        self.found(workshop, destinations, first, request).into()
    }

    fn found(
        &mut self,
        workshop: &mut Workshop<'_>,
        destinations: &mut [DestinationSlot],
        first: Link,
        request: &Request,
    ) -> Option<usize> {
        let Self { rule, index, table, falls_back } = self;
        let Workshop { nodes, tables, localities, random, maglev, .. } = workshop;
        let epoch = request.now.epoch();
        let client = (&request.client, request.client_port);
        match rule {
            Rule::Best => {
                index.refresh(nodes, destinations, first, epoch);
                index.candidates(nodes, Servers { slots: destinations, first }).best()
            }
            Rule::RoundRobin(state) => {
                index.refresh(nodes, destinations, first, epoch);
                state.pick(&index.candidates(nodes, Servers { slots: destinations, first }))
            }
            Rule::WeightedRoundRobin(state) => {
                index.refresh(nodes, destinations, first, epoch);
                state.pick(&index.candidates(nodes, Servers { slots: destinations, first }))
            }
            Rule::SmoothRoundRobin(state) => {
                state.start(destinations, first);
                index.refresh(nodes, destinations, first, epoch);
                let picked = index.candidates(nodes, Servers { slots: destinations, first }).best()?;
                state.picked(destinations.get_mut(picked)?);
                index.update(nodes, destinations, picked);
                Some(picked)
            }
            Rule::DestinationHashing => {
                let servers = Servers { slots: destinations, first };
                let table = table.refresh(tables, |table| destination_hashing::fill(table, servers));
                let bucket = source_hashing::bucket(&request.virtual_address, 0);
                let owner = match table {
                    Some(table) => table.get(bucket)?.link(),
                    None => Link::from(destination_hashing::owner(servers, bucket)),
                };
                servers.get(owner).filter(|(_, server)| server.is_usable()).map(|(index, _)| index)
            }
            Rule::SourceHashing => {
                let servers = Servers { slots: destinations, first };
                let table = table.refresh(tables, |table| source_hashing::fill(table, servers));
                source_hashing::pick(servers, table, client, *falls_back)
            }
            Rule::Maglev(mode) => {
                let table = table.refresh(tables, |table| maglev.fill(*mode, table, destinations, first))?;
                maglev.pick(*mode, Servers { slots: destinations, first }, table, client, *falls_back)
            }
            Rule::Locality | Rule::ReplicatedLocality => {
                index.refresh(nodes, destinations, first, epoch);
                let now = request.now;
                let least =
                    |slots: &[DestinationSlot]| index.candidates(nodes, Servers { slots, first }).best();
                let place = Place::new(request.service, request.virtual_address);
                if matches!(rule, Rule::Locality) {
                    localities.single(now, place, destinations, first, least)
                } else {
                    localities.set(now, place, destinations, first, least)
                }
            }
            Rule::TwoChoices(mode) => {
                index.refresh(nodes, destinations, first, epoch);
                let servers = Servers { slots: destinations, first };
                two_choices::pick(servers, &index.candidates(nodes, servers), *mode, random)
            }
        }
    }
}

/// What schedulers know about a new connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) now: Ticks,
    /// The number of the service.
    pub(crate) service: usize,
    pub(crate) client: IpAddr,
    /// 0 where it does not count: without [`SchedulerFlags::FLAG_2`].
    pub(crate) client_port: u16,
    pub(crate) virtual_address: IpAddr,
}

/// What schedulers know about a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) weight: u32,
    /// The last weight that was not 0, or the first one.
    pub(crate) last_weight: u32,
    /// Connections that are being or are established, and all others.
    pub(crate) active: u32,
    pub(crate) inactive: u32,
    pub(crate) overloaded: bool,
    /// The next older server of the service.
    pub(crate) next: Link,
    /// Virtual addresses that are kept with it.
    pub(crate) localities: u32,
    pub(crate) flows: Flows,
    /// Its rank in the list, as far as the index knows it.
    place: u32,
    /// When it is next, as [`SmoothRoundRobin`] reckons.
    turn: u64,
    permutation: Permutation,
}

impl Server {
    pub(crate) const EMPTY: Self = Self {
        weight: 0,
        last_weight: 0,
        active: 0,
        inactive: 0,
        overloaded: false,
        next: Link::NONE,
        localities: 0,
        flows: Flows::NONE,
        place: 0,
        turn: 0,
        permutation: Permutation::NONE,
    };

    pub(crate) fn is_usable(&self) -> bool {
        self.weight > 0 && !self.overloaded
    }

    /// An active connection counts for 256 inactive ones. Kernels from 6.12.117 on count active ones once more (257
    /// to 1); this is the form of nearly every kernel in use.
    fn overhead(&self) -> u64 {
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
