//! Where adverts go and where they come from: groups other than the usual one, and sources that must be there.

use core::net::IpAddr;
use core::time::Duration;

use runtime_linux::config::model::{Instance, UnicastPeer};
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Observer, Switch};

use crate::station::{PATIENCE, Station, address, instance, pause, wait};

#[test]
fn routers_of_another_group_do_not_hear_each_other() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let hosts = [("one", 1), ("two", 2), ("three", 3)];
        let [one, two, three] = hosts.map(|(name, number)| Station::new(&switch, name, number));
        let observer = Observer::new(&switch).unwrap();
        let group: IpAddr = "224.0.0.99".parse().unwrap();
        let elsewhere = |priority| Instance { group: Some(group), ..instance("a", priority) };
        one.apply(&[elsewhere(200)]);
        two.apply(&[elsewhere(100)]);
        one.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "two does not hear", || two.instance("a").active.is_some());
        // The same VRID in the usual group, with another address: a domain of its own.
        let beside = Instance { addresses: vec![address("198.18.0.101", 24)], ..instance("a", 150) };
        three.apply(&[beside]);
        three.wait_for(Phase::Master, PATIENCE);
        pause(Duration::from_millis(500));
        assert_eq!((one.instance("a").state, two.instance("a").state), ("MASTER", "BACKUP"));
        assert_eq!(three.count("adverts_received"), 0);
        let to = |node: &str| {
            let seen = observer.seen();
            let adverts = seen.iter().filter(|seen| seen.node == node).filter_map(|seen| seen.advert());
            adverts.map(|advert| advert.destination).next()
        };
        assert_eq!(to("one"), Some(group));
        assert_eq!(to("three"), Some("224.0.0.18".parse().unwrap()));
    });
}

#[test]
fn a_tracked_source_that_is_not_there_is_a_fault() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let source = Some("198.18.0.50".parse().unwrap());
        station.apply(&[Instance { source, track_source: true, ..instance("a", 100) }]);
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(station.instance("a").faults, ["no_source_address"]);
        station.node.add_address("eth0", "198.18.0.50/24").unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        station.node.remove_address("eth0", "198.18.0.50/24").unwrap();
        station.wait_for(Phase::Fault, PATIENCE);
        // Not tracked, it is what adverts come from all the same.
        let observer = Observer::new(&switch).unwrap();
        station.apply(&[Instance { source, ..instance("a", 100) }]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "nothing is sent", || {
            observer
                .seen()
                .iter()
                .filter_map(|seen| seen.advert())
                .any(|advert| Some(advert.source) == source)
        });
    });
}

#[test]
fn a_unicast_peer_is_listened_to_within_its_range_of_ttl() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (one, two) = (Station::new(&switch, "one", 1), Station::new(&switch, "two", 2));
        let with = |priority, peer: &str, (min_ttl, max_ttl), unicast_ttl| {
            let peer = UnicastPeer { address: peer.parse().unwrap(), min_ttl, max_ttl };
            Instance { unicast_peers: vec![peer].into(), unicast_ttl, ..instance("a", priority) }
        };
        one.apply(&[with(200, "198.18.0.2", (0, 255), 64)]);
        two.apply(&[with(100, "198.18.0.1", (65, 255), 255)]);
        one.wait_for(Phase::Master, PATIENCE);
        two.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "it is not counted", || two.count("unicast_ttl") > 0);
        two.apply(&[with(100, "198.18.0.1", (64, 64), 255)]);
        two.wait_for(Phase::Backup, PATIENCE);
    });
}
