//! One virtual router: the state machine of RFC 9568 §6.4 and RFC 3768 §6.4.

use core::net::IpAddr;
use core::time::Duration;

use crate::interval::skew;
use crate::reception::Advert;
use crate::wire::advert::{Addresses, Repr};
use crate::wire::checksum::ChecksumForm;
use crate::{
    Action, Actions, Config, Event, Faults, Interval, Notice, Peer, Priority, Reason, State, Version,
};

mod active;
mod backup;
mod course;
mod fingerprint;
mod hearing;
mod membership;
mod notices;
mod timers;

use active::Active;
use backup::Backup;
pub(crate) use membership::Order;
use notices::Notices;

pub use timers::Timers;

/// One virtual router.
///
/// Feed it every [`Event`] with the time at which it happened, and a [`Tick`](Event::Tick) once
/// [`deadline`](Self::deadline) has come; do what it returns, in that order. Time is a span since any origin,
/// and one that steps back counts as standing still.
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
    /// Whether the event in hand came through a sync group, which decides when to become Active.
    grouped: bool,
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
    /// The version in which it was heard last.
    pub version: Version,
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
            grouped: false,
        }
    }

    /// Takes in what happened at `now` and returns what to do about it.
    ///
    /// A member of a sync group is told through [`Group::handle`](crate::Group::handle) instead.
    pub fn handle(&mut self, now: Duration, event: Event<'_, A, P>) -> Actions {
        self.grouped = false;
        let mut actions = Actions::new();
        self.take_in(now, event, &mut actions);
        actions
    }

    fn take_in(&mut self, now: Duration, event: Event<'_, A, P>, actions: &mut Actions) {
        if self.latest < now {
            self.latest = now;
        }
        let now = self.latest;
        match event {
            Event::Start { source, mac } => {
                self.locate(now, source, mac, actions);
                if !core::mem::replace(&mut self.started, true) {
                    let adverts = if self.config.eager { 1 } else { self.config.down_timer_adverts };
                    self.enter(now, adverts, actions);
                }
            }
            Event::Resume { source, mac, since, advert_at } => {
                self.locate(now, source, mac, actions);
                if !core::mem::replace(&mut self.started, true) {
                    self.resume(now, since, advert_at, actions);
                }
            }
            Event::Stop => {
                self.started = false;
                self.leave(now, Reason::Stopped, actions);
            }
            Event::Tick => self.tick(now, actions),
            Event::Packet(ref packet) => self.packet(now, packet, actions),
            Event::Fault { fault, present } => self.fault(now, fault, present, actions),
            Event::Source { source, mac } => self.locate(now, source, mac, actions),
            Event::Priority(priority) => {
                if !self.config.priority.is_owner() {
                    self.prioritize(Priority::clamped(i32::from(priority.get())));
                }
            }
            Event::Configure(config) => self.configure(now, config, actions),
            Event::Announce => {
                if let Phase::Active(active) = &mut self.phase {
                    active.announcer.burst(now, self.config.announce.repeat, self.config.announce.delay);
                    self.announce(now, actions);
                }
            }
        }
    }

    /// When to send the next [`Event::Tick`]. Only [`handle`](Self::handle) changes it.
    pub fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Initialize => None,
            Phase::Backup(backup) => Some(backup.timer.deadline()),
            Phase::Active(active) => Some(active.deadline()),
        }
    }

    /// The adverts that [`Action::Advertise`] asks for: one in each version that the router speaks.
    pub fn adverts(&self, priority: u8) -> impl Iterator<Item = Repr<'_>> {
        let advert = self.advert(priority);
        let second = self.config.both_versions.then_some(Repr { version: Version::V2, ..advert });
        core::iter::once(advert).chain(second)
    }

    /// The first of [`adverts`](Self::adverts), which most routers have alone.
    pub fn advert(&self, priority: u8) -> Repr<'_> {
        Repr {
            version: self.config.version,
            vrid: self.config.vrid,
            priority,
            interval: self.config.advert_interval,
            authentication: self.config.authentication,
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
                    let reason = backup.cause.reason();
                    self.become_active(now, reason, actions);
                }
            }
            Phase::Active(active) => {
                if let Some(late) = active.held_up(now, &self.config) {
                    // F3: a Backup has taken over meanwhile, and the neighbours have learnt its place.
                    push(actions, Action::Noticed(held_up(late)));
                    active.announcer.burst(now, self.config.announce.repeat, self.config.announce.delay);
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

    fn locate(&mut self, now: Duration, source: IpAddr, mac: Option<[u8; 6]>, actions: &mut Actions) {
        let moved = self.mac != mac;
        self.source = Some(source);
        self.mac = mac;
        if let Phase::Active(active) = &mut self.phase
            && moved
        {
            active.announcer.burst(now, self.config.announce.repeat, self.config.announce.delay);
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
            // Who was lesser may not be any more; the timer that runs tells.
            backup.ready &= priority >= self.priority || backup.heard.is_none();
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
            // One that was an owner before has yielded to another, and stays so (erratum 8298).
            Phase::Backup(_) if config.priority.is_owner() && !old.priority.is_owner() => {
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
                    active.announcer.burst(now, config.announce.repeat, config.announce.delay);
                }
                self.announce(now, actions);
            }
        }
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
}

impl From<&Advert> for ActiveRouter {
    fn from(advert: &Advert) -> Self {
        Self {
            source: advert.source,
            version: advert.version,
            priority: advert.priority,
            interval: advert.interval,
            checksum: advert.checksum,
        }
    }
}

fn held_up(late: Duration) -> Notice {
    Notice::HeldUp { milliseconds: u32::try_from(late.as_millis()).unwrap_or(u32::MAX) }
}

/// Adds an action. There is always room: see [`MOST_ACTIONS`](crate::action::MOST_ACTIONS).
#[inline]
fn push(actions: &mut Actions, action: Action) {
    let refused = actions.push(action);
    debug_assert!(refused.is_ok(), "more than MOST_ACTIONS actions");
}
