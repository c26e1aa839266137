//! A network of virtual routers on virtual time.
//!
//! The routers are the real ones; the link, the clocks and the hosts around them are made up, and everything
//! that chance decides comes from a seed, so a run can be had again. Time steps from one delivery or deadline
//! to the next. [`Simulation`] is the network for hand-written scenarios, [`campaign`] disturbs random groups
//! at random, and [`explore`] tries everything that can go wrong with a small one, from the start of its runs; [`exhaust`]
//! comes to every state that a small group can be in.

use core::net::IpAddr;
use core::time::Duration;
use std::rc::Rc;

use vrrp_core::wire::advert::{MAX_LEN, Repr};
use vrrp_core::{Action, Actions, Config, Event, Fault, Ignored, Packet, Priority, State, Version};

use crate::malformed::Malformed;

pub mod campaign;
mod checker;
mod choices;
mod clock;
pub mod exhaust;
pub mod explore;
pub mod fleet;
mod machine;
mod mutation;
mod network;
mod node;
mod random;
mod replica;
mod sabotage;
pub mod site;

pub use checker::{Property, Violation};
pub use clock::Clock;
pub use mutation::Mutation;
pub use network::Quality;
pub use node::{Router, Station, Wish};
pub use random::Random;
pub use sabotage::Sabotage;

use checker::{Cause, Checker};
use machine::Machine;
use network::{Frame, Network};
use node::Node;

/// Routers on one link.
#[derive(Clone, Debug)]
pub struct Simulation {
    now: Duration,
    random: Random,
    network: Network,
    nodes: Vec<Node>,
    checker: Checker,
    sabotage: Option<Sabotage>,
    deliveries: u64,
    journal: Vec<Entry>,
}

/// Something a router wanted done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Duration,
    /// Which router, by its place in the list of stations.
    pub node: usize,
    /// What.
    pub action: Action,
}

impl Simulation {
    /// All `stations` switched off, on a link of `quality`.
    pub fn new(seed: u64, quality: Quality, stations: Vec<Station>) -> Self {
        let count = stations.len();
        Self {
            now: Duration::ZERO,
            random: Random::new(seed),
            network: Network::new(count, quality),
            nodes: stations.into_iter().map(Node::new).collect(),
            checker: Checker::new(count),
            sabotage: None,
            deliveries: 0,
            journal: Vec::new(),
        }
    }

    /// Puts a bug into every router.
    pub fn sabotage(&mut self, sabotage: Sabotage) {
        self.sabotage = Some(sabotage);
    }

    /// Says that Λ4 cannot hold in this group, because nothing tells its routers apart or they do not
    /// understand each other.
    pub fn tolerate_overlap(&mut self) {
        self.checker.tolerate_overlap();
    }

    /// Virtual time.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The routers that are Active.
    pub fn active(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].is_active()).collect()
    }

    /// The router of a host that is switched on.
    pub fn router(&self, node: usize) -> Option<&Router> {
        self.nodes[node].router.as_ref().map(|machine| &machine.core)
    }

    /// Everything that routers wanted done, but for what they only heard. It is kept for the latest 100 000.
    pub fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// Switches a host on and starts its router; one that runs is started anew, as if it had crashed.
    pub fn start(&mut self, node: usize) {
        self.crash(node);
        self.nodes[node].switch_on();
        let start = self.nodes[node].start();
        self.tell(node, start, Cause::Command);
    }

    /// Stops a router in good order.
    pub fn stop(&mut self, node: usize) {
        if self.is_held(node) {
            return;
        }
        self.tell(node, Event::Stop, Cause::Command);
    }

    /// Switches a host off: nothing is sent, nothing is kept.
    pub fn crash(&mut self, node: usize) {
        self.nodes[node].switch_off();
        self.checker.gone(node);
        self.checker.disturbed(self.now);
    }

    /// Keeps a host from doing anything for `span`; packets that arrive meanwhile wait, commands are lost on
    /// it.
    pub fn hold(&mut self, node: usize, span: Duration) {
        self.nodes[node].held_until = self.now + span;
        self.checker.disturbed(self.now);
    }

    /// Brings up or takes away a fault.
    pub fn fault(&mut self, node: usize, fault: Fault, present: bool) {
        if self.is_held(node) {
            return;
        }
        self.tell(node, Event::Fault { fault, present }, Cause::Command);
    }

    /// Tells a router another effective priority.
    pub fn prioritize(&mut self, node: usize, priority: Priority) {
        if self.is_held(node) {
            return;
        }
        let before = self.nodes[node].priority;
        if !self.nodes[node].station.wish.priority.is_owner() {
            self.nodes[node].priority = priority.get().min(254);
        }
        self.tell(node, Event::Priority(priority), Cause::Priority { before });
    }

    /// Gives a router other settings. Its configured priority stays.
    ///
    /// # Panics
    /// If the settings make no sense.
    pub fn configure(&mut self, node: usize, change: impl FnOnce(&mut Wish)) {
        if self.is_held(node) {
            return;
        }
        let wish = &mut self.nodes[node].station.wish;
        let before = wish.clone();
        change(wish);
        wish.priority = before.priority;
        let retimed = wish.advert_interval != before.advert_interval
            || wish.down_timer_adverts != before.down_timer_adverts;
        let config = Config::try_from(wish.clone()).expect("a simulated router makes sense");
        self.tell(node, Event::Configure(config), Cause::Configure { retimed });
        self.checker.disturbed(self.now);
    }

    /// Has the addresses announced again.
    pub fn announce(&mut self, node: usize) {
        if self.is_held(node) {
            return;
        }
        self.tell(node, Event::Announce, Cause::Command);
    }

    /// Hands a router a packet that it must drop.
    pub fn inject(&mut self, node: usize, malformed: &Malformed) {
        let Some(router) = &self.nodes[node].router else { return };
        if self.is_held(node) {
            return;
        }
        let (state, deadline) = (router.state(), router.deadline());
        // A version 2 owner drops even good adverts before it comes to the last rungs (R12).
        let deaf = router.config().version == Version::V2 && router.config().priority.is_owner();
        let last_rung = matches!(malformed.counter, Ignored::AddressList | Ignored::Source);
        let counter = if deaf && last_rung { Ignored::Owner } else { malformed.counter };
        let cause = Cause::Rejected { counter, state, deadline };
        self.tell(node, Event::Packet(malformed.packet()), cause);
    }

    /// Hands `to` an advert that no router sent: from `source`, otherwise as router `like` would send it.
    pub fn forge(&mut self, to: usize, like: usize, source: IpAddr, priority: u8) {
        if let Some(router) = &self.nodes[like].router {
            let frame = frame(router, source, None, &router.core.advert(priority));
            self.deliver(to, frame);
        }
    }

    /// Loses every frame from one host to another, or no more.
    pub fn cut(&mut self, from: usize, to: usize, cut: bool) {
        self.network.set_cut(from, to, cut);
        self.checker.disturbed(self.now);
    }

    /// Parts the hosts in `side` from all others.
    pub fn partition(&mut self, side: &[usize]) {
        for from in 0..self.nodes.len() {
            for to in 0..self.nodes.len() {
                self.network.set_cut(from, to, side.contains(&from) != side.contains(&to));
            }
        }
        self.checker.disturbed(self.now);
    }

    /// Everybody hears everybody.
    pub fn heal(&mut self) {
        self.network.heal();
        self.checker.disturbed(self.now);
    }

    /// Makes the link better or worse.
    pub fn set_quality(&mut self, quality: Quality) {
        let before = core::mem::replace(&mut self.network.quality, quality);
        self.checker.disturbed(self.now);
        // What was on its way comes as late as it would have, and may teach an interval of long ago.
        self.checker.stirred(self.now + before.delay);
    }

    /// Has what a host sends wait in its own queue for `span`, and then leave at once.
    pub fn clog(&mut self, node: usize, span: Duration) {
        self.network.clog(node, self.now + span);
        self.checker.disturbed(self.now);
    }

    /// Has frames come back to their sender, or no more.
    pub fn set_loops(&mut self, loops: bool) {
        self.network.loops = loops;
    }

    /// Lets `span` pass. Stops at the first violation.
    pub fn run_for(&mut self, span: Duration) -> Result<(), Violation> {
        let until = self.now + span;
        while let Some(next) = self.next().filter(|next| *next <= until) {
            if next > self.now {
                self.now = next;
                // Who acts now may be late already.
                self.glance();
            }
            self.step();
            self.glance();
            self.check()?;
        }
        self.now = until;
        self.glance();
        self.check()
    }

    /// From now on changes of state are counted for [`expect_settled`](Self::expect_settled).
    pub fn mark(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.transitions = 0);
    }

    /// Expects that things have been quiet for long enough: one Active router among those that hear each
    /// other, the right one, and few changes of state since the last mark.
    pub fn expect_settled(&mut self) -> Result<(), Violation> {
        let network = &self.network;
        self.checker.settled(self.now, &self.nodes, |one, other| network.linked(one, other));
        self.check()
    }

    fn is_held(&self, node: usize) -> bool {
        self.nodes[node].held_until > self.now
    }

    fn check(&self) -> Result<(), Violation> {
        self.checker.violation().cloned().map_or(Ok(()), Err)
    }

    fn next(&self) -> Option<Duration> {
        let acts = self.nodes.iter().filter_map(Node::acts_at).min();
        [self.network.next(), acts].into_iter().flatten().min()
    }

    /// Everything that happens now: arrivals first, since whoever listens before it speaks is right (F3, F4).
    fn step(&mut self) {
        let timers_first = self.sabotage == Some(Sabotage::TimersFirst);
        while let Some((to, frame)) = self.network.arrive(self.now) {
            self.deliver(to, frame);
        }
        for node in 0..self.nodes.len() {
            if self.is_held(node) {
                continue;
            }
            if timers_first && self.nodes[node].is_due(self.now) {
                self.tell(node, Event::Tick, Cause::Tick);
            }
            while let Some(frame) = self.nodes[node].inbox.pop_front() {
                self.hear(node, &frame);
            }
            if self.nodes[node].is_due(self.now) {
                self.tell(node, Event::Tick, Cause::Tick);
            }
        }
    }

    fn glance(&mut self) {
        let network = &self.network;
        let way = (!network.loses()).then_some(network.quality.delay);
        self.checker.glance(self.now, &self.nodes, |one, other| network.linked(one, other), way);
    }

    fn deliver(&mut self, to: usize, frame: Frame) {
        if self.nodes[to].router.is_none() {
            return;
        }
        if self.is_held(to) || !self.nodes[to].inbox.is_empty() {
            self.nodes[to].inbox.push_back(frame);
        } else {
            self.hear(to, &frame);
        }
    }

    fn hear(&mut self, to: usize, frame: &Frame) {
        let Some(router) = &self.nodes[to].router else { return };
        let mut packet = Packet {
            source: frame.source,
            destination: router.config().family.multicast_group(),
            ttl: u8::MAX,
            link_source: frame.mac,
            message: &frame.message,
        };
        let cause = Cause::Heard { priority: frame.priority, interval: frame.interval };
        if let Some(sabotage) = self.sabotage {
            self.deliveries += 1;
            if sabotage.swallows(frame.priority, self.deliveries) {
                let heard = [Action::Heard { priority: frame.priority }];
                let now = self.nodes[to].station.clock.shows(self.now);
                self.checker.observe(now, to, &self.nodes[to], cause, &heard);
                return;
            }
            sabotage.distort(&mut packet);
        }
        self.tell(to, Event::Packet(packet), cause);
    }

    /// Calls a router and does what it wants.
    fn tell(&mut self, node: usize, event: Event<'_, Rc<[IpAddr]>>, cause: Cause) {
        let now = self.nodes[node].station.clock.shows(self.now);
        let Some(router) = &mut self.nodes[node].router else { return };
        let mut actions = router.handle(now, event);
        if let Some(sabotage) = self.sabotage {
            sabotage.tamper(&mut actions);
        }
        self.perform(node, &actions);
        self.checker.observe(now, node, &self.nodes[node], cause, &actions);
        let copies = self.sabotage.map_or(1, Sabotage::copies);
        for _ in 1..copies {
            let adverts: Actions =
                actions.iter().copied().filter(|action| matches!(action, Action::Advertise { .. })).collect();
            self.perform(node, &adverts);
            self.checker.observe(now, node, &self.nodes[node], Cause::Command, &adverts);
        }
        if actions.iter().any(|action| matches!(action, Action::Transition { to: State::Active, .. })) {
            self.checker.rose(self.now, node);
        }
        if matches!(cause, Cause::Priority { .. } | Cause::Heard { priority: 0, .. }) {
            self.checker.stirred(self.now);
        }
        self.nodes[node].arm(&mut self.random);
        if let Some(Sabotage::LateTimers(by)) = self.sabotage {
            self.nodes[node].delay_timer(by);
        }
    }

    fn perform(&mut self, index: usize, actions: &Actions) {
        for &action in actions {
            let node = &mut self.nodes[index];
            match action {
                Action::Advertise { priority } => {
                    if let Some(router) = &node.router {
                        for advert in router.core.adverts(priority) {
                            let frame = frame(router, node.station.source, node.station.mac, &advert);
                            if !self.network.send(self.now, index, &frame, &mut self.random) {
                                self.checker.stirred(self.now);
                            }
                        }
                    }
                }
                Action::ClaimAddresses => node.holds = true,
                Action::ReleaseAddresses => node.holds = false,
                Action::Transition { .. } => node.transitions += 1,
                Action::Heard { .. } => continue,
                Action::Announce { .. } | Action::Ignored(_) | Action::Noticed(_) => {}
            }
            if self.journal.len() >= LONGEST_JOURNAL {
                self.journal.drain(..LONGEST_JOURNAL / 2);
            }
            self.journal.push(Entry { at: self.now, node: index, action });
        }
    }
}

/// An advert that `router` sends, as a frame.
fn frame(router: &Machine, source: IpAddr, mac: Option<[u8; 6]>, advert: &Repr<'_>) -> Frame {
    let mut buffer = [0; MAX_LEN];
    let group = router.config().family.multicast_group();
    let len = advert
        .emit(source, group, router.core.checksum(), &mut buffer)
        .expect("a checked configuration fits into an advert");
    Frame {
        source,
        mac,
        priority: advert.priority,
        interval: router.config().advert_interval.centiseconds(),
        message: Rc::from(&buffer[..len]),
    }
}

const LONGEST_JOURNAL: usize = 100_000;
