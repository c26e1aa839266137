//! The loop of the VRRP thread.
//!
//! Input comes before timers: whatever arrived while the thread was not running is handled before any timer
//! is judged, so that a Backup that overslept sees the adverts in its queue (F4) and an Active router that was
//! paused hears who took over before it speaks (F3). The draining has a budget, so that a flood on one
//! interface delays timers by a bounded number of packets and never stops them.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use nix::sys::eventfd::EventFd;
use vrrp_core::{Action, Event, Notice, Peer, Reason};

use super::group::Group;
use super::history::Phrases;
use super::legacy::Legacy;
use super::link_delays::LinkDelays;
use super::outbox::Outbox;
use super::pace::{self, Breath};
use super::poller::{Poller, Ready};
use super::roster::Roster;
use super::schedule::Urgency;
use super::trackers::Verdicts;
use super::{Command, Level, Phase, Report, Setup, wording};
use crate::clock;
use crate::config::model::{Schedule, Tuning};
use crate::net::sys::Inbox;
use crate::netlink::route::Changes;
use crate::netlink::route::watch::Losses;
use crate::perform::fixtures::Fixtures;
use crate::perform::virtual_interface::VirtualInterfaces;
use crate::perform::vrrp::Performer;

/// An event of a router on Linux.
pub(super) type RouterEvent<'a> = Event<'a, Box<[core::net::IpAddr]>, Box<[Peer]>>;

/// The VRRP thread's own data.
pub(super) struct Worker {
    pub(super) poller: Poller,
    pub(super) commands: Receiver<Command>,
    pub(super) changes: Changes,
    pub(super) hands: Performer,
    pub(super) roster: Roster,
    /// Sync groups, in the order of the configuration.
    pub(super) groups: Vec<Group>,
    /// Every instance, in the order of the configuration.
    pub(super) order: Vec<usize>,
    /// Scripts, files, processes and BFD sessions that have been judged.
    pub(super) verdicts: Verdicts,
    /// Addresses to put back: when, which instance, interface, address.
    pub(super) repairs: Vec<Repair>,
    pub(super) lateness: Lateness,
    phrases: Phrases,
    /// Instances take part from here on.
    pub(super) starts_at: Duration,
    /// Those that wait for it.
    pub(super) waiting: Vec<usize>,
    /// Where the packet comes from that is handled.
    pub(super) sender: Option<IpAddr>,
    pub(super) tuning: Tuning,
    pub(super) link_delays: LinkDelays,
    /// When instances announce their addresses on other interfaces.
    pub(super) extra: BTreeMap<usize, Duration>,
    pub(super) inbox: Inbox,
    pub(super) breath: Breath,
    ready: Vec<Ready>,
    /// Since when addresses wait for adverts.
    pub(super) deferred: Option<Duration>,
    /// The place to take at the start.
    schedule: Option<Schedule>,
    pub(super) urgency: Urgency,
    pub(super) legacy: Option<Legacy>,
    /// What is static.
    pub(super) fixtures: Fixtures,
    /// Notifications of lost routes and rules, while there is something to lose.
    pub(super) losses: Option<Losses>,
    /// When routes and rules are looked after.
    pub(super) routes_due: Option<Duration>,
}

/// An address that something else removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repair {
    pub(super) due: Duration,
    pub(super) id: usize,
    pub(super) index: u32,
    pub(super) address: core::net::IpAddr,
}

/// How late the thread was for timers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lateness {
    pub(super) last: Duration,
    pub(super) most: Duration,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    Stop,
    Abandon,
}

impl Worker {
    /// Opens everything in the network namespace of the calling thread.
    pub(super) fn open(setup: &Setup, commands: Receiver<Command>, outbox: Outbox) -> io::Result<Self> {
        let poller = Poller::open()?;
        // First subscribe, then read: what changes in between is told once too often and not once too little.
        let changes = Changes::open()?;
        let hands = Performer::open(setup.tuning.gaps, outbox)?;
        poller.watch(&changes, Ready::Changes)?;
        let mut worker = Self {
            poller,
            commands,
            changes,
            hands,
            roster: Roster::default(),
            groups: Vec::new(),
            order: Vec::new(),
            verdicts: Verdicts::default(),
            repairs: Vec::new(),
            lateness: Lateness::default(),
            phrases: Phrases::default(),
            starts_at: clock::now().saturating_add(setup.startup_delay),
            waiting: Vec::new(),
            sender: None,
            tuning: Tuning::default(),
            link_delays: LinkDelays::default(),
            extra: BTreeMap::new(),
            inbox: Inbox::default(),
            breath: Breath::default(),
            ready: Vec::new(),
            deferred: None,
            schedule: setup.schedule.clone(),
            urgency: Urgency::default(),
            legacy: setup.ledger.map(Legacy::new),
            fixtures: Fixtures::default(),
            losses: None,
            routes_due: None,
        };
        worker.tune(setup.tuning.clone());
        Ok(worker)
    }

    /// What wakes the thread when a command waits.
    pub(super) fn wake(&self) -> Arc<EventFd> {
        self.poller.wake()
    }

    /// Runs until told to stop, then lets go of everything.
    pub(super) fn run(mut self) {
        if let Some(schedule) = self.schedule.take() {
            self.take_place(&schedule);
        }
        let flow = loop {
            match self.turn() {
                Ok(Flow::Continue) => {}
                Ok(flow @ (Flow::Stop | Flow::Abandon)) => break flow,
                Err(error) => {
                    self.hands
                        .outbox
                        .log(Level::Error, format!("the VRRP thread cannot wait for input: {error}"));
                    break Flow::Stop;
                }
            }
        };
        match flow {
            Flow::Abandon => {}
            Flow::Continue | Flow::Stop => {
                self.disband();
                let ids = self.roster.ids();
                self.dismiss(&ids);
                self.post();
                self.release_fixtures();
                self.keep_local_reports(true);
                self.hands.with_virtual(VirtualInterfaces::remove_all);
                self.note_host();
                self.hands.outbox.report(Report::Stopped);
            }
        }
    }

    /// One round: wait, take all input in, judge timers.
    fn turn(&mut self) -> io::Result<Flow> {
        if let Some(until) = self.breath.take(self.deadline()) {
            pace::rest(until);
        }
        self.show_life();
        let mut ready = core::mem::take(&mut self.ready);
        let waited = self.poller.wait(self.deadline(), &mut ready);
        let flow = waited.and_then(|()| self.drain(&mut ready));
        self.ready = ready;
        if flow.as_ref().is_ok_and(|flow| *flow == Flow::Continue) {
            self.judge_timers();
            self.post();
            self.put_addresses();
            self.hands.with_virtual(VirtualInterfaces::set_one_down);
            self.hands.flush(clock::now());
        }
        flow
    }

    /// Takes everything in that waits, before timers are judged.
    fn drain(&mut self, ready: &mut Vec<Ready>) -> io::Result<Flow> {
        for _ in 0..DRAIN_ROUNDS {
            if ready.is_empty() {
                break;
            }
            for source in ready.iter() {
                match self.take_in(*source) {
                    Flow::Continue => {}
                    flow @ (Flow::Stop | Flow::Abandon) => return Ok(flow),
                }
            }
            self.post();
            self.hands.ports.narrow();
            // With no timer to judge, the wait that follows looks again by itself.
            if self.deadline().is_none_or(|deadline| deadline > clock::now()) {
                break;
            }
            self.poller.poll(ready)?;
        }
        Ok(Flow::Continue)
    }

    fn deadline(&self) -> Option<Duration> {
        let start = Some(self.starts_at).filter(|_| !self.waiting.is_empty());
        let unfinished = !self.hands.claims.is_empty() || self.hands.virtual_interfaces.is_resting();
        let claims = Some(Duration::ZERO).filter(|_| unfinished);
        let repair = self.repairs.iter().map(|repair| repair.due).min();
        let timer = self.roster.first_due();
        let repair = [repair, self.hands.virtual_interfaces.deadline()].into_iter().flatten().min();
        let patience = [self.link_delays.deadline(), self.extra_deadline()].into_iter().flatten().min();
        [timer, self.hands.announcer.deadline(), repair, start, claims, self.routes_due, patience]
            .into_iter()
            .flatten()
            .min()
    }

    fn judge_timers(&mut self) {
        let now = clock::now();
        let mut latest = Duration::ZERO;
        // Bounded, so that routers with short intervals cannot keep input waiting.
        for _ in 0..TICKS_AT_ONCE {
            let Some((due, id)) = self.roster.expired(now) else { break };
            self.lateness.last = now.saturating_sub(due);
            self.lateness.most = self.lateness.most.max(self.lateness.last);
            latest = latest.max(self.lateness.last);
            self.feed(id, now, Event::Tick);
            self.retry(id, now);
        }
        self.hurry(latest);
        self.end_link_delays(now);
        self.announce_extra(now);
        if now >= self.starts_at {
            for id in core::mem::take(&mut self.waiting) {
                self.start(id, now);
            }
        }
        self.repair_virtual(now);
        self.repair(now);
        self.judge_routes(now);
    }

    /// Lets a router, or the sync group it is in, handle an event, and does what comes of it.
    pub(super) fn feed(&mut self, id: usize, now: Duration, event: RouterEvent<'_>) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        if let Some(group) = instance.group {
            self.feed_group(group, id, now, event);
            return;
        }
        let actions = instance.router.handle(now, event);
        self.perform(id, now, &actions);
    }

    /// Does what a router says, and reports a change of its state. Adverts and addresses are on their way then: see
    /// [`post`](Self::post) and [`put_addresses`](Self::put_addresses).
    pub(super) fn perform(&mut self, id: usize, now: Duration, actions: &[Action]) {
        self.show_life();
        let Some(instance) = self.roster.get_mut(id) else { return };
        instance.statistics.record(actions);
        let mut why = None;
        let (mut moved, mut begins) = (false, false);
        for action in actions {
            match *action {
                Action::Advertise { priority } => self.hands.advertise(id, instance, priority),
                Action::ClaimAddresses => {
                    self.hands.claim(id, instance);
                    begins = true;
                    // Else they follow when the addresses have arrived, from which they may be sent.
                    if !self.hands.claims.is_waiting(id) {
                        self.hands.install_routes(instance);
                    }
                    moved = true;
                }
                Action::ReleaseAddresses => self.hands.release(id, instance),
                Action::Announce { first, count } => self.hands.announce(id, instance, first, count),
                Action::Transition { reason, .. } => {
                    why = Some(reason);
                    moved = true;
                }
                Action::Heard { .. } => {}
                Action::Ignored(ignored) => {
                    instance.standing.ignored(ignored);
                    let bit = 1_u64 << (ignored as u32 % 64);
                    if instance.complaints & bit == 0 {
                        instance.complaints |= bit;
                        let text = wording::ignored(&instance.wanted.name, ignored);
                        self.hands.outbox.log(Level::Info, text);
                        let (instance, source) = (instance.wanted.name.clone(), self.sender);
                        self.hands.outbox.report(Report::Rejected { instance, ignored, source });
                    }
                }
                Action::Noticed(notice) => {
                    let text = wording::noticed(&instance.wanted.name, notice);
                    instance.history.push(now, wording::notice_text(notice));
                    self.hands.outbox.log(Level::Warning, text);
                    if matches!(notice, Notice::SecondActive { .. }) {
                        let priority = instance.router.priority().get();
                        let report = Report::LesserHeard { instance: instance.wanted.name.clone(), priority };
                        self.hands.outbox.report(report);
                    }
                }
            }
        }
        if begins && instance.wanted.rare.is_some() {
            self.begin_extra(id, now);
        }
        let Some(instance) = self.roster.get_mut(id) else { return };
        let (before, after) = (instance.phase.0, instance.present_phase());
        if before != after {
            instance.phase = (after, now);
            instance.standing.moved(before, after, why, now);
            instance.complaints = 0;
            // Only a stop leads back to Initialize, and `dismiss` tells of that.
            if after != Phase::Initialize {
                let blame = if after == Phase::Fault { self.blame(id) } else { None };
                let Some(instance) = self.roster.get_mut(id) else { return };
                let priority = instance.router.priority().get();
                let worded = wording::transition(instance, before, after, why, blame);
                instance.why = self.phrases.share(&worded.reason);
                instance.history.enter(now, after, instance.why.clone());
                for line in worded.lines {
                    self.hands.outbox.log(Level::Info, line);
                }
                let report = Report::Transition {
                    instance: instance.wanted.name.clone(),
                    from: before,
                    to: after,
                    priority,
                    reason: worded.reason,
                    why,
                    source: instance.source,
                };
                // Scripts count on the addresses: they are told when those are there.
                if let Some(report) = self.hands.claims.report_later(id, report) {
                    self.hands.outbox.report(report);
                }
            }
        }
        self.roster.reschedule(id);
        self.note(id, moved);
    }

    /// The end of instances: those that are Active let go of their addresses and send a priority-0 advert, a batch of
    /// them at a time. All have done so before anything is cleared away.
    pub(super) fn dismiss(&mut self, ids: &[usize]) {
        let mut leaving = Vec::with_capacity(ids.len());
        for some in ids.chunks(TICKS_AT_ONCE) {
            for &id in some {
                let Some(phase) = self.roster.get(id).map(|instance| instance.phase.0) else { continue };
                self.feed(id, clock::now(), Event::Stop);
                leaving.push((id, phase));
            }
            // The sockets go with the last of their users.
            self.post();
        }
        for (id, phase) in leaving {
            self.bury(id, phase);
        }
    }

    /// Forgets an instance that has stopped, and was in that phase before.
    fn bury(&mut self, id: usize, from: Phase) {
        self.unlisten(id);
        let Some(mut instance) = self.roster.remove(id) else { return };
        self.strike(id);
        // A stopped router has released its addresses; what it holds beside them goes here.
        self.hands.release(id, &mut instance);
        if let Some((port, _)) = instance.port.take() {
            self.hands.ports.release(port);
        }
        self.hands.promote(&mut instance, None);
        self.repairs.retain(|repair| repair.id != id);
        let name = instance.wanted.name.clone();
        self.hands.outbox.log(Level::Info, format!("({name}) Stopped"));
        self.hands.outbox.report(Report::Transition {
            instance: name,
            from,
            to: Phase::Stop,
            priority: instance.router.priority().get(),
            reason: "stopped".to_owned(),
            why: Some(Reason::Stopped),
            source: instance.source,
        });
    }
}

/// Turns each source may have before timers are judged: with the packets of one turn, the budget of a flood.
const DRAIN_ROUNDS: usize = 16;
/// Timers judged before input is looked at again: when hundreds of routers take over at once, the adverts that
/// arrive meanwhile count for those that have not yet had their turn.
const TICKS_AT_ONCE: usize = 32;
