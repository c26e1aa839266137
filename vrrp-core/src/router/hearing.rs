//! What comes of a packet: the ladder, then the rows of the state tables that begin with an advert.

use core::net::IpAddr;
use core::time::Duration;

use super::backup::Cause;
use super::{ActiveRouter, Phase, VirtualRouter, push};
use crate::interval::skew;
use crate::rank::{Contest, Rank};
use crate::reception::{self, Advert, Expectation};
use crate::wire::advert::Header;
use crate::{Action, Actions, Ignored, Notice, Packet, Peer, Reason, Version};

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> VirtualRouter<A, P> {
    pub(super) fn packet(&mut self, now: Duration, packet: &Packet<'_>, actions: &mut Actions) {
        let advert = match reception::judge(&self.expectation(), packet) {
            Ok(advert) => advert,
            Err(why) => {
                push(actions, Action::Ignored(why));
                if why == Ignored::Loop {
                    self.notice(Notice::Loop, actions);
                }
                // F27
                if why == Ignored::VersionMismatch
                    && let Some(header) = Header::read(packet.message)
                    && let Some(version) = header.version()
                    && header.vrid() == self.config.vrid.get()
                {
                    self.notice(Notice::VersionMismatch { source: packet.source, version }, actions);
                }
                return;
            }
        };
        self.yield_when_held_up(now, actions);
        if matches!(self.phase, Phase::Initialize) {
            push(actions, Action::Ignored(Ignored::NotRunning));
            return;
        }
        self.remark(&advert, actions);
        match self.phase {
            Phase::Initialize => {}
            Phase::Backup(_) => self.heard_as_backup(now, &advert),
            Phase::Active(_) => self.heard_as_active(now, &advert, actions),
        }
    }

    /// Notes what an operator should know about a valid advert, whoever wins.
    pub(super) fn remark(&mut self, advert: &Advert, actions: &mut Actions) {
        push(actions, Action::Heard { priority: advert.priority });
        let source = advert.source;
        // Version 2 cannot show what is not whole seconds.
        if advert.version == self.config.version && advert.interval != self.config.advert_interval {
            self.notice(Notice::IntervalMismatch { source, interval: advert.interval }, actions);
        }
        if !advert.addresses_match {
            self.notice(Notice::AddressListMismatch { source }, actions);
        }
        if advert.priority == u8::MAX && self.priority.is_owner() && self.source != Some(source) {
            self.notice(Notice::SecondOwner { source }, actions);
        }
    }

    pub(super) fn heard_as_backup(&mut self, now: Duration, advert: &Advert) {
        let Phase::Backup(backup) = &mut self.phase else { return };
        // RFC 9568 §8.4.1: it says the same in version 3, and more exactly.
        if self.config.both_versions && advert.version == Version::V2 && backup.has_better(now, advert) {
            return;
        }
        if advert.priority == 0 {
            backup.resigned(now, skew(self.config.version, self.priority, backup.interval()));
            return;
        }
        let lesser = advert.priority < self.priority.get();
        backup.heard = Some(ActiveRouter::from(advert));
        if lesser && self.config.preempts() && !backup.holds_back(now, &self.config) {
            backup.cause = Cause::Preempted;
            return;
        }
        if !lesser {
            // F21
            backup.hold = None;
            self.followed = Some(advert.checksum);
        }
        backup.accepted(now, advert.interval, self.priority, &self.config);
    }

    pub(super) fn heard_as_active(&mut self, now: Duration, advert: &Advert, actions: &mut Actions) {
        let Phase::Active(active) = &mut self.phase else { return };
        let Some(address) = self.source else { return };
        let interval = self.config.advert_interval;
        if advert.priority == 0 {
            // An answer that has to wait does not put off the next advert: someone who resigns without end
            // must not silence us (F12).
            if active.may_answer(now, interval) {
                active.advert_at = now.saturating_add(interval.duration());
                push(actions, Action::Advertise { priority: self.priority.get() });
            }
            return;
        }
        let own = Rank { priority: self.priority.get(), address, mac: self.mac };
        let other = Rank { priority: advert.priority, address: advert.source, mac: advert.link_source };
        match own.contest(&other) {
            Contest::Lost => {
                self.followed = Some(advert.checksum);
                let reason = Reason::Outranked { by: advert.source, priority: advert.priority };
                self.yield_to(now, Some(ActiveRouter::from(advert)), reason, actions);
            }
            Contest::Won => {
                // Who has just become Active hears the last advert of the one before, and is announcing anyway.
                let opening = active.announcer.is_busy();
                let first = !opening && active.contest();
                // RFC 9568 §6.4.3 answers at once; RFC 3768 §6.4.3 does not answer.
                let answers = self.config.version == Version::V3 && !self.config.lower_priority_no_advert;
                let answered = answers && active.may_answer(now, interval);
                if first {
                    let rounds = self.config.announce.lower_priority_repeat;
                    let delay = self.config.announce.lower_priority_delay.duration();
                    active.announcer.burst(now, rounds, delay);
                }
                if !opening {
                    let notice = Notice::SecondActive { source: advert.source, priority: advert.priority };
                    self.notice(notice, actions);
                }
                if answered {
                    push(actions, Action::Advertise { priority: self.priority.get() });
                }
                self.announce(now, actions);
            }
            // E1.1, E1.4: never answered (E4).
            Contest::Loop => self.notice(Notice::Loop, actions),
            Contest::Undecided => self.notice(Notice::DuplicateIdentity, actions),
        }
    }

    fn expectation(&self) -> Expectation<'_, A, P> {
        let skips = self.config.skip_address_check;
        Expectation {
            settings: self.config.settings(),
            source: self.source.as_ref(),
            mac: self.mac.as_ref(),
            trusted: if skips { self.active().map(|active| &active.source) } else { None },
        }
    }
}
