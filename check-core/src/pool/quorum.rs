//! How much weight a service needs.

use super::Server;

/// The two thresholds between a service that has a quorum and one that has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// Gained at this much weight.
    gain: u64,
    /// Lost below this much weight; at least 1, so that no weight is never a quorum.
    keep: u64,
}

impl Quorum {
    /// The thresholds for `quorum` and `hysteresis`: gained at `quorum + hysteresis`, lost below
    /// `quorum - hysteresis` and at 0.
    ///
    /// As in keepalived the quorum is cut to the sum of the configured weights and the hysteresis to the
    /// quorum less 1. Unlike there the threshold for gaining it is cut to the sum of the weights too, as
    /// otherwise a service that lost its quorum once would never be whole again.
    pub fn new(quorum: u32, hysteresis: u32, servers: &[Server]) -> Self {
        let total: u64 =
            servers.iter().map(|server| u64::from(server.configured_weight())).sum::<u64>().max(1);
        let quorum = u64::from(quorum).clamp(1, total);
        let hysteresis = u64::from(hysteresis).min(quorum - 1);
        Self { gain: (quorum + hysteresis).min(total), keep: quorum - hysteresis }
    }

    /// Whether there is a quorum with this much weight, given whether there was one before.
    pub fn holds(&self, had: bool, weight: u64) -> bool {
        weight >= if had { self.keep } else { self.gain }
    }

    /// The weight at which it is gained.
    pub fn gained_at(&self) -> u64 {
        self.gain
    }

    /// The weight below which it is lost.
    pub fn lost_below(&self) -> u64 {
        self.keep
    }
}
