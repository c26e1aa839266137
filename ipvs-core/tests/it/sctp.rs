//! SCTP through a director.

use core::net::SocketAddr;

use ipvs_core::{Forward, Protocol, Reason, Service, Verdict};

use crate::lab::{Lab, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{sctp, sctp_ends};

#[test]
fn an_association_goes_through_nat_with_its_checksum() {
    for (virtual_address, client, real) in
        [(VIRTUAL_V4, "10.9.0.7", "10.2.0.1"), (VIRTUAL_V6, "2001:db8:9::7", "2001:db8:2::1")]
    {
        let (service, server) = (sctp_service(virtual_address), server(real, 9_000, Forward::Masquerade));
        let mut lab = Lab::new(&[(service, &[server])], 16);
        let (client, real) = (at(client, 40_000), at(real, 9_000));
        let steps: [(bool, &[u8], &str); 7] = [
            (true, INIT, "INIT1"),
            (false, INIT_ACK, "C-SENT"),
            (true, COOKIE_ECHO, "C-REPLIED"),
            (false, COOKIE_ACK, "ESTABLISHED"),
            (true, DATA, "ESTABLISHED"),
            (true, SHUTDOWN, "S-RECEIVED"),
            (false, SHUTDOWN_ACK, "S-ACK-SENT"),
        ];
        for (is_request, chunks, state) in steps {
            if is_request {
                let mut packet = sctp(client, at(virtual_address, 80), chunks);
                lab.sent(&mut packet);
                assert_eq!(sctp_ends(&packet), (client, real));
            } else {
                let mut packet = sctp(real, client, chunks);
                lab.sent(&mut packet);
                assert_eq!(sctp_ends(&packet), (at(virtual_address, 80), client));
            }
            let states: Vec<&str> = lab.director.connections(lab.now).map(|entry| entry.state).collect();
            assert_eq!(states, [state]);
        }
        assert_eq!(lab.counts(service.key, &server), (0, 1, 0));
    }
}

#[test]
fn with_direct_routing_an_association_counts_while_it_is_established() {
    let (service, server) = (sctp_service(VIRTUAL_V4), server("10.2.0.1", 80, Forward::Direct));
    let mut lab = Lab::new(&[(service, &[server])], 16);
    assert_eq!(send(&mut lab, INIT), Some("INIT1"));
    assert_eq!(lab.counts(service.key, &server), (0, 1, 0));
    assert_eq!(send(&mut lab, COOKIE_ECHO), Some("ESTABLISHED"));
    assert_eq!(lab.counts(service.key, &server), (1, 0, 0));
    assert_eq!(send(&mut lab, SHUTDOWN_ACK), Some("CLOSED"));
    assert_eq!(lab.counts(service.key, &server), (0, 1, 0));
}

#[test]
fn only_an_init_opens_an_association_and_it_waits_four_seconds() {
    let servers = [server("10.2.0.1", 80, Forward::Masquerade)];
    let mut lab = Lab::new(&[(sctp_service(VIRTUAL_V4), &servers)], 16);
    for chunks in [INIT_ACK, COOKIE_ECHO, COOKIE_ACK, DATA, SHUTDOWN, SHUTDOWN_ACK, ABORT, &[]] {
        assert_eq!(lab.send(&mut sctp(CLIENT.parse().unwrap(), at(VIRTUAL_V4, 80), chunks)), Verdict::Pass);
    }
    assert_eq!(send(&mut lab, INIT), Some("INIT1"));
    lab.wait(3);
    assert_eq!(lab.director.connections(lab.now).count(), 1);
    lab.wait(2);
    assert_eq!(lab.director.connections(lab.now).count(), 0);
}

#[test]
fn an_init_on_a_closed_association_gets_another_server() {
    let servers = [server("10.2.0.1", 80, Forward::Direct), server("10.2.0.2", 80, Forward::Direct)];
    let mut lab = Lab::new(&[(sctp_service(VIRTUAL_V4), &servers)], 16);
    let to = |lab: &mut Lab, chunks| {
        lab.sent(&mut sctp(CLIENT.parse().unwrap(), at(VIRTUAL_V4, 80), chunks)).next_hop
    };
    let first = to(&mut lab, INIT);
    for chunks in [INIT, COOKIE_ECHO, DATA, ABORT] {
        assert_eq!(to(&mut lab, chunks), first);
    }
    assert_ne!(to(&mut lab, INIT), first);
}

#[test]
fn a_checksum_left_to_the_hardware_is_computed() {
    for forward in [Forward::Masquerade, Forward::Direct] {
        let mut lab = Lab::new(&[(sctp_service(VIRTUAL_V4), &[server("10.2.0.1", 9_000, forward)])], 16);
        let mut packet = sctp(CLIENT.parse().unwrap(), at(VIRTUAL_V4, 80), INIT);
        packet[28..32].fill(0);
        lab.sent(&mut packet);
        sctp_ends(&packet);
    }
}

#[test]
fn a_wrong_checksum_stays_wrong() {
    let servers = [server("10.2.0.1", 9_000, Forward::Masquerade)];
    let mut lab = Lab::new(&[(sctp_service(VIRTUAL_V4), &servers)], 16);
    let mut packet = sctp(CLIENT.parse().unwrap(), at(VIRTUAL_V4, 80), INIT);
    packet[35] ^= 1;
    lab.sent(&mut packet);
    packet[35] ^= 1;
    sctp_ends(&packet);
}

#[test]
fn fragments_are_refused_where_nat_would_have_to_know_the_whole_packet() {
    for (forward, expected) in [(Forward::Masquerade, Some(Reason::FragmentOfSctp)), (Forward::Direct, None)]
    {
        let mut lab = Lab::new(&[(sctp_service(VIRTUAL_V4), &[server("10.2.0.1", 80, forward)])], 16);
        let mut packet = sctp(CLIENT.parse().unwrap(), at(VIRTUAL_V4, 80), INIT);
        packet[6] |= 0x20;
        let dropped = match lab.send(&mut packet) {
            Verdict::Drop(reason) => Some(reason),
            Verdict::Forward(_) => None,
            verdict @ (Verdict::Pass | Verdict::Local | Verdict::Reject) => panic!("{verdict:?}"),
        };
        assert_eq!(dropped, expected);
    }
}

/// The state of the only connection after a packet of the client.
fn send(lab: &mut Lab, chunks: &[u8]) -> Option<&'static str> {
    lab.sent(&mut sctp(CLIENT.parse::<SocketAddr>().unwrap(), at(VIRTUAL_V4, 80), chunks));
    lab.director.connections(lab.now).next().map(|entry| entry.state)
}

fn sctp_service(address: &str) -> Service {
    service(Protocol::Sctp, address)
}

const CLIENT: &str = "10.9.0.7:40000";

// Chunks with as much behind their headers as tells them apart.
const DATA: &[u8] = &[0, 3, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
const INIT: &[u8] = &[1, 0, 0, 20, 0, 0, 0, 9, 0, 0, 16, 0, 0, 1, 0, 1, 0, 0, 0, 1];
const INIT_ACK: &[u8] = &[2, 0, 0, 20, 0, 0, 0, 9, 0, 0, 16, 0, 0, 1, 0, 1, 0, 0, 0, 1];
const ABORT: &[u8] = &[6, 0, 0, 4];
const SHUTDOWN: &[u8] = &[7, 0, 0, 8, 0, 0, 0, 1];
const SHUTDOWN_ACK: &[u8] = &[8, 0, 0, 4];
const COOKIE_ECHO: &[u8] = &[10, 0, 0, 8, 1, 2, 3, 4];
const COOKIE_ACK: &[u8] = &[11, 0, 0, 4];
