//! How the VRRP thread gets a processor when it needs one.
//!
//! It works for microseconds at a time, and addresses move when it is late. So unless the configuration says otherwise
//! it asks for real-time scheduling with the lowest priority there is (`SCHED_RR` 1): before every ordinary thread,
//! behind everything that was given a real-time priority on purpose. Where that is not permitted it remains an ordinary
//! thread with the shortest slice, which the kernel lets run soonest after waking (Linux 6.12; nothing before).
//!
//! A real-time thread that never waits would take a processor away from all others. keepalived has the kernel kill
//! such a process (`RLIMIT_RTTIME`, 10 ms), and a takeover of many routers is long enough for it. Here the limit is a
//! soft one: the kernel sends SIGXCPU, and the control thread makes the VRRP thread an ordinary one for a second.

use core::sync::atomic::{AtomicI32, Ordering};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Pid, gettid};

use super::Level;
use super::worker::Worker;
use crate::config::model::Schedule;
use crate::sys;

/// The real-time priority of the thread as others may change it.
#[derive(Clone, Debug, Default)]
pub struct Urgency(pub(super) Arc<Shares>);

#[derive(Debug, Default)]
pub(super) struct Shares {
    thread: AtomicI32,
    /// Its `SCHED_RR` priority; 0: it is an ordinary thread.
    pub(super) priority: AtomicI32,
}

impl Urgency {
    /// Makes the thread an ordinary one, although it was one in real time. False: it was none.
    pub fn relax(&self) -> bool {
        let thread = Pid::from_raw(self.0.thread.load(Ordering::Relaxed));
        self.0.priority.load(Ordering::Relaxed) > 0 && sys::schedule_ordinary(thread).is_ok()
    }

    /// Makes it one in real time again, with as much time as before.
    pub fn resume(&self, schedule: &Schedule) {
        let thread = Pid::from_raw(self.0.thread.load(Ordering::Relaxed));
        if let Ok(priority @ 1..) = u8::try_from(self.0.priority.load(Ordering::Relaxed)) {
            // The kernel moves the limit on each time that it is reached.
            let _ = limit(schedule);
            let _ = sys::schedule_real_time(thread, priority);
        }
    }
}

impl Worker {
    /// Takes the place among the threads of the machine that the configuration gives it.
    pub(super) fn take_place(&mut self, schedule: &Schedule) {
        let me = gettid();
        self.urgency.0.thread.store(me.as_raw(), Ordering::Relaxed);
        let mut failed = |what: &str, error: io::Error, hint: &str| {
            self.hands.outbox.log(Level::Warning, format!("cannot {what}: {error} ({hint})"));
        };
        if !schedule.processors.is_empty()
            && let Err(error) = run_on(&schedule.processors)
        {
            failed("keep the VRRP thread on its processors", error, "vrrp_cpu_affinity");
        }
        if let Some(nice) = schedule.nice
            && let Err(error) = sys::set_nice(me, nice)
        {
            failed("set the nice value of the VRRP thread", error, "CAP_SYS_NICE");
        }
        let priority = match (schedule.rt_priority, schedule.nice) {
            (Some(priority), _) => priority,
            // Who gives it a nice value wants an ordinary thread.
            (None, Some(_)) => 0,
            (None, None) => BY_ITSELF,
        };
        let real_time = priority > 0
            && match limit(schedule).and_then(|()| sys::schedule_real_time(me, priority)) {
                Ok(()) => true,
                Err(error) => {
                    if schedule.rt_priority.is_some() {
                        failed("schedule the VRRP thread in real time", error, "CAP_SYS_NICE");
                    }
                    false
                }
            };
        self.urgency.0.priority.store(if real_time { priority.into() } else { 0 }, Ordering::Relaxed);
        if !real_time {
            // It may have been one until now. A kernel that knows no slices keeps its own, which is all there is.
            let _ = sys::schedule_ordinary(me).and_then(|()| sys::shorten_slice(SLICE));
        }
        if schedule.locks_memory()
            && let Err(error) = sys::lock_memory()
        {
            failed("lock memory", error, "CAP_IPC_LOCK or LimitMEMLOCK");
        }
        let text = if real_time {
            format!("the VRRP thread runs in real time (SCHED_RR {priority})")
        } else {
            "the VRRP thread runs as an ordinary thread".to_owned()
        };
        self.hands.outbox.log(Level::Info, text);
    }
}

fn run_on(processors: &[u16]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for processor in processors {
        set.set(usize::from(*processor))?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// Has the kernel send SIGXCPU when a thread computes in real time for too long without waiting, and never kill.
fn limit(schedule: &Schedule) -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_RTTIME)?;
    let wanted = u64::try_from(schedule.rttime.unwrap_or(RTTIME).as_micros()).unwrap_or(u64::MAX);
    // With CAP_SYS_RESOURCE nobody kills us; without, what we were started with stands.
    if setrlimit(Resource::RLIMIT_RTTIME, wanted, libc::RLIM_INFINITY).is_err() {
        setrlimit(Resource::RLIMIT_RTTIME, wanted.min(hard), hard)?;
    }
    Ok(())
}

/// The priority that the thread asks for by itself.
const BY_ITSELF: u8 = 1;
/// The slice that it asks for as an ordinary thread: the shortest there is.
const SLICE: Duration = Duration::from_micros(100);
/// How long it may compute in real time where nothing is said: many times the longest takeover.
const RTTIME: Duration = Duration::from_secs(1);
