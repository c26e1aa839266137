//! The virtual interfaces of instances as the thread runs: putting them back, telling of them.

use core::time::Duration;

use super::status::VirtualInterfaceStatus;
use super::worker::Worker;
use crate::config::model::VirtualKind;
use crate::netlink::route::Change;

impl Worker {
    /// A virtual interface of an instance changed or is gone. What it held is not held any more; it is put back
    /// when all notifications have been taken in.
    pub(super) fn virtual_changed(&mut self, change: &Change, now: Duration) {
        if let Change::LinkGone(info) = change {
            self.forget_link(info.index);
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
