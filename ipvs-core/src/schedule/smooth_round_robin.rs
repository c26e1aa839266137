//! `wrr`, improved: every server has its connections as far apart as its weight lets them be.
//!
//! A server of weight w has its n-th turn at time (n + phase) / w, and the earliest turn of all is next. In each unit
//! of time every server so has as many turns as its weight says. The phases are multiples of the golden ratio,
//! which lie far from each other however many there are, so that servers of the same weight do not all have their
//! turns at the same moment with the heavier ones left to themselves between.

use crate::director::DestinationSlot;
use crate::link::Link;

/// Where the time stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct SmoothRoundRobin {
    is_started: bool,
    /// The time of the last turn as a fraction.
    turn: u64,
    weight: u32,
}

impl SmoothRoundRobin {
    pub(super) fn new() -> Self {
        Self { is_started: false, turn: 0, weight: 1 }
    }

    /// Servers or weights changed: the time starts again.
    pub(super) fn changed(&mut self) {
        *self = Self::new();
    }

    /// Gives the servers their first turns if they have none yet. To be called before the index is looked at.
    pub(super) fn start(&mut self, slots: &mut [DestinationSlot], first: Link) {
        if self.is_started {
            return;
        }
        self.is_started = true;
        let (mut link, mut phase) = (first, u16::MAX / 2);
        while let Some(slot) = link.index().and_then(|index| slots.get_mut(index)) {
            slot.server.turn = phase.into();
            phase = phase.wrapping_add(GOLDEN_RATIO);
            link = slot.server.next;
        }
    }

    /// The server, which had the earliest turn, has had it. One that was full until now does not make up for the turns that it missed.
    pub(super) fn picked(&mut self, slot: &mut DestinationSlot) {
        let weight = slot.server.weight;
        let missed = u128::from(self.turn) * u128::from(weight) / u128::from(self.weight);
        let turn = slot.server.turn.max(u64::try_from(missed).unwrap_or(u64::MAX));
        (self.turn, self.weight) = (turn, weight);
        slot.server.turn = turn.saturating_add(TURN);
    }
}

/// A turn in the fixed point form of times: 16 bits behind the point leave room for 2^48 turns.
const TURN: u64 = 1 << 16;

/// Of 2^16.
const GOLDEN_RATIO: u16 = 40_503;
