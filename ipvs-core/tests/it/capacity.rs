//! What happens when memory runs out.

use core::time::Duration;

use ipvs_core::{Entry, Forward, Persistence, Protocol, Reason, Service, Verdict};

use crate::lab::{Lab, Made, VIRTUAL_V4, server, service};
use crate::packet::{ACK, SYN};

#[test]
fn an_entry_takes_a_cache_line_for_either_family() {
    assert_eq!(size_of::<Entry>(), 64);
}

#[test]
fn a_new_connection_never_takes_the_place_of_an_established_one() {
    let mut lab = tcp_lab(4);
    for port in 1..=4 {
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(SYN));
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(ACK));
    }
    assert_eq!(lab.send(&mut Made::Tcp(SYN).from("10.9.0.8:1")), Verdict::Drop(Reason::TableFull));
    for port in 1..=4 {
        lab.hop(&format!("10.9.0.7:{port}"), Made::Tcp(ACK));
    }
    assert_eq!(lab.director.counters().evicted, 0);
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
fn a_director_without_memory_serves_nobody_and_survives() {
    let mut lab = tcp_lab(0);
    assert_eq!(lab.send(&mut Made::Tcp(SYN).from("10.9.0.7:1")), Verdict::Drop(Reason::TableFull));
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
