//! Random groups and random networks under random trouble, for as long as one likes:
//!
//! ```text
//! cargo run --release -p bench --example campaign -- --minutes 6000 --seed 1
//! ```
//!
//! The minutes are virtual: the same command does the same, and a core does some hundred of them in a second. Ends
//! with 1 at the first violation, and says how to have it again.

use core::time::Duration;
use std::process::ExitCode;

use bench::simulation::{campaign, fleet};

fn main() -> ExitCode {
    let mut minutes = 60;
    let mut first = 0;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let number = arguments.next().and_then(|value| value.parse::<u64>().ok());
        match (name.as_str(), number) {
            ("--minutes", Some(number)) => minutes = number,
            ("--seed", Some(number)) => first = number,
            _ => {
                eprintln!("usage: campaign [--minutes N] [--seed S]");
                return ExitCode::from(2);
            }
        }
    }
    let enough = Duration::from_secs(minutes.saturating_mul(60));
    let (mut groups, mut networks) = (campaign::Tally::default(), fleet::Tally::default());
    let mut seed = first;
    while networks.time < enough {
        match campaign::run(seed, None) {
            Ok(tally) => groups += tally,
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
        match fleet::run(seed, None) {
            Ok(tally) => networks += tally,
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
        seed += 1;
    }
    println!("seeds {first} to {}", seed - 1);
    println!("groups on one link: {groups}");
    println!("networks of hosts:  {networks}");
    ExitCode::SUCCESS
}
