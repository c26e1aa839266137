//! Several threads: each client belongs to one of them, and nobody can tell.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::thread;

use ipvs_core::{Destination, Family, Method, Persistence, Protocol, Service, ServiceKey, Step};
use netlink_packet_route::route::{RouteAttribute, RouteMetric};
use nix::net::if_::if_nametoindex;
use runtime_linux::lab::{self, Node, Switch};
use runtime_linux::perform::ipvs::Plane;
use runtime_linux::plane::Settings;

use crate::links::replace_route;
use crate::network::{Network, SERVERS, ask, transfer, virtual_address};

const THREADS: usize = 3;
/// A terabyte, which no kernel gives.
const NO_RING: usize = 1 << 40;
/// Enough for every thread to have some.
const CLIENTS: u16 = 12;

#[test]
fn every_client_is_served_whatever_thread_it_belongs_to() {
    lab::test(|| {
        for network in [Network::nat(), Network::direct()] {
            let mut network = network.with_threads(THREADS);
            for family in [Family::V4, Family::V6] {
                for protocol in [Protocol::Udp, Protocol::Tcp] {
                    let key = network.serve(family, protocol, false);
                    let clients = clients(&network, family);
                    let to = network.to(family);
                    for client in clients {
                        let from = SocketAddr::new(client, network.port_for(to).port());
                        let answered = network.client.run(|| match protocol {
                            Protocol::Udp => ask(from, to, 3_000),
                            Protocol::Tcp | Protocol::Sctp => transfer(from, to, 100_000),
                        });
                        let name = answered.unwrap().unwrap();
                        assert!(SERVERS.contains(&name.as_str()), "{name}");
                    }
                    let status = network.plane.as_mut().unwrap().status().unwrap();
                    let service = status.services.iter().find(|service| service.key == key).unwrap();
                    assert_eq!(service.statistics.connections, u64::from(CLIENTS));
                    let held = service.destinations.iter().map(|server| server.active + server.inactive);
                    assert_eq!(held.sum::<u32>(), u32::from(CLIENTS));
                }
            }
            assert_eq!(network.trouble(), []);
        }
    });
}

#[test]
fn what_has_to_see_all_clients_does() {
    lab::test(|| {
        let mut network = Network::nat().with_threads(THREADS);
        let clients = clients(&network, Family::V4);
        let to = network.to(Family::V4);
        let key = ServiceKey::Address { protocol: Protocol::Udp, address: to.ip(), port: to.port() };
        let of_networks = Persistence { timeout: Duration::from_secs(300), granularity: 24 };
        let round = Service::new(key, Method::RoundRobin);
        let services = [
            (Service { persistence: Some(of_networks), ..round }, 0, usize::from(CLIENTS), 1),
            (Service::new(key, Method::LocalityLeastConnection), 0, usize::from(CLIENTS), 1),
            // Three connections for each of two servers.
            (round, 3, 6, 2),
        ];
        for (service, upper, answered, servers) in services {
            network.apply(Step::AddService(service)).unwrap();
            // Another one at this address that is on all threads.
            let other = ServiceKey::Address { protocol: Protocol::Udp, address: to.ip(), port: 9 };
            network.apply(Step::AddService(Service::new(other, Method::RoundRobin))).unwrap();
            for name in SERVERS {
                let destination = Destination { upper, ..network.destination(Family::V4, name) };
                network.apply(Step::AddDestination { service: key, destination }).unwrap();
            }
            let mut names = Vec::new();
            for client in &clients {
                let from = SocketAddr::new(*client, network.port_for(to).port());
                match network.client.run(|| ask(from, to, 4_000)).unwrap() {
                    Ok(name) => names.push(name),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused),
                }
            }
            let distinct: BTreeSet<&String> = names.iter().collect();
            assert_eq!((names.len(), distinct.len()), (answered, servers), "{service:?}");
            if upper == 0 {
                assert_eq!(network.trouble(), [], "{service:?}");
            }
            network.apply(Step::RemoveService(key)).unwrap();
            network.apply(Step::RemoveService(other)).unwrap();
        }
    });
}

#[test]
fn a_router_s_complaint_about_a_reply_finds_the_thread_of_its_client() {
    lab::test(|| {
        let mut network = Network::nat().with_threads(THREADS);
        network.serve(Family::V4, Protocol::Tcp, false);
        let far = Switch::new("far").unwrap();
        let client = Node::new("far").unwrap();
        client.link_to(&far, "eth0", &["198.18.9.9/24"]).unwrap();
        client.route_via("0.0.0.0/0", "198.18.9.1".parse().unwrap()).unwrap();
        let router = Node::new("router").unwrap();
        router.set("ipv4/ip_forward", "1").unwrap();
        router.link_to(&network.switches[0], "eth0", &["198.18.0.254/24"]).unwrap();
        router.link_to(&far, "eth1", &["198.18.9.1/24"]).unwrap();
        // Nobody but the router knows how little gets through.
        let little = [RouteAttribute::Metrics(vec![RouteMetric::Mtu(1_300), RouteMetric::Lock(1 << 2)])];
        let replace =
            || replace_route("198.18.8.0", 24, "198.18.9.9", if_nametoindex("eth1").unwrap(), &little);
        router.run(replace).unwrap();
        network.director.route_via("198.18.8.0/24", "198.18.0.254".parse().unwrap()).unwrap();
        network.client = client;
        let to = network.to(Family::V4);
        for last in 10..16 {
            network.client.add_address("eth0", &format!("198.18.8.{last}/32")).unwrap();
            let from = SocketAddr::new(IpAddr::from([198, 18, 8, last]), network.port_for(to).port());
            network.client.run(|| transfer(from, to, 50_000)).unwrap().unwrap();
        }
        let complaints =
            router.run(|| std::fs::read_to_string("/proc/thread-self/net/snmp")).unwrap().unwrap();
        assert_ne!(count(&complaints, "OutDestUnreachs"), 0, "the router had nothing to complain of");
        network.switches.push(far);
    });
}

#[test]
fn no_datagram_overtakes_another_of_its_flow() {
    for threads in [2, THREADS] {
        keeps_order(Settings { threads, ..Settings::default() });
    }
}

#[test]
fn nor_does_one_where_the_kernel_gives_no_rings() {
    keeps_order(Settings { threads: 2, ring: NO_RING, ..Settings::default() });
}

#[test]
fn clients_are_served_where_the_kernel_gives_no_rings() {
    lab::test(|| {
        for network in [Network::nat(), Network::direct()] {
            let settings = Settings { threads: 2, ring: NO_RING, ..Settings::default() };
            let mut network = network.with_settings(&settings);
            for family in [Family::V4, Family::V6] {
                network.serve(family, Protocol::Tcp, false);
                assert!(SERVERS.contains(&network.transfer(family, 100_000).unwrap().as_str()));
            }
            assert_eq!(network.trouble(), []);
        }
    });
}

/// Numbered datagrams of some flows, as fast as they can be sent, come in order and none of them twice.
fn keeps_order(settings: Settings) {
    const EACH: u32 = 400;
    lab::test(move || {
        let mut network = Network::direct().with_settings(&settings);
        let to = SocketAddr::new(virtual_address(Family::V4), 9_000);
        let key = ServiceKey::Address { protocol: Protocol::Udp, address: to.ip(), port: to.port() };
        network.apply(Step::AddService(Service::new(key, Method::RoundRobin))).unwrap();
        let mut sinks = Vec::new();
        for (name, server) in SERVERS.iter().zip(&network.servers) {
            let sink = server.run(|| UdpSocket::bind(to)).unwrap().unwrap();
            sink.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            sinks.push(sink);
            let destination = Destination { port: to.port(), ..network.destination(Family::V4, name) };
            let step = Step::AddDestination { service: key, destination };
            network.plane.as_mut().unwrap().apply(step).unwrap();
        }
        let sources: Vec<UdpSocket> = clients(&network, Family::V4)
            .into_iter()
            .map(|client| network.client.run(|| UdpSocket::bind((client, 30_000))).unwrap().unwrap())
            .collect();
        // They listen meanwhile, or what comes first fills their queues.
        let sinks: Vec<_> = sinks.into_iter().map(|sink| thread::spawn(move || arrived(&sink))).collect();
        for number in 1..=EACH {
            for source in &sources {
                source.send_to(&number.to_be_bytes(), to).unwrap();
            }
        }
        let arrived = sinks.into_iter().flat_map(|sink| sink.join().unwrap());
        let (mut latest, mut count) = (BTreeMap::new(), 0);
        for (from, number) in arrived {
            let before = latest.insert(from, number).unwrap_or(0);
            assert!(number > before, "{from}: {number} after {before}");
            count += 1;
        }
        assert_eq!(latest.len(), usize::from(CLIENTS));
        // A sender that is faster than the machine loses some.
        assert!(count > EACH, "{count} of {} arrived", EACH * u32::from(CLIENTS));
    });
}

/// What comes to a socket until nothing comes for half a second: from whom, and the number in it.
fn arrived(sink: &UdpSocket) -> Vec<(SocketAddr, u32)> {
    let mut buffer = [0; 4];
    let next = || sink.recv_from(&mut buffer).ok().map(|(_, from)| (from, u32::from_be_bytes(buffer)));
    core::iter::from_fn(next).collect()
}

/// A count of ICMP messages in `/proc/net/snmp`.
fn count(snmp: &str, name: &str) -> u64 {
    let mut lines = snmp.lines().filter(|line| line.starts_with("Icmp:")).map(str::split_whitespace);
    let (mut names, mut counts) = (lines.next().unwrap(), lines.next().unwrap());
    counts.nth(names.position(|known| known == name).unwrap()).unwrap().parse().unwrap()
}

/// Addresses that the client has.
fn clients(network: &Network, family: Family) -> Vec<IpAddr> {
    let numbers = 40..40 + CLIENTS;
    numbers
        .map(|number| {
            let (address, length) = match family {
                Family::V4 => (format!("198.18.0.{number}"), 24),
                Family::V6 => (format!("fd18::{number}"), 64),
            };
            // It may have it from before.
            let _ = network.client.add_address("eth0", &format!("{address}/{length}"));
            address.parse().unwrap()
        })
        .collect()
}
