//! `vrrp_track_process`: counts the processes whose number moves priorities.
//!
//! Where the kernel tells of processes that begin and end, a change is seen at once. It does so in the first
//! namespaces only; elsewhere `/proc` is read once a second.

mod census;
mod events;
mod quorum;

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::warn;

use self::census::{Census, Process};
use self::events::{Event, Events};
use self::quorum::Quorum;
use super::track::Report;
use crate::clock;
use crate::config::model::{NetlinkBuffer, TrackProcess};
use crate::driver::{Kind, Verdict};

/// What is known of one kind of process, for `steadfast status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Name of the `vrrp_track_process`.
    pub name: String,
    /// How many run.
    pub running: u32,
    /// Whether that is as it should be, after the delays.
    pub good: bool,
    /// Whether the kernel tells of changes; else they are looked for once a second.
    pub told: bool,
}

/// Counts the processes of every `vrrp_track_process`. To be used within a tokio runtime; dropping it ends that.
#[derive(Debug)]
pub struct Processes {
    reports: mpsc::Sender<Report>,
    followed: Vec<TrackProcess>,
    buffer: Option<NetlinkBuffer>,
    known: Arc<Mutex<Vec<Status>>>,
    task: Option<AbortHandle>,
}

impl Processes {
    /// A watcher without processes, which reports changes there.
    pub fn new(reports: mpsc::Sender<Report>) -> Self {
        Self { reports, followed: Vec::new(), buffer: None, known: Arc::default(), task: None }
    }

    /// Counts these from now on; returns how each stands, unless nothing changed.
    ///
    /// `buffer` is that of the socket which hears of processes; absent: as large as it may be.
    pub async fn apply(&mut self, processes: &[TrackProcess], buffer: Option<NetlinkBuffer>) -> Vec<Report> {
        if processes == self.followed && buffer == self.buffer {
            return Vec::new();
        }
        if let Some(task) = self.task.take() {
            task.abort();
        }
        processes.clone_into(&mut self.followed);
        self.buffer = buffer;
        if processes.is_empty() {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
            return Vec::new();
        }
        let mut watcher = Watcher::new(processes.to_vec(), Arc::clone(&self.known));
        let census = Census::take(processes, &all().await);
        watcher.quorums =
            processes.iter().zip(census.counts()).map(|(one, count)| Quorum::new(one, count)).collect();
        watcher.census = census;
        watcher.publish();
        let reports = (0..processes.len()).map(|index| watcher.report(index)).collect();
        self.task = Some(tokio::spawn(watcher.run(self.reports.clone(), buffer)).abort_handle());
        reports
    }

    /// What is known of every kind, in the order of the configuration.
    pub fn status(&self) -> Vec<Status> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// The task.
struct Watcher {
    kinds: Vec<TrackProcess>,
    census: Census,
    quorums: Vec<Quorum>,
    told: bool,
    known: Arc<Mutex<Vec<Status>>>,
}

impl Watcher {
    fn new(kinds: Vec<TrackProcess>, known: Arc<Mutex<Vec<Status>>>) -> Self {
        Self { kinds, census: Census::default(), quorums: Vec::new(), told: false, known }
    }

    async fn run(mut self, reports: mpsc::Sender<Report>, buffer: Option<NetlinkBuffer>) {
        let mut events = Events::open(buffer).await.inspect_err(|error| {
            warn!(
                "tracked processes are looked for once a second: the kernel does not tell of processes here: \
                 {error} (it takes CAP_NET_ADMIN, and the first network and process namespaces)"
            );
        });
        self.told = events.is_ok();
        let mut patrol = interval(if self.told { RARELY } else { OFTEN });
        patrol.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once: what happened before the kernel began to tell is seen by it.
        loop {
            let due = self.quorums.iter().filter_map(Quorum::deadline).min();
            let told = async {
                match &mut events {
                    Ok(events) => events.next().await,
                    Err(_) => core::future::pending().await,
                }
            };
            let delay = async {
                match due {
                    Some(due) => sleep(due.saturating_sub(clock::now())).await,
                    None => core::future::pending().await,
                }
            };
            tokio::select! {
                told = told => match told {
                    Ok(events) => events.into_iter().for_each(|event| self.hear(event)),
                    // More happened than we were told.
                    Err(_) => self.look().await,
                },
                _ = patrol.tick() => self.look().await,
                () = delay => {}
            }
            for report in self.judge() {
                if reports.send(report).await.is_err() {
                    return;
                }
            }
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            // A child is like its parent until it becomes something else, which we are told.
            Event::Fork { parent, child } if self.census.knows(parent) => self.read(child),
            Event::Fork { .. } | Event::Answer(_) => {}
            Event::Changed(pid) => self.read(pid),
            Event::Exit(pid) => self.census.update(&self.kinds, pid, None),
        }
    }

    fn read(&mut self, pid: u32) {
        self.census.update(&self.kinds, pid, Process::read(pid).as_ref());
    }

    async fn look(&mut self) {
        self.census = Census::take(&self.kinds, &all().await);
    }

    /// What changes by the numbers and the time.
    fn judge(&mut self) -> Vec<Report> {
        let now = clock::now();
        let mut changed = Vec::new();
        for (index, (quorum, count)) in self.quorums.iter_mut().zip(self.census.counts()).enumerate() {
            if quorum.set(now, count) {
                changed.push(index);
            }
        }
        self.publish();
        changed.into_iter().map(|index| self.report(index)).collect()
    }

    fn publish(&self) {
        let status = |(kind, quorum): (&TrackProcess, &Quorum)| Status {
            name: kind.name.clone(),
            running: quorum.count(),
            good: quorum.good(),
            told: self.told,
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            self.kinds.iter().zip(&self.quorums).map(status).collect();
    }

    fn report(&self, index: usize) -> Report {
        let (name, quorum) = (self.kinds[index].name.clone(), &self.quorums[index]);
        let change = if quorum.good() { "gained" } else { "lost" };
        let text = format!("Quorum {change} for tracked process {name} ({} running)", quorum.count());
        Report { kind: Kind::Process, name, verdict: Verdict::Good(quorum.good()), text }
    }
}

/// Reads about every process, on a thread that may take its time.
async fn all() -> BTreeMap<u32, Process> {
    spawn_blocking(census::all).await.unwrap_or_default()
}

/// How often processes are looked for where nobody tells of them.
const OFTEN: Duration = Duration::from_secs(1);
/// How often they are counted where the kernel tells of them: nobody is infallible.
const RARELY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
