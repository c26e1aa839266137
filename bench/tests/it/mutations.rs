//! The explorer bites: each mistake in the rules breaks a property in a state that few faults lead to, and the
//! rules without a mistake are those of the core, step for step.

use core::net::IpAddr;
use core::time::Duration;

use bench::simulation::exhaust::{Scope, exhaust};
use bench::simulation::{Mutation, Property, Sabotage, Station};
use vrrp_core::virtual_mac;

use crate::exhaust::{quick, scope, shy};

#[test]
fn every_mistake_in_the_rules_breaks_a_property() {
    let mut survivors = Vec::new();
    for (mutation, stations, expected) in mistakes() {
        // Two that compare the same wrong way agree, and a slow one that does not learn is late before a quick
        // one is early: these meet a router that makes no mistake.
        let alone = matches!(mutation, Mutation::LittleEndian | Mutation::IntervalNotLearned);
        let mutants = if alone { 1 } else { stations.len() };
        let twins = mutation == Mutation::AnswersItsEqual;
        let scope = Scope { replicas: vec![mutation; mutants], twins, ..scope(stations, 2) };
        match exhaust(&scope) {
            Ok(tally) => survivors.push(format!("{mutation:?} survived {} states", tally.states)),
            Err(found) => {
                let deeds: Vec<_> = found.deeds.iter().filter(|deed| !deed.is_empty()).collect();
                println!("{mutation:?} -> {} {deeds:?}", found.violation);
                if found.violation.property != expected {
                    survivors.push(format!("{mutation:?} broke {:?}", found.violation.property));
                }
            }
        }
    }
    assert_eq!(survivors, Vec::<String>::new());
}

#[test]
fn every_mistake_around_the_rules_breaks_a_property() {
    for (sabotage, expected) in [
        (Sabotage::ForgottenRearm, Property::NoFalseTakeover),
        (Sabotage::DeafToResignations, Property::TakesOverInTime),
        (Sabotage::LateTimers(Duration::from_millis(1)), Property::AdvertRate),
        (Sabotage::ReversedComparison, Property::OneActive),
        (Sabotage::KeptAddresses, Property::AnswersOnlyActive),
        (Sabotage::LostAdverts, Property::Order),
        (Sabotage::RepeatedAdverts, Property::AdvertRate),
        (Sabotage::TimersFirst, Property::ListensFirst),
    ] {
        let scope = Scope { sabotage: Some(sabotage), ..scope(vec![quick(1, 100, 1), quick(2, 100, 1)], 2) };
        let found = exhaust(&scope).expect_err("a mistake shows");
        println!("{sabotage:?} -> {}", found.violation);
        assert_eq!(found.violation.property, expected, "{sabotage:?}: {found}");
    }
}

#[test]
fn the_rules_without_a_mistake_are_those_of_the_core() {
    for stations in [
        vec![quick(1, 254, 3), quick(2, 100, 1)],
        vec![quick(1, 100, 1), quick(2, 100, 1)],
        vec![quick(1, 255, 1), quick(2, 255, 1)],
        vec![shy(quick(1, 254, 1)), shy(quick(2, 99, 1))],
        twins(),
    ] {
        let twins = stations[0].source == stations[1].source;
        let faults = if twins { 1 } else { 2 };
        let scope = Scope { replicas: vec![Mutation::Nothing; 2], twins, ..scope(stations, faults) };
        let tally = exhaust(&scope).unwrap_or_else(|counterexample| panic!("{counterexample}"));
        assert!(tally.states > 5_000, "{tally:?}");
    }
}

/// Each mistake, a group in which it matters, and the property that it breaks.
fn mistakes() -> Vec<(Mutation, Vec<Station>, Property)> {
    use Mutation as M;
    use Property as P;
    let pair = |one, other| vec![quick(1, one, 1), quick(2, other, 1)];
    let slow = || vec![quick(1, 200, 3), quick(2, 100, 1)];
    let shy_pair = || vec![shy(quick(1, 200, 1)), shy(quick(2, 100, 1))];
    let crossed = || vec![at(quick(1, 100, 1), [10, 0, 1, 2]), at(quick(2, 100, 1), [10, 0, 2, 1])];
    vec![
        (M::SkewTruncated, pair(100, 99), P::NoFalseTakeover),
        (M::SkewZero, pair(100, 99), P::NoFalseTakeover),
        (M::SkewNotRecomputed, slow(), P::NoFalseTakeover),
        (M::SkewNotShifted, pair(100, 99), P::NoFalseTakeover),
        (M::RoundedDown, pair(254, 1), P::NoFalseTakeover),
        (M::EqualIsLesser, pair(100, 100), P::NoFalseTakeover),
        (M::IntervalNotLearned, vec![quick(1, 100, 1), quick(2, 200, 3)], P::NoFalseTakeover),
        (M::IntervalNotLearnedOnYielding, slow(), P::NoFalseTakeover),
        (M::PreemptsAlways, shy_pair(), P::NoFalseTakeover),
        (M::PreemptModeInActive, shy_pair(), P::OverlapEnds),
        (M::ResignationNotHeard, pair(100, 99), P::TakesOverInTime),
        (M::ResignationNotSent, pair(100, 99), P::TakesOverInTime),
        (M::ZeroIntervalAccepted, pair(100, 99), P::RejectedChangesNothing),
        (M::RejectedTouchesTimer, pair(100, 99), P::RejectedChangesNothing),
        (M::OwnerIgnoresAll, pair(255, 255), P::OverlapEnds),
        (M::EqualYields, pair(100, 100), P::OneActive),
        (M::EqualIgnored, pair(100, 100), P::OverlapEnds),
        (M::LittleEndian, crossed(), P::OverlapEnds),
        (M::NoAnswer, slow(), P::OverlapEnds),
        (M::UnguardedAnswer, pair(100, 99), P::AdvertRate),
        (M::AnswersItsEqual, twins(), P::AdvertRate),
        (M::AnswerRearms, pair(100, 99), P::AdvertRate),
        (M::ResignationDoesNotRearm, pair(100, 99), P::AdvertRate),
        (M::RearmedFromNow, pair(100, 99), P::AdvertRate),
        (M::LearnedIntervalAdvertised, slow(), P::AdvertRate),
        (M::EarlyTickActs, pair(100, 99), P::NoFalseTakeover),
        (M::AddressesKept, pair(100, 99), P::AnswersOnlyActive),
    ]
}

/// Same priority, same address, and the virtual MAC.
fn twins() -> Vec<Station> {
    let twin = quick(7, 100, 1);
    let mac = Some(virtual_mac(twin.wish.family, twin.wish.vrid));
    let twin = Station { mac, ..twin };
    vec![twin.clone(), twin]
}

fn at(station: Station, source: [u8; 4]) -> Station {
    Station { source: IpAddr::from(source), ..station }
}
