//! Services of firewall marks.

use std::collections::BTreeMap;
use std::process::Command;

use ipvs_core::{Destination, Family, Method, Protocol, Service, ServiceKey, Step};
use runtime_linux::lab;

use crate::network::{Network, SERVERS};

#[test]
#[ignore = "needs nft"]
fn packets_marked_at_the_ingress_hook_find_the_service_of_their_mark() {
    lab::test(|| {
        let mut network = Network::direct();
        network.director.run(|| nft("add table netdev t")).unwrap();
        network
            .director
            .run(|| nft("add chain netdev t c { type filter hook ingress device eth0 priority 0; }"))
            .unwrap();
        network.director.run(|| nft("add rule netdev t c tcp dport 8080 meta mark set 7")).unwrap();
        for family in [Family::V4, Family::V6] {
            let service = ServiceKey::Mark { mark: 7, family };
            network.apply(Step::AddService(Service::new(service, Method::RoundRobin))).unwrap();
            for name in SERVERS {
                let destination = Destination { port: 0, ..network.destination(family, name) };
                network.apply(Step::AddDestination { service, destination }).unwrap();
            }
            let evenly = BTreeMap::from(SERVERS.map(|name| (name.to_owned(), 5)));
            assert_eq!(network.requests(family, Protocol::Tcp, 10), evenly);
        }
        // A service of an address is served beside them, and each packet once.
        let key = network.serve(Family::V4, Protocol::Udp, false);
        assert_eq!(network.requests(Family::V4, Protocol::Udp, 10).len(), 2);
        let status =
            runtime_linux::perform::ipvs::Plane::status(&mut **network.plane.as_mut().unwrap()).unwrap();
        let udp = status.services.iter().find(|service| service.key == key).unwrap();
        assert_eq!(udp.statistics.packets_in, 10);
        for family in [Family::V4, Family::V6] {
            network.apply(Step::RemoveService(ServiceKey::Mark { mark: 7, family })).unwrap();
        }
        assert_eq!(network.requests(Family::V4, Protocol::Udp, 10).len(), 2);
    });
}

#[test]
fn nat_by_mark_is_refused_in_words() {
    lab::test(|| {
        let mut network = Network::nat();
        let service = ServiceKey::Mark { mark: 7, family: Family::V4 };
        network.apply(Step::AddService(Service::new(service, Method::RoundRobin))).unwrap();
        let destination = network.destination(Family::V4, "rs1");
        let refused = network.apply(Step::AddDestination { service, destination }).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "adding real server 198.18.1.11:8080 to service FWM 7: the user-space data plane does not translate every \
             port of an address: name the ports, use direct routing (`lb_kind DR`), or the kernel's IPVS (`data_plane \
             kernel`)"
        );
    });
}

fn nft(command: &str) {
    assert!(Command::new("nft").arg(command).status().unwrap().success(), "nft {command}");
}
