//! One session with a master agent (RFC 2741 §7): opened, its subtrees registered one after the other, then questions
//! are answered and traps sent. Of what we say ourselves one thing is under way at a time.

use core::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tracing::warn;

use super::agent::{self, Pace, Question, Shared, Target};
use super::answer::Answer;
use super::codec::Bound;
use super::link::Link;
use super::message::{Fault, Header, Heard, Said};
use super::value::Oid;
use crate::clock;

/// How a session ended.
pub(super) enum Ended {
    /// The daemon ends.
    Stopped,
    /// For this reason.
    Broken(String),
}

/// A session, from the first connection on.
pub(super) struct Session<'a> {
    target: &'a Target,
    pace: Pace,
    shared: &'a Shared,
    questions: &'a mpsc::Sender<Question>,
    /// Given by the master agent.
    number: u32,
    /// Of what we said last.
    packet: u32,
    /// What of it is not answered yet, and until when that has time.
    under_way: Option<(Step, Duration)>,
    /// What comes next, before all questions of our own.
    next: Option<Step>,
    /// Subtrees that are ours.
    registered: usize,
    /// When the master agent was last heard.
    heard: Duration,
}

/// Something that we say and that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    /// The subtree at this place.
    Register(usize),
    /// The trap that waits for longest.
    Trap,
    Ping,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        target: &'a Target,
        pace: Pace,
        shared: &'a Shared,
        questions: &'a mpsc::Sender<Question>,
    ) -> Self {
        Self {
            target,
            pace,
            shared,
            questions,
            number: 0,
            packet: 0,
            under_way: None,
            next: Some(Step::Open),
            registered: 0,
            heard: clock::now(),
        }
    }

    /// Lives until it ends.
    pub(super) async fn run(&mut self) -> Ended {
        match self.live().await {
            Ok(()) => Ended::Stopped,
            Err(why) => Ended::Broken(why),
        }
    }

    async fn live(&mut self) -> Result<(), String> {
        let mut link = Link::open(&self.target.socket).await.map_err(|error| error.to_string())?;
        loop {
            if self.under_way.is_none() {
                match self.step() {
                    Some(step) => self.say(&mut link, step).await?,
                    None if self.shared.lock().ending => {
                        let closing = Said::Close.octets(&self.header());
                        return link.send(&closing).await.map_err(|error| error.to_string());
                    }
                    None => {}
                }
            }
            let now = clock::now();
            let due = match self.under_way {
                Some((_, until)) => until,
                None => self.heard.saturating_add(self.pace.silence),
            };
            tokio::select! {
                biased;
                message = link.receive() => {
                    let (header, payload) = message.map_err(|broken| broken.to_string())?;
                    self.heard = clock::now();
                    self.hear(&mut link, &header, &payload).await?;
                }
                () = self.shared.bell.notified(), if self.under_way.is_none() => {}
                () = sleep(due.saturating_sub(now)) => match self.under_way {
                    Some(_) => return Err("it does not answer".to_owned()),
                    None => self.next = Some(Step::Ping),
                },
            }
        }
    }

    /// What is to be said next, if there is anything.
    fn step(&mut self) -> Option<Step> {
        if let Some(step) = self.next.take() {
            return Some(step);
        }
        let mut inner = self.shared.lock();
        let old = clock::now().saturating_sub(self.pace.oldest);
        while inner.traps.front().is_some_and(|(since, _)| *since < old) {
            inner.traps.pop_front();
            inner.status.traps_lost += 1;
        }
        (!inner.traps.is_empty()).then_some(Step::Trap)
    }

    async fn say(&mut self, link: &mut Link, step: Step) -> Result<(), String> {
        self.packet = self.packet.wrapping_add(1);
        let header = self.header();
        let octets = match step {
            Step::Open => Said::Open { timeout: TIMEOUT, description: DESCRIPTION }.octets(&header),
            Step::Register(place) => Said::Register(&self.target.subtrees[place]).octets(&header),
            Step::Ping => Said::Ping.octets(&header),
            Step::Trap => {
                let trap = self.shared.lock().traps.pop_front();
                let Some((_, bindings)) = trap else { return Ok(()) };
                Said::Notify(&bindings).octets(&header)
            }
        };
        self.under_way = Some((step, clock::now().saturating_add(self.pace.patience)));
        link.send(&octets).await.map_err(|error| error.to_string())
    }

    async fn hear(&mut self, link: &mut Link, header: &Header, payload: &[u8]) -> Result<(), String> {
        let heard = match header.payload(payload) {
            Ok(Heard::Response { error }) => return self.answered(header, error),
            Ok(Heard::Close(reason)) => return Err(format!("it has closed the session (reason {reason})")),
            Ok(Heard::CleanupSet) => return Ok(()),
            Ok(
                heard @ (Heard::Get(_)
                | Heard::GetNext(_)
                | Heard::GetBulk { .. }
                | Heard::TestSet(_)
                | Heard::CommitSet
                | Heard::UndoSet
                | Heard::OtherContext),
            ) => Ok(heard),
            Ok(Heard::Misplaced(_)) => Err(Fault::Processing),
            Err(_) => Err(Fault::Parse),
        };
        if heard.is_err() && !header.is_question() {
            return Err("what it says is no AgentX".to_owned());
        }
        let Answer { fault, bindings } = match heard {
            Ok(asked) => self.ask(asked).await,
            Err(fault) => Answer::fault(fault, 0),
        };
        self.shared.lock().status.answered += 1;
        link.send(&response(header, fault, &bindings)).await.map_err(|error| error.to_string())
    }

    /// Has a question answered by the control thread. At the end nobody does that any more.
    async fn ask(&self, asked: Heard) -> Answer {
        let (reply, answer) = oneshot::channel();
        let asking = async {
            if self.questions.send(Question { asked, reply }).await.is_err() {
                return Answer::fault(Fault::Processing, 0);
            }
            answer.await.unwrap_or_else(|_| Answer::fault(Fault::Processing, 0))
        };
        let ended = async {
            while !self.shared.lock().ending {
                self.shared.bell.notified().await;
            }
            // Heard here, it is to be heard by the session, too.
            self.shared.bell.notify_one();
        };
        tokio::select! {
            biased;
            answer = asking => answer,
            () = ended => Answer::fault(Fault::Processing, 0),
        }
    }

    /// Takes the answer to something of ours.
    fn answered(&mut self, header: &Header, error: u16) -> Result<(), String> {
        let Some((step, _)) = self.under_way.filter(|_| header.packet == self.packet) else { return Ok(()) };
        self.under_way = None;
        match step {
            Step::Open if error == 0 => {
                self.number = header.session;
                self.register_next(0);
            }
            Step::Open => return Err(format!("it refuses to open a session (error {error})")),
            Step::Register(place) => {
                if error == 0 {
                    self.registered += 1;
                } else {
                    let subtree = &self.target.subtrees[place];
                    let why = match error {
                        DUPLICATE => "another subagent has it; is a keepalived running?".to_owned(),
                        error => format!("error {error}"),
                    };
                    warn!("SNMP: the master agent does not give us {subtree}: {why}");
                }
                self.register_next(place + 1);
            }
            Step::Trap => {
                let mut inner = self.shared.lock();
                let counter = if error == 0 { &mut inner.status.traps } else { &mut inner.status.traps_lost };
                *counter += 1;
            }
            Step::Ping if error == 0 => {}
            // It has forgotten us.
            Step::Ping => return Err(format!("it does not know of the session any more (error {error})")),
        }
        Ok(())
    }

    /// Goes on with the subtree at this place; behind the last one the session has begun.
    fn register_next(&mut self, place: usize) {
        if place < self.target.subtrees.len() {
            self.next = Some(Step::Register(place));
        } else {
            agent::begun(self.shared, self.registered);
        }
    }

    fn header(&self) -> Header {
        Header::ours(self.number, self.packet)
    }
}

fn response(to: &Header, fault: Option<(Fault, u16)>, bindings: &[(Oid, Bound)]) -> Vec<u8> {
    Said::Response { fault, bindings }.octets(to)
}

/// `duplicateRegistration` (RFC 2741 §6.2.16).
const DUPLICATE: u16 = 263;
/// Who we say we are.
const DESCRIPTION: &str = concat!("steadfast ", env!("CARGO_PKG_VERSION"));
/// Seconds that the master agent is to wait for our answers: a reload may keep us.
const TIMEOUT: u8 = 10;

#[cfg(test)]
mod tests;
