//! The thread of the sessions: waits for packets, commands and deadlines.

use core::hash::{BuildHasher as _, Hasher as _};
use core::time::Duration;
use std::collections::BTreeMap;
use std::hash::RandomState;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use check_core::bfd::{Action, Actions, Config, Event, Repr, Session, Settings, State};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::EventFd;
use nix::sys::time::TimeSpec;
use tokio::sync::{mpsc, watch};
use tracing::{debug, warn};

use super::socket::{Ear, Mouth, Place};
use super::{Command, Judged, Status};
use crate::app::AbortOnPanic;
use crate::clock;
use crate::config::model::{BfdInstance, Schedule};
use crate::driver::schedule::{self, Urgency};
use crate::driver::{Kind, Verdict};
use crate::perform::track::Report;

pub(super) struct Thread {
    commands: Receiver<Command>,
    wake: Arc<EventFd>,
    reports: mpsc::Sender<Report>,
    judged: watch::Sender<Judged>,
    seats: Vec<Seat>,
    ears: BTreeMap<Place, Ear>,
    /// Places that cannot be heard, and since when that is to be tried again.
    deaf: BTreeMap<Place, Duration>,
    random: RandomState,
    drawn: u64,
    urgency: Urgency,
}

/// One session and what belongs to it.
struct Seat {
    wanted: BfdInstance,
    core: Session,
    mouth: Option<Mouth>,
    /// Where among the ports it looks for its own.
    start: u16,
    /// What was last reported.
    said: Option<bool>,
    /// Until then it is not reported down: it has only begun, and a router that was well before goes on.
    lenient_until: Duration,
    sent: u64,
    received: u64,
    ignored: u64,
    lost: u64,
    remark: Option<String>,
}

impl Thread {
    pub(super) fn new(
        commands: Receiver<Command>,
        wake: Arc<EventFd>,
        reports: mpsc::Sender<Report>,
        judged: watch::Sender<Judged>,
        urgency: Urgency,
    ) -> Self {
        Self {
            commands,
            wake,
            reports,
            judged,
            seats: Vec::new(),
            ears: BTreeMap::new(),
            deaf: BTreeMap::new(),
            random: RandomState::new(),
            drawn: 0,
            urgency,
        }
    }

    pub(super) fn run(mut self, schedule: &Schedule) {
        schedule::BFD.take(schedule, &self.urgency, |level, text| schedule::log(level, &text));
        // Without it what is up would seem so for ever.
        let _guard = AbortOnPanic;
        while self.take_commands() {
            self.listen();
            // All input comes before any timer: what was only late to be read is not lost.
            self.hear();
            let now = clock::now();
            for seat in &mut self.seats {
                if seat.core.deadline().is_some_and(|deadline| deadline <= now) {
                    seat.handle(now, Event::Tick);
                }
            }
            let waiting = self.report(now);
            self.wait(now, waiting);
        }
        let now = clock::now();
        for seat in &mut self.seats {
            seat.handle(now, Event::Stop);
        }
        self.judged.send_replace(Judged::new());
    }

    /// False: it is over.
    fn take_commands(&mut self) -> bool {
        let _ = self.wake.read();
        loop {
            match self.commands.try_recv() {
                Ok(Command::Apply(wanted)) => self.apply(wanted),
                Ok(Command::Place(schedule)) => {
                    schedule::BFD.take(&schedule, &self.urgency, |level, text| schedule::log(level, &text));
                }
                Ok(Command::Status(reply)) => {
                    // Whoever asked may have gone.
                    let _ = reply.send(self.seats.iter().map(Seat::status).collect());
                }
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn apply(&mut self, wanted: Vec<BfdInstance>) {
        let now = clock::now();
        let mut before = core::mem::take(&mut self.seats);
        for wanted in wanted {
            let same = before.iter().position(|seat| seat.is_same_path(&wanted));
            let mut seat = match same {
                Some(index) => before.swap_remove(index),
                None => self.seat(&wanted, now),
            };
            if seat.wanted != wanted {
                let discriminator = seat.core.config().settings().discriminator;
                if let Some(config) = config(&wanted, discriminator, self.draw()) {
                    seat.handle(now, Event::Configure(config));
                }
                seat.wanted = wanted;
            }
            // Who tracks it may be new.
            seat.said = None;
            self.seats.push(seat);
        }
        for seat in &mut before {
            seat.handle(now, Event::Stop);
            self.judged.send_if_modified(|judged| judged.remove(&seat.wanted.name).is_some());
        }
        let places: Vec<Place> = self.seats.iter().map(|seat| Place::of(&seat.wanted)).collect();
        self.ears.retain(|place, _| places.contains(place));
        self.deaf.retain(|place, _| places.contains(place));
        for seat in &mut self.seats {
            seat.handle(now, Event::Start);
        }
    }

    fn seat(&mut self, wanted: &BfdInstance, now: Duration) -> Seat {
        let mut config_of = || {
            let number = u32::try_from(self.draw() >> 32).unwrap_or(1).max(1);
            let taken = self.seats.iter().any(|seat| seat.core.config().settings().discriminator == number);
            if taken { None } else { config(wanted, number, self.draw()) }
        };
        let config = loop {
            // The configuration was checked; what may fail is the draw, once in four thousand million times.
            if let Some(config) = config_of() {
                break config;
            }
        };
        Seat {
            wanted: wanted.clone(),
            core: Session::new(config),
            mouth: None,
            start: u16::try_from(self.draw() & 0x3fff).unwrap_or(0),
            said: None,
            lenient_until: now.saturating_add(wanted.idle_tx.max(wanted.min_tx) * PATIENCE),
            sent: 0,
            received: 0,
            ignored: 0,
            lost: 0,
            remark: None,
        }
    }

    /// A number that nobody can guess.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let mut hasher = self.random.build_hasher();
        hasher.write_u64(self.drawn);
        hasher.finish()
    }

    /// Opens what is not open yet.
    fn listen(&mut self) {
        let now = clock::now();
        for place in self.seats.iter().map(|seat| Place::of(&seat.wanted)) {
            if self.ears.contains_key(&place) || self.deaf.get(&place).is_some_and(|retry| now < *retry) {
                continue;
            }
            match Ear::open(place) {
                Ok(ear) => {
                    self.ears.insert(place, ear);
                    self.deaf.remove(&place);
                }
                Err(error) => {
                    if self.deaf.insert(place, now.saturating_add(RETRY)).is_none() {
                        warn!("BFD cannot be heard on UDP port {}: {error}", place.port());
                    }
                }
            }
        }
    }

    fn hear(&mut self) {
        let mut buffer = [0; LONGEST_PACKET];
        for (place, ear) in &self.ears {
            for _ in 0..BUDGET {
                let heard = match ear.receive(&mut buffer) {
                    Ok(Some(heard)) => heard,
                    Ok(None) => break,
                    Err(error) => {
                        debug!("BFD on UDP port {}: {error}", place.port());
                        break;
                    }
                };
                let Ok(packet) = Repr::parse(&buffer[..heard.len]) else { continue };
                // Who has our number and sends from elsewhere has guessed it.
                let is_it = |seat: &&mut Seat| {
                    Place::of(&seat.wanted) == *place && seat.wanted.neighbor == heard.source
                };
                if let Some(seat) = self.seats.iter_mut().find(is_it) {
                    seat.handle(clock::now(), Event::Packet { packet, ttl: heard.ttl });
                }
            }
        }
    }

    /// Says what changed; true: something could not be said yet.
    fn report(&mut self, now: Duration) -> bool {
        let mut waiting = false;
        for seat in &mut self.seats {
            let up = seat.core.state() == State::Up;
            if seat.said == Some(up) || (!up && seat.said.is_none() && now < seat.lenient_until) {
                continue;
            }
            if seat.wanted.for_checks {
                self.judged
                    .send_if_modified(|judged| judged.insert(seat.wanted.name.clone(), up) != Some(up));
            }
            match self.reports.try_send(seat.report(up)) {
                Ok(()) => seat.said = Some(up),
                Err(mpsc::error::TrySendError::Full(_)) => waiting = true,
                // The daemon ends.
                Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        }
        waiting
    }

    fn wait(&self, now: Duration, waiting: bool) {
        let cores = self.seats.iter().filter_map(|seat| seat.core.deadline());
        let judging = self.seats.iter().filter(|seat| seat.said.is_none()).map(|seat| seat.lenient_until);
        let judging = judging.filter(|until| *until > now);
        let retries = self.deaf.values().copied();
        let unsaid = waiting.then(|| now.saturating_add(UNSAID));
        let due = cores.chain(judging).chain(retries).chain(unsaid).min();
        let timeout = due.map(|due| TimeSpec::from(due.saturating_sub(clock::now())));
        let mut descriptors = vec![PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
        descriptors.extend(self.ears.values().map(|ear| PollFd::new(ear.as_fd(), PollFlags::POLLIN)));
        // A signal in between only makes for one more round.
        let _ = ppoll(&mut descriptors, timeout, None);
    }
}

impl Seat {
    /// Whether the session can go on as that one.
    fn is_same_path(&self, other: &BfdInstance) -> bool {
        let path = |one: &BfdInstance| (one.name.clone(), one.neighbor, one.source, one.multihop, one.ttl);
        path(&self.wanted) == path(other)
    }

    fn handle(&mut self, now: Duration, event: Event) {
        let was_up = self.core.state() == State::Up;
        let is_packet = matches!(event, Event::Packet { .. });
        let actions: Actions = self.core.handle(now, event);
        let ignored = matches!(actions.first(), Some(Action::Ignored(_)));
        self.received += u64::from(is_packet && !ignored);
        self.ignored += u64::from(ignored);
        self.lost += u64::from(was_up && self.core.state() != State::Up);
        for action in actions {
            match action {
                Action::Send(packet) => self.send(&packet),
                Action::Changed { state, diagnostic } => {
                    debug!("BFD session `{}`: {state:?} ({diagnostic:?})", self.wanted.name);
                }
                Action::Ignored(_) => {}
            }
        }
    }

    fn send(&mut self, packet: &Repr) {
        let sent = self.open().and_then(|mouth| mouth.send(&packet.emit()));
        match sent {
            Ok(()) => {
                self.sent += 1;
                self.remark = None;
            }
            // A full queue loses one packet as a network does.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                let remark = error.to_string();
                if self.remark.as_ref() != Some(&remark) {
                    warn!("BFD session `{}`: cannot send: {remark}", self.wanted.name);
                    self.remark = Some(remark);
                }
            }
        }
    }

    fn open(&mut self) -> io::Result<&Mouth> {
        let mouth = match self.mouth.take() {
            Some(mouth) => mouth,
            None => Mouth::open(&self.wanted, self.start)?,
        };
        Ok(self.mouth.insert(mouth))
    }

    fn report(&self, up: bool) -> Report {
        let BfdInstance { name, neighbor, .. } = &self.wanted;
        let text = match (up, self.core.diagnostic().bits()) {
            (true, _) => format!("BFD session `{name}` to {neighbor} is up"),
            (false, 0) => format!("BFD session `{name}` to {neighbor} is down: it was never up"),
            (false, 1) => format!("BFD session `{name}` to {neighbor} is down: nothing was heard in time"),
            (false, 3) => format!("BFD session `{name}` to {neighbor} is down: the other side says so"),
            (false, code) => format!("BFD session `{name}` to {neighbor} is down: diagnostic {code}"),
        };
        Report { kind: Kind::Bfd, name: name.clone(), verdict: Verdict::Good(up), text }
    }

    fn status(&self) -> Status {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
        let remote = self.core.remote();
        Status {
            name: self.wanted.name.clone(),
            neighbor: self.wanted.neighbor.to_string(),
            state: name_of(self.core.state()),
            diagnostic: self.core.diagnostic().bits(),
            remote_state: remote.map(|remote| name_of(remote.state)),
            discriminator: self.core.config().settings().discriminator,
            remote_discriminator: remote.map(|remote| remote.discriminator),
            transmit_interval_ms: self.core.transmit_interval().map(milliseconds),
            detection_time_ms: self.core.detection_time().map(milliseconds),
            sent: self.sent,
            received: self.received,
            ignored: self.ignored,
            lost: self.lost,
            remark: self.remark.clone(),
        }
    }
}

fn config(wanted: &BfdInstance, discriminator: u32, seed: u64) -> Option<Config> {
    let settings = Settings {
        discriminator,
        min_tx: wanted.min_tx,
        min_rx: wanted.min_rx,
        idle_tx: wanted.idle_tx,
        multiplier: wanted.multiplier,
        passive: wanted.passive,
        least_ttl: wanted.least_ttl(),
        seed,
    };
    Config::try_from(settings).ok()
}

fn name_of(state: State) -> &'static str {
    match state {
        State::AdminDown => "admin_down",
        State::Down => "down",
        State::Init => "init",
        State::Up => "up",
    }
}

/// Packets of one place that are read before timers are looked at.
const BUDGET: usize = 256;
/// More than a packet with any authentication has.
const LONGEST_PACKET: usize = 128;
/// A session that begins has so many of its slow intervals to come up.
const PATIENCE: u32 = 3;
/// Between two attempts to open a port.
const RETRY: Duration = Duration::from_secs(1);
/// Between two attempts to report.
const UNSAID: Duration = Duration::from_millis(5);
