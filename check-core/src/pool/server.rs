//! One server of a pool.

use core::time::Duration;

use super::duty::{Duty, Ramp, SlowStart};

/// One real server of a pool: its weight, which of its checks fail, and what the operator wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// `weight` in the file.
    configured: u32,
    /// What its checks add to that.
    offset: i64,
    /// What stands in for both.
    ordered: Option<u32>,
    inhibit_on_failure: bool,
    slow_start: Option<SlowStart>,
    /// Bit n: check n fails.
    failing: u64,
    /// It is down because nothing is known yet (`alpha`), and nobody was told.
    unproven: bool,
    duty: Duty,
    ramp: Option<Ramp>,
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
        Self {
            configured: weight,
            offset: 0,
            ordered: None,
            inhibit_on_failure,
            slow_start: None,
            failing: 0,
            unproven: false,
            duty: Duty::Serving,
            ramp: None,
        }
    }

    /// The same server with the check of this number failing: it starts with `alpha`, or failed before a
    /// reload ([`Server::carried_over`]).
    pub fn with_failing(mut self, check: usize) -> Result<Self, TooManyChecks> {
        self.failing |= bit(check).ok_or(TooManyChecks)?;
        self.unproven = true;
        Ok(self)
    }

    /// The same server with what its checks add to its weight ([`Share::offset`](super::Share::offset)).
    #[must_use]
    pub fn with_offset(mut self, offset: i64) -> Self {
        self.offset = offset;
        self
    }

    /// The same server, coming back like this. At the start of the daemon it is there at once.
    #[must_use]
    pub fn with_slow_start(mut self, slow_start: Option<SlowStart>) -> Self {
        self.slow_start = slow_start;
        self
    }

    /// The same server as the operator wanted it before a restart.
    #[must_use]
    pub fn with_orders(mut self, weight: Option<u32>, duty: Duty) -> Self {
        (self.ordered, self.duty) = (weight, duty);
        self
    }

    /// The same server as it was before a reload, but for what the file and its checks say.
    #[must_use]
    pub fn carried_over(mut self, old: &Self) -> Self {
        (self.ordered, self.duty) = (old.ordered, old.duty);
        self.unproven = !self.alive() && (old.unproven || old.alive());
        self.ramp = old.ramp.filter(|_| self.alive() && self.slow_start.is_some());
        self
    }

    /// Whether all checks pass.
    pub fn alive(&self) -> bool {
        self.failing == 0
    }

    /// Whether it is down for want of a first probe only (`alpha`), of which nobody was told.
    pub fn unproven(&self) -> bool {
        self.unproven
    }

    /// Whether it takes part in the service: alive, and not drained.
    pub fn counts(&self) -> bool {
        self.alive() && self.duty.serves()
    }

    /// Its full share of new connections: what was ordered, else what is configured and what its checks add, from
    /// 0 to [`Server::MAX_WEIGHT`].
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

    /// What the operator wants its weight to be.
    pub fn ordered_weight(&self) -> Option<u32> {
        self.ordered
    }

    /// Whether it stays with weight 0 while it carries nothing.
    pub fn inhibit_on_failure(&self) -> bool {
        self.inhibit_on_failure
    }

    /// What the operator wants of it.
    pub fn duty(&self) -> Duty {
        self.duty
    }

    /// Time left of its slow start, if it is in one.
    pub fn slow_start_left(&self, now: Duration) -> Option<Duration> {
        Some(self.ramp?.left(now))
    }

    /// Numbers of the checks that fail, lowest first.
    pub fn failing(&self) -> impl Iterator<Item = usize> {
        let failing = self.failing;
        (0..Self::MAX_CHECKS).filter(move |check| failing & (1 << check) != 0)
    }

    /// Its share of new connections while it takes part: less than its weight in a slow start.
    pub fn carried(&self) -> u32 {
        self.ramp.map_or(self.weight(), |ramp| ramp.part_of(self.weight()))
    }

    /// When something changes by itself.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let until = match self.duty {
            Duty::Draining { until, .. } => until,
            Duty::Serving | Duty::Drained => None,
        };
        let ramp = self.ramp.map(|ramp| ramp.deadline());
        until.into_iter().chain(ramp).min()
    }

    pub(super) fn order_weight(&mut self, weight: Option<u32>) {
        self.ordered = weight;
    }

    pub(super) fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
    }

    pub(super) fn set_duty(&mut self, duty: Duty) {
        self.duty = duty;
        self.ramp = None;
    }

    /// It came back: slowly, where it is to.
    pub(super) fn begin_slowly(&mut self, now: Duration) {
        self.ramp = self.slow_start.filter(|_| self.counts()).map(|course| Ramp::new(course, now));
    }

    /// It goes down.
    pub(super) fn stop_ramp(&mut self) {
        self.ramp = None;
    }

    /// Takes the steps of its slow start that are due; true if it carries another weight then.
    pub(super) fn ramp_to(&mut self, now: Duration) -> bool {
        let before = self.carried();
        self.ramp = self.ramp.and_then(|ramp| ramp.at(now));
        self.carried() != before
    }

    /// Notes what a check says; true if that is the end of an assumption that nobody was told of.
    pub(super) fn set_check(&mut self, check: usize, up: bool) -> bool {
        let Some(bit) = bit(check) else { return false };
        if up {
            self.failing &= !bit;
        } else {
            self.failing |= bit;
        }
        let unproven = self.unproven;
        // While other checks have not said anything one that passes proves nothing.
        self.unproven &= up && !self.alive();
        unproven && !self.unproven
    }
}

fn bit(check: usize) -> Option<u64> {
    1_u64.checked_shl(u32::try_from(check).ok()?)
}
