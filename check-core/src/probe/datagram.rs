//! An exchange of datagrams: ask once, wait for what fits.

use core::time::Duration;

use crate::Failure;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Begin.
    Start,
    /// The socket is ready.
    Opened,
    /// This came from the server.
    Received(&'a [u8]),
    /// The socket could not be made, or the network says that nothing arrives: an ICMP error, for one.
    Failed(Failure),
    /// The deadline may have come.
    Tick,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a socket that exchanges datagrams with the server alone; answer with [`Event::Opened`] or
    /// [`Event::Failed`].
    Open,
    /// Send what [`Exchange::message`] gives.
    Send,
    /// Ask the same over a connection (DNS, when the answer was cut).
    Connect,
    /// Let go of the socket.
    Close,
    /// The result. Nothing follows.
    Finished(Result<(), Failure>),
}

/// At most: close and say so.
pub type Actions = heapless::Vec<Action, 2>;

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is not to our question: from an earlier probe, perhaps, or forged.
    Foreign,
    /// It was cut to fit a datagram; the whole is to be had over a connection.
    Cut,
    /// It decides.
    Final(Result<(), Failure>),
}

/// A question and how to take its answer.
pub trait Question {
    /// Writes the datagram to send; its length.
    fn message(&self, buffer: &mut [u8]) -> usize;

    /// Looks at what came.
    fn judge(&self, datagram: &[u8]) -> Answer;

    /// What silence means.
    fn silence(&self) -> Result<(), Failure> {
        Err(Failure::Silent)
    }
}

/// One run.
#[derive(Clone, Debug)]
pub struct Exchange<Q> {
    question: Q,
    timeout: Duration,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Opening {
        until: Duration,
    },
    /// `foreign`: answers to other questions came.
    Waiting {
        until: Duration,
        foreign: bool,
    },
    Done,
}

impl<Q: Question> Exchange<Q> {
    /// An exchange that waits `timeout` for its answer.
    pub fn new(question: Q, timeout: Duration) -> Self {
        Self { question, timeout, phase: Phase::Idle }
    }

    /// What to do about an event at the time `now`.
    #[must_use]
    pub fn handle(&mut self, now: Duration, event: Event<'_>) -> Actions {
        match (self.phase, event) {
            (Phase::Idle, Event::Start) => {
                self.phase = Phase::Opening { until: now.saturating_add(self.timeout) };
                [Action::Open].into_iter().collect()
            }
            (Phase::Opening { until }, Event::Opened) => {
                self.phase = Phase::Waiting { until, foreign: false };
                [Action::Send].into_iter().collect()
            }
            (Phase::Waiting { until, .. }, Event::Received(datagram)) => {
                match self.question.judge(datagram) {
                    Answer::Foreign => {
                        self.phase = Phase::Waiting { until, foreign: true };
                        Actions::new()
                    }
                    Answer::Cut => {
                        self.phase = Phase::Done;
                        [Action::Close, Action::Connect].into_iter().collect()
                    }
                    Answer::Final(result) => self.finish(result),
                }
            }
            (Phase::Opening { .. } | Phase::Waiting { .. }, Event::Failed(failure)) => {
                self.finish(Err(failure))
            }
            (Phase::Opening { until }, Event::Tick) if now >= until => self.finish(Err(Failure::Timeout)),
            (Phase::Waiting { until, foreign }, Event::Tick) if now >= until => {
                let result = self.question.silence();
                self.finish(if foreign { result.map_err(|_| Failure::Foreign) } else { result })
            }
            (
                Phase::Idle | Phase::Opening { .. } | Phase::Waiting { .. } | Phase::Done,
                Event::Start | Event::Opened | Event::Received(_) | Event::Failed(_) | Event::Tick,
            ) => Actions::new(),
        }
    }

    /// When to send [`Event::Tick`]; `None` before the start and after the end.
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Opening { until } | Phase::Waiting { until, .. } => Some(until),
            Phase::Idle | Phase::Done => None,
        }
    }

    /// What is asked.
    pub fn question(&self) -> &Q {
        &self.question
    }

    /// Writes what [`Action::Send`] means into `buffer`; its length in bytes. What does not fit is cut.
    pub fn message(&self, buffer: &mut [u8]) -> usize {
        self.question.message(buffer)
    }

    fn finish(&mut self, result: Result<(), Failure>) -> Actions {
        self.phase = Phase::Done;
        [Action::Close, Action::Finished(result)].into_iter().collect()
    }
}
