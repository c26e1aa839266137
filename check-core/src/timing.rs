//! When a check probes.

use core::time::Duration;

/// How often a check probes, and how much failure it takes before it says so (keepalived.conf, the keywords
/// common to all checkers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    /// `delay_loop`: from the end of one probe to the start of the next. Less than
    /// [`Timing::SHORTEST_DELAY`] is taken as that.
    pub delay_loop: Duration,
    /// `retry`: how many more attempts a server that was up gets after a failed one.
    pub retry: u32,
    /// `delay_before_retry`: from the end of a failed attempt to the start of the next. At least
    /// [`Timing::SHORTEST_DELAY`] too.
    pub delay_before_retry: Duration,
    /// `rise` (steadfast's own word): how many probes in a row must pass before a server that went down is up
    /// again. 0 is taken as 1.
    pub rise: u32,
    /// `warmup`: the first probe is made somewhere between the start and this long after it.
    pub warmup: Duration,
    /// `alpha`: the server counts as down until a probe passes, instead of as up until one fails.
    pub alpha: bool,
}

impl Timing {
    /// The shortest time between two probes. With zero a check of a fast server would never let its driver rest.
    pub const SHORTEST_DELAY: Duration = Duration::from_millis(1);
}

impl Default for Timing {
    /// keepalived's defaults for `TCP_CHECK`.
    fn default() -> Self {
        let delay_loop = Duration::from_mins(1);
        Self {
            delay_loop,
            retry: 1,
            delay_before_retry: Duration::from_secs(1),
            rise: 1,
            warmup: delay_loop,
            alpha: false,
        }
    }
}
