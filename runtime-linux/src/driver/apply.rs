//! Reload: from the instances that run to those that are wanted.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use vrrp_core::seal::Seal;
use vrrp_core::{Event, Fault};

use super::instance::{Holding, Instance, boxed};
use super::translate::{self, RouterConfig};
use super::worker::Worker;
use super::{Level, Report};
use crate::clock;
use crate::config::model;

impl Worker {
    /// Makes the wanted instances the running ones. What leaves goes first, so that an address can move from
    /// one instance to another; an instance that did not change is not touched.
    pub(super) fn apply(&mut self, wanted: Vec<model::Instance>, groups: &[model::SyncGroup]) {
        self.finish_claims();
        self.inherit();
        self.disband();
        let mut plans = Vec::new();
        for instance in wanted {
            match translate::config(&instance) {
                Ok(config) => plans.push((instance, config)),
                Err(error) => {
                    let running = self.roster.named(&instance.name).and_then(|id| self.roster.get(id));
                    let kept = running.map(|old| (old.wanted.clone(), old.router.config().clone()));
                    let stays = if kept.is_some() { ", the old settings stay" } else { "" };
                    let text = format!("({}) cannot run as it is configured: {error}{stays}", instance.name);
                    self.hands.outbox.log(Level::Error, text);
                    plans.extend(kept);
                }
            }
        }
        let running: BTreeMap<String, usize> =
            self.roster.iter().map(|(id, instance)| (instance.wanted.name.clone(), id)).collect();
        self.hands.virtual_addresses = plans
            .iter()
            .filter(|(instance, _)| !instance.priority.is_owner())
            .flat_map(|(instance, _)| instance.addresses.iter().chain(&instance.excluded))
            .map(|address| address.address)
            .collect();
        let by_name: BTreeMap<&str, &model::Instance> =
            plans.iter().map(|(instance, _)| (instance.name.as_str(), instance)).collect();
        let (mut kept, mut leaving) = (BTreeMap::new(), Vec::new());
        for (name, id) in running {
            let new = by_name.get(name.as_str());
            let same =
                new.is_some_and(|new| self.roster.get(id).is_some_and(|old| old.wanted.is_same_router(new)));
            if same {
                kept.insert(name, id);
            } else {
                leaving.push(id);
            }
        }
        self.dismiss(&leaving);
        self.hands.with_virtual(|all, tools| all.remove(&leaving, tools));
        self.order = plans.iter().map(|(instance, _)| instance.name.clone()).collect();
        let now = clock::now();
        // Addresses that leave an instance go before any instance takes new ones.
        for (instance, _) in &plans {
            if let Some(&id) = kept.get(&instance.name) {
                self.shed_routes(id, instance);
                self.shed(id, instance);
            }
        }
        // Groups are whole before any of their members is told something.
        for (instance, config) in &plans {
            if !kept.contains_key(&instance.name) {
                self.roster.insert(Instance::new(instance.clone(), config.clone(), now));
            }
        }
        self.form(groups, now);
        let doubles = doubles(&plans);
        for (position, (instance, config)) in plans.into_iter().enumerate() {
            let double = doubles.contains(&position);
            match kept.get(&instance.name) {
                Some(&id) => {
                    self.set_double(id, double, now);
                    self.reconfigure(id, instance, config, now);
                }
                None => self.enrol(&instance, double, now),
            }
        }
        self.settle(now);
        self.clear_legacy();
        self.listen_for_losses();
        self.note_host();
        self.hands.outbox.report(Report::Applied { instances: self.order.len() });
    }

    /// Starts a new instance.
    fn enrol(&mut self, wanted: &model::Instance, double: bool, now: Duration) {
        let Some(id) = self.roster.named(&wanted.name) else { return };
        let owner = wanted.priority.is_owner();
        let estate = self.estate_of(id).filter(|_| !double);
        if let Some(instance) = self.roster.get_mut(id) {
            instance.resumed = estate.is_some();
            self.hands.make_virtual(id, instance);
            self.hands.firewall.prepare(instance, &mut self.hands.outbox);
            if estate.is_none() {
                if !owner {
                    self.hands.clear_leftovers(instance);
                }
                self.hands.lower_virtual(id);
            }
        }
        self.set_double(id, double, now);
        self.examine(id, now);
        if let Some(estate) = estate
            && self.resume(id, estate, now)
        {
            return;
        }
        if now >= self.starts_at {
            self.start(id, now);
        } else {
            self.waiting.push(id);
        }
    }

    /// Only the first of two instances with one VRID on one interface runs, and hears the adverts.
    fn set_double(&mut self, id: usize, double: bool, now: Duration) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        instance.double = double;
        let (port, vrid) = (instance.port, instance.wanted.vrid.get());
        if double {
            self.unlisten(id);
        } else if let Some((port, _)) = port {
            self.listen(port, vrid, id);
        }
        self.fault(id, now, Fault::DuplicateVrid, double);
    }

    /// Takes the addresses away that a changed instance has no more, or has in another form.
    fn shed(&mut self, id: usize, wanted: &model::Instance) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        let stays = |address: &model::VirtualAddress| {
            wanted.addresses.iter().chain(&wanted.excluded).any(|other| other == address)
        };
        let name = instance.wanted.name.clone();
        for holding in &mut instance.holdings {
            if !stays(&holding.address) {
                self.hands.let_go(id, &name, holding);
            }
        }
    }

    /// Gives a running instance other settings. Its state stays; only the difference in addresses is touched.
    fn reconfigure(&mut self, id: usize, wanted: model::Instance, config: RouterConfig, now: Duration) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        if instance.wanted == wanted {
            return;
        }
        let mut old = core::mem::take(&mut instance.holdings);
        let addresses = wanted.addresses.iter().chain(&wanted.excluded);
        instance.holdings = addresses
            .map(|address| match old.iter().position(|holding| holding.address == *address) {
                Some(position) => old.swap_remove(position),
                None => Holding::new(address),
            })
            .collect();
        let seal = instance.seal.take().map_or(Seal::None, |seal| *seal);
        instance.seal = boxed(seal.renewed(translate::seal(&wanted)));
        instance.wanted = wanted;
        if instance.is_active() {
            self.hands.firewall.close(id, instance, &self.hands.links);
            self.hands.firewall.write(&mut self.hands.outbox);
        }
        if *instance.router.config() != config {
            self.feed(id, now, Event::Configure(config));
        }
        self.claim_new(id);
        self.claim_routes(id);
        self.examine(id, now);
        self.note(id, true);
    }

    /// Takes the addresses that an Active router got beside the advertised ones, of which its state machine
    /// knows the number only.
    fn claim_new(&mut self, id: usize) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        let held = instance.holdings.iter().all(|holding| holding.held.is_some());
        if !instance.is_active() || held || self.hands.claims.is_waiting(id) {
            return;
        }
        self.hands.claim(id, instance);
        self.hands.claims.announce_all(id);
    }
}

/// Positions of instances whose VRID, family and interface an earlier one has.
fn doubles(plans: &[(model::Instance, RouterConfig)]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let identity = |instance: &model::Instance, config: &RouterConfig| {
        (instance.vrid, config.family, instance.interface.clone())
    };
    let mut taken = |instance, config| !seen.insert(identity(instance, config));
    let numbered = plans.iter().enumerate();
    numbered
        .filter_map(|(position, (instance, config))| taken(instance, config).then_some(position))
        .collect()
}
