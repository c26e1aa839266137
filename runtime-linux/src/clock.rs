//! The one place where this runtime reads a clock.

use core::time::Duration;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Monotonic time since the first call in this process: the `now` of every core.
///
/// Every thread shares the origin. The clock is `CLOCK_MONOTONIC`, so a step of the wall clock is not seen.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Duration {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed()
}

/// How long the machine has run, suspended or not; zero where the kernel does not say.
pub fn since_boot() -> Duration {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME);
    time.map_or(Duration::ZERO, Duration::from)
}

/// Wall-clock time since 1970-01-01 UTC, for logs and files only; zero if the clock stands before it.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
