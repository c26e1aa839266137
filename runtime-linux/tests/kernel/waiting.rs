//! Waiting for something to be seen, and how long that took.

use core::time::Duration;
use std::time::Instant;

/// How long a daemon may take for anything, on a machine that does other work too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until it sees something.
pub(crate) fn until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if start.elapsed() > patience {
            return None;
        }
        std::thread::park_timeout(PAUSE);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test measures what passes outside of the daemon")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);
