//! What a daemon has used, all its processes and threads together.

use core::time::Duration;
use std::fs;

use runtime_linux::lab::Process;

/// Processor time.
pub(crate) fn processor_time(daemon: &Process) -> Duration {
    let threads = family(daemon).into_iter().flat_map(|pid| {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        tasks.filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        })
    });
    Duration::from_nanos(threads.sum())
}

/// Resident and proportional memory, in MB.
pub(crate) fn memory(daemon: &Process) -> (f64, f64) {
    family(daemon).into_iter().fold((0.0, 0.0), |(resident, proportional), pid| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let field = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or(0.0)
        };
        (resident + field("Rss:") / 1024.0, proportional + field("Pss:") / 1024.0)
    })
}

fn family(daemon: &Process) -> Vec<i32> {
    let mut family = vec![daemon.id()];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        next += 1;
        let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
        }
    }
    family
}
