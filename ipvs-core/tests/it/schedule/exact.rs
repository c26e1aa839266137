//! The kernel's schedulers, as the kernel has them.

use ipvs_core::{Destination, Method, SchedulerFlags, Step, Verdict};

use super::{Lab, server, services};
use crate::packet::{ACK, FIN_ACK, RST, SYN, tcp};

#[test]
fn round_robin_goes_from_the_newest_server_to_the_oldest() {
    let mut lab = Lab::new(Method::RoundRobin, &[1, 1, 1, 1]);
    assert_eq!(lab.new_clients(8), [4, 3, 2, 1, 4, 3, 2, 1]);
}

#[test]
fn weighted_round_robin_gives_the_kernels_sequence_for_4_3_2() {
    let mut lab = Lab::new(Method::WeightedRoundRobin, &[4, 3, 2]);
    assert_eq!(lab.new_clients(18), [3, 2, 1, 1, 2, 1, 3, 2, 1, 3, 2, 1, 1, 2, 1, 3, 2, 1]);
}

#[test]
fn weighted_round_robin_gives_the_kernels_sequence_for_5_1_1() {
    let mut lab = Lab::new(Method::WeightedRoundRobin, &[5, 1, 1]);
    assert_eq!(lab.new_clients(14), [3, 2, 1, 1, 1, 1, 1, 3, 2, 1, 1, 1, 1, 1]);
}

#[test]
fn source_hashing_gives_the_kernels_servers_for_32_clients() {
    let mut lab = Lab::new(Method::SourceHashing, &[1, 1, 1]);
    let servers: Vec<u8> = (0..32).map(|client| lab.udp_from(&format!("10.1.8.{client}:4000"))).collect();
    let kernel =
        [3, 1, 3, 2, 1, 2, 3, 3, 1, 3, 1, 2, 2, 3, 1, 3, 1, 1, 2, 3, 2, 1, 2, 1, 2, 1, 3, 1, 3, 1, 1, 2];
    assert_eq!(servers, kernel);
}

#[test]
fn source_hashing_ignores_the_port_unless_told_otherwise() {
    let ports = |flags| {
        let mut lab = Lab::with_flags(Method::SourceHashing, flags, &[1, 1, 1]);
        (0..6).map(|port| lab.udp_from(&format!("10.1.8.0:{}", 4000 + port))).collect::<Vec<u8>>()
    };
    assert_eq!(ports(SchedulerFlags::NONE), [3, 3, 3, 3, 3, 3]);
    // 10.1.8.0 and port n hash like the address n further on.
    let mut lab = Lab::new(Method::SourceHashing, &[1, 1, 1]);
    let shifted: Vec<u8> = (0..6).map(|port| lab.udp_from(&format!("10.1.23.{}:9", 160 + port))).collect();
    assert_eq!(ports(SchedulerFlags::FLAG_2), shifted);
}

#[test]
fn source_hashing_refuses_clients_of_a_dead_server_without_fallback() {
    let mut lab = Lab::new(Method::SourceHashing, &[1, 1, 1]);
    lab.edit(3, 0);
    assert_eq!(lab.udp("10.1.8.0:4000"), Verdict::Reject);
    assert_eq!(lab.udp_from("10.1.8.1:4000"), 1);
}

#[test]
fn source_hashing_with_fallback_serves_every_client_and_moves_only_those_of_the_dead_server() {
    let mut lab = Lab::with_flags(Method::SourceHashing, SchedulerFlags::FLAG_1, &[1, 1, 1]);
    let clients = || (0..32).map(|client| format!("10.1.8.{client}:4000"));
    let before: Vec<u8> = clients().map(|client| lab.udp_from(&client)).collect();
    let mut lab = Lab::with_flags(Method::SourceHashing, SchedulerFlags::FLAG_1, &[1, 1, 1]);
    lab.edit(3, 0);
    let after: Vec<u8> = clients().map(|client| lab.udp_from(&client)).collect();
    for (before, after) in before.into_iter().zip(after) {
        assert!(if before == 3 { after != 3 } else { after == before });
    }
}

#[test]
fn the_fallback_of_source_hashing_begins_at_twice_the_clients_bucket() {
    let mut lab = Lab::with_flags(Method::SourceHashing, SchedulerFlags::FLAG_1, &[1, 1, 1]);
    lab.edit(3, 0);
    // Buckets go to 3, 2, 1 in turn. These clients have bucket 144, 84, 219 and 60; twice that is 32 (server 1), 168
    // (server 3, so the next bucket's: 2), 182 (server 1) and 120 (server 3, so 2).
    let servers = [0, 2, 6, 7].map(|client| lab.udp_from(&format!("10.1.8.{client}:4000")));
    assert_eq!(servers, [1, 2, 1, 2]);
}

#[test]
fn source_hashing_gives_a_server_as_many_buckets_as_its_weight() {
    let mut lab = Lab::new(Method::SourceHashing, &[1, 3]);
    let served = |lab: &mut Lab, server| {
        let addresses = (0..256_u32).map(|client| core::net::Ipv4Addr::from(0x0A02_0000 + client * 7));
        addresses.filter(|client| lab.udp_from(&format!("{client}:4000")) == server).count()
    };
    let third = served(&mut lab, 1);
    assert!((48..80).contains(&third), "{third} of 256");
}

#[test]
fn least_connection_counts_active_connections_256_times() {
    let mut lab = Lab::new(Method::LeastConnection, &[1, 1]);
    // The newest server first; then the other, which has none.
    assert_eq!(lab.tcp_from("10.1.8.1:1", SYN), 2);
    assert_eq!(lab.tcp_from("10.1.8.1:2", SYN), 1);
    // A finished connection counts little, an active one much.
    assert_eq!(lab.tcp_from("10.1.8.1:1", ACK), 2);
    assert_eq!(lab.tcp_from("10.1.8.1:1", FIN_ACK), 2);
    assert_eq!(lab.tcp_from("10.1.8.1:3", SYN), 2);
    assert_eq!(lab.tcp_from("10.1.8.1:4", SYN), 1);
}

#[test]
fn least_connection_spreads_udp_evenly_from_the_newest_server_on() {
    let mut lab = Lab::new(Method::LeastConnection, &[1, 1, 1]);
    assert_eq!(lab.new_clients(6), [3, 2, 1, 3, 2, 1]);
}

#[test]
fn weighted_least_connection_divides_by_the_weight() {
    let mut lab = Lab::new(Method::WeightedLeastConnection, &[2, 1]);
    // Overhead over weight: 0/2 0/1, then 0/2 1/1, 1/2 1/1, 2/2 1/1 (the newer wins), 2/2 2/1 ...
    assert_eq!(lab.new_clients(7), [2, 1, 1, 2, 1, 1, 2]);
}

#[test]
fn shortest_expected_delay_and_never_queue_do_not_see_udp() {
    let mut lab = Lab::new(Method::ShortestExpectedDelay, &[4, 3, 2]);
    assert_eq!(lab.new_clients(36), [1; 36]);
    let mut lab = Lab::new(Method::NeverQueue, &[4, 3, 2]);
    assert_eq!(lab.new_clients(36), [3; 36]);
}

#[test]
fn shortest_expected_delay_counts_the_new_connection() {
    let mut lab = Lab::new(Method::ShortestExpectedDelay, &[3, 1]);
    // 1/3 1/1, 2/3 1/1, 3/3 1/1 (the newer wins), 3/3 2/1, 4/3 2/1, 5/3 2/1, 6/3 2/1 (the newer wins).
    assert_eq!(lab.new_tcp_clients(7), [1, 1, 2, 1, 1, 1, 2]);
}

#[test]
fn never_queue_gives_everybody_one_connection_first() {
    let mut lab = Lab::new(Method::NeverQueue, &[1, 9, 1]);
    assert_eq!(lab.new_tcp_clients(5), [3, 2, 1, 2, 2]);
}

#[test]
fn failover_takes_the_highest_weight_while_it_is_there() {
    let mut lab = Lab::new(Method::WeightedFailover, &[2, 3, 3]);
    assert_eq!(lab.new_clients(2), [3, 3]);
    lab.remove(3);
    assert_eq!(lab.new_clients(2), [2, 2]);
    lab.edit(2, 0);
    assert_eq!(lab.new_clients(2), [1, 1]);
}

#[test]
fn overflow_fills_the_highest_weight_first_and_then_refuses() {
    let mut lab = Lab::new(Method::WeightedOverflow, &[1, 2]);
    // As in the kernel a server takes one more than its weight.
    assert_eq!(lab.new_tcp_clients(5), [2, 2, 2, 1, 1]);
    let packet = tcp("10.1.8.9:1".parse().unwrap(), "10.0.0.1:80".parse().unwrap(), SYN, b"");
    assert_eq!(lab.director.forward(lab.now, ipvs_core::Arrival::default(), &packet), Verdict::Reject);
}

#[test]
fn destination_hashing_sends_all_of_an_address_to_one_server_whatever_the_weights() {
    let mut lab = Lab::new(Method::DestinationHashing, &[1, 9, 1]);
    // 0x0A000001 * 0x61C88647 is 0x27C88647 in 32 bits, and bucket 0x27 = 39 belongs to the first of three.
    assert_eq!(lab.new_clients(4), [3, 3, 3, 3]);
    lab.edit(3, 0);
    assert_eq!(lab.udp("10.1.9.9:99"), Verdict::Reject);
}

#[test]
fn servers_of_weight_zero_get_nothing_and_without_another_the_client_is_refused() {
    for method in Method::ALL.into_iter().filter(|method| *method != Method::DestinationHashing) {
        let mut lab = Lab::with_flags(method, SchedulerFlags::FLAG_1, &[0, 1, 0]);
        assert_eq!(lab.new_clients(4), [2, 2, 2, 2], "{method}");
        lab.edit(2, 0);
        assert_eq!(lab.udp("10.1.9.9:99"), Verdict::Reject, "{method}");
    }
}

#[test]
fn a_service_without_servers_refuses() {
    for method in Method::ALL {
        let mut lab = Lab::with_flags(method, SchedulerFlags::FLAG_1, &[]);
        assert_eq!(lab.udp("10.1.9.9:99"), Verdict::Reject, "{method}");
    }
}

#[test]
fn round_robin_goes_on_where_it_was_when_a_server_comes_or_goes() {
    let mut lab = Lab::new(Method::RoundRobin, &[1, 1, 1, 1]);
    assert_eq!(lab.new_clients(2), [4, 3]);
    // The one that was last goes: its successor is next.
    lab.remove(3);
    assert_eq!(lab.new_clients(2), [2, 1]);
    assert_eq!(lab.new_clients(1), [4]);
    // A new one stands at the head of the list, and has its turn after the oldest.
    lab.add(5, 1);
    assert_eq!(lab.new_clients(4), [2, 1, 5, 4]);
}

#[test]
fn weighted_round_robin_starts_its_round_again_when_a_weight_changes() {
    let mut lab = Lab::new(Method::WeightedRoundRobin, &[4, 3, 2]);
    assert_eq!(lab.new_clients(4), [3, 2, 1, 1]);
    // The bar stands at 4. Weights 4, 4, 2 have the divisor 2: highest bar 3, so it starts there.
    lab.edit(2, 4);
    assert_eq!(lab.new_clients(5), [2, 1, 3, 2, 1]);
}

#[test]
fn weighted_round_robin_does_not_walk_through_rounds_that_nobody_can_reach() {
    let mut lab = Lab::new(Method::WeightedRoundRobin, &[2_147_483_647, 1]);
    lab.limit(1, 1);
    // Bar 1, then the bar is at its highest; the heavy server takes no more than one connection.
    assert_eq!(lab.new_clients(4), [2, 1, 2, 2]);
}

#[test]
fn a_full_server_gets_connections_again_below_three_quarters_of_its_limit() {
    let mut lab = Lab::new(Method::RoundRobin, &[1, 1]);
    lab.limit(2, 4);
    // Server 2 has 4 connections with client ports 1, 3, 5 and 7.
    let before: Vec<u8> = (1..=8).map(|port| lab.tcp_from(&format!("10.1.8.1:{port}"), SYN)).collect();
    assert_eq!(before, [2, 1, 2, 1, 2, 1, 2, 1]);
    assert_eq!(lab.tcp_from("10.1.8.1:9", SYN), 1);
    // A SYN_RECV lives 60 s. The others are kept alive, so one and then two of server 2 end.
    lab.wait(50);
    for port in [2, 3, 4, 5, 6, 7, 8, 9] {
        lab.tcp_from(&format!("10.1.8.1:{port}"), ACK);
    }
    lab.wait(20);
    assert_eq!(lab.tcp_from("10.1.8.1:10", SYN), 1, "3 of 4 is still full");
    lab.tcp_from("10.1.8.1:3", RST);
    lab.wait(15);
    assert_eq!(lab.tcp_from("10.1.8.1:11", SYN), 2, "2 of 4 is not");
}

#[test]
fn a_full_server_with_a_lower_limit_waits_until_it_is_below_that() {
    let mut lab = Lab::new(Method::RoundRobin, &[1, 1]);
    for service in services() {
        let destination = Destination { upper: 4, lower: 2, ..server(2, 1) };
        lab.director.apply(&Step::EditDestination { service, destination }).unwrap();
    }
    // Server 2 has client ports 1, 3, 5 and 7, and is full.
    for port in 1..=8 {
        lab.tcp_from(&format!("10.1.8.1:{port}"), SYN);
        lab.tcp_from(&format!("10.1.8.1:{port}"), ACK);
    }
    for (ended, next) in [(1, 1), (3, 1), (5, 2)] {
        lab.tcp_from(&format!("10.1.8.1:{ended}"), RST);
        lab.wait(15);
        assert_eq!(lab.tcp_from(&format!("10.1.8.1:{}", 100 + ended), SYN), next, "without {ended}");
    }
}

#[test]
fn a_raised_limit_counts_at_once() {
    let mut lab = Lab::new(Method::RoundRobin, &[1]);
    lab.limit(1, 1);
    assert_eq!(lab.udp_from("10.1.8.1:1"), 1);
    assert_eq!(lab.udp("10.1.8.1:2"), Verdict::Reject);
    lab.limit(1, 2);
    assert_eq!(lab.udp_from("10.1.8.1:2"), 1);
    assert_eq!(lab.udp("10.1.8.1:3"), Verdict::Reject);
    lab.limit(1, 0);
    assert_eq!(lab.udp_from("10.1.8.1:3"), 1);
}
