//! `lc` and `wlc`: the server that has the least to do.

use crate::schedule::Servers;

/// `lc`: the least overhead.
pub(super) fn pick(servers: Servers<'_>) -> Option<usize> {
    let usable = servers.iter().filter(|(_, server)| server.is_usable());
    usable.min_by_key(|(_, server)| server.overhead()).map(|(index, _)| index)
}

/// `wlc`: the least overhead for its weight, compared without division.
pub(super) fn pick_weighted(servers: Servers<'_>) -> Option<usize> {
    let usable = servers.iter().filter(|(_, server)| server.is_usable());
    let least = usable.reduce(|least, other| {
        let share = |overhead: u64, weight: u32| u128::from(overhead) * u128::from(weight);
        if share(least.1.overhead(), other.1.weight) > share(other.1.overhead(), least.1.weight) {
            other
        } else {
            least
        }
    });
    least.map(|(index, _)| index)
}
