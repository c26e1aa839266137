//! Clients that use a port again, and servers that are to get nothing new.

use core::time::Duration;

use ipvs_core::{Destination, Forward, Protocol, Step};

use crate::lab::{Lab, Made, VIRTUAL_V4, at, server, service};
use crate::packet::{ACK, FIN_ACK, RST, SYN, tcp};

#[test]
fn a_client_that_has_finished_begins_anew_where_its_server_is_not_seen() {
    for (forward, is_moved) in [(Forward::Direct, true), (Forward::Masquerade, false)] {
        let servers = [server("10.2.0.1", 80, forward), server("10.2.0.2", 80, forward)];
        let mut lab = Lab::new(&[(service(Protocol::Tcp, VIRTUAL_V4), &servers)], 16);
        let first = lab.hop(CLIENT, Made::Tcp(SYN));
        for flags in [ACK, FIN_ACK] {
            assert_eq!(lab.hop(CLIENT, Made::Tcp(flags)), first);
        }
        assert_eq!(lab.hop(CLIENT, Made::Tcp(SYN)) != first, is_moved);
    }
}

#[test]
fn a_syn_does_not_move_a_connection_that_is_open() {
    let servers = [server("10.2.0.1", 80, Forward::Direct), server("10.2.0.2", 80, Forward::Direct)];
    let service = service(Protocol::Tcp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(service, &servers)], 16);
    let first = lab.hop(CLIENT, Made::Tcp(SYN));
    assert_eq!(first, servers[1].address);
    lab.apply(quiet(service.key, servers[1]));
    for flags in [SYN, ACK, SYN, ACK] {
        assert_eq!(lab.hop(CLIENT, Made::Tcp(flags)), first);
    }
}

#[test]
fn a_server_of_weight_zero_gets_no_connection_by_the_reuse_of_a_port() {
    for forward in [Forward::Direct, Forward::Masquerade] {
        for end in [RST, FIN_ACK] {
            let servers = [server("10.2.0.1", 80, forward), server("10.2.0.2", 80, forward)];
            let service = service(Protocol::Tcp, VIRTUAL_V4);
            let mut lab = Lab::new(&[(service, &servers)], 16);
            for flags in [SYN, ACK] {
                assert_eq!(lab.hop(CLIENT, Made::Tcp(flags)), servers[1].address);
            }
            lab.apply(quiet(service.key, servers[1]));
            for flags in [ACK, end] {
                assert_eq!(lab.hop(CLIENT, Made::Tcp(flags)), servers[1].address);
            }
            assert_eq!(lab.hop(CLIENT, Made::Tcp(SYN)), servers[0].address, "{forward:?} {end:#x}");
            assert_eq!(lab.counts(service.key, &servers[1]), (0, 0, 0));
        }
    }
}

#[test]
fn a_silent_udp_flow_leaves_a_server_of_weight_zero_and_a_lively_one_stays() {
    let servers = [server("10.2.0.1", 53, Forward::Direct), server("10.2.0.2", 53, Forward::Direct)];
    let service = service(Protocol::Udp, VIRTUAL_V4);
    let mut lab = Lab::new(&[(service, &servers)], 16);
    let first = lab.hop(CLIENT, Made::Udp);
    assert_eq!(first, servers[1].address);
    lab.apply(quiet(service.key, servers[1]));
    for _ in 0..5 {
        lab.now += Duration::from_secs(200);
        assert_eq!(lab.hop(CLIENT, Made::Udp), first);
    }
    lab.now += Duration::from_secs(301);
    assert_eq!(lab.hop(CLIENT, Made::Udp), servers[0].address);
}

#[test]
fn both_sides_finishing_ends_a_connection_through_nat() {
    let servers = [server("10.2.0.1", 80, Forward::Masquerade), server("10.2.0.2", 80, Forward::Masquerade)];
    let mut lab = Lab::new(&[(service(Protocol::Tcp, VIRTUAL_V4), &servers)], 16);
    for flags in [SYN, ACK, FIN_ACK] {
        assert_eq!(lab.hop(CLIENT, Made::Tcp(flags)), servers[1].address);
    }
    lab.sent(&mut tcp(at("10.2.0.2", 80), CLIENT.parse().unwrap(), FIN_ACK, b""));
    let states: Vec<&str> = lab.director.connections(lab.now).map(|entry| entry.state).collect();
    assert_eq!(states, ["TIME_WAIT"]);
    assert_eq!(lab.hop(CLIENT, Made::Tcp(SYN)), servers[0].address);
}

fn quiet(service: ipvs_core::ServiceKey, server: Destination) -> Step {
    Step::EditDestination { service, destination: Destination { weight: 0, ..server } }
}

const CLIENT: &str = "10.9.0.7:40000";
