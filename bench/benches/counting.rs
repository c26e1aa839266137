//! Counts instructions: the program runs itself under valgrind.

use core::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::cases::{self, Case};
use crate::valgrind;

/// Has the program do what is counted, and nothing else.
pub(crate) const COUNTED: &str = "--counted";

/// Instructions of each case, as many as one operation takes.
pub(crate) fn counts() -> Result<Vec<(Case, f64)>, String> {
    let place = env::temp_dir().join(format!("steadfast-instructions-{}", std::process::id()));
    fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    let counted = count_in(&place);
    // What is left behind is in the directory for temporary files.
    let _ = fs::remove_dir_all(&place);
    let totals = counted?;
    let cases: Vec<Case> = countable().collect();
    if totals.len() != cases.len() {
        return Err(format!("valgrind counted {} cases out of {}", totals.len(), cases.len()));
    }
    let per_operation = |(case, total): (Case, f64)| {
        let operations = case.counted * case.operations;
        #[expect(clippy::cast_precision_loss, reason = "a million at most")]
        let instructions = total / operations as f64;
        (case, instructions)
    };
    Ok(cases.into_iter().zip(totals).map(per_operation).collect())
}

fn count_in(place: &Path) -> Result<Vec<f64>, String> {
    let program = env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}/counts", place.display()))
        .arg("--instr-atstart=no")
        .arg(program)
        .arg(COUNTED)
        .args(env::args().skip(1))
        .output()
        .map_err(|error| {
            format!("valgrind counts instructions (Debian: apt-get install valgrind): {error}")
        })?;
    if !output.status.success() {
        return Err(format!("valgrind: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    // Each case makes a file with a number of its own.
    let read = |number: usize| {
        let text = fs::read_to_string(place.join(format!("counts.{number}"))).ok()?;
        text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
    };
    Ok((1..).map_while(read).collect())
}

/// What runs under valgrind.
pub(crate) fn count() {
    for case in countable() {
        let mut run = case.run();
        run(WARM_UP.min(case.counted));
        let turns = black_box(case.counted);
        valgrind::counted(|| run(turns));
    }
}

fn countable() -> impl Iterator<Item = Case> {
    cases::asked_for().filter(|case| case.counted > 0)
}

/// Turns before those that count.
const WARM_UP: u64 = 64;
