//! The rules of VRRP version 3 once more, in the plainest form, to make mistakes in on purpose.
//!
//! Without a mistake it runs beside the real core and must do the same, which the explorer makes sure of in
//! every state it comes to. So a mistake here is that mistake in the core.

use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::rc::Rc;

use vrrp_core::rank::{Contest, Rank};
use vrrp_core::reception::{self, Expectation};
use vrrp_core::{Action, Actions, Config, Event, Ignored, Packet, Peer, Priority, Reason, State};

use super::mutation::Mutation;

/// A router of version 3 that does what the explorer calls for: one kind of fault, an interval that changes, and
/// the waits that [`Config`] has beside those of the RFC switched off.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    config: Config<Rc<[IpAddr]>>,
    mutation: Mutation,
    phase: Phase,
    own: Option<(IpAddr, Option<[u8; 6]>)>,
    started: bool,
    faulty: bool,
    priority: u8,
}

#[derive(Clone, Copy, Debug, Hash)]
enum Phase {
    Initialize,
    /// Ticks of 1/256 centisecond; an interval in centiseconds.
    Backup {
        from: Duration,
        ticks: u64,
        interval: u16,
        learned: bool,
    },
    /// `period` in centiseconds.
    Active {
        advert_at: Duration,
        period: u16,
        quiet_until: Duration,
        owes: bool,
    },
}

impl Replica {
    pub(super) fn new(config: Config<Rc<[IpAddr]>>, mutation: Mutation) -> Self {
        let priority = config.priority.get();
        Self {
            config,
            mutation,
            phase: Phase::Initialize,
            own: None,
            started: false,
            faulty: false,
            priority,
        }
    }

    pub(super) fn handle(&mut self, now: Duration, event: &Event<'_, Rc<[IpAddr]>>) -> Actions {
        let mut wants = Wants(Actions::new());
        match event {
            Event::Start { source, mac } => {
                self.own = Some((*source, *mac));
                if !core::mem::replace(&mut self.started, true) {
                    self.enter(now, &mut wants);
                }
            }
            Event::Stop => {
                self.started = false;
                self.leave(Reason::Stopped, &mut wants);
            }
            Event::Fault { fault, present } => {
                self.faulty = *present;
                if *present {
                    self.leave(Reason::Fault(*fault), &mut wants);
                } else if self.has(Mutation::FaultEndsInActive) && self.started {
                    self.take_over(now, Reason::Silence, &mut wants);
                } else {
                    self.enter(now, &mut wants);
                }
            }
            Event::Configure(config) => self.configure(now, config, &mut wants),
            Event::Tick => self.tick(now, &mut wants),
            Event::Packet(packet) => self.packet(now, packet, &mut wants),
            Event::Priority(priority) => self.prioritize(*priority),
            Event::Resume { .. } | Event::Source { .. } | Event::Announce => {
                unreachable!("the explorer does not send {event:?}")
            }
        }
        wants.0
    }

    pub(super) fn state(&self) -> State {
        match self.phase {
            Phase::Initialize => State::Initialize,
            Phase::Backup { .. } => State::Backup,
            Phase::Active { .. } => State::Active,
        }
    }

    pub(super) fn is_started(&self) -> bool {
        self.started
    }

    pub(super) fn is_faulty(&self) -> bool {
        self.faulty
    }

    pub(super) fn is_faithful(&self) -> bool {
        self.mutation == Mutation::Nothing
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Initialize => None,
            Phase::Backup { from, ticks, .. } => {
                let halves = ticks * 78_125;
                let rounded = if self.has(Mutation::RoundedDown) { halves / 2 } else { halves.div_ceil(2) };
                Some(from + Duration::from_nanos(rounded))
            }
            Phase::Active { advert_at, quiet_until, owes, .. } => {
                Some(if owes { advert_at.min(quiet_until) } else { advert_at })
            }
        }
    }

    pub(super) fn fingerprint(&self, now: Duration, hasher: &mut impl Hasher) {
        let seen = |at: Duration| (at >= now, at.abs_diff(now));
        (self.started, self.faulty, self.priority, self.own, self.interval()).hash(hasher);
        match self.phase {
            Phase::Initialize => 0_u8.hash(hasher),
            Phase::Backup { from, ticks, interval, learned } => {
                (1_u8, seen(from), ticks, interval, learned).hash(hasher);
            }
            Phase::Active { advert_at, period, quiet_until, owes } => {
                (2_u8, seen(advert_at), period, quiet_until.saturating_sub(now), owes).hash(hasher);
            }
        }
    }

    fn has(&self, mutation: Mutation) -> bool {
        self.mutation == mutation
    }

    fn preempts(&self) -> bool {
        self.config.preempt || self.config.priority.is_owner()
    }

    fn interval(&self) -> u16 {
        self.config.advert_interval.centiseconds()
    }

    fn skew(&self, priority: u8, interval: u16) -> u64 {
        let interval = if self.has(Mutation::SkewNotRecomputed) { self.interval() } else { interval };
        let skew = (256 - u64::from(priority)) * u64::from(interval);
        if self.has(Mutation::SkewZero) {
            return 0;
        }
        if self.has(Mutation::SkewTruncated) { skew / 256 * 256 } else { skew }
    }

    fn down(&self, interval: u16) -> u64 {
        3 * 256 * u64::from(interval) + self.skew(self.priority, interval)
    }

    fn enter(&mut self, now: Duration, wants: &mut Wants) {
        if !self.started || self.faulty || self.state() != State::Initialize {
            return;
        }
        if self.priority == u8::MAX {
            self.take_over(now, Reason::Owner, wants);
        } else if self.has(Mutation::StartsActive) {
            self.take_over(now, Reason::Silence, wants);
        } else {
            self.back_up(now, self.interval(), false, Reason::Started, wants);
        }
    }

    fn leave(&mut self, reason: Reason, wants: &mut Wants) {
        let from = self.state();
        if from == State::Active {
            let by_fault = matches!(reason, Reason::Fault(_));
            let forgets =
                if by_fault { Mutation::FaultWithoutResignation } else { Mutation::ResignationNotSent };
            let silent = self.has(forgets);
            let mut farewell = vec![Action::ReleaseAddresses];
            farewell.extend((!silent).then_some(Action::Advertise { priority: 0 }));
            if self.has(Mutation::ResignsBeforeReleasing) {
                farewell.reverse();
            }
            for action in farewell {
                wants.push(action);
            }
        }
        self.phase = Phase::Initialize;
        if from != State::Initialize {
            wants.push(Action::Transition { from, to: State::Initialize, reason });
        }
    }

    fn take_over(&mut self, now: Duration, reason: Reason, wants: &mut Wants) {
        let from = self.state();
        let period = match self.phase {
            Phase::Backup { interval, .. } if self.has(Mutation::LearnedIntervalAdvertised) => interval,
            Phase::Initialize | Phase::Backup { .. } | Phase::Active { .. } => self.interval(),
        };
        let mut first = vec![Action::Advertise { priority: self.priority }, Action::ClaimAddresses];
        if self.has(Mutation::SilentTakeover) {
            first.remove(0);
        }
        if self.has(Mutation::ClaimsBeforeAdvert) {
            first.reverse();
        }
        for action in first {
            wants.push(action);
        }
        self.phase =
            Phase::Active { advert_at: now + centiseconds(period), period, quiet_until: now, owes: false };
        wants.push(Action::Transition { from, to: State::Active, reason });
    }

    fn back_up(&mut self, now: Duration, interval: u16, learned: bool, reason: Reason, wants: &mut Wants) {
        let from = self.state();
        if from == State::Active && !self.has(Mutation::AddressesKept) {
            wants.push(Action::ReleaseAddresses);
        }
        // F1
        let outranked = matches!(reason, Reason::Outranked { .. });
        if outranked && interval <= self.interval() && self.config.higher_priority_send_advert {
            wants.push(Action::Advertise { priority: self.priority });
        }
        self.phase = Phase::Backup { from: now, ticks: self.down(interval), interval, learned };
        wants.push(Action::Transition { from, to: State::Backup, reason });
    }

    /// F3
    fn makes_way(&mut self, now: Duration, wants: &mut Wants) -> bool {
        let Phase::Active { advert_at, .. } = self.phase else { return false };
        let late = now.saturating_sub(advert_at) >= centiseconds(self.interval()) * 2;
        let makes_way = late && !self.preempts() && !self.has(Mutation::HeldUpSpeaks);
        if makes_way {
            self.back_up(now, self.interval(), false, Reason::HeldUp, wants);
        }
        makes_way
    }

    fn tick(&mut self, now: Duration, wants: &mut Wants) {
        if self.makes_way(now, wants) {
            return;
        }
        let early = self.has(Mutation::EarlyTickActs);
        match self.phase {
            Phase::Initialize => {}
            Phase::Backup { .. } => {
                if early || self.deadline() <= Some(now) {
                    self.take_over(now, Reason::Silence, wants);
                }
            }
            Phase::Active { advert_at, period, quiet_until, owes } => {
                let regular = advert_at <= now;
                if regular {
                    let mut next = advert_at;
                    while next <= now {
                        next += centiseconds(period);
                    }
                    if self.has(Mutation::RearmedFromNow) {
                        next = now + centiseconds(period);
                    }
                    self.phase = Phase::Active { advert_at: next, period, quiet_until, owes: false };
                }
                if regular || early || owes && self.may_answer(now) {
                    wants.push(Action::Advertise { priority: self.priority });
                }
            }
        }
    }

    fn may_answer(&mut self, now: Duration) -> bool {
        let unguarded = self.has(Mutation::UnguardedAnswer);
        let Phase::Active { quiet_until, owes, period, .. } = &mut self.phase else { return false };
        let answers = now >= *quiet_until || unguarded;
        *owes = !answers;
        if answers {
            *quiet_until = now + centiseconds(*period) / 8;
        }
        answers
    }

    fn configure(&mut self, now: Duration, config: &Config<Rc<[IpAddr]>>, wants: &mut Wants) {
        let before = self.interval();
        self.config = config.clone();
        let own = self.interval();
        match self.phase {
            Phase::Initialize => {}
            Phase::Backup { .. } if own == before => {}
            Phase::Backup { from, ticks, interval: old, learned } => {
                let learned = learned && !self.has(Mutation::ReloadForgetsInterval);
                let interval = if learned { old } else { own };
                let resigned = ticks < 256 * u64::from(old) && !self.has(Mutation::ReloadForgetsResignation);
                let whole = self.down(interval);
                let next = if resigned { self.skew(self.priority, interval) } else { whole };
                let length = |ticks: u64| Duration::from_nanos((ticks * 78_125).div_ceil(2));
                let from = if self.has(Mutation::ReloadRestartsWait) {
                    now
                } else if next < ticks {
                    now.min((from + length(ticks)).saturating_sub(length(next)))
                } else {
                    from
                };
                self.phase = Phase::Backup { from, ticks: next, interval, learned };
            }
            Phase::Active { advert_at, quiet_until, owes, .. } => {
                let next = now + centiseconds(own);
                let told = own > before && !self.has(Mutation::LongerIntervalNotTold);
                let advert_at = if own > before {
                    next
                } else if self.has(Mutation::ShorterIntervalWaits) {
                    advert_at
                } else {
                    advert_at.min(next)
                };
                if told {
                    wants.push(Action::Advertise { priority: self.priority });
                }
                wants.push(Action::ClaimAddresses);
                self.phase = Phase::Active { advert_at, period: own, quiet_until, owes };
            }
        }
    }

    fn prioritize(&mut self, priority: Priority) {
        if self.config.priority.is_owner() && !self.has(Mutation::OwnerIsMoved) {
            return;
        }
        let most = if self.has(Mutation::TrackedIntoOwner) { 255 } else { 254 };
        let priority = priority.get().min(most);
        if let Phase::Backup { from, ticks, interval, learned } = self.phase
            && !self.has(Mutation::SkewNotShifted)
        {
            let ticks = ticks - self.skew(self.priority, interval) + self.skew(priority, interval);
            self.phase = Phase::Backup { from, ticks, interval, learned };
        }
        self.priority = priority;
    }

    fn packet(&mut self, now: Duration, packet: &Packet<'_>, wants: &mut Wants) {
        let heard = match reception::judge(&self.expectation(), packet) {
            Ok(advert) => (advert.priority, advert.interval.centiseconds()),
            Err(Ignored::IntervalZero) if self.has(Mutation::ZeroIntervalAccepted) => (packet.message[2], 0),
            Err(why) => {
                wants.push(Action::Ignored(why));
                if self.has(Mutation::RejectedTouchesTimer) {
                    match &mut self.phase {
                        Phase::Initialize => {}
                        Phase::Backup { from, .. } => *from = now,
                        Phase::Active { advert_at, period, .. } => *advert_at = now + centiseconds(*period),
                    }
                }
                return;
            }
        };
        if self.has(Mutation::OwnerIgnoresAll) && self.priority == u8::MAX {
            wants.push(Action::Ignored(Ignored::Owner));
            return;
        }
        self.makes_way(now, wants);
        match self.phase {
            Phase::Initialize => wants.push(Action::Ignored(Ignored::NotRunning)),
            Phase::Backup { .. } => {
                wants.push(Action::Heard { priority: heard.0 });
                self.heard_as_backup(now, heard, packet.source);
            }
            Phase::Active { .. } => {
                wants.push(Action::Heard { priority: heard.0 });
                self.heard_as_active(now, heard, packet, wants);
            }
        }
    }

    fn heard_as_backup(&mut self, now: Duration, (priority, heard): (u8, u16), source: IpAddr) {
        let Phase::Backup { interval, learned, from, .. } = self.phase else { return };
        if priority == 0 {
            let forgets = self.has(Mutation::ResignationForgetsInterval);
            let scale = if forgets { self.interval() } else { interval };
            let skew = self.skew(self.priority, scale);
            let ticks = if self.has(Mutation::ResignationWithoutSkew) { 0 } else { skew };
            if !self.has(Mutation::ResignationNotHeard) {
                self.phase = Phase::Backup { from: now, ticks, interval, learned };
            }
            return;
        }
        let first = self.own.is_some_and(|(own, _)| own > source);
        let equal_is_lesser =
            self.has(Mutation::EqualIsLesser) || first && self.has(Mutation::TieBreakInBackup);
        let lesser = priority < self.priority || priority == self.priority && equal_is_lesser;
        let preempts = self.preempts() && !self.has(Mutation::PreemptsNever);
        if lesser && (preempts || self.has(Mutation::PreemptsAlways)) {
            if self.has(Mutation::LesserIntervalLearned) {
                self.phase = Phase::Backup { from, ticks: self.down(heard), interval: heard, learned: true };
            }
            return;
        }
        let interval = if self.has(Mutation::IntervalNotLearned) { interval } else { heard };
        self.phase = Phase::Backup { from: now, ticks: self.down(interval), interval, learned: true };
    }

    fn heard_as_active(
        &mut self,
        now: Duration,
        (priority, heard): (u8, u16),
        packet: &Packet<'_>,
        wants: &mut Wants,
    ) {
        if priority == 0 {
            if self.may_answer(now) {
                wants.push(Action::Advertise { priority: self.priority });
                if !self.has(Mutation::ResignationDoesNotRearm) {
                    self.put_off(now);
                }
            } else if self.has(Mutation::HeldBackAnswerRearms) {
                self.put_off(now);
            }
            return;
        }
        match self.contest(priority, packet) {
            Contest::Lost => {
                if self.has(Mutation::PreemptModeInActive) && !self.preempts() {
                    return;
                }
                let own = self.has(Mutation::IntervalNotLearnedOnYielding);
                let interval = if own { self.interval() } else { heard };
                self.back_up(now, interval, true, Reason::Outranked { by: packet.source, priority }, wants);
            }
            Contest::Won => {
                if !self.has(Mutation::NoAnswer) && self.may_answer(now) {
                    wants.push(Action::Advertise { priority: self.priority });
                    if self.has(Mutation::AnswerRearms) {
                        self.put_off(now);
                    }
                }
            }
            Contest::Loop | Contest::Undecided => {
                if self.has(Mutation::AnswersItsEqual) {
                    wants.push(Action::Advertise { priority: self.priority });
                }
            }
        }
    }

    fn put_off(&mut self, now: Duration) {
        if let Phase::Active { advert_at, period, .. } = &mut self.phase {
            *advert_at = now + centiseconds(*period);
        }
    }

    fn contest(&self, priority: u8, packet: &Packet<'_>) -> Contest {
        let Some((mut address, mac)) = self.own else { return Contest::Undecided };
        if priority == self.priority {
            if self.has(Mutation::EqualYields) {
                return Contest::Lost;
            }
            if self.has(Mutation::LowerAddressWins) && address != packet.source {
                return if address < packet.source { Contest::Won } else { Contest::Lost };
            }
            if self.has(Mutation::ComparedWithVirtualAddress) {
                address = self.config.addresses[0];
            }
            if self.has(Mutation::EqualIgnored) {
                return Contest::Undecided;
            }
            if let (IpAddr::V4(own), IpAddr::V4(other)) = (address, packet.source)
                && self.has(Mutation::LittleEndian)
            {
                let word = |address: Ipv4Addr| u32::from_le_bytes(address.octets());
                return if word(own) > word(other) { Contest::Won } else { Contest::Lost };
            }
        }
        let own = Rank { priority: self.priority, address, mac };
        own.contest(&Rank { priority, address: packet.source, mac: packet.link_source })
    }

    fn expectation(&self) -> Expectation<'_, Rc<[IpAddr]>, &'static [Peer]> {
        let (source, mac) = self.own.as_ref().map(|(source, mac)| (source, mac.as_ref())).unzip();
        Expectation { settings: self.config.settings(), source, mac: mac.flatten(), trusted: None }
    }
}

/// What comes of one event.
struct Wants(Actions);

impl Wants {
    fn push(&mut self, action: Action) {
        self.0.push(action).expect("the rules want fewer things than there is room for");
    }
}

fn centiseconds(count: u16) -> Duration {
    Duration::from_millis(u64::from(count) * 10)
}
