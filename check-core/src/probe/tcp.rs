//! `TCP_CHECK`: a server is good when it accepts a connection.

use core::time::Duration;

use crate::Failure;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Begin.
    Start,
    /// The connection is established.
    Connected,
    /// The connection could not be made.
    Failed(Failure),
    /// The deadline may have come.
    Tick,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connect to the server; answer with [`Event::Connected`] or [`Event::Failed`].
    Connect,
    /// Let go of the socket, in the ordinary way: no reset, so that the server's log stays clean.
    Close,
    /// The result. Nothing follows.
    Finished(Result<(), Failure>),
}

/// At most: close and say so.
pub type Actions = heapless::Vec<Action, 2>;

/// One run of a TCP probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpProbe {
    timeout: Duration,
    phase: Phase,
}

/// How far the dialogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Connecting { until: Duration },
    Done,
}

impl TcpProbe {
    /// A probe that gives up when no connection stands after `timeout` (`connect_timeout`).
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, phase: Phase::Idle }
    }

    /// What to do about an event at the time `now`.
    #[must_use]
    pub fn handle(&mut self, now: Duration, event: Event) -> Actions {
        match (self.phase, event) {
            (Phase::Idle, Event::Start) => {
                self.phase = Phase::Connecting { until: now.saturating_add(self.timeout) };
                [Action::Connect].into_iter().collect()
            }
            (Phase::Connecting { .. }, Event::Connected) => self.finish(Ok(())),
            (Phase::Connecting { .. }, Event::Failed(failure)) => self.finish(Err(failure)),
            (Phase::Connecting { until }, Event::Tick) if now >= until => self.finish(Err(Failure::Timeout)),
            (Phase::Idle, Event::Connected | Event::Failed(_) | Event::Tick)
            | (Phase::Connecting { .. }, Event::Start | Event::Tick)
            | (Phase::Done, Event::Start | Event::Connected | Event::Failed(_) | Event::Tick) => {
                Actions::new()
            }
        }
    }

    /// When to send [`Event::Tick`]; `None` before the start and after the end.
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Connecting { until } => Some(until),
            Phase::Idle | Phase::Done => None,
        }
    }

    fn finish(&mut self, result: Result<(), Failure>) -> Actions {
        self.phase = Phase::Done;
        [Action::Close, Action::Finished(result)].into_iter().collect()
    }
}
