//! What a server does besides being healthy: serve, be drained, come back slowly.

use core::time::Duration;

/// What the operator wants of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duty {
    /// It serves while it is alive.
    #[default]
    Serving,
    /// It gets nothing new, keeps what it has, and goes when that is over.
    Draining {
        /// When it goes even with connections.
        until: Option<Duration>,
        /// How many connections it had when they were last counted.
        connections: Option<u64>,
    },
    /// It is out. Its checks go on.
    Drained,
}

impl Duty {
    /// Whether it takes part in the service.
    pub fn serves(self) -> bool {
        self == Self::Serving
    }
}

/// How a server comes back after it was down or drained: its weight rises to the full one in equal steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowStart {
    /// From the first connection to the full weight.
    pub length: Duration,
    /// In how many steps; 0 is taken as 1. Each is a change of the data plane.
    pub steps: u8,
}

impl SlowStart {
    fn steps(self) -> u8 {
        self.steps.max(1)
    }
}

/// A slow start under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ramp {
    course: SlowStart,
    since: Duration,
    /// Steps taken, fewer than there are.
    taken: u8,
}

impl Ramp {
    /// Begins one.
    pub(super) fn new(course: SlowStart, now: Duration) -> Self {
        Self { course, since: now, taken: 0 }
    }

    /// When the next step is due.
    pub(super) fn deadline(&self) -> Duration {
        self.since.saturating_add(self.after(self.taken + 1))
    }

    /// The ramp at this time; `None`: it is over.
    pub(super) fn at(mut self, now: Duration) -> Option<Self> {
        while now >= self.deadline() {
            self.taken += 1;
            if self.taken >= self.course.steps() {
                return None;
            }
        }
        Some(self)
    }

    /// The part of the full weight that is carried now: at least 1, so that the first connections show what the
    /// server can do.
    pub(super) fn part_of(&self, weight: u32) -> u32 {
        let part = u64::from(weight) * u64::from(self.taken) / u64::from(self.course.steps());
        u32::try_from(part).unwrap_or(weight).max(1).min(weight)
    }

    /// Time left to the full weight.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.since.saturating_add(self.course.length).saturating_sub(now)
    }

    fn after(&self, steps: u8) -> Duration {
        self.course.length.saturating_mul(steps.into()) / u32::from(self.course.steps())
    }
}
