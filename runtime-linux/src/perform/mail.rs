//! Mail about changes (keepalived.md 3.6), with TLS and an account where they are asked for.
//!
//! Letters wait in a queue for a task of their own, and are delivered one after the other. A server that is absent,
//! puts off or hangs is tried again with growing pauses; a letter that nobody takes, or that is refused for good, is
//! dropped, counted and told of.

mod letter;
mod transport;

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify as Bell;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use self::transport::{Failure, Transport};
use crate::config::model::Mail;

/// What became of the letters, for `steadfast status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Taken by the server.
    pub sent: u64,
    /// Still to be delivered.
    pub waiting: usize,
    /// Dropped: nobody took them, or too many waited.
    pub lost: u64,
    /// What the last try that failed, failed with.
    pub last_error: Option<String>,
}

/// Sends mail. To be used within a tokio runtime; dropping it drops what waits.
#[derive(Debug, Default)]
pub struct Mailer {
    mail: Mail,
    router_id: String,
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
    letters: VecDeque<Vec<u8>>,
    status: Status,
    /// Told of since the queue was empty last.
    complained: bool,
    ending: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what became of a try; how long to wait before the next, if that is not at once.
    fn account(
        &self,
        letter: &[u8],
        outcome: Result<(), Failure>,
        tries: &mut u32,
        server: &str,
    ) -> Option<Duration> {
        let mut queue = self.lock();
        let given_up =
            outcome.as_ref().is_err_and(|failure| failure.permanent || *tries == TRIES || queue.ending);
        // Meanwhile the queue may have dropped it.
        if (outcome.is_ok() || given_up) && queue.letters.front().is_some_and(|front| front == letter) {
            queue.letters.pop_front();
        }
        let pause = FIRST_PAUSE * 2_u32.pow((*tries - 1).min(6));
        if outcome.is_ok() || given_up {
            *tries = 0;
        }
        match outcome {
            Ok(()) => {
                queue.status.sent += 1;
                if queue.letters.is_empty() && core::mem::take(&mut queue.complained) {
                    info!("the mail server takes letters again; {} were lost", queue.status.lost);
                }
                None
            }
            Err(Failure { why, permanent }) => {
                queue.status.lost += u64::from(given_up);
                let known = queue.status.last_error.as_ref() == Some(&why);
                // What a server refuses for good it refuses with every letter: that is told of once, and counted.
                let told = if permanent { known && queue.complained } else { known && !given_up };
                if !told {
                    let consequence = match (permanent, given_up) {
                        (true, _) => "the letter is lost, and others like it are",
                        (false, true) => "a letter is lost",
                        (false, false) => "it is tried again",
                    };
                    warn!("mail server {server}: {why}; {consequence}");
                }
                queue.complained |= permanent;
                queue.status.last_error = Some(why);
                (!queue.ending).then_some(pause)
            }
        }
    }
}

impl Mailer {
    /// Sends like this from now on. Letters that wait are sent to the new server.
    pub fn apply(&mut self, mail: &Mail, router_id: &str) {
        router_id.clone_into(&mut self.router_id);
        if *mail == self.mail && self.task.is_some() {
            return;
        }
        mail.clone_into(&mut self.mail);
        if let Some(task) = self.task.take() {
            task.abort();
        }
        match Transport::new(mail) {
            Ok(Some(transport)) => {
                self.task = Some(tokio::spawn(deliver(transport, Arc::clone(&self.shared))));
            }
            Ok(None) => self.shared.lock().letters.clear(),
            Err(error) => error!("no mail is sent: {error}"),
        }
    }

    /// Whether a FAULT is written of.
    pub fn tells_of_faults(&self) -> bool {
        self.mail.faults
    }

    /// Whether there is whom to send letters to.
    pub fn sends(&self) -> bool {
        self.task.is_some()
    }

    /// Queues a letter: `[router id] subject`, and one line of text.
    pub fn send(&self, subject: &str, text: &str) {
        if !self.sends() {
            return;
        }
        let letter = letter::compose(&self.mail, &self.router_id, subject, text, crate::clock::wall());
        let mut queue = self.shared.lock();
        queue.letters.push_back(letter);
        if queue.letters.len() > CAPACITY {
            queue.letters.pop_front();
            queue.status.lost += 1;
            if !core::mem::replace(&mut queue.complained, true) {
                warn!("{CAPACITY} letters wait for the mail server: the oldest are dropped, and counted");
            }
        }
        drop(queue);
        self.shared.bell.notify_one();
    }

    /// What became of the letters.
    pub fn status(&self) -> Status {
        let queue = self.shared.lock();
        Status { waiting: queue.letters.len(), ..queue.status.clone() }
    }

    /// The daemon ends: what can be delivered within [`Mailer::TIME_AT_STOP`] is.
    pub async fn stop(&mut self) {
        self.shared.lock().ending = true;
        self.shared.bell.notify_one();
        let Some(mut task) = self.task.take() else { return };
        if timeout(Self::TIME_AT_STOP, &mut task).await.is_err() {
            task.abort();
        }
        let left = self.shared.lock().letters.len();
        if left > 0 {
            warn!("{left} letters were not delivered");
        }
    }

    /// What the daemon's end waits for the mail server at most.
    pub const TIME_AT_STOP: Duration = Duration::from_secs(1);
}

impl Drop for Mailer {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// Delivers letters as they come.
async fn deliver(transport: Transport, shared: Arc<Shared>) {
    let mut tries = 0;
    loop {
        let (letter, ending) = {
            let queue = shared.lock();
            (queue.letters.front().cloned(), queue.ending)
        };
        let Some(letter) = letter else {
            if ending {
                return;
            }
            shared.bell.notified().await;
            continue;
        };
        tries += 1;
        let outcome = transport.send(&letter).await;
        let Some(pause) = shared.account(&letter, outcome, &mut tries, transport.name()) else { continue };
        tokio::select! {
            () = sleep(pause) => {}
            () = until_the_end(&shared) => {}
        }
    }
}

/// Waits until the daemon ends.
async fn until_the_end(shared: &Shared) {
    while !shared.lock().ending {
        shared.bell.notified().await;
    }
}

/// Letters that may wait.
const CAPACITY: usize = 256;
/// How often a letter is offered before it is given up: over some two minutes.
const TRIES: u32 = 6;
/// Before the second try; doubled with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod tests;
