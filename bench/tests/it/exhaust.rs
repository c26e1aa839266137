//! Every state that two and three routers can come to with few faults.

use std::time::Instant;

use bench::proof::groups::{old, quick, shy, twins};
use bench::simulation::Station;
use bench::simulation::exhaust::{Scope, Tally, exhaust};

#[test]
fn every_state_of_two_routers_keeps_every_property() {
    let faults = if is_full() { 3 } else { 2 };
    for (one, other) in [
        (quick(1, 254, 1), quick(2, 1, 1)),
        (quick(1, 100, 1), quick(2, 99, 1)),
        (quick(1, 100, 2), quick(2, 100, 2)),
        (quick(1, 255, 1), quick(2, 254, 1)),
        (quick(1, 255, 1), quick(2, 255, 1)),
        (quick(1, 254, 3), quick(2, 100, 1)),
        (quick(1, 100, 2), quick(2, 254, 3)),
        (shy(quick(1, 254, 1)), shy(quick(2, 100, 1))),
        (old(quick(1, 200, 100)), old(quick(2, 100, 100))),
    ] {
        let tally = all(vec![one, other], faults);
        assert!(tally.rest.one_way > 0, "F2 is a case that VRRP leaves open");
        assert_eq!(tally.rest.undecided, 0);
    }
}

#[test]
fn every_state_of_two_routers_that_are_reloaded_keeps_every_property() {
    // F8, F31
    for (stations, intervals) in [
        (vec![quick(1, 254, 1), quick(2, 100, 1)], vec![1, 3]),
        (vec![quick(1, 100, 2), quick(2, 100, 2)], vec![1, 2]),
        (vec![quick(1, 255, 1), quick(2, 255, 1)], vec![1, 2]),
    ] {
        let began = clock();
        let scope = Scope { intervals, ..scope(stations, if is_full() { 3 } else { 2 }) };
        let tally = exhaust(&scope).unwrap_or_else(|counterexample| panic!("{counterexample}"));
        println!("reloaded to {:?}, {:.1?}: {tally:?}", scope.intervals, began.elapsed());
        assert_eq!(tally.rest.undecided, 0);
    }
}

#[test]
fn every_state_of_three_routers_keeps_every_property() {
    for (group, faults) in [
        ([quick(1, 254, 1), quick(2, 100, 1), quick(3, 1, 1)], 2),
        ([quick(1, 100, 1), quick(2, 100, 1), quick(3, 99, 1)], 1),
        ([quick(1, 255, 1), quick(2, 254, 2), quick(3, 100, 3)], 1),
    ] {
        let faults = if is_full() { 2 } else { faults };
        let tally = all(group.to_vec(), faults);
        assert!(tally.rest.one_way > 0, "F2 is a case that VRRP leaves open");
        assert_eq!(tally.rest.undecided, 0);
    }
}

#[test]
fn twins_behind_the_virtual_mac_stay_both_active_and_keep_every_other_property() {
    // E3, F14: nothing on the wire tells them apart.
    let scope = Scope { twins: true, ..scope(twins(), if is_full() { 2 } else { 1 }) };
    let tally = exhaust(&scope).unwrap_or_else(|counterexample| panic!("{counterexample}"));
    println!("{tally:?}");
    assert!(tally.rest.undecided > 0);
}

pub(crate) fn scope(stations: Vec<Station>, faults: usize) -> Scope {
    Scope {
        stations,
        faults,
        priorities: vec![1, 254],
        intervals: Vec::new(),
        twins: false,
        sabotage: None,
        replicas: Vec::new(),
    }
}

fn all(stations: Vec<Station>, faults: usize) -> Tally {
    let names: Vec<_> = stations
        .iter()
        .map(|station| (station.wish.priority.get(), station.wish.advert_interval.centiseconds()))
        .collect();
    let began = clock();
    let tally = exhaust(&scope(stations, faults)).unwrap_or_else(|counterexample| panic!("{counterexample}"));
    println!("{names:?}, {faults} faults, {:.1?}: {tally:?}", began.elapsed());
    tally
}

#[expect(clippy::disallowed_methods, reason = "how long the search took is told, and decides nothing")]
fn clock() -> Instant {
    Instant::now()
}

/// A longer search, for when nobody waits: some minutes.
fn is_full() -> bool {
    std::env::var("STEADFAST_EXPLORE").is_ok_and(|bound| bound == "full")
}
