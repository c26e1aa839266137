//! Every run of two and three routers in which few things go wrong.

use core::time::Duration;

use bench::simulation::explore::{Limits, explore};
use bench::simulation::{Property, Sabotage, Station};
use vrrp_core::Version;

use crate::group::{interval, station, with};

#[test]
fn no_run_of_two_routers_with_three_faults_breaks_a_property() {
    let mut runs = 0;
    for (high, low) in [(254, 1), (100, 99), (100, 100), (255, 100)] {
        runs += all(&[quick(1, high), quick(2, low)], Limits { points: 11, faults: 3 });
    }
    println!("{runs} runs");
    assert!(runs > 50_000);
}

#[test]
fn no_run_of_three_routers_with_two_faults_breaks_a_property() {
    let mut runs = 0;
    for [a, b, c] in [[254, 100, 1], [100, 100, 100], [255, 254, 99]] {
        let group = [quick(1, a), quick(2, b), quick(3, c)];
        runs += all(&group, Limits { points: 24, faults: 2 });
    }
    println!("{runs} runs");
    assert!(runs > 10_000);
}

#[test]
fn nor_do_unequal_intervals_version_2_or_routers_that_do_not_preempt() {
    let slow = with(quick(2, 100), |wish| wish.advert_interval = interval(3));
    let shy = |host, priority| with(quick(host, priority), |wish| wish.preempt = false);
    let old = |host, priority| with(station(host, priority), |wish| wish.version = Version::V2);
    let limits = Limits { points: 16, faults: 2 };
    all(&[quick(1, 200), slow.clone()], limits);
    all(&[quick(1, 50), slow], limits);
    all(&[shy(1, 200), shy(2, 100)], limits);
    all(&[old(1, 200), old(2, 100)], limits);
}

#[test]
fn a_mistake_put_in_on_purpose_is_found_with_the_fewest_faults_that_show_it() {
    let group = [quick(1, 200), quick(2, 100)];
    let limits = Limits { points: 12, faults: 1 };
    let way = Duration::from_millis(2);
    for (sabotage, expected) in [
        (Sabotage::ForgottenRearm, Property::NoFalseTakeover),
        (Sabotage::KeptAddresses, Property::AnswersOnlyActive),
        (Sabotage::LostAdverts, Property::Order),
        (Sabotage::TimersFirst, Property::ListensFirst),
    ] {
        let found = explore(&group, way, limits, Some(sabotage)).expect_err("a mistake shows");
        assert_eq!(found.violation.property, expected, "{sabotage:?}");
        let faults = found.choices.iter().filter(|choice| **choice != 0).count();
        assert!(faults <= 1, "{sabotage:?} needed {:?}", found.choices);
    }
}

/// Two centiseconds, timers that fire on time: what the least interval does not forgive shows.
fn quick(host: u8, priority: u8) -> Station {
    let station = with(station(host, priority), |wish| wish.advert_interval = interval(2));
    Station { lateness: Duration::ZERO, ..station }
}

fn all(stations: &[Station], limits: Limits) -> u64 {
    let shortest = stations.iter().map(|station| station.wish.advert_interval.duration()).min();
    let way = shortest.unwrap_or_default() / 10;
    explore(stations, way, limits, None).unwrap_or_else(|counterexample| panic!("{counterexample}"))
}
