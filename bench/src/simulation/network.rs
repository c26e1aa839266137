//! The link between the routers: who hears whom, how late, how often.

use core::cmp::Reverse;
use core::net::IpAddr;
use core::time::Duration;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::choices::Choices;
use super::random::Random;

/// What the link does to a frame, by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Frames lost, of a thousand.
    pub loss: u64,
    /// Frames that arrive twice, of a thousand.
    pub duplication: u64,
    /// The longest way; frames overtake each other by as much.
    pub delay: Duration,
}

/// An advert on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Frame {
    pub(super) source: IpAddr,
    pub(super) mac: Option<[u8; 6]>,
    pub(super) priority: u8,
    /// Centiseconds.
    pub(super) interval: u16,
    pub(super) message: Rc<[u8]>,
}

/// The link.
#[derive(Clone, Debug)]
pub(super) struct Network<F = Frame> {
    pub(super) quality: Quality,
    /// Whether frames come back to their sender (F15).
    pub(super) loops: bool,
    /// A way so long that frames sent later overtake one that takes it, as one more choice.
    pub(super) stale: Option<Duration>,
    /// Decides in the place of chance.
    pub(super) choices: Option<Choices>,
    /// `cut[from][to]`
    cut: Vec<Vec<bool>>,
    /// Until when what a host sends waits in its own queue (F33).
    queued_until: Vec<Duration>,
    flight: BinaryHeap<Reverse<(Duration, u64, usize, F)>>,
    sent: u64,
}

impl<F: Clone + Ord> Network<F> {
    pub(super) fn new(nodes: usize, quality: Quality) -> Self {
        Self {
            quality,
            loops: false,
            stale: None,
            choices: None,
            cut: vec![vec![false; nodes]; nodes],
            queued_until: vec![Duration::ZERO; nodes],
            flight: BinaryHeap::new(),
            sent: 0,
        }
    }

    pub(super) fn set_cut(&mut self, from: usize, to: usize, cut: bool) {
        self.cut[from][to] = cut;
    }

    /// Keeps what `from` sends in its own queue until then.
    pub(super) fn clog(&mut self, from: usize, until: Duration) {
        self.queued_until[from] = until;
    }

    pub(super) fn heal(&mut self) {
        self.cut.iter_mut().for_each(|row| row.fill(false));
    }

    /// Whether the two hear each other.
    pub(super) fn linked(&self, one: usize, other: usize) -> bool {
        !self.cut[one][other] && !self.cut[other][one]
    }

    /// Whether frames may get lost at present.
    pub(super) fn loses(&self) -> bool {
        self.quality.loss > 0 || self.choices.as_ref().is_some_and(Choices::is_open)
    }

    /// Returns whether all will hear it in time.
    pub(super) fn send(&mut self, now: Duration, from: usize, frame: &F, random: &mut Random) -> bool {
        let leaves = now.max(self.queued_until[from]);
        let mut heard = true;
        for to in 0..self.cut.len() {
            if self.cut[from][to] || (from == to && !self.loops) {
                continue;
            }
            let ways = self.fate(random);
            heard &= ways.iter().flatten().any(|way| *way <= self.quality.delay) && leaves == now;
            for way in ways.into_iter().flatten() {
                self.sent += 1;
                self.flight.push(Reverse((leaves + way, self.sent, to, frame.clone())));
            }
        }
        heard
    }

    /// How long a frame and its copy take, where they arrive.
    fn fate(&mut self, random: &mut Random) -> [Option<Duration>; 2] {
        let Quality { loss, duplication, delay } = self.quality;
        let soon = delay / 4;
        if let Some(choices) = &mut self.choices {
            return match choices.choose(if self.stale.is_some() { 5 } else { 4 }) {
                1 => [None, None],
                2 => [Some(delay), None],
                3 => [Some(soon), Some(delay)],
                4 => [self.stale, None],
                _ => [Some(soon), None],
            };
        }
        if random.chance(loss) {
            return [None, None];
        }
        let again = random.chance(duplication);
        [Some(random.up_to(delay)), again.then(|| random.up_to(delay))]
    }

    /// What is on its way, in the order in which it arrives: when, to whom, and what.
    pub(super) fn on_the_way(&self) -> Vec<(Duration, usize, &F)> {
        let mut flight: Vec<_> = self.flight.iter().map(|Reverse(entry)| entry).collect();
        flight.sort_unstable_by_key(|(arrival, number, ..)| (*arrival, *number));
        flight.into_iter().map(|(arrival, _, to, frame)| (*arrival, *to, frame)).collect()
    }

    /// Whether `to` does not hear `from`.
    pub(super) fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cut[from][to]
    }

    /// When the next frame arrives.
    pub(super) fn next(&self) -> Option<Duration> {
        self.flight.peek().map(|Reverse((arrival, ..))| *arrival)
    }

    /// The frame that has arrived by `now`, and where.
    pub(super) fn arrive(&mut self, now: Duration) -> Option<(usize, F)> {
        if self.next()? > now {
            return None;
        }
        self.flight.pop().map(|Reverse((_, _, to, frame))| (to, frame))
    }
}
