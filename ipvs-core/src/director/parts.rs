//! Parts of a [`Director`](crate::Director) by themselves, so that benches can measure them. Nothing to build upon.

use core::net::SocketAddr;
use core::time::Duration;

use crate::connection::{
    Bucket, Entry, Flow, Kind, Segment, Side, Signal, State, Table, Ticks, Timer, widened,
};
use crate::director::memory::Memory;
use crate::director::services::Services;
use crate::director::{Refused, Settings};
use crate::link::Link;
use crate::schedule::{Request, Workshop};
use crate::service::{Destination, Family, Protocol, Service, ServiceKey};

/// The scheduler of one service.
#[derive(Debug)]
pub struct Picker<'m> {
    services: Services<'m>,
    number: usize,
    request: Request,
}

impl<'m> Picker<'m> {
    /// With these destinations, the oldest first.
    pub fn new(
        memory: Memory<'m>,
        settings: &Settings,
        service: &Service,
        destinations: impl IntoIterator<Item = Destination>,
    ) -> Result<Self, Refused> {
        let Memory { services, destinations: slots, index, tables, localities, .. } = memory;
        let mut services =
            Services::new(services, slots, Workshop::new(index, tables, localities, &settings.seed));
        services.add_service(service)?;
        for destination in destinations {
            services.add_destination(&service.key, &destination)?;
        }
        let ServiceKey::Address { protocol, address, port } = service.key else {
            return Err(Refused::NoService);
        };
        let number = services.find(protocol, address, port).ok_or(Refused::NoService)?;
        let now = Ticks::at(Duration::from_secs(1));
        let request =
            Request { now, service: number, client: address, client_port: 0, virtual_address: address };
        Ok(Self { services, number, request })
    }

    /// A new connection of this client.
    pub fn request(&self, client: SocketAddr) -> Asking {
        Asking(Request { client: client.ip(), ..self.request })
    }

    /// The slot of the server that a new connection gets.
    #[inline]
    pub fn pick(&mut self, Asking(request): &Asking) -> Option<usize> {
        self.services.schedule(self.number, request).index()
    }

    /// Counts a connection for the server in this slot.
    pub fn open(&mut self, server: usize) {
        self.services.bind(Link::to(server), connection());
    }

    /// Counts it no more.
    pub fn close(&mut self, server: usize) {
        self.services.unbind(Link::to(server), connection());
    }
}

/// What a server is picked for.
#[derive(Clone, Copy, Debug)]
pub struct Asking(Request);

/// The table of connections.
#[derive(Debug)]
pub struct Connections<'m> {
    table: Table<'m>,
}

/// What a connection is found by.
#[derive(Clone, Copy, Debug)]
pub struct Key(Flow);

impl Key {
    /// Of the TCP segments that a client sends to a virtual address.
    pub fn new(client: SocketAddr, virtual_server: SocketAddr) -> Self {
        Self(Flow {
            family: Family::of(client.ip()),
            protocol: Protocol::Tcp,
            source: widened(client.ip()),
            source_port: client.port(),
            destination: widened(virtual_server.ip()),
            destination_port: virtual_server.port(),
        })
    }
}

impl<'m> Connections<'m> {
    /// None yet.
    pub fn new(
        entries: &'m mut [Entry],
        timers: &'m mut [Timer],
        buckets: &'m mut [Bucket],
        seed: &[u8; 16],
    ) -> Self {
        Self { table: Table::new(entries, timers, buckets, seed) }
    }

    /// Enters a connection to a server behind NAT, if there is room.
    pub fn insert(&mut self, key: &Key, server: SocketAddr) -> Option<usize> {
        let now = Ticks::at(Duration::from_secs(1));
        let expires = now.after(Duration::from_secs(60));
        let entry = Entry::new(&key.0, server.port(), connection(), 0, expires);
        self.table.insert(now, entry, Some(widened(server.ip())))
    }

    /// Takes it out again.
    pub fn remove(&mut self, index: usize) {
        self.table.remove(index);
    }

    /// The slot of a connection.
    pub fn find(&self, key: &Key) -> Option<usize> {
        self.table.find_request(&key.0)
    }

    /// The slots of many connections.
    pub fn find_batch(&self, keys: &[Key], found: &mut [Option<usize>]) {
        const MOST: usize = 32;
        for (keys, found) in keys.chunks(MOST).zip(found.chunks_mut(MOST)) {
            let mut hashes = [0; MOST];
            let mut firsts = [Bucket::EMPTY; MOST];
            for (key, hash) in keys.iter().zip(&mut hashes) {
                *hash = self.hash(key);
            }
            for (hash, first) in hashes.iter().zip(&mut firsts) {
                *first = self.table.first(*hash);
            }
            for ((key, found), (hash, first)) in keys.iter().zip(found).zip(hashes.iter().zip(firsts)) {
                let belongs = || self.table.find(*hash, &key.0, |_| None).map(|(_, index)| index);
                *found = if first.is_empty() { None } else { belongs() };
            }
        }
    }

    /// The client's port of the connection in this slot: it cannot be told without reading the entry.
    pub fn client_port(&self, index: usize) -> Option<u16> {
        self.table.get(index).map(|entry| entry.client_port)
    }

    /// The keyed hash that connections are found by.
    pub fn hash(&self, key: &Key) -> u64 {
        self.table.hash(&key.0)
    }
}

/// What counts as a connection that is being established.
fn connection() -> Kind {
    let state = State::new(Protocol::Tcp).after(Signal::Segment(Some(Segment::Syn)), Side::Request);
    Kind::Connection { state, through_nat: true, template: Link::NONE }
}
