//! What stands in the way of an instance, and what moves its priority: interfaces, sources, scripts, addresses
//! that go missing.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::track;
use vrrp_core::{Event, Fault};

use super::poller::Ready;
use super::worker::{Repair, Worker};
use super::{Level, Report, wording};
use crate::clock;
use crate::net::links::Links;

impl Worker {
    /// Lets an instance take part, once.
    pub(super) fn start(&mut self, id: usize, now: Duration) {
        let Some(instance) = self.roster.get_mut(id).filter(|instance| !instance.started) else { return };
        instance.started = true;
        let nowhere = match instance.family() {
            vrrp_core::Family::V4 => IpAddr::from([0; 4]),
            vrrp_core::Family::V6 => IpAddr::from([0; 16]),
        };
        // Without a source the fault NoSource stands, and keeps it from sending.
        let (source, mac) = (instance.source.unwrap_or(nowhere), instance.mac);
        self.feed(id, now, Event::Start { source, mac });
    }

    /// Judges an instance by its interface: opens its sockets when the interface appears, tells its router what
    /// stands in the way and what does not any more.
    pub(super) fn examine(&mut self, id: usize, now: Duration) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        let family = instance.family();
        let name = instance.wanted.interface.clone();
        let link = self.hands.links.named(&name);
        let index = link.map(|link| link.info.index);
        let mac = instance.wanted.virtual_source().or_else(|| link.and_then(|link| link.info.mac));
        let running = link.is_some_and(|link| link.info.running || instance.wanted.ignore_own_interface);
        let virtual_addresses = &self.hands.virtual_addresses;
        let source = match instance.wanted.source {
            Some(source) => {
                let there = link.is_some_and(|link| link.addresses.iter().any(|info| info.address == source));
                Some(source).filter(|_| there || !instance.wanted.track_source)
            }
            None => link.and_then(|link| link.source(family, |address| virtual_addresses.contains(&address))),
        };
        if instance.port.map(|(_, index)| index) != index {
            let port = instance.port.take();
            self.unlisten(id);
            if let Some((port, _)) = port {
                self.post();
                self.hands.ports.release(port);
            }
            if let Some(index) = index {
                self.open_port(id, index, &name, now);
            }
        }
        let Some(instance) = self.roster.get_mut(id) else { return };
        let made = self.hands.make_virtual(id, instance);
        self.hands.promote(instance, index.map(|index| (index, name.as_str())));
        let moved = (instance.source, instance.mac) != (source, mac);
        instance.source = source.or(instance.source);
        instance.mac = mac;
        self.fault(id, now, Fault::LinkDown, !running);
        if !made {
            self.claim_failed(id, now);
        }
        if let Some(source) = source.filter(|_| moved) {
            self.feed(id, now, Event::Source { source, mac });
            self.note(id, true);
        }
        self.fault(id, now, Fault::NoSource, source.is_none());
        self.track(id, now);
    }

    fn open_port(&mut self, id: usize, index: u32, name: &str, now: Duration) {
        let Some(instance) = self.roster.get(id) else { return };
        let (family, vrid, double) = (instance.family(), instance.wanted.vrid.get(), instance.double);
        let group = Some(instance.group()).filter(|_| instance.wanted.unicast_peers.is_empty());
        let opened = self.hands.ports.acquire(index, name, family, group);
        let opened = opened.and_then(|(port, new)| {
            if let Some(open) = self.hands.ports.get(port).filter(|_| new) {
                self.poller.watch(&open.listener, Ready::Port(port))?;
            }
            Ok(port)
        });
        match opened {
            Ok(port) => {
                if let Some(instance) = self.roster.get_mut(id) {
                    instance.port = Some((port, index));
                }
                if !double {
                    self.listen(port, vrid, id);
                }
                self.fault(id, now, Fault::Runtime, false);
            }
            Err(error) => {
                let instance = self.roster.get(id).map_or("", |instance| &instance.wanted.name);
                let hint =
                    if error.raw_os_error() == Some(libc::EPERM) { ": CAP_NET_RAW is missing" } else { "" };
                let text = format!("({instance}) cannot open its sockets on {name}: {error}{hint}");
                self.hands.outbox.log(Level::Error, text);
                self.fault(id, now, Fault::Runtime, true);
            }
        }
    }

    /// Tells a router that a reason to take no part stands or not, if that is news.
    pub(super) fn fault(&mut self, id: usize, now: Duration, fault: Fault, present: bool) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        if instance.router.faults().contains(fault) == present {
            return;
        }
        let words = wording::fault_text(instance, fault);
        if present {
            let text = format!("({}) {words}", instance.wanted.name);
            self.hands.outbox.log(Level::Warning, text);
            instance.history.push(now, words);
        } else {
            instance.history.push(now, format!("no longer: {words}"));
        }
        self.feed(id, now, Event::Fault { fault, present });
    }

    /// Works out priority and fault from all that is tracked.
    pub(super) fn track(&mut self, id: usize, now: Duration) {
        let Some(instance) = self.roster.get(id) else { return };
        let wanted = &instance.wanted;
        let trackers = self.watched(id, wanted).map(|watched| watched.effect());
        let effective = track::effective(wanted.priority, trackers);
        let lacking = wanted.rare.as_ref().is_some_and(|rare| rare.lacks_peers);
        let fault = effective.fault || lacking || self.fixtures.fails(&wanted.name);
        if instance.router.priority() != effective.priority {
            let phase = instance.phase.0;
            self.feed(id, now, Event::Priority(effective.priority));
            self.priority_changed(id, phase);
        }
        self.fault(id, now, Fault::Tracker, fault);
    }

    fn priority_changed(&mut self, id: usize, before: super::Phase) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        let (name, priority) = (instance.wanted.name.clone(), instance.router.priority().get());
        instance.history.push(clock::now(), format!("effective priority {priority}"));
        if instance.phase.0 == before {
            self.hands.outbox.log(Level::Info, format!("({name}) Changing effective priority to {priority}"));
            let report = Report::PriorityChanged { instance: name, phase: before, priority };
            self.hands.outbox.report(report);
        }
    }

    /// Some interface changed: every instance that has to do with one is judged again.
    pub(super) fn link_changed(&mut self, now: Duration) {
        self.pace_links();
        for id in self.roster.ids() {
            self.fault(id, now, Fault::AddressLost, false);
            self.examine(id, now);
        }
        self.size_buffers();
    }

    /// An address of an interface came or went: adverts may have to come from another one. Not so for virtual
    /// ones, which come by the hundred when this host takes over.
    pub(super) fn sources_changed(&mut self, index: u32, address: IpAddr, now: Duration) {
        if self.hands.virtual_addresses.contains(&address) {
            return;
        }
        let Some(name) = self.hands.links.numbered(index).map(|link| link.info.name.clone()) else { return };
        for id in self.roster.ids() {
            if self.roster.get(id).is_some_and(|instance| instance.wanted.interface == name) {
                self.examine(id, now);
            }
        }
    }

    /// An interface is gone, and what instances held on it.
    pub(super) fn forget_link(&mut self, index: u32) {
        for id in self.roster.ids() {
            let Some(instance) = self.roster.get_mut(id) else { continue };
            for position in 0..instance.holdings.len() {
                if instance.holdings[position].held == Some(index) {
                    let holding = &mut instance.holdings[position];
                    self.hands.let_go(id, &instance.wanted.name, holding);
                }
            }
        }
    }

    /// Reads links and addresses again after the kernel dropped notifications, and takes the differences in.
    pub(super) fn read_everything(&mut self) {
        let links = match Links::read(&mut self.hands.route) {
            Ok(links) => links,
            Err(error) => {
                self.hands.outbox.log(Level::Error, format!("cannot read interfaces and addresses: {error}"));
                return;
            }
        };
        for change in self.hands.links.differences(&links) {
            self.changed(&change);
        }
    }

    /// An address is gone from an interface. If it is one that an instance holds, it is put back once all
    /// waiting notifications have been taken in: the removal may be the instance's own, of a moment ago.
    pub(super) fn missing(&mut self, index: u32, address: IpAddr, now: Duration) {
        let Some(id) = self.hands.holder(index, address) else { return };
        let Some(instance) = self.roster.get(id) else { return };
        let mut held = instance.holdings.iter();
        let holding = held.find(|holding| holding.held == Some(index) && holding.address.address == address);
        if holding.is_some_and(|holding| holding.address.options.untracked) {
            return;
        }
        let last = holding.and_then(|holding| holding.restored);
        let due = last.map_or(now, |last| now.max(last.saturating_add(REPAIR_PAUSE)));
        let repair = Repair { due, id, index, address };
        if !self.repairs.iter().any(|other| (other.id, other.index, other.address) == (id, index, address)) {
            self.repairs.push(repair);
        }
    }

    /// Puts back what is due to be put back.
    pub(super) fn repair(&mut self, now: Duration) {
        if self.repairs.is_empty() {
            return;
        }
        let (due, later) = self.repairs.iter().partition(|repair| repair.due <= now);
        self.repairs = later;
        let due: Vec<Repair> = due;
        let mut announce = Vec::new();
        for repair in due {
            let Some(instance) = self.roster.get_mut(repair.id) else { continue };
            if self.hands.restore(repair.id, instance, repair.index, repair.address, now)
                && !announce.contains(&repair.id)
            {
                announce.push(repair.id);
            }
        }
        for id in announce {
            self.feed(id, now, Event::Announce);
        }
    }

    /// Not every address could be put where it belongs: the instance lets another router serve, and tries again
    /// when an interface changes or a minute has passed.
    pub(super) fn claim_failed(&mut self, id: usize, now: Duration) {
        if let Some(instance) = self.roster.get_mut(id) {
            instance.retry = Some(now.saturating_add(CLAIM_PAUSE));
        }
        self.fault(id, now, Fault::AddressLost, true);
        self.roster.reschedule(id);
    }

    /// Ends the pause after a failed claim.
    pub(super) fn retry(&mut self, id: usize, now: Duration) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        if instance.retry.is_some_and(|due| due <= now) {
            instance.retry = None;
            self.fault(id, now, Fault::AddressLost, false);
            self.roster.reschedule(id);
        }
    }
}

/// An address that something keeps removing is put back once per second.
const REPAIR_PAUSE: Duration = Duration::from_secs(1);
/// How long an instance stays out when its addresses cannot be had.
const CLAIM_PAUSE: Duration = Duration::from_secs(60);
