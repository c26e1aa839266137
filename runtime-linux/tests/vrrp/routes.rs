//! Routes and rules that come and go with an instance.

use core::time::Duration;
use std::sync::Arc;

use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::rule::RuleAttribute;
use runtime_linux::config::model::Instance;
use runtime_linux::config::{self, Options};
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Observer, Switch};
use runtime_linux::netlink::route::table::{Removal, RouteTable};
use vrrp_core::Family;

use crate::station::{PATIENCE, Station, instance, pause, wait};

#[test]
fn routes_and_rules_are_there_while_an_instance_is_active() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut low, high) = (Station::new(&switch, "low", 1), Station::new(&switch, "high", 2));
        low.apply(&[routed(100)]);
        wait(PATIENCE, "it does not start", || low.instance("a").state == "BACKUP");
        assert_eq!((routes(&low), rules(&low)), (0, 0));
        low.wait_for(Phase::Master, PATIENCE);
        assert_eq!((routes(&low), rules(&low)), (3, 2));
        high.apply(&[routed(200)]);
        low.wait_for(Phase::Backup, PATIENCE);
        assert_eq!((routes(&low), rules(&low)), (0, 0));
        high.wait_for(Phase::Master, PATIENCE);
        assert_eq!((routes(&high), rules(&high)), (3, 2));
        // Nobody takes the removal for a loss.
        pause(Duration::from_millis(300));
        assert_eq!((routes(&low), low.lines("put back")), (0, 0));
    });
}

#[test]
fn a_clean_stop_takes_them_away() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[routed(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        station.stop();
        assert_eq!((routes(&station), rules(&station)), (0, 0));
    });
}

#[test]
fn what_something_removes_is_put_back_and_told_of_once() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[routed(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        for _ in 0..2 {
            remove_routes(&station);
            remove_rules(&station);
            wait(PATIENCE, "they are not put back", || (routes(&station), rules(&station)) == (3, 2));
        }
        assert_eq!(station.lines("was removed by something else: put back"), 5);
        assert_eq!(station.instance("a").routes.restored, 10);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
    });
}

#[test]
fn what_is_not_to_be_tracked_is_let_go() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let mut one = routed(100);
        one.routes.iter_mut().for_each(|route| route.tracked = false);
        station.apply(&[one]);
        station.wait_for(Phase::Master, PATIENCE);
        remove_routes(&station);
        pause(Duration::from_millis(300));
        assert_eq!((routes(&station), station.lines("put back")), (0, 0));
    });
}

#[test]
fn routes_that_the_kernel_drops_with_their_link_return_with_it() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.node.link_to(&switch, "eth1", &["198.19.0.1/24"]).unwrap();
        let mut one = with_lines("virtual_routes", "198.51.100.0/24 via 198.19.0.9\n203.0.113.0/24 dev eth1");
        one.track_interfaces.clear();
        station.apply(&[one]);
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(routes(&station), 2);
        station.node.set_link("eth1", false).unwrap();
        wait(PATIENCE, "nothing is said", || station.lines("cannot be put back") == 2);
        assert_eq!(routes(&station), 0);
        station.node.set_link("eth1", true).unwrap();
        wait(PATIENCE, "they do not return", || routes(&station) == 2);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
    });
}

#[test]
fn an_instance_is_at_fault_while_an_interface_of_its_routes_is_down() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        station.node.link_to(&switch, "eth1", &["198.19.0.1/24"]).unwrap();
        station.apply(&[with_lines("virtual_routes", "203.0.113.0/24 dev eth1")]);
        station.wait_for(Phase::Master, PATIENCE);
        station.node.set_link("eth1", false).unwrap();
        station.wait_for(Phase::Fault, PATIENCE);
        station.node.set_link("eth1", true).unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "it does not return", || routes(&station) == 1);
    });
}

#[test]
fn a_route_that_cannot_be_had_is_named_and_keeps_nobody_from_serving() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[with_lines(
            "virtual_routes",
            "198.51.100.0/24 via 203.0.113.9\n203.0.114.0/24 via 198.18.0.9",
        )]);
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(routes(&station), 1);
        assert_eq!(station.lines("(a) cannot add route 198.51.100.0/24 via 203.0.113.9: "), 1);
        assert_eq!(station.instance("a").routes.missing, ["route 198.51.100.0/24 via 203.0.113.9"]);
        assert_eq!(station.instance("a").routes.held, ["route 203.0.114.0/24 via 198.18.0.9"]);
        // As soon as there is a way, it is taken.
        station.node.add_address("eth0", "203.0.113.1/24").unwrap();
        wait(PATIENCE, "it is not added", || routes(&station) == 2);
        assert_eq!(station.lines("(a) added route 198.51.100.0/24 via 203.0.113.9 after all"), 1);
    });
}

#[test]
fn what_a_crash_left_is_removed_at_start_and_what_others_have_is_not() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut first = Station::new(&switch, "one", 1);
        first.apply(&[routed(100)]);
        first.wait_for(Phase::Master, PATIENCE);
        first.crash();
        assert_eq!((routes(&first), rules(&first)), (3, 2));
        first.node.route_via("203.0.114.0/24", [198, 18, 0, 9].into()).unwrap();
        let mut second = Station::on(first.node);
        second.apply(&[routed(100)]);
        wait(PATIENCE, "it does not start", || second.instance("a").state == "BACKUP");
        assert_eq!((routes(&second), rules(&second)), (0, 0));
        assert_eq!(second.lines("left behind"), 5);
        second.wait_for(Phase::Master, PATIENCE);
        assert_eq!((routes(&second), rules(&second)), (3, 2));
        second.stop();
        let others = second.node.run(|| RouteTable::open().unwrap().routes(Family::V4, 254, 4).unwrap());
        assert_eq!(others.unwrap().len(), 1, "the host's own route went");
    });
}

#[test]
fn a_reload_touches_only_the_routes_that_differ() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let before =
            with_lines("virtual_routes", "198.51.100.0/24 via 198.18.0.9\n203.0.113.0/24 via 198.18.0.9");
        station.apply(&[before]);
        station.wait_for(Phase::Master, PATIENCE);
        let kept = held(&station)[0].clone();
        let after =
            with_lines("virtual_routes", "198.51.100.0/24 via 198.18.0.9\n203.0.113.0/24 via 198.18.0.8");
        station.apply(&[after]);
        wait(PATIENCE, "it is not changed", || {
            held(&station).iter().any(|route| format!("{route:?}").contains("198.18.0.8"))
        });
        assert_eq!(routes(&station), 2);
        assert!(held(&station).contains(&kept));
        station.apply(&[instance("a", 100)]);
        wait(PATIENCE, "they stay", || routes(&station) == 0);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
        assert_eq!(station.lines("put back"), 0);
    });
}

#[test]
fn an_instance_whose_routes_change_again_and_again_misses_no_advert() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let observer = Observer::new(&switch).unwrap();
        station.apply(&[routed(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        for round in 0..10 {
            let lines: Vec<String> =
                (0..50).map(|net| format!("10.{round}.{net}.0/24 via 198.18.0.9")).collect();
            station.apply(&[with_lines("virtual_routes", &lines.join("\n"))]);
            pause(Duration::from_millis(100));
        }
        wait(PATIENCE, "they are not there", || routes(&station) == 50);
        let seen = observer.seen();
        let adverts = seen.iter().filter(|seen| seen.advert().is_some_and(|advert| advert.priority == 100));
        let times: Vec<Duration> = adverts.map(|seen| seen.at).collect();
        // Adverts are due 100 ms apart from the first on; a lost one makes one interval too few.
        let span = times[times.len() - 1].saturating_sub(times[0]);
        assert_eq!(times.len() as u128, (span.as_millis() + 50) / 100 + 1, "{times:?}");
        assert!(times.len() >= 10);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
        assert_eq!(station.lines("put back"), 0);
    });
}

/// An instance with three routes and two rules, of both families.
fn routed(priority: u8) -> Instance {
    let routes = with_lines(
        "virtual_routes",
        "198.51.100.0/24 via 198.18.0.9\n203.0.113.0/24 dev eth0 table 100\n2001:db8:5::/48 via fe80::9 dev eth0",
    );
    let rules = with_lines(
        "virtual_rules",
        "from 198.51.100.0/24 table 100 priority 1000\nto 2001:db8:5::/48 table 100 priority 1001",
    );
    Instance { routes: routes.routes, rules: rules.rules, ..instance("a", priority) }
}

/// The usual instance with what a block of the language says.
fn with_lines(block: &str, lines: &str) -> Instance {
    let text = format!(
        "vrrp_instance a {{\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {{ 198.18.0.100 }}\n {block} {{\n{lines}\n}}\n}}\n"
    );
    let loaded = config::load_text("x.conf".as_ref(), text.as_bytes(), &Options::default());
    let read = Arc::unwrap_or_clone(loaded.configuration.unwrap().instances.remove(0));
    Instance {
        routes: read.routes,
        rules: read.rules,
        track_interfaces: read.track_interfaces,
        ..instance("a", 100)
    }
}

/// How many routes of ours a host has.
fn routes(station: &Station) -> usize {
    held(station).len()
}

/// The routes of ours that a host has.
fn held(station: &Station) -> Vec<RouteMessage> {
    let read = || {
        let mut table = RouteTable::open().unwrap();
        let places = [(Family::V4, 254), (Family::V4, 100), (Family::V6, 254)];
        places.map(|(family, number)| table.routes(family, number, 112).unwrap()).concat()
    };
    station.node.run(read).unwrap()
}

/// How many rules of ours a host has.
fn rules(station: &Station) -> usize {
    let read = || {
        let mut table = RouteTable::open().unwrap();
        let all = [Family::V4, Family::V6].map(|family| table.rules(family).unwrap()).concat();
        all.iter().filter(|rule| is_ours(&rule.attributes)).count()
    };
    station.node.run(read).unwrap()
}

fn is_ours(attributes: &[RuleAttribute]) -> bool {
    attributes
        .iter()
        .any(|one| matches!(one, RuleAttribute::Protocol(protocol) if u8::from(*protocol) == 112))
}

/// What another program does.
fn remove_routes(station: &Station) {
    use netlink_packet_core::Emitable as _;
    for route in held(station) {
        let mut body = vec![0; route.buffer_len()];
        route.emit(&mut body);
        let removed =
            station.node.run(|| RouteTable::open().unwrap().remove(&Removal::of_route(body)).unwrap());
        assert!(removed.unwrap());
    }
}

/// What another program does.
fn remove_rules(station: &Station) {
    use netlink_packet_core::Emitable as _;
    let remove = || {
        let mut table = RouteTable::open().unwrap();
        let all = [Family::V4, Family::V6].map(|family| table.rules(family).unwrap()).concat();
        for rule in all.iter().filter(|rule| is_ours(&rule.attributes)) {
            let mut body = vec![0; rule.buffer_len()];
            rule.emit(&mut body);
            assert!(table.remove(&Removal::of_rule(body)).unwrap());
        }
    };
    station.node.run(remove).unwrap();
}
