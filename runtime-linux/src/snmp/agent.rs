//! The subagent: keeps a session with the master agent, hands its questions to the control thread, and sends traps.
//!
//! Nobody waits for a master agent. One that is absent, hangs, dies or speaks nonsense is tried again with growing
//! pauses, and told of once. Traps wait for it for a minute, a few of them.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::{Notify as Bell, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::answer::Answer;
use super::message::Heard;
use super::mib;
use super::session::{self, Session};
use super::value::{Oid, Value};
use crate::clock;
use crate::config::model::{Snmp, SnmpSocket};

/// What a master agent asks. Who drops it answers that it cannot be said.
#[derive(Debug)]
pub struct Question {
    /// What.
    pub asked: Heard,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Answer>,
}

/// What is known of the subagent, for `steadfast status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The socket of the master agent.
    pub socket: String,
    /// Whether there is a session with it.
    pub connected: bool,
    /// Questions answered.
    pub answered: u64,
    /// Traps that it took.
    pub traps: u64,
    /// Traps that were dropped.
    pub traps_lost: u64,
    /// Why the last session ended, or could not begin.
    pub last_error: Option<String>,
}

/// The subagent; without a task while SNMP is not wanted. To be used within a tokio runtime.
#[derive(Debug)]
pub struct Agent {
    questions: mpsc::Sender<Question>,
    shared: Arc<Shared>,
    pace: Pace,
    /// What the task was started with.
    target: Option<Target>,
    task: Option<JoinHandle<()>>,
}

/// To whom what is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) socket: SnmpSocket,
    pub(super) subtrees: Vec<Oid>,
}

/// How long what takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// An answer to what we say, at most.
    pub(super) patience: Duration,
    /// Who is not heard for so long is asked whether it is there.
    pub(super) silence: Duration,
    /// A trap that is older is not sent any more: it would seem to tell of now.
    pub(super) oldest: Duration,
    /// Between tries to begin a session, at first and in the long run.
    pub(super) pauses: [Duration; 2],
}

impl Pace {
    const USUAL: Self = Self {
        patience: Duration::from_secs(5),
        silence: Duration::from_secs(15),
        oldest: Duration::from_secs(60),
        pauses: [Duration::from_secs(1), Duration::from_secs(15)],
    };
}

/// What the task and the others see.
#[derive(Debug, Default)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    /// Rung when there is a trap, or the end.
    pub(super) bell: Bell,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) status: Status,
    /// Traps, and when they were set.
    pub(super) traps: VecDeque<(Duration, Trap)>,
    pub(super) ending: bool,
}

/// A trap as it is sent: its own name first (`snmpTrapOID.0`).
pub(super) type Trap = Vec<(Oid, Value)>;

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Agent {
    /// How long what was said last may take at the end.
    pub const TIME_AT_STOP: Duration = Duration::from_millis(500);

    /// A subagent that nobody wants yet, and what it will ask.
    pub fn new() -> (Self, mpsc::Receiver<Question>) {
        Self::with(Pace::USUAL)
    }

    pub(super) fn with(pace: Pace) -> (Self, mpsc::Receiver<Question>) {
        let (questions, asked) = mpsc::channel(1);
        (Self { questions, pace, shared: Arc::default(), target: None, task: None }, asked)
    }

    /// Tells this from now on. A session goes on where nothing of it changes.
    pub fn apply(&mut self, snmp: &Snmp) {
        let target = snmp.is_wanted().then(|| Target {
            socket: snmp.socket.clone().unwrap_or_default(),
            subtrees: mib::subtrees(snmp),
        });
        if target == self.target {
            return;
        }
        if let Some(task) = self.task.take() {
            // The master agent sees the connection end.
            task.abort();
            self.shared = Arc::default();
        }
        if let Some(target) = &target {
            self.shared.lock().status.socket = target.socket.to_string();
            let (target, shared) = (target.clone(), Arc::clone(&self.shared));
            self.task = Some(tokio::spawn(keep(target, self.pace, shared, self.questions.clone())));
        }
        self.target = target;
    }

    /// Sends a trap, which is its name and what comes with it.
    pub fn notify(&self, trap: Vec<(Oid, Value)>) {
        if self.task.is_none() {
            return;
        }
        let mut inner = self.shared.lock();
        inner.traps.push_back((clock::now(), trap));
        if inner.traps.len() > CAPACITY {
            inner.traps.pop_front();
            inner.status.traps_lost += 1;
        }
        drop(inner);
        self.shared.bell.notify_one();
    }

    /// What is known of it; nothing while nobody wants it.
    pub fn status(&self) -> Option<Status> {
        self.task.as_ref().map(|_| self.shared.lock().status.clone())
    }

    /// The daemon ends: what was said last goes out, if that is done within [`Self::TIME_AT_STOP`].
    pub async fn stop(&mut self) {
        let Some(mut task) = self.task.take() else { return };
        self.shared.lock().ending = true;
        self.shared.bell.notify_one();
        if timeout(Self::TIME_AT_STOP, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Keeps a session for ever.
async fn keep(target: Target, pace: Pace, shared: Arc<Shared>, questions: mpsc::Sender<Question>) {
    let socket = target.socket.to_string();
    let mut complaint: Option<String> = None;
    let [first_pause, longest_pause] = pace.pauses;
    let mut pause = first_pause;
    loop {
        let mut session = Session::new(&target, pace, &shared, &questions);
        let why = match session.run().await {
            session::Ended::Stopped => return,
            session::Ended::Broken(why) => why,
        };
        if core::mem::take(&mut shared.lock().status.connected) {
            (complaint, pause) = (None, first_pause);
        }
        shared.lock().status.last_error = Some(why.clone());
        if complaint.as_ref() != Some(&why) {
            warn!(
                "SNMP: no session with the master agent at {socket}: {why}; it is tried again. snmpd opens one with \
                 `master agentx` and `agentXSocket {socket}` in snmpd.conf"
            );
            complaint = Some(why);
        }
        let ended = async {
            while !shared.lock().ending {
                shared.bell.notified().await;
            }
        };
        tokio::select! {
            () = ended => return,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(longest_pause);
    }
}

/// Says that a session has begun.
pub(super) fn begun(shared: &Shared, subtrees: usize) {
    let mut inner = shared.lock();
    inner.status.connected = true;
    info!("SNMP: the master agent at {} knows of {subtrees} subtrees of objects", inner.status.socket);
}

/// Traps that may wait.
const CAPACITY: usize = 1024;
