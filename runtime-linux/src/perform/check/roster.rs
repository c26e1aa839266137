//! All services and all their checks, and how a reload changes them.

use core::hash::{BuildHasher, Hasher};
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::RandomState;

use check_core::pool::Share;
use check_core::{Check, Failure, Server, Verdict, check};
use ipvs_core::ServiceKey;
use tokio::task::{AbortHandle, Id};

use super::Event;
use super::service::Served;
use crate::config::model::{self, VirtualServer};

/// All services and all their checks.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) services: Vec<Served>,
    pub(super) slots: Vec<Slot>,
}

/// The checks of each server, by service and address.
type SlotsOfServers = BTreeMap<(ServiceKey, SocketAddr), Vec<Slot>>;

/// One check of one server.
#[derive(Debug)]
pub(super) struct Slot {
    /// Place of the service in the roster.
    pub(super) service: usize,
    /// Place of the server in the service.
    pub(super) server: usize,
    /// Number of the check within the server.
    pub(super) check: usize,
    pub(super) config: model::Check,
    pub(super) core: Check,
    /// The probe under way.
    pub(super) run: Option<Run>,
    /// More about the last failure than its name says.
    pub(super) detail: Option<String>,
    /// What the last probe failed with, if it failed.
    pub(super) last: Option<Failure>,
    /// What the last probe that passed said of the server's weight.
    pub(super) share: Share,
}

/// A probe under way. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Run(pub(super) AbortHandle);

impl Run {
    pub(super) fn id(&self) -> Id {
        self.0.id()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Slot {
    /// A failure in words.
    pub(super) fn reason(&self, failure: Failure) -> String {
        self.detail.clone().unwrap_or_else(|| failure.to_string())
    }

    /// A check that begins now. A server that was down before stays so until it passes.
    fn fresh(now: Duration, config: &model::Check, was_down: bool) -> Self {
        let mut core = if was_down { Check::doubted(config.timing) } else { Check::new(config.timing) };
        let offset = draw(config.timing.warmup);
        let none = core.handle(now, check::Event::Start { offset });
        debug_assert!(none.is_empty(), "a check that begins only waits");
        Self {
            service: 0,
            server: 0,
            check: 0,
            config: config.clone(),
            core,
            run: None,
            detail: None,
            last: None,
            share: Share::Silent,
        }
    }

    /// A check that goes on after a reload, perhaps with another timing.
    fn carried_over(mut self, now: Duration, config: &model::Check) -> Self {
        if self.config.timing != config.timing {
            let none = self.core.handle(now, check::Event::Configure(config.timing));
            debug_assert!(none.is_empty(), "another timing changes no verdict");
            self.config = config.clone();
        }
        self
    }
}

impl Roster {
    /// Takes another set of services. What stays the same keeps its state: a service its quorum, a check its
    /// verdict, its next time and the probe under way.
    pub(super) fn apply(&mut self, now: Duration, wanted: Vec<VirtualServer>, say: &mut impl FnMut(Event)) {
        let services = self.services.iter().flat_map(|service| service.config.services());
        let held: BTreeSet<ServiceKey> = services.map(|service| service.key).collect();
        let (mut old_services, mut old_slots) = self.take();
        for config in wanted {
            let key = config.service.key;
            let old = old_services.remove(&key);
            let mut servers = Vec::with_capacity(config.real_servers.len());
            for (number, real) in config.real_servers.iter().enumerate() {
                let mut server = Server::new(real.weight, real.inhibit_on_failure);
                let mut offset = 0;
                let was_down = old.as_ref().is_some_and(|old| old.is_down(real.address));
                let mut same = old_slots.remove(&(key, real.address)).unwrap_or_default();
                for (check, wanted) in real.checks.iter().enumerate() {
                    let found = same.iter().position(|slot| slot.config.probe == wanted.probe);
                    let mut slot = match found {
                        Some(found) => same.swap_remove(found).carried_over(now, wanted),
                        None => Slot::fresh(now, wanted, was_down),
                    };
                    (slot.service, slot.server, slot.check) = (self.services.len(), number, check);
                    if slot.core.verdict() == Verdict::Up {
                        offset += slot.share.offset(real.weight);
                    } else {
                        // Of more checks than fit the pool knows the first ones only.
                        server = server.with_failing(check).unwrap_or(server);
                    }
                    self.slots.push(slot);
                }
                servers.push(server.with_offset(offset));
            }
            self.services.push(Served::new(config, servers.into(), old, say));
        }
        let kept: BTreeSet<ServiceKey> = self
            .services
            .iter()
            .flat_map(|service| service.config.services())
            .map(|service| service.key)
            .collect();
        for old in old_services.values() {
            old.farewell(say);
        }
        for service in held.difference(&kept) {
            say(Event::Gone { service: *service });
        }
    }

    /// What the checks of a server add to its weight together, those that pass; `place` is one of them.
    pub(super) fn offset_of(&self, place: usize) -> i64 {
        let Slot { service, server, check, .. } = self.slots[place];
        let configured = self.services[service].config.real_servers[server].weight;
        // They stand in the order of their numbers.
        let checks = &self.slots[place - check..];
        let checks = checks.iter().take_while(|slot| (slot.service, slot.server) == (service, server));
        checks
            .filter(|slot| slot.core.verdict() == Verdict::Up)
            .map(|slot| slot.share.offset(configured))
            .sum()
    }

    /// What a check does, in keepalived's words: `TCP connection to [192.0.2.1]:tcp:80`.
    pub(super) fn name_of(&self, place: usize) -> String {
        let slot = &self.slots[place];
        self.services[slot.service].name_of_check(slot.server, &slot.config.probe)
    }

    /// Everything, by what identifies it.
    fn take(&mut self) -> (BTreeMap<ServiceKey, Served>, SlotsOfServers) {
        let mut slots = SlotsOfServers::new();
        for slot in core::mem::take(&mut self.slots) {
            let service = &self.services[slot.service];
            slots.entry((service.key(), service.address_of(slot.server))).or_default().push(slot);
        }
        let services = core::mem::take(&mut self.services).into_iter();
        (services.map(|service| (service.key(), service)).collect(), slots)
    }
}

/// A time from zero up to the limit, at random: every `RandomState` hashes differently.
fn draw(limit: Duration) -> Duration {
    let fraction = RandomState::new().build_hasher().finish();
    let nanoseconds = limit.as_nanos().saturating_mul(u128::from(fraction)) >> u64::BITS;
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}
