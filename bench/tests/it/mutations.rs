//! The explorer bites: each mistake in the rules breaks a property in a state that few faults lead to, and the
//! rules without a mistake are those of the core, step for step.

use core::time::Duration;

use bench::proof::groups::{quick, shy, twins};
use bench::proof::mistakes;
use bench::simulation::exhaust::{Scope, exhaust};
use bench::simulation::{Mutation, Property, Sabotage};

use crate::exhaust::scope;

#[test]
fn every_mistake_in_the_rules_breaks_a_property() {
    let mut survivors = Vec::new();
    let all = mistakes::all();
    for mistake in &all {
        let mutation = mistake.mutation;
        match mistake.search() {
            Ok(tally) => survivors.push(format!("{mutation:?} survived {} states", tally.states)),
            Err(found) => {
                let deeds: Vec<_> = found.deeds.iter().filter(|deed| !deed.is_empty()).collect();
                println!("{mutation:?} -> {} {deeds:?}", found.violation);
                if found.violation.property != mistake.breaks {
                    survivors.push(format!(
                        "{mutation:?} broke {:?}: {}",
                        found.violation.property, found.violation
                    ));
                }
            }
        }
    }
    assert_eq!(survivors, Vec::<String>::new());
    println!("{} mistakes", all.len());
}

#[test]
fn every_mistake_around_the_rules_breaks_a_property() {
    for (sabotage, expected) in [
        (Sabotage::ForgottenRearm, Property::TakesOverInTime),
        (Sabotage::DeafToResignations, Property::TakesOverInTime),
        (Sabotage::LateTimers(Duration::from_millis(1)), Property::TakesOverInTime),
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
        let replicas = vec![Mutation::Nothing; 2];
        let scope = Scope { replicas, twins, intervals: vec![1, 2], ..scope(stations, faults) };
        let tally = exhaust(&scope).unwrap_or_else(|counterexample| panic!("{counterexample}"));
        assert!(tally.states > 5_000, "{tally:?}");
    }
}
