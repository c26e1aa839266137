//! Small routers as whole machines: any frames on their ports, at any time.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use etherparse::Ipv4HeaderSlice;
use ipvs_core::{Destination, Director, Forward, Method, Protocol, Service, ServiceKey, Step, Storage};
use runtime_embedded::{
    Balancer, Config, Host, Instance, Mac, Nic, NoPlane, Plane, Port, Responder, Router, Stack,
};
use smoltcp::iface::SocketSet;
use vrrp_core::wire::advert::Repr;
use vrrp_core::{Family, State};

use self::frame::frame;
use self::wire::Wire;
use crate::choices::Choices;

mod frame;
mod wire;

/// A director with two ports and a router of one port, both on the segment where the frames come. Once all is quiet, each
/// is Active for everything and advertises in its time.
pub fn board(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut storage = Box::new(Storage::<1, 2, 16, 16, 2>::new());
    let mut director = Director::new(storage.lend(), ipvs_core::Settings::new([7; 16]));
    let method = if choices.flag() { Method::RoundRobin } else { Method::SourceHashing };
    director.apply(&Step::AddService(Service::new(KEY, method))).expect("there is room");
    for (host, forward) in [(81, Forward::Direct), (82, Forward::Masquerade)] {
        let address = IpAddr::from([198, 51, 100, host]);
        let destination = Destination { address, port: 9, forward, weight: 1, upper: 0, lower: 0 };
        director.apply(&Step::AddDestination { service: KEY, destination }).expect("there is room");
    }
    let mut large =
        Board::<_, 2, Stack>::new(&LARGE, Balancer::<4, 2>::new(director, choices.flag()), || {
            SocketSet::new(&mut [][..])
        });
    let mut small = Board::<_, 1, Responder>::new(&SMALL, NoPlane, || ());
    let mut now = Duration::ZERO;
    large.router.start(now, &mut ());
    small.router.start(now, &mut ());
    let mut sent: Vec<Vec<u8>> = Vec::new();
    while !choices.is_over() {
        match choices.below(8) {
            0 => now += choices.time().min(DAY),
            1 => now = large.router.deadline(now, &large.sockets).map_or(now, |at| at.clamp(now, now + DAY)),
            2 => {
                let (port, up) = (usize::from(choices.below(2)), choices.below(4) > 0);
                large.router.link(now, port, up, &mut ());
                small.router.link(now, port, up, &mut ());
            }
            3 => large.wires[0].fill(choices.flag()),
            4.. => {
                let frame = frame(&mut choices, &sent);
                large.wires[usize::from(choices.below(2))].receives(&frame);
                small.wires[0].receives(&frame);
            }
        }
        sent = [large.poll(now), small.poll(now)].concat();
    }
    for wire in &large.wires {
        wire.fill(false);
    }
    large.goes_on(now);
    small.goes_on(now);
}

const KEY: ServiceKey =
    ServiceKey::Address { protocol: Protocol::Udp, address: IpAddr::V4(VIRTUAL), port: 9 };
const VIRTUAL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const VIRTUAL_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

const fn instances(port: usize) -> [Instance; 3] {
    [
        Instance::v3("four", 0, 51, &[IpAddr::V4(VIRTUAL)]).accept(),
        Instance::v3("six", 0, 51, &[IpAddr::V6(VIRTUAL_V6)]).no_preempt(),
        Instance::v2("old", port, 52, &[IpAddr::V4(OUTSIDE)]).password(*b"secret\0\0"),
    ]
}

static LARGE: Config<2, 3> = Config::new(
    [
        Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24),
        Port::new("wan").ipv4(Ipv4Addr::new(198, 51, 100, 2), 24),
    ],
    instances(1),
);
static SMALL: Config<1, 3> =
    Config::new([Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)], instances(0));

/// A router, its cables and its sockets.
struct Board<P, const PORTS: usize, H: Host> {
    router: Router<Wire, P, PORTS, 3, H>,
    wires: [Wire; PORTS],
    sockets: [H::Sockets<'static>; PORTS],
}

impl<P: Plane, const PORTS: usize, H: Host> Board<P, PORTS, H> {
    fn new(config: &'static Config<PORTS, 3>, plane: P, sockets: fn() -> H::Sockets<'static>) -> Self {
        let wires: [Wire; PORTS] = core::array::from_fn(|_| Wire::default());
        let nics = core::array::from_fn(|port| Nic { device: wires[port].clone(), mac: OWN[port] });
        let router = Router::with_host(config, nics, plane, 1, Duration::ZERO);
        Self { router, wires, sockets: core::array::from_fn(|_| sockets()) }
    }

    /// Lets the router do what is due, and returns what it sent.
    fn poll(&mut self, now: Duration) -> Vec<Vec<u8>> {
        // No frame comes meanwhile: whatever waits is taken in a few turns.
        let turns = (0..100).take_while(|_| self.router.poll(now, &mut self.sockets, &mut ())).count();
        assert!(turns < 100, "it never comes to an end");
        let sent: Vec<Vec<u8>> = self.wires.iter().flat_map(Wire::sent).collect();
        for frame in &sent {
            is_whole(frame);
        }
        sent
    }

    /// The links are up and nobody else speaks: all three become Active and say so each second.
    fn goes_on(&mut self, from: Duration) {
        for port in 0..PORTS {
            self.router.link(from, port, true, &mut ());
        }
        self.run(from, from + QUIET);
        for instance in 0..3 {
            assert_eq!(self.router.state(instance), State::Active, "instance {instance}");
        }
        let sent = self.run(from + QUIET, from + QUIET + TEN);
        let adverts = sent.iter().filter(|frame| advert(frame).is_some()).count();
        assert!((29..=31).contains(&adverts), "{adverts} adverts of three routers in ten seconds");
    }

    /// Polls at each deadline.
    fn run(&mut self, mut now: Duration, end: Duration) -> Vec<Vec<u8>> {
        let mut sent = self.poll(now);
        for _ in 0..10_000 {
            let Some(deadline) = self.router.deadline(now, &self.sockets).filter(|at| *at <= end) else {
                return sent;
            };
            now = deadline.max(now + Duration::from_micros(1));
            sent.extend(self.poll(now));
        }
        panic!("it is never done")
    }
}

/// The message of a frame that is an advert.
fn advert(frame: &[u8]) -> Option<(Family, &[u8])> {
    match frame[12..14] {
        [8, 0] if frame[23] == 112 => Some((Family::V4, &frame[34..])),
        [0x86, 0xdd] if frame[20] == 112 => Some((Family::V6, &frame[54..])),
        _ => None,
    }
}

/// What a router sends is a frame of its own, with a header that can be trusted.
fn is_whole(frame: &[u8]) {
    assert!((14..=1_514).contains(&frame.len()), "{} octets", frame.len());
    let source: Mac = frame[6..12].try_into().expect("six");
    assert!(OWN.contains(&source) || source[..4] == [0, 0, 0x5e, 0], "{source:?}");
    if frame[12..14] == [8, 0] {
        let header = Ipv4HeaderSlice::from_slice(&frame[14..]).expect("a header");
        assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum());
        assert!(usize::from(header.total_len()) <= frame.len() - 14);
    }
    if let Some((family, message)) = advert(frame) {
        let repr = Repr::parse(message, family).expect("an advert");
        assert!([0, 100].contains(&repr.priority), "{repr:?}");
    }
}

const OWN: [Mac; 2] = [[2, 0, 0, 0, 2, 0], [2, 0, 0, 0, 2, 1]];
/// Three of the longest intervals, a skew, and the second in which the next one becomes Active.
const QUIET: Duration = Duration::from_secs(170);
const TEN: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(86_400);
