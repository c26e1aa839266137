//! Long transfers between hosts whose checksums and segments are left to hardware that is not there.

use ipvs_core::{Family, Protocol};
use runtime_linux::lab;

use crate::network::Network;

const BYTES: usize = 16 << 20;

#[test]
fn sixteen_megabytes_cross_a_nat_director_both_ways_and_arrive_whole() {
    lab::test(|| cross(Network::nat()));
}

#[test]
fn sixteen_megabytes_cross_a_direct_routing_director_and_arrive_whole() {
    lab::test(|| cross(Network::direct()));
}

#[test]
fn a_datagram_in_three_fragments_comes_to_one_server_and_back() {
    lab::test(|| {
        for mut network in [Network::nat(), Network::direct()] {
            for family in [Family::V4, Family::V6] {
                network.serve(family, Protocol::Udp, false);
                assert_eq!(network.datagram(family, 4_000).unwrap(), "rs2");
                assert_eq!(network.datagram(family, 4_000).unwrap(), "rs1");
            }
            assert_eq!(network.trouble(), []);
        }
    });
}

fn cross(mut network: Network) {
    for family in [Family::V4, Family::V6] {
        network.serve(family, Protocol::Tcp, false);
        assert_eq!(network.transfer(family, BYTES).unwrap(), "rs2");
        let plane = network.plane.as_mut().unwrap();
        let status = runtime_linux::perform::ipvs::Plane::status(&mut **plane).unwrap();
        let service = status.services.iter().find(|service| service.key.family() == family).unwrap();
        assert_eq!(service.statistics.connections, 1);
        let packets = usize::try_from(service.statistics.packets_in).unwrap();
        assert!(service.statistics.bytes_in > BYTES as u64, "{:?}", service.statistics);
        assert!(packets < BYTES / 1_448, "the transfer came in {packets} packets: nothing was coalesced");
    }
}
