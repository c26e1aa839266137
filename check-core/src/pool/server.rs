//! One server of a pool.

/// One real server of a pool: its weight and which of its checks fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// `weight` in the file.
    configured: u32,
    /// What its checks add to that.
    offset: i64,
    /// What stands in for both.
    ordered: Option<u32>,
    inhibit_on_failure: bool,
    /// Bit n: check n fails.
    failing: u64,
}

/// A server has more checks than fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a real server can have at most {} checks", Server::MAX_CHECKS)]
pub struct TooManyChecks;

impl Server {
    /// How many checks one server can have.
    pub const MAX_CHECKS: usize = 64;
    /// The greatest weight, that of the kernel and of keepalived.
    pub const MAX_WEIGHT: u32 = i32::MAX.unsigned_abs();

    /// A server none of whose checks fails. `inhibit_on_failure`: while down it stays with weight 0 instead
    /// of being removed, so that the connections it has go on.
    pub fn new(weight: u32, inhibit_on_failure: bool) -> Self {
        Self { configured: weight, offset: 0, ordered: None, inhibit_on_failure, failing: 0 }
    }

    /// The same server with the check of this number failing: it starts with `alpha`, or failed before a
    /// reload.
    pub fn with_failing(mut self, check: usize) -> Result<Self, TooManyChecks> {
        self.failing |= bit(check).ok_or(TooManyChecks)?;
        Ok(self)
    }

    /// The same server with what its checks add to its weight ([`Share::offset`](super::Share::offset)).
    #[must_use]
    pub fn with_offset(mut self, offset: i64) -> Self {
        self.offset = offset;
        self
    }

    /// Whether all checks pass.
    pub fn alive(&self) -> bool {
        self.failing == 0
    }

    /// Its share of new connections while it is alive: what was ordered, else what is configured and what its
    /// checks add, from 0 to [`Server::MAX_WEIGHT`].
    pub fn weight(&self) -> u32 {
        self.ordered.unwrap_or_else(|| {
            let sum = i64::from(self.configured).saturating_add(self.offset).max(0);
            u32::try_from(sum).unwrap_or(Self::MAX_WEIGHT).min(Self::MAX_WEIGHT)
        })
    }

    /// Its weight in the file.
    pub fn configured_weight(&self) -> u32 {
        self.configured
    }

    /// Whether it stays with weight 0 while it carries nothing.
    pub fn inhibit_on_failure(&self) -> bool {
        self.inhibit_on_failure
    }

    /// Numbers of the checks that fail, lowest first.
    pub fn failing(&self) -> impl Iterator<Item = usize> {
        let failing = self.failing;
        (0..Self::MAX_CHECKS).filter(move |check| failing & (1 << check) != 0)
    }

    pub(super) fn order_weight(&mut self, weight: Option<u32>) {
        self.ordered = weight;
    }

    pub(super) fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
    }

    pub(super) fn set_check(&mut self, check: usize, up: bool) {
        let Some(bit) = bit(check) else { return };
        if up {
            self.failing &= !bit;
        } else {
            self.failing |= bit;
        }
    }
}

fn bit(check: usize) -> Option<u64> {
    1_u64.checked_shl(u32::try_from(check).ok()?)
}
