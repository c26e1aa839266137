//! What the host has at all times: static addresses, routes and rules.

use core::time::Duration;

use nix::errno::Errno;

use super::routes::{Entry, Router, Routing};
use super::vrrp::{explained, request};
use crate::config::model::{self, Fixture, VirtualAddress};
use crate::driver::outbox::Outbox;
use crate::driver::{FixturesStatus, Level};
use crate::net::links::Links;
use crate::netlink::route::Route;

/// The static addresses, routes and rules as they are.
#[derive(Debug, Default)]
pub struct Fixtures {
    wanted: model::Fixtures,
    addresses: Vec<Standing>,
    routing: Routing,
}

/// A static address.
#[derive(Debug)]
struct Standing {
    address: VirtualAddress,
    /// The interface that has it for us.
    held: Option<u32>,
    /// The host had it before: it is left when we let go.
    foreign: bool,
    restored: Option<Duration>,
    complaint: Option<String>,
}

/// What they are put there with.
pub struct Hands<'a> {
    /// Requests about addresses.
    pub route: &'a mut Route,
    /// Requests about routes and rules.
    pub router: &'a mut Router,
    /// Interfaces and addresses as last heard.
    pub links: &'a Links,
    /// Who is told.
    pub outbox: &'a mut Outbox,
}

impl Fixtures {
    /// Makes these the static ones. Only what differs is touched; what goes, goes first.
    pub fn apply(&mut self, wanted: model::Fixtures, hands: &mut Hands<'_>) {
        let addresses: Vec<_> = wanted.addresses.iter().map(|one| one.wanted.clone()).collect();
        let routes: Vec<_> = wanted.routes.iter().map(|one| one.wanted.clone()).collect();
        let rules: Vec<_> = wanted.rules.iter().map(|one| one.wanted.clone()).collect();
        hands.router.shed(OWNER, &mut self.routing, &Entry::all(&routes, &rules), hands.outbox);
        for standing in self.addresses.iter_mut().rev().filter(|one| !addresses.contains(&one.address)) {
            standing.release(hands);
        }
        let mut old = core::mem::take(&mut self.addresses);
        self.addresses = addresses
            .into_iter()
            .map(|address| match old.iter().position(|one| one.address == address) {
                Some(position) => old.swap_remove(position),
                None => Standing { address, held: None, foreign: false, restored: None, complaint: None },
            })
            .collect();
        self.wanted = wanted;
        for standing in &mut self.addresses {
            standing.put(None, hands);
        }
        hands.router.install(OWNER, &mut self.routing, hands.links, hands.outbox);
    }

    /// Puts back what something else removed, and tries again what could not be had. When to look again, if there
    /// is anything to look for.
    pub fn verify(&mut self, now: Duration, hands: &mut Hands<'_>) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        for standing in &mut self.addresses {
            let due =
                standing.restored.map(|last| last.saturating_add(REPAIR_PAUSE)).filter(|due| *due > now);
            if due.is_none() {
                standing.put(Some(now), hands);
            }
            next = [next, due].into_iter().flatten().min();
        }
        let routing = hands.router.verify(OWNER, &mut self.routing, now, hands.links, hands.outbox);
        [next, routing].into_iter().flatten().min()
    }

    /// Whether there is something of which it matters when it goes.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether an instance is at fault because something of its track groups cannot be had.
    pub fn fails(&self, instance: &str) -> bool {
        fn concerns<T>(fixture: &Fixture<T>, instance: &str) -> bool {
            fixture.instances.iter().any(|name| name == instance)
        }
        let mut addresses = self.wanted.addresses.iter().zip(&self.addresses);
        let routes = self.wanted.routes.iter().map(|fixture| concerns(fixture, instance));
        let rules = self.wanted.rules.iter().map(|fixture| concerns(fixture, instance));
        addresses.any(|(fixture, standing)| standing.held.is_none() && concerns(fixture, instance))
            || routes
                .chain(rules)
                .zip(self.routing.entries())
                .any(|(concerned, (_, there))| concerned && !there)
    }

    /// What of them this host has.
    pub fn status(&self) -> FixturesStatus {
        FixturesStatus {
            addresses: self.addresses.iter().map(|standing| standing.held.is_some()).collect(),
            routing: self.routing.entries().map(|(_, there)| there).collect(),
        }
    }

    /// Takes everything away that was not there before us.
    pub fn release(&mut self, hands: &mut Hands<'_>) {
        hands.router.withdraw(OWNER, &mut self.routing, hands.outbox);
        for standing in self.addresses.iter_mut().rev() {
            standing.release(hands);
        }
    }
}

impl Standing {
    /// Puts it where it belongs; `now` when it may have been there before.
    fn put(&mut self, now: Option<Duration>, hands: &mut Hands<'_>) {
        let name = self.address.interface.as_deref().unwrap_or_default();
        let described = format!("{}/{}", self.address.address, self.address.prefix);
        let Some(link) = hands.links.named(name) else {
            self.held = None;
            self.complain(
                format!("{OWNER} cannot add {described}: there is no interface {name}"),
                hands.outbox,
            );
            return;
        };
        let index = link.info.index;
        let there = self.held == Some(index);
        if there && now.is_some() && self.address.options.untracked {
            return;
        }
        match hands.route.add_address(&request(index, &self.address)) {
            Ok(()) => {
                if let Some(now) = now.filter(|_| there) {
                    if self.restored.is_none() {
                        let text = format!("{OWNER} {described} was removed by something else: put back");
                        hands.outbox.log(Level::Warning, text);
                    }
                    self.restored = Some(now);
                }
                (self.held, self.foreign, self.complaint) = (Some(index), false, None);
            }
            Err(error) if error.is(Errno::EEXIST) => {
                if !there {
                    let ours = |info: &crate::netlink::address::AddressInfo| {
                        info.address == self.address.address
                            && info.prefix == self.address.prefix
                            && info.lasting
                    };
                    self.foreign = !link.addresses.iter().any(ours);
                }
                (self.held, self.complaint) = (Some(index), None);
            }
            Err(error) => {
                self.held = None;
                let text = format!("{OWNER} cannot add {described} to {name}: {}", explained(&error));
                self.complain(text, hands.outbox);
            }
        }
    }

    fn release(&mut self, hands: &mut Hands<'_>) {
        let Some(index) = self.held.take() else { return };
        if core::mem::take(&mut self.foreign) {
            return;
        }
        match hands.route.remove_address(&request(index, &self.address)) {
            Ok(()) => {}
            Err(error) if error.is(Errno::EADDRNOTAVAIL) || error.is(Errno::ENODEV) => {}
            Err(error) => {
                let text = format!("{OWNER} cannot remove {}: {error}", self.address.address);
                hands.outbox.log(Level::Error, text);
            }
        }
    }

    fn complain(&mut self, text: String, outbox: &mut Outbox) {
        if self.complaint.as_ref() != Some(&text) {
            outbox.log(Level::Error, text.clone());
            self.complaint = Some(text);
        }
    }
}

/// Who has them, for messages.
const OWNER: &str = "(static)";
/// What something keeps removing is put back once per second.
const REPAIR_PAUSE: Duration = Duration::from_secs(1);
