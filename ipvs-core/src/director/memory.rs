//! The memory a director works in: lent by its owner, never grown.

use heapless::Vec;

use crate::connection::{Bucket, Entry, Timer};
use crate::director::services::{DestinationSlot, ServiceSlot};
use crate::fragment::Fragment;
use crate::schedule::{IndexNode, Locality, TableSlot};

/// Slices for a director. What they hold is reset by [`Director::new`](crate::Director::new).
///
/// On a host, `vec![Entry::EMPTY; n]` and its likes; on a small device, a [`Storage`]. What is left out
/// (`..Memory::default()`) is empty.
#[derive(Debug, Default)]
pub struct Memory<'m> {
    /// As many services as there can be.
    pub services: &'m mut [ServiceSlot],
    /// As many destinations as there can be in all services together. A removed one keeps its slot until its last
    /// connection is gone, so some to spare are wanted.
    pub destinations: &'m mut [DestinationSlot],
    /// As many connections and persistent clients as there can be, 64 octets each.
    pub connections: &'m mut [Entry],
    /// In which order connections end, 16 octets each; as many as there are connections.
    pub timers: &'m mut [Timer],
    /// What connections are found by, 8 octets each: [as many as are right](Bucket::count_for) for so many connections.
    /// With fewer there is room for fewer connections.
    pub buckets: &'m mut [Bucket],
    /// Fragmented packets that can be under way at the same time; without any, later fragments are dropped.
    pub fragments: &'m mut [Fragment],
    /// Four for each destination. Services without room here find the best server by looking at each of them, every
    /// time: the choice is the same.
    pub index: &'m mut [IndexNode],
    /// The tables of schedulers: 4,093 for each service by `mh` (65,537 if improved), which is refused without them;
    /// 256 for each by `sh` or `dh`, which work without them, but slowly.
    pub tables: &'m mut [TableSlot],
    /// Virtual addresses that `lblc` and `lblcr` can keep with their servers, one for each, and for `lblcr` one
    /// more for each further server of it. Without any, both work as `wlc`.
    pub localities: &'m mut [Locality],
}

/// Memory for a director of fixed size, for devices without a heap. [`Memory::tables`] and [`Memory::localities`] are not
/// in it: few devices want them, and they are set in what [`lend`](Self::lend) returns.
#[derive(Debug)]
pub struct Storage<
    const SERVICES: usize,
    const DESTINATIONS: usize,
    const CONNECTIONS: usize,
    const BUCKETS: usize,
    const FRAGMENTS: usize,
> {
    services: Vec<ServiceSlot, SERVICES>,
    destinations: Vec<DestinationSlot, DESTINATIONS>,
    connections: Vec<Entry, CONNECTIONS>,
    timers: Vec<Timer, CONNECTIONS>,
    buckets: Vec<Bucket, BUCKETS>,
    fragments: Vec<Fragment, FRAGMENTS>,
    index: Vec<[IndexNode; 4], DESTINATIONS>,
}

impl<
    const SERVICES: usize,
    const DESTINATIONS: usize,
    const CONNECTIONS: usize,
    const BUCKETS: usize,
    const FRAGMENTS: usize,
> Storage<SERVICES, DESTINATIONS, CONNECTIONS, BUCKETS, FRAGMENTS>
{
    /// Nothing in it; fit for a `static`, and zero there: an image for a device does not carry empty tables.
    pub const fn new() -> Self {
        Self {
            services: Vec::new(),
            destinations: Vec::new(),
            connections: Vec::new(),
            timers: Vec::new(),
            buckets: Vec::new(),
            fragments: Vec::new(),
            index: Vec::new(),
        }
    }

    /// All of it, for one director.
    pub fn lend(&mut self) -> Memory<'_> {
        Memory {
            services: fill(&mut self.services, &ServiceSlot::EMPTY),
            destinations: fill(&mut self.destinations, &DestinationSlot::EMPTY),
            connections: fill(&mut self.connections, &Entry::EMPTY),
            timers: fill(&mut self.timers, &Timer::EMPTY),
            buckets: fill(&mut self.buckets, &Bucket::EMPTY),
            fragments: fill(&mut self.fragments, &Fragment::EMPTY),
            index: fill(&mut self.index, &[IndexNode::EMPTY; 4]).as_flattened_mut(),
            tables: &mut [],
            localities: &mut [],
        }
    }
}

/// As many as there is room for.
fn fill<'m, T: Clone, const N: usize>(room: &'m mut Vec<T, N>, empty: &T) -> &'m mut [T] {
    while room.push(empty.clone()).is_ok() {}
    room
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
