//! The virtual interfaces of instances as the thread runs: hearing by them, putting them back.

use core::time::Duration;

use super::poller::Ready;
use super::status::VirtualInterfaceStatus;
use super::worker::Worker;
use crate::config::model::VirtualKind;
use crate::netlink::route::Change;

impl Worker {
    /// Opens or closes the port of an instance's own virtual interface. A router with the same virtual link
    /// address is heard there while that interface is up, since the kernel takes its frames for those of a
    /// private macvlan, and below it otherwise.
    pub(super) fn listen_closely(&mut self, id: usize) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        let Some(own) = instance.wanted.own_virtual_interface() else { return };
        let up = self.hands.virtual_interfaces.of(id).find(|entry| entry.wanted == *own);
        let index = up.filter(|entry| entry.up && !instance.double).and_then(|entry| entry.index);
        if instance.ear.map(|(_, index)| index) == index {
            return;
        }
        let name = own.name.clone();
        let (family, vrid) = (instance.family(), instance.wanted.vrid.get());
        if let Some((port, _)) = instance.ear.take() {
            self.hands.ports.release(port);
            self.roster.unlisten_at(port);
        }
        let Some(index) = index else { return };
        let opened = self.hands.ports.acquire(index, &name, family, None);
        let opened = opened.and_then(|(port, new)| {
            if let Some(open) = self.hands.ports.get(port).filter(|_| new) {
                self.poller.watch(&open.listener, Ready::Port(port))?;
            }
            Ok(port)
        });
        match opened {
            Ok(port) => {
                self.listen(port, vrid, id);
                if let Some(instance) = self.roster.get_mut(id) {
                    instance.ear = Some((port, index));
                }
            }
            Err(error) => {
                let instance = self.roster.get(id).map_or("", |instance| &instance.wanted.name);
                let text = format!("({instance}) cannot listen on {name}: {error}");
                self.hands.outbox.log(super::Level::Error, text);
            }
        }
    }

    /// A virtual interface of an instance changed or is gone. What it held is not held any more; it is put back
    /// when all notifications have been taken in.
    pub(super) fn virtual_changed(&mut self, id: usize, change: &Change, now: Duration) {
        if let Change::LinkGone(info) = change {
            self.forget_link(info.index);
            if let Some(instance) = self.roster.get_mut(id)
                && let Some((port, _)) = instance.ear.take_if(|(_, index)| *index == info.index)
            {
                self.hands.ports.release(port);
                self.roster.unlisten_at(port);
            }
        }
        if let Change::Link(info) | Change::LinkGone(info) = change {
            let name = &info.name;
            let watches = |id: &usize| {
                let instance = self.roster.get(*id);
                instance.is_some_and(|one| one.wanted.track_interfaces.iter().any(|it| it.name == *name))
            };
            let watching: Vec<usize> = self.roster.ids().into_iter().filter(watches).collect();
            for id in watching {
                self.track(id, now);
            }
        }
    }

    /// Puts back the virtual interfaces that something else removed or changed, with what they held.
    pub(super) fn repair_virtual(&mut self, now: Duration) {
        if self.hands.virtual_interfaces.deadline().is_none_or(|due| due > now) {
            return;
        }
        for id in self.hands.virtual_interfaces.due(now) {
            let Some(instance) = self.roster.get(id) else { continue };
            let name = instance.wanted.name.clone();
            let before: Vec<u32> =
                self.hands.virtual_interfaces.of(id).filter_map(|entry| entry.index).collect();
            if !self.hands.with_virtual(|all, tools| all.repair(id, &name, now, tools)) {
                continue;
            }
            // That the old one is gone may not have been announced yet, nor that its addresses went with it.
            for index in before {
                if !self.hands.virtual_interfaces.contains(index) {
                    self.forget_link(index);
                }
            }
            let Some(instance) = self.roster.get(id) else { continue };
            if instance.is_active() {
                self.hands.claim(id, instance);
                self.hands.claims.announce_all(id);
            }
            self.listen_closely(id);
        }
        self.note_host();
    }

    /// The virtual interfaces of an instance for `status`.
    pub(super) fn virtual_statuses(&self, id: usize) -> Vec<VirtualInterfaceStatus> {
        let status = |entry: &crate::perform::virtual_interface::Entry| VirtualInterfaceStatus {
            name: entry.wanted.name.clone(),
            base: entry.wanted.base.clone(),
            kind: match entry.wanted.kind {
                VirtualKind::Macvlan { .. } => "macvlan",
                VirtualKind::Ipvlan { .. } => "ipvlan",
            },
            mac: match entry.wanted.kind {
                VirtualKind::Macvlan { mac } => Some(mac.map(|byte| format!("{byte:02x}")).join(":")),
                VirtualKind::Ipvlan { .. } => None,
            },
            exists: entry.index.is_some(),
            up: entry.up,
            restored: entry.restored,
        };
        self.hands.virtual_interfaces.of(id).map(status).collect()
    }
}
