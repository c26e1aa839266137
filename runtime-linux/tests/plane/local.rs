//! The director as one of its own real servers.

use std::collections::BTreeMap;

use ipvs_core::{Destination, Family, Forward, Protocol, Step};
use runtime_linux::lab;

use crate::network::{Network, address_of_director, virtual_address};

#[test]
fn the_director_answers_for_itself_beside_a_real_server() {
    lab::test(|| {
        for family in [Family::V4, Family::V6] {
            for (forward, own) in [(Forward::Local, false), (Forward::Direct, true)] {
                let mut network = Network::direct();
                let service = network.serve(family, Protocol::Tcp, false);
                let second = network.destination(family, "rs2");
                let Destination { address, port, .. } = second;
                network.apply(Step::RemoveDestination { service, address, port }).unwrap();
                let own = if own { address_of_director(family) } else { virtual_address(family) };
                let destination = Destination { address: own, forward, ..second };
                network.apply(Step::AddDestination { service, destination }).unwrap();
                network.serve_on_director(family);
                let evenly = [("dir".to_owned(), 2), ("rs1".to_owned(), 2)];
                assert_eq!(network.requests(family, Protocol::Tcp, 4), BTreeMap::from(evenly));
                let delivered = network.trouble().into_iter().find(|(name, _)| name == "delivered_locally");
                assert!(delivered.is_some_and(|(_, count)| count > 2));
            }
        }
    });
}
