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
    for seed in 0.. {
        match campaign::run(seed, None) {
            Ok(tally) => total += tally,
            Err(failure) => panic!("{failure}"),
        }
        if total.brisk >= MINUTE * 10_000 {
            break;
        }
    }
    println!("{total}");
}

const MINUTE: Duration = Duration::from_secs(60);
