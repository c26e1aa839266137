//! What the kernel's own stack is kept away from, in step with the services.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use ipvs_core::{Family, Forward, ServiceKey, Step};

use super::filter::{self, Instruction};
use crate::netlink::Error;
use crate::netlink::nftables::{Element, Side, Table};

/// The nftables table, and what each service has in it.
pub(super) struct Guard {
    table: Table,
    services: BTreeMap<ServiceKey, BTreeSet<Element>>,
}

impl Guard {
    /// Installs an empty table.
    pub(super) fn install() -> Result<Self, Error> {
        Ok(Self { table: Table::install()?, services: BTreeMap::new() })
    }

    /// Adds what `step` needs, before it is taken. Returns what to [`restore`](Self::restore) if it is refused.
    ///
    /// A real server's replies stay out of the kernel's hands until its service is removed: its connections may
    /// go on after it was taken away.
    pub(super) fn prepare(&mut self, step: &Step) -> Result<Before, Error> {
        let key = step.service();
        let before = Before { key, elements: self.services.get(&key).cloned() };
        let is_marked = matches!((key, step), (ServiceKey::Mark { .. }, Step::AddService(_)));
        let element = element(step);
        if element.is_some() || is_marked {
            self.services.entry(key).or_default().extend(element);
            if let Err(error) = self.write() {
                self.put(before);
                return Err(error);
            }
        }
        Ok(before)
    }

    /// The step was refused: as it was.
    pub(super) fn restore(&mut self, before: Before) -> Result<(), Error> {
        self.put(before);
        self.write()
    }

    /// A service is gone.
    pub(super) fn remove(&mut self, key: ServiceKey) -> Result<(), Error> {
        self.services.remove(&key);
        self.write()
    }

    /// The filter for packet sockets.
    pub(super) fn filter(&self) -> Vec<Instruction> {
        let side = |side: Side| -> BTreeSet<IpAddr> {
            let elements = self.services.values().flatten();
            elements.filter(|element| element.side == side).map(|element| element.address).collect()
        };
        let marks = self.marks().into_iter().map(|(_, mark)| mark).collect();
        filter::program(&side(Side::Service), &side(Side::Reply), &marks)
    }

    /// The firewall marks that are services of a family.
    pub(super) fn marks(&self) -> BTreeSet<(Family, u32)> {
        let marks = self.services.keys().filter_map(|key| match key {
            ServiceKey::Mark { mark, family } => Some((*family, *mark)),
            ServiceKey::Address { .. } => None,
        });
        marks.collect()
    }

    /// Removes the table.
    pub(super) fn uninstall(self) -> Result<(), Error> {
        self.table.remove()
    }

    fn put(&mut self, before: Before) {
        match before.elements {
            Some(elements) => self.services.insert(before.key, elements),
            None => self.services.remove(&before.key),
        };
    }

    fn write(&mut self) -> Result<(), Error> {
        let elements = self.services.values().flatten().copied().collect();
        self.table.replace(&elements, &self.marks())
    }
}

/// What a service had in the table before a step.
#[derive(Clone, Debug)]
pub(super) struct Before {
    key: ServiceKey,
    elements: Option<BTreeSet<Element>>,
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
