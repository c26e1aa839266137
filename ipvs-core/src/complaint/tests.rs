use core::net::IpAddr;
use std::vec;
use std::vec::Vec;

use etherparse::{Icmpv4Slice, Icmpv6Slice, PacketBuilder, SlicedPacket, TransportSlice};

use super::*;

#[test]
fn errors_quote_the_packet_from_the_address_they_are_told_and_add_up() {
    for (complaint, v4, v6) in [
        (Complaint::Refused, [3, 3, 0, 0], [1, 4, 0, 0, 0, 0]),
        (Complaint::Unreachable, [3, 1, 0, 0], [1, 3, 0, 0, 0, 0]),
        (Complaint::Expired, [11, 0, 0, 0], [3, 0, 0, 0, 0, 0]),
        (Complaint::TooBig { mtu: 1_480 }, [3, 4, 5, 200], [2, 0, 0, 0, 5, 200]),
    ] {
        let mut out = [0xEE; 2_000];
        let packet = v4_packet(b"four");
        let length = emit(complaint, &packet, from("10.0.0.1"), &mut out).unwrap();
        let sliced = SlicedPacket::from_ip(&out[..length]).unwrap();
        let header = sliced.net.as_ref().unwrap().ipv4_ref().unwrap().header().to_header();
        assert_eq!((header.source, header.destination), ([10, 0, 0, 1], [192, 0, 2, 1]));
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        let Some(TransportSlice::Icmpv4(icmp)) = sliced.transport else { panic!("no ICMP") };
        assert_eq!([icmp.slice()[..2].to_vec(), icmp.slice()[6..8].to_vec()].concat(), v4);
        assert_eq!(icmp.payload(), packet);
        assert!(is_right_v4(&icmp));

        let mut out = [0xEE; 2_000];
        let packet = v6_packet(b"six");
        let length = emit(complaint, &packet, from("2001:db8::1"), &mut out).unwrap();
        let sliced = SlicedPacket::from_ip(&out[..length]).unwrap();
        let header = sliced.net.as_ref().unwrap().ipv6_ref().unwrap().header().to_header();
        assert_eq!(header.destination_addr(), from("2001:db8:9::7"));
        let Some(TransportSlice::Icmpv6(icmp)) = sliced.transport else { panic!("no ICMPv6") };
        assert_eq!([icmp.slice()[..2].to_vec(), icmp.slice()[4..8].to_vec()].concat(), v6);
        assert_eq!(icmp.payload(), packet);
        assert!(Icmpv6Slice::is_checksum_valid(&icmp, header.source, header.destination));
    }
}

#[test]
fn a_long_packet_is_quoted_as_far_as_the_rules_and_the_room_allow() {
    let (four, six) = (v4_packet(&[1; 1_400]), v6_packet(&[1; 1_400]));
    let mut out = [0; 2_000];
    assert_eq!(emit(Complaint::Expired, &four, from("10.0.0.1"), &mut out), Some(576));
    assert_eq!(emit(Complaint::Expired, &six, from("2001:db8::1"), &mut out), Some(1_280));
    assert_eq!(emit(Complaint::Expired, &four, from("10.0.0.1"), &mut out[..100]), Some(100));
    assert_eq!(emit(Complaint::Expired, &four, from("10.0.0.1"), &mut out[..27]), None);
    assert_eq!(emit(Complaint::Expired, &four, from("2001:db8::1"), &mut out), None);
}

#[test]
fn nobody_is_told_of_later_fragments_groups_and_errors() {
    let mut later = v4_packet(b"?");
    later[7] = 1;
    let mut group = v4_packet(b"?");
    group[16] = 224;
    let mut broadcast = v4_packet(b"?");
    broadcast[12..16].fill(255);
    let mut silent = vec![later, group, broadcast];
    for kind in [3, 5, 11, 12] {
        let mut error = v4_packet(b"?");
        error[9] = 1;
        error[20] = kind;
        silent.push(error);
    }
    for kind in [1, 2, 3, 4, 137] {
        let mut error = v6_packet(b"?");
        error[6] = 58;
        error[40] = kind;
        silent.push(error);
    }
    let mut later = v6_packet(b"?");
    later[6] = 44;
    later.splice(40..40, [17, 0, 0, 8, 0, 0, 0, 1]);
    silent.push(later);
    for packet in &silent {
        assert_eq!(deserves_answer(packet), None, "{packet:?}");
    }
    let mut echo = v4_packet(b"?");
    echo[9] = 1;
    echo[20] = 8;
    assert_eq!(deserves_answer(&echo), Some(from("192.0.2.1")));
    for length in 0..20 {
        assert_eq!(deserves_answer(&echo[..length]), None, "{length} octets");
    }
}

#[test]
fn answers_are_limited_to_a_burst_and_one_per_millisecond() {
    let mut limit = Limit::FULL;
    let at = |ms| Duration::from_millis(ms);
    assert_eq!((0..100).filter(|_| limit.take(at(10_000))).count(), 50);
    assert_eq!((0..100).filter(|_| limit.take(at(10_002))).count(), 2);
}

fn is_right_v4(icmp: &Icmpv4Slice<'_>) -> bool {
    icmp.icmp_type().calc_checksum(icmp.payload()) == icmp.checksum()
}

fn from(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn v4_packet(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let builder = PacketBuilder::ipv4([192, 0, 2, 1], [10, 0, 0, 1], 64).udp(1_000, 53);
    builder.write(&mut bytes, payload).unwrap();
    bytes
}

fn v6_packet(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let [IpAddr::V6(source), IpAddr::V6(destination)] = ["2001:db8:9::7", "2001:db8::1"].map(from) else {
        unreachable!("both are IPv6")
    };
    let builder = PacketBuilder::ipv6(source.octets(), destination.octets(), 64).udp(1_000, 53);
    builder.write(&mut bytes, payload).unwrap();
    bytes
}
