//! The sockets of every interface that instances use, opened for the first and closed after the last.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io;

use vrrp_core::Family;

use super::filter::Vrids;
use super::listen::Listener;
use super::queue::{Queue, Stuck};
use super::send::Sender;

/// The sockets of one interface and family.
#[derive(Debug)]
pub struct Port {
    /// Hears adverts.
    pub listener: Listener,
    /// Sends them.
    pub sender: Sender,
    /// Number of the interface.
    pub index: u32,
    /// Its name when the port was opened.
    pub name: String,
    /// The family.
    pub family: Family,
    /// What arrived and belongs to no instance, by counter name.
    pub counters: BTreeMap<&'static str, u64>,
    users: usize,
    queue: Queue,
    /// Virtual routers that are to be heard.
    wanted: Vrids,
    /// Those that the kernel lets through; all, where absent.
    heard: Option<Vrids>,
    /// Unknown ones that were told of.
    pub told: Vrids,
    /// How large its receive buffer was made.
    room: Option<usize>,
}

impl Port {
    /// Counts an event of the port.
    pub fn count(&mut self, name: &'static str) {
        self.count_many(name, 1);
    }

    /// Counts that many.
    pub fn count_many(&mut self, name: &'static str, times: u64) {
        *self.counters.entry(name).or_default() += times;
    }

    /// Looks, before adverts are sent, whether those before still wait to leave the host.
    pub fn look_at_queue(&mut self, now: Duration) -> Option<Stuck> {
        let stuck = self.queue.look(&self.sender, now)?;
        self.count("egress_queued");
        Some(stuck)
    }

    /// Lets adverts of a virtual router through from now on. All others come along until [`Ports::narrow`].
    fn hear(&mut self, vrid: u8) {
        self.wanted.insert(vrid);
        if self.heard.is_some_and(|heard| !heard.contains(vrid)) && self.listener.hear(None).is_ok() {
            self.heard = None;
        }
    }
}

/// Every open port, by a number that stays the same while it is open.
#[derive(Debug, Default)]
pub struct Ports {
    slots: Vec<Option<Port>>,
    /// Some port may hear more than it should.
    wide: bool,
    /// Every port hears all.
    all: bool,
}

impl Ports {
    /// Finds or opens the port of an interface, joins a group by it, and counts one more user. True: it was opened
    /// now.
    pub fn acquire(
        &mut self,
        index: u32,
        name: &str,
        family: Family,
        group: Option<IpAddr>,
    ) -> io::Result<(usize, bool)> {
        for (number, port) in self.slots.iter_mut().enumerate() {
            if let Some(port) = port.as_mut().filter(|port| port.index == index && port.family == family) {
                if let Some(group) = group {
                    port.sender.join(group)?;
                }
                port.users += 1;
                return Ok((number, false));
            }
        }
        let mut port = Port {
            listener: Listener::open(index, family)?,
            sender: Sender::open(index, name, family)?,
            index,
            name: name.to_owned(),
            family,
            counters: BTreeMap::new(),
            users: 1,
            queue: Queue::default(),
            wanted: Vrids::default(),
            heard: None,
            told: Vrids::default(),
            room: None,
        };
        if let Some(group) = group {
            port.sender.join(group)?;
        }
        let number = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if number == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[number] = Some(port);
        Ok((number, true))
    }

    /// Counts one user less and closes the port after the last; closing takes it out of every epoll set.
    pub fn release(&mut self, number: usize) {
        let Some(slot) = self.slots.get_mut(number) else { return };
        if let Some(port) = slot {
            port.users -= 1;
            if port.users == 0 {
                *slot = None;
            }
        }
    }

    /// A virtual router begins to listen at a port: at once, so that its next advert is not missed.
    pub fn hear(&mut self, number: usize, vrid: u8) {
        self.wide = true;
        if let Some(port) = self.get_mut(number) {
            port.hear(vrid);
        }
    }

    /// A virtual router listens no more at a port.
    pub fn ignore(&mut self, number: usize, vrid: u8) {
        self.wide = true;
        if let Some(port) = self.get_mut(number) {
            port.wanted.remove(vrid);
        }
    }

    /// Has the kernel drop what nobody listens for: once, after however many routers have come and gone.
    pub fn narrow(&mut self) {
        if self.all || !core::mem::take(&mut self.wide) {
            return;
        }
        for port in self.slots.iter_mut().flatten().filter(|port| port.heard != Some(port.wanted)) {
            match port.listener.hear(Some(&port.wanted)) {
                Ok(()) => port.heard = Some(port.wanted),
                // It hears what it heard, at least what it must: the rest is dropped later.
                Err(_) => port.count("filter_failed"),
            }
        }
    }

    /// From now on every virtual router is heard, or those that are wanted.
    pub fn hear_all(&mut self, all: bool) {
        self.all = all;
        self.wide = true;
        for port in self.slots.iter_mut().flatten().filter(|_| all) {
            match port.listener.hear(None) {
                Ok(()) => port.heard = None,
                Err(_) => port.count("filter_failed"),
            }
        }
    }

    /// Gives ports the room that is wanted, in bytes; the others keep what they have. What the kernel refuses is given
    /// back.
    pub fn size_buffers(&mut self, wanted: &BTreeMap<usize, usize>) -> Vec<io::Error> {
        let mut failures = Vec::new();
        for (number, bytes) in wanted {
            let Some(port) = self.get_mut(*number).filter(|port| port.room != Some(*bytes)) else { continue };
            failures.extend(port.listener.size_buffer(*bytes).err());
            port.room = Some(*bytes);
        }
        failures
    }

    /// The port of that number.
    pub fn get(&self, number: usize) -> Option<&Port> {
        self.slots.get(number)?.as_ref()
    }

    /// The port of that number.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut Port> {
        self.slots.get_mut(number)?.as_mut()
    }

    /// Every open port.
    pub fn iter(&self) -> impl Iterator<Item = &Port> {
        self.slots.iter().flatten()
    }
}
