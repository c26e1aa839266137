//! What runs while a router is Backup.

use core::time::Duration;

use super::ActiveRouter;
use crate::interval::{Countdown, down};
use crate::reception::Advert;
use crate::{Config, Interval, Priority, Reason, Version};

#[derive(Clone, Debug)]
pub(super) struct Backup {
    /// `Active_Down_Timer`. It always contains the skew exactly once.
    pub(super) timer: Countdown,
    /// `Active_Adver_Interval`: at first our own.
    interval: Interval,
    /// Whether it was learned from an Active router.
    learned: bool,
    /// Until when a lesser Active router is let be (`preempt_delay`).
    pub(super) hold: Option<Duration>,
    /// Who is Active.
    pub(super) heard: Option<ActiveRouter>,
    /// Why the timer will run out, if it does.
    pub(super) cause: Cause,
    /// The timer ran out, and no better router was heard since: only the sync group is waited for.
    pub(super) ready: bool,
}

/// Why a Backup takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cause {
    Silence,
    Resigned,
    Preempted,
}

impl Cause {
    pub(super) const fn reason(self) -> Reason {
        match self {
            Self::Silence => Reason::Silence,
            Self::Resigned => Reason::Resigned,
            Self::Preempted => Reason::Preempted,
        }
    }
}

impl Backup {
    /// Waits for `ticks` from `now` on. `interval` was learned if somebody was `heard`, else it is our own.
    pub(super) fn new(now: Duration, ticks: u32, interval: Interval, heard: Option<ActiveRouter>) -> Self {
        Self {
            timer: Countdown::new(now, ticks),
            interval,
            learned: heard.is_some(),
            hold: None,
            heard,
            cause: Cause::Silence,
            ready: false,
        }
    }

    /// The interval that the timer counts in.
    pub(super) fn interval(&self) -> Interval {
        self.interval
    }

    /// Whether that was learned from an Active router.
    pub(super) fn is_learned(&self) -> bool {
        self.learned
    }

    /// Whether version 3 was heard, two of its intervals ago at most, from where `advert` of version 2 comes.
    pub(super) fn has_better(&self, now: Duration, advert: &Advert) -> bool {
        let (since, _) = self.timer.parts();
        let fresh = now < since.saturating_add(self.interval.duration().saturating_mul(2));
        let same = |heard: &ActiveRouter| heard.version == Version::V3 && heard.source == advert.source;
        fresh && self.heard.as_ref().is_some_and(same)
    }

    /// An advert was accepted: the wait begins again, over its interval.
    pub(super) fn accepted<A, P>(
        &mut self,
        now: Duration,
        interval: Interval,
        priority: Priority,
        config: &Config<A, P>,
    ) {
        self.cause = Cause::Silence;
        self.ready = false;
        self.interval = interval;
        self.learned = true;
        self.timer = Countdown::new(now, down(config.version, priority, interval, config.down_timer_adverts));
    }

    /// The Active router has resigned: only the `skew` is waited for.
    pub(super) fn resigned(&mut self, now: Duration, skew: u32) {
        self.timer = Countdown::new(now, skew);
        self.hold = None;
        self.heard = None;
        self.cause = Cause::Resigned;
    }

    /// Whether a lesser router heard at `now` is let be for some time. The time runs from when the first was
    /// heard.
    pub(super) fn holds_back<A, P>(&mut self, now: Duration, config: &Config<A, P>) -> bool {
        if config.preempt_delay.is_zero() || config.priority.is_owner() {
            return false;
        }
        let until = *self.hold.get_or_insert(now.saturating_add(config.preempt_delay));
        now < until
    }

    /// Counts what was waited already on the settings that have changed, so that a reload does not put off a takeover
    /// (F31).
    pub(super) fn reconfigure<A, P>(&mut self, now: Duration, priority: Priority, config: &Config<A, P>) {
        // No skew is as long as an interval: after a resignation only the skew is waited for.
        let (_, waited) = self.timer.parts();
        let resigned = waited < 256 * u32::from(self.interval.centiseconds());
        // T3; version 2 has nothing to learn.
        if config.version == Version::V2 || !self.learned {
            self.interval = config.advert_interval;
        }
        let adverts = if resigned { 0 } else { config.down_timer_adverts };
        self.timer = self.timer.replaced(now, down(config.version, priority, self.interval, adverts));
    }
}
