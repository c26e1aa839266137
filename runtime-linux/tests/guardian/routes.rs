//! Routes and rules of a worker that died.

use core::time::Duration;

use runtime_linux::clock;
use runtime_linux::lab;
use runtime_linux::netlink::route::table::RouteTable;
use vrrp_core::Family;

use crate::pair::{ADDRESS, PATIENCE, Pair, configuration, pause, wait};

#[test]
fn where_nobody_goes_on_they_go_with_the_address() {
    lab::test(|| {
        let pair = Pair::of(&routed(ROUTES), &configuration(100, "0.1", ADDRESS), &["-R"]);
        wait(PATIENCE, || pair.logs(), || held(&pair) == (2, 1));
        pair.kill_worker(None);
        pair.daemon.wait(PATIENCE).expect("it ends");
        assert_eq!(held(&pair), (0, 0), "{}", pair.logs());
        assert!(!pair.has_address());
    });
}

#[test]
fn where_another_worker_goes_on_they_stay_all_the_time() {
    lab::test(|| {
        let pair = Pair::of(&routed(ROUTES), &configuration(100, "0.1", ADDRESS), &[]);
        wait(PATIENCE, || pair.logs(), || held(&pair) == (2, 1));
        let (dead, _) = pair.kill_worker(None);
        let end = clock::now() + Duration::from_millis(500);
        while clock::now() < end {
            assert_eq!(held(&pair), (2, 1), "{}", pair.logs());
            pause(Duration::from_millis(2));
        }
        pair.worker(Some(dead));
        assert!(pair.daemon.log().iter().all(|line| !line.text.contains("put back")), "{}", pair.logs());
    });
}

#[test]
fn those_that_the_configuration_has_no_more_go_when_another_worker_starts() {
    lab::test(|| {
        let pair = Pair::of(&routed(ROUTES), &configuration(100, "0.1", ADDRESS), &[]);
        wait(PATIENCE, || pair.logs(), || held(&pair) == (2, 1));
        pair.write(&routed("virtual_routes {\n 198.51.100.0/24 via 198.18.0.9\n }\n"));
        let (_, killed) = pair.kill_worker(None);
        wait(PATIENCE, || pair.logs(), || held(&pair) == (1, 0));
        pair.heard("high", false, killed);
        assert_eq!(pair.adverts("low", killed), [], "{}", pair.logs());
    });
}

/// The configuration of `high` with more in its instance.
fn routed(lines: &str) -> String {
    let text = configuration(200, "0.1", ADDRESS);
    text.replace(" state BACKUP\n", &format!(" state BACKUP\n {lines}"))
}

/// How many routes and rules of ours `high` has.
fn held(pair: &Pair) -> (usize, usize) {
    let read = || {
        let mut table = RouteTable::open().unwrap();
        let routes = [254, 100].map(|number| table.routes(Family::V4, number, 112).unwrap().len());
        let rules = table.rules(Family::V4).unwrap();
        let ours = rules.iter().filter(|rule| format!("{rule:?}").contains("Protocol(Other(112))")).count();
        (routes.iter().sum(), ours)
    };
    pair.high.run(read).unwrap()
}

const ROUTES: &str = "virtual_routes {\n 198.51.100.0/24 via 198.18.0.9\n 203.0.113.0/24 dev eth0 table 100\n }\n \
                      virtual_rules {\n from 198.51.100.0/24 table 100 priority 1000\n }\n";
