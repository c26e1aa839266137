//! All services and all their checks, and how a reload changes them.

use core::cell::{LazyCell, OnceCell};
use core::hash::BuildHasher;
use core::net::IpAddr;
use core::ops::Range;
use core::time::Duration;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::RandomState;
use std::sync::Arc;

use check_core::{Server, Verdict, pool};
use ipvs_core::ServiceKey;

use super::Event;
use super::crowd::Crowd;
use super::order::Order;
use super::prober::{Key, Prober};
use super::service::Served;
use super::spread::Spread;
use super::told::Told;
use crate::config::model::{self, VirtualServer};

/// All services and all their checks.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) services: Vec<Served>,
    /// The checks of all servers, in the order of the services and servers.
    pub(super) slots: Vec<Slot>,
    pub(super) probers: Vec<Prober>,
    /// Places of the probers that ask nothing but are told.
    pub(super) told: Vec<usize>,
    /// Services whose address is elsewhere (`ha_suspend`).
    pub(super) suspended: BTreeSet<usize>,
    /// `rs_init_notifies`.
    pub(super) tells_first_servers: bool,
    spread: Spread,
    hashes: RandomState,
    /// What the operator wants, as known before a restart or last looked at.
    pub(super) orders: Vec<Order>,
}

/// One check of one server, and what the pool knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Place of the service in the roster.
    pub(super) service: usize,
    /// Place of the server in the service.
    pub(super) server: usize,
    /// Number of the check within the server.
    pub(super) check: usize,
    /// Place of who makes its probes.
    pub(super) prober: usize,
    /// Whether it counts as passing.
    pub(super) up: bool,
    /// What it adds to the weight of the server.
    pub(super) offset: i64,
}

impl Roster {
    /// Takes another set of services; returns the places of those that are not the same as before. What stays the same
    /// keeps its state: a service its quorum, a check its verdict, its next time and the probe under way.
    pub(super) fn apply(
        &mut self,
        now: Duration,
        wanted: &[Arc<VirtualServer>],
        crowd: &mut Crowd,
        say: &mut impl FnMut(Event),
    ) -> BTreeSet<usize> {
        let hashes = self.hashes.clone();
        let still_wanted = LazyCell::new(|| {
            let all = wanted.iter().flat_map(|service| &service.real_servers);
            let all = all.flat_map(|real| real.checks.iter().map(|check| Key::new(real.address, check)));
            all.map(|key| hashes.hash_one(key)).collect::<HashSet<u64>>()
        });
        let mut old = self.take();
        let mut changed = BTreeSet::new();
        let mut present: HashMap<u64, Vec<usize>> = HashMap::new();
        // Services that may be gone.
        let mut doubtful = Vec::new();
        self.services.reserve_exact(wanted.len());
        for config in wanted.iter().map(Arc::clone) {
            let key = config.service.key;
            let mut found = old.service(key, self.services.len());
            if let Some((place, before)) = found.take_if(|(_, before)| Arc::ptr_eq(&before.config, &config)) {
                self.keep(place, before, &mut old, &mut present);
                continue;
            }
            changed.insert(self.services.len());
            let (checks, before) = found.map(|(place, before)| (old.slots_of(place), before)).unzip();
            let checks = checks.unwrap_or_default();
            let down = before.as_ref().map(Served::down).unwrap_or_default();
            let mut servers = Vec::with_capacity(config.real_servers.len());
            for (number, real) in config.real_servers.iter().enumerate() {
                let was_down = down.contains(&real.address);
                let is_its = |slot: &&Slot| {
                    before.as_ref().is_some_and(|before| before.address_of(slot.server) == real.address)
                };
                let mut same: Vec<Slot> = old.slots[checks.clone()].iter().filter(is_its).copied().collect();
                let server = Server::new(real.weight, real.inhibit_on_failure);
                let mut server = server.with_slow_start(real.slow_start);
                let mut offset = 0_i64;
                for (check, wanted) in real.checks.iter().enumerate() {
                    let before = old.take_same(&mut same, wanted, &self.probers);
                    let key = Key::new(real.address, wanted);
                    let hash = self.hashes.hash_one(key);
                    let known = present.entry(hash).or_default();
                    let found = known.iter().copied().find(|place| self.probers[*place].serves(key));
                    let prober = found.unwrap_or_else(|| {
                        let prober =
                            old.prober(now, hash, key, before, &self.probers, &still_wanted).unwrap_or_else(
                                || Prober::begin(now, key, self.spread.draw(wanted.timing.warmup), was_down),
                            );
                        self.probers.push(prober);
                        known.push(self.probers.len() - 1);
                        self.probers.len() - 1
                    });
                    let slot = Slot {
                        service: self.services.len(),
                        server: number,
                        check,
                        prober,
                        up: before.map_or(!was_down && !wanted.timing.alpha, |slot| slot.up),
                        offset: before.map_or(0, |_| self.probers[prober].share.offset(real.weight)),
                    };
                    offset = offset.saturating_add(slot.offset);
                    if !slot.up {
                        // Of more checks than fit the pool knows the first ones only.
                        server = server.with_failing(check).unwrap_or(server);
                    }
                    self.probers[prober].slots.push(self.slots.len());
                    self.slots.push(slot);
                }
                servers.push(server.with_offset(offset));
            }
            let tells = self.tells_first_servers;
            let known = before.as_ref().filter(|_| tells).map(Served::addresses).unwrap_or_default();
            if let Some(before) = &before {
                before.tell_of_the_removed(&config, crowd, say);
                if keys(&before.config).ne(keys(&config)) {
                    doubtful.extend(keys(&before.config));
                }
            }
            let service = Served::new(config, servers.into(), before, &self.orders, say);
            if tells {
                service.greet(&known, say);
            }
            self.services.push(service);
        }
        let told = self.probers.iter().enumerate().filter(|(_, prober)| Told::knows(&prober.config.probe));
        self.told = told.map(|(place, _)| place).collect();
        for old in old.services.iter().flatten() {
            old.removal(crowd, say);
            doubtful.extend(keys(&old.config));
        }
        if doubtful.is_empty() {
            return changed;
        }
        doubtful.sort_unstable();
        doubtful.dedup();
        let kept: HashSet<ServiceKey> =
            self.services.iter().flat_map(|service| keys(&service.config)).collect();
        for service in doubtful.into_iter().filter(|service| !kept.contains(service)) {
            say(Event::Gone { service });
        }
        changed
    }

    /// Goes on with a service, which was at `place`, as it is.
    fn keep(&mut self, place: usize, service: Served, old: &mut Old, present: &mut HashMap<u64, Vec<usize>>) {
        for at in old.slots_of(place) {
            let slot = old.slots[at];
            let prober = match &old.probers[slot.prober] {
                Place::There(there) => *there,
                &Place::Here(hash, _) => {
                    let there = self.probers.len();
                    self.probers.extend(old.take(slot.prober, there));
                    present.entry(hash).or_default().push(there);
                    there
                }
            };
            self.probers[prober].slots.push(self.slots.len());
            self.slots.push(Slot { service: self.services.len(), prober, ..slot });
        }
        self.services.push(service);
    }

    /// Tells the pools what a prober says, as far as they do not know it yet; returns the services of which something
    /// changed.
    pub(super) fn tell(&mut self, prober: usize, say: &mut impl FnMut(Event)) -> Vec<usize> {
        let prober = &self.probers[prober];
        let (up, why) = match prober.says() {
            None => return Vec::new(),
            Some(Verdict::Up) => (true, None),
            Some(Verdict::Down(failure)) => (false, failure.map(|failure| prober.reason(failure))),
        };
        let mut changed = Vec::new();
        for &place in &prober.slots {
            let slot = &mut self.slots[place];
            if self.suspended.contains(&slot.service) {
                continue;
            }
            let service = &mut self.services[slot.service];
            let configured = service.config.real_servers[slot.server].weight;
            // What fails says nothing of the weight: it stays for the time when the server is back.
            let offset = if up { prober.share.offset(configured) } else { slot.offset };
            // With `alpha` a first failure changes nothing, but it is news.
            let is_first = !up && service.pool.servers()[slot.server].unproven();
            if (slot.up, slot.offset) == (up, offset) && !is_first {
                continue;
            }
            let (server, check) = (slot.server, slot.check);
            let reweighed = slot.offset != offset;
            let turned = slot.up != up || is_first;
            (slot.up, slot.offset) = (up, offset);
            changed.push(slot.service);
            if reweighed {
                let checks = service.config.real_servers[server].checks.len();
                let first = place - check;
                let offset = self.slots[first..first + checks].iter().map(|slot| slot.offset);
                let offset = offset.fold(0, i64::saturating_add);
                service.handle(pool::Event::CheckWeights { server, offset }, None, say);
            }
            if turned {
                service.handle(pool::Event::Check { server, check, up }, why.as_deref(), say);
            }
        }
        changed
    }

    /// Whether some service is suspended while its address is elsewhere.
    pub(super) fn suspends(&self) -> bool {
        self.services.iter().any(|service| !service.config.suspended_without.is_empty())
    }

    /// Takes note of the addresses of this host; returns the probers that go on and those that stop. One goes on while
    /// any of the services that it is for is here.
    pub(super) fn settle(&mut self, here: &BTreeSet<IpAddr>) -> Vec<(usize, bool)> {
        let elsewhere = |config: &VirtualServer| {
            let addresses = &config.suspended_without;
            !addresses.is_empty() && !addresses.iter().any(|address| here.contains(address))
        };
        let services = self.services.iter().enumerate();
        self.suspended =
            services.filter(|(_, service)| elsewhere(&service.config)).map(|(place, _)| place).collect();
        let mut turned = Vec::new();
        for (place, prober) in self.probers.iter_mut().enumerate() {
            let mut services = prober.slots.iter().map(|slot| self.slots[*slot].service);
            let suspended = services.all(|service| self.suspended.contains(&service));
            if prober.suspended != suspended {
                prober.suspended = suspended;
                turned.push((place, !suspended));
            }
        }
        turned
    }

    /// A time within the warm-up of a prober.
    pub(super) fn offset(&mut self, prober: usize) -> Duration {
        self.spread.draw(self.probers[prober].config.timing.warmup)
    }

    /// What the check of a prober does, in keepalived's words: `TCP connection to [192.0.2.1]:tcp:80`.
    pub(super) fn name_of(&self, prober: usize) -> String {
        let prober = &self.probers[prober];
        let first = prober.slots.first().map(|place| self.slots[*place]);
        let Slot { service, server, .. } = first.expect("a prober has checks");
        self.services[service].name_of_check(server, &prober.config.probe)
    }

    /// Everything, by what it is found again by.
    fn take(&mut self) -> Old {
        let slots = core::mem::take(&mut self.slots);
        let mut found: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut probers = Vec::with_capacity(self.probers.len());
        for (place, mut prober) in core::mem::take(&mut self.probers).into_iter().enumerate() {
            prober.slots.clear();
            let hash = self.hashes.hash_one(prober.key());
            found.entry(hash).or_default().push(place);
            probers.push(Place::Here(hash, Box::new(prober)));
        }
        let services = core::mem::take(&mut self.services).into_iter().map(Some).collect();
        Old { services, places: OnceCell::new(), slots, probers, found }
    }
}

/// Its services.
fn keys(config: &VirtualServer) -> impl Iterator<Item = ServiceKey> {
    config.services().map(|service| service.key)
}

/// What there was before a reload.
struct Old {
    /// Those that were not found again yet.
    services: Vec<Option<Served>>,
    /// Where they are, once one is not where it was.
    places: OnceCell<HashMap<ServiceKey, usize>>,
    /// The checks of all servers, in the order of the services and servers.
    slots: Vec<Slot>,
    probers: Vec<Place>,
    /// Probers by the hash of their keys.
    found: HashMap<u64, Vec<usize>>,
}

/// Where an old prober is.
enum Place {
    /// Here, with the hash of its key.
    Here(u64, Box<Prober>),
    /// At this place among the new ones.
    There(usize),
}

impl Old {
    /// Takes the service with this key, most likely from this place; where it was.
    fn service(&mut self, key: ServiceKey, likely: usize) -> Option<(usize, Served)> {
        let is_it = |service: &mut Served| service.key() == key;
        if let Some(service) = self.services.get_mut(likely).and_then(|service| service.take_if(is_it)) {
            return Some((likely, service));
        }
        let places = self.places.get_or_init(|| {
            let services = self.services.iter().enumerate();
            services.filter_map(|(place, service)| Some((service.as_ref()?.key(), place))).collect()
        });
        let place = *places.get(&key)?;
        Some((place, self.services[place].take()?))
    }

    /// The checks of the service at this place.
    fn slots_of(&self, place: usize) -> Range<usize> {
        let first = self.slots.partition_point(|slot| slot.service < place);
        first..first + self.slots[first..].partition_point(|slot| slot.service == place)
    }

    /// Takes the check that asks the same from the old checks of a server.
    fn take_same(&self, same: &mut Vec<Slot>, wanted: &model::Check, new: &[Prober]) -> Option<Slot> {
        let probe = |slot: &Slot| match &self.probers[slot.prober] {
            Place::Here(_, prober) => &prober.config.probe,
            Place::There(place) => &new[*place].config.probe,
        };
        let found = same.iter().position(|slot| *probe(slot) == wanted.probe)?;
        Some(same.swap_remove(found))
    }

    /// The prober that goes on with this key, if there is one: the one that had it, or else the one that made the
    /// probes of the check `before`, which had another timing. `new`: where it will be next; `still_wanted`: the hashes of
    /// the keys that are wanted from now on.
    fn prober(
        &mut self,
        now: Duration,
        hash: u64,
        key: Key<'_>,
        before: Option<Slot>,
        new: &[Prober],
        still_wanted: &HashSet<u64>,
    ) -> Option<Prober> {
        let had = self.found.get(&hash).into_iter().flatten().copied();
        let had = had.into_iter().find(|place| match &self.probers[*place] {
            Place::Here(_, prober) => prober.serves(key),
            Place::There(_) => false,
        });
        if let Some(place) = had {
            return self.take(place, new.len());
        }
        let place = before?.prober;
        match &self.probers[place] {
            Place::Here(hash, prober) if still_wanted.contains(hash) => Some(prober.parted(now, key)),
            Place::Here(..) => self.take(place, new.len()).map(|prober| prober.turned(now, key)),
            Place::There(there) => Some(new[*there].parted(now, key)),
        }
    }

    fn take(&mut self, place: usize, there: usize) -> Option<Prober> {
        match core::mem::replace(&mut self.probers[place], Place::There(there)) {
            Place::Here(_, prober) => Some(*prober),
            Place::There(_) => None,
        }
    }
}
