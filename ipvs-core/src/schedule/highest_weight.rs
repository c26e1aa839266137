//! `fo` and `ovf`: the server of the highest weight, as long as it can.

use crate::schedule::{Server, Servers};

/// `fo`: the highest weight.
pub(super) fn pick(servers: Servers<'_>) -> Option<usize> {
    highest(servers, |_| true)
}

/// `ovf`: the highest weight among those with no more active connections than their weight.
pub(super) fn pick_with_room(servers: Servers<'_>) -> Option<usize> {
    highest(servers, |server| server.active <= server.weight)
}

/// The first of those with the highest weight.
fn highest(servers: Servers<'_>, has_room: impl Fn(&Server) -> bool) -> Option<usize> {
    let usable = servers.iter().filter(|(_, server)| server.is_usable() && has_room(server));
    let highest =
        usable.reduce(|highest, other| if other.1.weight > highest.1.weight { other } else { highest });
    highest.map(|(index, _)| index)
}
