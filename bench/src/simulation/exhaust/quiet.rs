//! What comes of each state once the adversary rests.
//!
//! Without faults every state has one successor, so the states form chains that end in cycles. On the cycle the
//! group must be settled and nothing may change any more (Σ1); the way there must be short enough (Λ1 to Λ5), and
//! no router may change its state more than twice on it (Λ6). Where one hears another that does not hear it, or two
//! hear a third but not each other, no rule of VRRP ends with one Active router (F2); there the group must settle
//! nevertheless, each Active router hearing no better one and each Backup hearing one that it lets be.

use core::time::Duration;

use super::super::{Property, Simulation, Violation};
use super::Scope;
pub use super::settled::Standing;

/// What comes of a group that is left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// The longest time to settle, from when the last fault was over.
    pub longest: Duration,
    /// The longest that it might have been.
    pub bound: Duration,
    /// The longest time where some hear each other in one direction only, or through a third.
    pub longest_askew: Duration,
    /// The most changes of state of one router on the way.
    pub changes: u8,
    /// The most of them where some hear each other in one direction only, or through a third.
    pub changes_askew: u8,
    /// Settled states in which two routers stay Active because one does not hear the other (F2).
    pub one_way: usize,
    /// Settled states in which two routers stay Active because nothing tells them apart (E3).
    pub undecided: usize,
}

/// A state, and the one that it comes to by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    next: u32,
    span: Duration,
    changes: [u8; MOST_ROUTERS],
    standing: Standing,
    unrest: Duration,
}

/// What is known of a chain from some state on.
#[derive(Clone, Copy, Default)]
struct Course {
    time: Duration,
    changes: [u8; MOST_ROUTERS],
}

impl Step {
    pub(super) fn of(state: &Simulation) -> Self {
        Self {
            next: u32::MAX,
            span: Duration::ZERO,
            changes: [0; MOST_ROUTERS],
            standing: state.standing(),
            unrest: state.unrest(),
        }
    }

    pub(super) fn follow(&mut self, next: u32, span: Duration, changes: [u8; MOST_ROUTERS]) {
        (self.next, self.span, self.changes) = (next, span, changes);
    }
}

/// Looks at every chain; on failure says where it begins.
pub(super) fn judge(steps: &[Step], scope: &Scope, way: Duration) -> Result<Rest, (u32, Violation)> {
    let stations = &scope.stations;
    let interval = stations.iter().map(|station| station.wish.advert_interval.duration());
    let reloaded = scope.intervals.iter().map(|interval| Duration::from_millis(u64::from(*interval) * 10));
    let interval = interval.chain(reloaded).max().unwrap_or_default();
    // The down interval of priority 1, an interval, and two ways.
    let mut rest = Rest { bound: interval * 1_023 / 256 + interval + way * 2, ..Rest::default() };
    let routers = u32::try_from(stations.len()).unwrap_or(u32::MAX);
    let mut courses: Vec<Option<Course>> = vec![None; steps.len()];
    let mut on_chain = vec![false; steps.len()];
    for start in 0..steps.len() {
        let mut chain = Vec::new();
        let mut at = start;
        while courses[at].is_none() && !on_chain[at] {
            on_chain[at] = true;
            chain.push(at);
            at = steps[at].next as usize;
        }
        if courses[at].is_none() {
            // A new cycle: it begins where the chain came back to.
            let entry = chain.iter().position(|state| *state == at).expect("it is on the chain");
            for &state in &chain[entry..] {
                let step = &steps[state];
                if !step.standing.settled || step.changes != [0; MOST_ROUTERS] {
                    let what = format!("left alone, the group never settles: {:?}", step.standing);
                    return Err(blame(state, Property::OneActive, what));
                }
                rest.one_way += usize::from(step.standing.one_way);
                rest.undecided += usize::from(step.standing.double);
                courses[state] = Some(Course::default());
            }
            chain.truncate(entry);
        }
        for &state in chain.iter().rev() {
            let step = &steps[state];
            let after = courses[step.next as usize].expect("chains are gone through from their end");
            let settled = step.standing.settled && after.time.is_zero() && step.changes == [0; MOST_ROUTERS];
            let time = if settled { Duration::ZERO } else { after.time + step.span };
            let mut changes = after.changes;
            changes.iter_mut().zip(step.changes).for_each(|(sum, more)| *sum = sum.saturating_add(more));
            courses[state] = Some(Course { time, changes });
            let quiet = time.saturating_sub(step.unrest);
            // Where the link is askew, one after the other may settle, and come back after its better is gone.
            let whole = step.standing.whole;
            let (longest, bound) = if whole {
                (&mut rest.longest, rest.bound)
            } else {
                (&mut rest.longest_askew, rest.bound * routers)
            };
            *longest = quiet.max(*longest);
            if quiet > bound {
                let what = format!("left alone, the group takes {quiet:?} to settle");
                return Err(blame(state, Property::TakesOverInTime, what));
            }
            // A frame on its way and a host that wakes up are faults that are still to come.
            if step.unrest.is_zero() {
                let (most, bound) =
                    if whole { (&mut rest.changes, 2) } else { (&mut rest.changes_askew, 2 * routers) };
                *most = changes.into_iter().max().unwrap_or(0).max(*most);
                if u32::from(*most) > bound {
                    let what = format!("left alone, a router changes its state {most} times");
                    return Err(blame(state, Property::Quiescence, what));
                }
            }
        }
    }
    Ok(rest)
}

fn blame(state: usize, property: Property, what: String) -> (u32, Violation) {
    let state = u32::try_from(state).unwrap_or(u32::MAX);
    (state, Violation { at: Duration::ZERO, node: 0, property, what })
}

/// Routers of a group that can be explored.
pub(super) const MOST_ROUTERS: usize = 3;
