//! Adverts that have left this process and not this host (F33, RFC 9568 §2.5): a peer that does not hear them in time
//! takes over, although nothing is wrong with this router.

use core::time::Duration;
use std::os::fd::AsRawFd;

use super::sys;

/// What is known of the way from one socket to the wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    /// When something was sent last.
    sent: Duration,
    /// When it was looked at last.
    looked: Duration,
    /// When adverts were last found waiting.
    stuck: Option<Duration>,
}

/// Adverts wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// How many bytes, as the kernel counts buffers.
    pub bytes: usize,
    /// For how long at least.
    pub since: Duration,
    /// They did not a minute ago.
    pub news: bool,
}

impl Queue {
    /// Looks, before something is sent at `now`, whether what was sent before still waits in the queue of the interface.
    /// It looks a few times a second.
    pub(super) fn look(&mut self, socket: &impl AsRawFd, now: Duration) -> Option<Stuck> {
        let since = now.saturating_sub(core::mem::replace(&mut self.sent, now));
        // A network card may take a moment to say that a packet is gone.
        if since < PATIENCE || now.saturating_sub(self.looked) < PAUSE {
            return None;
        }
        self.looked = now;
        let bytes = sys::unsent(socket).ok().filter(|bytes| *bytes > 0)?;
        let before = self.stuck.replace(now);
        let news = before.is_none_or(|before| now.saturating_sub(before) > CALM);
        Some(Stuck { bytes, since, news })
    }
}

/// What waits for so long is stuck.
const PATIENCE: Duration = Duration::from_millis(5);
/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(250);
/// After so long it is news again.
const CALM: Duration = Duration::from_secs(60);
