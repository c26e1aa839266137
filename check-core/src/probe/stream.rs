//! A dialogue over a connection: the phases and time limits that every one has.
//!
//! [`Conversation`] connects, keeps the time and ends; what is said is up to its [`Dialogue`], which sees
//! bytes only. Two limits hold: each step of the server must come within `timeout`, and all of it within
//! `limit`, so that a server that dribbles one byte a second fails, too.

use core::fmt;
use core::time::Duration;

use crate::{Failure, Tls};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Begin.
    Start,
    /// The connection stands, and is being secured: the runtime speaks TLS from the first byte.
    Reached,
    /// The connection stands; where the runtime speaks TLS from the first byte, it is secured as well.
    Connected,
    /// The connection speaks TLS from now on, as [`Action::Secure`] asked.
    Secured,
    /// The server said this. Pieces may be cut anywhere.
    Received(&'a [u8]),
    /// The server has ended its side in the ordinary way.
    Closed,
    /// The connection could not be made, or broke.
    Failed(Failure),
    /// The deadline may have come.
    Tick,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connect to the server; answer with [`Event::Connected`] or [`Event::Failed`].
    Connect,
    /// Send what [`Conversation::message`] writes, now.
    Send,
    /// Start TLS on the connection; answer with [`Event::Secured`] or [`Event::Failed`].
    Secure,
    /// Let go of the connection in the ordinary way.
    Close,
    /// The result. Nothing follows.
    Finished(Result<(), Failure>),
}

/// At most: say the last word, close, and tell the result.
pub type Actions = heapless::Vec<Action, 3>;

/// What a dialogue wants after something was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Hear more.
    Wait,
    /// Say what [`Dialogue::message`] writes.
    Send,
    /// Go on in TLS.
    Secure,
    /// Say what [`Dialogue::message`] writes as a farewell, and end with success.
    Part,
    /// End.
    Finish(Result<(), Failure>),
}

/// What is said on a connection.
pub trait Dialogue {
    /// The connection stands.
    fn opened(&mut self) -> Step;

    /// The server said `bytes`.
    fn received(&mut self, bytes: &[u8]) -> Step;

    /// The connection speaks TLS, as [`Step::Secure`] asked.
    fn secured(&mut self) -> Step {
        Step::Wait
    }

    /// The server ended its side: was that the proper end?
    ///
    /// # Errors
    /// What lacks.
    fn ended(&mut self) -> Result<(), Failure>;

    /// Gives what is to be said now to `say`, piece by piece.
    fn message(&self, say: &mut dyn FnMut(&[u8]));
}

/// Says text.
pub(super) fn text(say: &mut dyn FnMut(&[u8]), text: fmt::Arguments<'_>) {
    struct Pieces<'s>(&'s mut dyn FnMut(&[u8]));
    impl fmt::Write for Pieces<'_> {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            (self.0)(piece.as_bytes());
            Ok(())
        }
    }
    fmt::Write::write_fmt(&mut Pieces(say), text).expect("saying a piece never fails");
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the connection, and for each pause of the server (`connect_timeout`).
    pub timeout: Duration,
    /// For everything from the start to the end.
    pub limit: Duration,
}

/// One run of a dialogue.
#[derive(Clone, Debug)]
pub struct Conversation<D> {
    dialogue: D,
    limits: Limits,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// Waiting until `next`; in all until `end`.
    Waiting {
        what: Awaited,
        next: Duration,
        end: Duration,
    },
    Done,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Connection,
    Security,
    /// The answer's first byte.
    Answer,
    /// The rest of an answer that has begun.
    Rest,
}

impl Awaited {
    /// What it means that it has not come.
    fn lack(self) -> Failure {
        match self {
            Self::Connection => Failure::Timeout,
            Self::Security => Failure::Tls(Tls::Timeout),
            Self::Answer => Failure::Silent,
            Self::Rest => Failure::Unanswered,
        }
    }
}

impl<D: Dialogue> Conversation<D> {
    /// A conversation that has not begun.
    pub fn new(dialogue: D, limits: Limits) -> Self {
        Self { dialogue, limits, phase: Phase::Idle }
    }

    /// What to do about an event at the time `now`.
    #[must_use]
    pub fn handle(&mut self, now: Duration, event: Event<'_>) -> Actions {
        match (self.phase, event) {
            (Phase::Idle, Event::Start) => {
                let end = now.saturating_add(self.limits.limit);
                self.wait(now, end, Awaited::Connection);
                [Action::Connect].into_iter().collect()
            }
            (Phase::Waiting { what: Awaited::Connection, end, .. }, Event::Reached) => {
                self.wait(now, end, Awaited::Security);
                Actions::new()
            }
            (Phase::Waiting { what: Awaited::Connection | Awaited::Security, end, .. }, Event::Connected) => {
                let step = self.dialogue.opened();
                self.step(now, end, step)
            }
            (Phase::Waiting { what: Awaited::Security, end, .. }, Event::Secured) => {
                let step = self.dialogue.secured();
                self.step(now, end, step)
            }
            (Phase::Waiting { what: Awaited::Answer | Awaited::Rest, end, .. }, Event::Received(bytes)) => {
                match self.dialogue.received(bytes) {
                    Step::Wait if bytes.is_empty() => Actions::new(),
                    Step::Wait => {
                        self.wait(now, end, Awaited::Rest);
                        Actions::new()
                    }
                    step @ (Step::Send | Step::Secure | Step::Part | Step::Finish(_)) => {
                        self.step(now, end, step)
                    }
                }
            }
            (Phase::Waiting { what: Awaited::Answer, .. }, Event::Closed) => match self.dialogue.ended() {
                Ok(()) => self.finish(Ok(())),
                Err(_) => self.finish(Err(Failure::Closed)),
            },
            (Phase::Waiting { what: Awaited::Security, .. }, Event::Closed) => {
                self.finish(Err(Failure::Tls(Tls::Closed)))
            }
            (Phase::Waiting { what: Awaited::Rest, .. }, Event::Closed) => {
                let result = self.dialogue.ended();
                self.finish(result)
            }
            (Phase::Waiting { .. }, Event::Failed(failure)) => self.finish(Err(failure)),
            (Phase::Waiting { what, next, end }, Event::Tick) if now >= next.min(end) => {
                self.finish(Err(what.lack()))
            }
            (
                Phase::Idle | Phase::Waiting { .. } | Phase::Done,
                Event::Start
                | Event::Reached
                | Event::Connected
                | Event::Secured
                | Event::Received(_)
                | Event::Closed
                | Event::Failed(_)
                | Event::Tick,
            ) => Actions::new(),
        }
    }

    /// When to send [`Event::Tick`]; `None` before the start and after the end.
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Waiting { next, end, .. } => Some(next.min(end)),
            Phase::Idle | Phase::Done => None,
        }
    }

    /// Gives what [`Action::Send`] means to `say`, piece by piece.
    pub fn message(&self, say: &mut dyn FnMut(&[u8])) {
        self.dialogue.message(say);
    }

    /// The dialogue, for what it has learned.
    pub fn dialogue(&self) -> &D {
        &self.dialogue
    }

    fn wait(&mut self, now: Duration, end: Duration, what: Awaited) {
        self.phase = Phase::Waiting { what, next: now.saturating_add(self.limits.timeout), end };
    }

    fn finish(&mut self, result: Result<(), Failure>) -> Actions {
        self.phase = Phase::Done;
        [Action::Close, Action::Finished(result)].into_iter().collect()
    }

    fn step(&mut self, now: Duration, end: Duration, step: Step) -> Actions {
        let actions: &[Action] = match step {
            Step::Wait => {
                self.wait(now, end, Awaited::Answer);
                &[]
            }
            Step::Send => {
                self.wait(now, end, Awaited::Answer);
                &[Action::Send]
            }
            Step::Secure => {
                self.wait(now, end, Awaited::Security);
                &[Action::Secure]
            }
            Step::Part => {
                self.phase = Phase::Done;
                &[Action::Send, Action::Close, Action::Finished(Ok(()))]
            }
            Step::Finish(result) => return self.finish(result),
        };
        actions.iter().copied().collect()
    }
}
