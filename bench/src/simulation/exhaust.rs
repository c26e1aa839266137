//! Every state that a small group can come to, under an adversary with a bounded number of faults.
//!
//! A state is what decides the future: the routers, what is on its way to them, the link, and the checker, all
//! times seen from now. Time has no origin, so that a group left alone comes back to where it was after an
//! interval, and there are only so many states. From each of them the adversary may do anything in its power at
//! once or half way to the next event, and let every frame arrive soon, late, twice, after later ones, or not at
//! all. States are told apart by 128 bits of a hash. One that was come to with fewer faults is gone on from with
//! those, so nothing that is possible within the bound is left out.
//!
//! In every state the checker watches; where a fault is left, a tick that comes early and packets that must be
//! dropped change nothing. And whatever the state is: once the adversary rests, the group settles in time
//! ([`quiet`]).

use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::hash::DefaultHasher;

use super::choices::Choices;
use super::{Entry, Mutation, Quality, Sabotage, Simulation, Station, Violation};
use crate::malformed::{self, Malformed, Target};

mod deed;
pub mod quiet;
mod settled;

use deed::{Move, deeds};
use quiet::{Rest, Step};

/// What is explored.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The routers; all are started at first.
    pub stations: Vec<Station>,
    /// Faults in one run.
    pub faults: usize,
    /// Priorities that the adversary may give to a router.
    pub priorities: Vec<u8>,
    /// Intervals that a reload may give to a router, in centiseconds.
    pub intervals: Vec<u16>,
    /// Whether nothing tells two of the routers apart (E3).
    pub twins: bool,
    /// A mistake in everything around the routers.
    pub sabotage: Option<Sabotage>,
    /// Replicas in the place of the first routers, each with its mistake.
    pub replicas: Vec<Mutation>,
}

/// What was explored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// States that differ.
    pub states: usize,
    /// Ways from one to another.
    pub transitions: u64,
    /// The most steps from the start to a state, on the way it was first come to.
    pub depth: u32,
    /// What comes of a group that is left alone, over all states.
    pub rest: Rest,
}

/// A way to a state in which something is wrong.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What is wrong.
    pub violation: Violation,
    /// What the adversary did; where nothing stands, time passed.
    pub deeds: Vec<String>,
    /// What the routers did.
    pub journal: Vec<Entry>,
}

impl core::fmt::Display for Counterexample {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "{}", self.violation)?;
        for deed in self.deeds.iter().filter(|deed| !deed.is_empty()) {
            writeln!(f, "  {deed}")?;
        }
        for entry in &self.journal {
            writeln!(f, "  {:?}: router {}: {:?}", entry.at, entry.node, entry.action)?;
        }
        Ok(())
    }
}

/// Comes to every state in `scope`.
pub fn exhaust(scope: &Scope) -> Result<Tally, Box<Counterexample>> {
    Explorer::new(scope).run()
}

struct Explorer<'a> {
    scope: &'a Scope,
    origin: Simulation,
    malformed: Vec<Malformed>,
    known: HashMap<(u64, u64), u32>,
    records: Vec<Record>,
    /// By number of faults: what to go on from.
    waiting: Vec<VecDeque<(u32, Simulation)>>,
    transitions: u64,
}

/// A state, and how it was come to.
struct Record {
    parent: u32,
    deed: Move,
    /// What the link did to each frame of the step, three bits each.
    link: u64,
    faults: u8,
    depth: u32,
    step: Step,
}

impl<'a> Explorer<'a> {
    fn new(scope: &'a Scope) -> Self {
        let periods = || scope.stations.iter().map(|station| station.wish.advert_interval.duration());
        let way = periods().min().unwrap_or_default() / 10;
        let quality = Quality { loss: 0, duplication: 0, delay: way };
        let mut origin = Simulation::new(0, quality, scope.stations.clone());
        // Not a multiple of an interval: it does not come together with a later advert.
        origin.network.stale = periods().max().map(|longest| longest * 13 / 10);
        if scope.twins {
            origin.tolerate_overlap();
        }
        if let Some(sabotage) = scope.sabotage {
            origin.sabotage(sabotage);
        }
        for (node, mutation) in origin.nodes.iter_mut().zip(&scope.replicas) {
            node.replica = Some(*mutation);
        }
        origin.network.choices = Some(Choices::along(&[]));
        (0..scope.stations.len()).for_each(|node| origin.start(node));
        origin.network.choices = None;
        let wish = &scope.stations[0].wish;
        let target = Target {
            vrid: wish.vrid,
            version: wish.version,
            interval: wish.advert_interval,
            addresses: wish.addresses.to_vec(),
            authentication: wish.authentication,
            source: scope.stations[0].source,
        };
        Self {
            scope,
            origin,
            malformed: malformed::all(&target),
            known: HashMap::new(),
            records: Vec::new(),
            waiting: (0..=scope.faults).map(|_| VecDeque::new()).collect(),
            transitions: 0,
        }
    }

    fn run(mut self) -> Result<Tally, Box<Counterexample>> {
        let origin = self.origin.clone();
        let record = Record {
            parent: u32::MAX,
            deed: Move::Wait,
            link: 0,
            faults: 0,
            depth: 0,
            step: Step::of(&origin),
        };
        self.admit(origin, record);
        let most = self.scope.faults;
        for faults in 0..=most {
            // States in which nothing is left to be done are the most by far: none of them waits for long.
            while let Some((from, (index, state))) =
                (self.waiting[most].pop_front().map(|entry| (most, entry)))
                    .or_else(|| self.waiting[faults].pop_front().map(|entry| (faults, entry)))
            {
                // Meanwhile it may have been come to with fewer.
                if usize::from(self.records[index as usize].faults) == from {
                    self.expand(index, &state, most - from)?;
                }
            }
        }
        let steps: Vec<Step> = self.records.iter().map(|record| record.step).collect();
        let rest = quiet::judge(&steps, self.scope, self.origin.network.quality.delay)
            .map_err(|(index, violation)| self.counterexample(index, None, violation))?;
        Ok(Tally {
            states: self.records.len(),
            transitions: self.transitions,
            depth: self.records.iter().map(|record| record.depth).max().unwrap_or(0),
            rest,
        })
    }

    /// Tries everything that can happen in a state with so many faults `left`.
    fn expand(&mut self, index: u32, state: &Simulation, left: usize) -> Result<(), Box<Counterexample>> {
        let mut moves = vec![Move::Wait];
        if left > 0 {
            self.pester(index, state)?;
            moves.extend(deeds(state, self.scope));
        }
        for deed in moves {
            let cost = usize::from(deed != Move::Wait);
            let mut ways = Some(Choices::new(usize::MAX, left - cost));
            while let Some(choices) = ways {
                let mut next = state.clone();
                let started = next.now;
                next.mark();
                let (outcome, choices) = proceed(&mut next, deed, choices);
                let taken = choices.taken();
                let link = pack(&taken);
                if let Err(violation) = outcome {
                    return Err(self.counterexample(index, Some((deed, link)), violation));
                }
                self.transitions += 1;
                let faults = cost + taken.iter().filter(|taken| **taken != 0).count();
                let (span, changes) = (next.now.saturating_sub(started), next.transitions());
                next.journal.clear();
                let from = &self.records[index as usize];
                let record = Record {
                    parent: index,
                    deed,
                    link,
                    faults: from.faults + u8::try_from(faults).unwrap_or(u8::MAX),
                    depth: from.depth + 1,
                    step: Step::of(&next),
                };
                let reached = self.admit(next, record);
                if faults == 0 {
                    self.records[index as usize].step.follow(reached, span, changes);
                }
                ways = choices.next();
            }
        }
        Ok(())
    }

    /// Ticks that come early and packets that must be dropped change nothing.
    fn pester(&mut self, index: u32, state: &Simulation) -> Result<(), Box<Counterexample>> {
        let mut pestered = state.clone();
        pestered.early_ticks();
        for node in 0..self.scope.stations.len() {
            self.malformed.iter().for_each(|malformed| pestered.inject(node, malformed));
        }
        pestered.check().map_err(|violation| self.counterexample(index, None, violation))
    }

    /// Takes note of a state; returns its place.
    fn admit(&mut self, state: Simulation, record: Record) -> u32 {
        let faults = record.faults;
        let fresh = u32::try_from(self.records.len()).expect("fewer than four thousand million states");
        let index = *self.known.entry(state.fingerprint()).or_insert(fresh);
        if index == fresh {
            self.records.push(record);
        } else if faults < self.records[index as usize].faults {
            self.records[index as usize] = record;
        } else {
            return index;
        }
        self.waiting[usize::from(faults)].push_back((index, state));
        index
    }

    /// Goes the way to a state once more, and one step further.
    #[expect(
        clippy::unnecessary_box_returns,
        reason = "it is only ever an error, and too large for a result"
    )]
    fn counterexample(
        &self,
        index: u32,
        last: Option<(Move, u64)>,
        violation: Violation,
    ) -> Box<Counterexample> {
        let mut way: Vec<(Move, u64)> = last.into_iter().collect();
        let mut at = index;
        while let Some(record) = self.records.get(at as usize).filter(|record| record.parent != u32::MAX) {
            way.push((record.deed, record.link));
            at = record.parent;
        }
        way.reverse();
        let mut state = self.origin.clone();
        let mut deeds = Vec::new();
        for (deed, link) in way {
            let taken = unpack(link);
            let at = state.now;
            // A violation on the way is the one that is told of.
            let _ = proceed(&mut state, deed, Choices::along(&taken));
            let link = if link == 0 { String::new() } else { format!("the link chooses {taken:?}") };
            let deed = if deed == Move::Wait { String::new() } else { format!("{deed:?}; ") };
            let what = format!("{deed}{link}");
            deeds.push(if what.is_empty() { what } else { format!("{at:?}: {what}") });
        }
        Box::new(Counterexample { violation, deeds, journal: state.journal })
    }
}

/// One step, and what the link decided in it.
fn proceed(state: &mut Simulation, deed: Move, choices: Choices) -> (Result<(), Violation>, Choices) {
    if deed == Move::Wait
        && let Some(next) = state.next().filter(|next| *next > state.now)
    {
        // Who acts then may be late already.
        state.now = next;
        state.glance();
    }
    state.network.choices = Some(choices);
    match deed {
        Move::Wait => {
            if let Some(next) = state.next() {
                state.now = state.now.max(next);
                state.step();
            }
        }
        Move::Now(deed) => deed.done_to(state),
        Move::Midway(deed) => {
            if let Some(next) = state.next() {
                state.now += next.saturating_sub(state.now) / 2;
            }
            deed.done_to(state);
        }
    }
    let choices = state.network.choices.take().expect("it was put there above");
    if choices.taken().iter().any(|taken| *taken == LOST || *taken == STALE) {
        state.checker.disturbed(state.now);
    }
    if deed == Move::Wait {
        // Right after a deed somebody may have to act at once, and has not yet.
        state.glance();
    }
    (state.check(), choices)
}

impl Simulation {
    /// 128 bits that are the same for two states if the same will happen in them.
    fn fingerprint(&self) -> (u64, u64) {
        let mut digest = Digest::default();
        let now = self.now;
        for node in &self.nodes {
            node.fingerprint(now, &mut digest);
        }
        for (arrival, to, frame) in self.network.on_the_way() {
            (arrival.saturating_sub(now), to, frame).hash(&mut digest);
        }
        for from in 0..self.nodes.len() {
            (0..self.nodes.len()).for_each(|to| self.network.is_cut(from, to).hash(&mut digest));
        }
        if let Some(Sabotage::ForgottenRearm) = self.sabotage {
            (self.deliveries % 4).hash(&mut digest);
        }
        let periods = self.nodes.iter().map(|node| node.station.wish.advert_interval.duration());
        let hearing = periods.max().unwrap_or_default() + self.network.quality.delay * 2;
        self.checker.fingerprint(now, LONGEST_OVERLAP, hearing, &mut digest);
        (digest.0.finish(), digest.1.finish())
    }

    /// Changes of state of each router since the last mark.
    fn transitions(&self) -> [u8; quiet::MOST_ROUTERS] {
        let mut changes = [0; quiet::MOST_ROUTERS];
        for (count, node) in changes.iter_mut().zip(&self.nodes) {
            *count = u8::try_from(node.transitions).unwrap_or(u8::MAX);
        }
        changes
    }
}

/// Two hashes that differ from the first byte on.
struct Digest(DefaultHasher, DefaultHasher);

impl Default for Digest {
    fn default() -> Self {
        let (first, mut second) = (DefaultHasher::new(), DefaultHasher::new());
        second.write_u8(1);
        Self(first, second)
    }
}

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
        self.1.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

fn pack(taken: &[u8]) -> u64 {
    let len = taken.iter().rposition(|taken| *taken != 0).map_or(0, |last| last + 1);
    assert!(len <= 21, "more frames in one step than were thought of");
    taken[..len].iter().rev().fold(0, |packed, taken| packed << 3 | u64::from(*taken))
}

fn unpack(mut link: u64) -> Vec<u8> {
    let mut taken = Vec::new();
    while link != 0 {
        taken.push(link.to_le_bytes()[0] & 7);
        link >>= 3;
    }
    taken
}

/// What the link may choose to do with a frame.
const LOST: u8 = 1;
const STALE: u8 = 4;
/// Longer than Λ4 allows for in any group worth exploring.
const LONGEST_OVERLAP: Duration = Duration::from_secs(10);
