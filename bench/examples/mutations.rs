//! The mistakes in the rules that the explorer finds, and by which property:
//!
//! ```text
//! cargo run --release -p bench --example mutations
//! ```
//!
//! Ends with 1 if one is not found.

use std::process::ExitCode;

use bench::proof::mistakes;

fn main() -> ExitCode {
    let all = mistakes::all();
    let mut survivors = 0;
    for mistake in &all {
        match mistake.search() {
            Ok(tally) => {
                survivors += 1;
                println!("{:?} SURVIVED {} states", mistake.mutation, tally.states);
            }
            Err(found) => {
                println!("{:?} broke {:?}", mistake.mutation, found.violation.property);
                let deeds = found.deeds.iter().filter(|deed| !deed.is_empty());
                deeds.for_each(|deed| println!("    {deed}"));
                println!("    {}", found.violation);
            }
        }
    }
    println!("{} mistakes, {survivors} not found", all.len());
    if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
