//! The small host: what a router without smoltcp's stack answers, and which groups it reports.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;
use etherparse::{IcmpEchoHeader, Icmpv4Type, Icmpv6Type, PacketBuilder, TransportSlice};
use runtime_embedded::{Config, Instance, Port};

use crate::network::{Network, mac, ms};
use crate::packets::{
    CLIENT, CLIENT_V4, CLIENT_V6, arp_reply, arp_request, neighbour_advertisement, neighbour_solicitation,
    ping, pong,
};

const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OPEN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 11);
const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const OWN_LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 0x0200);
const VIRTUAL_OPEN: [u8; 6] = [0, 0, 0x5e, 0, 1, 52];
const VIRTUAL_V6: [u8; 6] = [0, 0, 0x5e, 0, 2, 51];

static CONFIG: Config<1, 3> = Config::new(
    [Port::new("lan").ipv4(OWN, 24)],
    [
        Instance::v3("closed", 0, 51, &[IpAddr::V4(VIP)]),
        Instance::v3("open", 0, 52, &[IpAddr::V4(OPEN)]).accept(),
        Instance::v3("six", 0, 51, &[IpAddr::V6(LINK_LOCAL)]).accept(),
    ],
);

#[test]
fn own_addresses_are_told_with_the_own_mac_at_all_times() {
    let mut network = Network::new();
    network.small_router(&CONFIG, 2, [0]);
    for at in [100, 10_000] {
        network.run_until(ms(at));
        network.seen.clear();
        network.inject(0, &arp_request(OWN));
        network.inject(0, &neighbour_solicitation(OWN_LINK_LOCAL));
        network.inject(0, &arp_request(Ipv4Addr::new(192, 0, 2, 99)));
        network.run_for(ms(10));
        let replies: Vec<_> = network.seen.iter().filter_map(|seen| arp_reply(&seen.frame, OWN)).collect();
        assert_eq!(replies, [(mac(2, 0), mac(2, 0))]);
        let told: Vec<_> = network
            .seen
            .iter()
            .filter_map(|seen| neighbour_advertisement(&seen.frame, OWN_LINK_LOCAL))
            .collect();
        // Solicited and override; a host, not a router.
        assert_eq!(told, [(0x60, mac(2, 0))]);
        let all = network.seen.iter().filter(|seen| seen.frame[12..14] == [8, 6]);
        assert_eq!(all.count(), 3);
    }
}

#[test]
fn pings_are_answered_at_own_addresses_and_at_virtual_ones_that_accept() {
    let mut network = Network::new();
    network.small_router(&CONFIG, 2, [0]);
    for (at, expected) in [(100, &[(mac(2, 0), IpAddr::V4(OWN))][..]), (10_000, &PONGS)] {
        network.run_until(ms(at));
        network.seen.clear();
        network.inject(0, &ping(mac(2, 0), OWN));
        network.inject(0, &ping(VIRTUAL_OPEN, OPEN));
        network.inject(0, &ping([0, 0, 0x5e, 0, 1, 51], VIP));
        network.inject(0, &ping([0xff; 6], OWN));
        network.inject(0, &damaged(ping(mac(2, 0), OWN)));
        network.run_for(ms(10));
        let pongs: Vec<_> = network.seen.iter().filter_map(|seen| pong(&seen.frame)).collect();
        assert_eq!(pongs, expected);
    }
    let answer = network.seen.iter().find(|seen| pong(&seen.frame).is_some()).expect("checked");
    assert_eq!(answer.frame[..6], CLIENT);
    assert_eq!(answer.frame[30..34], CLIENT_V4.octets());
    let packet = etherparse::SlicedPacket::from_ethernet(&answer.frame).expect("well formed");
    let Some(etherparse::NetSlice::Ipv4(ip)) = packet.net else { panic!("IPv4") };
    let header = ip.header().to_header();
    assert_eq!((header.time_to_live, header.header_checksum), (64, header.calc_header_checksum()));
    let Some(TransportSlice::Icmpv4(icmp)) = packet.transport else { panic!("ICMP") };
    assert_eq!(icmp.icmp_type(), Icmpv4Type::EchoReply(IcmpEchoHeader { id: 1, seq: 1 }));
    assert_eq!(icmp.payload(), b"hello");
    assert_eq!(Sum16BitWords::new().add_slice(&answer.frame[34..47]).ones_complement(), 0);
}

const PONGS: [([u8; 6], IpAddr); 2] =
    [([2, 0, 0, 0, 2, 0], IpAddr::V4(OWN)), (VIRTUAL_OPEN, IpAddr::V4(OPEN))];

#[test]
fn pings_over_ipv6_come_back_whole() {
    let mut network = Network::new();
    network.small_router(&CONFIG, 2, [0]);
    network.run_until(ms(10_000));
    for (to, address) in [(mac(2, 0), OWN_LINK_LOCAL), (VIRTUAL_V6, LINK_LOCAL)] {
        network.seen.clear();
        let mut request = Vec::new();
        PacketBuilder::ethernet2(CLIENT, to)
            .ipv6(CLIENT_V6.octets(), address.octets(), 9)
            .icmpv6_echo_request(7, 8)
            .write(&mut request, b"hello, world")
            .expect("well formed");
        network.inject(0, &request);
        network.run_for(ms(10));
        let mut expected = Vec::new();
        PacketBuilder::ethernet2(to, CLIENT)
            .ipv6(address.octets(), CLIENT_V6.octets(), 64)
            .icmpv6_echo_reply(7, 8)
            .write(&mut expected, b"hello, world")
            .expect("well formed");
        assert!(network.seen.iter().any(|seen| seen.frame == expected));
    }
}

#[test]
fn groups_are_reported_at_once_and_once_more() {
    let mut network = Network::new();
    network.small_router(&CONFIG, 2, [0]);
    network.run_until(ms(10));
    let solicited = |last| IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, last));
    let vrrp =
        [IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18)), IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12))];
    assert_eq!(reported(&network), [vrrp[0], vrrp[1], solicited(0x0200)].into());
    // They are Active by now, and listen for questions about their virtual addresses.
    network.seen.clear();
    network.run_until(ms(3_700));
    assert!(reported(&network).contains(&solicited(1)));
    network.seen.clear();
    network.run_until(ms(14_000));
    assert!(reported(&network).contains(&solicited(1)));
    network.seen.clear();
    network.run_until(ms(60_000));
    assert_eq!(reported(&network), [].into());
}

#[test]
fn who_asks_for_groups_is_told_in_time() {
    let all = [0x01, 0x00, 0x5e, 0, 0, 1];
    let mut igmp = Vec::new();
    let query = [0x11, 10, 0xee, 0xf5, 0, 0, 0, 0];
    PacketBuilder::ethernet2(CLIENT, all)
        .ipv4(CLIENT_V4.octets(), [224, 0, 0, 1], 1)
        .write(&mut igmp, etherparse::IpNumber::IGMP, &query)
        .expect("well formed");
    let mut mld = vec![0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0xee, 1, 0x86, 0xdd];
    mld.extend([0x60, 0, 0, 0, 0, 32, 0, 1]);
    mld.extend(CLIENT_V6.octets());
    mld.extend(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).octets());
    mld.extend([58, 0, 5, 2, 0, 0, 1, 0, 130, 0, 0, 0, 0x03, 0xe8, 0, 0]);
    mld.extend([0; 16]);
    for query in [igmp, mld] {
        let mut network = Network::new();
        network.small_router(&CONFIG, 2, [0]);
        network.run_until(ms(60_000));
        network.seen.clear();
        network.inject(0, &query);
        network.run_for(ms(1_001));
        assert_eq!(reported(&network).len(), 4);
        network.seen.clear();
        network.run_for(ms(60_000));
        assert_eq!(reported(&network), [].into());
    }
}

/// The groups that are reported in valid messages. A report goes to the group itself (RFC 2236 §3, RFC 2710 §4).
fn reported(network: &Network) -> std::collections::BTreeSet<IpAddr> {
    let ours = network.seen.iter().filter(|seen| seen.frame[6..12] != CLIENT);
    let valid = ours.filter_map(|seen| {
        let frame = &seen.frame;
        if frame[12..14] == [8, 0] && frame[23] == 2 {
            assert_eq!(frame[14], 0x46, "room for the router alert");
            assert_eq!((frame[22], &frame[34..38]), (1, &[148, 4, 0, 0][..]));
            for part in [&frame[14..38], &frame[38..46]] {
                assert_eq!(Sum16BitWords::new().add_slice(part).ones_complement(), 0);
            }
            assert_eq!((frame[38], &frame[30..34]), (0x16, &frame[42..46]));
            return Some(IpAddr::V4(<[u8; 4]>::try_from(&frame[42..46]).expect("four").into()));
        }
        if frame[12..14] == [0x86, 0xdd] && frame[20] == 0 && frame[62] == 131 {
            assert_eq!((frame[21], &frame[54..62]), (1, &[58, 0, 5, 2, 0, 0, 1, 0][..]));
            let sum = Sum16BitWords::new()
                .add_slice(&frame[22..54])
                .add_slice(&[0, 24, 0, 58])
                .add_slice(&frame[62..]);
            assert_eq!(sum.ones_complement(), 0);
            assert_eq!(frame[22..38], OWN_LINK_LOCAL.octets());
            assert_eq!(frame[38..54], frame[70..86]);
            return Some(IpAddr::V6(<[u8; 16]>::try_from(&frame[70..86]).expect("sixteen").into()));
        }
        None
    });
    valid.collect()
}

/// With a header whose checksum does not hold.
fn damaged(mut frame: Vec<u8>) -> Vec<u8> {
    frame[22] ^= 1;
    frame
}

#[test]
fn the_answer_to_a_ping_is_what_the_library_makes_of_it() {
    // Both ways to the same checksum, for many contents.
    let mut network = Network::new();
    network.small_router(&CONFIG, 2, [0]);
    for identifier in (0..=u16::MAX).step_by(771) {
        network.seen.clear();
        let mut request = Vec::new();
        PacketBuilder::ethernet2(CLIENT, mac(2, 0))
            .ipv6(CLIENT_V6.octets(), OWN_LINK_LOCAL.octets(), 64)
            .icmpv6(Icmpv6Type::EchoRequest(IcmpEchoHeader { id: identifier, seq: 0 }))
            .write(&mut request, &[])
            .expect("well formed");
        network.inject(0, &request);
        network.run_for(ms(1));
        let mut expected = Vec::new();
        PacketBuilder::ethernet2(mac(2, 0), CLIENT)
            .ipv6(OWN_LINK_LOCAL.octets(), CLIENT_V6.octets(), 64)
            .icmpv6(Icmpv6Type::EchoReply(IcmpEchoHeader { id: identifier, seq: 0 }))
            .write(&mut expected, &[])
            .expect("well formed");
        assert!(network.seen.iter().any(|seen| seen.frame == expected), "identifier {identifier}");
    }
}
