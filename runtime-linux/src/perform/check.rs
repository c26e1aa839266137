//! Health checks: one task that runs all checks of all virtual servers and says which destinations each
//! service should have.
//!
//! What a result means is decided by `check-core`. This task keeps one queue of the times when checks are due,
//! makes the probes as they come due, and reports what changes. It touches no data plane.

mod command;
mod crowd;
mod deadlines;
mod descriptors;
mod order;
mod probe;
mod prober;
mod roster;
mod service;
mod spread;
mod status;
mod survey;
mod suspend;
mod timers;
mod told;
mod voice;
mod who;

use core::time::Duration;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use check_core::pool::Share;
use check_core::{Verdict, check, pool};
use ipvs_core::{Destination, Service, ServiceKey};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet, yield_now};
use tokio::time::sleep;
use tracing::Level;

use self::crowd::Crowd;
use self::deadlines::Deadlines;
use self::probe::{Clients, Outcome};
use self::prober::{Last, Run};
use self::roster::Roster;
use self::service::Served;
use self::timers::Timers;
use self::voice::Voice;
use crate::clock;
use crate::config::model::{Script, VirtualServer};
use crate::process::Policy;

pub use self::command::{Count, Counted, Meant, Wish};
pub use self::order::{Order, Standing};
pub use self::probe::{Page, fetch, presentable};
pub use self::status::{CheckStatus, DrainStatus, ServerStatus, ServiceStatus, SorryStatus};
pub use self::survey::{ServerSurvey, ServiceSurvey};
pub use self::told::Told;
pub use self::voice::Listeners;
pub use self::who::Who;

/// What the task is told.
#[derive(Debug)]
pub enum Command {
    /// The whole set of virtual servers wanted from now on. Checks that did not change keep their verdicts and
    /// the times of their next probes.
    Apply {
        /// The services.
        virtual_servers: Vec<Arc<VirtualServer>>,
        /// How the scripts of `MISC_CHECK` run.
        policy: Policy,
    },
    /// `rs_init_notifies`: servers that are up from the start are told of like those that come up. Off before the
    /// first of these.
    TellFirstServers(bool),
    /// Who is told of what turns: of other things there is no [`Event::Turned`]. All are, before the first of these.
    TellTurned(Listeners),
    /// What was wanted of real servers before a restart; comes before the first [`Command::Apply`].
    Restore(Vec<Order>),
    /// The operator wishes something of real servers.
    Obey {
        /// Of which.
        meant: Meant,
        /// What.
        wish: Wish,
        /// A line for each server, or why nothing was done.
        reply: oneshot::Sender<Result<Vec<String>, String>>,
    },
    /// What the data plane has counted, while servers are drained.
    Counted(Counted),
    /// Asks for the state of everything.
    Status(oneshot::Sender<Vec<ServiceStatus>>),
    /// The same in numbers alone.
    Survey(oneshot::Sender<Vec<ServiceSurvey>>),
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
        destinations: Arc<[Destination]>,
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
    /// A service gained or lost its quorum, or a real server came or went: for FIFOs, SNMP and mail.
    Turned {
        /// Which.
        who: Who,
        /// It is there from now on.
        up: bool,
        /// Whether mail is wanted.
        mail: bool,
    },
    /// What the operator wants of real servers changed. This is all of it.
    Orders(Vec<Order>),
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
    /// Starts the task within the present tokio runtime, without services. `told`: what `BFD_CHECK` and
    /// `FILE_CHECK` follow.
    ///
    /// Events are not bounded: there are only as many as verdicts change, and a changed service is reported once
    /// for all that changed together.
    pub fn spawn(told: impl Into<Told>) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (commands, orders) = mpsc::unbounded_channel();
        let (events, receiver) = mpsc::unbounded_channel();
        tokio::spawn(Task::new(events, told.into()).run(orders));
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

    /// The same in numbers alone.
    pub async fn survey(&self) -> Vec<ServiceSurvey> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Survey(reply));
        answer.await.unwrap_or_default()
    }
}

/// The task.
struct Task {
    roster: Roster,
    timers: Timers,
    deadlines: Deadlines,
    policy: Policy,
    clients: Clients,
    told: Told,
    /// When the addresses of this host are looked at again; never, if no service depends on them.
    patrol: Option<Duration>,
    /// Who makes a probe has a permit.
    room: Arc<Semaphore>,
    /// Why there is not room for all.
    complaint: Option<String>,
    probes: JoinSet<(Outcome, Duration)>,
    /// Whose a probe under way is.
    under_way: HashMap<Id, usize>,
    /// Services that may want other destinations than last said.
    changed: BTreeSet<usize>,
    voice: Voice,
}

/// How often the addresses of this host are looked at.
const PATROL: Duration = Duration::from_millis(500);
/// Checks and results handled in one go before others get a turn.
const BUDGET: usize = 256;

impl Task {
    fn new(events: mpsc::UnboundedSender<Event>, told: Told) -> Self {
        Self {
            roster: Roster::default(),
            timers: Timers::default(),
            deadlines: Deadlines::default(),
            policy: Policy::default(),
            clients: Clients::default(),
            told,
            patrol: None,
            room: Arc::new(Semaphore::new(1)),
            complaint: None,
            probes: JoinSet::new(),
            under_way: HashMap::new(),
            changed: BTreeSet::new(),
            voice: Voice::new(events),
        }
    }

    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            let due = self.timers.next(&self.roster.probers).into_iter().chain(self.deadlines.next()).min();
            let patrol = self.patrol;
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Apply { virtual_servers, policy }) => {
                        self.apply(&virtual_servers, policy).await;
                    }
                    Some(Command::TellFirstServers(tell)) => self.roster.tells_first_servers = tell,
                    Some(Command::TellTurned(listeners)) => self.voice.listeners = listeners,
                    Some(Command::Restore(orders)) => self.roster.orders = orders,
                    Some(Command::Obey { meant, wish, reply }) => {
                        // Whoever asked may have gone; here and below.
                        let _ = reply.send(self.obey(&meant, wish));
                    }
                    Some(Command::Counted(counted)) => self.counted(&counted),
                    Some(Command::Status(reply)) => {
                        let _ = reply.send(status::of(&self.roster, clock::now()));
                    }
                    Some(Command::Survey(reply)) => {
                        let _ = reply.send(survey::of(&self.roster));
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
                () = self.told.news() => self.listen(),
                () = until(patrol) => self.patrol(),
                () = until(due) => self.fire(),
            }
            self.publish_changes();
        }
        for service in &self.roster.services {
            service.farewell(&mut |event| self.voice.say(event));
        }
        self.voice.say(Event::Stopped);
    }

    async fn apply(&mut self, virtual_servers: &[Arc<VirtualServer>], policy: Policy) {
        self.policy = policy;
        // The files may have changed.
        self.clients = Clients::default();
        let (voice, mut crowd) = (self.voice.clone(), Crowd::default());
        self.changed =
            self.roster.apply(clock::now(), virtual_servers, &mut crowd, &mut |event| voice.say(event));
        self.under_way = (self.roster.probers.iter().enumerate())
            .filter_map(|(place, prober)| prober.run.as_ref().map(|run| (run.id(), place)))
            .collect();
        self.timers = Timers::of(&self.roster.probers);
        self.deadlines = Deadlines::default();
        self.make_room();
        self.patrol();
        // What is known already counts from the start.
        let now = clock::now();
        for told in 0..self.roster.told.len() {
            self.step(now, self.roster.told[told], check::Event::Tick);
        }
        for place in 0..self.roster.probers.len() {
            self.tell(place);
        }
        for service in &mut self.roster.services {
            service.begin(now, &mut crowd, &mut |event| voice.say(event));
        }
        crowd.end(&mut |event| voice.say(event));
        for (place, service) in self.roster.services.iter().enumerate() {
            self.deadlines.set(place, service.pool.deadline());
        }
        for (count, place) in (1..).zip(core::mem::take(&mut self.changed)) {
            self.publish(place);
            if count % BUDGET == 0 {
                // Who listens takes these before there are more.
                yield_now().await;
            }
        }
        // Of services that went nobody wants anything.
        self.tell_orders();
        self.voice.say(Event::Applied);
    }

    /// Looks at which addresses this host has, for `ha_suspend`.
    fn patrol(&mut self) {
        let now = clock::now();
        let wanted = self.roster.suspends();
        self.patrol = wanted.then(|| now.saturating_add(PATROL));
        let here = if wanted { suspend::addresses() } else { BTreeSet::new() };
        for (place, goes_on) in self.roster.settle(&here) {
            let event = if goes_on {
                self.roster.probers[place].heard = None;
                check::Event::Resume { offset: self.roster.offset(place) }
            } else {
                check::Event::Suspend
            };
            self.step(now, place, event);
        }
        if wanted {
            // A service that is back here is told what others have found meanwhile.
            for place in 0..self.roster.probers.len() {
                self.tell(place);
            }
        }
    }

    /// Sees to it that as many probes can be made at once as there may be.
    fn make_room(&mut self) {
        let asking = self.roster.probers.len() - self.roster.told.len();
        let descriptors::Room { probes, complaint } = descriptors::make_room(asking);
        // Those under way give their permits back to where they have them from.
        self.room = Arc::new(Semaphore::new(probes.min(Semaphore::MAX_PERMITS)));
        if let Some(text) = complaint.clone().filter(|_| complaint != self.complaint) {
            self.voice.say(Event::Log { level: Level::WARN, text });
        }
        self.complaint = complaint;
    }

    /// Lets the checks that are due know it.
    fn fire(&mut self) {
        let now = clock::now();
        for _ in 0..BUDGET {
            let Some(place) = self.timers.pop_due(now, &self.roster.probers) else { break };
            self.step(now, place, check::Event::Tick);
        }
        for place in self.deadlines.due(now) {
            let voice = &self.voice;
            self.roster.services[place].handle(pool::Event::Tick, None, &mut |event| voice.say(event));
            self.changed.insert(place);
        }
    }

    /// Gives the checks that are told what is new.
    fn listen(&mut self) {
        for told in 0..self.roster.told.len() {
            self.hear(self.roster.told[told]);
        }
    }

    /// Gives a check that waits to be told what it is told, if that is new to it.
    fn hear(&mut self, place: usize) {
        let prober = &mut self.roster.probers[place];
        if !prober.listening {
            return;
        }
        let outcome = self.told.of(&prober.config.probe);
        if outcome.is_none() || outcome == prober.heard {
            return;
        }
        prober.heard.clone_from(&outcome);
        prober.listening = false;
        self.result(place, outcome, Duration::ZERO);
    }

    /// Takes the end of a probe. One that was abandoned is in nobody's interest.
    fn finished(&mut self, done: Result<(Id, (Outcome, Duration)), JoinError>) {
        let (id, outcome, took) = match done {
            Ok((id, (outcome, took))) => (id, Some(outcome), took),
            Err(error) => (error.id(), None, Duration::ZERO),
        };
        let Some(place) = self.under_way.remove(&id) else { return };
        self.roster.probers[place].run = None;
        self.result(place, outcome, took);
    }

    /// Takes the result of a probe; none when it broke off.
    fn result(&mut self, place: usize, outcome: Option<Outcome>, took: Duration) {
        let now = clock::now();
        let prober = &mut self.roster.probers[place];
        let last = |failure| Some(Last { at: now, took, failure });
        let event = match outcome {
            Some(Outcome::Passed) => {
                (prober.last, prober.share) = (last(None), Share::Silent);
                check::Event::Passed
            }
            Some(Outcome::Weighed(share)) => {
                (prober.last, prober.share) = (last(None), share);
                check::Event::Passed
            }
            Some(Outcome::Failed { failure, detail }) => {
                (prober.last, prober.detail) = (last(Some(failure)), detail);
                check::Event::Failed(failure)
            }
            Some(Outcome::Skipped(why)) => {
                let text = format!("{} could not be made: {why}", self.roster.name_of(place));
                self.voice.say(Event::Log { level: Level::WARN, text });
                check::Event::Skipped
            }
            None => check::Event::Skipped,
        };
        self.step(now, place, event);
        self.tell(place);
    }

    /// Gives an event to a check and does what it says.
    fn step(&mut self, now: Duration, place: usize, event: check::Event) {
        let core = &mut self.roster.probers[place].core;
        let was_proven = core.proven();
        let actions = core.handle(now, event);
        for action in actions {
            match action {
                check::Action::Probe => self.probe(place),
                check::Action::Abandon => {
                    self.roster.probers[place].listening = false;
                    if let Some(run) = self.roster.probers[place].run.take() {
                        self.under_way.remove(&run.id());
                    }
                }
                check::Action::Attempt { failure, left: Some(left) } => {
                    let name = self.roster.name_of(place);
                    let prober = &self.roster.probers[place];
                    let why = prober.reason(failure);
                    let left = match left {
                        0 => "no retry".to_owned(),
                        1 => "1 retry".to_owned(),
                        left => format!("{left} retries"),
                    };
                    let level = if prober.config.log_all_failures { Level::INFO } else { Level::DEBUG };
                    let text = format!("{name} failed: {why} ({left} left).");
                    self.voice.say(Event::Log { level, text });
                }
                check::Action::Recovering { left } => {
                    let text = format!("{} success, {left} more needed.", self.roster.name_of(place));
                    self.voice.say(Event::Log { level: Level::INFO, text });
                }
                // It is down already, but that may have been an assumption only.
                check::Action::Attempt { failure: _, left: None } if !was_proven => {
                    self.verdict(place, self.roster.probers[place].core.verdict(), was_proven);
                }
                check::Action::Attempt { failure: _, left: None } => {}
                check::Action::Verdict(verdict) => self.verdict(place, verdict, was_proven),
            }
        }
        if let Some(deadline) = self.roster.probers[place].core.deadline() {
            self.timers.push(deadline, place);
        }
    }

    fn probe(&mut self, place: usize) {
        let prober = &mut self.roster.probers[place];
        if Told::knows(&prober.config.probe) {
            prober.listening = true;
            return self.hear(place);
        }
        let made = probe::make(
            prober.config.probe.clone(),
            self.policy.clone(),
            self.clients.clone(),
            prober.gate.clone(),
        );
        let room = Arc::clone(&self.room);
        let run = self.probes.spawn(async move {
            let _permit = room.acquire().await;
            let began = clock::now();
            let outcome = made.await;
            (outcome, clock::now().saturating_sub(began))
        });
        prober.probes += 1;
        self.under_way.insert(run.id(), place);
        prober.run = Some(Run(run));
    }

    /// Says what a check has found.
    fn verdict(&mut self, place: usize, verdict: Verdict, was_proven: bool) {
        let name = self.roster.name_of(place);
        let prober = &self.roster.probers[place];
        let (level, text) = match verdict {
            Verdict::Up => (Level::INFO, format!("{name} success.")),
            Verdict::Down(failure) => {
                let why = failure.map(|failure| prober.reason(failure));
                // A first failure had no retries.
                let retries = if was_proven { prober.core.timing().retry } else { 0 };
                let after = match retries {
                    0 => String::new(),
                    1 => " after 1 retry".to_owned(),
                    retries => format!(" after {retries} retries"),
                };
                let why = why.as_deref().unwrap_or("no probe passed yet");
                (Level::WARN, format!("{name} failed{after}: {why}."))
            }
        };
        self.voice.say(Event::Log { level, text });
    }

    /// Tells the pools what has been found.
    fn tell(&mut self, place: usize) {
        let voice = &self.voice;
        self.changed.extend(self.roster.tell(place, &mut |event| voice.say(event)));
    }

    /// Says what the data plane should hold and the operator wants, for the services where that changed.
    fn publish_changes(&mut self) {
        let mut ordered = false;
        for place in core::mem::take(&mut self.changed) {
            ordered |= self.publish(place);
        }
        if ordered {
            self.tell_orders();
        }
    }

    /// Says what the data plane should hold of one service, if that changed; true if the operator wants something else.
    fn publish(&mut self, place: usize) -> bool {
        let (voice, service) = (&self.voice, &mut self.roster.services[place]);
        service.publish(&mut |event| voice.say(event));
        self.deadlines.set(place, service.pool.deadline());
        service.look_at_orders()
    }

    /// Tells what the operator wants, if that is not what was last known.
    fn tell_orders(&mut self) {
        let orders = self.roster.services.iter().flat_map(Served::orders).cloned().collect();
        if orders != self.roster.orders {
            self.roster.orders.clone_from(&orders);
            self.voice.say(Event::Orders(orders));
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

#[cfg(test)]
mod tests;
