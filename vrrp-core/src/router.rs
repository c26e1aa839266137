//! One virtual router: the state machine of RFC 9568 §6.4 and RFC 3768 §6.4.

use core::net::IpAddr;
use core::time::Duration;

use crate::interval::{down, skew};
use crate::rank::{Contest, Rank};
use crate::reception::{self, Advert, Expectation, UnicastExpectation};
use crate::wire::advert::{Addresses, Repr};
use crate::wire::auth::Authentication;
use crate::wire::checksum::ChecksumForm;
use crate::{
    Action, Actions, Config, Event, Fault, Faults, Ignored, Interval, Notice, Packet, Peer, Priority, Reason,
    State,
};

mod active;
mod backup;
mod notices;

use active::Active;
use backup::{Backup, Cause};
use notices::Notices;

/// One virtual router.
///
/// Feed it every [`Event`] with the time at which it happened, and a [`Tick`](Event::Tick) once
/// [`deadline`](Self::deadline) has come; do what it returns, in that order. Time is a span since any origin, and
/// one that steps back counts as standing still.
#[derive(Clone, Debug)]
pub struct VirtualRouter<A, P = &'static [Peer]> {
    config: Config<A, P>,
    phase: Phase,
    /// The latest time ever told.
    latest: Duration,
    /// When the state changed last.
    since: Duration,
    source: Option<IpAddr>,
    mac: Option<[u8; 6]>,
    started: bool,
    faults: Faults,
    /// The effective priority.
    priority: Priority,
    /// The checksum form last heard from a better router.
    followed: Option<ChecksumForm>,
    notices: Notices,
}

/// The state together with the timers that run in it, so that no other can.
#[derive(Clone, Debug)]
enum Phase {
    Initialize,
    Backup(Backup),
    Active(Active),
}

/// The Active router as a Backup sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveRouter {
    /// Where its adverts come from.
    pub source: IpAddr,
    /// Its priority.
    pub priority: u8,
    /// The interval that it advertises.
    pub interval: Interval,
    /// The form of its checksums.
    pub checksum: ChecksumForm,
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> VirtualRouter<A, P> {
    /// A router in [`State::Initialize`]. Nothing runs before [`Event::Start`].
    pub fn new(config: Config<A, P>) -> Self {
        Self {
            priority: config.priority,
            config,
            phase: Phase::Initialize,
            latest: Duration::ZERO,
            since: Duration::ZERO,
            source: None,
            mac: None,
            started: false,
            faults: Faults::default(),
            followed: None,
            notices: Notices::default(),
        }
    }

    /// Takes in what happened at `now` and returns what to do about it.
    pub fn handle(&mut self, now: Duration, event: Event<'_, A, P>) -> Actions {
        let now = now.max(self.latest);
        self.latest = now;
        let mut actions = Actions::new();
        match event {
            Event::Start { source, mac } => {
                self.locate(now, source, mac, &mut actions);
                if !core::mem::replace(&mut self.started, true) {
                    let adverts = if self.config.eager { 1 } else { self.config.down_timer_adverts };
                    self.enter(now, adverts, &mut actions);
                }
            }
            Event::Stop => {
                self.started = false;
                self.leave(now, Reason::Stopped, &mut actions);
            }
            Event::Tick => self.tick(now, &mut actions),
            Event::Packet(packet) => self.packet(now, &packet, &mut actions),
            Event::Fault { fault, present } => self.fault(now, fault, present, &mut actions),
            Event::Source { source, mac } => self.locate(now, source, mac, &mut actions),
            Event::Priority(priority) => {
                if !self.config.priority.is_owner() {
                    self.prioritize(Priority::clamped(i32::from(priority.get())));
                }
            }
            Event::Configure(config) => self.configure(now, config, &mut actions),
            Event::Announce => {
                if let Phase::Active(active) = &mut self.phase {
                    active.announcer.burst(now, self.config.announce.repeat, &self.config.announce);
                    self.announce(now, &mut actions);
                }
            }
        }
        actions
    }

    /// When to send the next [`Event::Tick`]. Only [`handle`](Self::handle) changes it.
    pub fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Initialize => None,
            Phase::Backup(backup) => Some(backup.timer.deadline()),
            Phase::Active(active) => Some(active.deadline()),
        }
    }

    /// The advert that [`Action::Advertise`] asks for.
    pub fn advert(&self, priority: u8) -> Repr<'_> {
        Repr {
            version: self.config.version,
            vrid: self.config.vrid,
            priority,
            interval: self.config.advert_interval,
            authentication: self.config.password.map_or(Authentication::None, Authentication::Password),
            addresses: Addresses::new(self.config.addresses.as_ref()),
        }
    }

    /// The checksum form to send adverts in.
    pub fn checksum(&self) -> ChecksumForm {
        self.followed.filter(|_| self.config.follow_checksum).unwrap_or(self.config.checksum)
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Initialize => State::Initialize,
            Phase::Backup(_) => State::Backup,
            Phase::Active(_) => State::Active,
        }
    }

    /// Since when.
    pub fn since(&self) -> Duration {
        self.since
    }

    /// The effective priority.
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// What it was told.
    pub fn config(&self) -> &Config<A, P> {
        &self.config
    }

    /// Where its adverts come from, once it was told.
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The router that is Active while this one is Backup, if one was heard.
    pub fn active(&self) -> Option<&ActiveRouter> {
        match &self.phase {
            Phase::Backup(backup) => backup.heard.as_ref(),
            Phase::Initialize | Phase::Active(_) => None,
        }
    }

    /// What keeps it from taking part.
    pub fn faults(&self) -> Faults {
        self.faults
    }

    /// Whether it was told to take part, faults or not.
    pub fn is_started(&self) -> bool {
        self.started
    }

    fn tick(&mut self, now: Duration, actions: &mut Actions) {
        if self.yield_when_held_up(now, actions) {
            return;
        }
        match &mut self.phase {
            Phase::Initialize => {}
            Phase::Backup(backup) => {
                if backup.timer.deadline() <= now {
                    let reason = match backup.cause {
                        Cause::Silence => Reason::Silence,
                        Cause::Resigned => Reason::Resigned,
                        Cause::Preempted => Reason::Preempted,
                    };
                    self.become_active(now, reason, actions);
                }
            }
            Phase::Active(active) => {
                let late = now.saturating_sub(active.advert_at);
                if late >= longest_lateness(&self.config) {
                    // F3: a Backup has taken over meanwhile, and the neighbours have learnt its place.
                    push(actions, Action::Noticed(held_up(late)));
                    active.announcer.burst(now, self.config.announce.repeat, &self.config.announce);
                }
                if active.advert_is_due(now, self.config.advert_interval) {
                    push(actions, Action::Advertise { priority: self.priority.get() });
                }
                if active.is_calm() {
                    self.notices.forget_second_active();
                }
                self.announce(now, actions);
            }
        }
    }

    fn packet(&mut self, now: Duration, packet: &Packet<'_>, actions: &mut Actions) {
        let advert = match reception::judge(&self.expectation(), packet) {
            Ok(advert) => advert,
            Err(why) => {
                push(actions, Action::Ignored(why));
                if why == Ignored::Loop {
                    self.notice(Notice::Loop, actions);
                }
                return;
            }
        };
        self.yield_when_held_up(now, actions);
        match self.phase {
            Phase::Initialize => push(actions, Action::Ignored(Ignored::NotRunning)),
            Phase::Backup(_) => {
                self.remark(&advert, actions);
                self.heard_as_backup(now, &advert);
            }
            Phase::Active(_) => {
                self.remark(&advert, actions);
                self.heard_as_active(now, &advert, actions);
            }
        }
    }

    /// Notes what an operator should know about a valid advert, whoever wins.
    fn remark(&mut self, advert: &Advert, actions: &mut Actions) {
        push(actions, Action::Heard { priority: advert.priority });
        let source = advert.source;
        if advert.interval != self.config.advert_interval {
            self.notice(Notice::IntervalMismatch { source, interval: advert.interval }, actions);
        }
        if !advert.addresses_match {
            self.notice(Notice::AddressListMismatch { source }, actions);
        }
        if advert.priority == u8::MAX && self.priority.is_owner() && self.source != Some(source) {
            self.notice(Notice::SecondOwner { source }, actions);
        }
    }

    fn heard_as_backup(&mut self, now: Duration, advert: &Advert) {
        let Phase::Backup(backup) = &mut self.phase else { return };
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

    fn heard_as_active(&mut self, now: Duration, advert: &Advert, actions: &mut Actions) {
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
                if self.config.higher_priority_send_advert {
                    push(actions, Action::Advertise { priority: self.priority.get() });
                }
                let reason = Reason::Outranked { by: advert.source, priority: advert.priority };
                self.yield_to(now, Some(ActiveRouter::from(advert)), reason, actions);
            }
            Contest::Won => {
                let first = active.contest();
                // RFC 9568 §6.4.3 answers at once; RFC 3768 §6.4.3 does not answer.
                let answers =
                    self.config.version == crate::Version::V3 && !self.config.lower_priority_no_advert;
                let answered = answers && active.may_answer(now, interval);
                if first {
                    let rounds = self.config.announce.lower_priority_repeat;
                    active.announcer.burst(now, rounds, &self.config.announce);
                }
                let notice = Notice::SecondActive { source: advert.source, priority: advert.priority };
                self.notice(notice, actions);
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

    fn fault(&mut self, now: Duration, fault: Fault, present: bool, actions: &mut Actions) {
        self.faults.set(fault, present);
        if present {
            self.leave(now, Reason::Fault(fault), actions);
        } else {
            self.enter(now, self.config.down_timer_adverts, actions);
        }
    }

    fn locate(&mut self, now: Duration, source: IpAddr, mac: Option<[u8; 6]>, actions: &mut Actions) {
        let moved = self.mac != mac;
        self.source = Some(source);
        self.mac = mac;
        if let Phase::Active(active) = &mut self.phase
            && moved
        {
            active.announcer.burst(now, self.config.announce.repeat, &self.config.announce);
            self.announce(now, actions);
        }
    }

    /// Changes the effective priority; a running down timer is shifted by the difference in skew (T2).
    fn prioritize(&mut self, priority: Priority) {
        if let Phase::Backup(backup) = &mut self.phase {
            let version = self.config.version;
            backup.timer = backup.timer.shifted(
                skew(version, self.priority, backup.interval()),
                skew(version, priority, backup.interval()),
            );
        }
        self.priority = priority;
    }

    fn configure(&mut self, now: Duration, config: Config<A, P>, actions: &mut Actions) {
        if config.vrid != self.config.vrid || config.family != self.config.family {
            self.notice(Notice::ForeignConfiguration, actions);
            return;
        }
        let old = core::mem::replace(&mut self.config, config);
        let config = &self.config;
        let retimed = old.advert_interval != config.advert_interval
            || old.version != config.version
            || old.down_timer_adverts != config.down_timer_adverts;
        let readdressed =
            old.addresses.as_ref() != config.addresses.as_ref() || old.announced != config.announced;
        let priority = if old.priority == config.priority { self.priority } else { config.priority };
        match &mut self.phase {
            Phase::Initialize => self.priority = priority,
            Phase::Backup(_) if config.priority.is_owner() => {
                self.priority = priority;
                self.become_active(now, Reason::Owner, actions);
            }
            Phase::Backup(backup) => {
                if retimed {
                    self.priority = priority;
                    backup.reconfigure(now, priority, config);
                } else {
                    self.prioritize(priority);
                }
            }
            Phase::Active(active) => {
                self.priority = priority;
                let period = config.advert_interval.duration();
                if config.advert_interval > old.advert_interval || config.version != old.version {
                    // F8: Backups must hear of a longer interval before the shorter one runs out.
                    active.advert_at = now.saturating_add(period);
                    push(actions, Action::Advertise { priority: priority.get() });
                } else {
                    active.advert_at = active.advert_at.min(now.saturating_add(period));
                }
                push(actions, Action::ClaimAddresses);
                active.announcer.configure(now, &config.announce);
                if readdressed {
                    active.announcer.burst(now, config.announce.repeat, &config.announce);
                }
                self.announce(now, actions);
            }
        }
    }

    /// Takes part, if nothing stands in the way; as a Backup it waits for `adverts` intervals and the skew.
    fn enter(&mut self, now: Duration, adverts: u8, actions: &mut Actions) {
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

    /// Takes no part any longer; an Active router resigns, once nothing answers for its addresses any more (D12).
    fn leave(&mut self, now: Duration, reason: Reason, actions: &mut Actions) {
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

    /// The advert goes first, so that the former Active router lets go before we claim and announce (D12).
    fn become_active(&mut self, now: Duration, reason: Reason, actions: &mut Actions) {
        let from = self.state();
        push(actions, Action::Advertise { priority: self.priority.get() });
        push(actions, Action::ClaimAddresses);
        self.phase = Phase::Active(Active::new(now, &self.config));
        self.announce(now, actions);
        self.arrived(now, from, reason, actions);
    }

    fn yield_to(
        &mut self,
        now: Duration,
        winner: Option<ActiveRouter>,
        reason: Reason,
        actions: &mut Actions,
    ) {
        push(actions, Action::ReleaseAddresses);
        let interval = winner.map_or(self.config.advert_interval, |winner| winner.interval);
        let ticks = down(self.config.version, self.priority, interval, self.config.down_timer_adverts);
        self.change(now, Phase::Backup(Backup::new(now, ticks, interval, winner)), reason, actions);
    }

    /// An Active router that was held up for longer than a Backup waits, and that does not preempt, makes way
    /// before it speaks or answers (F3).
    fn yield_when_held_up(&mut self, now: Duration, actions: &mut Actions) -> bool {
        let Phase::Active(active) = &self.phase else { return false };
        let late = now.saturating_sub(active.advert_at);
        if self.config.preempts() || late < longest_lateness(&self.config) {
            return false;
        }
        push(actions, Action::Noticed(held_up(late)));
        self.yield_to(now, None, Reason::HeldUp, actions);
        true
    }

    fn change(&mut self, now: Duration, phase: Phase, reason: Reason, actions: &mut Actions) {
        let from = self.state();
        self.phase = phase;
        self.arrived(now, from, reason, actions);
    }

    fn arrived(&mut self, now: Duration, from: State, reason: Reason, actions: &mut Actions) {
        self.since = now;
        self.notices = Notices::default();
        push(actions, Action::Transition { from, to: self.state(), reason });
    }

    fn announce(&mut self, now: Duration, actions: &mut Actions) {
        if let Phase::Active(active) = &mut self.phase
            && let Some(announcement) =
                active.announcer.poll(now, self.config.announced, &self.config.announce)
        {
            push(actions, Action::Announce { first: announcement.first, count: announcement.count });
        }
    }

    fn notice(&mut self, notice: Notice, actions: &mut Actions) {
        if self.notices.is_new(notice) {
            push(actions, Action::Noticed(notice));
        }
    }

    fn expectation(&self) -> Expectation<'_> {
        let config = &self.config;
        Expectation {
            vrid: config.vrid,
            version: config.version,
            family: config.family,
            interval: config.advert_interval,
            password: config.password,
            owner: config.priority.is_owner(),
            addresses: config.addresses.as_ref(),
            trusted: self.active().map(|active| active.source).filter(|_| config.skip_address_check),
            require_link_local: config.require_link_local,
            unicast: config.unicast.as_ref().map(|unicast| UnicastExpectation {
                peers: unicast.peers.as_ref(),
                check_source: unicast.check_source,
            }),
            own: self.source.zip(self.mac),
        }
    }
}

impl From<&Advert> for ActiveRouter {
    fn from(advert: &Advert) -> Self {
        Self {
            source: advert.source,
            priority: advert.priority,
            interval: advert.interval,
            checksum: advert.checksum,
        }
    }
}

/// How late an advert may be before a Backup with the same settings must have taken over: it was armed one
/// interval before the advert was due.
fn longest_lateness<A, P>(config: &Config<A, P>) -> Duration {
    let adverts = u32::from(config.down_timer_adverts).saturating_sub(1).max(1);
    config.advert_interval.duration().saturating_mul(adverts)
}

fn held_up(late: Duration) -> Notice {
    Notice::HeldUp { milliseconds: u32::try_from(late.as_millis()).unwrap_or(u32::MAX) }
}

/// Adds an action. There is always room: see [`MOST_ACTIONS`](crate::action::MOST_ACTIONS).
fn push(actions: &mut Actions, action: Action) {
    let refused = actions.push(action);
    debug_assert!(refused.is_ok(), "more than MOST_ACTIONS actions");
}
