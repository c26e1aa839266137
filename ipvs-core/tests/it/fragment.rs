//! Packets in pieces.

use ipvs_core::{Direction, Forward, Protocol, Reason, Verdict};

use crate::lab::{Lab, Made, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{ends, udp};

#[test]
fn the_pieces_of_a_request_follow_the_first_and_add_up_to_a_correct_packet() {
    for (client, virtual_address, real) in
        [("10.9.0.7", VIRTUAL_V4, "10.2.0.1"), ("2001:db8:9::7", VIRTUAL_V6, "2001:db8:2::1")]
    {
        let servers = [server(real, 9_000, Forward::Masquerade)];
        let mut lab = Lab::new(&[(service(Protocol::Udp, virtual_address), &servers)], 16);
        let whole = udp(at(client, 40_000), at(virtual_address, 53), &[0xA5; 100]);
        let mut pieces = in_two(&whole, 77);
        for piece in &mut pieces {
            let length = piece.len();
            let next_hop = at(real, 0).ip();
            let sent = lab.sent(piece);
            assert_eq!((sent.next_hop, sent.length, sent.direction), (next_hop, length, Direction::Request));
        }
        assert_eq!(ends(&joined(&pieces)), (at(client, 40_000), at(real, 9_000)));

        let whole = udp(at(real, 9_000), at(client, 40_000), &[0x5A; 100]);
        let mut pieces = in_two(&whole, 78);
        for piece in &mut pieces {
            assert_eq!(lab.sent(piece).direction, Direction::Reply);
        }
        assert_eq!(ends(&joined(&pieces)), (at(virtual_address, 53), at(client, 40_000)));
    }
}

#[test]
fn a_piece_that_comes_before_the_first_is_dropped() {
    let servers = [server("10.2.0.1", 53, Forward::Direct)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &servers)], 16);
    let whole = udp(at("10.9.0.7", 40_000), at(VIRTUAL_V4, 53), &[0xA5; 100]);
    let [_, mut second] = in_two(&whole, 77);
    assert_eq!(lab.send(&mut second), Verdict::Drop(Reason::FragmentWithoutFirst));
    let [_, mut elsewhere] = in_two(&udp(at("10.9.0.7", 40_000), at("10.0.0.2", 53), &[0xA5; 100]), 77);
    assert_eq!(lab.send(&mut elsewhere), Verdict::Pass);
}

#[test]
fn pieces_for_a_local_server_are_left_to_the_stack() {
    let servers = [server(VIRTUAL_V4, 53, Forward::Local)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &servers)], 16);
    for mut piece in in_two(&udp(at("10.9.0.7", 40_000), at(VIRTUAL_V4, 53), &[0xA5; 100]), 77) {
        assert_eq!(lab.send(&mut piece), Verdict::Local);
    }
}

#[test]
fn a_first_piece_too_short_for_its_ports_is_malformed() {
    let servers = [server("10.2.0.1", 53, Forward::Direct)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &servers)], 16);
    let mut packet = Made::Udp.from("10.9.0.7:40000");
    packet.truncate(27);
    packet[3] = 27;
    packet[6] = 0x20;
    assert_eq!(lab.send(&mut packet), Verdict::Drop(Reason::Malformed));
}

#[test]
fn extension_headers_of_ipv6_are_walked_over() {
    let servers = [server("2001:db8:2::1", 9_000, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V6), &servers)], 16);
    let plain = udp(at("2001:db8:9::7", 40_000), at(VIRTUAL_V6, 53), b"?");
    // Hop-by-hop options of 16 octets, then destination options of 8, all padding.
    let hop_by_hop = [60, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let options = [17, 0, 1, 4, 0, 0, 0, 0];
    let mut packet = [&plain[..40], &hop_by_hop, &options, &plain[40..]].concat();
    packet[6] = 0;
    packet[5] += 24;
    lab.sent(&mut packet);
    assert_eq!(ends(&packet).1, at("2001:db8:2::1", 9_000));
}

#[test]
fn a_packet_with_stops_left_on_its_way_is_not_for_the_service() {
    let servers = [server("2001:db8:2::1", 9_000, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V6), &servers)], 16);
    let plain = udp(at("2001:db8:9::7", 40_000), at(VIRTUAL_V6, 53), b"?");
    let routing = [17, 0, 253, 1, 0, 0, 0, 0];
    let mut packet = [&plain[..40], &routing, &plain[40..]].concat();
    packet[6] = 43;
    packet[5] += 8;
    assert_eq!(lab.send(&mut packet), Verdict::Pass);
}

/// Cuts a packet after the first 48 octets behind the IP header.
pub(crate) fn in_two(packet: &[u8], identification: u8) -> [Vec<u8>; 2] {
    let is_v4 = packet[0] >> 4 == 4;
    let (header, rest) = packet.split_at(if is_v4 { 20 } else { 40 });
    let (first, second) = rest.split_at(48);
    [(first, 0_u16, true), (second, 48, false)].map(|(piece, offset, more)| {
        let mut header = header.to_vec();
        if is_v4 {
            header[2..4].copy_from_slice(&u16::try_from(20 + piece.len()).unwrap().to_be_bytes());
            header[5] = identification;
            header[6..8].copy_from_slice(&((u16::from(more) << 13) | (offset / 8)).to_be_bytes());
            set_header_checksum(&mut header);
        } else {
            header[4..6].copy_from_slice(&u16::try_from(8 + piece.len()).unwrap().to_be_bytes());
            let next = core::mem::replace(&mut header[6], 44);
            let [high, low] = (offset | u16::from(more)).to_be_bytes();
            header.extend([next, 0, high, low, 0, 0, 0, identification]);
        }
        [&header, piece].concat()
    })
}

/// Puts the two pieces together again, as a receiver does.
fn joined(pieces: &[Vec<u8>; 2]) -> Vec<u8> {
    let [first, second] = pieces;
    if first[0] >> 4 == 4 {
        let mut packet = [&first[..], &second[20..]].concat();
        let length = u16::try_from(packet.len()).unwrap();
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet[6..8].fill(0);
        // Both headers arrived with correct checksums; the whole packet's is made by the receiver.
        for piece in pieces {
            let mut header = piece[..20].to_vec();
            set_header_checksum(&mut header);
            assert_eq!(header, piece[..20]);
        }
        set_header_checksum(&mut packet[..20]);
        packet
    } else {
        let mut packet = [&first[..40], &first[48..], &second[48..]].concat();
        let length = u16::try_from(packet.len() - 40).unwrap();
        packet[4..6].copy_from_slice(&length.to_be_bytes());
        packet[6] = first[40];
        packet
    }
}

fn set_header_checksum(header: &mut [u8]) {
    let parsed = etherparse::Ipv4HeaderSlice::from_slice(header).unwrap().to_header();
    let checksum = parsed.calc_header_checksum();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
}
