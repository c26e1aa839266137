//! The index over the servers picks what a walk through all of them picks.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ipvs_core::{
    Arrival, Destination, DestinationStatus, Director, IndexNode, Locality, Memory, Method, Mode, Protocol,
    Service, ServiceKey, Settings, Step, Storage, TableSlot, Verdict,
};
use proptest::prelude::*;

use super::server;
use crate::packet::{ACK, FIN_ACK, RST, SYN, tcp, udp};

proptest! {
    #[test]
    fn each_pick_is_that_of_a_walk_through_all_servers(
        method in prop::sample::select(vec![
            Method::RoundRobin,
            Method::LeastConnection,
            Method::WeightedLeastConnection,
            Method::ShortestExpectedDelay,
            Method::NeverQueue,
            Method::WeightedFailover,
            Method::WeightedOverflow,
        ]),
        events in prop::collection::vec(event(), 1..150),
    ) {
        let mut run = Run::new(Service::new(key(Protocol::Tcp), method), 4 * SERVERS);
        for event in events {
            let expected = run.expected();
            if let Some(picked) = run.step(&event) {
                prop_assert_eq!(picked.server, expected, "{}", method);
                run.last = expected.or(run.last);
            }
        }
    }

    #[test]
    fn with_and_without_room_for_an_index_the_picks_are_the_same(
        method in prop::sample::select(&Method::ALL[..]),
        mode in prop::sample::select(vec![Mode::Exact, Mode::Improved]),
        protocol in prop::sample::select(vec![Protocol::Tcp, Protocol::Udp]),
        events in prop::collection::vec(event(), 1..150),
    ) {
        let service = Service { mode, ..Service::new(key(protocol), method) };
        let mut runs = [4 * SERVERS, 10, 0].map(|nodes| Run::new(service, nodes));
        for event in events {
            let [all, some, none] = runs.each_mut().map(|run| run.step(&event));
            prop_assert_eq!(all, none);
            prop_assert_eq!(some, none);
        }
    }
}

#[derive(Clone, Debug)]
enum Event {
    /// A new client.
    Open,
    /// One of the last clients sends a segment with these flags, or another datagram.
    GoOn(u16, u8),
    Weight(u8, u32),
    Limit(u8, u32),
    Add(u8, u32),
    Remove(u8),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let number = 1..=u8::try_from(SERVERS).unwrap();
    let weight = prop::sample::select(vec![0, 1, 1, 2, 3, 3, 7, 100, 65_535]);
    let flags = prop::sample::select(vec![ACK, FIN_ACK, RST]);
    prop_oneof![
        10 => Just(Event::Open),
        4 => (1..20_u16, flags).prop_map(|(back, flags)| Event::GoOn(back, flags)),
        1 => (number.clone(), weight.clone()).prop_map(|(number, weight)| Event::Weight(number, weight)),
        1 => (number.clone(), 0..5_u32).prop_map(|(number, upper)| Event::Limit(number, upper)),
        2 => (number.clone(), weight).prop_map(|(number, weight)| Event::Add(number, weight)),
        1 => number.prop_map(Event::Remove),
        1 => (0..70_u64).prop_map(Event::Wait),
    ]
}

/// The server of a new client, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Picked {
    server: Option<IpAddr>,
}

/// A director with one service, and what the last picks were.
struct Run {
    director: Director<'static>,
    service: Service,
    now: Duration,
    client: u16,
    /// For round robin: the server picked last, or the one that was before it in the list when it went.
    last: Option<IpAddr>,
}

impl Run {
    fn new(service: Service, nodes: usize) -> Self {
        let storage = Box::leak(Box::new(Storage::<1, SERVERS, 256, 256, 1>::new()));
        let memory = Memory {
            index: vec![IndexNode::EMPTY; nodes].leak(),
            tables: vec![TableSlot::EMPTY; if service.method == Method::Maglev { 65_537 } else { 0 }].leak(),
            localities: vec![Locality::EMPTY; 2].leak(),
            ..storage.lend()
        };
        let mut director = Director::new(memory, Settings::new([5; 16]));
        director.apply(&Step::AddService(service)).unwrap();
        Self { director, service, now: Duration::from_secs(50), client: 1_000, last: None }
    }

    /// For a new client, what became of it.
    fn step(&mut self, event: &Event) -> Option<Picked> {
        let service = self.service.key;
        match *event {
            Event::Open => {
                self.client += 1;
                return Some(Picked { server: self.send(self.client, SYN) });
            }
            Event::GoOn(back, flags) => {
                if self.client > 1_000 + back {
                    self.send(self.client - back, flags);
                }
            }
            Event::Weight(number, weight) => self.edit(number, |known| Destination { weight, ..known }),
            Event::Limit(number, upper) => self.edit(number, |known| Destination { upper, ..known }),
            // What is there already, and what there is no room for, is refused in all runs.
            Event::Add(number, weight) => {
                let destination = server(number, weight);
                self.director.apply(&Step::AddDestination { service, destination }).ok();
            }
            Event::Remove(number) => {
                let Destination { address, port, .. } = server(number, 1);
                let servers = self.servers();
                let place = servers.iter().position(|status| status.destination.address == address);
                if let Some(place) = place.filter(|_| self.last == Some(address)) {
                    self.last = place.checked_sub(1).map(|before| servers[before].destination.address);
                }
                self.director.apply(&Step::RemoveDestination { service, address, port }).ok();
            }
            Event::Wait(seconds) => {
                self.now += Duration::from_secs(seconds);
                while self.director.deadline().is_some_and(|deadline| deadline <= self.now) {
                    self.director.tick(self.now);
                }
            }
        }
        None
    }

    fn send(&mut self, port: u16, flags: u8) -> Option<IpAddr> {
        let client = SocketAddr::from(([10, 9, 0, 1], port));
        let ServiceKey::Address { address, port, protocol } = self.service.key else { unreachable!() };
        let service = SocketAddr::new(address, port);
        let packet = match protocol {
            Protocol::Tcp => tcp(client, service, flags, b""),
            Protocol::Udp | Protocol::Sctp => udp(client, service, b"?"),
        };
        match self.director.forward(self.now, Arrival::default(), &packet) {
            Verdict::Forward(outgoing) => Some(outgoing.next_hop),
            Verdict::Pass | Verdict::Reject | Verdict::Drop(_) | Verdict::Local => None,
        }
    }

    fn edit(&mut self, number: u8, change: impl Fn(Destination) -> Destination) {
        let known = self.servers().into_iter().map(|status| status.destination);
        if let Some(known) = known.into_iter().find(|known| known.address == server(number, 1).address) {
            let step = Step::EditDestination { service: self.service.key, destination: change(known) };
            self.director.apply(&step).unwrap();
        }
    }

    fn servers(&self) -> Vec<DestinationStatus> {
        self.director.destinations(&self.service.key).collect()
    }

    /// The next pick, by the rule as it is written: the first of the best in the list, the newest server first.
    fn expected(&self) -> Option<IpAddr> {
        let servers = self.servers();
        let usable = |status: &&DestinationStatus| status.destination.weight > 0 && !status.overloaded;
        let overhead =
            |status: &DestinationStatus| u64::from(status.active) * 256 + u64::from(status.inactive);
        let delay = |status: &DestinationStatus| u64::from(status.active) + 1;
        let least = |load: &dyn Fn(&DestinationStatus) -> u64, is_weighted: bool| {
            let mut best: Option<&DestinationStatus> = None;
            for other in servers.iter().filter(usable) {
                let weight = |status: &DestinationStatus| {
                    if is_weighted { u64::from(status.destination.weight) } else { 1 }
                };
                if best.is_none_or(|best| load(best) * weight(other) > load(other) * weight(best)) {
                    best = Some(other);
                }
            }
            best
        };
        let heaviest = |has_room: &dyn Fn(&DestinationStatus) -> bool| {
            let mut best: Option<&DestinationStatus> = None;
            for other in servers.iter().filter(usable).filter(|status| has_room(status)) {
                if best.is_none_or(|best| other.destination.weight > best.destination.weight) {
                    best = Some(other);
                }
            }
            best
        };
        let picked = match self.service.method {
            Method::RoundRobin => {
                let place = servers.iter().position(|status| Some(status.destination.address) == self.last);
                let start = place.map_or(0, |place| place + 1);
                servers[start..].iter().chain(&servers).find(usable)
            }
            Method::LeastConnection => least(&overhead, false),
            Method::WeightedLeastConnection => least(&overhead, true),
            Method::ShortestExpectedDelay => least(&delay, true),
            Method::NeverQueue => {
                let idle = servers.iter().filter(usable).find(|status| status.active == 0);
                idle.or_else(|| least(&delay, true))
            }
            Method::WeightedFailover => heaviest(&|_| true),
            Method::WeightedOverflow => heaviest(&|status| status.active <= status.destination.weight),
            Method::WeightedRoundRobin
            | Method::LocalityLeastConnection
            | Method::LocalityLeastConnectionReplicated
            | Method::DestinationHashing
            | Method::SourceHashing
            | Method::Maglev
            | Method::TwoRandomChoices => unreachable!("no reference for it here"),
        };
        picked.map(|status| status.destination.address)
    }
}

fn key(protocol: Protocol) -> ServiceKey {
    ServiceKey::Address { protocol, address: "10.0.0.1".parse().unwrap(), port: 80 }
}

/// Not a power of two, and some are removed while they have connections.
const SERVERS: usize = 21;
