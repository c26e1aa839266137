//! What happens to a service: servers that come, go and change, and clients.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipvs_core::{Destination, Forward, Method, Protocol, SchedulerFlags, Service, ServiceKey, Step};

use super::frame::Packet;

/// A service and what happens to it, always the same for the same seed.
pub(crate) struct Scenario {
    seed: u64,
    pub(crate) service: Service,
    pub(crate) events: Vec<Event>,
}

pub(crate) enum Event {
    /// Something is configured.
    Step(Step),
    /// A client sends something.
    Packet(Packet),
    /// Nobody sends anything until all connections have ended.
    Silence,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// It went to this server.
    Server(IpAddr),
    /// The client was told that nobody is there.
    Refused,
    /// It belongs to no connection: the host itself answered with a reset.
    Passed,
}

impl Scenario {
    /// The `number` keeps connections and servers of scenarios apart.
    pub(crate) fn random(method: Method, seed: u64, number: u16) -> Self {
        let mut random = Random::new(seed << 32 | u64::from(number));
        let is_tcp = random.one_in(2) || method == Method::WeightedOverflow;
        let mut play = Play::new(method, random, number, is_tcp);
        for _ in 0..EVENTS {
            play.happen();
        }
        Self { seed, service: play.service, events: play.events }
    }

    /// The same with UDP, and with a silence in the middle.
    pub(crate) fn with_silence(method: Method, seed: u64, number: u16) -> Self {
        let mut play = Play::new(method, Random::new(seed << 32 | u64::from(number)), number, false);
        for _ in 0..EVENTS / 2 {
            play.happen();
        }
        play.events.push(Event::Silence);
        for _ in 0..EVENTS / 2 {
            play.happen();
        }
        Self { seed, service: play.service, events: play.events }
    }

    /// One server with 256 connections that have ended, and another one with a single one that lasts.
    pub(crate) fn many_ended(method: Method, number: u16) -> Self {
        let key = ServiceKey::Address {
            protocol: Protocol::Tcp,
            address: virtual_address(true),
            port: 1_000 + number,
        };
        let add = |server_number| {
            let destination = server(server_address(true, number, server_number), 1);
            Event::Step(Step::AddDestination { service: key, destination })
        };
        let packet = |client: u16, flags| {
            let client = SocketAddr::new(client_address(true, number, 1), 20_000 + client);
            let service = SocketAddr::new(virtual_address(true), 1_000 + number);
            Event::Packet(Packet { client, service, segment: Some(flags) })
        };
        let mut events = vec![add(1)];
        for client in 0..256_u16 {
            events.extend(["S", "A", "FA"].map(|flags| packet(client, flags)));
        }
        events.push(add(2));
        events.extend((256..260).map(|client| packet(client, "S")));
        Self { seed: 0, service: Service::new(key, method), events }
    }

    /// A complaint about the packet of this rank.
    pub(crate) fn told(&self, place: usize, ours: Took, theirs: Took) -> String {
        let mut story = vec![format!("{} seed {} of {}:", self.service.method, self.seed, self.service.key)];
        let mut rank = 0;
        for event in &self.events {
            match event {
                Event::Silence => story.push("silence".to_owned()),
                Event::Step(step) => story.push(format!("{step:?}")),
                Event::Packet(packet) => {
                    story.push(format!("{packet:?}"));
                    if rank == place {
                        break;
                    }
                    rank += 1;
                }
            }
        }
        story.push(format!("we took {ours:?}, the kernel {theirs:?}"));
        story.join("\n")
    }
}

/// A scenario in the making.
struct Play {
    random: Random,
    weights: &'static [u32],
    has_limits: bool,
    is_v4: bool,
    is_tcp: bool,
    service: Service,
    number: u16,
    servers: Vec<Destination>,
    removed: Vec<Destination>,
    next_server: u16,
    next_client: u16,
    /// Clients with a connection, and whether it was acknowledged.
    open: Vec<(Packet, bool)>,
    events: Vec<Event>,
}

impl Play {
    /// A service with its first servers.
    fn new(method: Method, mut random: Random, number: u16, is_tcp: bool) -> Self {
        let is_v4 = random.one_in(2);
        let protocol = if is_tcp { Protocol::Tcp } else { Protocol::Udp };
        let key = ServiceKey::Address { protocol, address: virtual_address(is_v4), port: 1_000 + number };
        let flags = match method {
            Method::SourceHashing | Method::Maglev => SchedulerFlags::from_bits(random.small(4)),
            Method::RoundRobin
            | Method::WeightedRoundRobin
            | Method::LeastConnection
            | Method::WeightedLeastConnection
            | Method::LocalityLeastConnection
            | Method::LocalityLeastConnectionReplicated
            | Method::DestinationHashing
            | Method::ShortestExpectedDelay
            | Method::NeverQueue
            | Method::WeightedFailover
            | Method::WeightedOverflow
            | Method::TwoRandomChoices => SchedulerFlags::NONE,
        };
        let service = Service { flags, ..Service::new(key, method) };
        let mut play = Self {
            weights: [&[0, 1, 1, 2, 3, 4, 5][..], &[1, 2, 4, 6], &[0, 1, 10, 50, 100], &[1, 1_000, 65_535]]
                [random.below(4)],
            has_limits: random.one_in(2),
            is_v4,
            is_tcp,
            service,
            number,
            random,
            servers: Vec::new(),
            removed: Vec::new(),
            next_server: 1,
            next_client: 0,
            open: Vec::new(),
            events: Vec::new(),
        };
        for _ in 0..=play.random.below(32) {
            play.add();
        }
        play
    }

    fn happen(&mut self) {
        match self.random.below(40) {
            0 | 1 => self.add(),
            2 => self.remove(),
            3..6 => self.edit(),
            6..14 if self.is_tcp => self.go_on(),
            _ => self.connect(),
        }
    }

    fn add(&mut self) {
        if self.servers.len() == 32 {
            return;
        }
        let weight = self.weights[self.random.below(self.weights.len())];
        let destination = if self.random.one_in(2)
            && let Some(known) = self.removed.pop()
        {
            Destination { weight, ..known }
        } else {
            let number = self.next_server;
            self.next_server += 1;
            server(server_address(self.is_v4, self.number, number), weight)
        };
        let destination = self.limited(destination);
        self.servers.push(destination);
        self.events.push(Event::Step(Step::AddDestination { service: self.service.key, destination }));
    }

    fn limited(&mut self, destination: Destination) -> Destination {
        if !self.has_limits || self.random.one_in(2) {
            return Destination { upper: 0, lower: 0, ..destination };
        }
        let upper = 1 + u32::from(self.random.small(6));
        let lower = if self.random.one_in(2) { 0 } else { u32::from(self.random.small(7)).min(upper) };
        Destination { upper, lower, ..destination }
    }

    fn edit(&mut self) {
        if self.servers.is_empty() {
            return;
        }
        let index = self.random.below(self.servers.len());
        let mut destination = self.servers[index];
        if self.random.one_in(3) {
            destination = self.limited(destination);
        } else {
            destination.weight = self.weights[self.random.below(self.weights.len())];
        }
        self.servers[index] = destination;
        self.events.push(Event::Step(Step::EditDestination { service: self.service.key, destination }));
    }

    /// The server's connections are dropped in silence from now on: its clients say nothing more.
    fn remove(&mut self) {
        if self.servers.is_empty() {
            return;
        }
        let destination = self.servers.remove(self.random.below(self.servers.len()));
        let Destination { address, port, .. } = destination;
        self.removed.push(destination);
        self.open.clear();
        self.events.push(Event::Step(Step::RemoveDestination { service: self.service.key, address, port }));
    }

    fn connect(&mut self) {
        let port = 20_000 + self.next_client;
        self.next_client += 1;
        let client = SocketAddr::new(
            client_address(self.is_v4, self.number, u16::try_from(self.random.below(4_000)).unwrap()),
            port,
        );
        let ServiceKey::Address { address, port, .. } = self.service.key else { unreachable!() };
        let packet = Packet { client, service: SocketAddr::new(address, port), segment: None };
        let packet = if self.is_tcp { packet.with("S") } else { packet };
        self.open.push((packet, false));
        self.events.push(Event::Packet(packet));
    }

    /// A client of before acknowledges or ends its connection.
    fn go_on(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let index = self.random.below(self.open.len());
        let (packet, was_acknowledged) = self.open[index];
        let packet = if was_acknowledged {
            self.open.swap_remove(index);
            packet.with("FA")
        } else {
            self.open[index].1 = true;
            packet.with("A")
        };
        self.events.push(Event::Packet(packet));
    }
}

fn server(address: IpAddr, weight: u32) -> Destination {
    Destination { address, port: 9_000, forward: Forward::Masquerade, weight, upper: 0, lower: 0 }
}

fn virtual_address(is_v4: bool) -> IpAddr {
    if is_v4 { Ipv4Addr::new(10, 0, 0, 1).into() } else { Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1).into() }
}

fn server_address(is_v4: bool, scenario: u16, number: u16) -> IpAddr {
    if is_v4 {
        let [high, low] = (scenario << 7 | number).to_be_bytes();
        Ipv4Addr::new(10, 2, high, low).into()
    } else {
        Ipv6Addr::new(0xfd00, 2, 0, scenario, 0, 0, 0, number).into()
    }
}

fn client_address(is_v4: bool, scenario: u16, number: u16) -> IpAddr {
    if is_v4 {
        let [high, low] = number.to_be_bytes();
        Ipv4Addr::new(10, 1, high, low).into()
    } else {
        Ipv6Addr::new(0xfd00, 1, scenario, number, 0, 0, number, 1).into()
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from(mixed >> 33).unwrap() % bound
    }

    fn small(&mut self, bound: u8) -> u8 {
        u8::try_from(self.below(bound.into())).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// In each scenario, after the first servers.
const EVENTS: usize = 150;
