//! Notify scripts: one queue for each instance, group, real server and service, one script at a time in each.
//!
//! keepalived starts them without waiting, so that a slow MASTER script can end after the BACKUP script that
//! followed it. Here the scripts of one queue run in the order of the transitions. What can hold a queue up is
//! bounded: see [`Notifier::PATIENCE`] and [`Notifier::CAPACITY`].

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::config::model::{Notify, Script};
use crate::process::{Ending, Policy, Running};

/// Whose transition it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A `vrrp_instance`.
    Instance(String),
    /// A `vrrp_sync_group`.
    Group(String),
}

impl Subject {
    /// The word that scripts get.
    fn kind(&self) -> &'static str {
        match self {
            Self::Instance(_) => "INSTANCE",
            Self::Group(_) => "GROUP",
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Instance(name) | Self::Group(name) => name,
        }
    }
}

/// What it went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// `MASTER`.
    Master,
    /// `BACKUP`.
    Backup,
    /// `FAULT`.
    Fault,
    /// `STOP`: the daemon ends.
    Stop,
    /// `DELETED`: a reload took it away.
    Deleted,
}

impl State {
    /// The word that scripts get.
    pub fn name(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
            Self::Deleted => "DELETED",
        }
    }

    /// The script that only this state runs.
    fn own_script(self, notify: &Notify) -> Option<&Script> {
        match self {
            Self::Master => notify.master.as_ref(),
            Self::Backup => notify.backup.as_ref(),
            Self::Fault => notify.fault.as_ref(),
            Self::Stop => notify.stop.as_ref(),
            Self::Deleted => notify.deleted.as_ref(),
        }
    }
}

/// Runs notify scripts. A clone is the same notifier.
///
/// To be used within a tokio runtime; only [`Notifier::stop`] waits.
#[derive(Clone, Debug)]
pub struct Notifier {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queues: Mutex<Queues>,
    stopping: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Queues {
    policy: Policy,
    /// Queues at work: an entry is made with the first batch and removed when nothing is left.
    waiting: BTreeMap<String, VecDeque<Batch>>,
    dropped: u64,
}

/// The scripts of one transition, in order.
type Batch = VecDeque<Job>;

#[derive(Debug)]
struct Job {
    script: Script,
    arguments: Vec<String>,
    /// Ends with the daemon ([`Notifier::stop`]); others may outlive it.
    last: bool,
}

impl Notifier {
    /// Transitions that can wait in one queue. Beyond that the oldest of them is dropped, and counted: later
    /// ones have superseded it.
    pub const CAPACITY: usize = 32;

    /// How long a script may hold up the next one. After that it is left to itself, as keepalived leaves every
    /// script, and the next one starts.
    pub const PATIENCE: Duration = Duration::from_mins(1);

    /// The same while the daemon stops.
    pub const PATIENCE_AT_STOP: Duration = Duration::from_millis(500);

    /// How long the scripts of [`State::Stop`] get.
    pub const TIME_AT_STOP: Duration = Duration::from_secs(1);

    /// A notifier that runs scripts under this policy.
    pub fn new(policy: Policy) -> Self {
        let queues = Mutex::new(Queues { policy, ..Queues::default() });
        Self { shared: Arc::new(Shared { queues, stopping: watch::Sender::new(false) }) }
    }

    /// Another policy after a reload, for scripts that start from now on.
    pub fn set_policy(&self, policy: Policy) {
        self.shared.lock().policy = policy;
    }

    /// Queues the scripts of a transition: the state's own, then the generic one, which gets kind, name, state
    /// and effective priority (0 for groups) as further arguments (keepalived.conf(5), `notify`).
    pub fn transition(&self, subject: &Subject, notify: &Notify, state: State, priority: u8) {
        let priority = match subject {
            Subject::Instance(_) => priority,
            Subject::Group(_) => 0,
        };
        let last = state == State::Stop;
        let own = state.own_script(notify);
        let own = own.map(|script| Job { script: script.clone(), arguments: Vec::new(), last });
        let generic = notify.any.as_ref().map(|script| {
            let arguments =
                [subject.kind(), subject.name(), state.name(), &priority.to_string()].map(ToOwned::to_owned);
            Job { script: script.clone(), arguments: arguments.into(), last }
        });
        let queue = format!("{} {}", subject.kind(), subject.name());
        self.push(queue, own.into_iter().chain(generic).collect());
    }

    /// Queues a script that gets only its own arguments (`quorum_up`, `notify_down` and the like). Scripts with
    /// the same `queue` run in order.
    pub fn run(&self, queue: &str, script: &Script) {
        let job = Job { script: script.clone(), arguments: Vec::new(), last: false };
        self.push(queue.to_owned(), Batch::from([job]));
    }

    /// How many transitions were dropped because their queue was full.
    pub fn dropped(&self) -> u64 {
        self.shared.lock().dropped
    }

    /// The daemon stops: from now on a script holds up the next one for [`Notifier::PATIENCE_AT_STOP`] only.
    /// Waits until all queues are empty. Scripts of [`State::Stop`] that still run after
    /// [`Notifier::TIME_AT_STOP`] are killed; those of earlier transitions are left to themselves.
    pub async fn stop(&self) {
        self.shared.stopping.send_replace(true);
        // The channel is closed when no worker listens to it, that is, when every queue is empty. Workers kill
        // on their own account what has had its time; the second wait lets them.
        if timeout(Self::TIME_AT_STOP, self.shared.stopping.closed()).await.is_err() {
            let _ = timeout(Self::PATIENCE_AT_STOP, self.shared.stopping.closed()).await;
        }
    }

    fn push(&self, name: String, mut batch: Batch) {
        if batch.is_empty() {
            return;
        }
        let mut queues = self.shared.lock();
        if let Some(queue) = queues.waiting.get_mut(&name) {
            queue.push_back(batch);
            if queue.len() > Self::CAPACITY {
                queue.pop_front();
                queues.dropped += 1;
                warn!("{name}: notify scripts are slower than transitions, dropped those of the oldest");
            }
            return;
        }
        queues.waiting.insert(name.clone(), VecDeque::new());
        let policy = queues.policy.clone();
        drop(queues);
        // Started here and now, so that who is told of the same change later finds the script at work already.
        let first = batch.pop_front().and_then(|job| start(&name, &job, &policy));
        let stopping = self.shared.stopping.subscribe();
        tokio::spawn(work(Arc::clone(&self.shared), name, first, (batch, policy), stopping));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch of a queue; without one the queue is removed.
    fn next(&self, name: &str) -> Option<(Batch, Policy)> {
        let mut queues = self.lock();
        let batch = queues.waiting.get_mut(name).and_then(VecDeque::pop_front);
        if batch.is_none() {
            queues.waiting.remove(name);
        }
        Some((batch?, queues.policy.clone()))
    }
}

/// Empties one queue; the first script of its first batch may run already.
async fn work(
    shared: Arc<Shared>,
    name: String,
    mut first: Option<Started>,
    rest: (Batch, Policy),
    mut stopping: watch::Receiver<bool>,
) {
    let mut next = Some(rest);
    while let Some((batch, policy)) = next {
        if let Some(started) = first.take() {
            attend(&name, started, &mut stopping).await;
        }
        for job in batch {
            if let Some(started) = start(&name, &job, &policy) {
                attend(&name, started, &mut stopping).await;
            }
        }
        next = shared.next(&name);
    }
}

/// A script that runs.
#[derive(Debug)]
struct Started {
    running: Running,
    program: String,
    last: bool,
}

fn start(name: &str, job: &Job, policy: &Policy) -> Option<Started> {
    match Running::start(&job.script, &job.arguments, policy) {
        Ok(running) => Some(Started { running, program: job.script.words.join(" "), last: job.last }),
        Err(error) => {
            warn!("{name}: {error}");
            None
        }
    }
}

/// Waits until a script ends or patience does.
async fn attend(name: &str, started: Started, stopping: &mut watch::Receiver<bool>) {
    let Started { mut running, program, last } = started;
    let hurry = async {
        // An error means that the notifier is gone, and the daemon with it.
        let _ = stopping.wait_for(|stopping| *stopping).await;
        sleep(if last { Notifier::TIME_AT_STOP } else { Notifier::PATIENCE_AT_STOP }).await;
    };
    let ending = tokio::select! {
        ending = running.ended(Notifier::PATIENCE) => ending,
        () = hurry => Ending::Timeout,
    };
    match ending {
        Ending::Exit(0) => info!("{name}: {program} done"),
        Ending::Exit(_) | Ending::Signal(_) => warn!("{name}: {program} {ending}"),
        Ending::Timeout if last => {
            warn!("{name}: {program} is not done in time for the stop, killed");
            running.kill().await;
        }
        Ending::Timeout => {
            warn!("{name}: {program} still runs, the next script no longer waits for it");
            running.detach();
        }
    }
}

#[cfg(test)]
mod tests;
