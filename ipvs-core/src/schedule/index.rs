//! The best server of a service without looking at all of them: a tournament over its servers in list order.
//!
//! The leaves of a binary tree are the servers, the newest first; each node above holds the better of the two below
//! it, the left one of equals. So the root is what a walk through the list would have found, and a server whose load
//! changed meets one opponent on each level. The tree is made anew at the first pick after the list or a weight
//! changed. Where the lent memory has no room for it, the list is walked: the same choice, only later.

use crate::director::DestinationSlot;
use crate::link::Link;
use crate::schedule::Servers;
use crate::schedule::arena::{Arena, Piece};
use crate::schedule::measure::{Measure, Score};

/// Room for a part of the index over the destinations of the services; four for each destination are always enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexNode {
    load: u64,
    /// 0: it is not usable, and no server stands here.
    pub(super) weight: u32,
    pub(super) server: Link,
}

impl IndexNode {
    /// Holds nothing.
    pub const EMPTY: Self = Self { load: 0, weight: 0, server: Link::NONE };

    fn score(self) -> Score {
        Score { load: self.load, weight: self.weight }
    }

    /// What is known of this server.
    fn of(server: Link, Score { load, weight }: Score) -> Self {
        Self { load, weight, server: if weight > 0 { server } else { Link::NONE } }
    }
}

/// Where the tree of a service is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index {
    measure: Measure,
    piece: Option<Piece>,
    /// The same while it holds what the servers are, if there is room for it.
    current: Piece,
    /// Of that, the leaves that are servers.
    listed: Piece,
    /// Leaves, a power of two. The root is node 1, the leaves begin at node `leaves`.
    leaves: usize,
    /// Holds what the servers are; if not, it must be made anew.
    is_current: bool,
    /// Of the scores in it.
    epoch: u32,
}

impl Index {
    pub(super) fn new(measure: Measure) -> Self {
        Self {
            measure,
            piece: None,
            current: Piece::VOID,
            listed: Piece::VOID,
            leaves: 0,
            is_current: false,
            epoch: 0,
        }
    }

    pub(super) fn measure(&self) -> Measure {
        self.measure
    }

    /// The list of servers or a weight changed.
    pub(super) fn outdate(&mut self) {
        self.is_current = false;
        (self.current, self.listed) = (Piece::VOID, Piece::VOID);
    }

    pub(super) fn give_back(&mut self, nodes: &mut Arena<'_, IndexNode>) {
        if let Some(piece) = self.piece.take() {
            nodes.give_back(piece);
        }
        self.outdate();
    }

    /// Makes the tree fit for picking, if there is room for it.
    #[inline]
    pub(super) fn refresh(
        &mut self,
        nodes: &mut Arena<'_, IndexNode>,
        slots: &mut [DestinationSlot],
        first: Link,
        epoch: u32,
    ) {
        let is_of_now = self.epoch == epoch || !self.measure.sees_flows();
        if !self.is_current || !is_of_now || self.piece.is_some_and(|piece| !nodes.holds(piece)) {
            self.make(nodes, slots, first, epoch);
        }
    }

    #[cold]
    fn make(
        &mut self,
        nodes: &mut Arena<'_, IndexNode>,
        slots: &mut [DestinationSlot],
        first: Link,
        epoch: u32,
    ) {
        self.epoch = epoch;
        self.is_current = true;
        let count = Servers { slots, first }.iter().count();
        let leaves = count.next_power_of_two();
        let len = |leaves: usize| leaves.saturating_mul(2);
        let has_room =
            self.piece.is_some_and(|piece| nodes.get(piece).is_some_and(|nodes| nodes.len() == len(leaves)));
        if !has_room {
            if let Some(piece) = self.piece.take() {
                nodes.give_back(piece);
            }
            self.piece = nodes.take(len(leaves));
        }
        self.leaves = leaves;
        self.current = self.piece.unwrap_or(Piece::VOID);
        self.listed = self.current.part(leaves, count);
        let Some(tree) = nodes.get_mut(self.current) else { return };
        tree.fill(IndexNode::EMPTY);
        let mut link = first;
        for place in 0..count {
            let Some(slot) = link.index().and_then(|index| slots.get_mut(index)) else { break };
            slot.server.place = u32::try_from(place).unwrap_or(u32::MAX);
            if let Some(leaf) = tree.get_mut(leaves + place) {
                *leaf = IndexNode::of(link, self.measure.of(&slot.server, epoch));
            }
            link = slot.server.next;
        }
        for parent in (1..leaves).rev() {
            play(tree, parent, self.measure);
        }
    }

    /// The best server, if the tree is fit to tell.
    #[inline]
    pub(super) fn best(&self, nodes: &Arena<'_, IndexNode>, epoch: u32) -> Link {
        if self.epoch != epoch && self.measure.sees_flows() {
            return Link::NONE;
        }
        nodes.cell(self.current, 1).map_or(Link::NONE, |root| root.server)
    }

    /// How many servers there are, if the tree is fit to tell.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.listed.len()
    }

    /// What is known of so many servers from this place of the list on, or as many as there are, if the tree is fit to
    /// tell.
    #[inline]
    pub(super) fn leaves<'a>(
        &self,
        nodes: &'a Arena<'_, IndexNode>,
        place: usize,
        most: usize,
    ) -> Option<&'a [IndexNode]> {
        nodes.some(self.listed, place, most)
    }

    /// What is known of the server in one place of the list, if the tree is fit to tell.
    #[inline]
    pub(super) fn leaf<'a>(&self, nodes: &'a Arena<'_, IndexNode>, place: usize) -> Option<&'a IndexNode> {
        nodes.cell(self.listed, place)
    }

    /// What is known of a server of the list changed.
    pub(super) fn update(&self, nodes: &mut Arena<'_, IndexNode>, slots: &[DestinationSlot], index: usize) {
        let Some(tree) = nodes.get_mut(self.current) else { return };
        let Some(slot) = slots.get(index) else { return };
        let place = usize::try_from(slot.server.place).unwrap_or(usize::MAX);
        let mut node = self.leaves.saturating_add(place);
        let Some(leaf) = tree.get_mut(node) else { return };
        let now = IndexNode::of(Link::to(index), self.measure.of(&slot.server, self.epoch));
        if *leaf == now {
            return;
        }
        *leaf = now;
        while node > 1 {
            node /= 2;
            if !play(tree, node, self.measure) {
                break;
            }
        }
    }

    /// What picks are made from.
    #[inline]
    pub(super) fn candidates<'a>(
        &self,
        nodes: &'a Arena<'_, IndexNode>,
        servers: Servers<'a>,
    ) -> Candidates<'a> {
        Candidates {
            servers,
            tree: nodes.get(self.current),
            leaves: self.leaves,
            measure: self.measure,
            epoch: self.epoch,
        }
    }
}

/// Fills a node from the two below it. `false`: it stays as it was, and so does everything above it.
fn play(tree: &mut [IndexNode], parent: usize, measure: Measure) -> bool {
    let (Some(&left), Some(&right)) = (tree.get(parent * 2), tree.get(parent * 2 + 1)) else { return false };
    let now = match measure {
        Measure::Share => {
            IndexNode { load: left.load + right.load, weight: left.weight | right.weight, server: Link::NONE }
        }
        Measure::Weight
        | Measure::Room
        | Measure::Connections
        | Measure::WeightedConnections
        | Measure::Delay
        | Measure::Idle
        | Measure::DelayWithFlows
        | Measure::IdleWithFlows
        | Measure::Turn => {
            if right.score().is_better_than(left.score()) {
                right
            } else {
                left
            }
        }
    };
    let Some(node) = tree.get_mut(parent) else { return false };
    core::mem::replace(node, now) != now
}

/// The servers of a service, as a tree or as a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidates<'a> {
    servers: Servers<'a>,
    tree: Option<&'a [IndexNode]>,
    leaves: usize,
    measure: Measure,
    epoch: u32,
}

impl Candidates<'_> {
    /// The first of the best.
    #[inline]
    pub(super) fn best(&self) -> Option<usize> {
        if let Some(tree) = self.tree {
            let root = tree.get(1)?;
            return root.server.index().filter(|_| root.weight > 0);
        }
        let scored = self.servers.iter().map(|(index, server)| (index, self.measure.of(server, self.epoch)));
        let usable = scored.filter(|(_, score)| score.weight > 0);
        usable
            .reduce(|best, other| if other.1.is_better_than(best.1) { other } else { best })
            .map(|(index, _)| index)
    }

    /// By [`Measure::Weight`]: the highest weight of a usable server.
    #[inline]
    pub(super) fn heaviest(&self) -> Option<u32> {
        if let Some(tree) = self.tree {
            return tree.get(1).map(|root| root.weight).filter(|weight| *weight > 0);
        }
        let usable = self.servers.iter().filter(|(_, server)| server.is_usable());
        usable.map(|(_, server)| server.weight).max()
    }

    /// The place in the list behind a server; anything where there is no tree.
    pub(super) fn behind(&self, server: usize) -> usize {
        self.servers.slots.get(server).map_or(0, |slot| slot.server.place as usize + 1)
    }

    /// By [`Measure::Weight`]: the first usable server of at least this weight (1 or more) behind this one, in the
    /// whole list for no link.
    pub(super) fn next(&self, after: Link, weight: u32) -> Option<usize> {
        let reaches = |weight_of: u32| weight_of >= weight;
        let Some(tree) = self.tree else { return self.walk(after, weight) };
        let behind = self.servers.get(after);
        let place = behind.map_or(Some(0), |(_, server)| usize::try_from(server.place).ok()?.checked_add(1));
        let place = place.filter(|place| *place < self.leaves)?;
        let mut node = self.leaves + place;
        while !reaches(tree.get(node)?.weight) {
            // Up while on the right, then over to the right: past the last node there is nothing.
            while node % 2 == 1 {
                node /= 2;
            }
            if node == 0 {
                return None;
            }
            node += 1;
        }
        while node < self.leaves {
            node *= 2;
            if !reaches(tree.get(node)?.weight) {
                node += 1;
            }
        }
        tree.get(node)?.server.index()
    }

    /// The same without a tree.
    #[cold]
    fn walk(&self, after: Link, weight: u32) -> Option<usize> {
        let mut behind = self.servers.after(after);
        let found = behind.find(|(_, server)| server.is_usable() && server.weight >= weight);
        found.map(|(index, _)| index)
    }

    /// By [`Measure::Share`]: the weights of all usable servers together; `None` when there is none.
    pub(super) fn total(&self) -> Option<u64> {
        let total = match self.tree {
            Some(tree) => tree.get(1)?.load,
            None => self.usable().map(|(_, weight)| weight).sum(),
        };
        (total > 0).then_some(total)
    }

    /// By [`Measure::Share`]: the first usable server at which the weights so far come to at least this (1 or more).
    pub(super) fn at(&self, weight: u64) -> Option<usize> {
        let Some(tree) = self.tree else {
            let mut sum = 0;
            let mut sums = self.usable().map(|(index, weight)| {
                sum += weight;
                (index, sum)
            });
            return sums.find(|(_, sum)| *sum >= weight).map(|(index, _)| index);
        };
        let (mut node, mut rest) = (1, weight);
        if tree.get(node)?.load < rest {
            return None;
        }
        while node < self.leaves {
            node *= 2;
            let left = tree.get(node)?.load;
            if left < rest {
                rest -= left;
                node += 1;
            }
        }
        tree.get(node)?.server.index()
    }

    fn usable(&self) -> impl Iterator<Item = (usize, u64)> {
        let usable = self.servers.iter().filter(|(_, server)| server.is_usable());
        usable.map(|(index, server)| (index, u64::from(server.weight)))
    }
}
