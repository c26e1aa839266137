//! Random networks of up to 16 hosts, disturbed at random.

use core::time::Duration;

use bench::simulation::Property;
use bench::simulation::fleet::{self, Tally};
use bench::simulation::site::Mistake;

#[test]
fn hours_of_trouble_in_networks_of_2_to_16_hosts_break_no_property() {
    if let Ok(seed) = std::env::var("STEADFAST_SEED") {
        let seed = seed.parse().expect("a number");
        match fleet::run(seed, None) {
            Ok(tally) => println!("seed {seed}: nothing wrong in {:?}", tally.time),
            Err(failure) => panic!("{failure}"),
        }
        return;
    }
    let mut total = Tally::default();
    for seed in 0.. {
        match fleet::run(seed, None) {
            Ok(tally) => total += tally,
            Err(failure) => panic!("{failure}"),
        }
        if total.time >= Duration::from_secs(60 * 600) {
            println!("{total}");
            break;
        }
    }
}

#[test]
fn every_mistake_around_the_hosts_is_found() {
    for (mistake, expected) in [
        (Mistake::KeptAddresses, Property::AnswersOnlyActive),
        (Mistake::LostAdverts, Property::OneActive),
        (Mistake::RepeatedAdverts, Property::AdvertRate),
        (Mistake::GroupsForgotten, Property::GroupsMoveTogether),
        (Mistake::WeightsForgotten, Property::OneActive),
        (Mistake::FaultsForgotten, Property::OneActive),
    ] {
        let found: Vec<Property> = (0..40)
            .filter_map(|seed| fleet::run(seed, Some(mistake)).err())
            .map(|failure| failure.violation.property)
            .collect();
        assert!(found.contains(&expected), "{mistake:?} showed as {found:?}");
    }
}
