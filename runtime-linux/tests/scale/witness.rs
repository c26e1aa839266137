//! Whether the machine itself stood still: what a virtual machine is not given cannot be held against a daemon.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use runtime_linux::clock;

use crate::bed::pause;

/// A thread on each processor, above everything else there, that only looks at the clock.
pub(crate) struct Witness {
    end: Arc<AtomicBool>,
    longest: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Witness {
    pub(crate) fn new() -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let longest = Arc::new(AtomicU64::new(0));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..processors)
            .map(|processor| {
                let (end, longest) = (end.clone(), longest.clone());
                std::thread::spawn(move || watch(processor, &end, &longest))
            })
            .collect();
        Self { end, longest, threads }
    }

    /// The longest that a processor stood still.
    pub(crate) fn finish(self) -> Duration {
        self.end.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        Duration::from_nanos(self.longest.load(Ordering::Relaxed))
    }
}

fn watch(processor: usize, end: &AtomicBool, longest: &AtomicU64) {
    let mut set = CpuSet::new();
    set.set(processor).unwrap();
    sched_setaffinity(Pid::from_raw(0), &set).unwrap();
    raise(HIGHEST);
    let mut before = clock::now();
    while !end.load(Ordering::Relaxed) {
        pause(PERIOD);
        let now = clock::now();
        let still = now.saturating_sub(before).saturating_sub(PERIOD);
        longest.fetch_max(u64::try_from(still.as_nanos()).unwrap(), Ordering::Relaxed);
        before = now;
    }
}

/// Lets the calling thread run in real time.
pub(crate) fn raise(priority: i32) {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: the parameters live for the call, and 0 is this thread.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) };
    assert_eq!(result, 0, "no real-time scheduling: {}", std::io::Error::last_os_error());
}

const PERIOD: Duration = Duration::from_millis(1);
const HIGHEST: i32 = 99;
