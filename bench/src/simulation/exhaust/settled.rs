//! Whether a group stands as it should.

use core::net::IpAddr;

use super::super::Simulation;
use super::super::node::Node;

/// How a group stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts about one state")]
pub struct Standing {
    /// Nothing in it calls for a change: no Active router hears a better one, and every Backup hears an Active
    /// router that it lets be. Where everybody hears everybody this says that one router is Active, and that
    /// it is the right one (Σ1).
    pub settled: bool,
    /// The link falls into parts in which everybody hears everybody.
    pub whole: bool,
    /// Two routers are Active of which only one hears the other (F2).
    pub one_way: bool,
    /// Two routers are Active that hear each other.
    pub double: bool,
}

impl Simulation {
    pub(super) fn standing(&self) -> Standing {
        let mut standing = Standing { settled: true, whole: self.is_whole(), ..Standing::default() };
        for (index, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.runs()) {
            let heard = || {
                let others = self.nodes.iter().enumerate();
                others.filter(move |(other, node)| {
                    *other != index && node.is_active() && !self.network.is_cut(*other, index)
                })
            };
            let well = if node.is_active() {
                for (other, _) in heard() {
                    let mutual = !self.network.is_cut(index, other);
                    standing.double |= mutual;
                    standing.one_way |= !mutual;
                }
                heard().all(|(_, other)| rank(other) <= rank(node))
            } else {
                let preempts = node.station.wish.preempt || node.station.wish.priority.is_owner();
                heard().any(|(_, other)| !preempts || other.priority >= node.priority)
            };
            standing.settled &= well && !self.is_held(index);
        }
        standing
    }

    fn is_whole(&self) -> bool {
        let all = || 0..self.nodes.len();
        let hears = |to: usize, from: usize| to == from || !self.network.is_cut(from, to);
        all().all(|a| all().all(|b| all().all(|c| !(hears(a, b) && hears(b, c)) || hears(c, a))))
    }
}

/// Priority, then address. Greater is better.
fn rank(node: &Node) -> (u8, IpAddr) {
    (node.priority, node.station.source)
}
