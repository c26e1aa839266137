//! `sed` and `nq`: the server that will be through with another connection first.
//!
//! Both count active connections only. UDP has none, so `sed` sends all of it to the server of the highest weight and
//! `nq` all of it to the newest one, here as in the kernel.

use crate::schedule::{Servers, least_for_its_weight};

/// `sed`: the least active connections for its weight, counting the new one.
pub(super) fn pick(servers: Servers<'_>) -> Option<usize> {
    least_for_its_weight(servers, |server| u64::from(server.active) + 1)
}

/// `nq`: the first server that has nothing to do, else as `sed`.
pub(super) fn pick_idle(servers: Servers<'_>) -> Option<usize> {
    let idle = servers.iter().find(|(_, server)| server.is_usable() && server.active == 0);
    idle.map(|(index, _)| index).or_else(|| pick(servers))
}
