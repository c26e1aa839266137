//! Routes and rules that go where an instance is Active, or that the host has at all times.
//!
//! Whether one is still there is asked by putting it there again: the kernel refuses what it has already. So it
//! costs one request for each of ours, however many routes the host has beside them.

use core::fmt;
use core::time::Duration;
use std::io;

use netlink_packet_route::route::{RouteAttribute, RouteMessage};
use nix::errno::Errno;
use vrrp_core::Family;

use super::vrrp::{Performer, explained};
use crate::config::model::route::{Net, Place, Table};
use crate::config::model::{Route, Rule};
use crate::driver::Level;
use crate::driver::instance::Instance;
use crate::driver::outbox::Outbox;
use crate::net::links::Links;
use crate::netlink::address::OURS;
use crate::netlink::route::table::{Removal, RouteTable};
use crate::netlink::route::{message, rule};

/// A route or a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A route.
    Route(Route),
    /// A rule.
    Rule(Rule),
}

/// The routes and rules of one owner, routes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    held: Vec<Held>,
    /// How often one was put back after something else removed it.
    pub restored: u64,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    entry: Entry,
    /// How to take it away, while it is there for its owner.
    removal: Option<Removal>,
    /// Somebody else put the very same rule there: it is not ours to take away.
    foreign: bool,
    /// It has been there since its owner wanted it.
    was_there: bool,
    /// When it was put back last.
    restored: Option<Duration>,
    /// What was said about it last.
    complaint: Option<String>,
}

/// What puts them there and takes them away.
pub struct Router {
    table: RouteTable,
}

/// How putting one there went.
enum Put {
    Added,
    Ours,
    Foreign,
}

impl Router {
    /// Opens its socket in the network namespace of the calling thread.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open() -> io::Result<Self> {
        Ok(Self { table: RouteTable::open()? })
    }

    /// Puts there what is not. One that is there already is adopted. What cannot be had is reported, and keeps
    /// nobody from serving: as in keepalived.
    pub fn install(&mut self, owner: &str, routing: &mut Routing, links: &Links, outbox: &mut Outbox) {
        for held in routing.held.iter_mut().filter(|held| held.removal.is_none()) {
            match self.put(&held.entry, links) {
                Ok((put, removal)) => held.settle(&put, removal),
                Err(error) => held.complain(format!("{owner} cannot add {}: {error}", held.entry), outbox),
            }
        }
    }

    /// Takes away what is there, the last one first.
    pub fn withdraw(&mut self, owner: &str, routing: &mut Routing, outbox: &mut Outbox) {
        for held in routing.held.iter_mut().rev() {
            self.take_away(owner, held, outbox);
        }
    }

    /// Takes away what `wanted` has no more, and makes room for what is new in it. Nothing else is touched.
    pub fn shed(&mut self, owner: &str, routing: &mut Routing, wanted: &[Entry], outbox: &mut Outbox) {
        for held in routing.held.iter_mut().rev().filter(|held| !wanted.contains(&held.entry)) {
            self.take_away(owner, held, outbox);
        }
        let mut old = core::mem::take(&mut routing.held);
        routing.held = wanted
            .iter()
            .map(|entry| match old.iter().position(|held| held.entry == *entry) {
                Some(position) => old.swap_remove(position),
                None => Held::new(entry.clone()),
            })
            .collect();
    }

    /// Removes what a run that ended badly left, before its owner starts without it.
    pub fn clear_leftovers(&mut self, owner: &str, routing: &Routing, links: &Links, outbox: &mut Outbox) {
        for held in routing.held.iter().rev().filter(|held| held.removal.is_none()) {
            let Ok((_, removal)) = self.requests(&held.entry, links) else { continue };
            let removed = match &held.entry {
                Entry::Rule(rule) if !self.has(rule) => Ok(false),
                Entry::Rule(_) | Entry::Route(_) => self.table.remove(&removal),
            };
            match removed {
                Ok(true) => {
                    outbox.log(Level::Warning, format!("{owner} removed {}, left behind", held.entry));
                }
                Ok(false) => {}
                Err(error) => {
                    outbox.log(Level::Error, format!("{owner} cannot remove {}: {error}", held.entry));
                }
            }
        }
    }

    /// Puts back what something else removed, and tries again what could not be had. When to look again, if
    /// there is anything to look for.
    pub fn verify(
        &mut self,
        owner: &str,
        routing: &mut Routing,
        now: Duration,
        links: &Links,
        outbox: &mut Outbox,
    ) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        let mut look = |due: Duration| next = Some(next.map_or(due, |next| next.min(due)));
        for held in routing.held.iter_mut().filter(|held| held.entry.is_tracked()) {
            if let Some(due) = held.restored.map(|last| last.saturating_add(REPAIR_PAUSE))
                && due > now
            {
                look(due);
                continue;
            }
            let first = held.restored.is_none();
            match self.probe(&held.entry, links) {
                Ok(Some(removal)) => {
                    held.restored = held.was_there.then_some(now);
                    routing.restored += u64::from(held.was_there);
                    if held.was_there && first {
                        let text = format!("{owner} {} was removed by something else: put back", held.entry);
                        outbox.log(Level::Warning, text);
                    }
                    if held.complaint.is_some() && !held.was_there {
                        outbox.log(Level::Info, format!("{owner} added {} after all", held.entry));
                    }
                    held.settle(&Put::Added, removal);
                }
                // It is there; whose it is matters only for one that was not.
                Ok(None) if held.removal.is_some() => {}
                Ok(None) => match self.put(&held.entry, links) {
                    Ok((put, removal)) => held.settle(&put, removal),
                    Err(error) => {
                        held.complain(format!("{owner} cannot add {}: {error}", held.entry), outbox);
                        look(now.saturating_add(RETRY));
                    }
                },
                Err(error) => {
                    held.removal = None;
                    let entry = &held.entry;
                    let text = if held.was_there {
                        format!("{owner} {entry} was removed and cannot be put back: {error}")
                    } else {
                        format!("{owner} cannot add {entry}: {error}")
                    };
                    held.complain(text, outbox);
                    look(now.saturating_add(RETRY));
                }
            }
        }
        next
    }

    fn take_away(&mut self, owner: &str, held: &mut Held, outbox: &mut Outbox) {
        held.was_there = false;
        held.complaint = None;
        let Some(removal) = held.removal.take() else { return };
        if core::mem::take(&mut held.foreign) {
            return;
        }
        if let Err(error) = self.table.remove(&removal) {
            outbox.log(Level::Error, format!("{owner} cannot remove {}: {error}", held.entry));
        }
    }

    /// Puts one there, and finds out whose it is if one is there already.
    fn put(&mut self, entry: &Entry, links: &Links) -> Result<(Put, Removal), String> {
        if let Some(removal) = self.probe(entry, links)? {
            return Ok((Put::Added, removal));
        }
        let (_, removal) = self.requests(entry, links)?;
        let put = match entry {
            Entry::Rule(rule) if self.has(rule) => Put::Ours,
            Entry::Rule(_) => Put::Foreign,
            Entry::Route(route) => match (self.finds(route, links)?, route.place) {
                (true, Place::Prepend | Place::Append | Place::Add) => Put::Ours,
                (false, Place::Prepend | Place::Append) => Put::Foreign,
                (false, Place::Add) => return Err("another route like it is there".to_owned()),
            },
        };
        Ok((put, removal))
    }

    /// Puts one there; `None` if it is there already.
    fn probe(&mut self, entry: &Entry, links: &Links) -> Result<Option<Removal>, String> {
        let (body, removal) = self.requests(entry, links)?;
        let added = match entry {
            Entry::Route(route) => self.table.add_route(&body, route.place),
            Entry::Rule(_) => self.table.add_rule(&body),
        };
        match added {
            Ok(()) => Ok(Some(removal)),
            Err(error) if error.is(Errno::EEXIST) => Ok(None),
            Err(error) => Err(explained(&error)),
        }
    }

    /// The body that puts it there, and what takes it away.
    fn requests(&mut self, entry: &Entry, links: &Links) -> Result<(Vec<u8>, Removal), String> {
        match entry {
            Entry::Route(route) => {
                let table = self.table_of(route, links)?;
                let indices = indices(route, links)?;
                let removal = Removal::of_route(message::removal(route, table, &indices));
                Ok((message::addition(route, table, &indices), removal))
            }
            Entry::Rule(one) => {
                let body = rule::body(one);
                Ok((body.clone(), Removal::of_rule(body)))
            }
        }
    }

    fn table_of(&mut self, route: &Route, links: &Links) -> Result<u32, String> {
        match &route.table {
            Table::Number(number) => Ok(*number),
            Table::Vrf(name) => {
                let link = links.named(name).ok_or_else(|| format!("there is no interface {name}"))?;
                let table = self.table.table_of_vrf(link.info.index).map_err(|error| error.to_string())?;
                table.ok_or_else(|| format!("{name} is no VRF"))
            }
        }
    }

    /// Whether the kernel has a rule with our mark.
    fn has(&mut self, wanted: &Rule) -> bool {
        let present = self.table.rules(wanted.family).unwrap_or_default();
        present.iter().any(|present| rule::is_ours(wanted, present))
    }

    /// Whether the kernel has a route like this one with our mark.
    fn finds(&mut self, route: &Route, links: &Links) -> Result<bool, String> {
        let table = self.table_of(route, links)?;
        let present = self.table.routes(route.family, table, route.protocol.unwrap_or(OURS));
        let present = present.map_err(|error| error.to_string())?;
        Ok(present.iter().any(|present| is_like(route, present)))
    }
}

impl Routing {
    /// What an owner is to have.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { held: entries.into_iter().map(Held::new).collect(), restored: 0 }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// How to take away what is there, in the order in which to do it.
    pub fn removals(&self) -> impl Iterator<Item = &Removal> {
        self.held.iter().rev().filter(|held| !held.foreign).filter_map(|held| held.removal.as_ref())
    }

    /// Each of them in words, and whether it is there.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        self.held.iter().map(|held| (&held.entry, held.removal.is_some()))
    }
}

impl Held {
    fn new(entry: Entry) -> Self {
        Self { entry, removal: None, foreign: false, was_there: false, restored: None, complaint: None }
    }

    fn settle(&mut self, put: &Put, removal: Removal) {
        self.removal = Some(removal);
        self.foreign = match put {
            Put::Added | Put::Ours => false,
            Put::Foreign => true,
        };
        self.was_there = true;
        self.complaint = None;
    }

    fn complain(&mut self, text: String, outbox: &mut Outbox) {
        if self.complaint.as_ref() != Some(&text) {
            outbox.log(Level::Error, text.clone());
            self.complaint = Some(text);
        }
    }
}

impl Entry {
    /// The routes and rules of an instance.
    pub fn all(routes: &[Route], rules: &[Rule]) -> Vec<Self> {
        let routes = routes.iter().cloned().map(Self::Route);
        routes.chain(rules.iter().cloned().map(Self::Rule)).collect()
    }

    fn is_tracked(&self) -> bool {
        match self {
            Self::Route(route) => route.tracked,
            Self::Rule(rule) => rule.tracked,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(route) => write!(f, "route {route}"),
            Self::Rule(rule) => write!(f, "rule {rule}"),
        }
    }
}

impl Performer {
    /// Puts the routes and rules of an instance there, once it has its addresses.
    pub fn install_routes(&mut self, instance: &mut Instance) {
        if !instance.routing.is_empty() {
            let owner = format!("({})", instance.wanted.name);
            self.router.install(&owner, &mut instance.routing, &self.links, &mut self.outbox);
        }
    }

    /// Takes them away.
    pub(super) fn withdraw_routes(&mut self, instance: &mut Instance) {
        if !instance.routing.is_empty() {
            let owner = format!("({})", instance.wanted.name);
            self.router.withdraw(&owner, &mut instance.routing, &mut self.outbox);
        }
    }

    /// Removes those that a run that ended badly left.
    pub(super) fn clear_left_routes(&mut self, instance: &Instance) {
        if !instance.routing.is_empty() {
            let owner = format!("({})", instance.wanted.name);
            self.router.clear_leftovers(&owner, &instance.routing, &self.links, &mut self.outbox);
        }
    }
}

/// The numbers of the interfaces that a route's next hops name.
fn indices(route: &Route, links: &Links) -> Result<message::HopIndices, String> {
    let index = |name: &String| {
        let link = links.named(name).ok_or_else(|| format!("there is no interface {name}"))?;
        Ok(link.info.index)
    };
    route.hops.iter().map(|hop| hop.interface.as_ref().map(index).transpose()).collect()
}

/// Whether a route of the kernel goes to the same place with the same rank.
fn is_like(route: &Route, present: &RouteMessage) -> bool {
    let mut destination = None;
    let mut metric = 0;
    for attribute in &present.attributes {
        if let RouteAttribute::Destination(address) = attribute {
            destination = Some(address.clone());
        } else if let RouteAttribute::Priority(value) = attribute {
            metric = *value;
        }
    }
    let usual = match route.family {
        Family::V4 => 0,
        Family::V6 => USUAL_IPV6_METRIC,
    };
    let Net { address, prefix } = route.destination;
    present.header.destination_prefix_length == prefix
        && (prefix == 0 || destination == Some(address.into()))
        && present.header.tos == route.tos
        && metric == route.metric.filter(|metric| *metric != 0).unwrap_or(usual)
}

/// What something keeps removing is put back once per second.
const REPAIR_PAUSE: Duration = Duration::from_secs(1);
/// What could not be had is tried again after so long, and when an interface or an address changes.
const RETRY: Duration = Duration::from_secs(10);
/// `IP6_RT_PRIO_USER`.
const USUAL_IPV6_METRIC: u32 = 1024;
