//! Every state of two or three routers, as far as so many faults lead:
//!
//! ```text
//! cargo run --release -p bench --example explore -- --faults 3 254:1 100:1
//! cargo run --release -p bench --example explore -- --faults 2 --reload 1,3 254:1 100:1 1:1
//! ```
//!
//! A router is its priority and its interval in centiseconds; `--reload` are the intervals that a reload may give to
//! one. States, depth and time are printed; the way to a state in which something is wrong ends it with 1. Three faults
//! between two routers are about a million states, two among three about as many; each more is some thirty times that.

use std::process::ExitCode;
use std::time::Instant;

use bench::proof::groups::quick;
use bench::simulation::Station;
use bench::simulation::exhaust::{Scope, exhaust};

fn main() -> ExitCode {
    let Some(scope) = scope(std::env::args().skip(1)) else {
        eprintln!("usage: explore [--faults N] [--reload CS,CS] PRIORITY:CS PRIORITY:CS [PRIORITY:CS]");
        return ExitCode::from(2);
    };
    let began = clock();
    match exhaust(&scope) {
        Ok(tally) => {
            println!("{tally:#?}");
            println!("{} faults, {:.1?}", scope.faults, began.elapsed());
            ExitCode::SUCCESS
        }
        Err(counterexample) => {
            println!("{counterexample}");
            ExitCode::FAILURE
        }
    }
}

fn scope(mut arguments: impl Iterator<Item = String>) -> Option<Scope> {
    let mut scope = Scope {
        stations: Vec::new(),
        faults: 2,
        priorities: vec![1, 254],
        intervals: Vec::new(),
        twins: false,
        sabotage: None,
        replicas: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--faults" => scope.faults = arguments.next()?.parse().ok()?,
            "--reload" => {
                let intervals = arguments.next()?;
                scope.intervals = intervals.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
            }
            router => {
                let host = u8::try_from(scope.stations.len() + 1).ok()?;
                scope.stations.push(station(host, router)?);
            }
        }
    }
    (2..=3).contains(&scope.stations.len()).then_some(scope)
}

fn station(host: u8, said: &str) -> Option<Station> {
    let (priority, interval) = said.split_once(':')?;
    let (priority, interval) = (priority.parse().ok()?, interval.parse().ok()?);
    (priority > 0 && (1..=4_095).contains(&interval)).then(|| quick(host, priority, interval))
}

#[expect(clippy::disallowed_methods, reason = "how long the search took is told, and decides nothing")]
fn clock() -> Instant {
    Instant::now()
}
