//! Who answers a client.

use std::collections::BTreeMap;

use ipvs_core::{Family, Protocol, Step};
use runtime_linux::lab;

use crate::network::Network;

#[test]
fn a_thousand_connections_are_spread_evenly_by_nat() {
    lab::test(|| {
        let mut network = Network::nat();
        network.serve(Family::V4, Protocol::Tcp, false);
        assert_eq!(network.requests(Family::V4, Protocol::Tcp, 1_000), evenly(500));
        assert_eq!(network.trouble(), []);
    });
}

#[test]
fn a_thousand_connections_are_spread_evenly_by_direct_routing() {
    lab::test(|| {
        let mut network = Network::direct();
        network.serve(Family::V4, Protocol::Tcp, false);
        assert_eq!(network.requests(Family::V4, Protocol::Tcp, 1_000), evenly(500));
        assert_eq!(network.trouble(), []);
    });
}

#[test]
fn connections_over_ipv6_are_spread_by_nat_and_by_direct_routing() {
    lab::test(|| {
        for mut network in [Network::nat(), Network::direct()] {
            network.serve(Family::V6, Protocol::Tcp, false);
            assert_eq!(network.requests(Family::V6, Protocol::Tcp, 100), evenly(50));
            assert_eq!(network.trouble(), []);
        }
    });
}

#[test]
fn datagrams_are_spread_and_answered_from_the_virtual_address() {
    lab::test(|| {
        for mut network in [Network::nat(), Network::direct()] {
            for family in [Family::V4, Family::V6] {
                network.serve(family, Protocol::Udp, false);
                assert_eq!(network.requests(family, Protocol::Udp, 100), evenly(50));
            }
        }
    });
}

#[test]
fn a_persistent_client_stays_with_its_server() {
    lab::test(|| {
        let mut network = Network::nat();
        network.serve(Family::V4, Protocol::Tcp, true);
        let answers = network.requests(Family::V4, Protocol::Tcp, 20);
        assert_eq!(answers.values().copied().collect::<Vec<_>>(), [20], "{answers:?}");
    });
}

#[test]
fn a_removed_server_gets_nothing_and_the_other_one_everything() {
    lab::test(|| {
        let mut network = Network::direct();
        let service = network.serve(Family::V4, Protocol::Tcp, false);
        let gone = network.destination(Family::V4, "rs1");
        network.apply(Step::RemoveDestination { service, address: gone.address, port: gone.port }).unwrap();
        assert_eq!(network.requests(Family::V4, Protocol::Tcp, 20), BTreeMap::from([("rs2".to_owned(), 20)]));
    });
}

/// `each` answers from every server.
fn evenly(each: usize) -> BTreeMap<String, usize> {
    crate::network::SERVERS.map(|name| (name.to_owned(), each)).into()
}
