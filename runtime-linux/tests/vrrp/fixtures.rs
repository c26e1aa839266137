//! Static addresses, routes and rules: there from the start to the end.

use core::time::Duration;

use netlink_packet_route::rule::RuleAttribute;
use runtime_linux::config::model::Fixtures;
use runtime_linux::config::{self, Options};
use runtime_linux::driver::{Command, Phase};
use runtime_linux::lab::{self, Switch};
use runtime_linux::netlink::route::table::RouteTable;
use vrrp_core::Family;

use crate::station::{PATIENCE, Station, instance, pause, wait};

#[test]
fn what_is_static_is_there_from_the_start_and_goes_at_the_stop() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.tell(Command::Fixtures(fixtures(ALL)));
        wait(PATIENCE, "it is not there", || counts(&station) == (2, 2, 1));
        station.stop();
        assert_eq!(counts(&station), (0, 0, 0));
        assert!(station.has("198.18.0.1"));
    });
}

#[test]
fn a_reload_touches_only_what_differs() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.tell(Command::Fixtures(fixtures(ALL)));
        wait(PATIENCE, "it is not there", || counts(&station) == (2, 2, 1));
        let marked = rules(&station);
        let less = ALL.replace(" 198.18.1.2/24\n", "").replace(" 203.0.113.0/24 via 198.18.0.9\n", "");
        station.tell(Command::Fixtures(fixtures(&less)));
        wait(PATIENCE, "it is not gone", || counts(&station) == (1, 1, 1));
        assert_eq!(rules(&station), marked);
        assert!(station.has("198.18.1.1") && !station.has("198.18.1.2"));
        station.tell(Command::Fixtures(Fixtures::default()));
        wait(PATIENCE, "something stays", || counts(&station) == (0, 0, 0));
        assert_eq!(station.lines("put back"), 0);
    });
}

#[test]
fn what_something_removes_is_put_back() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.tell(Command::Fixtures(fixtures(ALL)));
        wait(PATIENCE, "it is not there", || counts(&station) == (2, 2, 1));
        station.node.remove_address("eth0", "198.18.1.1/24").unwrap();
        wait(PATIENCE, "it is not put back", || counts(&station) == (2, 2, 1));
        assert_eq!(station.lines("(static) 198.18.1.1/24 was removed by something else: put back"), 1);
        // The routes of IPv4 go with their link, and nothing tells of it.
        station.node.set_link("eth0", false).unwrap();
        wait(PATIENCE, "they stay", || counts(&station).1 == 0);
        station.node.set_link("eth0", true).unwrap();
        wait(PATIENCE, "they do not return", || counts(&station) == (2, 2, 1));
    });
}

#[test]
fn adverts_may_come_from_a_static_address() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        station.node.remove_address("eth0", "198.18.0.1/24").unwrap();
        station.apply(&[instance("a", 100)]);
        wait(PATIENCE, "it has a source", || station.instance("a").faults == ["no_source_address"]);
        station.tell(Command::Fixtures(fixtures("static_ipaddress {\n 198.18.1.1/24\n}\n")));
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(station.instance("a").source, Some([198, 18, 1, 1].into()));
    });
}

#[test]
fn a_static_address_that_is_not_to_be_tracked_is_let_go() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.tell(Command::Fixtures(fixtures("static_ipaddress {\n 198.18.1.1/24 no_track\n}\n")));
        wait(PATIENCE, "it is not there", || station.has("198.18.1.1"));
        station.node.remove_address("eth0", "198.18.1.1/24").unwrap();
        pause(Duration::from_millis(300));
        assert!(!station.has("198.18.1.1"));
        assert_eq!(station.lines("put back"), 0);
    });
}

#[test]
fn an_address_that_the_host_had_before_is_left_to_it() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.tell(Command::Fixtures(fixtures("static_ipaddress {\n 198.18.0.1/24\n}\n")));
        pause(Duration::from_millis(100));
        station.stop();
        assert!(station.has("198.18.0.1"));
    });
}

#[test]
fn the_instances_of_a_track_group_are_at_fault_while_something_of_it_cannot_be_had() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.node.link_to(&switch, "eth1", &["198.19.0.1/24"]).unwrap();
        let text =
            "track_group g {\n group { a }\n}\nstatic_routes {\n 203.0.113.0/24 dev eth1 track_group g\n}\n";
        station.tell(Command::Fixtures(fixtures(text)));
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        station.node.set_link("eth1", false).unwrap();
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(station.instance("a").faults, ["tracker"]);
        assert_eq!(
            station.lines("(static) route 203.0.113.0/24 dev eth1 was removed and cannot be put back"),
            1
        );
        station.node.set_link("eth1", true).unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        // Without the group nothing stands in the way any more.
        station.node.set_link("eth1", false).unwrap();
        station.wait_for(Phase::Fault, PATIENCE);
        station.tell(Command::Fixtures(Fixtures::default()));
        station.wait_for(Phase::Master, PATIENCE);
    });
}

#[test]
fn what_is_static_appears_with_its_interface() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let text =
            "static_ipaddress {\n 198.19.0.5/24 dev eth1\n}\nstatic_routes {\n 203.0.113.0/24 dev eth1\n}\n";
        station.tell(Command::Fixtures(fixtures(text)));
        wait(PATIENCE, "nothing is said", || station.lines("there is no interface eth1") == 2);
        station.node.link_to(&switch, "eth1", &["198.19.0.1/24"]).unwrap();
        wait(PATIENCE, "it is not added", || {
            let has = station.node.addresses("eth1").unwrap();
            has.iter().any(|cidr| cidr.address == core::net::Ipv4Addr::new(198, 19, 0, 5))
                && counts(&station).1 == 1
        });
    });
}

fn fixtures(text: &str) -> Fixtures {
    let text = format!(
        "vrrp_instance a {{\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {{ 198.18.0.100 }}\n}}\n{text}"
    );
    let loaded = config::load_text("x.conf".as_ref(), text.as_bytes(), &Options::default());
    assert_eq!(loaded.diagnostics.lines().collect::<Vec<_>>(), Vec::<String>::new());
    loaded.configuration.unwrap().fixtures
}

/// How many static addresses, routes and rules a host has.
fn counts(station: &Station) -> (usize, usize, usize) {
    let addresses = ["198.18.1.1", "198.18.1.2"].iter().filter(|address| station.has(address)).count();
    let routes = station.node.run(|| RouteTable::open().unwrap().routes(Family::V4, 254, 112).unwrap().len());
    (addresses, routes.unwrap(), rules(station).len())
}

/// The attributes of each rule of ours.
fn rules(station: &Station) -> Vec<Vec<RuleAttribute>> {
    let read = || RouteTable::open().unwrap().rules(Family::V4).unwrap();
    let all = station.node.run(read).unwrap().into_iter().map(|rule| rule.attributes);
    all.filter(|rule| format!("{rule:?}").contains("Protocol(Other(112))")).collect()
}

const ALL: &str = "static_ipaddress {\n 198.18.1.1/24\n 198.18.1.2/24\n}\nstatic_routes {\n \
                   198.51.100.0/24 dev eth0\n 203.0.113.0/24 via 198.18.0.9\n}\nstatic_rules {\n \
                   from 198.51.100.0/24 table 100 priority 1000\n}\n";
