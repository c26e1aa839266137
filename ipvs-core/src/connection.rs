//! The connections that are under way and the clients that persistence binds, in one table of fixed size.
//!
//! A table never grows and never moves an entry, so an index stands for an entry while it lives. Each is found through
//! hash chains: by client and virtual address, and with NAT also by client and real server for the replies. The hash
//! is keyed, so that nobody who does not know the key can fill one chain.

use core::hash::Hasher;
use core::net::{IpAddr, Ipv6Addr};

use siphasher::sip::SipHasher13;

use crate::link::Link;
use crate::service::{Family, Protocol};

use queue::Queue;
use wheel::Wheel;

mod clock;
mod queue;
mod sctp;
mod state;
mod tcp;
mod wheel;

pub(crate) use clock::Ticks;
pub(crate) use sctp::Chunk;
pub use state::Timeouts;
pub(crate) use state::{Side, Signal, State};
pub(crate) use tcp::Segment;
pub use wheel::Timer;

/// Room for one connection or one persistent client, of either family.
#[derive(Clone, Copy, Debug)]
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
    next: Link,
    next_reply: Link,
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
        next: Link::NONE,
        next_reply: Link::NONE,
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
            next: Link::NONE,
            next_reply: Link::NONE,
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

    fn is_template(&self) -> bool {
        matches!(self.kind, Kind::Template { .. })
    }

    /// Whether it may be given up for a new connection: its client has not shown that it is there, or it is over. A
    /// template with connections stays.
    pub(crate) fn gives_way(&self) -> bool {
        match self.kind {
            Kind::Free => false,
            Kind::Connection { state, .. } => !state.is_verified(),
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

/// Heads of the hash chains.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    requests: Link,
    replies: Link,
}

impl Bucket {
    /// No chain.
    pub const EMPTY: Self = Self { requests: Link::NONE, replies: Link::NONE };
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
    buckets: &'m mut [Bucket],
    wheel: Wheel<'m>,
    hasher: SipHasher13,
    /// Entries given back.
    free: Link,
    /// Entries from here on were never used.
    fresh: usize,
    queue: Queue,
}

impl<'m> Table<'m> {
    pub(crate) fn new(
        entries: &'m mut [Entry],
        timers: &'m mut [Timer],
        buckets: &'m mut [Bucket],
        seed: &[u8; 16],
    ) -> Self {
        buckets.fill(Bucket::EMPTY);
        timers.fill(Timer::EMPTY);
        let hasher = SipHasher13::new_with_key(seed);
        let wheel = Wheel::new(timers);
        Self { entries, buckets, wheel, hasher, free: Link::NONE, fresh: 0, queue: Queue::new() }
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

    /// The connection whose client sent this packet.
    pub(crate) fn find(&self, packet: &Flow) -> Option<usize> {
        self.requests(packet).find(|(_, entry)| !entry.is_template()).map(|(index, _)| index)
    }

    /// The template with this client and virtual address; its ports are 0 and the service's.
    pub(crate) fn find_template(&self, template: &Flow) -> Option<usize> {
        self.requests(template).find(|(_, entry)| entry.is_template()).map(|(index, _)| index)
    }

    fn requests(&self, packet: &Flow) -> impl Iterator<Item = (usize, &Entry)> {
        let head = self.bucket(packet).map_or(Link::NONE, |bucket| bucket.requests);
        self.chain(head, |entry| entry.next).filter(|(_, entry)| entry.request() == *packet)
    }

    /// The connection that this packet of a real server answers; `server_of` says the address of a destination.
    ///
    /// Two services that send the same client port to the same server and port cannot be told apart by the reply (nor
    /// by the server); the newer connection gets it.
    pub(crate) fn find_reply(
        &self,
        packet: &Flow,
        server_of: impl Fn(Link) -> Option<Ipv6Addr>,
    ) -> Option<usize> {
        let head = self.bucket(packet).map_or(Link::NONE, |bucket| bucket.replies);
        let found = self.chain(head, |entry| entry.next_reply).find(|(_, entry)| {
            entry.client == packet.destination
                && entry.client_port == packet.destination_port
                && entry.server_port == packet.source_port
                && entry.protocol == packet.protocol
                && entry.family == packet.family
                && server_of(entry.destination) == Some(packet.source)
        });
        found.map(|(index, _)| index)
    }

    fn chain(&self, head: Link, next: fn(&Entry) -> Link) -> impl Iterator<Item = (usize, &Entry)> {
        let follow = |link: Link| link.index().and_then(|index| Some((index, self.entries.get(index)?)));
        core::iter::successors(follow(head), move |(_, entry)| follow(next(entry)))
    }

    /// Whether [`insert`](Self::insert) has room as it is.
    pub(crate) fn has_room(&self) -> bool {
        !self.buckets.is_empty()
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

    /// Puts an entry into its chains; with NAT, `server` is the address that replies come from. `None` without room.
    pub(crate) fn insert(&mut self, now: Ticks, mut entry: Entry, server: Option<Ipv6Addr>) -> Option<usize> {
        if !self.has_room() {
            return None;
        }
        let index = self.free.index().unwrap_or(self.fresh);
        let request = self.bucket_number(&entry.request())?;
        let bucket = self.buckets.get_mut(request)?;
        entry.next = bucket.requests;
        let slot = self.entries.get_mut(index)?;
        if self.free == Link::NONE {
            self.fresh += 1;
        } else {
            self.free = slot.next;
        }
        bucket.requests = Link::to(index);
        *slot = entry;
        self.wheel.insert(index, now.seconds(), entry.expires.seconds_complete());
        self.queue.set(self.wheel.timers(), index, entry.gives_way());
        if let Some(reply) = server.and_then(|server| self.bucket_number(&reply(&entry, server))) {
            let head = core::mem::replace(&mut self.buckets.get_mut(reply)?.replies, Link::to(index));
            self.entries.get_mut(index)?.next_reply = head;
        }
        Some(index)
    }

    /// Takes an entry out of its chains and frees its slot. `server` as it was inserted.
    pub(crate) fn remove(&mut self, index: usize, server: Option<Ipv6Addr>) -> Option<Entry> {
        let entry = *self.get(index)?;
        let link = Link::to(index);
        if let Some(number) = self.bucket_number(&entry.request()) {
            if self.buckets.get(number)?.requests == link {
                self.buckets.get_mut(number)?.requests = entry.next;
            } else {
                let head = self.buckets.get(number)?.requests;
                let before = self.chain(head, |entry| entry.next).find(|(_, before)| before.next == link);
                let before = before.map(|(before, _)| before)?;
                self.entries.get_mut(before)?.next = entry.next;
            }
        }
        if let Some(number) = server.and_then(|server| self.bucket_number(&reply(&entry, server))) {
            if self.buckets.get(number)?.replies == link {
                self.buckets.get_mut(number)?.replies = entry.next_reply;
            } else {
                let head = self.buckets.get(number)?.replies;
                let before =
                    self.chain(head, |entry| entry.next_reply).find(|(_, before)| before.next_reply == link);
                let before = before.map(|(before, _)| before)?;
                self.entries.get_mut(before)?.next_reply = entry.next_reply;
            }
        }
        *self.entries.get_mut(index)? = Entry { next: self.free, ..Entry::EMPTY };
        self.free = link;
        self.wheel.remove(index);
        self.queue.set(self.wheel.timers(), index, false);
        Some(entry)
    }

    /// A number for a flow that nobody without the key can foresee.
    pub(crate) fn hash(&self, flow: &Flow) -> u64 {
        hash(self.hasher, flow)
    }

    fn bucket(&self, flow: &Flow) -> Option<&Bucket> {
        self.buckets.get(self.bucket_number(flow)?)
    }

    fn bucket_number(&self, flow: &Flow) -> Option<usize> {
        // The high half of hash * length spreads over any length without division.
        usize::try_from((u128::from(self.hash(flow)) * self.buckets.len() as u128) >> 64).ok()
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

fn hash(mut hasher: SipHasher13, flow: &Flow) -> u64 {
    match flow.family {
        Family::V4 => {
            let low = |address: Ipv6Addr| {
                let [.., a, b, c, d] = address.octets();
                u64::from(u32::from_be_bytes([a, b, c, d]))
            };
            hasher.write_u64(low(flow.source) << 32 | low(flow.destination));
        }
        Family::V6 => {
            hasher.write_u128(flow.source.to_bits());
            hasher.write_u128(flow.destination.to_bits());
        }
    }
    let ports = u64::from(flow.source_port) << 16 | u64::from(flow.destination_port);
    hasher.write_u64(u64::from(flow.protocol.number()) << 32 | ports);
    hasher.finish()
}
