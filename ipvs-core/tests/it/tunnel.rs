//! Tunnels: what goes in, and what routers on the way say about it.

use core::net::{IpAddr, SocketAddr};

use ipvs_core::{Arrival, Fit, Forward, Outgoing, Protocol, Reason, Tunnel, TunnelChecksum, Verdict};
use proptest::prelude::*;

use crate::fragment::in_two;
use crate::lab::{Lab, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{ends, error_ends, icmp, udp};

#[test]
fn a_packet_goes_one_hop_older_into_an_envelope_to_the_real_server() {
    for case in cases() {
        let mut lab = case.lab();
        let mut packet = case.packet(true);
        let (outgoing, outer) = case.wrapped(&mut lab, &mut packet);
        assert_eq!((outgoing.tunnel(), outgoing.is_translated()), (Some(case.tunnel), false));
        assert_eq!(outgoing.next_hop, case.real);
        assert_eq!(ends(&packet), (case.client, case.service));
        assert_eq!(outer.len(), packet.len() + case.overhead());
        assert!(outer.ends_with(&packet));
        // The envelope of the other family's address is not made.
        let other = if case.own.is_ipv4() { "2001:db8::9" } else { "10.2.0.9" };
        assert_eq!(lab.director.wrap(&outgoing, &packet, other.parse().unwrap()), None);
    }
}

#[test]
fn later_fragments_follow_the_first_into_the_tunnel() {
    for case in cases() {
        let mut lab = case.lab();
        for mut piece in in_two(&case.packet(false), 7) {
            let (outgoing, outer) = case.wrapped(&mut lab, &mut piece);
            assert_eq!((outgoing.next_hop, outer.len()), (case.real, piece.len() + case.overhead()));
        }
    }
}

#[test]
fn what_fits_is_what_the_link_carries_less_the_envelope() {
    for case in cases() {
        let mut lab = case.lab();
        for forbids in [true, false] {
            let mut packet = case.packet(forbids);
            let (outgoing, _) = case.wrapped(&mut lab, &mut packet);
            let inner = 1_500 - case.overhead();
            assert_eq!(outgoing.fit(inner, 1_500), Fit::Whole);
            let expected = if forbids || case.client.is_ipv6() {
                Fit::TooBig { mtu: inner }
            } else {
                Fit::Pieces { mtu: 1_500 }
            };
            assert_eq!(outgoing.fit(inner + 1, 1_500), expected);
            // IPv6 must be able to rely on 1,280 octets.
            if case.client.is_ipv6() {
                assert_eq!(outgoing.fit(1_280, 1_290), Fit::Pieces { mtu: 1_290 });
                assert_eq!(outgoing.fit(1_281, 1_290), Fit::TooBig { mtu: 1_280 });
            }
        }
    }
}

#[test]
fn a_router_that_needs_smaller_packets_is_passed_on_to_the_client_and_remembered_for_ten_minutes() {
    for case in cases() {
        let mut lab = case.lab();
        let mut packet = case.packet(true);
        let (_, outer) = case.wrapped(&mut lab, &mut packet);
        let report = case.too_big(&outer, 1_400);
        let verdict = lab.send(&mut report.clone());
        assert_eq!(verdict, Verdict::Drop(Reason::TunnelError));
        let mut out = [0; 1_280];
        let length = lab.director.answer(lab.now, verdict, &report, &mut out).unwrap();
        let (from, to, quoted) = error_ends(&out[..length]);
        assert_eq!((from, to), (case.service.ip(), case.client.ip()));
        assert_eq!(quoted, packet);
        let (kind, mtu) =
            if from.is_ipv4() { (&out[20..22], &out[26..28]) } else { (&out[40..42], &out[46..48]) };
        assert_eq!(kind, if from.is_ipv4() { [3, 4] } else { [2, 0] });
        let fits = 1_400 - case.overhead();
        assert_eq!(usize::from(u16::from_be_bytes([mtu[0], mtu[1]])), fits);

        let (outgoing, _) = case.wrapped(&mut lab, &mut case.packet(true));
        assert_eq!(outgoing.fit(fits + 1, 1_500), Fit::TooBig { mtu: fits });
        lab.wait(601);
        let (outgoing, _) = case.wrapped(&mut lab, &mut case.packet(true));
        assert_eq!(outgoing.fit(fits + 1, 1_500), Fit::Whole);
    }
}

#[test]
fn other_trouble_in_a_tunnel_means_to_the_client_that_the_host_is_unreachable() {
    for case in cases() {
        let mut lab = case.lab();
        let mut packet = case.packet(true);
        let (_, outer) = case.wrapped(&mut lab, &mut packet);
        let report = crate::packet::error(case.router(), case.own, &outer);
        let verdict = lab.send(&mut report.clone());
        assert_eq!(verdict, Verdict::Drop(Reason::TunnelError));
        let mut out = [0; 1_280];
        let length = lab.director.answer(lab.now, verdict, &report, &mut out).unwrap();
        let (from, _, quoted) = error_ends(&out[..length]);
        assert_eq!(quoted, packet);
        let kind = if from.is_ipv4() { &out[20..22] } else { &out[40..42] };
        assert_eq!(kind, if from.is_ipv4() { [3, 1] } else { [1, 3] });
    }
}

#[test]
fn who_did_not_ask_is_told_nothing_and_the_path_is_known_all_the_same() {
    let case = cases().remove(0);
    let mut lab = case.lab();
    let mut packet = case.packet(false);
    let (_, outer) = case.wrapped(&mut lab, &mut packet);
    let report = case.too_big(&outer, 1_400);
    let verdict = lab.send(&mut report.clone());
    assert_eq!(verdict, Verdict::Drop(Reason::TunnelError));
    assert_eq!(lab.director.answer(lab.now, verdict, &report, &mut [0; 1_280]), None);
    let (outgoing, _) = case.wrapped(&mut lab, &mut case.packet(false));
    assert_eq!(outgoing.fit(1_400, 1_500), Fit::Pieces { mtu: 1_400 });
    // Nobody makes pieces of less than 552 octets of IPv4.
    assert_eq!(lab.send(&mut case.too_big(&outer, 100)), Verdict::Drop(Reason::TunnelError));
    let (outgoing, _) = case.wrapped(&mut lab, &mut case.packet(false));
    assert_eq!(outgoing.fit(1_400, 1_500), Fit::Pieces { mtu: 552 });
}

#[test]
fn errors_about_tunnels_of_others_and_damaged_ones_are_left_to_the_stack() {
    for case in cases() {
        let mut lab = case.lab();
        let mut packet = case.packet(true);
        let (_, outer) = case.wrapped(&mut lab, &mut packet);
        let mut damaged = case.too_big(&outer, 1_400);
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        assert_eq!(lab.send(&mut damaged), Verdict::Pass);
        let mut elsewhere = outer.clone();
        let place = if case.real.is_ipv4() { 19 } else { 39 };
        elsewhere[place] ^= 0x40;
        assert_eq!(lab.send(&mut case.too_big(&elsewhere, 1_400)), Verdict::Pass);
        let mut other_flow = outer.clone();
        let client = outer.len() - packet.len() + if case.client.is_ipv4() { 15 } else { 23 };
        other_flow[client] ^= 0x40;
        assert_eq!(lab.send(&mut case.too_big(&other_flow, 1_400)), Verdict::Pass);
    }
}

proptest! {
    #[test]
    fn any_error_about_anything_in_a_tunnel_is_survived(
        number in 0..20_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let case = &cases()[number];
        let mut lab = case.lab();
        let (_, mut outer) = case.wrapped(&mut lab, &mut case.packet(true));
        for (place, octet) in damage {
            let place = place.index(outer.len());
            outer[place] = octet;
        }
        outer.truncate(cut.index(outer.len()));
        let report = case.too_big(&outer, 1_000);
        let verdict = lab.director.forward(lab.now, Arrival::default(), &report);
        let mut out = [0; 200];
        if let Some(length) = lab.director.answer(lab.now, verdict, &report, &mut out) {
            error_ends(&out[..length]);
        }
    }
}

struct Case {
    tunnel: Tunnel,
    client: SocketAddr,
    service: SocketAddr,
    real: IpAddr,
    own: IpAddr,
}

/// Every tunnel with either family in either.
fn cases() -> Vec<Case> {
    let gue = |checksum| Tunnel::Gue { port: 5_555, checksum };
    let gre = |checksum| Tunnel::Gre { checksum };
    let tunnels = [
        Tunnel::Ipip,
        gue(TunnelChecksum::None),
        gue(TunnelChecksum::Full),
        gre(TunnelChecksum::None),
        gre(TunnelChecksum::Full),
    ];
    let inner =
        [(at("10.9.0.7", 4_000), at(VIRTUAL_V4, 53)), (at("2001:db8:9::7", 4_000), at(VIRTUAL_V6, 53))];
    let outer = [("10.2.0.1", "10.2.0.254"), ("2001:db8:2::1", "2001:db8:2::254")];
    let mut cases = Vec::new();
    for tunnel in tunnels {
        for (client, service) in inner {
            for (real, own) in outer.map(|(real, own)| (real.parse().unwrap(), own.parse().unwrap())) {
                cases.push(Case { tunnel, client, service, real, own });
            }
        }
    }
    cases
}

impl Case {
    fn lab(&self) -> Lab {
        let service = service(Protocol::Udp, if self.client.is_ipv4() { VIRTUAL_V4 } else { VIRTUAL_V6 });
        Lab::new(&[(service, &[server(&self.real.to_string(), 53, Forward::Tunnel(self.tunnel))])], 16)
    }

    fn packet(&self, forbids_fragments: bool) -> Vec<u8> {
        let mut packet = udp(self.client, self.service, &[0x5A; 100]);
        if self.client.is_ipv4() {
            let (mut header, _) = etherparse::Ipv4Header::from_slice(&packet).unwrap();
            header.dont_fragment = forbids_fragments;
            header.header_checksum = header.calc_header_checksum();
            packet[..20].copy_from_slice(&header.to_bytes());
        }
        packet
    }

    /// Sends a packet, and makes what leaves.
    fn wrapped(&self, lab: &mut Lab, packet: &mut [u8]) -> (Outgoing, Vec<u8>) {
        let outgoing = lab.sent(packet);
        let envelope = lab.director.wrap(&outgoing, packet, self.own).unwrap();
        (outgoing, [envelope.as_ref(), packet].concat())
    }

    fn overhead(&self) -> usize {
        let ip = if self.real.is_ipv4() { 20 } else { 40 };
        ip + match self.tunnel {
            Tunnel::Ipip => 0,
            Tunnel::Gue { .. } => 12,
            Tunnel::Gre { checksum: TunnelChecksum::None } => 4,
            Tunnel::Gre { checksum: TunnelChecksum::Full | TunnelChecksum::Remote } => 8,
        }
    }

    fn router(&self) -> IpAddr {
        if self.real.is_ipv4() { "10.3.0.1" } else { "2001:db8:3::1" }.parse().unwrap()
    }

    /// A router's word that the next link carries so much.
    fn too_big(&self, outer: &[u8], mtu: u16) -> Vec<u8> {
        let kind = if self.real.is_ipv4() { [3, 4] } else { [2, 0] };
        let [high, low] = mtu.to_be_bytes();
        icmp([kind[0], kind[1], 0, 0, 0, 0, high, low], self.router(), self.own, outer)
    }
}
