//! A million frames of garbage and traffic through routers that do everything at once: two twins with versions 2 and 3 and both
//! families, which forward, spread connections and check servers.

use core::cell::RefCell;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::rc::Rc;

use etherparse::PacketBuilder;
use ipvs_core::{Director, Settings, Storage};
use runtime_embedded::{
    Balancer, CheckMemory, Checks, Config, Instance, Nic, Port, Probe, RealServer, Router, Services, State,
};
use smoltcp::iface::{SocketSet, SocketStorage};

use super::client::Client;
use super::server::{GOOD, Manner, Server};
use super::{ADDRESSES, INSIDE, ONE, TWO, VIRTUAL, real, web};
use crate::garbage::{Random, spoil};
use crate::network::{Lines, Network, Node, Wire, mac, ms};
use crate::packets::{
    CLIENT, CLIENT_V4, CLIENT_V6, arp_request, datagram, datagram6, neighbour_solicitation, ping,
};

const OLD: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 11))];
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const SIX: &[IpAddr] = &[IpAddr::V6(LINK_LOCAL), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1))];
/// Where the virtual addresses live.
const FOUR_MAC: [u8; 6] = [0, 0, 0x5e, 0, 1, 1];
const SIX_MAC: [u8; 6] = [0, 0, 0x5e, 0, 2, 1];

const fn twin(host: u8, inside: Ipv4Addr, priority: u8) -> Config<2, 3> {
    let [lan, servers] = [1, 2];
    Config::new(
        [
            Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24).ipv6(ipv6(lan, host as u16), 64),
            Port::new("servers").ipv4(inside, 24).ipv6(ipv6(servers, host as u16), 64),
        ],
        [
            Instance::v3("new", 0, 1, ADDRESSES).priority(priority).interval(10),
            Instance::v2("old", 0, 2, OLD).priority(priority).password(*b"secret\0\0").accept(),
            Instance::v3("six", 0, 1, SIX).priority(priority).interval(10),
        ],
    )
}

const fn ipv6(network: u16, host: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, network, 0, 0, 0, 0, host)
}

static ALICE: Config<2, 3> = twin(2, INSIDE, 200);
static BOB: Config<2, 3> = twin(3, Ipv4Addr::new(10, 0, 0, 3), 100);

const TIMES: (Duration, Duration) = (ms(500), ms(300));
const HTTP: Probe = Probe::http("/health").every(TIMES.0).timeout(TIMES.1);
const TCP: Probe = Probe::tcp().every(TIMES.0).timeout(TIMES.1);
const PING: Probe = Probe::ping().every(TIMES.0).timeout(TIMES.1);
const SERVERS: &[RealServer] = &[real("one", ONE, &[HTTP, PING]), real("two", TWO, &[TCP, PING])];
static SERVICES: Services<1, 2, 4> = Services::new(&ALICE, [web(SERVERS)]);

const FRAMES: u32 = 1_000_000;

#[test]
fn a_million_frames_through_gateways_with_directors_and_checks_change_nothing() {
    let mut network = Network::new();
    let servers = [ONE, TWO].map(|address| Server::add(&mut network, address, GOOD));
    let alice = everything(&mut network, &ALICE, 2);
    let bob = everything(&mut network, &BOB, 3);
    network.run_until(ms(5_000));
    let client = Client::add(&mut network);
    network.run_until(ms(6_000));
    // What really goes over both wires: adverts, questions and answers, connections, checks.
    let real: Vec<Vec<u8>> = network.seen.drain(..).map(|seen| seen.frame).collect();
    let made = made();
    let both = [&real[..], &made[..]].concat();
    network.watches = false;
    let mut random = Random(0x5eed_f00d);
    for number in 0..FRAMES {
        let frame = match random.below(4) {
            0 => made[random.below(made.len())].clone(),
            1 => connection(&mut random),
            _ => spoil(&mut random, &both),
        };
        network.inject(usize::from(random.below(4) == 0), &frame);
        // A burst of 64 each 5 ms.
        if number % 64 == 0 {
            network.run_for(ms(5));
        }
    }
    // Longer than a damaged answer to a question of who lives where is believed.
    network.run_for(ms(130_000));

    for (node, states) in [(&alice, [State::Active; 3]), (&bob, [State::Backup; 3])] {
        let Everything { router, log, .. } = &mut *node.borrow_mut();
        assert_eq!([0, 1, 2].map(|index| router.state(index)), states);
        for name in ["new", "old", "six"] {
            // Backup when it started, Active if it is the better one, and nothing since.
            let expected = if states[0] == State::Active { 2 } else { 1 };
            assert_eq!(log.transitions(name).len(), expected, "{name}");
        }
        let received = router.counters(0).received + router.counters(1).received;
        assert!(received >= u64::from(FRAMES), "{received}");
        let director = router.plane().director();
        assert!(director.connections(network.now).count() <= CONNECTIONS, "a table that cannot grow");
    }
    // Every advert was sent on time: the first after three intervals and the skew, then one each interval.
    let end = network.now;
    for (index, interval, skew) in [(0, ms(100), ms(22)), (1, ms(1_000), ms(219)), (2, ms(100), ms(22))] {
        let statistics = alice.borrow().router.statistics(index).clone();
        let first = (3 * interval + skew).as_millis();
        let due = (end.as_millis() - first) / interval.as_millis() + 1;
        assert_eq!(u128::from(statistics.adverts_sent), due, "{statistics:?}");
        assert_eq!(bob.borrow().router.statistics(index).adverts_sent, 0);
    }
    // And what the routers are there for still works, once the servers are rid of the connections that nobody finished.
    for manner in [Manner::Closed, GOOD] {
        for server in &servers {
            server.borrow_mut().manner = manner;
        }
        network.run_for(ms(3_000));
    }
    let _ = client.borrow_mut().count(["one", "one"]);
    network.run_for(ms(2_000));
    let ([served, _], lost) = client.borrow_mut().count(["one", "one"]);
    assert!(served > 50 && lost == 0, "{served} {lost}");
}

/// A router with its director, its checks and their sockets.
struct Everything {
    router: Router<Wire, Balancer<'static, 8, 4>, 2, 3>,
    checks: Checks<'static, 1, 2, 4>,
    sockets: [SocketSet<'static>; 2],
    log: Lines,
}

const CONNECTIONS: usize = 256;

fn everything(network: &mut Network, config: &'static Config<2, 3>, number: u8) -> Rc<RefCell<Everything>> {
    let storage = Box::leak(Box::new(Storage::<1, 4, CONNECTIONS, CONNECTIONS, 4>::new()));
    let settings = Settings { expire_without_destination: true, ..Settings::new([number; 16]) };
    let balancer = Balancer::new(Director::new(storage.lend(), settings), true);
    let nics = core::array::from_fn(|port| Nic { device: network.plug(port), mac: mac(number, port) });
    let mut router = Router::with_plane(config, nics, balancer, u64::from(number), network.now);
    let room = || Box::leak(Box::new([const { SocketStorage::EMPTY }; CheckMemory::<2, 1>::SOCKETS]));
    let mut sockets = [room(), room()].map(|room| SocketSet::new(&mut room[..]));
    let memory = Box::leak(Box::new(CheckMemory::<2, 1>::new()));
    let mut checks = Checks::new(&SERVICES, memory.lend(), &mut sockets, u64::from(number));
    let mut log = Lines::default();
    router.start(network.now, &mut log);
    checks.start(network.now, &mut router, &mut log).expect("there is room");
    let node = Rc::new(RefCell::new(Everything { router, checks, sockets, log }));
    network.add(node.clone());
    node
}

impl Node for Everything {
    fn poll(&mut self, now: Duration) {
        let Self { router, checks, sockets, log } = self;
        while router.poll(now, sockets, log) {}
        checks.poll(now, router, sockets, log);
    }

    fn deadline(&mut self, now: Duration) -> Option<Duration> {
        self.checks.deadline().into_iter().chain(self.router.deadline(now, &self.sockets)).min()
    }
}

/// Good frames of all that a router takes, but adverts.
fn made() -> Vec<Vec<u8>> {
    let server = Ipv4Addr::new(10, 0, 0, 99);
    vec![
        arp_request(VIRTUAL),
        neighbour_solicitation(LINK_LOCAL),
        ping(FOUR_MAC, VIRTUAL),
        ping(mac(2, 0), Ipv4Addr::new(192, 0, 2, 2)),
        ping([0, 0, 0x5e, 0, 1, 2], Ipv4Addr::new(192, 0, 2, 11)),
        // To the service, past it, to a server, to nobody, to nowhere, and at the end of its way.
        datagram(CLIENT, FOUR_MAC, CLIENT_V4, VIRTUAL, 64),
        datagram(CLIENT, FOUR_MAC, CLIENT_V4, ONE, 64),
        datagram(CLIENT, FOUR_MAC, CLIENT_V4, server, 64),
        datagram(CLIENT, FOUR_MAC, CLIENT_V4, Ipv4Addr::new(172, 16, 0, 1), 64),
        datagram(CLIENT, FOUR_MAC, CLIENT_V4, ONE, 1),
        datagram6([CLIENT, SIX_MAC], [ipv6(1, 0x77), ipv6(2, 0x80)], 64),
        datagram6([CLIENT, SIX_MAC], [ipv6(1, 0x77), ipv6(9, 9)], 64),
        datagram6([CLIENT, SIX_MAC], [ipv6(1, 0x77), ipv6(2, 0x80)], 1),
        datagram6([CLIENT, SIX_MAC], [CLIENT_V6, ipv6(2, 0x80)], 64),
    ]
}

/// A new connection to the service, from anybody.
fn connection(random: &mut Random) -> Vec<u8> {
    let client = [192, 0, 2, random.byte() | 0x80];
    let port = 1_024 | u16::from_be_bytes([random.byte(), random.byte()]);
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(CLIENT, FOUR_MAC)
        .ipv4(client, VIRTUAL.octets(), 64)
        .tcp(port, 80, 1, 1_024)
        .syn()
        .write(&mut frame, &[])
        .expect("well formed");
    frame
}
