//! Who owned each address when, and where nobody or two did.

use core::net::IpAddr;
use core::time::Duration;

use super::plan::Node;
use crate::config::model::Instance;
use vrrp_core::Version;
use vrrp_core::track::{self, Tracker};

/// A span of time with the same owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its begin.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
    /// The nodes that held the address.
    pub owners: Vec<usize>,
}

impl Span {
    /// How long it was.
    pub fn len(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

/// The owners of an address, or of several that always had the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The addresses.
    pub addresses: Vec<IpAddr>,
    /// The longest it may be without an owner.
    pub bound: Duration,
    /// The longest it may have two, while no fault keeps them from hearing each other.
    pub overlap: Duration,
    /// From the begin to the end of the simulation, without gaps.
    pub spans: Vec<Span>,
}

impl Ownership {
    /// Spans without an owner.
    pub fn orphaned(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(|span| span.owners.is_empty())
    }

    /// Spans with two owners or more.
    pub fn contested(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(|span| span.owners.len() > 1)
    }

    /// Whether no span without an owner is longer than the bound, and none with two but for as long as `deaf`
    /// spans, in which nodes cannot hear each other, explain.
    pub fn holds(&self, deaf: &[(Duration, Duration)]) -> bool {
        self.orphaned().all(|span| span.len() <= self.bound)
            && self.contested().all(|span| self.is_explained(span, deaf))
    }

    /// Whether two owners last no longer than they may: what is left of the span outside `deaf` spans is in no
    /// piece longer than the overlap.
    pub fn is_explained(&self, span: &Span, deaf: &[(Duration, Duration)]) -> bool {
        let mut deaf: Vec<_> = deaf.iter().filter(|(from, to)| *to > span.from && *from < span.to).collect();
        deaf.sort_unstable();
        let mut heard_since = span.from;
        for (from, to) in deaf {
            if from.saturating_sub(heard_since) > self.overlap {
                return false;
            }
            heard_since = heard_since.max(*to);
        }
        span.to.saturating_sub(heard_since) <= self.overlap
    }
}

/// Follows who holds what.
#[derive(Debug)]
pub struct Ledger {
    /// Address, and by node which of its routers hold it.
    books: Vec<(Ownership, Vec<Vec<bool>>)>,
}

impl Ledger {
    /// Every address of every router, held by nobody.
    pub fn new(nodes: &[Node]) -> Self {
        let mut books: Vec<(Ownership, Vec<Vec<bool>>)> = Vec::new();
        for router in nodes.iter().flat_map(|node| &node.routers) {
            for address in router.instance.addresses.iter().chain(&router.instance.excluded) {
                let address = address.address;
                if books.iter().any(|(book, _)| book.addresses == [address]) {
                    continue;
                }
                let first = Span { from: Duration::ZERO, to: Duration::ZERO, owners: Vec::new() };
                let held = nodes.iter().map(|node| vec![false; node.routers.len()]).collect();
                let (bound, overlap) = (bound(nodes, address), overlap(nodes, address));
                let ownership = Ownership { addresses: vec![address], bound, overlap, spans: vec![first] };
                books.push((ownership, held));
            }
        }
        Self { books }
    }

    /// A router took its addresses, or let go of them.
    pub fn hold(&mut self, at: Duration, nodes: &[Node], node: usize, router: usize, holds: bool) {
        let instance = &nodes[node].routers[router].instance;
        let mine = |address: IpAddr| {
            instance.addresses.iter().chain(&instance.excluded).any(|other| other.address == address)
        };
        for (book, held) in self.books.iter_mut().filter(|(book, _)| book.addresses.iter().copied().any(mine))
        {
            held[node][router] = holds;
            let owners: Vec<usize> =
                (0..held.len()).filter(|node| held[*node].iter().any(|holds| *holds)).collect();
            turn(&mut book.spans, at, owners);
        }
    }

    /// A node lost its power.
    pub fn lost(&mut self, at: Duration, nodes: &[Node], node: usize) {
        for router in 0..nodes[node].routers.len() {
            self.hold(at, nodes, node, router, false);
        }
    }

    /// What came of it; addresses with the same course go together.
    pub fn close(self, at: Duration) -> Vec<Ownership> {
        let mut all: Vec<Ownership> = Vec::new();
        for (mut book, _) in self.books {
            if let Some(last) = book.spans.last_mut() {
                last.to = at;
            }
            book.spans.retain(|span| !span.len().is_zero());
            match all.iter_mut().find(|other| {
                other.spans == book.spans && other.bound == book.bound && other.overlap == book.overlap
            }) {
                Some(other) => other.addresses.extend(book.addresses),
                None => all.push(book),
            }
        }
        all
    }
}

/// From `at` on these are the owners.
fn turn(spans: &mut Vec<Span>, at: Duration, owners: Vec<usize>) {
    let Some(last) = spans.last_mut() else { return };
    if last.owners == owners {
        return;
    }
    last.to = at;
    // What lasted no time did not happen.
    if last.len().is_zero() {
        spans.pop();
        if let Some(before) = spans.last_mut().filter(|before| before.owners == owners) {
            before.to = at;
            return;
        }
    }
    spans.push(Span { from: at, to: at, owners });
}

/// The longest that a router of this address, or one that moves with it, waits for an advert before it takes over
/// (RFC 9568 §6.1: `Active_Down_Interval`), at the lowest priority that its trackers can give it.
fn bound(nodes: &[Node], address: IpAddr) -> Duration {
    let mut longest = Duration::ZERO;
    let mut interval = Duration::ZERO;
    let mut adverts = 0;
    for node in nodes {
        let carries = |instance: &Instance| {
            instance.addresses.iter().chain(&instance.excluded).any(|other| other.address == address)
        };
        let groups: Vec<usize> = (node.routers.iter())
            .filter(|router| carries(&router.instance))
            .filter_map(|router| router.seat.group)
            .collect();
        for router in &node.routers {
            let instance = &router.instance;
            if !carries(instance) && !router.seat.group.is_some_and(|group| groups.contains(&group)) {
                continue;
            }
            interval = interval.max(instance.advert_interval);
            adverts = adverts.max(u32::from(instance.down_timer_adverts));
            // What is reversed adds least while it is good.
            let worst = instance.track_interfaces.iter().chain(&instance.track_scripts).map(|tracked| {
                Tracker { weight: tracked.weight, reverse: tracked.reverse, good: tracked.reverse }
            });
            let least = track::effective(instance.priority, worst).priority.get();
            // Version 3 scales the skew with the interval.
            let whole = match instance.version {
                Version::V2 => Duration::from_secs(1),
                Version::V3 => instance.advert_interval,
            };
            longest = longest.max(whole * (256 - u32::from(least)) / 256);
        }
    }
    interval * adverts + longest + SLACK
}

/// How long two routers of this address may take to find out that they are two: the next advert, whose answer may
/// have to wait an eighth of an interval.
fn overlap(nodes: &[Node], address: IpAddr) -> Duration {
    let routers = nodes.iter().flat_map(|node| &node.routers).map(|router| &router.instance);
    let carries = |instance: &&Instance| {
        instance.addresses.iter().chain(&instance.excluded).any(|other| other.address == address)
    };
    let longest = routers.filter(carries).map(|instance| instance.advert_interval).max();
    longest.unwrap_or_default() * 9 / 8 + SLACK
}

/// For the way of an advert.
const SLACK: Duration = Duration::from_millis(10);
