//! Clients that stay with their server.

use core::time::Duration;

use ipvs_core::{
    Arrival, Destination, Family, Forward, Persistence, Protocol, Service, ServiceKey, Settings, Step,
    Verdict,
};

use crate::lab::{Lab, Made, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{ACK, RST, SYN, ends, tcp};

#[test]
fn a_client_stays_with_its_server_for_all_its_connections() {
    let (service, servers) = persistent(Protocol::Udp, 32);
    let mut lab = Lab::new(&[(service, &servers)], 32);
    let first = lab.hop("10.9.0.7:1", Made::Udp);
    let other = lab.hop("10.9.0.8:1", Made::Udp);
    assert_ne!(first, other);
    for port in 2..6 {
        assert_eq!(lab.hop(&format!("10.9.0.7:{port}"), Made::Udp), first);
        assert_eq!(lab.hop(&format!("10.9.0.8:{port}"), Made::Udp), other);
    }
    assert_eq!(lab.counts(service.key, &servers[0]), (0, 5, 1));
}

#[test]
fn the_granularity_binds_whole_networks() {
    let (service, servers) = persistent(Protocol::Udp, 24);
    let mut lab = Lab::new(&[(service, &servers)], 32);
    let first = lab.hop("10.9.0.7:1", Made::Udp);
    assert_eq!(lab.hop("10.9.0.200:1", Made::Udp), first);
    assert_ne!(lab.hop("10.9.1.7:1", Made::Udp), first);

    let service =
        Service { persistence: service.persistence, ..crate::lab::service(Protocol::Udp, VIRTUAL_V6) };
    let servers =
        [server("2001:db8:2::1", 53, Forward::Direct), server("2001:db8:2::2", 53, Forward::Direct)];
    let mut lab = Lab::new(&[(service, &servers)], 32);
    let first = lab.hop("[2001:db8:9::7]:1", Made::Udp);
    assert_eq!(lab.hop("[2001:db8:ffff::8]:1", Made::Udp), first);
    assert_ne!(lab.hop("[2001:eff::7]:1", Made::Udp), first);
}

#[test]
fn the_timeout_starts_again_with_each_new_connection() {
    let (service, servers) = persistent(Protocol::Tcp, 32);
    let mut lab = Lab::new(&[(service, &servers)], 32);
    let first = lab.hop("10.9.0.7:1", Made::Tcp(SYN));
    lab.hop("10.9.0.7:1", Made::Tcp(RST));
    lab.wait(290);
    assert_eq!(lab.hop("10.9.0.7:2", Made::Tcp(SYN)), first);
    lab.hop("10.9.0.7:2", Made::Tcp(ACK));
    lab.hop("10.9.0.7:2", Made::Tcp(RST));
    lab.wait(290);
    assert_eq!(lab.hop("10.9.0.7:3", Made::Tcp(SYN)), first);
    lab.hop("10.9.0.7:3", Made::Tcp(ACK));
    lab.hop("10.9.0.7:3", Made::Tcp(RST));
    lab.wait(301);
    assert_ne!(lab.hop("10.9.0.7:4", Made::Tcp(SYN)), first);
}

#[test]
fn a_template_lives_a_minute_at_a_time_while_it_has_connections() {
    let (service, servers) = persistent(Protocol::Tcp, 32);
    let mut lab = Lab::new(&[(service, &servers)], 32);
    let first = lab.hop("10.9.0.7:1", Made::Tcp(SYN));
    lab.hop("10.9.0.7:1", Made::Tcp(ACK));
    // 300 s are over after the first 300; the connection keeps the template.
    lab.wait(400);
    let states: Vec<&str> = lab.director.connections(lab.now).map(|entry| entry.state).collect();
    assert_eq!(states.iter().filter(|state| **state == "ASSURED").count(), 1);
    lab.hop("10.9.0.7:1", Made::Tcp(RST));
    // The connection ends after 10 s, the template within another minute.
    lab.wait(80);
    assert_eq!(lab.director.connections(lab.now).count(), 0);
    assert_ne!(lab.hop("10.9.0.7:2", Made::Tcp(SYN)), first);
}

#[test]
fn a_server_of_weight_zero_keeps_its_clients_unless_they_are_to_move() {
    for expire_quiescent_template in [false, true] {
        let (service, servers) = persistent(Protocol::Udp, 32);
        let settings = Settings { expire_quiescent_template, ..Settings::new([9; 16]) };
        let mut lab = Lab::with_settings(settings, &[(service, &servers)], 32);
        let first = lab.hop("10.9.0.7:1", Made::Udp);
        assert_eq!(first, servers[1].address);
        let quiet = Destination { weight: 0, ..servers[1] };
        lab.apply(Step::EditDestination { service: service.key, destination: quiet });
        let moved = lab.hop("10.9.0.7:2", Made::Udp) != first;
        assert_eq!(moved, expire_quiescent_template);
        assert_eq!(lab.hop("10.9.0.7:1", Made::Udp), first, "a connection that exists never moves");
    }
}

#[test]
fn a_persistent_client_that_reuses_a_port_stays_unless_its_server_is_drained_of_clients() {
    for expire_quiescent_template in [false, true] {
        let (service, servers) = persistent(Protocol::Tcp, 32);
        let settings = Settings { expire_quiescent_template, ..Settings::new([9; 16]) };
        let mut lab = Lab::with_settings(settings, &[(service, &servers)], 32);
        let first = lab.hop("10.9.0.7:1", Made::Tcp(SYN));
        for flags in [ACK, RST, SYN, ACK, RST] {
            assert_eq!(lab.hop("10.9.0.7:1", Made::Tcp(flags)), first);
        }
        let quiet = Destination { weight: 0, ..servers[1] };
        lab.apply(Step::EditDestination { service: service.key, destination: quiet });
        assert_eq!(lab.hop("10.9.0.7:1", Made::Tcp(SYN)) == first, !expire_quiescent_template);
        assert_eq!(lab.hop("10.9.0.7:2", Made::Tcp(SYN)) == first, !expire_quiescent_template);
    }
}

#[test]
fn a_full_server_still_takes_the_clients_that_are_bound_to_it() {
    let (service, mut servers) = persistent(Protocol::Udp, 32);
    servers[1].upper = 1;
    let mut lab = Lab::new(&[(service, &servers)], 32);
    assert_eq!(lab.hop("10.9.0.7:1", Made::Udp), servers[1].address);
    assert_eq!(lab.hop("10.9.0.8:1", Made::Udp), servers[0].address);
    assert_eq!(lab.hop("10.9.0.9:1", Made::Udp), servers[0].address);
    assert_eq!(lab.hop("10.9.0.7:2", Made::Udp), servers[1].address);
}

#[test]
fn clients_of_a_removed_server_are_bound_to_another() {
    let (service, servers) = persistent(Protocol::Udp, 32);
    let mut lab = Lab::new(&[(service, &servers)], 32);
    assert_eq!(lab.hop("10.9.0.7:1", Made::Udp), servers[1].address);
    lab.remove(service.key, &servers[1]);
    assert_eq!(lab.hop("10.9.0.7:2", Made::Udp), servers[0].address);
    assert_eq!(lab.hop("10.9.0.7:3", Made::Udp), servers[0].address);
    // It comes back with the connection it had, but the client is no longer bound to it.
    lab.apply(Step::AddDestination { service: service.key, destination: servers[1] });
    assert_eq!(lab.counts(service.key, &servers[1]), (0, 1, 0));
    assert_eq!(lab.hop("10.9.0.7:4", Made::Udp), servers[0].address);
    lab.remove(service.key, &servers[0]);
    lab.remove(service.key, &servers[1]);
    assert_eq!(lab.send(&mut Made::Udp.from("10.9.0.7:5")), Verdict::Reject);
}

#[test]
fn a_service_for_every_port_binds_a_client_for_all_of_them_and_keeps_the_port() {
    let (udp, _) = persistent(Protocol::Udp, 32);
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address: VIRTUAL_V4.parse().unwrap(), port: 0 };
    let every_port = Service { key, ..udp };
    let servers = [server("10.2.0.1", 0, Forward::Masquerade), server("10.2.0.2", 0, Forward::Masquerade)];
    let web = [server("10.2.0.3", 8_080, Forward::Masquerade)];
    let mut lab = Lab::new(&[(every_port, &servers), (service(Protocol::Tcp, VIRTUAL_V4), &web)], 32);
    let mut to = |client: &str, port| {
        let mut packet = tcp(at(client, 1_000), at(VIRTUAL_V4, port), SYN, b"");
        lab.sent(&mut packet);
        ends(&packet).1
    };
    assert_eq!(to("10.9.0.7", 443), at("10.2.0.2", 443));
    assert_eq!(to("10.9.0.7", 22), at("10.2.0.2", 22));
    assert_eq!(to("10.9.0.8", 22), at("10.2.0.1", 22));
    // The service with the port comes first.
    assert_eq!(to("10.9.0.7", 80), at("10.2.0.3", 8_080));
}

#[test]
fn services_on_two_ports_of_one_address_bind_a_client_each_for_itself() {
    let (one, servers) = persistent(Protocol::Udp, 32);
    let key = ServiceKey::Address { protocol: Protocol::Udp, address: VIRTUAL_V4.parse().unwrap(), port: 54 };
    let others = [server("10.2.0.3", 54, Forward::Direct)];
    let mut lab = Lab::new(&[(one, &servers), (Service { key, ..one }, &others)], 32);
    assert_eq!(lab.hop("10.9.0.7:1", Made::Udp), servers[1].address);
    let mut packet = crate::packet::udp(at("10.9.0.7", 1), at(VIRTUAL_V4, 54), b"?");
    assert_eq!(lab.sent(&mut packet).next_hop, others[0].address);
    assert_eq!(lab.hop("10.9.0.7:2", Made::Udp), servers[1].address);
}

#[test]
fn a_mark_binds_a_client_for_every_address_protocol_and_port() {
    let key = ServiceKey::Mark { mark: 7, family: Family::V4 };
    let (service, _) = persistent(Protocol::Udp, 32);
    let servers =
        [server("10.2.0.1", 9_000, Forward::Masquerade), server("10.2.0.2", 9_000, Forward::Masquerade)];
    for (persistence, port) in [(service.persistence, 443), (None, 9_000)] {
        let mut lab = Lab::new(&[(Service { key, persistence, ..service }, &servers)], 32);
        let to = |lab: &mut Lab, mut packet: Vec<u8>| {
            let Verdict::Forward(outgoing) =
                lab.director.forward(lab.now, Arrival { mark: 7, ..Arrival::default() }, &packet)
            else {
                panic!("not sent on");
            };
            outgoing.write(&mut packet, usize::MAX);
            ends(&packet).1
        };
        let client = at("10.9.0.7", 1);
        let first = to(&mut lab, tcp(client, at("192.0.2.1", 443), SYN, b""));
        // With persistence all ports are kept; without it the server's own is used.
        assert_eq!(first.port(), port);
        let second = to(&mut lab, crate::packet::udp(client, at("192.0.2.9", 53), b"?"));
        assert_eq!(first.ip() == second.ip(), persistence.is_some());
        let others = to(&mut lab, tcp(at("10.9.0.8", 1), at("192.0.2.1", 443), SYN, b""));
        assert_eq!(first.ip() == others.ip(), persistence.is_none());
    }
}

/// A round-robin service that keeps clients for 300 s, and two servers.
fn persistent(protocol: Protocol, granularity: u8) -> (Service, [Destination; 2]) {
    let persistence = Persistence { timeout: Duration::from_mins(5), granularity };
    let service = Service { persistence: Some(persistence), ..service(protocol, VIRTUAL_V4) };
    let servers = [server("10.2.0.1", 53, Forward::Direct), server("10.2.0.2", 53, Forward::Direct)];
    (service, servers)
}
