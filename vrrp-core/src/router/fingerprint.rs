//! What a router's future hangs on, told apart from when it happens.

use core::hash::{Hash, Hasher};
use core::time::Duration;

use super::{Phase, VirtualRouter};

impl<A, P> VirtualRouter<A, P> {
    /// Feeds `hasher` with everything that decides what this router will do from `now` on, all times
    /// relative to `now`.
    ///
    /// Two routers of the same configuration that hash the same at their respective `now` answer the same
    /// events with the same actions, as long as time does not step back. Left out are the configuration,
    /// [`since`](VirtualRouter::since), and which [`Notice`](crate::Notice)s were given: they move no timer
    /// and no packet. It is meant for exploring a group of routers exhaustively.
    pub fn fingerprint(&self, now: Duration, hasher: &mut impl Hasher) {
        (self.source, self.mac, self.started, self.faults, self.priority, self.followed).hash(hasher);
        match &self.phase {
            Phase::Initialize => 0_u8.hash(hasher),
            Phase::Backup(backup) => {
                1_u8.hash(hasher);
                backup.fingerprint(now, hasher);
            }
            Phase::Active(active) => {
                2_u8.hash(hasher);
                active.fingerprint(now, hasher);
            }
        }
    }
}

impl super::Backup {
    fn fingerprint(&self, now: Duration, hasher: &mut impl Hasher) {
        let heard = self
            .heard
            .map(|heard| (heard.source, heard.version, heard.priority, heard.interval, heard.checksum));
        // The timer may be stretched later on, so its parts count and not only when it runs out.
        let (from, ticks) = self.timer.parts();
        (relative(from, now), ticks, self.interval(), self.is_learned()).hash(hasher);
        (self.hold.map(|until| until.saturating_sub(now)), self.cause, self.ready).hash(hasher);
        heard.hash(hasher);
    }
}

impl super::Active {
    fn fingerprint(&self, now: Duration, hasher: &mut impl Hasher) {
        (relative(self.advert_at, now), self.quiet_until().saturating_sub(now), self.owes_answer())
            .hash(hasher);
        (self.is_contested(), self.is_calm()).hash(hasher);
        for due in self.announcer.due() {
            due.map(|due| relative(due, now)).hash(hasher);
        }
        self.announcer.progress().hash(hasher);
    }
}

/// `at` as seen from `now`: whether it is to come, and how far away it is.
fn relative(at: Duration, now: Duration) -> (bool, Duration) {
    (at >= now, at.abs_diff(now))
}
