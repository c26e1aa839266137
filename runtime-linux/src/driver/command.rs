//! How the rest of the daemon speaks to the VRRP thread.

use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread::JoinHandle;

use nix::sys::eventfd::EventFd;
use tokio::sync::oneshot;

use super::schedule::Urgency;
use super::{Kind, Status, Verdict};
use crate::config::model::{Fixtures, Instance, Schedule, SyncGroup, Tuning};

/// What the VRRP thread is told.
#[derive(Debug)]
pub enum Command {
    /// What is wanted from now on.
    Apply {
        /// The whole set of instances. One that did not change is not touched, one that changed keeps its
        /// state where its identity (name, VRID, interface, family) is the same.
        instances: Vec<Arc<Instance>>,
        /// The whole set of sync groups. Instances keep their state when groups come, change or go, as far as
        /// it is that of the group.
        groups: Vec<SyncGroup>,
    },
    /// The static addresses, routes and rules that the host is to have from now on.
    Fixtures(Fixtures),
    /// Another way to go about its work.
    Tune(Box<Tuning>),
    /// Another place among the threads of the machine.
    Schedule(Schedule),
    /// How something that can be tracked stands from now on, whether anybody tracks it already or not. What nobody
    /// has passed a verdict on counts as not yet judged.
    Judged {
        /// What it is; interfaces are judged by the thread itself.
        kind: Kind,
        /// Its name.
        name: String,
        /// How it stands.
        verdict: Verdict,
    },
    /// Something that could be tracked is not defined any more.
    Forget {
        /// What it was.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// The router of this name announces its addresses once, if it is Active.
    Announce(String),
    /// All counters of all instances begin at zero again.
    ZeroStatistics,
    /// Asks for the state of everything.
    Status(oneshot::Sender<Status>),
    /// Ends the thread: a priority-0 advert for each Active router, then the addresses go.
    Stop,
    /// Ends the thread at once: nothing is sent and the addresses stay, as after a crash. Another process that
    /// takes over adopts them.
    Abandon,
}

/// The other end of the VRRP thread's ear. Dropping it ends the thread as [`Command::Stop`] does.
#[derive(Debug)]
pub struct Handle {
    pub(super) commands: Option<SyncSender<Command>>,
    pub(super) wake: Arc<EventFd>,
    pub(super) thread: Option<JoinHandle<()>>,
    pub(super) urgency: Urgency,
}

impl Handle {
    /// The real-time priority of the thread.
    pub fn urgency(&self) -> Urgency {
        self.urgency.clone()
    }

    /// Hands a command over and returns at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when 256 commands wait already, [`io::ErrorKind::BrokenPipe`] when the
    /// thread has ended.
    pub fn send(&self, command: Command) -> io::Result<()> {
        self.offer(command)?.map_or(Ok(()), |_| Err(io::ErrorKind::WouldBlock.into()))
    }

    /// Hands a command over, and waits for a place if 256 wait already. For use within a tokio runtime.
    ///
    /// # Errors
    /// [`io::ErrorKind::BrokenPipe`] when the thread has ended.
    pub async fn send_patiently(&self, command: Command) -> io::Result<()> {
        let mut waiting = self.offer(command)?;
        while let Some(command) = waiting {
            tokio::time::sleep(RETRY).await;
            waiting = self.offer(command)?;
        }
        Ok(())
    }

    /// Gives the command back when there is no place for it.
    fn offer(&self, command: Command) -> io::Result<Option<Command>> {
        let commands = self.commands.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        match commands.try_send(command) {
            Ok(()) => self.wake.write(1).map(|_| None).map_err(io::Error::from),
            Err(TrySendError::Full(command)) => Ok(Some(command)),
            Err(TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Waits until the thread has ended; it ends after [`Command::Stop`]. False: it panicked.
    pub fn join(mut self) -> bool {
        self.end()
    }

    /// True while the thread runs.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    fn end(&mut self) -> bool {
        self.commands = None;
        // The thread sees the closed channel on waking; if the write fails it wakes at its next timer.
        let _ = self.wake.write(1);
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end();
    }
}

/// From one try to hand a command over to the next.
const RETRY: Duration = Duration::from_millis(5);
