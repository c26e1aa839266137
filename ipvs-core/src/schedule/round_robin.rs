//! `rr`: one after the other.

use crate::link::Link;
use crate::schedule::index::Candidates;

/// The server that had the last connection; none stands for the head of the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoundRobin {
    last: Link,
}

impl RoundRobin {
    pub(super) fn new() -> Self {
        Self { last: Link::NONE }
    }

    /// The next usable server after the last one; the last one itself only when there is no other.
    pub(super) fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        let index = candidates.next(self.last, 1).or_else(|| candidates.next(Link::NONE, 1))?;
        self.last = Link::to(index);
        Some(index)
    }

    /// Behind which server, and of which weight at least, the next one is.
    #[inline]
    pub(super) fn wanted(self) -> (Link, u32) {
        (self.last, 1)
    }

    /// This one was found so.
    #[inline]
    pub(super) fn found(&mut self, server: usize) {
        self.last = Link::to(server);
    }

    /// Steps back, so that the server after the removed one is next.
    pub(super) fn removed(&mut self, server: usize, before: Link) {
        if self.last == Link::to(server) {
            self.last = before;
        }
    }
}
