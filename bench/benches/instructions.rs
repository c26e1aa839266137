//! How many instructions the cores take, and how they compare within one run.
//!
//! Instructions are counted by valgrind in a copy of this program: they repeat exactly on any machine of this
//! architecture, however busy it is. The program ends with an error when a count is above its limit. Ratios of times
//! come from interleaved rounds; they and nanoseconds are printed and decide nothing.
//!
//! `--counts` leaves the times out, `--write` writes the tables into `bench/RESULTS.md`.

use std::env;
use std::process::ExitCode;

mod allocation;
mod cases;
mod counting;
mod report;
mod sizes;
mod stopwatch;
mod targets;
mod times;
mod valgrind;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_asked = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if is_asked(counting::COUNTED) {
        counting::count();
        return ExitCode::SUCCESS;
    }
    let mut report = report::Report::default();
    match counting::counts() {
        Ok(counts) => {
            let times = (!is_asked("--counts")).then(times::of_cases);
            report.counts(&counts, times.as_deref());
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    report.sizes(&sizes::all());
    if !is_asked("--counts") {
        report.ratios(&times::ratios());
    }
    print!("{report}");
    if is_asked("--write")
        && let Err(error) = report.write()
    {
        eprintln!("bench/RESULTS.md: {error}");
        return ExitCode::FAILURE;
    }
    if report.is_within_limits() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
