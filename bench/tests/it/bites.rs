//! The checker bites: each mistake put in on purpose is found within a few random groups.

use core::time::Duration;

use bench::simulation::{Property, Sabotage, campaign};

#[test]
fn every_mistake_put_in_on_purpose_is_found() {
    for (sabotage, expected) in [
        (Sabotage::ForgottenRearm, Property::NoFalseTakeover),
        (Sabotage::DeafToResignations, Property::TakesOverInTime),
        (Sabotage::LateTimers(Duration::from_millis(300)), Property::TakesOverInTime),
        (Sabotage::ReversedComparison, Property::OverlapEnds),
        (Sabotage::KeptAddresses, Property::AnswersOnlyActive),
        (Sabotage::LostAdverts, Property::Order),
        (Sabotage::RepeatedAdverts, Property::AdvertRate),
        (Sabotage::TimersFirst, Property::ListensFirst),
    ] {
        let found: Vec<Property> = (0..100)
            .filter_map(|seed| campaign::run(seed, Some(sabotage)).err())
            .map(|failure| failure.violation.property)
            .collect();
        assert!(found.contains(&expected), "{sabotage:?} showed as {found:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..5 {
        let run = || campaign::run(seed, Some(Sabotage::LateTimers(Duration::from_millis(300))));
        match (run(), run()) {
            (Ok(one), Ok(other)) => assert_eq!(one, other),
            (Err(one), Err(other)) => {
                assert_eq!(one.violation, other.violation);
                assert_eq!(one.journal, other.journal);
                assert!(one.to_string().contains(&format!("STEADFAST_SEED={seed}")));
            }
            (one, other) => panic!("{one:?} and then {other:?}"),
        }
    }
}
