//! Addresses on their way: many in one system call, and never so many that an advert waits for them.
//!
//! When hundreds of routers become Active at once, their adverts go first, so that every other router steps down.
//! Then the addresses follow, a few dozen at a time, and between those the adverts of the routers that run. When
//! routers let go, their addresses are gone before anything that they say leaves.

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};

use nix::errno::Errno;

use super::vrrp::{Performer, described, explained, request};
use crate::driver::instance::Instance;
use crate::driver::{Level, Report};
use crate::netlink;
use crate::netlink::address::AddressRequest;

/// The queues.
#[derive(Debug, Default)]
pub struct Claims {
    coming: VecDeque<Coming>,
    going: Vec<(String, AddressRequest)>,
    /// What instances wait for.
    waiting: BTreeMap<usize, Waiting>,
    /// Instances that wait for nothing any more.
    settled: Vec<usize>,
    /// The number of the next claim.
    next: u64,
}

/// An address that is to be put where it belongs.
#[derive(Debug)]
pub struct Coming {
    /// The instance that it is for.
    pub id: usize,
    /// The claim of the instance that it belongs to; it has lapsed when the instance waits for another.
    claim: u64,
    index: u32,
    address: IpAddr,
    request: AddressRequest,
}

#[derive(Debug)]
struct Waiting {
    claim: u64,
    left: usize,
    /// Some address cannot be had.
    failed: bool,
    announcements: Vec<(u16, u16)>,
    /// All addresses are to be announced.
    announce_all: bool,
    /// What scripts hang on, which count on the addresses.
    reports: Vec<Report>,
}

/// What came of a claim.
#[derive(Debug)]
pub struct Settled {
    /// Which instance.
    pub id: usize,
    /// It has all of its addresses.
    pub complete: bool,
    /// Announcements that waited: first address and how many.
    pub announcements: Vec<(u16, u16)>,
    /// All addresses are to be announced.
    pub announce_all: bool,
    /// Reports that waited.
    pub reports: Vec<Report>,
}

impl Claims {
    /// Queues an address to be taken away.
    pub(super) fn remove(&mut self, name: &str, request: AddressRequest) {
        self.going.push((name.to_owned(), request));
    }

    /// Puts an announcement off until the instance has its addresses. False: it waits for none.
    pub(super) fn defer(&mut self, id: usize, first: u16, count: u16) -> bool {
        let waiting = self.waiting.get_mut(&id);
        waiting.map(|waiting| waiting.announcements.push((first, count))).is_some()
    }

    /// Has all addresses announced once the instance has them.
    pub fn announce_all(&mut self, id: usize) {
        if let Some(waiting) = self.waiting.get_mut(&id) {
            waiting.announce_all = true;
        }
    }

    /// Puts a report off until the instance has its addresses; gives it back if it waits for none.
    pub fn report_later(&mut self, id: usize, report: Report) -> Option<Report> {
        let Some(waiting) = self.waiting.get_mut(&id) else { return Some(report) };
        // Mostly it is the only one, and thousands may wait.
        waiting.reports.reserve_exact(1);
        waiting.reports.push(report);
        None
    }

    /// Whether an instance waits for addresses.
    pub fn is_waiting(&self, id: usize) -> bool {
        self.waiting.contains_key(&id)
    }

    /// Whether something is left to do.
    pub fn is_empty(&self) -> bool {
        self.coming.is_empty() && self.settled.is_empty()
    }

    /// The instances whose claims have been dealt with.
    pub fn settled(&mut self) -> Vec<Settled> {
        let settled = core::mem::take(&mut self.settled).into_iter();
        settled
            .filter_map(|id| {
                let Waiting { failed, announcements, announce_all, reports, .. } =
                    self.waiting.remove(&id)?;
                Some(Settled { id, complete: !failed, announcements, announce_all, reports })
            })
            .collect()
    }

    /// What an instance waited for is not wanted any more; its reports go now.
    fn lapse(&mut self, id: usize) -> Vec<Report> {
        self.settled.retain(|other| *other != id);
        self.waiting.remove(&id).map(|waiting| waiting.reports).unwrap_or_default()
    }
}

impl Performer {
    /// Has every address of an instance put where it belongs, soon: see [`put_addresses`](Self::put_addresses).
    pub fn claim(&mut self, id: usize, instance: &Instance) {
        if !instance.wanted.virtual_interfaces.is_empty() {
            // One that cannot be had has been told of, and its addresses are refused below.
            self.make_virtual(id, instance);
        }
        self.firewall.close(id, instance, &self.links);
        let (mut announcements, mut announce_all, mut reports) = (Vec::new(), false, Vec::new());
        if let Some(before) = self.claims.waiting.remove(&id) {
            (announcements, announce_all, reports) =
                (before.announcements, before.announce_all, before.reports);
        }
        self.claims.settled.retain(|other| *other != id);
        let claim = self.claims.next;
        self.claims.next += 1;
        let mut waiting = Waiting { claim, left: 0, failed: false, announcements, announce_all, reports };
        for holding in instance.holdings.iter().filter(|holding| holding.held.is_none()) {
            let name = instance.interface_of(&holding.address);
            if let Some(link) = self.links.named(name) {
                let (index, address) = (link.info.index, holding.address.address);
                let request = request(index, &holding.address);
                self.claims.coming.push_back(Coming { id, claim, index, address, request });
                waiting.left += 1;
            } else {
                waiting.failed = true;
                self.refused(instance, &described(holding), name, "there is no such interface");
            }
        }
        let idle = waiting.announcements.is_empty() && !waiting.announce_all && waiting.reports.is_empty();
        if waiting.left == 0 && !waiting.failed && idle {
            return;
        }
        if waiting.left == 0 {
            self.claims.settled.push(id);
        }
        self.claims.waiting.insert(id, waiting);
    }

    /// Whether addresses are on their way, at most so many, and all to virtual interfaces. Those go before the
    /// adverts: an advert from a virtual link address has every switch send here what it sent to the router before,
    /// and what arrives before the address is there would be lost. Where more are on their way the adverts go first,
    /// or those of the last routers would come too late.
    pub fn claims_virtual(&self, most: usize) -> bool {
        let coming = &self.claims.coming;
        let is_virtual = |coming: &Coming| self.virtual_interfaces.contains(coming.index);
        !coming.is_empty() && coming.len() <= most && coming.iter().all(is_virtual)
    }

    /// Takes every address of an instance away, but for those that were its host's before it owned them. What it waits
    /// for is not put any more.
    pub fn release(&mut self, id: usize, instance: &mut Instance) {
        self.announcer.forget(id);
        for report in self.claims.lapse(id) {
            self.outbox.report(report);
        }
        self.withdraw_routes(instance);
        let mut holdings = core::mem::take(&mut instance.holdings);
        for holding in &mut holdings {
            self.let_go(id, &instance.wanted.name, holding);
        }
        instance.holdings = holdings;
        self.firewall.open(id);
        if !instance.wanted.virtual_interfaces.is_empty() {
            self.virtual_interfaces.rest(id);
        }
    }

    /// Takes the addresses away that are to go.
    pub fn remove_addresses(&mut self) {
        self.remove_queued();
        self.firewall.forget();
        self.firewall.write(&mut self.outbox);
    }

    fn remove_queued(&mut self) {
        if self.claims.going.is_empty() {
            return;
        }
        let going = core::mem::take(&mut self.claims.going);
        let outcomes = match self.route.remove_addresses(going.iter().map(|(_, request)| request)) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let text = format!("cannot remove {} addresses: {error}", going.len());
                self.outbox.log(Level::Error, text);
                return;
            }
        };
        for ((name, request), outcome) in going.iter().zip(outcomes) {
            match outcome {
                Ok(()) => {}
                Err(error) if error.is(Errno::EADDRNOTAVAIL) || error.is(Errno::ENODEV) => {}
                Err(error) => {
                    let text =
                        format!("({name}) cannot remove {}/{}: {error}", request.address, request.prefix);
                    self.outbox.log(Level::Error, text);
                }
            }
        }
    }

    /// Puts the next addresses where they belong, at most `most`. What came of each is for
    /// [`arrived`](Self::arrived): true, it was added; false, it was there; or why not.
    pub fn put_addresses(&mut self, most: usize) -> Vec<(Coming, Result<bool, String>)> {
        self.remove_addresses();
        let mut some = Vec::new();
        while some.len() < most
            && let Some(coming) = self.claims.coming.pop_front()
        {
            if self.claims.waiting.get(&coming.id).is_some_and(|waiting| waiting.claim == coming.claim) {
                some.push(coming);
            }
        }
        if self.claims.coming.is_empty() {
            // When thousands of routers take over at once it grows to a megabyte.
            self.claims.coming = VecDeque::new();
        }
        if some.is_empty() {
            return Vec::new();
        }
        for coming in &some {
            self.with_virtual(|all, tools| all.set_up(coming.index, tools));
        }
        let mut outcomes: Vec<Option<Result<(), netlink::Error>>> =
            match self.route.add_addresses(some.iter().map(|coming| &coming.request)) {
                Ok(outcomes) => outcomes.into_iter().map(Some).collect(),
                Err(error) => {
                    self.outbox.log(Level::Error, format!("cannot add addresses: {error}"));
                    Vec::new()
                }
            };
        outcomes.resize_with(some.len(), || None);
        let put = outcomes.into_iter().map(|outcome| match outcome {
            Some(Ok(())) => Ok(true),
            Some(Err(error)) if error.is(Errno::EEXIST) => Ok(false),
            Some(Err(error)) => Err(explained(&error)),
            None => Err("the kernel did not answer".to_owned()),
        });
        some.into_iter().zip(put).collect()
    }

    /// Notes for the instance it was for what came of an address. One that was there already is adopted; one that
    /// cannot be had is reported.
    pub fn arrived(&mut self, coming: &Coming, put: Result<bool, String>, instance: &mut Instance) {
        let wanted = |one: &crate::driver::instance::Holding| {
            one.held.is_none() && one.address.address == coming.address
        };
        let Some(position) = instance.holdings.iter().position(wanted) else { return };
        let Some(waiting) = self.claims.waiting.get_mut(&coming.id) else { return };
        waiting.left -= 1;
        waiting.failed |= put.is_err();
        if waiting.left == 0 {
            self.claims.settled.push(coming.id);
        }
        match put {
            Ok(added) => {
                self.holders.insert((coming.index, coming.address), coming.id);
                let owner = instance.wanted.priority.is_owner();
                let ours = added || self.is_ours(coming.index, &instance.holdings[position].address);
                let holding = &mut instance.holdings[position];
                holding.held = Some(coming.index);
                holding.foreign = owner && !ours;
            }
            Err(error) => {
                let holding = &instance.holdings[position];
                let name = instance.interface_of(&holding.address).to_owned();
                self.refused(instance, &described(holding), &name, &error);
            }
        }
    }

    fn refused(&mut self, instance: &Instance, address: &str, interface: &str, error: &str) {
        let text = format!("({}) cannot add {address} to {interface}: {error}", instance.wanted.name);
        self.outbox.log(Level::Error, text);
    }
}
