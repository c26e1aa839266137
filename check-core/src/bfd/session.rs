//! One side of a session.

use core::time::Duration;

use super::jitter::Jitter;
use super::{Action, Actions, Config, Diagnostic, Event, Ignored, Remote, Repr, State};

/// One side of a session. It begins in `AdminDown` and is silent until [`Event::Start`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    config: Config,
    state: State,
    diagnostic: Diagnostic,
    /// `None`: nothing was heard for a detection time, or ever.
    remote: Option<Remote>,
    poll: Poll,
    /// What holds until a poll has ended (RFC 5880 §6.8.3): the interval of sending from before it was made longer,
    /// and the one of receiving from before it was made shorter.
    held: Held,
    /// When the last packet was sent that counts for the interval.
    sent: Option<Duration>,
    /// When to send the next.
    transmit: Option<Duration>,
    /// The interval that `transmit` was drawn from.
    interval: Option<Duration>,
    /// When the other side was last heard.
    heard: Duration,
    jitter: Jitter,
    /// The latest time told; a clock that steps back stands still.
    now: Duration,
}

/// Whether the other side has been asked to confirm our intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Poll {
    Idle,
    Running,
    /// They changed again meanwhile: the answer under way may be to the former ones.
    Again,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    min_tx: Option<Duration>,
    min_rx: Option<Duration>,
}

impl Session {
    /// A session that has not begun.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            state: State::AdminDown,
            diagnostic: Diagnostic::None,
            remote: None,
            poll: Poll::Idle,
            held: Held::default(),
            sent: None,
            transmit: None,
            interval: None,
            heard: Duration::ZERO,
            jitter: Jitter::new(config.settings().seed),
            now: Duration::ZERO,
        }
    }

    /// What to do about an event at the time `now`.
    #[must_use]
    pub fn handle(&mut self, now: Duration, event: Event) -> Actions {
        self.now = self.now.max(now);
        match event {
            Event::Start => self.start(),
            Event::Tick => self.tick(),
            Event::Packet { packet, ttl } => self.packet(&packet, ttl),
            Event::Stop => self.stop(),
            Event::Configure(config) => {
                self.configure(config);
                Actions::new()
            }
        }
    }

    /// When to send [`Event::Tick`].
    pub fn deadline(&self) -> Option<Duration> {
        match (self.transmit, self.detection()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why it last left Up; [`Diagnostic::None`] since it is Up.
    pub fn diagnostic(&self) -> Diagnostic {
        self.diagnostic
    }

    /// What was last heard of the other side; `None` once that is older than the detection time.
    pub fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref()
    }

    /// How we want it.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Silence of this length ends the session (RFC 5880 §6.8.4); `None` while the other side is not known.
    pub fn detection_time(&self) -> Option<Duration> {
        let remote = self.remote?;
        let min_rx = self.held.min_rx.unwrap_or(self.config.settings().min_rx);
        Some(min_rx.max(remote.min_tx) * u32::from(remote.multiplier))
    }

    /// The longest time between two packets of ours (RFC 5880 §6.8.7); `None`: none are sent.
    pub fn transmit_interval(&self) -> Option<Duration> {
        let desired = self.held.min_tx.unwrap_or(self.desired_min_tx());
        let Some(remote) = self.remote else {
            let speaks = self.state != State::AdminDown && !self.config.settings().passive;
            return speaks.then_some(desired);
        };
        let unwanted = remote.min_rx.is_zero()
            || (remote.demand
                && self.state == State::Up
                && remote.state == State::Up
                && self.poll == Poll::Idle);
        (!unwanted).then_some(desired.max(remote.min_rx))
    }

    /// What the next packet says: slow while not Up (RFC 5880 §6.8.3).
    fn desired_min_tx(&self) -> Duration {
        let settings = self.config.settings();
        match self.state {
            State::Up => settings.min_tx,
            State::AdminDown | State::Down | State::Init => settings.min_tx.max(settings.idle_tx),
        }
    }

    /// When the other side counts as gone.
    fn detection(&self) -> Option<Duration> {
        self.detection_time().map(|time| self.heard.saturating_add(time))
    }

    fn start(&mut self) -> Actions {
        if self.state != State::AdminDown {
            return Actions::new();
        }
        // What was heard before says nothing about now.
        self.remote = None;
        self.change(State::Down, Diagnostic::None)
    }

    fn stop(&mut self) -> Actions {
        if self.state == State::AdminDown {
            return Actions::new();
        }
        self.change(State::AdminDown, Diagnostic::AdministrativelyDown)
    }

    fn tick(&mut self) -> Actions {
        if self.detection().is_some_and(|detection| self.now >= detection) {
            self.remote = None;
            match self.state {
                State::Init | State::Up => {
                    return self.change(State::Down, Diagnostic::DetectionTimeExpired);
                }
                State::AdminDown | State::Down => self.schedule(),
            }
        }
        if self.transmit.is_some_and(|due| self.now >= due) { self.send(false) } else { Actions::new() }
    }

    /// Reception of RFC 5880 §6.8.6, after what the parser has judged.
    fn packet(&mut self, packet: &Repr, ttl: u8) -> Actions {
        let settings = self.config.settings();
        if ttl < settings.least_ttl {
            return ignored(Ignored::Ttl);
        }
        if packet.your_discriminator != 0 && packet.your_discriminator != settings.discriminator {
            return ignored(Ignored::Discriminator);
        }
        if self.state == State::AdminDown {
            return ignored(Ignored::AdminDown);
        }
        self.remote = Some(Remote {
            discriminator: packet.my_discriminator,
            state: packet.state,
            diagnostic: packet.diagnostic,
            multiplier: packet.multiplier,
            min_tx: packet.desired_min_tx,
            min_rx: packet.required_min_rx,
            demand: packet.demand,
        });
        self.heard = self.now;
        if packet.is_final {
            self.answered();
        }
        let mut actions = match next(self.state, packet.state) {
            Some(State::Up) => self.change(State::Up, Diagnostic::None),
            Some(State::Down) => self.change(State::Down, Diagnostic::NeighborSignaledDown),
            Some(state @ (State::Init | State::AdminDown)) => self.change(state, self.diagnostic),
            None => {
                self.schedule();
                Actions::new()
            }
        };
        if packet.poll {
            let answer = Action::Send(self.message(true));
            match actions.iter_mut().find(|action| matches!(action, Action::Send(_))) {
                // One packet says both.
                Some(news) => *news = answer,
                None => push(&mut actions, answer),
            }
        }
        actions
    }

    fn configure(&mut self, config: Config) {
        let former = *self.config.settings();
        self.config = config.with_discriminator(former.discriminator);
        let settings = *self.config.settings();
        if self.state == State::Up && (former.min_tx, former.min_rx) != (settings.min_tx, settings.min_rx) {
            let sending = self.held.min_tx.unwrap_or(former.min_tx);
            self.held.min_tx = (sending < settings.min_tx).then_some(sending);
            let receiving = self.held.min_rx.unwrap_or(former.min_rx);
            self.held.min_rx = (receiving > settings.min_rx).then_some(receiving);
            self.poll = match self.poll {
                Poll::Idle => Poll::Running,
                Poll::Running | Poll::Again => Poll::Again,
            };
        }
        self.schedule();
    }

    /// The other side has confirmed our intervals.
    fn answered(&mut self) {
        self.poll = match self.poll {
            Poll::Idle | Poll::Running => {
                self.held = Held::default();
                Poll::Idle
            }
            Poll::Again => Poll::Running,
        };
    }

    /// Goes to a state and says so at once (RFC 5880 §6.8.7, last paragraph).
    fn change(&mut self, state: State, diagnostic: Diagnostic) -> Actions {
        self.state = state;
        self.diagnostic = diagnostic;
        self.held = Held::default();
        // Going Up shortens the interval. In other states nobody counts on it, so nobody is asked.
        self.poll = if state == State::Up { Poll::Running } else { Poll::Idle };
        let mut actions = Actions::new();
        push(&mut actions, Action::Changed { state, diagnostic });
        if self.may_speak() {
            for action in self.send(false) {
                push(&mut actions, action);
            }
        } else {
            self.schedule();
        }
        actions
    }

    /// Not to be called in the passive role before the other side has spoken, nor when it wants nothing.
    fn send(&mut self, is_final: bool) -> Actions {
        self.sent = Some(self.now);
        self.interval = None;
        self.schedule();
        let mut actions = Actions::new();
        push(&mut actions, Action::Send(self.message(is_final)));
        actions
    }

    /// Whether a packet may be sent that nobody asked for. The last word of a session that is stopped goes to
    /// whoever was heard.
    fn may_speak(&self) -> bool {
        match self.remote {
            Some(remote) => !remote.min_rx.is_zero(),
            None => !self.config.settings().passive,
        }
    }

    /// Sees to it that the next packet is sent in time for the interval that holds now.
    fn schedule(&mut self) {
        let interval = self.transmit_interval();
        if interval == self.interval && interval.is_some() == self.transmit.is_some() {
            return;
        }
        self.interval = interval;
        self.transmit = interval.map(|interval| {
            let shortened = self.jitter.shorten(interval, self.config.settings().multiplier);
            self.sent.map_or(self.now, |sent| sent.saturating_add(shortened).max(self.now))
        });
    }

    fn message(&self, is_final: bool) -> Repr {
        let settings = self.config.settings();
        Repr {
            diagnostic: self.diagnostic,
            state: self.state,
            poll: self.poll != Poll::Idle && !is_final,
            is_final,
            independent: false,
            demand: false,
            multiplier: settings.multiplier,
            my_discriminator: settings.discriminator,
            your_discriminator: self.remote.map_or(0, |remote| remote.discriminator),
            desired_min_tx: self.desired_min_tx(),
            required_min_rx: settings.min_rx,
            required_min_echo_rx: Duration::ZERO,
        }
    }
}

/// Where a session goes that hears of a state (the diagram of RFC 5880 §6.2); `None`: it stays.
fn next(own: State, heard: State) -> Option<State> {
    match (own, heard) {
        (State::Down, State::Down) => Some(State::Init),
        (State::Down, State::Init) | (State::Init, State::Init | State::Up) => Some(State::Up),
        (State::Init, State::AdminDown) | (State::Up, State::AdminDown | State::Down) => Some(State::Down),
        (State::AdminDown, State::AdminDown | State::Down | State::Init | State::Up)
        | (State::Down, State::AdminDown | State::Up)
        | (State::Init, State::Down)
        | (State::Up, State::Init | State::Up) => None,
    }
}

fn ignored(reason: Ignored) -> Actions {
    let mut actions = Actions::new();
    push(&mut actions, Action::Ignored(reason));
    actions
}

/// A change and a packet are all there can be.
fn push(actions: &mut Actions, action: Action) {
    let pushed = actions.push(action);
    debug_assert!(pushed.is_ok(), "more than a change and a packet");
}
