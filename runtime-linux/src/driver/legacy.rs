//! What routers leave: noting it for the process that may follow, and going on from what the process before
//! left. See [`crate::guardian`].

use core::time::Duration;

use vrrp_core::wire::advert;
use vrrp_core::{Event, Family};

use super::Level;
use super::instance::Instance;
use super::worker::Worker;
use crate::clock;
use crate::guardian::Executor;
use crate::guardian::estate::{Bequest, Item, Standing, Will};
use crate::guardian::host::HostChanges;
use crate::guardian::ledger::{Estate, Ledger, Scribe};
use crate::netlink::route::table::Removal;

/// The thread's share of the guardian's memory.
#[derive(Debug)]
pub(super) struct Legacy {
    scribe: Scribe,
    /// What the process before left and nobody has gone on from yet.
    left: Vec<Estate>,
    /// Interfaces that it made.
    links: Vec<u32>,
    /// The first configuration has been applied.
    settled: bool,
    /// It was said that something does not fit.
    complained: bool,
}

impl Legacy {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self {
            scribe: ledger.scribe(),
            left: Vec::new(),
            links: Vec::new(),
            settled: false,
            complained: false,
        }
    }
}

impl Worker {
    /// Before the first instance: takes over what the process before left.
    pub(super) fn inherit(&mut self) {
        if let Some(legacy) = self.legacy.as_mut().filter(|legacy| !legacy.settled) {
            legacy.left = legacy.scribe.accept();
            let changes = legacy.scribe.host_changes();
            legacy.links = changes.links;
            self.hands.virtual_interfaces.host.inherit(changes.settings);
        }
    }

    /// What an instance that is about to start left in the process before.
    pub(super) fn estate_of(&mut self, id: usize) -> Option<Estate> {
        let instance = self.roster.get(id)?;
        let legacy = self.legacy.as_mut()?;
        let index = self.hands.links.named(&instance.wanted.interface)?.info.index;
        let own = standing(instance, index, Duration::ZERO, Duration::ZERO);
        let same = |estate: &Estate| {
            let other = &estate.standing;
            // With another interval its peers wait for another time than this router would reckon with.
            (other.name, other.identity, other.index, other.interval)
                == (own.name, own.identity, own.index, own.interval)
        };
        let position = legacy.left.iter().position(same)?;
        Some(legacy.left.swap_remove(position))
    }

    /// Lets an instance go on from what it left. False: it may not, and is yet to be started.
    pub(super) fn resume(&mut self, id: usize, estate: Estate, now: Duration) -> bool {
        let Some(instance) = self.roster.get_mut(id) else { return false };
        let Standing { since, due, .. } = estate.standing;
        if let Some(source) = instance.source.filter(|_| instance.router.faults().is_empty()) {
            instance.started = true;
            let mac = instance.mac;
            self.feed(id, now, Event::Resume { source, mac, since, advert_at: due });
            // What it holds is compared with what it held.
        }
        if estate.will.as_ref().is_some_and(|will| !will.removals.is_empty()) {
            // Routes follow the addresses: while those are on their way, it would seem to have no routes.
            self.finish_claims();
        }
        let Some(instance) = self.roster.get_mut(id) else { return false };
        let (started, active) = (instance.started, instance.is_active());
        if active {
            instance.phase.1 = instance.router.since();
            // Addresses, routes and rules that the configuration has no more.
            let holds = |bequest: &Bequest| {
                let mut held = instance.holdings.iter().filter(|one| one.held == Some(bequest.index));
                held.any(|one| one.address.address == bequest.address)
            };
            let routed = |removal: &Removal| instance.routing.removals().any(|one| one == removal);
            let all = |will: &Will| will.addresses.iter().all(holds) && will.removals.iter().all(routed);
            let will = estate.will.filter(|will| !all(will));
            if let (Some(will), Ok(mut executor)) = (will, Executor::open()) {
                executor.remove(&will, |item| self.is_held(item));
            }
        } else {
            instance.resumed = false;
            if !instance.wanted.priority.is_owner() {
                self.hands.clear_leftovers(instance);
            }
            self.hands.lower_virtual(id);
            if let Some(legacy) = &mut self.legacy {
                legacy.left.push(estate);
            }
            self.track(id, now);
        }
        started
    }

    /// Whether some instance has what another one left.
    fn is_held(&self, item: Item<'_>) -> bool {
        match item {
            Item::Address(bequest) => self.hands.holder(bequest.index, bequest.address).is_some(),
            Item::Removal(removal) => {
                let mut held = self.roster.iter().flat_map(|(_, instance)| instance.routing.removals());
                held.any(|one| one == removal)
            }
        }
    }

    /// After the first configuration: clears away what nobody went on from.
    pub(super) fn clear_legacy(&mut self) {
        let Some(legacy) = self.legacy.as_mut().filter(|legacy| !legacy.settled) else { return };
        legacy.settled = true;
        let left = core::mem::take(&mut legacy.left);
        let links = core::mem::take(&mut legacy.links);
        self.finish_claims();
        self.hands.virtual_interfaces.host.settle();
        self.hands.virtual_interfaces.changed = true;
        for index in links.into_iter().filter(|index| !self.hands.virtual_interfaces.contains(*index)) {
            // It may be gone already.
            let _ = self.hands.route.remove_link(index);
        }
        if !left.is_empty() {
            match Executor::open() {
                Ok(mut executor) => {
                    for estate in &left {
                        let keep = |item: Item<'_>| self.is_held(item);
                        // Active all the same: an owner, or taken along by its sync group.
                        let serves = |instance: &Instance| {
                            instance.is_active()
                                && Standing::name(&instance.wanted.name) == estate.standing.name
                        };
                        match &estate.will {
                            Some(will) if self.roster.iter().any(|(_, one)| serves(one)) => {
                                executor.remove(will, keep);
                            }
                            Some(_) | None => executor.carry_out(estate, clock::now(), keep),
                        }
                    }
                }
                Err(error) => {
                    let text = format!("cannot clear away what the process before left: {error}");
                    self.hands.outbox.log(Level::Error, text);
                }
            }
        }
        if let Some(legacy) = &self.legacy {
            legacy.scribe.settle();
        }
    }

    /// Notes where an instance stands; if it `moved`, also what is to be done when nobody goes on from there.
    pub(super) fn note(&mut self, id: usize, moved: bool) {
        let Some(legacy) = &mut self.legacy else { return };
        let Some(instance) = self.roster.get(id) else { return };
        let place = instance.port.zip(instance.router.timers().advert);
        let Some(((_, index), due)) = place else {
            if moved {
                legacy.scribe.stand(id, None);
            }
            return;
        };
        let mut fits = true;
        if moved && let Some(will) = will(instance, index) {
            fits = legacy.scribe.bequeath(id, &will);
        }
        fits &= legacy.scribe.stand(id, Some(&standing(instance, index, instance.router.since(), due)));
        if !fits && !core::mem::replace(&mut legacy.complained, true) {
            let text = format!(
                "({}) and perhaps others have too many addresses, routes or peers, or are too many, for the guardian: \
                 if this process dies they stay as they are",
                instance.wanted.name
            );
            self.hands.outbox.log(Level::Warning, text);
        }
    }

    /// Notes what was changed on the host beside addresses, if that is not noted yet.
    pub(super) fn note_host(&mut self) {
        let hands = &mut self.hands;
        if !core::mem::take(&mut hands.virtual_interfaces.changed) {
            return;
        }
        let Some(legacy) = &mut self.legacy else { return };
        let changes = HostChanges {
            links: hands.virtual_interfaces.indices().collect(),
            settings: hands.virtual_interfaces.host.changed().cloned().collect(),
        };
        if !legacy.scribe.note_host(&changes) && !core::mem::replace(&mut legacy.complained, true) {
            let text =
                "there are too many virtual interfaces for the guardian: if this process dies they stay";
            hands.outbox.log(Level::Warning, text);
        }
    }

    /// Tells the guardian that the thread goes on.
    pub(super) fn show_life(&self) {
        if let Some(legacy) = &self.legacy {
            legacy.scribe.turn();
        }
    }

    /// An instance is gone and leaves nothing.
    pub(super) fn strike(&mut self, id: usize) {
        if let Some(legacy) = &self.legacy {
            legacy.scribe.stand(id, None);
        }
    }
}

fn standing(instance: &Instance, index: u32, since: Duration, due: Duration) -> Standing {
    let config = instance.router.config();
    let family = match config.family {
        Family::V4 => 4,
        Family::V6 => 6,
    };
    Standing {
        name: Standing::name(&instance.wanted.name),
        identity: [config.vrid.get(), config.version.number(), family],
        index,
        since,
        due,
        interval: config.advert_interval.duration(),
        adverts: config.down_timer_adverts,
    }
}

fn will(instance: &Instance, index: u32) -> Option<Will> {
    let source = instance.source?;
    let router = &instance.router;
    let goodbye = router.advert(0);
    let (ttl, targets) = match &router.config().unicast {
        // What is sealed must be fresh, so no goodbye can be written in advance: peers wait for the silence.
        _ if instance.seal.is_some() => (u8::MAX, Vec::new()),
        None => (u8::MAX, vec![instance.group()]),
        Some(unicast) => {
            (instance.wanted.unicast_ttl, unicast.peers.iter().map(|peer| peer.address).collect())
        }
    };
    let mut buffer = [0; advert::MAX_LEN];
    let mut message = Vec::new();
    let mut destinations = Vec::with_capacity(targets.len());
    for destination in targets {
        let length = goodbye.emit(source, destination, router.checksum(), &mut buffer)?;
        message = buffer[..length].to_vec();
        destinations.push((destination, [buffer[6], buffer[7]]));
    }
    let held = instance.holdings.iter().filter(|holding| !holding.foreign);
    let bequest = |index, address: &crate::config::model::VirtualAddress| Bequest {
        index,
        address: address.address,
        prefix: address.prefix,
        peer: address.peer,
    };
    let addresses = held.filter_map(|it| Some(bequest(it.held?, &it.address))).collect();
    let removals = instance.routing.removals().cloned().collect();
    Some(Will { index, source, ttl, message, destinations, removals, addresses })
}
