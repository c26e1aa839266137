//! FIFOs that changes are written to, a line each (`notify_fifo` and its kin).
//!
//! Nobody waits for a reader. What does not fit into the pipe waits here; where too much waits the oldest line is
//! dropped, counted, and told of once. A FIFO that is taken away is made again.

mod pipe;
mod reader;

use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify as Bell;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use self::pipe::Pipe;
use self::reader::Reader;
use crate::config::model::{Fifo, Fifos};
use crate::process::Policy;

/// What is known of one FIFO, for `steadfast status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Where it is.
    pub path: PathBuf,
    /// Lines written into the pipe.
    pub written: u64,
    /// Lines that wait because the pipe is full, or is not there.
    pub waiting: usize,
    /// Lines that were dropped.
    pub lost: u64,
}

/// The FIFOs of a daemon. To be used within a tokio runtime.
#[derive(Debug, Default)]
pub struct Writers {
    all: Option<Writer>,
    vrrp: Option<Writer>,
    services: Option<Writer>,
}

impl Writers {
    /// Writes to these from now on. One that did not change is not touched, and no reader loses it.
    pub fn apply(&mut self, fifos: &Fifos, policy: &Policy) {
        let Fifos { all, vrrp, services, states_on_reload: _ } = fifos;
        for (writer, wanted) in [(&mut self.all, all), (&mut self.vrrp, vrrp), (&mut self.services, services)]
        {
            let same = |old: &Writer| wanted.as_ref() == Some(&old.fifo) && old.policy == *policy;
            if !writer.as_ref().is_some_and(same) {
                *writer = wanted.as_ref().map(|fifo| Writer::start(fifo.clone(), policy.clone()));
            }
        }
    }

    /// A line about a router or a group.
    pub fn vrrp(&self, line: &str) {
        [&self.all, &self.vrrp].into_iter().flatten().for_each(|writer| writer.push(line));
    }

    /// Whether anybody is told of services and real servers.
    pub fn hear_services(&self) -> bool {
        self.all.is_some() || self.services.is_some()
    }

    /// A line about a service or a real server.
    pub fn services(&self, line: &str) {
        [&self.all, &self.services].into_iter().flatten().for_each(|writer| writer.push(line));
    }

    /// What is known of each.
    pub fn status(&self) -> Vec<Status> {
        [&self.all, &self.vrrp, &self.services].into_iter().flatten().map(Writer::status).collect()
    }

    /// The daemon ends: gives readers a moment for what was said last, then ends those that are ours, and removes the
    /// FIFOs that we made.
    pub async fn stop(&mut self) {
        for mut writer in [self.all.take(), self.vrrp.take(), self.services.take()].into_iter().flatten() {
            writer.shared.lock().ending = true;
            writer.shared.bell.notify_one();
            if let Some(task) = &mut writer.task {
                let _ = timeout(TIME_AT_STOP, task).await;
            }
        }
    }
}

/// One FIFO. Dropped, its reader is ended and it is removed.
#[derive(Debug)]
struct Writer {
    fifo: Fifo,
    policy: Policy,
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    bell: Bell,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<String>,
    written: u64,
    lost: u64,
    /// Told of since the queue was empty last.
    complained: bool,
    ending: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn start(fifo: Fifo, policy: Policy) -> Self {
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(work(fifo.clone(), policy.clone(), Arc::clone(&shared)));
        Self { fifo, policy, shared, task: Some(task) }
    }

    fn push(&self, line: &str) {
        let mut queue = self.shared.lock();
        queue.lines.push_back(format!("{line}\n"));
        if queue.lines.len() > CAPACITY {
            queue.lines.pop_front();
            queue.lost += 1;
            if !core::mem::replace(&mut queue.complained, true) {
                let path = self.fifo.path.display();
                warn!(
                    "{path}: nobody reads this FIFO and {CAPACITY} lines wait: the oldest are dropped, and counted"
                );
            }
        }
        drop(queue);
        self.shared.bell.notify_one();
    }

    fn status(&self) -> Status {
        let queue = self.shared.lock();
        Status {
            path: self.fifo.path.clone(),
            written: queue.written,
            waiting: queue.lines.len(),
            lost: queue.lost,
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What the task holds goes with it: the pipe, which is removed, and the reader, which is killed.
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// Writes the lines of one FIFO as they come.
async fn work(fifo: Fifo, policy: Policy, shared: Arc<Shared>) {
    let mut pipe: Option<Pipe> = None;
    let mut complaint: Option<String> = None;
    let mut reader = fifo.script.clone().map(|script| Reader::new(script, &fifo.path, policy));
    loop {
        if pipe.as_ref().is_none_or(|pipe| !pipe.is_there()) {
            pipe = match Pipe::open(&fifo.path, fifo.user.as_ref()) {
                Ok(opened) => {
                    complaint = None;
                    Some(opened)
                }
                Err(error) => {
                    let text = format!("{}: {error}", fifo.path.display());
                    if complaint.as_ref() != Some(&text) {
                        error!("FIFO {text}; lines wait until it can be written to");
                        complaint = Some(text);
                    }
                    None
                }
            };
        }
        let (line, ending) = {
            let queue = shared.lock();
            (queue.lines.front().cloned(), queue.ending)
        };
        let Some(pipe) = &pipe else {
            if ending {
                return;
            }
            sleep(RETRY).await;
            continue;
        };
        let Some(line) = line else {
            if ending {
                pipe.emptied().await;
                if let Some(reader) = reader {
                    reader.end().await;
                }
                return;
            }
            // The FIFO is looked after even while nothing happens: a reader may be waiting for it.
            let attend = async {
                match &mut reader {
                    Some(reader) => reader.attend().await,
                    None => core::future::pending().await,
                }
            };
            tokio::select! {
                () = shared.bell.notified() => {}
                () = attend => {}
                () = sleep(PATROL) => {}
            }
            continue;
        };
        match pipe.write(line.as_bytes()) {
            Ok(()) => {
                let mut queue = shared.lock();
                // Meanwhile the queue may have dropped it.
                if queue.lines.front() == Some(&line) {
                    queue.lines.pop_front();
                }
                queue.written += 1;
                if queue.lines.is_empty() && core::mem::take(&mut queue.complained) {
                    info!(
                        "{}: the FIFO is read again; {} lines were dropped",
                        fifo.path.display(),
                        queue.lost
                    );
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let attend = async {
                    match &mut reader {
                        Some(reader) => reader.attend().await,
                        None => core::future::pending().await,
                    }
                };
                tokio::select! {
                    () = pipe.writable() => {}
                    () = attend => {}
                    () = sleep(PATROL) => {}
                }
            }
            Err(error) => {
                let text = format!("{}: {error}", fifo.path.display());
                if complaint.as_ref() != Some(&text) {
                    error!("FIFO {text}");
                    complaint = Some(text);
                }
                sleep(RETRY).await;
            }
        }
    }
}

/// Lines that may wait for a reader beside what the pipe itself holds, which is some 2,000.
const CAPACITY: usize = 1024;
/// From one try to open a FIFO to the next.
const RETRY: Duration = Duration::from_secs(1);
/// How often it is looked whether the FIFO is still there.
const PATROL: Duration = Duration::from_secs(1);
/// What readers have at the end for what was said last.
const TIME_AT_STOP: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
