//! What happens when memory runs out.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ipvs_core::{Entry, Forward, Persistence, Protocol, Service, ServiceKey, Verdict};

use crate::lab::{Lab, Made, VIRTUAL_V4, at, server, service};
use crate::packet::{ACK, FIN_ACK, RST, SYN, SYN_ACK, ends, tcp};

#[test]
fn an_entry_takes_a_cache_line_for_either_family() {
    assert_eq!(size_of::<Entry>(), 64);
}

#[test]
fn a_new_connection_never_takes_the_place_of_an_established_one_and_is_served_without() {
    let mut lab = tcp_lab(4);
    for port in 1..=4 {
        establish(&mut lab, &format!("10.9.0.7:{port}"));
    }
    let mut served = Vec::new();
    for port in 1..=200 {
        let client = format!("10.9.0.8:{port}");
        let first = lab.hop(&client, Made::Tcp(SYN));
        for flags in [ACK, ACK, FIN_ACK] {
            assert_eq!(lab.hop(&client, Made::Tcp(flags)), first);
        }
        served.push(first);
    }
    for port in 1..=4 {
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(ACK));
    }
    assert_eq!((lab.director.counters().evicted, lab.director.counters().stateless), (0, 800));
    let first = served.iter().filter(|server| **server == served[0]).count();
    assert!((60..=140).contains(&first), "{first} of 200 at one of two servers");
}

#[test]
fn a_connection_without_an_entry_keeps_its_server_when_there_is_room_again() {
    let mut lab = tcp_lab(4);
    for port in 1..=4 {
        establish(&mut lab, &format!("10.9.0.7:{port}"));
    }
    let clients: Vec<String> = (1..=50).map(|port| format!("10.9.0.8:{port}")).collect();
    let before: Vec<IpAddr> = clients.iter().map(|client| establish(&mut lab, client)).collect();
    for port in 1..=4 {
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(RST));
    }
    lab.wait(100);
    let after: Vec<IpAddr> = clients.iter().map(|client| lab.hop(client, Made::Tcp(ACK))).collect();
    assert_eq!(after, before);
    assert_eq!(lab.director.connections(lab.now).count(), 4);
}

#[test]
fn the_replies_of_a_connection_without_an_entry_come_from_its_service() {
    let servers = [1, 2, 3].map(|last| server(&format!("10.2.0.{last}"), 9_000, Forward::Masquerade));
    let tcp_service = service(Protocol::Tcp, VIRTUAL_V4);
    // The same servers for another service: the reply must not be taken for one of it.
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address: VIRTUAL_V4.parse().unwrap(), port: 81 };
    let mut lab = Lab::new(&[(tcp_service, &servers), (Service { key, ..tcp_service }, &servers)], 0);
    let mut ambiguous = 0;
    for port in 1..=100 {
        let (client, service) = (at("10.9.0.8", port), at(VIRTUAL_V4, 80));
        let mut request = tcp(client, service, SYN, b"");
        let real = lab.sent(&mut request).next_hop;
        assert_eq!(ends(&request), (client, SocketAddr::new(real, 9_000)));
        let mut reply = tcp(SocketAddr::new(real, 9_000), client, SYN_ACK, b"");
        assert_eq!(lab.sent(&mut reply).next_hop, client.ip());
        let (source, destination) = ends(&reply);
        assert_eq!(destination, client);
        // Two services that draw the same server for a client cannot be told apart.
        ambiguous += u32::from(source == at(VIRTUAL_V4, 81));
        assert!([80, 81].contains(&source.port()));
    }
    assert!(ambiguous < 50, "{ambiguous} of 100");
    // What no service would send there is not a reply.
    let mut stray = tcp(at("10.2.0.1", 9_001), at("10.9.0.8", 1), SYN_ACK, b"");
    assert_eq!(lab.send(&mut stray), Verdict::Pass);
}

#[test]
fn a_client_keeps_its_server_when_its_connection_was_given_up_half_open() {
    let mut lab = tcp_lab(8);
    for port in 1..=4 {
        establish(&mut lab, &format!("10.9.0.7:{port}"));
    }
    let flood = |lab: &mut Lab, net: u8| {
        for host in 0..64 {
            lab.hop(&format!("10.66.{net}.{host}:7"), Made::Tcp(SYN));
        }
    };
    flood(&mut lab, 0);
    for port in 1..=50 {
        let client = format!("10.9.0.8:{port}");
        let first = lab.hop(&client, Made::Tcp(SYN));
        flood(&mut lab, 1);
        assert_eq!(lab.hop(&client, Made::Tcp(ACK)), first);
    }
}

#[test]
fn half_a_minute_after_a_shortage_the_scheduler_does_not_yet_choose_and_after_a_minute_it_does() {
    for (seconds, is_even) in [(30, false), (62, true)] {
        let mut lab = tcp_lab(64);
        for port in 1..=65 {
            lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(SYN));
        }
        lab.wait(seconds);
        let next = (1..=20).map(|port| lab.hop(&format!("10.9.0.8:{port}"), Made::Tcp(SYN)));
        let next: Vec<_> = next.collect();
        assert_eq!(next.windows(2).all(|pair| pair[0] != pair[1]), is_even);
    }
}

#[test]
fn a_flood_of_syns_leaves_established_connections_alone_and_lets_new_ones_in() {
    let mut lab = tcp_lab(32);
    for port in 1..=16 {
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(SYN));
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(ACK));
    }
    for flood in 0..2_000_u16 {
        let [high, low] = flood.to_be_bytes();
        lab.hop(&format!("10.66.{high}.{low}:7"), Made::Tcp(SYN));
    }
    lab.hop("10.9.0.8:1", Made::Tcp(SYN));
    lab.hop("10.9.0.8:1", Made::Tcp(ACK));
    for port in 1..=16 {
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(ACK));
    }
    assert_eq!(lab.director.connections(lab.now).count(), 32);
    assert_eq!(lab.director.counters().evicted, 2_001 - 16);
}

#[test]
fn expired_connections_make_room_first() {
    let mut lab = tcp_lab(4);
    for port in 1..=3 {
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(SYN));
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(ACK));
    }
    // The three are over; then comes one that is young and unverified.
    lab.now += Duration::from_secs(901);
    lab.hop("10.9.0.8:1", Made::Tcp(SYN));
    lab.hop("10.9.0.8:2", Made::Tcp(SYN));
    lab.hop("10.9.0.8:3", Made::Tcp(SYN));
    lab.hop("10.9.0.8:4", Made::Tcp(SYN));
    assert_eq!(lab.director.counters().evicted, 0);
}

#[test]
fn connections_whose_client_has_finished_make_room_before_those_that_have_just_begun() {
    let servers = [server("10.2.0.1", 80, Forward::Direct), server("10.2.0.2", 80, Forward::Direct)];
    let mut lab = Lab::new(&[(service(Protocol::Tcp, VIRTUAL_V4), &servers)], 8);
    for port in 1..=8 {
        establish(&mut lab, &format!("10.9.0.7:{port}"));
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(FIN_ACK));
    }
    let clients: Vec<String> = (1..=8).map(|port| format!("10.9.0.8:{port}")).collect();
    let begun: Vec<IpAddr> = clients.iter().map(|client| lab.hop(client, Made::Tcp(SYN))).collect();
    let followed: Vec<IpAddr> = clients.iter().map(|client| lab.hop(client, Made::Tcp(ACK))).collect();
    assert_eq!(followed, begun);
    assert_eq!((lab.director.counters().evicted, lab.director.counters().stateless), (8, 0));
}

#[test]
fn without_room_for_a_template_the_client_is_served_without() {
    let persistence = Some(Persistence { timeout: Duration::from_mins(5), granularity: 32 });
    let service = Service { persistence, ..service(Protocol::Tcp, VIRTUAL_V4) };
    let servers = [server("10.2.0.1", 80, Forward::Direct)];
    let mut lab = Lab::new(&[(service, &servers)], 3);
    lab.hop("10.9.0.7:1", Made::Tcp(SYN));
    lab.hop("10.9.0.7:1", Made::Tcp(ACK));
    lab.hop("10.9.0.8:1", Made::Tcp(SYN));
    assert_eq!(lab.director.counters().persistence_refused, 1);
    let states: Vec<&str> = lab.director.connections(lab.now).map(|entry| entry.state).collect();
    assert_eq!(states, ["ASSURED", "ESTABLISHED", "SYN_RECV"]);
}

#[test]
fn a_director_without_memory_for_connections_still_serves() {
    let mut lab = tcp_lab(0);
    let first = lab.hop("10.9.0.7:1", Made::Tcp(SYN));
    assert_eq!(lab.hop("10.9.0.7:1", Made::Tcp(ACK)), first);
    assert_eq!(lab.director.deadline(), None);
}

#[test]
fn a_million_syns_change_no_established_connection_and_keep_out_no_client() {
    let mut lab = tcp_lab(4_096);
    let client = |number: u32| format!("10.9.{}.{}:4000", number >> 8, number & 0xFF);
    let before: Vec<_> = (0..1_000).map(|number| establish(&mut lab, &client(number))).collect();
    let syn = Made::Tcp(SYN).from("10.9.0.1:7");
    let mut late = Vec::new();
    for flood in 0..1_000_000_u32 {
        let mut packet = syn.clone();
        // From another address each; the checksums are then wrong, which does not matter here.
        packet[12..16].copy_from_slice(&(0x0B00_0000 + flood).to_be_bytes());
        lab.sent(&mut packet);
        if flood % 10_000 == 0 {
            // Real clients, some of which take a while to answer.
            let client = client(2_000 + flood / 10_000);
            late.push((client.clone(), lab.hop(&client, Made::Tcp(SYN))));
            if flood % 20_000 == 0 {
                for (client, server) in late.drain(..) {
                    assert_eq!(lab.hop(&client, Made::Tcp(ACK)), server);
                }
            }
        }
    }
    let after: Vec<_> = (0..1_000).map(|number| lab.hop(&client(number), Made::Tcp(ACK))).collect();
    assert_eq!(after, before);
    let mut connections: Vec<&str> = lab.director.connections(lab.now).map(|entry| entry.state).collect();
    connections.retain(|state| *state == "ESTABLISHED");
    assert!(connections.len() >= 1_000 + 98, "{} established", connections.len());
    assert!(lab.director.counters().evicted > 990_000);
}

#[test]
fn ticks_end_a_full_table_in_bounded_shares() {
    let mut lab = tcp_lab(5_000);
    for connection in 0..5_000_u16 {
        let [high, low] = connection.to_be_bytes();
        lab.hop(&format!("10.9.{high}.{low}:1"), Made::Tcp(SYN));
    }
    lab.now += Duration::from_secs(61);
    let mut counts = Vec::new();
    while let Some(deadline) = lab.director.deadline() {
        lab.now = lab.now.max(deadline);
        lab.director.tick(lab.now);
        counts.push(lab.director.connections(lab.now).count());
    }
    assert_eq!(counts, [3_976, 2_952, 1_928, 904, 0]);
}

fn tcp_lab(connections: usize) -> Lab {
    let servers = [server("10.2.0.1", 80, Forward::Masquerade), server("10.2.0.2", 80, Forward::Direct)];
    Lab::new(&[(service(Protocol::Tcp, VIRTUAL_V4), &servers)], connections)
}

/// The server of a connection that is now established.
fn establish(lab: &mut Lab, client: &str) -> IpAddr {
    lab.hop(client, Made::Tcp(SYN));
    lab.hop(client, Made::Tcp(ACK))
}
