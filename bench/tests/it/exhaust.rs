//! Every state that two and three routers can come to with few faults.

use core::time::Duration;
use std::rc::Rc;
use std::time::Instant;

use bench::simulation::exhaust::{Scope, Tally, exhaust};
use bench::simulation::{Station, Wish};
use vrrp_core::{Version, announce, virtual_mac};

use crate::group::{address, interval, station, with};

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
    let twin = quick(7, 100, 1);
    let mac = Some(virtual_mac(twin.wish.family, twin.wish.vrid));
    let twin = Station { mac, ..twin };
    let scope = Scope { twins: true, ..scope(vec![twin.clone(), twin], if is_full() { 2 } else { 1 }) };
    let tally = exhaust(&scope).unwrap_or_else(|counterexample| panic!("{counterexample}"));
    println!("{tally:?}");
    assert!(tally.rest.undecided > 0);
}

/// Timers that fire on time, and one announcement: no states that differ only in what is still to be announced.
pub(crate) fn quick(host: u8, priority: u8, centiseconds: u16) -> Station {
    let station = with(station(host, priority), |wish| {
        *wish = Wish {
            advert_interval: interval(centiseconds),
            announce: announce::Settings {
                repeat: 1,
                lower_priority_repeat: 1,
                delay: Duration::ZERO,
                ..announce::Settings::default()
            },
            addresses: Rc::from([address(100)]),
            ..wish.clone()
        };
    });
    Station { lateness: Duration::ZERO, ..station }
}

pub(crate) fn scope(stations: Vec<Station>, faults: usize) -> Scope {
    Scope { stations, faults, priorities: vec![1, 254], twins: false, sabotage: None, replicas: Vec::new() }
}

fn old(station: Station) -> Station {
    with(station, |wish| wish.version = Version::V2)
}

pub(crate) fn shy(station: Station) -> Station {
    with(station, |wish| wish.preempt = false)
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
