//! Time as benches take it.

use core::time::Duration;
use std::time::Instant;

/// How long something takes.
#[expect(clippy::disallowed_methods, reason = "a bench reads its clock here")]
pub(crate) fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}
