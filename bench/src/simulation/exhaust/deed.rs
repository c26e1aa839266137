//! What the adversary can do to a group, beside what it does on the link.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use vrrp_core::{Fault, Interval, Priority};

use super::super::Simulation;
use super::Scope;

/// How a state is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Time passes until the next event.
    Wait,
    /// Something is done at once.
    Now(Deed),
    /// Something is done half way to the next event.
    Midway(Deed),
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// A host is switched off.
    Crash(u8),
    /// A host is switched on, or off and on again.
    Start(u8),
    /// A router is stopped in good order.
    Stop(u8),
    /// A host does nothing for so many tenths of its interval.
    Hold(u8, u8),
    /// A router has another priority.
    Prioritize(u8, u8),
    /// The interface goes down, or comes up again.
    Fault(u8, bool),
    /// A reload gives a router another interval, in centiseconds.
    Configure(u8, u16),
    /// The second does not hear the first any more.
    Cut(u8, u8),
    /// Neither hears the other any more.
    Part(u8, u8),
    /// Everybody hears everybody.
    Heal,
    /// A dozen adverts of this priority that nobody sent come in at once (F12, F13).
    Flood(u8, u8),
}

/// All that can be done in a state.
pub(super) fn deeds(state: &Simulation, scope: &Scope) -> Vec<Move> {
    let mut moves = Vec::new();
    let count = u8::try_from(state.nodes.len()).unwrap_or(u8::MAX);
    for index in 0..count {
        let node = &state.nodes[usize::from(index)];
        moves.extend([Move::Now(Deed::Start(index)), Move::Midway(Deed::Start(index))]);
        let Some(router) = &node.router else { continue };
        moves.extend([Move::Now(Deed::Crash(index)), Move::Midway(Deed::Crash(index))]);
        if node.held_until > state.now {
            continue;
        }
        for tenths in HOLDS {
            moves.extend([Move::Now(Deed::Hold(index, tenths)), Move::Midway(Deed::Hold(index, tenths))]);
        }
        if router.is_started() {
            moves.extend([Move::Now(Deed::Stop(index)), Move::Midway(Deed::Stop(index))]);
        }
        moves.push(Move::Now(Deed::Fault(index, !router.has_fault())));
        let others = scope.priorities.iter().filter(|priority| **priority != node.priority);
        moves.extend(others.map(|priority| Move::Now(Deed::Prioritize(index, *priority))));
        let present = node.station.wish.advert_interval.centiseconds();
        let others = scope.intervals.iter().filter(|interval| **interval != present);
        moves.extend(others.map(|interval| Move::Now(Deed::Configure(index, *interval))));
        if node.is_active() {
            moves.extend([Move::Midway(Deed::Flood(index, 0)), Move::Midway(Deed::Flood(index, 1))]);
        }
    }
    let mut whole = true;
    for (one, other) in (0..count).flat_map(|one| (0..count).map(move |other| (one, other))) {
        let cut = state.network.is_cut(one.into(), other.into());
        whole &= !cut;
        if one != other && !cut {
            moves.push(Move::Now(Deed::Cut(one, other)));
        }
        if one < other && !cut && !state.network.is_cut(other.into(), one.into()) {
            moves.push(Move::Now(Deed::Part(one, other)));
        }
    }
    if !whole {
        moves.extend([Move::Now(Deed::Heal), Move::Midway(Deed::Heal)]);
    }
    moves
}

impl Deed {
    pub(super) fn done_to(self, state: &mut Simulation) {
        match self {
            Self::Crash(node) => state.crash(node.into()),
            Self::Start(node) => state.start(node.into()),
            Self::Stop(node) => state.stop(node.into()),
            Self::Hold(node, tenths) => {
                let period = state.nodes[usize::from(node)].station.wish.advert_interval.duration();
                state.hold(node.into(), period * tenths.into() / 10);
            }
            Self::Prioritize(node, priority) => {
                state.prioritize(node.into(), Priority::new(priority).unwrap_or_default());
            }
            Self::Fault(node, present) => state.fault(node.into(), Fault::LinkDown, present),
            Self::Configure(node, interval) => state.configure(node.into(), |wish| {
                wish.advert_interval = Interval::from_centiseconds(interval).unwrap_or(wish.advert_interval);
            }),
            Self::Cut(from, to) => state.cut(from.into(), to.into(), true),
            Self::Part(one, other) => {
                state.cut(one.into(), other.into(), true);
                state.cut(other.into(), one.into(), true);
            }
            Self::Heal => state.heal(),
            Self::Flood(node, priority) => {
                for _ in 0..12 {
                    state.forge(node.into(), node.into(), STRANGER, priority);
                }
            }
        }
    }
}

impl Simulation {
    /// Calls every router whose time has not come.
    pub(super) fn early_ticks(&mut self) {
        for node in 0..self.nodes.len() {
            if !self.is_held(node) && !self.nodes[node].is_due(self.now) {
                self.tell(node, vrrp_core::Event::Tick, super::super::Cause::Tick);
            }
        }
    }

    /// When the last that is still to come of earlier faults is over: whoever is held up, and frames that have
    /// been on their way for long.
    pub(super) fn unrest(&self) -> Duration {
        let held = self.nodes.iter().map(|node| node.held_until);
        let flight = self.network.on_the_way().into_iter().map(|(arrival, ..)| arrival);
        held.chain(flight).max().unwrap_or_default().saturating_sub(self.now)
    }
}

/// Less than a Backup waits, and more.
const HOLDS: [u8; 2] = [15, 45];
/// Where forged adverts come from.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99));
