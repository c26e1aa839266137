//! What happens to a pool, and what follows.

use core::time::Duration;

/// What happened. A server is named by its place in the slice, a check by its number within its server; events
/// about others are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The pool goes into service.
    Start,
    /// A check of a server passes or fails.
    Check {
        /// Which server.
        server: usize,
        /// Which of its checks, below [`Server::MAX_CHECKS`](super::Server::MAX_CHECKS).
        check: usize,
        /// Whether it passes.
        up: bool,
    },
    /// The checks of a server say another weight.
    CheckWeights {
        /// Which server.
        server: usize,
        /// The sum of what those that pass add to its configured weight
        /// ([`Share::offset`](super::Share::offset)).
        offset: i64,
    },
    /// The operator wants another weight.
    Weight {
        /// Which server.
        server: usize,
        /// This weight whatever is configured and checks say; `None`: what those say, again.
        weight: Option<u32>,
    },
    /// The operator wants the server to get nothing new and to go when what it has is over.
    Drain {
        /// Which server.
        server: usize,
        /// It goes after this time even with connections; `None`: however long they last.
        within: Option<Duration>,
    },
    /// The data plane has counted the connections of a server that is being drained, after it was told of that.
    Connections {
        /// Which server.
        server: usize,
        /// Active and inactive ones.
        count: u64,
    },
    /// The operator wants a server back that was drained or is being drained.
    Enable {
        /// Which server.
        server: usize,
    },
    /// The deadline may have come.
    Tick,
}

/// What changed. [`Pool::destinations`](super::Pool::destinations) says what the data plane should hold from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// All checks of the server pass now.
    ServerUp {
        /// Which server.
        server: usize,
    },
    /// A first check of the server fails.
    ServerDown {
        /// Which server.
        server: usize,
    },
    /// The weight of a server changed.
    Reweighted {
        /// Which server.
        server: usize,
    },
    /// A server in its slow start carries more from now on, or all.
    Ramped {
        /// Which server.
        server: usize,
    },
    /// The server gets nothing new from now on.
    Draining {
        /// Which server.
        server: usize,
    },
    /// The server is out.
    Drained {
        /// Which server.
        server: usize,
        /// Connections it still had when its time was over, as last counted; 0: it was empty.
        left: u64,
    },
    /// The server is back.
    Enabled {
        /// Which server.
        server: usize,
    },
    /// The service has enough; the sorry server goes out.
    QuorumUp {
        /// Total weight of the servers that count.
        weight: u64,
    },
    /// The service has not enough any more. The sorry server, if there is one, takes the place of all others.
    QuorumDown {
        /// Total weight of the servers that count.
        weight: u64,
    },
}
