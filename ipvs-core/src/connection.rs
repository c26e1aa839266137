//! The connections that are under way and the clients that persistence binds, in one table of fixed size.
//!
//! A table never grows and never moves an entry, so a number stands for an entry while it lives. Each is found through
//! an index: by client and virtual address, and with NAT also by client and real server for the replies. The hash
//! is keyed, so that nobody who does not know the key can make many alike.

use core::net::{IpAddr, Ipv6Addr};

use crate::hash::Hasher;
use crate::link::Link;
use crate::service::{Family, Protocol};

use index::{Index, Tag};
use queue::Queue;
use wheel::Wheel;

mod clock;
mod index;
mod queue;
mod sctp;
mod state;
mod tcp;
mod wheel;

pub(crate) use clock::Ticks;
pub use index::Bucket;
pub(crate) use sctp::Chunk;
pub use state::Timeouts;
pub(crate) use state::{Side, Signal, Spans, State};
pub(crate) use tcp::Segment;
pub use wheel::Timer;

/// Room for one connection or one persistent client, of either family. It is one line of a processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Entry {
    /// IPv4 addresses stand here mapped into IPv6; `family` says which they are.
    pub(crate) client: Ipv6Addr,
    pub(crate) virtual_address: Ipv6Addr,
    pub(crate) client_port: u16,
    pub(crate) virtual_port: u16,
    pub(crate) server_port: u16,
    pub(crate) family: Family,
    pub(crate) protocol: Protocol,
    pub(crate) kind: Kind,
    /// The slot of its destination, which outlives it.
    pub(crate) destination: Link,
    pub(crate) expires: Ticks,
    request_tag: Tag,
    reply_tag: Tag,
}

const _: () = assert!(size_of::<Entry>() == 64);

impl Entry {
    /// Holds nothing.
    pub const EMPTY: Self = Self {
        client: Ipv6Addr::UNSPECIFIED,
        virtual_address: Ipv6Addr::UNSPECIFIED,
        client_port: 0,
        virtual_port: 0,
        server_port: 0,
        family: Family::V6,
        protocol: Protocol::Tcp,
        kind: Kind::Free,
        destination: Link::NONE,
        expires: Ticks::ZERO,
        request_tag: Tag::NO_REPLY,
        reply_tag: Tag::NO_REPLY,
    };

    /// A connection or a template (which has no client port) without state yet.
    pub(crate) fn new(
        request: &Flow,
        server_port: u16,
        kind: Kind,
        destination: usize,
        expires: Ticks,
    ) -> Self {
        Self {
            client: request.source,
            virtual_address: request.destination,
            client_port: request.source_port,
            virtual_port: request.destination_port,
            server_port,
            family: request.family,
            protocol: request.protocol,
            kind,
            destination: Link::to(destination),
            expires,
            ..Self::EMPTY
        }
    }

    /// The addresses and ports of the client's packets.
    pub(crate) fn request(&self) -> Flow {
        Flow {
            family: self.family,
            protocol: self.protocol,
            source: self.client,
            source_port: self.client_port,
            destination: self.virtual_address,
            destination_port: self.virtual_port,
        }
    }

    /// Whether its client sends such packets.
    #[inline]
    fn is_asked_by(&self, packet: &Flow) -> bool {
        self.request() == *packet
    }

    /// Whether its server sends such packets.
    #[inline]
    fn is_answered_by(&self, packet: &Flow, server_of: impl Fn(Link) -> Option<Ipv6Addr>) -> bool {
        self.client == packet.destination
            && self.client_port == packet.destination_port
            && self.server_port == packet.source_port
            && self.protocol == packet.protocol
            && self.family == packet.family
            && server_of(self.destination) == Some(packet.source)
    }

    fn is_template(&self) -> bool {
        matches!(self.kind, Kind::Template { .. })
    }

    /// Whether it may be given up for a new connection: its client has not shown that it is there, or it is over, as far
    /// as can be seen from here. (Else a table full of finished connections by direct routing would have the handshakes of
    /// the next ones give way.) A template with connections stays.
    pub(crate) fn gives_way(&self) -> bool {
        match self.kind {
            Kind::Free => false,
            Kind::Connection { state, through_nat, .. } => {
                !state.is_verified() || state.is_over(!through_nat)
            }
            Kind::Template { assured, connections } => !assured && connections == 0,
        }
    }
}

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Free,
    Connection {
        state: State,
        /// Replies come by here to be rewritten.
        through_nat: bool,
        /// The template that it belongs to.
        template: Link,
    },
    /// Binds a client to a server (persistence).
    Template {
        /// One of its connections was verified.
        assured: bool,
        /// How many connections belong to it.
        connections: u32,
    },
}

/// Addresses and ports of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) family: Family,
    pub(crate) protocol: Protocol,
    pub(crate) source: Ipv6Addr,
    pub(crate) source_port: u16,
    pub(crate) destination: Ipv6Addr,
    pub(crate) destination_port: u16,
}

/// An address as entries keep it.
pub(crate) fn widened(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// An address as packets have it.
pub(crate) fn narrowed(family: Family, address: Ipv6Addr) -> IpAddr {
    match family {
        Family::V4 => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
        Family::V6 => IpAddr::V6(address),
    }
}

/// The entries in use, over lent memory.
#[derive(Debug)]
pub(crate) struct Table<'m> {
    entries: &'m mut [Entry],
    index: Index<'m>,
    wheel: Wheel<'m>,
    hasher: Hasher,
    /// Entries given back, each with its successor for a destination.
    free: Link,
    /// Entries from here on were never used.
    fresh: usize,
    queue: Queue,
    /// Counts insertions and removals.
    generation: u64,
}

impl<'m> Table<'m> {
    pub(crate) fn new(
        entries: &'m mut [Entry],
        timers: &'m mut [Timer],
        buckets: &'m mut [Bucket],
        seed: &[u8; 16],
    ) -> Self {
        timers.fill(Timer::EMPTY);
        Self {
            entries,
            index: Index::new(buckets),
            wheel: Wheel::new(timers),
            hasher: Hasher::new(seed),
            free: Link::NONE,
            fresh: 0,
            queue: Queue::new(),
            generation: 0,
        }
    }

    /// How many entries ever were in use at once: what there is to look through.
    pub(crate) fn extent(&self) -> usize {
        self.fresh
    }

    /// The entry there, unless it is free.
    pub(crate) fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index).filter(|entry| entry.kind != Kind::Free)
    }

    /// The entry there, unless it is free. Addresses and ports are not to be changed: it is found by them.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Entry> {
        self.entries.get_mut(index).filter(|entry| entry.kind != Kind::Free)
    }

    /// Has an entry end at this time.
    pub(crate) fn set_expiry(&mut self, now: Ticks, index: usize, expires: Ticks) {
        let Some(entry) = self.get_mut(index) else { return };
        // An entry that is looked at too early is put back; one that would be looked at too late is moved.
        if core::mem::replace(&mut entry.expires, expires) > expires {
            self.wheel.remove(index);
            self.wheel.insert(index, now.seconds(), expires.seconds_complete());
        }
    }

    /// An entry whose time is up. It is in the wheel no more, and to be [removed](Self::remove) or to be
    /// [kept](Self::keep). `None` when there is none, or when `budget` of entries were looked at.
    pub(crate) fn take_expired(&mut self, now: Ticks, second: u32, budget: &mut usize) -> Option<usize> {
        while *budget > 0 {
            let index = self.wheel.take(second)?;
            *budget -= 1;
            let Some(entry) = self.get(index) else { continue };
            if entry.expires.have_come(now) {
                return Some(index);
            }
            let due = entry.expires.seconds_complete();
            self.wheel.insert(index, second, due);
        }
        None
    }

    /// Gives an entry that was taken out as expired another time to end.
    pub(crate) fn keep(&mut self, now: Ticks, index: usize, expires: Ticks) {
        let Some(entry) = self.get_mut(index) else { return };
        entry.expires = expires;
        self.wheel.remove(index);
        self.wheel.insert(index, now.seconds(), expires.seconds_complete());
    }

    /// Whether entries whose time is up are left.
    pub(crate) fn is_behind(&self) -> bool {
        self.wheel.is_behind()
    }

    /// The second at which entries are to be looked at.
    pub(crate) fn due(&self) -> Option<u32> {
        self.wheel.due()
    }

    /// The connection that a packet belongs to, whose side sent it, and the hash that it was found by. `server_of` says
    /// the address of a destination.
    ///
    /// Two services that send the same client port to the same server and port cannot be told apart by the reply (nor
    /// by the server); the newer connection gets it.
    #[inline]
    pub(crate) fn find(
        &self,
        hash: u64,
        packet: &Flow,
        server_of: impl Fn(Link) -> Option<Ipv6Addr>,
    ) -> Option<(Side, usize)> {
        self.index.find(hash, |side, index| match side {
            Side::Request | Side::RequestOnly => self.is_asked_by(index, packet),
            Side::Reply => self.is_answered_by(index, packet, &server_of),
        })
    }

    /// Whether the client of this entry sends such packets. Apart, so that the search keeps no registers for it.
    #[inline(never)]
    fn is_asked_by(&self, index: usize, packet: &Flow) -> bool {
        let entry = self.entries.get(index);
        entry.is_some_and(|entry| entry.is_asked_by(packet) && !entry.is_template())
    }

    /// The same of the server.
    #[inline(never)]
    fn is_answered_by(
        &self,
        index: usize,
        packet: &Flow,
        server_of: impl Fn(Link) -> Option<Ipv6Addr>,
    ) -> bool {
        self.entries.get(index).is_some_and(|entry| entry.is_answered_by(packet, server_of))
    }

    /// The connection whose client sent this packet.
    pub(crate) fn find_request(&self, packet: &Flow) -> Option<usize> {
        let found = self.find(self.hash(packet), packet, |_| None);
        found.map(|(_, index)| index)
    }

    /// The connection that this packet of a real server answers.
    pub(crate) fn find_reply(
        &self,
        packet: &Flow,
        server_of: impl Fn(Link) -> Option<Ipv6Addr>,
    ) -> Option<usize> {
        let found = self.index.find(self.hash(packet), |side, index| {
            let entry = self.entries.get(index).filter(|_| side == Side::Reply);
            entry.is_some_and(|entry| entry.is_answered_by(packet, &server_of))
        });
        found.map(|(_, index)| index)
    }

    /// The template with this client and virtual address; its ports are 0 and the service's.
    pub(crate) fn find_template(&self, template: &Flow) -> Option<usize> {
        let found = self.index.find(self.hash(template), |side, index| {
            let entry = self.entries.get(index).filter(|_| side == Side::Request);
            entry.is_some_and(|entry| entry.is_asked_by(template) && entry.is_template())
        });
        found.map(|(_, index)| index)
    }

    /// Changes when anything is found otherwise.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// What stands in the index where the search for a hash begins.
    pub(crate) fn first(&self, hash: u64) -> Bucket {
        self.index.first(hash)
    }

    /// Whether [`insert`](Self::insert) has room as it is.
    pub(crate) fn has_room(&self) -> bool {
        self.index.has_room()
            && (self.free != Link::NONE || self.fresh < self.entries.len().min(self.wheel.capacity()))
    }

    /// The entry to give up for a new one: of those that [give way](Entry::gives_way), the one that has done so for the
    /// longest.
    pub(crate) fn victim(&self) -> Option<usize> {
        self.queue.oldest()
    }

    /// Changes what an entry holds, which stays a connection or a template.
    pub(crate) fn set_kind(&mut self, index: usize, kind: Kind) {
        let Some(entry) = self.get_mut(index) else { return };
        entry.kind = kind;
        let gives_way = entry.gives_way();
        self.queue.set(self.wheel.timers(), index, gives_way);
    }

    /// Enters an entry; with NAT, `server` is the address that replies come from. `None` without room.
    pub(crate) fn insert(&mut self, now: Ticks, mut entry: Entry, server: Option<Ipv6Addr>) -> Option<usize> {
        if !self.has_room() {
            return None;
        }
        let index = self.free.index().unwrap_or(self.fresh);
        entry.request_tag = Tag::of_request(self.hash(&entry.request()));
        if let Some(server) = server {
            entry.reply_tag = Tag::of_reply(self.hash(&reply(&entry, server)));
        }
        let slot = self.entries.get_mut(index)?;
        if self.free == Link::NONE {
            self.fresh += 1;
        } else {
            self.free = slot.destination;
        }
        *slot = entry;
        self.index.insert(entry.request_tag, index);
        if entry.reply_tag != Tag::NO_REPLY {
            self.index.insert(entry.reply_tag, index);
        }
        self.wheel.insert(index, now.seconds(), entry.expires.seconds_complete());
        self.queue.set(self.wheel.timers(), index, entry.gives_way());
        self.generation = self.generation.wrapping_add(1);
        Some(index)
    }

    /// Takes an entry out and frees its slot.
    pub(crate) fn remove(&mut self, index: usize) -> Option<Entry> {
        let entry = *self.get(index)?;
        self.index.remove(entry.request_tag, index);
        if entry.reply_tag != Tag::NO_REPLY {
            self.index.remove(entry.reply_tag, index);
        }
        *self.entries.get_mut(index)? = Entry { destination: self.free, ..Entry::EMPTY };
        self.free = Link::to(index);
        self.wheel.remove(index);
        self.queue.set(self.wheel.timers(), index, false);
        self.generation = self.generation.wrapping_add(1);
        Some(entry)
    }

    /// A number for a flow that nobody without the key can foresee.
    #[inline]
    pub(crate) fn hash(&self, flow: &Flow) -> u64 {
        let ports = u64::from(flow.source_port) << 16 | u64::from(flow.destination_port);
        let rest = u64::from(flow.protocol.number()) << 32 | ports;
        match flow.family {
            Family::V4 => {
                let low = |address: Ipv6Addr| {
                    let [.., a, b, c, d] = address.octets();
                    u64::from(u32::from_be_bytes([a, b, c, d]))
                };
                self.hasher.hash([low(flow.source) << 32 | low(flow.destination)], rest, 5)
            }
            Family::V6 => {
                let halves = |address: Ipv6Addr| {
                    let octets = address.octets();
                    let (halves, _) = octets.as_chunks::<8>();
                    [u64::from_be_bytes(halves[0]), u64::from_be_bytes(halves[1])]
                };
                let ([a, b], [c, d]) = (halves(flow.source), halves(flow.destination));
                self.hasher.hash([a, b, c, d], rest, 5)
            }
        }
    }
}

/// The packets that a server at this address sends for a connection.
fn reply(entry: &Entry, server: Ipv6Addr) -> Flow {
    Flow {
        family: entry.family,
        protocol: entry.protocol,
        source: server,
        source_port: entry.server_port,
        destination: entry.client,
        destination_port: entry.client_port,
    }
}
