//! `rr`: one after the other.

use crate::link::Link;
use crate::schedule::Servers;

/// The server that had the last connection; none stands for the head of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundRobin {
    last: Link,
}

impl RoundRobin {
    pub(super) fn new() -> Self {
        Self { last: Link::NONE }
    }

    /// The next usable server after the last one; the last one itself only when there is no other.
    pub(super) fn pick(&mut self, servers: Servers<'_>) -> Option<usize> {
        let found = servers.after(self.last).chain(servers.iter()).find(|(_, server)| server.is_usable());
        let (index, _) = found?;
        self.last = Link::to(index);
        Some(index)
    }

    /// Steps back, so that the server after the removed one is next.
    pub(super) fn removed(&mut self, server: usize, before: Link) {
        if self.last == Link::to(server) {
            self.last = before;
        }
    }
}
