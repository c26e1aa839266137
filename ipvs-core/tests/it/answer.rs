//! What senders of packets that do not go on are told.

use core::net::IpAddr;
use core::time::Duration;

use ipvs_core::{Arrival, Complaint, Fit, Forward, Protocol, Reason, Settings, Verdict};

use crate::lab::{Lab, Made, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{SYN, SYN_ACK, ends, error_ends, tcp, udp};

#[test]
fn a_refused_connection_is_told_so_by_the_service() {
    for (address, client, kind) in
        [(VIRTUAL_V4, "10.9.0.7:4000", [3, 3]), (VIRTUAL_V6, "[2001:db8:9::7]:4000", [1, 4])]
    {
        let mut lab = Lab::new(&[(service(Protocol::Udp, address), &[])], 16);
        let packet = Made::Udp.from(client);
        let verdict = lab.director.forward(lab.now, Arrival::default(), &packet);
        assert_eq!(verdict, Verdict::Reject);
        let mut out = [0; 1_280];
        let length = lab.director.answer(lab.now, verdict, &packet, &mut out).unwrap();
        let (from, to, quoted) = error_ends(&out[..length]);
        assert_eq!((from, to), (at(address, 0).ip(), client.parse::<core::net::SocketAddr>().unwrap().ip()));
        assert_eq!(quoted, packet);
        let header = if from.is_ipv4() { 20 } else { 40 };
        assert_eq!(out[header..header + 2], kind);
    }
}

#[test]
fn a_packet_whose_ttl_ends_is_told_of_by_the_service_in_both_directions() {
    let servers = [server("10.2.0.1", 9_000, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &servers)], 16);
    let (client, real) = (at("10.9.0.7", 4_000), at("10.2.0.1", 9_000));
    for mut packet in [udp(client, at(VIRTUAL_V4, 53), b"?"), udp(real, client, b"!")] {
        lab.sent(&mut packet.clone());
        packet[8] = 1;
        let verdict = lab.director.forward(lab.now, Arrival::default(), &packet);
        assert_eq!(verdict, Verdict::Drop(Reason::TtlExpired));
        let mut out = [0; 1_280];
        let length = lab.director.answer(lab.now, verdict, &packet, &mut out).unwrap();
        let (from, to, quoted) = error_ends(&out[..length]);
        assert_eq!(from, at(VIRTUAL_V4, 0).ip());
        assert_eq!(IpAddr::from([packet[12], packet[13], packet[14], packet[15]]), to);
        assert_eq!((quoted, &out[20..22]), (packet, &[11, 0][..]));
    }
}

#[test]
fn a_flood_is_answered_with_fifty_errors_and_one_each_millisecond() {
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &[])], 16);
    let mut ask = |after: u64| {
        let packet = Made::Udp.from("10.9.0.7:4000");
        let now = lab.now + Duration::from_millis(after);
        lab.director.answer(now, Verdict::Reject, &packet, &mut [0; 1_280]).is_some()
    };
    assert_eq!((0..100).filter(|_| ask(0)).count(), 50);
    assert_eq!((0..100).filter(|_| ask(3)).count(), 3);
    let counters = lab.director.counters();
    assert_eq!((counters.answered, counters.unanswered), (53, 147));
}

#[test]
fn drops_that_nobody_need_know_of_have_no_answer() {
    let mut lab = Lab::new(&[], 16);
    let packet = Made::Udp.from("10.9.0.7:4000");
    for reason in Reason::ALL {
        let length = lab.director.answer(lab.now, Verdict::Drop(reason), &packet, &mut [0; 1_280]);
        assert_eq!(length.is_some(), reason == Reason::TtlExpired, "{reason:?}");
    }
    assert_eq!(lab.director.answer(lab.now, Verdict::Pass, &packet, &mut [0; 1_280]), None);
}

#[test]
fn a_packet_fits_whole_in_pieces_or_not_at_all() {
    let servers = [server("10.2.0.1", 9_000, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &servers)], 16);
    for (forbids, expected) in [(true, Fit::TooBig { mtu: 1_400 }), (false, Fit::Pieces { mtu: 1_400 })] {
        let mut packet = udp(at("10.9.0.7", 4_000), at(VIRTUAL_V4, 53), &[0; 1_400]);
        packet[6] = if forbids { 0x40 } else { 0 };
        let outgoing = lab.sent(&mut packet);
        assert_eq!(outgoing.fit(1_428, 1_500), Fit::Whole);
        assert_eq!(outgoing.fit(1_400, 1_400), Fit::Whole);
        assert_eq!(outgoing.fit(1_428, 1_400), expected);
    }
    let packet = udp(at("10.9.0.7", 4_000), at(VIRTUAL_V4, 53), &[0; 1_400]);
    let mut out = [0; 1_280];
    let length = lab.director.complain(lab.now, Complaint::TooBig { mtu: 1_400 }, &packet, &mut out).unwrap();
    assert_eq!((length, &out[20..28]), (576, &[3, 4, out[22], out[23], 0, 0, 5, 120][..]));
}

#[test]
fn the_segment_size_is_clamped_to_the_links_on_both_sides_where_that_is_wanted() {
    let servers = [server("10.2.0.1", 9_000, Forward::Masquerade)];
    let service = service(Protocol::Tcp, VIRTUAL_V4);
    let (client, real) = (at("10.9.0.7", 4_000), at("10.2.0.1", 9_000));
    for (clamp_mss, expected) in [(false, 1_460), (true, 1_360)] {
        let settings = Settings { clamp_mss, ..Settings::new([9; 16]) };
        let mut lab = Lab::with_settings(settings, &[(service, &servers)], 16);
        // The narrow link is behind the director for one, before it for the other.
        for (mut packet, arrival, leaving) in [
            (with_size(&tcp(client, at(VIRTUAL_V4, 80), SYN, b"")), 1_500, 1_400),
            (with_size(&tcp(real, client, SYN_ACK, b"")), 1_400, 1_500),
        ] {
            let arrival = Arrival { mtu: arrival, ..Arrival::default() };
            let Verdict::Forward(outgoing) = lab.director.forward(lab.now, arrival, &packet) else {
                panic!("not forwarded")
            };
            outgoing.write(&mut packet, leaving);
            ends(&packet);
            assert_eq!(u16::from_be_bytes([packet[42], packet[43]]), expected);
        }
    }
}

/// A segment without payload, with the option that announces 1,460 octets.
fn with_size(packet: &[u8]) -> Vec<u8> {
    let header = etherparse::TcpHeader::from_slice(&packet[20..]).unwrap().0;
    let mut header = header;
    header.set_options(&[etherparse::TcpOptionElement::MaximumSegmentSize(1_460)]).unwrap();
    let (mut ip, _) = etherparse::Ipv4Header::from_slice(packet).unwrap();
    ip.set_payload_len(24).unwrap();
    ip.header_checksum = ip.calc_header_checksum();
    header.checksum = header.calc_checksum_ipv4(&ip, &[]).unwrap();
    [&ip.to_bytes()[..], &header.to_bytes()].concat()
}
