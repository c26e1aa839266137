//! What the kernel's stack is spared: what the plane takes is dropped where it comes in.

use core::time::Duration;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::Command;

use ipvs_core::{Family, Method, Protocol, Service, ServiceKey, Step};
use runtime_linux::clock;
use runtime_linux::lab::{self, Daemon, Node};
use socket2::{Domain, Socket, Type};

use crate::network::{Network, SERVERS};

const PATIENCE: Duration = Duration::from_secs(20);
const CONFIGURATION: &str = "
global_defs {
    data_plane user
}
virtual_server 198.18.0.100 8080 {
    lb_algo rr
    lb_kind DR
    protocol UDP
    real_server 198.18.0.11 8080 {
    }
    real_server 198.18.0.12 8080 {
    }
}
";

#[test]
fn the_director_s_stack_sees_nothing_of_what_the_plane_takes() {
    lab::test(|| {
        let mut network = Network::direct();
        for (family, name) in [(Family::V4, "Ip"), (Family::V6, "Ip6")] {
            network.serve(family, Protocol::Udp, false);
            // Neighbours are found.
            network.requests(family, Protocol::Udp, 2);
            let before = received(&network.director, name);
            let answers = network.requests(family, Protocol::Udp, 50);
            assert_eq!(answers.values().sum::<usize>(), 50, "{answers:?}");
            let seen = received(&network.director, name) - before;
            assert!(seen < 25, "{seen} packets of {family:?} came to the stack");
        }
    });
}

#[test]
fn while_there_are_services_of_marks_packets_come_behind_the_ingress_hook() {
    lab::test(|| {
        let mut network = Network::direct();
        network.serve(Family::V4, Protocol::Udp, false);
        let service = ServiceKey::Mark { mark: 7, family: Family::V6 };
        network.apply(Step::AddService(Service::new(service, Method::RoundRobin))).unwrap();
        let before = received(&network.director, "Ip");
        assert_eq!(network.requests(Family::V4, Protocol::Udp, 20).values().sum::<usize>(), 20);
        assert!(received(&network.director, "Ip") - before >= 20);
        network.apply(Step::RemoveService(service)).unwrap();
        let before = received(&network.director, "Ip");
        assert_eq!(network.requests(Family::V4, Protocol::Udp, 20).values().sum::<usize>(), 20);
        assert!(received(&network.director, "Ip") - before < 10);
    });
}

#[test]
#[ignore = "needs ip"]
fn frames_for_a_macvlan_are_left_to_it() {
    lab::test(|| {
        let mut network = Network::direct();
        network.serve(Family::V4, Protocol::Udp, false);
        // As a router with `use_vmac` has it: the address is where the virtual MAC is.
        network
            .director
            .run(|| {
                ip("address del 198.18.0.100/32 dev eth0");
                ip("link add vrrp1 link eth0 address 00:00:5e:00:01:01 type macvlan mode private");
                ip("link set vrrp1 up");
            })
            .unwrap();
        network.director.add_address("vrrp1", "198.18.0.100/32").unwrap();
        network
            .client
            .run(|| {
                ip("neighbour flush all");
                ip("neighbour replace 198.18.0.100 lladdr 00:00:5e:00:01:01 dev eth0 nud permanent");
            })
            .unwrap();
        // The plane hears of the new interface a little later than the client asks.
        let is_served =
            || SERVERS.iter().any(|name| network.requests(Family::V4, Protocol::Udp, 1).contains_key(*name));
        assert!((0..5).any(|_| is_served()));
        let answers = network.requests(Family::V4, Protocol::Udp, 20);
        assert_eq!(answers.keys().collect::<Vec<_>>(), ["rs1", "rs2"]);
    });
}

#[test]
#[ignore = "needs nft and ip"]
fn tagged_frames_and_fragments_are_left_to_the_stack() {
    lab::test(|| {
        let mut network = Network::direct();
        network.serve(Family::V4, Protocol::Udp, false);
        let to = network.to(Family::V4);
        let shown =
            network.director.run(|| Command::new("ip").args(["-br", "link", "show", "eth0"]).output());
        let shown = String::from_utf8(shown.unwrap().unwrap().stdout).unwrap();
        let mac = shown.split_whitespace().nth(2).unwrap();
        let mac: Vec<u8> = mac.split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect();
        let mac: [u8; 6] = mac.try_into().unwrap();
        let mut plain = Vec::new();
        etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 9], mac)
            .ipv4([198, 18, 0, 9], [198, 18, 0, 100], 64)
            .udp(40_000, to.port())
            .write(&mut plain, &[7; 32])
            .unwrap();
        let tagged = [&plain[..12], &[0x81, 0x00, 0, 7], &plain[12..]].concat();
        let mut fragment = plain.clone();
        // More fragments follow; the sum of the header has as much less.
        fragment[20] |= 0x20;
        let sum = u16::from_be_bytes([plain[24], plain[25]]);
        let less = if sum < 0x2000 { sum.wrapping_sub(0x2001) } else { sum - 0x2000 };
        fragment[24..26].copy_from_slice(&less.to_be_bytes());
        let dropped = || {
            let list = || Command::new("nft").args(["list", "table", "inet", "steadfast_plane"]).output();
            let listing = String::from_utf8(network.director.run(list).unwrap().unwrap().stdout).unwrap();
            let chains = listing.split("chain ingress").skip(1);
            let counts = chains.flat_map(|chain| chain.split("counter packets ").skip(1));
            let counts = counts.map(|rest| rest.split(' ').next().unwrap().parse::<u64>().unwrap());
            counts.sum::<u64>()
        };
        for (frame, wanted) in [(tagged, 0), (fragment, 0), (plain, 1)] {
            network.client.run(|| send(&frame)).unwrap();
            let waited = (0..50).any(|_| {
                std::thread::park_timeout(Duration::from_millis(4));
                wanted > 0 && dropped() == wanted
            });
            assert_eq!((dropped(), waited), (wanted, wanted > 0));
        }
    });
}

#[test]
fn a_director_that_was_killed_leaves_nothing_in_the_way() {
    lab::test(|| {
        let mut network = Network::direct();
        drop(network.plane.take());
        network.serve_on_director(Family::V4);
        let daemon = Daemon::steadfast(PathBuf::from(env!("CARGO_BIN_EXE_steadfast")));
        let process = daemon.start(&network.director, CONFIGURATION.as_bytes(), false).unwrap();
        let answered_by = |names: &[&str]| {
            let end = clock::now() + PATIENCE;
            while clock::now() < end {
                let answers = network.requests(Family::V4, Protocol::Udp, 1);
                if names.iter().any(|name| answers.contains_key(*name)) {
                    return true;
                }
            }
            false
        };
        assert!(answered_by(&SERVERS), "{:#?}", process.log());
        process.kill();
        assert!(answered_by(&["dir"]), "the kernel is still kept from its own address");
    });
}

/// Sends a frame as it is.
fn send(frame: &[u8]) {
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(socket2::Protocol::from(0))).unwrap();
    let index = nix::net::if_::if_nametoindex("eth0").unwrap();
    nix::sys::socket::bind(socket.as_raw_fd(), &runtime_linux::sys::link_address(index, 0, [0; 6])).unwrap();
    socket.send(frame).unwrap();
}

/// Packets that the stack has received, from `/proc/net`.
fn received(node: &Node, family: &str) -> u64 {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap();
    let text = node.run(|| if family == "Ip" { read("snmp") } else { read("snmp6") }).unwrap();
    if family == "Ip" {
        let mut lines = text.lines().filter(|line| line.starts_with("Ip:")).map(str::split_whitespace);
        let (mut names, mut counts) = (lines.next().unwrap(), lines.next().unwrap());
        return counts.nth(names.position(|name| name == "InReceives").unwrap()).unwrap().parse().unwrap();
    }
    let line = text.lines().find(|line| line.starts_with("Ip6InReceives")).unwrap();
    line.split_whitespace().last().unwrap().parse().unwrap()
}

fn ip(words: &str) {
    assert!(Command::new("ip").args(words.split(' ')).status().unwrap().success(), "ip {words}");
}
