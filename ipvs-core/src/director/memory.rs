//! The memory a director works in: lent by its owner, never grown.

use crate::connection::{Bucket, Entry, Timer};
use crate::director::services::{DestinationSlot, ServiceSlot};
use crate::fragment::Fragment;

/// Slices for a director. What they hold is reset by [`Director::new`](crate::Director::new).
///
/// On a host, `vec![Entry::EMPTY; n]` and its likes; on a small device, a [`Storage`].
#[derive(Debug)]
pub struct Memory<'m> {
    /// As many services as there can be.
    pub services: &'m mut [ServiceSlot],
    /// As many destinations as there can be in all services together. A removed one keeps its slot until its last
    /// connection is gone, so some to spare are wanted.
    pub destinations: &'m mut [DestinationSlot],
    /// As many connections and persistent clients as there can be, 64 octets each.
    pub connections: &'m mut [Entry],
    /// When connections end, 8 octets each; as many as there are connections.
    pub timers: &'m mut [Timer],
    /// Heads of the hash chains over connections; about one for each connection is good, at least one is needed.
    pub buckets: &'m mut [Bucket],
    /// Fragmented packets that can be under way at the same time; without any, later fragments are dropped.
    pub fragments: &'m mut [Fragment],
}

/// Memory for a director of fixed size, for devices without a heap.
#[derive(Debug)]
pub struct Storage<
    const SERVICES: usize,
    const DESTINATIONS: usize,
    const CONNECTIONS: usize,
    const BUCKETS: usize,
    const FRAGMENTS: usize,
> {
    services: [ServiceSlot; SERVICES],
    destinations: [DestinationSlot; DESTINATIONS],
    connections: [Entry; CONNECTIONS],
    timers: [Timer; CONNECTIONS],
    buckets: [Bucket; BUCKETS],
    fragments: [Fragment; FRAGMENTS],
}

impl<
    const SERVICES: usize,
    const DESTINATIONS: usize,
    const CONNECTIONS: usize,
    const BUCKETS: usize,
    const FRAGMENTS: usize,
> Storage<SERVICES, DESTINATIONS, CONNECTIONS, BUCKETS, FRAGMENTS>
{
    /// Everything empty; fit for a `static`.
    pub const fn new() -> Self {
        Self {
            services: [const { ServiceSlot::EMPTY }; SERVICES],
            destinations: [const { DestinationSlot::EMPTY }; DESTINATIONS],
            connections: [const { Entry::EMPTY }; CONNECTIONS],
            timers: [const { Timer::EMPTY }; CONNECTIONS],
            buckets: [const { Bucket::EMPTY }; BUCKETS],
            fragments: [const { Fragment::EMPTY }; FRAGMENTS],
        }
    }

    /// All of it, for one director.
    pub fn lend(&mut self) -> Memory<'_> {
        Memory {
            services: &mut self.services,
            destinations: &mut self.destinations,
            connections: &mut self.connections,
            timers: &mut self.timers,
            buckets: &mut self.buckets,
            fragments: &mut self.fragments,
        }
    }
}

impl<
    const SERVICES: usize,
    const DESTINATIONS: usize,
    const CONNECTIONS: usize,
    const BUCKETS: usize,
    const FRAGMENTS: usize,
> Default for Storage<SERVICES, DESTINATIONS, CONNECTIONS, BUCKETS, FRAGMENTS>
{
    fn default() -> Self {
        Self::new()
    }
}
