//! The course of a simulation: hosts run, faults come and go, and what happens is written down.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeSet;

use bench::simulation::Quality;
use bench::simulation::site::{Entry, SeatRouter, Site};
use vrrp_core::track::{self, Gauge, Tracker};
use vrrp_core::{Action, Fault as Reason, Priority};

use super::fault::{Fault, Kind};
use super::owners::{Ledger, Ownership};
use super::plan::Node;
use super::wording;
use crate::driver::shared;

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Duration,
    /// The node, if it happened to one.
    pub node: Option<usize>,
    /// The router, if it happened to one.
    pub router: Option<String>,
    /// What, and why.
    pub what: String,
}

/// What came of a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// What happened.
    pub lines: Vec<Line>,
    /// Who owned each address.
    pub ownership: Vec<Ownership>,
    /// When faults kept nodes from hearing each other.
    pub deaf: Vec<(Duration, Duration)>,
}

/// What stands at present of the faults.
#[derive(Clone, Debug, Default)]
struct Trouble {
    /// Faults that have begun and not ended, by number.
    standing: BTreeSet<usize>,
}

struct Run<'a> {
    site: Site,
    nodes: &'a [Node],
    faults: &'a [Fault],
    trouble: Trouble,
    powered: Vec<bool>,
    lines: Vec<Line>,
    ledger: Ledger,
    /// Complaints about packets that were made already.
    complaints: BTreeSet<(usize, usize, &'static str)>,
}

/// What is to be done at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    End(usize),
    Begin(usize),
    /// A node that was paused learns what changed meanwhile.
    Catch(usize),
}

/// Runs `nodes` for `length`.
pub fn run(nodes: &[Node], faults: &[Fault], length: Duration, seed: u64) -> Course {
    let seats = nodes.iter().map(|node| node.routers.iter().map(|router| router.seat.clone()).collect());
    let mut run = Run {
        site: Site::new(seed, quality(0), seats.collect()),
        nodes,
        faults,
        trouble: Trouble::default(),
        powered: vec![false; nodes.len()],
        lines: Vec::new(),
        ledger: Ledger::new(nodes),
        complaints: BTreeSet::new(),
    };
    for node in 0..nodes.len() {
        if !is_off_at_first(node, faults) {
            run.start(node);
            run.settle();
        }
    }
    run.settle();
    let mut steps: Vec<(Duration, Step)> = Vec::new();
    for (number, fault) in faults.iter().enumerate() {
        steps.push((fault.at, Step::Begin(number)));
        steps.extend(fault.span.map(|span| (fault.at.saturating_add(span), Step::End(number))));
    }
    while let Some(next) = steps.iter().min().copied().filter(|(at, _)| *at <= length) {
        steps.retain(|step| *step != next);
        let (at, step) = next;
        run.site.run_until(at);
        run.settle();
        if let Some(again) = run.take(step) {
            steps.push(again);
        }
        run.settle();
    }
    run.site.run_until(length);
    run.settle();
    let deaf = faults.iter().filter(|fault| deafens(&fault.kind));
    let deaf = deaf.map(|fault| (fault.at, fault.span.map_or(length, |span| fault.at.saturating_add(span))));
    Course { lines: run.lines, deaf: deaf.collect(), ownership: run.ledger.close(length) }
}

/// Whether a fault keeps nodes from hearing each other, so that two may own an address while it lasts.
fn deafens(kind: &Kind) -> bool {
    match kind {
        // A router whose interface is down lets go, unless it is told not to care.
        Kind::Pause(_) | Kind::Cut { .. } | Kind::Loss { .. } | Kind::LinkDown { .. } => true,
        Kind::Kill(_) | Kind::Stop(_) | Kind::Start(_) | Kind::Script { .. } | Kind::Priority { .. } => false,
    }
}

/// A node whose first command is to start has not run before.
fn is_off_at_first(node: usize, faults: &[Fault]) -> bool {
    let commands = faults.iter().filter_map(|fault| match fault.kind {
        Kind::Start(other) if other == node => Some((fault.at, true)),
        Kind::Kill(other) | Kind::Stop(other) if other == node => Some((fault.at, false)),
        Kind::Start(_)
        | Kind::Kill(_)
        | Kind::Stop(_)
        | Kind::Pause(_)
        | Kind::LinkDown { .. }
        | Kind::Priority { .. }
        | Kind::Cut { .. }
        | Kind::Loss { .. }
        | Kind::Script { .. } => None,
    });
    commands.min_by_key(|(at, _)| *at).is_some_and(|(_, starts)| starts)
}

impl Run<'_> {
    /// Does a step; one for a paused node comes back to be done later.
    fn take(&mut self, step: Step) -> Option<(Duration, Step)> {
        let (number, begins) = match step {
            Step::Begin(number) => (number, true),
            Step::End(number) => (number, false),
            Step::Catch(node) => {
                self.judge(node);
                return None;
            }
        };
        let faults = self.faults;
        let kind = &faults[number].kind;
        if let Kind::Stop(node) = *kind
            && let Some(until) = self.site.held_until(node)
        {
            return Some((until, step));
        }
        if begins {
            self.trouble.standing.insert(number);
        } else {
            self.trouble.standing.remove(&number);
        }
        let (node, what) = wording::fault(kind, begins, self.nodes);
        self.say(node, None, what);
        match *kind {
            Kind::Kill(node) => {
                self.site.switch_off(node);
                self.powered[node] = false;
                self.ledger.lost(self.site.now(), self.nodes, node);
            }
            Kind::Stop(node) => {
                self.site.stop(node);
                self.settle();
                self.site.switch_off(node);
                self.powered[node] = false;
            }
            Kind::Start(node) => {
                self.ledger.lost(self.site.now(), self.nodes, node);
                self.power(node);
            }
            Kind::Pause(node) if begins => {
                self.site.hold(node, faults[number].span.unwrap_or_default());
            }
            Kind::Pause(_) => {}
            Kind::LinkDown { node, .. } => {
                self.connect();
                return self.judge_or_wait(node);
            }
            Kind::Cut { .. } => self.connect(),
            Kind::Loss { .. } => {
                let worst = self.standing().filter_map(|kind| match kind {
                    Kind::Loss { permille } => Some(*permille),
                    Kind::Kill(_)
                    | Kind::Stop(_)
                    | Kind::Start(_)
                    | Kind::Pause(_)
                    | Kind::LinkDown { .. }
                    | Kind::Priority { .. }
                    | Kind::Cut { .. }
                    | Kind::Script { .. } => None,
                });
                let worst = worst.max().unwrap_or(0);
                self.site.set_quality(quality(worst));
            }
            Kind::Script { node, .. } | Kind::Priority { node, .. } => return self.judge_or_wait(node),
        }
        None
    }

    fn start(&mut self, node: usize) {
        self.say(Some(node), None, "starts".to_owned());
        self.power(node);
    }

    fn power(&mut self, node: usize) {
        self.powered[node] = true;
        self.site.switch_on(node);
        self.judge(node);
        self.site.start(node);
    }

    fn standing(&self) -> impl Iterator<Item = &Kind> {
        self.trouble.standing.iter().map(|number| &self.faults[*number].kind)
    }

    fn judge_or_wait(&mut self, node: usize) -> Option<(Duration, Step)> {
        if let Some(until) = self.site.held_until(node) {
            return Some((until, Step::Catch(node)));
        }
        self.judge(node);
        None
    }

    fn is_link_down(&self, node: usize) -> bool {
        self.standing().any(|kind| *kind == Kind::LinkDown { node, interface: None })
    }

    /// Whether an interface of a node is down, alone or with all others.
    fn is_interface_down(&self, node: usize, name: &str) -> bool {
        self.standing().any(|kind| match kind {
            Kind::LinkDown { node: other, interface } => {
                *other == node && interface.as_ref().is_none_or(|interface| interface == name)
            }
            Kind::Kill(_)
            | Kind::Stop(_)
            | Kind::Start(_)
            | Kind::Pause(_)
            | Kind::Priority { .. }
            | Kind::Cut { .. }
            | Kind::Loss { .. }
            | Kind::Script { .. } => false,
        })
    }

    /// The priority that a fault gives to a router, if one does; the latest counts.
    fn forced(&self, node: usize, router: &str) -> Option<Priority> {
        self.standing()
            .filter_map(|kind| match kind {
                Kind::Priority { priority, router: name, node: other } => {
                    (*other == node && name == router).then(|| Priority::new(*priority))
                }
                Kind::Kill(_)
                | Kind::Stop(_)
                | Kind::Start(_)
                | Kind::Pause(_)
                | Kind::LinkDown { .. }
                | Kind::Cut { .. }
                | Kind::Loss { .. }
                | Kind::Script { .. } => None,
            })
            .last()
            .flatten()
    }

    /// Lets frames pass where no fault that stands keeps them from it.
    fn connect(&mut self) {
        for from in 0..self.nodes.len() {
            for to in 0..self.nodes.len() {
                let stopped = self.is_link_down(from)
                    || self.is_link_down(to)
                    || self.standing().any(|kind| match *kind {
                        Kind::Cut { from: one, to: other, both } => {
                            (one, other) == (from, to) || both && (other, one) == (from, to)
                        }
                        Kind::Kill(_)
                        | Kind::Stop(_)
                        | Kind::Start(_)
                        | Kind::Pause(_)
                        | Kind::LinkDown { .. }
                        | Kind::Priority { .. }
                        | Kind::Loss { .. }
                        | Kind::Script { .. } => false,
                    });
                self.site.cut(from, to, stopped);
            }
        }
        let nodes = self.nodes;
        for (node, host) in nodes.iter().enumerate() {
            for router in &host.routers {
                let down = self.is_interface_down(node, &router.instance.interface);
                for other in (0..nodes.len()).filter(|other| *other != node) {
                    let there = nodes[other].routers.iter().any(|mate| {
                        mate.seat.link == router.seat.link
                            && self.is_interface_down(other, &mate.instance.interface)
                    });
                    self.site.cut_link(router.seat.link, node, other, down || there);
                    self.site.cut_link(router.seat.link, other, node, down || there);
                }
            }
        }
    }

    /// Works out faults and priorities of a node from its links and scripts, as the runtime does.
    fn judge(&mut self, node: usize) {
        let failing: Vec<String> = (self.standing())
            .filter_map(|kind| match kind {
                Kind::Script { name, node: other } if *other == node => Some(name.clone()),
                Kind::Script { .. }
                | Kind::Kill(_)
                | Kind::Stop(_)
                | Kind::Start(_)
                | Kind::Pause(_)
                | Kind::LinkDown { .. }
                | Kind::Priority { .. }
                | Kind::Cut { .. }
                | Kind::Loss { .. } => None,
            })
            .collect();
        let nodes = self.nodes;
        let routers = &nodes[node].routers;
        for (number, router) in routers.iter().enumerate() {
            let instance = &router.instance;
            let down = self.is_interface_down(node, &instance.interface);
            let mates = || {
                let same = |other: &&super::plan::Router| {
                    other.seat.group.is_some() && other.seat.group == router.seat.group
                };
                routers.iter().filter(same).filter(|other| other.instance.name != instance.name)
            };
            let interfaces =
                shared(&instance.track_interfaces, mates().map(|mate| &mate.instance.track_interfaces)).map(
                    |tracked| Tracker {
                        weight: tracked.weight,
                        reverse: tracked.reverse,
                        good: !self.is_interface_down(node, &tracked.name),
                    },
                );
            let scripts = shared(&instance.track_scripts, mates().map(|mate| &mate.instance.track_scripts))
                .map(|tracked| Tracker {
                    weight: tracked.weight,
                    reverse: tracked.reverse,
                    good: !failing.contains(&tracked.name),
                });
            // Processes run, BFD sessions are up, and files hold zero.
            let processes =
                shared(&instance.track_processes, mates().map(|mate| &mate.instance.track_processes))
                    .map(|tracked| Tracker { weight: tracked.weight, reverse: tracked.reverse, good: true });
            let sessions = shared(&instance.track_bfd, mates().map(|mate| &mate.instance.track_bfd))
                .map(|tracked| Tracker { weight: tracked.weight, reverse: tracked.reverse, good: true });
            let files = shared(&instance.track_files, mates().map(|mate| &mate.instance.track_files))
                .map(|tracked| Gauge { weight: tracked.weight, reverse: tracked.reverse, value: 0 }.effect());
            let judged = interfaces.chain(scripts).chain(processes).chain(sessions).map(Tracker::effect);
            let mut effective = track::effective(instance.priority, judged.chain(files));
            if let Some(forced) = self.forced(node, &instance.name).filter(|_| !instance.priority.is_owner())
            {
                effective.priority = forced;
            }
            let Some(present) = self.site.router(node, number).map(SeatRouter::priority) else {
                continue;
            };
            self.site.fault(node, number, Reason::LinkDown, down && !instance.ignore_own_interface);
            if present != effective.priority {
                self.settle();
                let what = format!("effective priority {} (of {})", effective.priority, instance.priority);
                self.say(Some(node), Some(instance.name.clone()), what);
                self.site.prioritize(node, number, effective.priority);
            }
            self.site.fault(node, number, Reason::Tracker, effective.fault);
        }
    }

    /// Writes down what the routers did.
    fn settle(&mut self) {
        for entry in self.site.take_journal() {
            self.note(&entry);
        }
    }

    fn note(&mut self, entry: &Entry) {
        let Entry { at, host, seat, priority, action } = *entry;
        let nodes = self.nodes;
        let what = match action {
            Action::ClaimAddresses => {
                self.ledger.hold(at, nodes, host, seat, true);
                return;
            }
            Action::ReleaseAddresses => {
                self.ledger.hold(at, nodes, host, seat, false);
                return;
            }
            Action::Advertise { .. } | Action::Announce { .. } | Action::Heard { .. } => return,
            Action::Transition { to, reason, .. } => {
                wording::transition(to, reason, priority, |source| self.name_of(source))
            }
            Action::Noticed(notice) => wording::notice(notice, |source| self.name_of(source)),
            Action::Ignored(ignored) => {
                if !self.complaints.insert((host, seat, ignored.name())) {
                    return;
                }
                format!("drops adverts: {}", ignored.name())
            }
        };
        let router = Some(nodes[host].routers[seat].instance.name.clone());
        self.lines.push(Line { at, node: Some(host), router, what });
    }

    /// The node that advertises from here.
    fn name_of(&self, source: IpAddr) -> String {
        let node =
            self.nodes.iter().find(|node| node.routers.iter().any(|router| router.seat.source == source));
        node.map_or_else(|| source.to_string(), |node| node.letter.clone())
    }

    fn say(&mut self, node: Option<usize>, router: Option<String>, what: String) {
        self.lines.push(Line { at: self.site.now(), node, router, what });
    }
}

/// A switched network: an advert takes up to a millisecond.
fn quality(loss: u64) -> Quality {
    Quality { loss, duplication: 0, delay: Duration::from_millis(1) }
}
