//! `wrr`: rounds with a falling bar that a server's weight must reach.

use crate::link::Link;
use crate::schedule::Servers;
use crate::schedule::arena::Arena;
use crate::schedule::index::{Candidates, Index, IndexNode};

/// Where the rounds stand. The bar takes the values `highest`, `highest - step`, … above 0, then `highest` again;
/// in each round every server of at least that weight gets one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeightedRoundRobin {
    /// The server that had the last connection of this round; none stands for the head of the list.
    last: Link,
    /// The place behind it in the list.
    place: usize,
    bar: u32,
    highest: u32,
    /// The greatest common divisor of the weights.
    step: u32,
}

impl WeightedRoundRobin {
    pub(super) fn new(servers: Servers<'_>) -> Self {
        let mut state = Self { last: Link::NONE, place: 0, bar: 0, highest: 0, step: 1 };
        state.changed(servers);
        state.bar = state.highest;
        state
    }

    /// Starts again at the head of the list. The bar stays about where it is: services that are built server by
    /// server therefore begin with a bar of 1, which is what the kernel's first round shows.
    pub(super) fn changed(&mut self, servers: Servers<'_>) {
        (self.last, self.place) = (Link::NONE, 0);
        let weights = || servers.iter().map(|(_, server)| server.weight).filter(|weight| *weight > 0);
        self.step = weights().reduce(greatest_common_divisor).unwrap_or(1);
        self.highest = weights().max().map_or(0, |weight| weight - (self.step - 1));
        if self.bar > self.highest || self.bar == 0 {
            self.bar = self.highest;
        } else if self.step > 1 {
            self.bar = (self.bar / self.step) * self.step + 1;
        }
    }

    /// The first server that reaches the bar, the bar falling round by round. Rounds that nobody could reach are
    /// passed over at once: with weights like 1000000 and 1 the kernel walks through each of them.
    pub(super) fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        if self.highest == 0 {
            return None;
        }
        let Some(heaviest) = candidates.heaviest() else {
            self.give_up();
            return None;
        };
        let found = candidates.next(self.last, self.bar).or_else(|| {
            self.lower(heaviest);
            candidates.next(Link::NONE, self.bar)
        });
        let found = found?;
        (self.last, self.place) = (Link::to(found), candidates.behind(found));
        Some(found)
    }

    /// The same where the next server of the list reaches the bar; nothing changes if not.
    #[inline]
    pub(super) fn pick_at_once(&mut self, index: &Index, nodes: &Arena<'_, IndexNode>) -> Link {
        match index.leaf(nodes, self.place) {
            Some(leaf) if leaf.weight >= self.bar => {
                self.place += 1;
                self.last = leaf.server;
                leaf.server
            }
            Some(_) | None => Link::NONE,
        }
    }

    /// The same where it is one of the next few servers of this round.
    #[inline]
    pub(super) fn pick_soon(&mut self, index: &Index, nodes: &Arena<'_, IndexNode>) -> Link {
        let Some(servers) = index.leaves(nodes, self.place, NEAR) else { return Link::NONE };
        let mut place = self.place;
        for leaf in servers {
            place += 1;
            if leaf.weight >= self.bar {
                (self.last, self.place) = (leaf.server, place);
                return leaf.server;
            }
        }
        Link::NONE
    }

    /// The same where this round is over, as [that](Self::pick_soon) found, and it is one of the first few of the next.
    #[inline]
    pub(super) fn pick_in_next_round(&mut self, index: &Index, nodes: &Arena<'_, IndexNode>) -> Link {
        let Some(servers) = index.leaves(nodes, 0, NEAR) else { return Link::NONE };
        if self.place + NEAR < index.count() {
            return Link::NONE;
        }
        let (mut place, bar) = (0, self.behind(self.bar));
        for leaf in servers {
            place += 1;
            if leaf.weight >= bar {
                (self.last, self.place, self.bar) = (leaf.server, place, bar);
                return leaf.server;
            }
        }
        Link::NONE
    }

    /// The bar of the round after one with this bar.
    #[inline]
    fn behind(&self, bar: u32) -> u32 {
        if bar > self.step { bar - self.step } else { self.highest }
    }

    /// The bar of the next round that the heaviest usable server can take part in.
    fn lower(&mut self, heaviest: u32) {
        let next = self.behind(self.bar);
        let excess = next.saturating_sub(heaviest).div_ceil(self.step);
        self.bar = next.saturating_sub(excess.saturating_mul(self.step)).max(1);
    }

    /// All servers are full. Where the kernel's search ends: in the last round if that is where it began, else at
    /// the start of the first.
    fn give_up(&mut self) {
        if self.last == Link::NONE || self.bar > self.step {
            (self.last, self.place) = (Link::NONE, 0);
            self.bar = self.highest;
        } else {
            self.bar = 1;
        }
    }
}

/// Servers looked at one by one before the index is asked.
const NEAR: usize = 8;

pub(super) fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::director::DestinationSlot;
    use crate::schedule::Server;
    use crate::schedule::arena::Arena;
    use crate::schedule::index::Index;
    use crate::schedule::measure::Measure;

    proptest! {
        #[test]
        fn passing_over_empty_rounds_gives_the_sequence_of_walking_through_them(
            steps in prop::collection::vec(prop::collection::vec((0..9_u32, any::<bool>()), 1..5), 1..6),
        ) {
            let mut state = WeightedRoundRobin::new(Servers { slots: &[], first: Link::NONE });
            let mut walker = Walker { current: None, bar: 0, highest: 0, step: 1 };
            for servers in steps {
                let slots = slots(&servers);
                let list = Servers { slots: &slots, first: Link::to(0) };
                let nodes = Arena::new(&mut []);
                let candidates = Index::new(Measure::Weight).candidates(&nodes, list);
                state.changed(list);
                walker.changed(&servers);
                for _ in 0..20 {
                    prop_assert_eq!(state.pick(&candidates), walker.pick(&servers));
                }
            }
        }
    }

    /// The rule as stated, round by round.
    struct Walker {
        current: Option<usize>,
        bar: u32,
        highest: u32,
        step: u32,
    }

    impl Walker {
        fn changed(&mut self, servers: &[(u32, bool)]) {
            let heaviest = servers.iter().map(|(weight, _)| *weight).max().unwrap_or(0);
            let divides = |step: &u32| servers.iter().all(|(weight, _)| weight % step == 0);
            self.current = None;
            self.step = (1..=heaviest).rev().find(divides).unwrap_or(1);
            self.highest = if heaviest > 0 { heaviest - self.step + 1 } else { 0 };
            if self.bar > self.highest || self.bar == 0 {
                self.bar = self.highest;
            } else if self.step > 1 {
                self.bar = self.bar / self.step * self.step + 1;
            }
        }

        fn pick(&mut self, servers: &[(u32, bool)]) -> Option<usize> {
            if self.highest == 0 {
                return None;
            }
            let last = self.current;
            let (mut start, mut stop) = (last.map_or(0, |last| last + 1), None);
            let (mut was_lowest, mut restarted) = (false, false);
            loop {
                for (index, (weight, is_overloaded)) in servers.iter().enumerate().skip(start) {
                    if !is_overloaded && *weight >= self.bar {
                        self.current = Some(index);
                        return Some(index);
                    }
                    if stop == Some(index) {
                        return None;
                    }
                }
                start = 0;
                if self.bar <= self.step {
                    self.bar = self.highest;
                    if was_lowest || last.is_none() {
                        self.current = None;
                        return None;
                    }
                    restarted = true;
                } else {
                    self.bar -= self.step;
                }
                was_lowest = self.bar <= self.step;
                if was_lowest && restarted {
                    stop = last;
                }
            }
        }
    }

    fn slots(servers: &[(u32, bool)]) -> Vec<DestinationSlot> {
        let last = servers.len() - 1;
        let slot = |(index, (weight, overloaded)): (usize, &(u32, bool))| {
            let next = if index < last { Link::to(index + 1) } else { Link::NONE };
            let mut slot = DestinationSlot::EMPTY;
            slot.server = Server { weight: *weight, overloaded: *overloaded, next, ..Server::EMPTY };
            slot
        };
        servers.iter().enumerate().map(slot).collect()
    }
}
