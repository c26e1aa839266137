//! What the kernel's own stack is kept away from, in step with the services.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipvs_core::{Family, Forward, ServiceKey, Step};
use nix::errno::Errno;

use super::filter::{self, Selection};
use crate::netlink::Error;
use crate::netlink::nftables::{Change, Element, Side, Table};

/// The guard, which threads share. One that panicked has changed either all of it or nothing.
pub(super) fn lock(guard: &Mutex<Guard>) -> MutexGuard<'_, Guard> {
    guard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The nftables table, and what each service has in it.
pub(super) struct Guard {
    table: Table,
    services: BTreeMap<ServiceKey, BTreeSet<Element>>,
    /// How many services have each element.
    holders: BTreeMap<Element, usize>,
    /// Names of the interfaces that the plane hears, by their numbers.
    interfaces: BTreeMap<u32, String>,
    /// Those where the table drops what is to services as it comes in.
    covered: BTreeSet<u32>,
    /// These services.
    early: Vec<Element>,
    /// The kernel cannot do that.
    is_late: bool,
}

impl Guard {
    /// Installs an empty table.
    pub(super) fn install() -> Result<Self, Error> {
        Ok(Self {
            table: Table::install()?,
            services: BTreeMap::new(),
            holders: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            covered: BTreeSet::new(),
            early: Vec::new(),
            is_late: false,
        })
    }

    /// These are the interfaces that the plane hears from now on.
    pub(super) fn hear(&mut self, interfaces: BTreeMap<u32, String>) {
        self.interfaces = interfaces;
        self.cover();
    }

    /// Has the table drop what the plane takes as it comes in, where that is little. Not while there are services of marks,
    /// whose packets the plane gets after that.
    pub(super) fn cover(&mut self) {
        let services = if self.is_late || !self.marks().is_empty() { Vec::new() } else { self.early() };
        let has_changed = services != self.early;
        let is_gone = |interface: &u32| has_changed || !self.interfaces.contains_key(interface);
        let gone: Vec<u32> = self.covered.iter().copied().filter(is_gone).collect();
        for interface in gone {
            self.covered.remove(&interface);
            if let Err(error) = self.table.uncover(interface) {
                tracing::warn!("nftables at ingress of interface {interface}: {error}");
            }
        }
        self.early = services;
        for (interface, name) in self.interfaces.iter().filter(|_| !self.early.is_empty()) {
            if self.covered.contains(interface) {
                continue;
            }
            match self.table.cover(*interface, name, &self.early) {
                Ok(()) => {
                    self.covered.insert(*interface);
                }
                // It has gone since.
                Err(error) if error.is(Errno::ENOENT) || error.is(Errno::ENODEV) => {}
                Err(error) => {
                    tracing::info!(
                        "nftables at ingress of {name}: {error}; the kernel drops what the user-space data plane takes at \
                         prerouting instead, which takes more time"
                    );
                    self.is_late = true;
                    return;
                }
            }
        }
    }

    /// The services, if they are few.
    fn early(&self) -> Vec<Element> {
        let services = self.holders.keys().filter(|element| element.side == Side::Service).copied();
        let services: Vec<Element> = services.take(MOST_EARLY + 1).collect();
        if services.len() > MOST_EARLY { Vec::new() } else { services }
    }

    /// Adds what `step` needs, before it is taken. Returns what to [`restore`](Self::restore) if it is refused.
    ///
    /// A real server's replies stay out of the kernel's hands until its service is removed: its connections may
    /// go on after it was taken away.
    pub(super) fn prepare(&mut self, step: &Step) -> Result<Added, Error> {
        let key = step.service();
        let present = self.services.get(&key);
        let is_marked = matches!((key, step), (ServiceKey::Mark { .. }, Step::AddService(_)));
        let element =
            element(step).filter(|element| present.is_none_or(|present| !present.contains(element)));
        let service = present.is_none() && (element.is_some() || is_marked);
        let change = Change {
            new: element.into_iter().filter(|element| !self.holders.contains_key(element)).collect(),
            new_marks: mark(key).filter(|_| service).into_iter().collect(),
            ..Change::default()
        };
        self.table.change(&change)?;
        let is_first_mark = !change.new_marks.is_empty();
        if service || element.is_some() {
            self.services.entry(key).or_default().extend(element);
        }
        if let Some(element) = element {
            *self.holders.entry(element).or_default() += 1;
        }
        if is_first_mark {
            // Before sockets behind the ingress hook take over.
            self.cover();
        }
        Ok(Added { key, service, element })
    }

    /// The step was refused: as it was.
    pub(super) fn restore(&mut self, added: Added) -> Result<(), Error> {
        if let (Some(element), Some(elements)) = (added.element, self.services.get_mut(&added.key)) {
            elements.remove(&element);
        }
        if added.service {
            self.services.remove(&added.key);
        }
        self.release(added.element, mark(added.key).filter(|_| added.service))
    }

    /// A service is gone.
    pub(super) fn remove(&mut self, key: ServiceKey) -> Result<(), Error> {
        let Some(elements) = self.services.remove(&key) else { return Ok(()) };
        self.release(elements, mark(key))
    }

    fn release(
        &mut self,
        elements: impl IntoIterator<Item = Element>,
        mark: Option<(Family, u32)>,
    ) -> Result<(), Error> {
        let mut change = Change { gone_marks: mark.into_iter().collect(), ..Change::default() };
        for element in elements {
            let Some(holders) = self.holders.get_mut(&element) else { continue };
            *holders -= 1;
            if *holders == 0 {
                self.holders.remove(&element);
                change.gone.push(element);
            }
        }
        self.table.change(&change)
    }

    /// What packet sockets are to let through.
    pub(super) fn selection(&self) -> Selection {
        let side = |side: Side| -> BTreeSet<IpAddr> {
            let elements = self.holders.keys().filter(|element| element.side == side);
            // More than fit are as good as all.
            elements.map(|element| element.address).take(filter::LONGEST + 1).collect()
        };
        Selection {
            destinations: side(Side::Service),
            sources: side(Side::Reply),
            marks: self.marks().into_iter().map(|(_, mark)| mark).collect(),
        }
    }

    /// The firewall marks that are services of a family.
    fn marks(&self) -> BTreeSet<(Family, u32)> {
        self.services.keys().filter_map(|key| mark(*key)).collect()
    }

    /// Removes the table.
    pub(super) fn uninstall(&mut self) -> Result<(), Error> {
        self.table.remove()
    }
}

/// What a step brought into the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Added {
    key: ServiceKey,
    /// It was the first of its service.
    service: bool,
    element: Option<Element>,
}

/// The firewall mark that a service goes by.
fn mark(key: ServiceKey) -> Option<(Family, u32)> {
    match key {
        ServiceKey::Mark { mark, family } => Some((family, mark)),
        ServiceKey::Address { .. } => None,
    }
}

/// What the kernel has to be kept away from for a step to work.
fn element(step: &Step) -> Option<Element> {
    let ServiceKey::Address { protocol, address, port } = step.service() else { return None };
    let some = |port: u16| (port != 0).then_some(port);
    match step {
        Step::AddService(_) | Step::EditService(_) => {
            Some(Element { side: Side::Service, address, protocol: protocol.number(), port: some(port) })
        }
        Step::AddDestination { destination, .. } | Step::EditDestination { destination, .. } => {
            let translated = match destination.forward {
                Forward::Masquerade => true,
                Forward::Direct | Forward::Tunnel(_) | Forward::Local => false,
            };
            translated.then(|| Element {
                side: Side::Reply,
                address: destination.address,
                protocol: protocol.number(),
                // 0 keeps the port of the packet, which is the service's
                port: some(destination.port).or(some(port)),
            })
        }
        Step::RemoveService(_) | Step::RemoveDestination { .. } => None,
    }
}

/// Services that are compared with every packet that comes in.
const MOST_EARLY: usize = 8;
