//! ICMP errors about packets of connections.

use core::net::{IpAddr, SocketAddr};

use ipvs_core::{Direction, Forward, Protocol, Verdict};

use crate::lab::{Lab, Made, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{ACK, SYN, ends, error, error_ends, sctp, tcp, udp};

#[test]
fn an_error_about_a_request_comes_to_the_client_as_from_the_service() {
    for case in cases() {
        let (mut lab, real) = case.lab(Forward::Masquerade);
        let mut request = case.make(case.client, case.service);
        lab.sent(&mut request);
        assert_eq!(ends(&request), (case.client, real));
        // Nothing of it but what a router must quote, and all of it.
        for quoted in [&request[..case.transport() + 8], &request] {
            let mut report = error(case.router, case.client.ip(), quoted);
            let outgoing = lab.sent(&mut report);
            assert_eq!((outgoing.next_hop, outgoing.direction), (case.client.ip(), Direction::Reply));
            let (source, destination, found) = error_ends(&report);
            assert_eq!((source, destination), (case.service.ip(), case.client.ip()));
            case.is_quoted(&found, case.client, case.service, quoted.len());
        }
    }
}

#[test]
fn an_error_about_a_reply_comes_to_the_server_that_sent_it() {
    for case in cases() {
        let (mut lab, real) = case.lab(Forward::Masquerade);
        lab.sent(&mut case.make(case.client, case.service));
        let mut reply = case.make(real, case.client);
        lab.sent(&mut reply);
        assert_eq!(ends(&reply), (case.service, case.client));
        for quoted in [&reply[..case.transport() + 8], &reply] {
            let mut report = error(case.router, case.service.ip(), quoted);
            let outgoing = lab.sent(&mut report);
            assert_eq!((outgoing.next_hop, outgoing.direction), (real.ip(), Direction::Request));
            let (source, destination, found) = error_ends(&report);
            assert_eq!((source, destination), (case.router, real.ip()));
            case.is_quoted(&found, real, case.client, quoted.len());
        }
    }
}

#[test]
fn with_direct_routing_an_error_comes_to_its_server_as_it_is() {
    for case in cases() {
        let (mut lab, real) = case.lab(Forward::Direct);
        lab.sent(&mut case.make(case.client, case.service));
        // The server answers past the director.
        let reply = case.make(case.service, case.client);
        let mut report = error(case.router, case.service.ip(), &reply[..case.transport() + 8]);
        assert_eq!(lab.sent(&mut report).next_hop, real.ip());
        let (source, destination, found) = error_ends(&report);
        assert_eq!((source, destination), (case.router, case.service.ip()));
        assert_eq!(found, reply[..case.transport() + 8]);
    }
}

#[test]
fn a_quoted_udp_packet_without_checksum_gets_none() {
    let mut lab = Lab::new(
        &[(service(Protocol::Udp, VIRTUAL_V4), &[server("10.2.0.1", 9_000, Forward::Masquerade)])],
        16,
    );
    let mut request = Made::Udp.from("10.9.0.7:40000");
    request[26..28].fill(0);
    lab.sent(&mut request);
    let mut report = error("10.2.0.1".parse().unwrap(), "10.9.0.7".parse().unwrap(), &request);
    lab.sent(&mut report);
    let (_, _, quoted) = error_ends(&report);
    assert_eq!(quoted[26..28], [0, 0]);
}

#[test]
fn an_error_about_sctp_comes_to_the_client() {
    let servers = [server("10.2.0.1", 9_000, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Sctp, VIRTUAL_V4), &servers)], 16);
    let client = at("10.9.0.7", 40_000);
    let mut request = sctp(client, at(VIRTUAL_V4, 80), &[1, 0, 0, 4]);
    lab.sent(&mut request);
    let mut report = error("10.2.0.1".parse().unwrap(), client.ip(), &request[..28]);
    lab.sent(&mut report);
    let (source, _, quoted) = error_ends(&report);
    assert_eq!(source, at(VIRTUAL_V4, 0).ip());
    assert_eq!((&quoted[16..20], &quoted[20..24]), (&[10, 0, 0, 1][..], &[0x9C, 0x40, 0, 80][..]));
}

#[test]
fn an_error_keeps_no_connection_alive() {
    let servers = [server("10.2.0.1", 9_000, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &servers)], 16);
    let mut request = Made::Udp.from("10.9.0.7:40000");
    lab.sent(&mut request);
    let report = error("10.2.0.1".parse().unwrap(), "10.9.0.7".parse().unwrap(), &request);
    lab.wait(299);
    lab.sent(&mut report.clone());
    lab.wait(3);
    assert_eq!(lab.director.connections(lab.now).count(), 0);
    assert_eq!(lab.send(&mut report.clone()), Verdict::Pass);
}

#[test]
fn other_icmp_is_left_to_the_stack() {
    let servers = [server("10.2.0.1", 9_000, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Udp, VIRTUAL_V4), &servers)], 16);
    let mut request = Made::Udp.from("10.9.0.7:40000");
    lab.sent(&mut request);
    let (server, client): (IpAddr, IpAddr) = ("10.2.0.1".parse().unwrap(), "10.9.0.7".parse().unwrap());
    let report = error(server, client, &request);
    let changed = |at: usize, octet: u8| {
        let mut report = report.clone();
        report[at] = octet;
        report
    };
    for mut packet in [
        // Echo, a redirect, a fragment, a later fragment quoted, a quoted protocol without ports, a cut header.
        changed(20, 8),
        changed(20, 5),
        changed(6, 0x20),
        changed(35, 1),
        changed(37, 47),
        error(server, client, &request[..27]),
        // About a connection that is not there, and to somebody who did not send the packet.
        error(server, client, &Made::Udp.from("10.9.0.7:40001")),
        error(server, "10.9.0.8".parse().unwrap(), &request),
    ] {
        assert_eq!(lab.send(&mut packet), Verdict::Pass);
    }
}

#[derive(Clone, Copy)]
struct Case {
    is_tcp: bool,
    client: SocketAddr,
    service: SocketAddr,
    router: IpAddr,
    real: &'static str,
}

fn cases() -> [Case; 4] {
    [(false, false), (false, true), (true, false), (true, true)].map(|(is_v6, is_tcp)| Case {
        is_tcp,
        client: if is_v6 { at("2001:db8:9::7", 40_000) } else { at("10.9.0.7", 40_000) },
        service: at(if is_v6 { VIRTUAL_V6 } else { VIRTUAL_V4 }, if is_tcp { 80 } else { 53 }),
        router: if is_v6 { at("2001:db8:ff::1", 0).ip() } else { at("10.255.0.1", 0).ip() },
        real: if is_v6 { "2001:db8:2::1" } else { "10.2.0.1" },
    })
}

impl Case {
    fn lab(self, forward: Forward) -> (Lab, SocketAddr) {
        let protocol = if self.is_tcp { Protocol::Tcp } else { Protocol::Udp };
        let address = if self.service.is_ipv4() { VIRTUAL_V4 } else { VIRTUAL_V6 };
        let servers = [server(self.real, 9_000, forward)];
        (Lab::new(&[(service(protocol, address), &servers)], 16), at(self.real, 9_000))
    }

    fn make(self, source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
        if self.is_tcp {
            tcp(source, destination, if source == self.client { SYN } else { ACK }, b"some data")
        } else {
            udp(source, destination, b"some data")
        }
    }

    fn transport(self) -> usize {
        if self.client.is_ipv4() { 20 } else { 40 }
    }

    /// Whether this is the packet as its sender knows it: to the last octet, if so much is there.
    fn is_quoted(self, found: &[u8], source: SocketAddr, destination: SocketAddr, length: usize) {
        let mut expected = self.make(source, destination);
        if expected.len() == length {
            assert_eq!(ends(found), (source, destination));
        }
        // One hop less, and the checksum that covers it.
        let hop = if source.is_ipv4() { vec![8, 10, 11] } else { vec![7] };
        for at in hop {
            expected[at] = found[at];
        }
        assert_eq!(found, &expected[..length]);
    }
}
