//! `rr`: one after the other.

use crate::link::Link;
use crate::schedule::arena::Arena;
use crate::schedule::index::{Candidates, Index, IndexNode};

/// The server that had the last connection; none stands for the head of the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoundRobin {
    last: Link,
    /// Where in the list the next one stands, if that is known.
    place: usize,
}

impl RoundRobin {
    pub(super) fn new() -> Self {
        Self { last: Link::NONE, place: NOWHERE }
    }

    /// The next usable server after the last one; the last one itself only when there is no other.
    pub(super) fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        let index = candidates.next(self.last, 1).or_else(|| candidates.next(Link::NONE, 1))?;
        self.last = Link::to(index);
        self.place = candidates.behind(index);
        Some(index)
    }

    /// The same where the next server is usable; nothing changes if not.
    #[inline]
    pub(super) fn pick_at_once(&mut self, index: &Index, nodes: &Arena<'_, IndexNode>) -> Link {
        let found = index.leaf(nodes, self.place).map_or(Link::NONE, |leaf| leaf.server);
        if found != Link::NONE {
            let behind = self.place + 1;
            self.last = found;
            self.place = if behind < index.count() { behind } else { 0 };
        }
        found
    }

    /// The list changed.
    pub(super) fn changed(&mut self) {
        self.place = NOWHERE;
    }

    /// Steps back, so that the server after the removed one is next.
    pub(super) fn removed(&mut self, server: usize, before: Link) {
        if self.last == Link::to(server) {
            self.last = before;
        }
    }
}

/// In no list; far enough from the end of numbers that something can be added.
const NOWHERE: usize = usize::MAX >> 1;
