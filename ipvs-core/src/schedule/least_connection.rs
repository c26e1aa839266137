//! `lc` and `wlc`: the server that has the least to do.

use crate::schedule::{Server, Servers, least_for_its_weight};

/// `lc`: the least overhead.
pub(super) fn pick(servers: Servers<'_>) -> Option<usize> {
    let usable = servers.iter().filter(|(_, server)| server.is_usable());
    usable.min_by_key(|(_, server)| overhead(server)).map(|(index, _)| index)
}

/// `wlc`: the least overhead for its weight.
pub(super) fn pick_weighted(servers: Servers<'_>) -> Option<usize> {
    least_for_its_weight(servers, overhead)
}

/// An active connection counts for 256 inactive ones. Kernels from 6.12.117 on count active ones once more (257 to 1);
/// this is the form of nearly every kernel in use.
fn overhead(server: &Server) -> u64 {
    (u64::from(server.active) << 8) + u64::from(server.inactive)
}
