//! By what servers are compared.

use crate::schedule::Server;

/// What makes one server better than another. The load is divided by the weight; less is better, and of equals the
/// first in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// `rr`, `wrr`, `fo`: the highest weight.
    Weight,
    /// `ovf`: the highest weight of those with no more active connections than that.
    Room,
    /// `lc`: the least overhead.
    Connections,
    /// `wlc`, `lblc`, `lblcr`: the least overhead for its weight.
    WeightedConnections,
    /// `sed`: the least active connections for its weight, counting the new one.
    Delay,
    /// `nq`: nothing to do, else as `Delay`.
    Idle,
    /// `sed`, improved: UDP flows seen lately count as active connections.
    DelayWithFlows,
    /// `nq`, improved.
    IdleWithFlows,
    /// `wrr`, improved: whose turn is next.
    Turn,
    /// `twos`: no best one; the weights add up.
    Share,
}

impl Measure {
    /// Load and weight of a server in this epoch; weight 0 where it is not usable.
    pub(super) fn of(self, server: &Server, epoch: u32) -> Score {
        if !server.is_usable() {
            return Score::NONE;
        }
        let busy = u64::from(server.active) + u64::from(server.flows.lately(epoch));
        let idle = |busy: u64| if busy == 0 { 0 } else { busy + 1 };
        let (load, weight) = match self {
            Self::Weight => (1, server.weight),
            Self::Room if server.active <= server.weight => (1, server.weight),
            Self::Room => return Score::NONE,
            Self::Connections => (server.overhead(), 1),
            Self::WeightedConnections => (server.overhead(), server.weight),
            Self::Delay => (u64::from(server.active) + 1, server.weight),
            Self::Idle => (idle(server.active.into()), server.weight),
            Self::DelayWithFlows => (busy + 1, server.weight),
            Self::IdleWithFlows => (idle(busy), server.weight),
            Self::Turn => (server.turn, server.weight),
            Self::Share => (server.weight.into(), 1),
        };
        Score { load, weight }
    }

    /// Whether flows count, which change with time alone.
    pub(crate) fn sees_flows(self) -> bool {
        match self {
            Self::DelayWithFlows | Self::IdleWithFlows => true,
            Self::Weight
            | Self::Room
            | Self::Connections
            | Self::WeightedConnections
            | Self::Delay
            | Self::Idle
            | Self::Turn
            | Self::Share => false,
        }
    }
}

/// What a server has to do, and its share of what there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Score {
    pub(super) load: u64,
    /// 0: takes no new connection.
    pub(super) weight: u32,
}

impl Score {
    pub(super) const NONE: Self = Self { load: 0, weight: 0 };

    /// Whether it has less to do for its weight, compared without division.
    pub(super) fn is_better_than(self, other: Self) -> bool {
        let share = |load: u64, weight: u32| u128::from(load) * u128::from(weight);
        self.weight > 0
            && (other.weight == 0 || share(self.load, other.weight) < share(other.load, self.weight))
    }
}
