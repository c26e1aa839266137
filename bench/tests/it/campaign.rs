//! Thousands of random groups, disturbed at random.

use core::time::Duration;

use bench::simulation::campaign::{self, Tally};

#[test]
fn ten_thousand_minutes_of_trouble_break_no_property() {
    // Σ1 to Σ5, Λ1 to Λ7
    if let Ok(seed) = std::env::var("STEADFAST_SEED") {
        let seed = seed.parse().expect("a number");
        match campaign::run(seed, None) {
            Ok(tally) => println!("seed {seed}: nothing wrong in {:?}", tally.time),
            Err(failure) => panic!("{failure}"),
        }
        return;
    }
    let mut total = Tally::default();
    let mut groups = 0;
    for seed in 0.. {
        match campaign::run(seed, None) {
            Ok(tally) => {
                total.time += tally.time;
                total.brisk += tally.brisk;
                total.routers += tally.routers;
                total.disturbances += tally.disturbances;
            }
            Err(failure) => panic!("{failure}"),
        }
        groups += 1;
        if total.brisk >= MINUTE * 10_000 {
            break;
        }
    }
    println!(
        "{groups} groups, {} routers, {} disturbances, {} minutes, {} of them with intervals up to a second",
        total.routers,
        total.disturbances,
        total.time.as_secs() / 60,
        total.brisk.as_secs() / 60,
    );
}

const MINUTE: Duration = Duration::from_secs(60);
