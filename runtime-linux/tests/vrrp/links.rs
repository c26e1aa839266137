//! Interfaces that come, go and change.

use runtime_linux::config::model::Tracked;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Node, Switch};

use crate::station::{PATIENCE, Station, instance, wait};

#[test]
fn an_interface_that_goes_down_is_a_fault_until_it_is_up_again() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        station.node.set_link("eth0", false).unwrap();
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(station.instance("a").faults, ["link_down"]);
        assert!(!station.has("198.18.0.100"));
        station.node.set_link("eth0", true).unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        assert!(station.has("198.18.0.100"));
        assert_eq!(
            station.entered(),
            [Phase::Backup, Phase::Master, Phase::Fault, Phase::Backup, Phase::Master]
        );
        assert_eq!(station.lines("cannot send"), 0, "that its last word did not get out is no news");
    });
}

#[test]
fn a_cable_that_is_pulled_out_is_noticed() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        high.apply(&[instance("a", 200)]);
        low.apply(&[instance("a", 100)]);
        high.wait_for(Phase::Master, PATIENCE);
        switch.set_cables(&high.node, false).unwrap();
        high.wait_for(Phase::Fault, PATIENCE);
        low.wait_for(Phase::Master, PATIENCE);
        switch.set_cables(&high.node, true).unwrap();
        high.wait_for(Phase::Master, PATIENCE);
        low.wait_for(Phase::Backup, PATIENCE);
    });
}

#[test]
fn an_instance_waits_for_an_interface_that_does_not_exist_yet() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::on(Node::new("one").unwrap());
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(station.lines("interface eth0 does not exist"), 1);
        station.node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        assert!(station.has("198.18.0.100"));
    });
}

#[test]
fn an_interface_without_an_address_has_no_source_for_adverts() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = Node::new("one").unwrap();
        node.link_to(&switch, "eth0", &[]).unwrap();
        let station = Station::on(node);
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(station.instance("a").faults, ["no_source_address"]);
        station.node.add_address("eth0", "198.18.0.7/24").unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(station.instance("a").source, Some([198, 18, 0, 7].into()));
    });
}

#[test]
fn adverts_follow_when_the_address_of_the_interface_changes() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let observer = lab::Observer::new(&switch).unwrap();
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        station.node.add_address("eth0", "198.18.1.9/24").unwrap();
        station.node.remove_address("eth0", "198.18.0.1/24").unwrap();
        let moved = core::net::IpAddr::from([198, 18, 1, 9]);
        wait(PATIENCE, "adverts still come from the old address", || {
            observer.seen().iter().filter_map(|seen| seen.advert()).any(|advert| advert.source == moved)
        });
        // The kernel took the virtual address along with the primary one of its subnet.
        wait(PATIENCE, "the virtual address is gone", || station.has("198.18.0.100"));
        assert_eq!(station.instance("a").state, "MASTER");
    });
}

#[test]
fn a_tracked_interface_that_is_down_is_a_fault_or_a_lesser_priority() {
    lab::test(|| {
        let (lan, wan) = (Switch::new("lan").unwrap(), Switch::new("wan").unwrap());
        let station = Station::new(&lan, "one", 1);
        station.node.link_to(&wan, "wan0", &[]).unwrap();
        let tracked = |weight, reverse| Tracked { name: "wan0".to_owned(), weight, reverse };
        let mut one = instance("a", 100);
        one.track_interfaces = vec![tracked(10, true)].into();
        station.apply(core::slice::from_ref(&one));
        wait(PATIENCE, "priority stays", || station.instance("a").priority == 90);
        one.track_interfaces = vec![tracked(-30, false)].into();
        station.apply(core::slice::from_ref(&one));
        station.wait_for(Phase::Master, PATIENCE);
        station.node.set_link("wan0", false).unwrap();
        wait(PATIENCE, "priority stays", || station.instance("a").priority == 70);
        one.track_interfaces = vec![tracked(0, false)].into();
        station.apply(&[one]);
        station.wait_for(Phase::Fault, PATIENCE);
        station.node.set_link("wan0", true).unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(station.instance("a").priority, 100);
    });
}
