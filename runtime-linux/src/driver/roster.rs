//! Every running instance, by a number that stays the same while it runs, with their timers in order.

use core::time::Duration;
use std::collections::BTreeSet;

use super::instance::Instance;
use super::pace;

/// The running instances.
#[derive(Debug, Default)]
pub(super) struct Roster {
    slots: Vec<Option<Instance>>,
    /// Slots before the end that are free.
    free: BTreeSet<usize>,
    /// In the order of their names.
    by_name: Vec<u32>,
    /// When to look at an instance: at its timer or before. An advert only puts a Backup's timer off, so most timers
    /// are moved once when they would have run out and not with every advert.
    due: BTreeSet<(Duration, usize)>,
    /// By port, then by VRID.
    heard: Vec<[Option<u32>; 256]>,
}

impl Roster {
    /// Takes an instance in; its number.
    pub(super) fn insert(&mut self, instance: Instance) -> usize {
        let id = self.free.pop_first().unwrap_or(self.slots.len());
        if id == self.slots.len() {
            self.slots.push(None);
        }
        let place = self.place(&instance.wanted.name).unwrap_or_else(|place| place);
        self.slots[id] = Some(instance);
        if let Ok(number) = u32::try_from(id) {
            self.by_name.insert(place, number);
        }
        id
    }

    /// Lets an instance go.
    pub(super) fn remove(&mut self, id: usize) -> Option<Instance> {
        let place = self.get(id).and_then(|instance| self.place(&instance.wanted.name).ok());
        if let Some(place) = place {
            self.by_name.remove(place);
        }
        let instance = self.slots.get_mut(id)?.take()?;
        self.free.insert(id);
        if let Some(due) = instance.due {
            self.due.remove(&(due, id));
        }
        for listeners in &mut self.heard {
            forget(listeners, id);
        }
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
        self.place(name).ok().map(|place| self.by_name[place] as usize)
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.by_name.binary_search_by(|id| {
            let instance = self.slots.get(*id as usize).and_then(Option::as_ref);
            instance.map_or("", |instance| instance.wanted.name.as_str()).cmp(name)
        })
    }

    /// Makes room for so many more instances, and for no more than those.
    pub(super) fn reserve(&mut self, more: usize) {
        let more = more.saturating_sub(self.free.len());
        self.slots.reserve_exact(more);
        self.by_name.reserve_exact(more);
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
        let due = timer(instance);
        if instance.due.is_some_and(|old| due.is_some_and(|due| old <= due)) {
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

    /// The first moment to look at [`expired`](Self::expired).
    pub(super) fn first_due(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    /// The first instance whose timer has run out at `now`, and when it did.
    pub(super) fn expired(&mut self, now: Duration) -> Option<(Duration, usize)> {
        while let Some(&(due, id)) = self.due.first().filter(|(due, _)| *due <= now) {
            let instance = self.slots.get_mut(id).and_then(Option::as_mut);
            let actual = instance.as_deref().and_then(timer);
            if let Some(actual) = actual.filter(|actual| *actual <= now) {
                return Some((actual, id));
            }
            self.due.remove(&(due, id));
            if let Some(actual) = actual {
                self.due.insert((actual, id));
            }
            if let Some(instance) = instance {
                instance.due = actual;
            }
        }
        None
    }

    /// Routes packets for a VRID at a port to an instance.
    pub(super) fn listen(&mut self, port: usize, vrid: u8, id: usize) {
        if self.heard.len() <= port {
            self.heard.resize(port + 1, [None; 256]);
        }
        self.heard[port][usize::from(vrid)] = u32::try_from(id).ok();
    }

    /// Ends the routing of packets to an instance: where it listened.
    pub(super) fn unlisten(&mut self, id: usize) -> Option<(usize, u8)> {
        let mut numbered = self.heard.iter_mut().enumerate();
        numbered.find_map(|(port, listeners)| forget(listeners, id).map(|vrid| (port, vrid)))
    }

    /// Who listens for a VRID at a port.
    pub(super) fn listener(&self, port: usize, vrid: u8) -> Option<usize> {
        self.heard.get(port)?[usize::from(vrid)].map(|id| id as usize)
    }
}

/// When an instance has to be told of the time.
fn timer(instance: &Instance) -> Option<Duration> {
    let due = instance.router.deadline().map(|due| {
        if instance.is_active() {
            pace::mark(due, instance.router.config().advert_interval.duration())
        } else {
            due
        }
    });
    [due, instance.retry].into_iter().flatten().min()
}

/// Takes an instance out of the listeners of a port: the VRID that it listened for.
fn forget(listeners: &mut [Option<u32>; 256], id: usize) -> Option<u8> {
    let vrid = listeners.iter().position(|listener| listener.is_some_and(|it| it as usize == id))?;
    listeners[vrid] = None;
    u8::try_from(vrid).ok()
}
