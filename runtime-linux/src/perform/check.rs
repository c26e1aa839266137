//! Health checks: one task that runs all checks of all virtual servers and says which destinations each
//! service should have.
//!
//! What a result means is decided by `check-core`. This task keeps one queue of the times when checks are due,
//! makes the probes as they come due, and reports what changes. It touches no data plane.

mod probe;
mod roster;
mod service;
mod status;
mod timers;

use core::time::Duration;
use std::collections::{BTreeSet, HashMap};

use check_core::pool::Share;
use check_core::{Verdict, check, pool};
use ipvs_core::{Destination, Service, ServiceKey};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::sleep;
use tracing::Level;

use self::probe::{Clients, Follow, Outcome};
use self::roster::{Roster, Run};
use self::timers::Timers;
use crate::clock;
use crate::config::model::{Script, VirtualServer};
use crate::perform::bfd::Judged;
use crate::process::Policy;

pub use self::status::{CheckStatus, ServerStatus, ServiceStatus, SorryStatus};

/// What the task is told.
#[derive(Debug)]
pub enum Command {
    /// The whole set of virtual servers wanted from now on. Checks that did not change keep their verdicts and
    /// the times of their next probes.
    Apply {
        /// The services.
        virtual_servers: Vec<VirtualServer>,
        /// How the scripts of `MISC_CHECK` run.
        policy: Policy,
    },
    /// Asks for the state of everything.
    Status(oneshot::Sender<Vec<ServiceStatus>>),
    /// Ends the task: what `omega` asks for, then [`Event::Stopped`].
    Stop,
}

/// What the task reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// From now on the data plane should hold this service with exactly these destinations.
    Wanted {
        /// The service.
        service: Service,
        /// Its destinations: real servers in the order of the file, then the sorry server.
        destinations: Vec<Destination>,
    },
    /// A reload took this service away.
    Gone {
        /// What identified it.
        service: ServiceKey,
    },
    /// A `quorum_up`, `quorum_down`, `notify_up` or `notify_down` script is to run.
    Run {
        /// Scripts of one queue run in order.
        queue: String,
        /// The script.
        script: Script,
    },
    /// A service gained or lost its quorum, or a real server came or went: for FIFOs and mail.
    Turned {
        /// `VS …` or `RS … …`, as FIFOs have it.
        what: String,
        /// The same as the subject of a letter.
        subject: String,
        /// It is there from now on.
        up: bool,
        /// Whether mail is wanted.
        mail: bool,
    },
    /// A line for the log.
    Log {
        /// How much it matters.
        level: Level,
        /// The line, in keepalived's words where it has them.
        text: String,
    },
    /// Everything that follows from the last [`Command::Apply`] itself has been said.
    Applied,
    /// The task has ended; the last event.
    Stopped,
}

/// The task's other end. When it is dropped the task ends as with [`Command::Stop`].
#[derive(Clone, Debug)]
pub struct Checker {
    commands: mpsc::UnboundedSender<Command>,
}

impl Checker {
    /// Starts the task within the present tokio runtime, without services. `sessions`: what `BFD_CHECK` follows.
    ///
    /// Events are not bounded: there are only as many as verdicts change, and a changed service is reported once
    /// for all that changed together.
    pub fn spawn(sessions: watch::Receiver<Judged>) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (commands, orders) = mpsc::unbounded_channel();
        let (events, receiver) = mpsc::unbounded_channel();
        tokio::spawn(Task::new(events, sessions).run(orders));
        (Self { commands }, receiver)
    }

    /// Hands a command over and returns at once. False: the task has ended.
    pub fn send(&self, command: Command) -> bool {
        self.commands.send(command).is_ok()
    }

    /// The state of everything; empty when the task has ended.
    pub async fn status(&self) -> Vec<ServiceStatus> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Status(reply));
        answer.await.unwrap_or_default()
    }
}

/// The task.
struct Task {
    roster: Roster,
    timers: Timers,
    policy: Policy,
    clients: Clients,
    sessions: watch::Receiver<Judged>,
    probes: JoinSet<Outcome>,
    /// Which check a probe under way belongs to.
    under_way: HashMap<Id, usize>,
    /// Services that may want other destinations than last said.
    changed: BTreeSet<usize>,
    events: mpsc::UnboundedSender<Event>,
}

/// Checks and results handled in one go before others get a turn.
const BUDGET: usize = 256;

impl Task {
    fn new(events: mpsc::UnboundedSender<Event>, sessions: watch::Receiver<Judged>) -> Self {
        Self {
            roster: Roster::default(),
            timers: Timers::default(),
            policy: Policy::default(),
            clients: Clients::default(),
            sessions,
            probes: JoinSet::new(),
            under_way: HashMap::new(),
            changed: BTreeSet::new(),
            events,
        }
    }

    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            let due = self.timers.next(&self.roster.slots);
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Apply { virtual_servers, policy }) => self.apply(virtual_servers, policy),
                    Some(Command::Status(reply)) => {
                        // Whoever asked may have gone.
                        let _ = reply.send(status::of(&self.roster, clock::now()));
                    }
                    Some(Command::Stop) | None => break,
                },
                Some(done) = self.probes.join_next_with_id() => {
                    self.finished(done);
                    for _ in 1..BUDGET {
                        let Some(done) = self.probes.try_join_next_with_id() else { break };
                        self.finished(done);
                    }
                }
                () = until(due) => self.fire(),
            }
            self.publish();
        }
        for service in &self.roster.services {
            service.farewell(&mut |event| say(&self.events, event));
        }
        say(&self.events, Event::Stopped);
    }

    fn apply(&mut self, virtual_servers: Vec<VirtualServer>, policy: Policy) {
        self.policy = policy;
        // The files may have changed.
        self.clients = Clients::default();
        let events = self.events.clone();
        self.roster.apply(clock::now(), virtual_servers, &mut |event| say(&events, event));
        self.under_way = (self.roster.slots.iter().enumerate())
            .filter_map(|(place, slot)| slot.run.as_ref().map(|run| (run.id(), place)))
            .collect();
        self.timers = Timers::of(&self.roster.slots);
        self.changed = (0..self.roster.services.len()).collect();
        self.publish();
        say(&self.events, Event::Applied);
    }

    /// Lets the checks that are due know it.
    fn fire(&mut self) {
        let now = clock::now();
        for _ in 0..BUDGET {
            let Some(place) = self.timers.pop_due(now, &self.roster.slots) else { break };
            self.step(now, place, check::Event::Tick);
        }
    }

    /// Takes the result of a probe. One that was abandoned is in nobody's interest.
    fn finished(&mut self, done: Result<(Id, Outcome), JoinError>) {
        let (id, outcome) = match done {
            Ok((id, outcome)) => (id, Some(outcome)),
            Err(error) => (error.id(), None),
        };
        let Some(place) = self.under_way.remove(&id) else { return };
        self.roster.slots[place].run = None;
        let said = self.roster.slots[place].share;
        let event = match outcome {
            Some(Outcome::Passed) => {
                self.roster.slots[place].last = None;
                self.roster.slots[place].share = Share::Silent;
                check::Event::Passed
            }
            Some(Outcome::Weighed(share)) => {
                self.roster.slots[place].last = None;
                self.roster.slots[place].share = share;
                check::Event::Passed
            }
            Some(Outcome::Failed { failure, detail }) => {
                self.roster.slots[place].detail = detail;
                self.roster.slots[place].last = Some(failure);
                check::Event::Failed(failure)
            }
            Some(Outcome::Skipped(why)) => {
                let text = format!("{} could not be made: {why}", self.roster.name_of(place));
                say(&self.events, Event::Log { level: Level::WARN, text });
                check::Event::Skipped
            }
            None => check::Event::Skipped,
        };
        self.step(clock::now(), place, event);
        if [said, self.roster.slots[place].share] != [Share::Silent; 2] {
            self.weigh(place);
        }
    }

    /// Tells the pool of a check's server what its checks say of its weight now.
    fn weigh(&mut self, place: usize) {
        let event = pool::Event::CheckWeights {
            server: self.roster.slots[place].server,
            offset: self.roster.offset_of(place),
        };
        let service = self.roster.slots[place].service;
        let events = &self.events;
        self.roster.services[service].handle(event, None, &mut |event| say(events, event));
        self.changed.insert(service);
    }

    /// Gives an event to a check and does what it says.
    fn step(&mut self, now: Duration, place: usize, event: check::Event) {
        let core = &mut self.roster.slots[place].core;
        let was_proven = core.proven();
        let actions = core.handle(now, event);
        for action in actions {
            match action {
                check::Action::Probe => self.probe(place),
                check::Action::Abandon => {
                    if let Some(run) = self.roster.slots[place].run.take() {
                        self.under_way.remove(&run.id());
                    }
                }
                check::Action::Attempt { failure, left: Some(left) } => {
                    let name = self.roster.name_of(place);
                    let why = self.roster.slots[place].reason(failure);
                    let left = match left {
                        0 => "no retry".to_owned(),
                        1 => "1 retry".to_owned(),
                        left => format!("{left} retries"),
                    };
                    let text = format!("{name} failed: {why} ({left} left).");
                    say(&self.events, Event::Log { level: Level::INFO, text });
                }
                check::Action::Recovering { left } => {
                    let text = format!("{} success, {left} more needed.", self.roster.name_of(place));
                    say(&self.events, Event::Log { level: Level::INFO, text });
                }
                // It is down already, and was said to be.
                check::Action::Attempt { failure: _, left: None } => {}
                check::Action::Verdict(verdict) => self.verdict(place, verdict, was_proven),
            }
        }
        if let Some(deadline) = self.roster.slots[place].core.deadline() {
            self.timers.push(deadline, place);
        }
    }

    fn probe(&mut self, place: usize) {
        let slot = &mut self.roster.slots[place];
        let known = slot.core.proven().then(|| slot.core.verdict() == Verdict::Up);
        let follow = Follow { sessions: self.sessions.clone(), known };
        let run = self.probes.spawn(probe::make(
            slot.config.probe.clone(),
            self.policy.clone(),
            self.clients.clone(),
            follow,
        ));
        self.under_way.insert(run.id(), place);
        slot.run = Some(Run(run));
    }

    fn verdict(&mut self, place: usize, verdict: Verdict, was_proven: bool) {
        let name = self.roster.name_of(place);
        let slot = &self.roster.slots[place];
        let (level, text, why) = match verdict {
            Verdict::Up => (Level::INFO, format!("{name} success."), None),
            Verdict::Down(failure) => {
                let why = failure.map(|failure| slot.reason(failure));
                // A first failure had no retries.
                let retries = if was_proven { slot.core.timing().retry } else { 0 };
                let after = match retries {
                    0 => String::new(),
                    1 => " after 1 retry".to_owned(),
                    retries => format!(" after {retries} retries"),
                };
                let text =
                    format!("{name} failed{after}: {}.", why.as_deref().unwrap_or("no probe passed yet"));
                (Level::WARN, text, why)
            }
        };
        say(&self.events, Event::Log { level, text });
        let event = pool::Event::Check { server: slot.server, check: slot.check, up: verdict == Verdict::Up };
        let service = slot.service;
        let events = &self.events;
        self.roster.services[service].handle(event, why.as_deref(), &mut |event| say(events, event));
        self.changed.insert(service);
    }

    /// Says what the data plane should hold, for the services where that changed.
    fn publish(&mut self) {
        for place in core::mem::take(&mut self.changed) {
            let events = &self.events;
            self.roster.services[place].publish(&mut |event| say(events, event));
        }
    }
}

/// Waits until the time comes; for ever without one.
async fn until(due: Option<Duration>) {
    match due {
        Some(due) => sleep(due.saturating_sub(clock::now())).await,
        None => core::future::pending().await,
    }
}

/// When nobody listens the daemon is ending, and the task with it.
fn say(events: &mpsc::UnboundedSender<Event>, event: Event) {
    let _ = events.send(event);
}

#[cfg(test)]
mod tests;
