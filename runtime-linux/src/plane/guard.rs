//! What the kernel's own stack is kept away from, in step with the services.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use ipvs_core::{Family, Forward, ServiceKey, Step};

use super::filter::{self, Selection};
use crate::netlink::Error;
use crate::netlink::nftables::{Change, Element, Side, Table};

/// The nftables table, and what each service has in it.
pub(super) struct Guard {
    table: Table,
    services: BTreeMap<ServiceKey, BTreeSet<Element>>,
    /// How many services have each element.
    holders: BTreeMap<Element, usize>,
}

impl Guard {
    /// Installs an empty table.
    pub(super) fn install() -> Result<Self, Error> {
        Ok(Self { table: Table::install()?, services: BTreeMap::new(), holders: BTreeMap::new() })
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
        if service || element.is_some() {
            self.services.entry(key).or_default().extend(element);
        }
        if let Some(element) = element {
            *self.holders.entry(element).or_default() += 1;
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
    pub(super) fn uninstall(self) -> Result<(), Error> {
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
