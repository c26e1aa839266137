//! What a sync group asks of its members. The decisions are [`Group`](crate::Group)'s.

use core::net::IpAddr;
use core::time::Duration;

use super::backup::Backup;
use super::{Phase, VirtualRouter};
use crate::interval::{Countdown, down};
use crate::{Actions, Event, Peer, Reason};

/// What a sync group tells a member that nothing happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Be Active, with all the others.
    TakeOver,
    /// Be Backup, with all the others, and wait for so many adverts more than configured before being ready.
    FallBack {
        /// Adverts to wait for beside the configured number.
        adverts: u8,
    },
    /// Announce the addresses as if a lesser Active router had been heard on this link too.
    Announce,
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> VirtualRouter<A, P> {
    /// As [`handle`](Self::handle), but where that would become Active this one gets ready and waits.
    pub(crate) fn handle_as_member(&mut self, now: Duration, event: Event<'_, A, P>) -> Actions {
        self.grouped = true;
        let mut actions = Actions::new();
        self.take_in(now, event, &mut actions);
        actions
    }

    /// Follows the group.
    pub(crate) fn obey(&mut self, now: Duration, order: Order) -> Actions {
        let now = now.max(self.latest);
        self.latest = now;
        let mut actions = Actions::new();
        match order {
            Order::TakeOver => {
                if let Phase::Backup(backup) = &self.phase {
                    let reason = match (backup.ready, self.priority.is_owner()) {
                        (true, true) => Reason::Owner,
                        (true, false) => backup.cause.reason(),
                        (false, _) => Reason::SyncGroup,
                    };
                    self.take_over(now, reason, &mut actions);
                }
            }
            Order::FallBack { adverts } => {
                if matches!(self.phase, Phase::Active(_)) {
                    self.yield_to(now, None, Reason::SyncGroup, &mut actions);
                }
                let adverts = self.config.down_timer_adverts.saturating_add(adverts);
                self.rearm(now, adverts, false);
            }
            Order::Announce => {
                if let Phase::Active(active) = &mut self.phase {
                    let rounds = self.config.announce.lower_priority_repeat;
                    let delay = self.config.announce.lower_priority_delay.duration();
                    active.announcer.burst(now, rounds, delay);
                }
                self.announce(now, &mut actions);
            }
        }
        actions
    }

    /// Whether it is Backup and would be Active, were it not for the other members of its sync group: its
    /// down timer has run out, and no better router was heard since.
    pub fn is_ready(&self) -> bool {
        matches!(&self.phase, Phase::Backup(Backup { ready: true, .. }))
    }

    /// Whether a lesser Active router was heard since the last regular advert.
    pub(crate) fn is_contested(&self) -> bool {
        matches!(&self.phase, Phase::Active(active) if active.is_contested())
    }

    /// Gets ready. The timer runs again, so that the deadline moves on; nothing hangs on it any more.
    pub(super) fn await_group(&mut self, now: Duration, actions: &mut Actions) {
        if matches!(self.phase, Phase::Initialize) {
            let waiting = Backup::new(now, 0, self.config.advert_interval, None);
            self.change(now, Phase::Backup(waiting), Reason::Started, actions);
        }
        self.rearm(now, self.config.down_timer_adverts, true);
    }

    fn rearm(&mut self, now: Duration, adverts: u8, ready: bool) {
        if let Phase::Backup(backup) = &mut self.phase {
            backup.ready = ready;
            let ticks = down(self.config.version, self.priority, backup.interval(), adverts);
            backup.timer = Countdown::new(now, ticks);
        }
    }
}
