//! Real servers behind tunnels.

use std::collections::BTreeMap;

use ipvs_core::{Family, Protocol, Tunnel, TunnelChecksum};
use runtime_linux::lab;

use crate::network::{Network, SERVERS};

#[test]
fn every_tunnel_carries_both_families_over_both() {
    lab::test(|| {
        for tunnel in [
            Tunnel::Gue { port: 5_555, checksum: TunnelChecksum::None },
            Tunnel::Ipip,
            Tunnel::Gue { port: 5_555, checksum: TunnelChecksum::Full },
            Tunnel::Gre { checksum: TunnelChecksum::None },
            Tunnel::Gre { checksum: TunnelChecksum::Full },
        ] {
            for outer in [Family::V4, Family::V6] {
                let mut network = Network::tunnelled(tunnel, outer);
                for family in [Family::V4, Family::V6] {
                    network.serve(family, Protocol::Tcp, false);
                    network.serve(family, Protocol::Udp, false);
                    for protocol in [Protocol::Tcp, Protocol::Udp] {
                        let evenly = BTreeMap::from(SERVERS.map(|name| (name.to_owned(), 2)));
                        assert_eq!(
                            network.requests(family, protocol, 4),
                            evenly,
                            "{tunnel:?} {outer:?} {family:?}"
                        );
                    }
                    // Segments that the client's card is to cut, and an MTU that the envelope takes from.
                    let server = network.transfer(family, 1 << 20).unwrap();
                    assert_eq!(server, "rs2", "{tunnel:?} {outer:?} {family:?}");
                }
            }
        }
    });
}

#[test]
fn datagrams_that_do_not_fit_into_an_envelope_arrive_in_pieces() {
    lab::test(|| {
        for outer in [Family::V4, Family::V6] {
            let mut network = Network::tunnelled(Tunnel::Ipip, outer);
            network.serve(Family::V4, Protocol::Udp, false);
            // Without path MTU discovery, as of a host that knows nothing of it: DF is clear.
            network.client.set("ipv4/ip_no_pmtu_disc", "1").unwrap();
            assert_eq!(network.datagram(Family::V4, 1_472).unwrap(), "rs2");
            assert_eq!(network.datagram(Family::V4, 4_000).unwrap(), "rs1");
            assert_eq!(network.trouble(), []);
        }
    });
}
