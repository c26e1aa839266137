//! The course of a router through its states, and what each change needs done.

use core::net::IpAddr;
use core::time::Duration;

use super::active::Active;
use super::backup::Backup;
use super::notices::Notices;
use super::{ActiveRouter, Phase, VirtualRouter, held_up, push};
use crate::interval::down;
use crate::{Action, Actions, Fault, Peer, Reason, State};

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> VirtualRouter<A, P> {
    pub(super) fn fault(&mut self, now: Duration, fault: Fault, present: bool, actions: &mut Actions) {
        self.faults.set(fault, present);
        if present {
            self.leave(now, Reason::Fault(fault), actions);
        } else {
            self.enter(now, self.config.down_timer_adverts, actions);
        }
    }

    /// Takes part, if nothing stands in the way; as a Backup it waits for `adverts` intervals and the skew.
    pub(super) fn enter(&mut self, now: Duration, adverts: u8, actions: &mut Actions) {
        if !self.started || !self.faults.is_empty() || self.state() != State::Initialize {
            return;
        }
        if self.priority.is_owner() {
            self.become_active(now, Reason::Owner, actions);
            return;
        }
        // S1, T3: nobody was heard yet, so the interval is our own.
        let interval = self.config.advert_interval;
        let ticks = down(self.config.version, self.priority, interval, adverts);
        self.change(now, Phase::Backup(Backup::new(now, ticks, interval, None)), Reason::Started, actions);
    }

    /// Is Active again as it was before its process ended; as a Backup if its peers may not have waited.
    pub(super) fn resume(
        &mut self,
        now: Duration,
        since: Duration,
        advert_at: Duration,
        actions: &mut Actions,
    ) {
        let period = self.config.advert_interval.duration();
        // One from the future would keep it silent.
        let advert_at = advert_at.min(now.saturating_add(period));
        let patience = period.saturating_mul(u32::from(self.config.down_timer_adverts).saturating_sub(1));
        let too_late = now.saturating_add(period / 2) >= advert_at.saturating_add(patience);
        if too_late || !self.faults.is_empty() || self.state() != State::Initialize {
            self.enter(now, self.config.down_timer_adverts, actions);
            return;
        }
        let mut active = Active::resumed(now, advert_at, &self.config);
        if active.advert_is_due(now, self.config.advert_interval) {
            push(actions, Action::Advertise { priority: self.priority.get() });
        }
        push(actions, Action::ClaimAddresses);
        self.phase = Phase::Active(active);
        self.announce(now, actions);
        self.arrived(now, State::Initialize, Reason::Resumed, actions);
        self.since = since.min(now);
    }

    /// Takes no part any longer; an Active router resigns, once nothing answers for its addresses any more
    /// (D12).
    pub(super) fn leave(&mut self, now: Duration, reason: Reason, actions: &mut Actions) {
        match self.phase {
            Phase::Initialize => return,
            Phase::Backup(_) => {}
            Phase::Active(_) => {
                push(actions, Action::ReleaseAddresses);
                push(actions, Action::Advertise { priority: 0 });
            }
        }
        self.change(now, Phase::Initialize, reason, actions);
    }

    /// Nothing stands in the way of becoming Active, but for the other members of a sync group.
    pub(super) fn become_active(&mut self, now: Duration, reason: Reason, actions: &mut Actions) {
        if self.grouped {
            self.await_group(now, actions);
        } else {
            self.take_over(now, reason, actions);
        }
    }

    /// The advert goes first, so that the former Active router lets go before we claim and announce (D12).
    pub(super) fn take_over(&mut self, now: Duration, reason: Reason, actions: &mut Actions) {
        let from = self.state();
        push(actions, Action::Advertise { priority: self.priority.get() });
        push(actions, Action::ClaimAddresses);
        self.phase = Phase::Active(Active::new(now, &self.config));
        self.announce(now, actions);
        self.arrived(now, from, reason, actions);
    }

    /// Goes to Backup. The winner of an election gets a last advert, once nothing answers for the addresses any
    /// more: after a healed split it may not have heard us, and has to tell the neighbours, who have learnt our
    /// place (F1).
    pub(super) fn yield_to(
        &mut self,
        now: Duration,
        winner: Option<ActiveRouter>,
        reason: Reason,
        actions: &mut Actions,
    ) {
        push(actions, Action::ReleaseAddresses);
        // A third router of our priority would learn our interval again, after the winner's. With a shorter one it would
        // take over before the winner speaks next.
        let harmless = winner.is_some_and(|winner| winner.interval <= self.config.advert_interval);
        if harmless && self.config.higher_priority_send_advert {
            push(actions, Action::Advertise { priority: self.priority.get() });
        }
        let interval = winner.map_or(self.config.advert_interval, |winner| winner.interval);
        let ticks = down(self.config.version, self.priority, interval, self.config.down_timer_adverts);
        self.change(now, Phase::Backup(Backup::new(now, ticks, interval, winner)), reason, actions);
    }

    /// An Active router that was held up for longer than a Backup waits, and that does not preempt, makes way
    /// before it speaks or answers (F3).
    pub(super) fn yield_when_held_up(&mut self, now: Duration, actions: &mut Actions) -> bool {
        !self.config.preempts() && self.make_way(now, actions)
    }

    fn make_way(&mut self, now: Duration, actions: &mut Actions) -> bool {
        let Phase::Active(active) = &self.phase else { return false };
        let Some(late) = active.held_up(now, &self.config) else { return false };
        push(actions, Action::Noticed(held_up(late)));
        self.yield_to(now, None, Reason::HeldUp, actions);
        true
    }

    pub(super) fn change(&mut self, now: Duration, phase: Phase, reason: Reason, actions: &mut Actions) {
        let from = self.state();
        self.phase = phase;
        self.arrived(now, from, reason, actions);
    }

    pub(super) fn arrived(&mut self, now: Duration, from: State, reason: Reason, actions: &mut Actions) {
        self.since = now;
        self.notices = Notices::default();
        push(actions, Action::Transition { from, to: self.state(), reason });
    }
}
