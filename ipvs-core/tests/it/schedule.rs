//! Which server gets the next connection.

use core::time::Duration;

use ipvs_core::{
    Destination, Director, Forward, Locality, Memory, Method, Mode, Protocol, Refused, SchedulerFlags,
    Service, ServiceKey, Settings, Step, Storage, TableSlot, Verdict,
};

use crate::packet::{ACK, FIN_ACK, RST, SYN, tcp, udp};

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
fn maglev_gives_the_kernels_servers_for_16_clients() {
    let mut lab = Lab::new(Method::Maglev, &[]);
    for number in 11..=13 {
        lab.add(number, 1);
    }
    let servers: Vec<u8> = (0..16).map(|client| lab.udp_from(&format!("10.1.8.{client}:4000"))).collect();
    assert_eq!(servers, [13, 13, 12, 11, 12, 13, 13, 11, 12, 12, 11, 11, 12, 11, 12, 13]);
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

#[test]
fn improved_weighted_round_robin_spreads_the_connections_of_a_heavy_server() {
    let mut lab = Lab::improved(Method::WeightedRoundRobin, &[1, 1, 5]);
    let twice = lab.new_clients(14);
    assert_eq!(twice, [3, 2, 3, 3, 3, 1, 3, 3, 2, 3, 3, 3, 1, 3]);
    let mut lab = Lab::improved(Method::WeightedRoundRobin, &[1, 1, 1]);
    let order = lab.new_clients(3);
    assert_eq!(lab.new_clients(3), order);
}

#[test]
fn improved_weighted_round_robin_gives_every_server_its_weight_in_each_round() {
    let weights = [7, 0, 3, 1, 12];
    let mut lab = Lab::improved(Method::WeightedRoundRobin, &weights);
    for _ in 0..4 {
        let round = lab.new_clients(23);
        let counts =
            [1, 2, 3, 4, 5].map(|server| round.iter().copied().filter(|number| *number == server).count());
        assert_eq!(counts, [7, 0, 3, 1, 12]);
    }
}

#[test]
fn improved_weighted_round_robin_does_not_make_up_for_what_a_full_server_missed() {
    let mut lab = Lab::improved(Method::WeightedRoundRobin, &[1, 1]);
    lab.limit(1, 1);
    assert_eq!(lab.tcp_from("10.1.8.1:1", SYN), 1);
    assert_eq!(lab.new_tcp_clients(6), [2; 6]);
    // Its only connection ends.
    lab.tcp_from("10.1.8.1:1", ACK);
    lab.tcp_from("10.1.8.1:1", RST);
    lab.wait(20);
    assert_eq!(lab.tcp_from("10.1.8.1:2", SYN), 1);
    assert_eq!(lab.new_tcp_clients(2), [2, 2], "it is full again");
}

#[test]
fn improved_shortest_expected_delay_and_never_queue_see_udp() {
    let mut lab = Lab::improved(Method::ShortestExpectedDelay, &[3, 1]);
    // As with TCP.
    assert_eq!(lab.new_clients(7), [1, 1, 2, 1, 1, 1, 2]);
    let mut lab = Lab::improved(Method::NeverQueue, &[1, 9, 1]);
    assert_eq!(lab.new_clients(5), [3, 2, 1, 2, 2]);
}

#[test]
fn improved_schedulers_forget_udp_flows_that_fell_silent() {
    let mut lab = Lab::improved(Method::NeverQueue, &[1, 1]);
    assert_eq!(lab.udp_from("10.1.8.1:1"), 2);
    assert_eq!(lab.udp_from("10.1.8.1:2"), 1);
    for _ in 0..3 {
        lab.wait(8);
        assert_eq!(lab.udp_from("10.1.8.1:2"), 1);
    }
    assert_eq!(
        lab.new_clients(3),
        [2, 2, 1],
        "only the other one still talks: 1/1 for 2/1, then 2/1 for 2/1"
    );
}

#[test]
fn improved_maglev_has_keys_of_its_own_and_whole_addresses() {
    let servers = |lab: &mut Lab| -> Vec<u8> {
        (0..64).map(|client| lab.udp_from(&format!("10.1.8.{client}:4000"))).collect()
    };
    let exact = servers(&mut Lab::new(Method::Maglev, &[1, 1, 1]));
    let improved = servers(&mut Lab::improved(Method::Maglev, &[1, 1, 1]));
    assert_ne!(exact, improved);
    assert_eq!(
        improved,
        servers(&mut Lab::improved(Method::Maglev, &[1, 1, 1])),
        "the same seed, the same table"
    );
    assert!([1, 2, 3].iter().all(|server| improved.contains(server)));
}

#[test]
fn maglev_keeps_clients_when_a_server_goes_and_moves_none_while_its_weight_is_zero() {
    for make in [Lab::new as fn(Method, &[u32]) -> Lab, Lab::improved] {
        let clients = || (0..200).map(|client| format!("10.1.8.{client}:4000"));
        let mut lab = make(Method::Maglev, &[2, 1, 1, 1]);
        let before: Vec<u8> = clients().map(|client| lab.udp_from(&client)).collect();
        let mut lab = make(Method::Maglev, &[2, 1, 1, 1]);
        lab.edit(4, 0);
        for (client, before) in clients().zip(&before) {
            let verdict = lab.udp(&client);
            assert!(if *before == 4 { verdict == Verdict::Reject } else { number(verdict) == *before });
        }
        let mut lab = make(Method::Maglev, &[2, 1, 1, 1]);
        lab.remove(4);
        let moved = clients().zip(&before).filter(|(client, before)| {
            let after = lab.udp_from(client);
            **before != 4 && after != **before
        });
        assert!(moved.count() < 10);
    }
}

#[test]
fn maglev_with_fallback_serves_every_client_and_moves_only_those_of_the_dead_server() {
    for mode in [Mode::Exact, Mode::Improved] {
        let make = || {
            Lab::with_service(Method::Maglev, &[1, 1, 1], |service| Service {
                flags: SchedulerFlags::FLAG_1,
                mode,
                ..service
            })
        };
        let clients = || (0..64).map(|client| format!("10.1.8.{client}:4000"));
        let mut lab = make();
        let before: Vec<u8> = clients().map(|client| lab.udp_from(&client)).collect();
        let mut lab = make();
        lab.edit(3, 0);
        for (client, before) in clients().zip(before) {
            let after = lab.udp_from(&client);
            assert!(if before == 3 { after != 3 } else { after == before });
        }
    }
}

#[test]
fn maglev_needs_room_for_its_table() {
    let storage = Box::leak(Box::new(Storage::<2, 4, 4, 4, 1>::new()));
    let memory = Memory { tables: vec![TableSlot::EMPTY; 4_093 + 256].leak(), ..storage.lend() };
    let mut director = Director::new(memory, Settings::new([3; 16]));
    let [udp, tcp] = services();
    let maglev = |key| Service::new(key, Method::Maglev);
    director.apply(&Step::AddService(maglev(udp))).unwrap();
    assert_eq!(director.apply(&Step::AddService(maglev(tcp))), Err(Refused::TablesFull));
    director.apply(&Step::AddService(Service::new(tcp, Method::SourceHashing))).unwrap();
    assert_eq!(director.apply(&Step::EditService(maglev(tcp))), Err(Refused::TablesFull));
    director.apply(&Step::EditService(Service::new(udp, Method::RoundRobin))).unwrap();
    director.apply(&Step::EditService(maglev(tcp))).unwrap();
    director.apply(&Step::RemoveService(tcp)).unwrap();
    director.apply(&Step::EditService(maglev(udp))).unwrap();
}

#[test]
fn two_random_choices_spread_by_weight_and_avoid_the_busier() {
    for make in [Lab::new as fn(Method, &[u32]) -> Lab, Lab::improved] {
        let mut lab = make(Method::TwoRandomChoices, &[1, 3]);
        let servers = lab.new_clients(400);
        let third = servers.into_iter().filter(|server| *server == 1).count();
        // Two draws of which the one with less to do for its weight wins keep loads per weight together.
        assert!((85..115).contains(&third), "{third} of 400");
    }
}

/// A director with one UDP and one TCP service, each with servers 10.2.0.1, 10.2.0.2, … added in that order.
struct Lab {
    director: Director<'static>,
    now: Duration,
    port: u16,
}

impl Lab {
    fn new(method: Method, weights: &[u32]) -> Self {
        Self::with_flags(method, SchedulerFlags::NONE, weights)
    }

    fn with_flags(method: Method, flags: SchedulerFlags, weights: &[u32]) -> Self {
        Self::with_service(method, weights, |service| Service { flags, ..service })
    }

    fn improved(method: Method, weights: &[u32]) -> Self {
        Self::with_service(method, weights, |service| Service { mode: Mode::Improved, ..service })
    }

    fn with_service(method: Method, weights: &[u32], change: impl Fn(Service) -> Service) -> Self {
        let storage = Box::leak(Box::new(Storage::<2, 16, 512, 512, 4>::new()));
        let memory = Memory {
            tables: vec![TableSlot::EMPTY; 2 * 65_537].leak(),
            localities: vec![Locality::EMPTY; 4].leak(),
            ..storage.lend()
        };
        let mut director = Director::new(memory, Settings::new([3; 16]));
        for key in services() {
            let service = change(Service::new(key, method));
            director.apply(&Step::AddService(service)).unwrap();
        }
        let mut lab = Self { director, now: Duration::from_secs(10), port: 5_000 };
        for (number, weight) in (1..).zip(weights) {
            lab.add(number, *weight);
        }
        lab
    }

    fn add(&mut self, number: u8, weight: u32) {
        for service in services() {
            let destination = server(number, weight);
            self.director.apply(&Step::AddDestination { service, destination }).unwrap();
        }
    }

    fn edit(&mut self, number: u8, weight: u32) {
        for service in services() {
            let destination = server(number, weight);
            self.director.apply(&Step::EditDestination { service, destination }).unwrap();
        }
    }

    fn limit(&mut self, number: u8, upper: u32) {
        for service in services() {
            let statuses: Vec<_> = self.director.destinations(&service).collect();
            let found =
                statuses.iter().find(|status| status.destination.address == server(number, 1).address);
            let destination = Destination { upper, ..found.unwrap().destination };
            self.director.apply(&Step::EditDestination { service, destination }).unwrap();
        }
    }

    fn remove(&mut self, number: u8) {
        for service in services() {
            let Destination { address, port, .. } = server(number, 1);
            self.director.apply(&Step::RemoveDestination { service, address, port }).unwrap();
        }
    }

    fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(deadline) = self.director.deadline().filter(|deadline| *deadline <= end) {
            self.director.tick(deadline);
        }
        self.now = end;
    }

    /// The servers of so many UDP clients, each with another port.
    fn new_clients(&mut self, count: usize) -> Vec<u8> {
        let clients = (0..count).map(|_| {
            self.port += 1;
            self.udp_from(&format!("10.1.8.77:{}", self.port))
        });
        clients.collect()
    }

    /// The servers of so many TCP clients that stay connected.
    fn new_tcp_clients(&mut self, count: usize) -> Vec<u8> {
        let clients = (0..count).map(|_| {
            self.port += 1;
            self.tcp_from(&format!("10.1.8.77:{}", self.port), SYN)
        });
        clients.collect()
    }

    fn udp_from(&mut self, client: &str) -> u8 {
        number(self.udp(client))
    }

    fn udp(&mut self, client: &str) -> Verdict {
        let packet = udp(client.parse().unwrap(), "10.0.0.1:53".parse().unwrap(), b"?");
        self.director.forward(self.now, ipvs_core::Arrival::default(), &packet)
    }

    fn tcp_from(&mut self, client: &str, flags: u8) -> u8 {
        let packet = tcp(client.parse().unwrap(), "10.0.0.1:80".parse().unwrap(), flags, b"");
        number(self.director.forward(self.now, ipvs_core::Arrival::default(), &packet))
    }
}

fn services() -> [ServiceKey; 2] {
    let address = "10.0.0.1".parse().unwrap();
    [
        ServiceKey::Address { protocol: Protocol::Udp, address, port: 53 },
        ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 },
    ]
}

fn server(number: u8, weight: u32) -> Destination {
    Destination {
        address: [10, 2, 0, number].into(),
        port: 9_000,
        forward: Forward::Masquerade,
        weight,
        upper: 0,
        lower: 0,
    }
}

fn number(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Forward(outgoing) => match outgoing.next_hop {
            core::net::IpAddr::V4(address) => address.octets()[3],
            core::net::IpAddr::V6(_) => panic!("not a server of this test"),
        },
        Verdict::Pass | Verdict::Local | Verdict::Reject | Verdict::Drop(_) => panic!("{verdict:?}"),
    }
}
