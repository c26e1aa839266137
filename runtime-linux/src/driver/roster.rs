//! Every running instance, by a number that stays the same while it runs, with their timers in order.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use super::instance::Instance;

/// The running instances.
#[derive(Debug, Default)]
pub(super) struct Roster {
    slots: Vec<Option<Instance>>,
    due: BTreeSet<(Duration, usize)>,
    heard: BTreeMap<(usize, u8), usize>,
}

impl Roster {
    /// Takes an instance in; its number.
    pub(super) fn insert(&mut self, instance: Instance) -> usize {
        let id = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if id == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[id] = Some(instance);
        id
    }

    /// Lets an instance go.
    pub(super) fn remove(&mut self, id: usize) -> Option<Instance> {
        let instance = self.slots.get_mut(id)?.take()?;
        if let Some(due) = instance.due {
            self.due.remove(&(due, id));
        }
        self.heard.retain(|_, owner| *owner != id);
        Some(instance)
    }

    /// The instance of that number.
    pub(super) fn get(&self, id: usize) -> Option<&Instance> {
        self.slots.get(id)?.as_ref()
    }

    /// The instance of that number.
    pub(super) fn get_mut(&mut self, id: usize) -> Option<&mut Instance> {
        self.slots.get_mut(id)?.as_mut()
    }

    /// The instances of those numbers, which ascend.
    pub(super) fn several_mut(&mut self, ids: &[usize]) -> impl Iterator<Item = &mut Instance> {
        let mut rest = self.slots.iter_mut();
        let mut passed = 0;
        ids.iter().filter_map(move |id| {
            let slot = rest.nth(id.checked_sub(passed)?)?;
            passed = id + 1;
            slot.as_mut()
        })
    }

    /// The number of the instance of that name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.iter().find(|(_, instance)| instance.wanted.name == name).map(|(id, _)| id)
    }

    /// Every instance with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Instance)> {
        self.slots.iter().enumerate().filter_map(|(id, slot)| slot.as_ref().map(|instance| (id, instance)))
    }

    /// The number of every instance.
    pub(super) fn ids(&self) -> Vec<usize> {
        self.iter().map(|(id, _)| id).collect()
    }

    /// Takes the timer of an instance from its router.
    pub(super) fn reschedule(&mut self, id: usize) {
        let Some(instance) = self.slots.get_mut(id).and_then(Option::as_mut) else { return };
        let due = [instance.router.deadline(), instance.retry].into_iter().flatten().min();
        if due == instance.due {
            return;
        }
        if let Some(old) = instance.due {
            self.due.remove(&(old, id));
        }
        if let Some(due) = due {
            self.due.insert((due, id));
        }
        instance.due = due;
    }

    /// The first timer: when, and whose.
    pub(super) fn first_due(&self) -> Option<(Duration, usize)> {
        self.due.first().copied()
    }

    /// Routes packets for a VRID at a port to an instance.
    pub(super) fn listen(&mut self, port: usize, vrid: u8, id: usize) {
        self.heard.insert((port, vrid), id);
    }

    /// Ends the routing of packets to an instance.
    pub(super) fn unlisten(&mut self, id: usize) {
        self.heard.retain(|_, owner| *owner != id);
    }

    /// Who listens for a VRID at a port.
    pub(super) fn listener(&self, port: usize, vrid: u8) -> Option<usize> {
        self.heard.get(&(port, vrid)).copied()
    }
}
