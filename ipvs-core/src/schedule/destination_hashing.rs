//! `dh`: the same virtual address gets the same server, so this is for services by firewall mark in front of caches; a
//! service with an address of its own has all its connections on one server, here as in the kernel.

use crate::link::Link;
use crate::schedule::Servers;
use crate::schedule::source_hashing::BUCKETS;
use crate::schedule::table::TableSlot;

/// The buckets go to the servers in turn, whatever their weight.
pub(super) fn fill(table: &mut [TableSlot], servers: Servers<'_>) {
    for (slot, (index, _)) in table.iter_mut().zip(servers.iter().cycle()) {
        *slot = TableSlot::of(Link::to(index));
    }
}

/// Whose bucket it is, counted without a table.
pub(super) fn owner(servers: Servers<'_>, bucket: usize) -> Option<usize> {
    servers.iter().cycle().take(BUCKETS).nth(bucket).map(|(index, _)| index)
}
