//! `bfd_instance`: sessions of bidirectional forwarding detection.
//!
//! They have a thread of their own: intervals are a few milliseconds, and on the control thread a reload or a slow
//! name service would take sessions down.

mod socket;
mod thread;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use nix::sys::eventfd::{EfdFlags, EventFd};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use self::thread::Thread;
use super::track::Report;
use crate::config::model::{BfdInstance, Schedule};
use crate::driver::schedule::{self, Urgency};

/// Which sessions stand well, for the checks of real servers; one that has not been judged is absent.
pub type Judged = std::collections::BTreeMap<String, bool>;

/// One session, for `steadfast status`. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Name of the `bfd_instance`.
    pub name: String,
    /// The other side.
    pub neighbor: String,
    /// `admin_down`, `down`, `init` or `up`.
    pub state: &'static str,
    /// Why it last left `up` (RFC 5880 §4.1, Diag); 0: nothing is the matter.
    pub diagnostic: u8,
    /// The state that the other side says; absent: it is not heard.
    pub remote_state: Option<&'static str>,
    /// Our number for the session.
    pub discriminator: u32,
    /// The other side's.
    pub remote_discriminator: Option<u32>,
    /// The longest time between two packets of ours; absent: none are sent.
    pub transmit_interval_ms: Option<f64>,
    /// Silence of this length ends the session.
    pub detection_time_ms: Option<f64>,
    /// Packets sent.
    pub sent: u64,
    /// Packets that counted.
    pub received: u64,
    /// Packets for this session that came from too far, or are for another.
    pub ignored: u64,
    /// How often it left `up`.
    pub lost: u64,
    /// What is wrong with sending.
    pub remark: Option<String>,
}

/// What the thread is told.
#[derive(Debug)]
enum Command {
    /// These sessions are wanted from now on.
    Apply(Vec<BfdInstance>),
    /// How do they stand?
    Status(oneshot::Sender<Vec<Status>>),
    /// Take another place among the threads of the machine.
    Place(Schedule),
    /// Say that they are held down, and end.
    Stop,
}

/// Every BFD session, on a thread that runs while there is one. Dropping it ends them with a word to the other side.
#[derive(Debug)]
pub struct Sessions {
    reports: mpsc::Sender<Report>,
    judged: watch::Sender<Judged>,
    followed: Vec<BfdInstance>,
    schedule: Schedule,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    commands: Sender<Command>,
    wake: Arc<EventFd>,
    thread: JoinHandle<()>,
    urgency: Urgency,
}

impl Sessions {
    /// No sessions yet; changes are reported there.
    pub fn new(reports: mpsc::Sender<Report>) -> Self {
        Self {
            reports,
            judged: watch::Sender::default(),
            followed: Vec::new(),
            schedule: Schedule::default(),
            running: None,
        }
    }

    /// What checks follow.
    pub fn judged(&self) -> watch::Receiver<Judged> {
        self.judged.subscribe()
    }

    /// Wants these sessions from now on. One that is the same as before goes on; how each stands is reported again.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn apply(&mut self, sessions: &[BfdInstance]) -> io::Result<()> {
        if sessions.is_empty() {
            self.stop();
        } else {
            if self.running.is_none() {
                self.running =
                    Some(Running::start(self.reports.clone(), self.judged.clone(), self.schedule.clone())?);
            }
            self.tell(Command::Apply(sessions.to_vec()));
        }
        sessions.clone_into(&mut self.followed);
        Ok(())
    }

    /// The thread takes this place among the threads of the machine, now and when it begins.
    pub fn place(&mut self, schedule: Schedule) {
        if self.schedule != schedule {
            self.tell(Command::Place(schedule.clone()));
            self.schedule = schedule;
        }
    }

    /// The real-time priority of the thread, while there is one.
    pub fn urgency(&self) -> Option<Urgency> {
        self.running.as_ref().map(|running| running.urgency.clone())
    }

    /// How every session stands, in the order of the configuration.
    pub async fn status(&self) -> Vec<Status> {
        let (reply, answer) = oneshot::channel();
        self.tell(Command::Status(reply));
        answer.await.unwrap_or_default()
    }

    fn tell(&self, command: Command) {
        if let Some(running) = &self.running {
            // A thread that has ended is missed by whoever asks for an answer.
            let _ = running.commands.send(command);
            let _ = running.wake.write(1);
        }
    }

    fn stop(&mut self) {
        self.tell(Command::Stop);
        if let Some(running) = self.running.take() {
            // It sends a packet per session, and ends.
            let _ = running.thread.join();
        }
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Running {
    fn start(
        reports: mpsc::Sender<Report>,
        judged: watch::Sender<Judged>,
        schedule: Schedule,
    ) -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let wake = Arc::new(EventFd::from_flags(flags)?);
        let (commands, receiver): (_, Receiver<Command>) = channel();
        let urgency = Urgency::default();
        let work = Thread::new(receiver, Arc::clone(&wake), reports, judged, urgency.clone());
        let thread = std::thread::Builder::new()
            .name(schedule::BFD.name.to_owned())
            .spawn(move || work.run(&schedule))?;
        Ok(Self { commands, wake, thread, urgency })
    }
}
