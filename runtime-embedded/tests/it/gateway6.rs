//! Forwarding of IPv6 between two ports, and what senders are told of packets that do not go on, over both families.

use core::cell::RefCell;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use runtime_embedded::{Config, Gateway, Instance, Port};

use crate::network::{Machine, Network, mac, ms};
use crate::packets::{
    CLIENT, CLIENT_V4, Mac, advertisement, arp_request, datagram, datagram6, icmp6, solicitation_for,
};

const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const GATEWAY_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1);
const INSIDE: &[IpAddr] = &[IpAddr::V6(LINK_LOCAL), IpAddr::V6(GATEWAY_V6)];
const CLIENT_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x77);
const SERVER: Mac = [2, 0, 0, 0, 0xee, 2];
const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 0x80);
const FAR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1);
/// The provider's router on the server's side.
const UPSTREAM: Mac = [2, 0, 0, 0, 0xee, 3];
const UPSTREAM_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xbeef);
const VIRTUAL: Mac = [0, 0, 0x5e, 0, 2, 1];
const OWN_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2);
const OWN_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

const LAN: Port = Port::new("lan").ipv4(OWN_V4, 24).ipv6(OWN_V6, 64);
const WAN: Port = Port::new("wan")
    .ipv4(Ipv4Addr::new(198, 51, 100, 2), 24)
    .ipv6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 2), 64);
static PLAIN: Config<2, 1> = Config::new([LAN, WAN], [Instance::v3("inside", 0, 1, INSIDE)]);
static CONNECTED: Config<2, 1> =
    Config::new([LAN, WAN.gateway(IpAddr::V6(UPSTREAM_V6))], [Instance::v3("inside", 0, 1, INSIDE)]);

type Node = Rc<RefCell<Machine<Gateway<8, 2>, 2, 1>>>;

/// An Active gateway, whose client has asked for it and so told where it lives.
fn begin(config: &'static Config<2, 1>) -> (Network, Node) {
    let mut network = Network::new();
    let node = network.router_with(config, 2, [0, 1], Gateway::<8, 2>::new());
    network.run_until(ms(10_000));
    let mut question = vec![135, 0, 0, 0, 0, 0, 0, 0];
    question.extend(GATEWAY_V6.octets());
    question.extend([1, 1]);
    question.extend(CLIENT);
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 1);
    network.inject(0, &icmp6([CLIENT, [0x33, 0x33, 0xff, 0, 0, 1]], [CLIENT_V6, group], 255, question));
    network.inject(0, &arp_request(OWN_V4));
    network.run_for(ms(10));
    network.seen.clear();
    (network, node)
}

fn from_client(destination: Ipv6Addr, hop_limit: u8) -> Vec<u8> {
    datagram6([CLIENT, VIRTUAL], [CLIENT_V6, destination], hop_limit)
}

/// The datagrams that reached this MAC: from which MAC, with which hop limit.
fn arrived(network: &Network, to: Mac) -> Vec<(Mac, u8)> {
    let frames = network.seen.iter().map(|seen| &seen.frame);
    frames
        .filter(|frame| frame[..6] == to && frame[12..14] == [0x86, 0xdd] && frame[20] == 17)
        .map(|frame| (frame[6..12].try_into().expect("six bytes"), frame[21]))
        .collect()
}

/// The `ICMPv6` errors that the client got: from which address, type and code, and of the quoted packet the hop limit and the
/// destination. A checksum that does not hold fails the test.
fn errors(network: &Network) -> Vec<(Ipv6Addr, u8, u8, u8, Ipv6Addr)> {
    let mut errors = Vec::new();
    for seen in network.seen.iter().filter(|seen| seen.frame[..6] == CLIENT) {
        let packet = SlicedPacket::from_ethernet(&seen.frame).expect("well formed");
        if let (Some(NetSlice::Ipv6(ip)), Some(TransportSlice::Icmpv6(icmp))) = (packet.net, packet.transport)
            && icmp.type_u8() < 128
        {
            let (source, destination) = (ip.header().source(), ip.header().destination());
            assert!(icmp.is_checksum_valid(source, destination));
            assert_eq!(ip.header().destination_addr(), CLIENT_V6);
            let quoted = icmp.payload();
            let octets: [u8; 16] = quoted[24..40].try_into().expect("a header");
            errors.push((
                ip.header().source_addr(),
                icmp.type_u8(),
                icmp.code_u8(),
                quoted[7],
                octets.into(),
            ));
        }
    }
    errors
}

#[test]
fn the_next_hop_is_asked_for_and_the_packet_that_waited_goes_on_one_hop_further() {
    let (mut network, node) = begin(&PLAIN);
    network.inject(0, &from_client(SERVER_V6, 64));
    network.run_for(ms(10));
    assert_eq!(arrived(&network, SERVER), []);
    let asks: Vec<_> =
        network.seen.iter().filter_map(|seen| solicitation_for(&seen.frame, SERVER_V6)).collect();
    assert_eq!(asks, [(mac(2, 1), mac(2, 1))]);
    let own = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 0x0201);
    network.inject(1, &advertisement(SERVER, SERVER_V6, mac(2, 1), own));
    network.run_for(ms(10));
    network.inject(0, &from_client(SERVER_V6, 2));
    network.run_for(ms(10));
    assert_eq!(arrived(&network, SERVER), [(mac(2, 1), 63), (mac(2, 1), 1)]);
    // And back.
    network.inject(1, &datagram6([SERVER, mac(2, 1)], [SERVER_V6, CLIENT_V6], 64));
    network.run_for(ms(10));
    assert_eq!(arrived(&network, CLIENT), [(mac(2, 0), 63)]);
    assert_eq!(node.borrow_mut().router.plane().counters().forwarded, 3);
}

#[test]
fn a_gateway_with_a_link_local_address_is_found_and_used() {
    let (mut network, _) = begin(&CONNECTED);
    network.inject(0, &from_client(FAR_V6, 64));
    network.run_for(ms(10));
    assert!(network.seen.iter().any(|seen| solicitation_for(&seen.frame, UPSTREAM_V6).is_some()));
    let own = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 0x0201);
    network.inject(1, &advertisement(UPSTREAM, UPSTREAM_V6, mac(2, 1), own));
    network.run_for(ms(10));
    assert_eq!(arrived(&network, UPSTREAM), [(mac(2, 1), 63)]);
}

#[test]
fn who_sends_a_packet_whose_hop_limit_ends_here_is_told() {
    let (mut network, node) = begin(&PLAIN);
    network.inject(0, &from_client(SERVER_V6, 1));
    network.inject(0, &from_client(SERVER_V6, 0));
    network.run_for(ms(10));
    assert_eq!(errors(&network), [(OWN_V6, 3, 0, 1, SERVER_V6), (OWN_V6, 3, 0, 0, SERVER_V6)]);
    assert!(!network.seen.iter().any(|seen| solicitation_for(&seen.frame, SERVER_V6).is_some()));
    let counters = *node.borrow_mut().router.plane().counters();
    assert_eq!((counters.expired, counters.complained), (2, 2));
}

#[test]
fn who_sends_where_no_port_leads_or_to_nobody_is_told() {
    let (mut network, node) = begin(&PLAIN);
    network.inject(0, &from_client(FAR_V6, 64));
    network.run_for(ms(10));
    assert_eq!(errors(&network), [(OWN_V6, 1, 0, 64, FAR_V6)]);
    network.seen.clear();
    network.inject(0, &from_client(SERVER_V6, 64));
    network.run_for(ms(2_900));
    assert_eq!(errors(&network), []);
    network.run_for(ms(200));
    assert_eq!(errors(&network), [(OWN_V6, 1, 3, 63, SERVER_V6)]);
    let asks = network.seen.iter().filter(|seen| solicitation_for(&seen.frame, SERVER_V6).is_some());
    assert_eq!(asks.count(), 3);
    let counters = *node.borrow_mut().router.plane().counters();
    assert_eq!((counters.unroutable, counters.unanswered, counters.complained), (1, 1, 2));
}

#[test]
fn nobody_is_told_about_errors_nor_by_link_local_addresses_nor_more_than_a_flood_may() {
    let (mut network, node) = begin(&PLAIN);
    // An error about something, from the client, with a hop limit that ends here.
    let error = [vec![1, 0, 0, 0, 0, 0, 0, 0], vec![0x60; 48]].concat();
    network.inject(0, &icmp6([CLIENT, VIRTUAL], [CLIENT_V6, SERVER_V6], 1, error));
    let own = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x77);
    network.inject(0, &datagram6([CLIENT, VIRTUAL], [own, SERVER_V6], 64));
    network.inject(0, &datagram6([CLIENT, VIRTUAL], [CLIENT_V6, UPSTREAM_V6], 64));
    network.run_for(ms(10));
    assert_eq!(errors(&network), []);
    let counters = *node.borrow_mut().router.plane().counters();
    assert_eq!((counters.expired, counters.unroutable, counters.complained), (1, 2, 0));
    for _ in 0..1_000 {
        network.inject(0, &from_client(SERVER_V6, 1));
    }
    network.run_for(ms(1));
    let told = errors(&network).len();
    assert!((50..=52).contains(&told), "{told}");
}

#[test]
fn over_ipv4_they_are_told_too() {
    let (mut network, _) = begin(&PLAIN);
    let to = mac(2, 0);
    network.inject(0, &datagram(CLIENT, to, CLIENT_V4, Ipv4Addr::new(198, 51, 100, 80), 1));
    network.inject(0, &datagram(CLIENT, to, CLIENT_V4, Ipv4Addr::new(10, 9, 8, 7), 64));
    network.inject(0, &datagram(CLIENT, to, CLIENT_V4, Ipv4Addr::new(198, 51, 100, 81), 64));
    network.run_for(ms(4_000));
    let errors: Vec<_> = network
        .seen
        .iter()
        .filter(|seen| seen.frame[..6] == CLIENT)
        .filter_map(|seen| {
            let packet = SlicedPacket::from_ethernet(&seen.frame).expect("well formed");
            let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Icmpv4(icmp))) =
                (packet.net, packet.transport)
            else {
                return None;
            };
            Some((ip.header().source_addr(), icmp.type_u8(), icmp.code_u8()))
        })
        .collect();
    assert_eq!(errors, [(OWN_V4, 11, 0), (OWN_V4, 3, 0), (OWN_V4, 3, 1)]);
}

#[test]
fn a_neighbour_that_was_silent_for_long_is_asked_while_its_packets_go_on() {
    let (mut network, node) = begin(&PLAIN);
    let own = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 0x0201);
    network.inject(1, &advertisement(SERVER, SERVER_V6, mac(2, 1), own));
    // A packet each 5 s for five minutes, to a server that answers only when it is asked.
    for _ in 0..60 {
        network.seen.clear();
        network.inject(0, &from_client(SERVER_V6, 64));
        network.run_for(ms(5_000));
        assert_eq!(arrived(&network, SERVER).len(), 1);
        if network.seen.iter().any(|seen| solicitation_for(&seen.frame, SERVER_V6).is_some()) {
            network.inject(1, &advertisement(SERVER, SERVER_V6, mac(2, 1), own));
        }
    }
    assert_eq!(node.borrow_mut().router.plane().counters().unanswered, 0);
    // It does not answer any more: after a minute in all it is no longer believed in.
    network.run_for(ms(61_000));
    network.seen.clear();
    network.inject(0, &from_client(SERVER_V6, 64));
    network.run_for(ms(10));
    assert_eq!(arrived(&network, SERVER), []);
}
