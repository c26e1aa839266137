//! The mistakes in the rules that must be found, each with a group in which it matters and the property that it breaks.
//!
//! They are those that implementations of VRRP have made, and those that are a slip of the pen away. Each is applied
//! to a copy of the rules that does otherwise the same as the core, step for step, in every state explored.

use super::groups::{at, quick, shy, twins};
use crate::simulation::exhaust::{Counterexample, Scope, Tally, exhaust};
use crate::simulation::{Mutation, Property, Station};

/// A mistake, and where it shows.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// The mistake.
    pub mutation: Mutation,
    /// Who is explored.
    pub stations: Vec<Station>,
    /// How many of them, from the first on, make the mistake.
    pub mutants: usize,
    /// What it breaks.
    pub breaks: Property,
}

impl Mistake {
    /// Looks for a way to a state in which something is wrong; finding none, says how many states there are.
    pub fn search(&self) -> Result<Tally, Box<Counterexample>> {
        exhaust(&Scope {
            stations: self.stations.clone(),
            faults: 2,
            priorities: vec![1, 254, 255],
            intervals: vec![1, 3],
            twins: self.stations[0].source == self.stations[1].source,
            sabotage: None,
            replicas: vec![self.mutation; self.mutants],
        })
    }
}

/// All of them.
pub fn all() -> Vec<Mistake> {
    let mut all: Vec<Mistake> = [timers(), election(), answers(), course(), reloads()].concat();
    // Two that compare the same wrong way agree, and a slow one that does not learn is late before a quick one is
    // early: these meet a router that makes no mistake.
    for mistake in &mut all {
        if matches!(mistake.mutation, Mutation::LittleEndian | Mutation::IntervalNotLearned) {
            mistake.mutants = 1;
        }
    }
    all
}

fn mistake(mutation: Mutation, stations: Vec<Station>, breaks: Property) -> Mistake {
    let mutants = stations.len();
    Mistake { mutation, stations, mutants, breaks }
}

fn pair(one: u8, other: u8) -> Vec<Station> {
    vec![quick(1, one, 1), quick(2, other, 1)]
}

/// The better one with three times the interval of the other.
fn slow() -> Vec<Station> {
    vec![quick(1, 200, 3), quick(2, 100, 1)]
}

fn shy_pair() -> Vec<Station> {
    pair(200, 100).into_iter().map(shy).collect()
}

fn timers() -> Vec<Mistake> {
    use Mutation as M;
    use Property as P;
    vec![
        mistake(M::SkewTruncated, pair(100, 99), P::NoFalseTakeover),
        mistake(M::SkewZero, pair(100, 99), P::NoFalseTakeover),
        mistake(M::SkewNotRecomputed, slow(), P::NoFalseTakeover),
        mistake(M::SkewNotShifted, pair(100, 99), P::NoFalseTakeover),
        mistake(M::RoundedDown, pair(254, 1), P::NoFalseTakeover),
        mistake(M::IntervalNotLearned, vec![quick(1, 100, 1), quick(2, 200, 3)], P::NoFalseTakeover),
        mistake(M::IntervalNotLearnedOnYielding, slow(), P::NoFalseTakeover),
        mistake(M::LesserIntervalLearned, vec![quick(1, 100, 3), quick(2, 200, 1)], P::NoFalseTakeover),
        mistake(M::ResignationNotHeard, pair(100, 99), P::TakesOverInTime),
        mistake(M::ResignationWithoutSkew, pair(100, 99), P::NoFalseTakeover),
        mistake(M::ResignationForgetsInterval, slow(), P::NoFalseTakeover),
        mistake(M::ZeroIntervalAccepted, pair(100, 99), P::RejectedChangesNothing),
        mistake(M::RejectedTouchesTimer, pair(100, 99), P::RejectedChangesNothing),
        mistake(M::EarlyTickActs, pair(100, 99), P::NoFalseTakeover),
        mistake(M::RearmedFromNow, pair(100, 99), P::AdvertRate),
        mistake(M::LearnedIntervalAdvertised, slow(), P::AdvertRate),
    ]
}

fn election() -> Vec<Mistake> {
    use Mutation as M;
    use Property as P;
    let crossed = vec![at(quick(1, 100, 1), [10, 0, 1, 2]), at(quick(2, 100, 1), [10, 0, 2, 1])];
    vec![
        mistake(M::EqualIsLesser, pair(100, 100), P::NoFalseTakeover),
        mistake(M::TieBreakInBackup, pair(100, 100), P::NoFalseTakeover),
        mistake(M::PreemptsAlways, shy_pair(), P::NoFalseTakeover),
        mistake(M::PreemptsNever, pair(200, 100), P::TakesOverInTime),
        mistake(M::PreemptModeInActive, shy_pair(), P::OverlapEnds),
        mistake(M::OwnerIgnoresAll, pair(255, 255), P::OverlapEnds),
        mistake(M::OwnerIsMoved, pair(255, 100), P::SingleTakeover),
        mistake(M::TrackedIntoOwner, pair(100, 99), P::Order),
        mistake(M::EqualYields, pair(100, 100), P::OneActive),
        mistake(M::EqualIgnored, pair(100, 100), P::OverlapEnds),
        mistake(M::LittleEndian, crossed, P::OverlapEnds),
        mistake(M::LowerAddressWins, pair(100, 100), P::OneActive),
        mistake(M::ComparedWithVirtualAddress, pair(100, 100), P::OverlapEnds),
    ]
}

fn answers() -> Vec<Mistake> {
    use Mutation as M;
    use Property as P;
    vec![
        mistake(M::NoAnswer, slow(), P::OverlapEnds),
        mistake(M::UnguardedAnswer, pair(100, 99), P::AdvertRate),
        mistake(M::AnswersItsEqual, twins(), P::AdvertRate),
        mistake(M::AnswerRearms, pair(100, 99), P::AdvertRate),
        mistake(M::HeldBackAnswerRearms, pair(100, 99), P::AdvertRate),
        mistake(M::ResignationDoesNotRearm, pair(100, 99), P::AdvertRate),
    ]
}

fn course() -> Vec<Mistake> {
    use Mutation as M;
    use Property as P;
    vec![
        mistake(M::StartsActive, pair(100, 99), P::TimerRoles),
        mistake(M::SilentTakeover, pair(100, 99), P::Order),
        mistake(M::ClaimsBeforeAdvert, pair(100, 99), P::Order),
        mistake(M::AddressesKept, pair(100, 99), P::AnswersOnlyActive),
        mistake(M::ResignationNotSent, pair(100, 99), P::TakesOverInTime),
        mistake(M::ResignsBeforeReleasing, pair(100, 99), P::Order),
        mistake(M::HeldUpSpeaks, shy_pair(), P::ListensFirst),
        mistake(M::FaultWithoutResignation, pair(100, 99), P::TakesOverInTime),
        mistake(M::FaultEndsInActive, pair(100, 99), P::TimerRoles),
    ]
}

fn reloads() -> Vec<Mistake> {
    use Mutation as M;
    use Property as P;
    vec![
        mistake(M::LongerIntervalNotTold, pair(100, 99), P::AdvertRate),
        mistake(M::ShorterIntervalWaits, slow(), P::AdvertRate),
        mistake(M::ReloadRestartsWait, pair(100, 99), P::TakesOverInTime),
        mistake(M::ReloadForgetsResignation, pair(100, 99), P::TakesOverInTime),
        mistake(M::ReloadForgetsInterval, vec![quick(1, 200, 3), quick(2, 100, 2)], P::NoFalseTakeover),
    ]
}
