//! What runs while a router is Active.

use core::time::Duration;

use crate::announce::Announcer;
use crate::interval::following;
use crate::{Config, Interval};

#[derive(Clone, Debug)]
pub(super) struct Active {
    /// When the next regular advert is due (`Adver_Timer`).
    pub(super) advert_at: Duration,
    /// Until when no further answer is sent (E4).
    quiet_until: Duration,
    /// An answer was held back until then.
    owes_answer: bool,
    /// A lesser Active router was heard since the last regular advert.
    contested: bool,
    /// ... and since the one before that.
    was_contested: bool,
    pub(super) announcer: Announcer,
}

impl Active {
    /// Just become Active, the first advert sent.
    pub(super) fn new<A, P>(now: Duration, config: &Config<A, P>) -> Self {
        Self {
            advert_at: now.saturating_add(config.advert_interval.duration()),
            quiet_until: now,
            owes_answer: false,
            contested: false,
            was_contested: false,
            announcer: Announcer::new(now, &config.announce),
        }
    }

    /// Active since before its process ended; the next advert is due at `advert_at`.
    pub(super) fn resumed<A, P>(now: Duration, advert_at: Duration, config: &Config<A, P>) -> Self {
        Self { advert_at, ..Self::new(now, config) }
    }

    pub(super) fn deadline(&self) -> Duration {
        let answer = self.owes_answer.then_some(self.quiet_until);
        [answer, self.announcer.deadline()].into_iter().flatten().fold(self.advert_at, Duration::min)
    }

    /// How late the next advert is at `now`, if that is so late that a Backup with the same settings must have taken
    /// over: it was armed one interval before the advert was due.
    #[inline]
    pub(super) fn held_up<A, P>(&self, now: Duration, config: &Config<A, P>) -> Option<Duration> {
        let patience = config.advert_interval.times(config.down_timer_adverts.saturating_sub(1).max(1));
        let late = self.advert_at.checked_add(patience).is_some_and(|limit| limit <= now);
        late.then(|| now.saturating_sub(self.advert_at))
    }

    /// Whether to send an advert at `now`, be it a regular one or an answer that was held back.
    #[inline]
    pub(super) fn advert_is_due(&mut self, now: Duration, interval: Interval) -> bool {
        if self.advert_at <= now {
            self.advert_at = following(self.advert_at, interval.duration(), now);
            self.owes_answer = false;
            self.was_contested = self.contested;
            self.contested = false;
            return true;
        }
        self.owes_answer && self.may_answer(now, interval)
    }

    /// Whether to answer at `now` a router that should hear from us. If it is too soon after the last answer,
    /// one answer for all comes later: a flood is not reflected, and everybody is answered (E4). Eight in an interval
    /// are, at the least one, 10 ms, still 32 ticks of 1/256 centisecond apart.
    #[inline]
    pub(super) fn may_answer(&mut self, now: Duration, interval: Interval) -> bool {
        self.owes_answer = now < self.quiet_until;
        if !self.owes_answer {
            self.quiet_until = now.saturating_add(interval.eighth());
        }
        !self.owes_answer
    }

    /// Until when no further answer is sent.
    pub(super) fn quiet_until(&self) -> Duration {
        self.quiet_until
    }

    /// Whether an answer was held back until then.
    pub(super) fn owes_answer(&self) -> bool {
        self.owes_answer
    }

    /// Notes that a lesser Active router was heard; whether it is the first since the last regular advert.
    pub(super) fn contest(&mut self) -> bool {
        !core::mem::replace(&mut self.contested, true)
    }

    /// Whether a lesser Active router was heard since the last regular advert.
    pub(super) fn is_contested(&self) -> bool {
        self.contested
    }

    /// Whether nobody has contested the addresses for a whole interval.
    pub(super) fn is_calm(&self) -> bool {
        !self.contested && !self.was_contested
    }
}
