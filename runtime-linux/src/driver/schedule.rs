//! How the VRRP thread gets a processor when it needs one, and other threads where the file says so.
//!
//! The VRRP thread works for microseconds at a time, and addresses move when it is late. So unless the configuration says otherwise
//! it asks for real-time scheduling with the lowest priority there is (`SCHED_RR` 1): before every ordinary thread,
//! behind everything that was given a real-time priority on purpose. Where that is not permitted it remains an ordinary
//! thread with the shortest slice, which the kernel lets run soonest after waking (Linux 6.12; nothing before).
//!
//! A real-time thread that never waits would take a processor away from all others. keepalived has the kernel kill
//! such a process (`RLIMIT_RTTIME`, 10 ms), and a takeover of many routers is long enough for it. Here the limit is a
//! soft one: the kernel sends SIGXCPU, and the control thread makes the VRRP thread an ordinary one for a second.

use core::sync::atomic::{AtomicI32, Ordering};
use core::time::Duration;
use std::ffi::CString;
use std::io;
use std::sync::{Arc, OnceLock};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::prctl;
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

/// A thread of the daemon that the file can give a place.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What it is called where the file does not say.
    pub name: &'static str,
    /// How lines of the log call it.
    called: &'static str,
    /// What the words about it begin with.
    words: &'static str,
    /// The real-time priority that it asks for by itself; 0: none.
    by_itself: u8,
}

/// The thread of the routers.
pub const VRRP: Part = Part { name: "vrrp", called: "the VRRP thread", words: "vrrp", by_itself: 1 };
/// The control thread.
pub const CHECKS: Part =
    Part { name: "steadfast", called: "the thread of the checks", words: "checker", by_itself: 0 };
/// The thread of the BFD sessions.
pub const BFD: Part = Part { name: "bfd", called: "the BFD thread", words: "bfd", by_itself: 0 };

impl Part {
    /// Takes the place among the threads of the machine that the configuration gives the calling thread.
    pub fn take(&self, schedule: &Schedule, urgency: &Urgency, mut log: impl FnMut(Level, String)) {
        let Self { name, called, words, .. } = *self;
        let me = gettid();
        let before = urgency.0.priority.load(Ordering::Relaxed);
        let began = urgency.0.thread.swap(me.as_raw(), Ordering::Relaxed) == 0;
        if began && self.by_itself == 0 && *schedule == Schedule::default() {
            return;
        }
        if schedule.name.is_some() || !began {
            call(schedule.name.as_deref().unwrap_or(name));
        }
        let mut failed = |what: &str, error: io::Error, hint: &str| {
            log(Level::Warning, format!("cannot {what} {called}: {error} ({hint})"));
        };
        if let Err(error) = run_on(&schedule.processors, began) {
            failed("choose the processors of", error, &format!("{words}_cpu_affinity"));
        }
        if let Some(nice) = schedule.nice
            && let Err(error) = sys::set_nice(me, nice)
        {
            failed("set the nice value of", error, "CAP_SYS_NICE");
        }
        let priority = match (schedule.rt_priority, schedule.nice) {
            (Some(priority), _) => priority,
            // Who gives it a nice value wants an ordinary thread.
            (None, Some(_)) => 0,
            (None, None) => self.by_itself,
        };
        let real_time = priority > 0
            && match limit(schedule).and_then(|()| sys::schedule_real_time(me, priority)) {
                Ok(()) => true,
                Err(error) => {
                    if schedule.rt_priority.is_some() {
                        failed("schedule in real time", error, "CAP_SYS_NICE");
                    }
                    false
                }
            };
        urgency.0.priority.store(if real_time { priority.into() } else { 0 }, Ordering::Relaxed);
        if !real_time && (before > 0 || self.by_itself > 0) {
            // It may have been one until now.
            let _ = sys::schedule_ordinary(me);
        }
        if !real_time && self.by_itself > 0 {
            // A kernel that knows no slices keeps its own, which is all there is.
            let _ = sys::shorten_slice(SLICE);
        }
        if schedule.locks_memory()
            && let Err(error) = sys::lock_memory()
        {
            failed("lock the memory of", error, "CAP_IPC_LOCK or LimitMEMLOCK");
        }
        let text = if real_time {
            format!("{called} runs in real time (SCHED_RR {priority})")
        } else {
            format!("{called} runs as an ordinary thread")
        };
        log(Level::Info, text);
    }
}

/// Gives the calling thread a name; the process has that of its first thread.
pub fn call(name: &str) {
    if let Ok(name) = CString::new(name) {
        let _ = prctl::set_name(&name);
    }
}

/// Writes a line of a thread that has no outbox.
pub fn log(level: Level, text: &str) {
    match level {
        Level::Error => tracing::error!("{text}"),
        Level::Warning => tracing::warn!("{text}"),
        Level::Info => tracing::info!("{text}"),
        Level::Debug => tracing::debug!("{text}"),
    }
}

impl Worker {
    /// Takes the place among the threads of the machine that the configuration gives it.
    pub(super) fn take_place(&mut self, schedule: &Schedule) {
        let (urgency, outbox) = (self.urgency.clone(), &mut self.hands.outbox);
        VRRP.take(schedule, &urgency, |level, text| outbox.log(level, text));
    }
}

/// None: all that the process was started with, which a thread has that just began, unless its parent was given some.
fn run_on(processors: &[u16], began: bool) -> io::Result<()> {
    static ALL: OnceLock<CpuSet> = OnceLock::new();
    let all = ALL.get_or_init(|| sched_getaffinity(Pid::from_raw(0)).unwrap_or_default());
    let mut set = CpuSet::new();
    for processor in processors {
        set.set(usize::from(*processor))?;
    }
    match (processors.is_empty(), began) {
        (true, true) if sched_getaffinity(Pid::from_raw(0)).is_ok_and(|present| present == *all) => Ok(()),
        (true, true | false) => Ok(sched_setaffinity(Pid::from_raw(0), all)?),
        (false, true | false) => Ok(sched_setaffinity(Pid::from_raw(0), &set)?),
    }
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

/// The slice that it asks for as an ordinary thread: the shortest there is.
const SLICE: Duration = Duration::from_micros(100);
/// How long it may compute in real time where nothing is said: many times the longest takeover.
const RTTIME: Duration = Duration::from_secs(1);
