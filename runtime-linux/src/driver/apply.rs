//! Reload: from the instances that run to those that are wanted.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use vrrp_core::seal::Seal;
use vrrp_core::{Event, Fault};

use super::instance::{Holding, Instance, Place, boxed};
use super::translate::{self, RouterConfig};
use super::worker::Worker;
use super::{Level, Report};
use crate::clock;
use crate::config::model;

impl Worker {
    /// Makes the wanted instances the running ones. What leaves goes first, so that an address can move from
    /// one instance to another; an instance that did not change is not touched.
    pub(super) fn apply(&mut self, wanted: Vec<Arc<model::Instance>>, groups: &[model::SyncGroup]) {
        self.finish_claims();
        self.inherit();
        self.disband();
        let mut plans: Vec<Plan> = Vec::with_capacity(wanted.len());
        for instance in wanted {
            plans.extend(self.plan(instance));
        }
        self.hands.virtual_addresses = plans
            .iter()
            .filter(|plan| !plan.wanted.priority.is_owner())
            .flat_map(|plan| plan.wanted.addresses.iter().chain(&plan.wanted.excluded))
            .map(|address| address.address)
            .collect();
        let kept: BTreeSet<usize> = plans.iter().filter_map(|plan| plan.id).collect();
        let leaving: Vec<usize> = self.roster.ids().into_iter().filter(|id| !kept.contains(id)).collect();
        self.dismiss(&leaving);
        self.hands.with_virtual(|all, tools| all.remove(&leaving, tools));
        let now = clock::now();
        // Addresses that leave an instance go before any instance takes new ones.
        for plan in plans.iter().filter(|plan| plan.config.is_some()) {
            if let Some(id) = plan.id {
                self.shed_routes(id, &plan.wanted);
                self.shed(id, &plan.wanted);
            }
        }
        // Groups are whole before any of their members is told something.
        self.roster.reserve(plans.len() - kept.len());
        let mut enrolled = Vec::with_capacity(plans.len());
        for plan in &mut plans {
            let new = plan.config.take_if(|_| plan.id.is_none());
            let new = new.map(|config| self.roster.insert(Instance::new(plan.wanted.clone(), config, now)));
            enrolled.push((new.or(plan.id), new.is_some()));
        }
        self.order = enrolled.iter().filter_map(|(id, _)| *id).collect();
        self.form(groups, now);
        let doubles = doubles(&plans);
        for ((position, plan), (id, new)) in plans.into_iter().enumerate().zip(enrolled) {
            let double = doubles.contains(&position);
            let Some(id) = id else { continue };
            if new {
                self.enrol(id, double, now);
                continue;
            }
            self.set_double(id, double, now);
            match (plan.config, self.roster.get_mut(id)) {
                (Some(config), _) => self.reconfigure(id, plan.wanted, config, now),
                // It says the same: what it was read into before is not needed twice.
                (None, Some(instance)) => instance.share(plan.wanted),
                (None, None) => {}
            }
        }
        self.size_buffers();
        self.settle(now);
        self.clear_legacy();
        self.listen_for_losses();
        self.note_host();
        self.hands.outbox.report(Report::Applied { instances: self.order.len() });
    }

    /// What is to become of an instance. None: it cannot run, and did not.
    fn plan(&mut self, wanted: Arc<model::Instance>) -> Option<Plan> {
        let running = self.roster.named(&wanted.name);
        let old = running.and_then(|id| self.roster.get(id)).map(|old| &old.wanted);
        if old.is_some_and(|old| Arc::ptr_eq(old, &wanted) || *old == wanted) {
            return Some(Plan { wanted, config: None, id: running });
        }
        match translate::config(&wanted) {
            Ok(config) => {
                let id = running.filter(|_| old.is_some_and(|old| old.is_same_router(&wanted)));
                Some(Plan { wanted, config: Some(config), id })
            }
            Err(error) => {
                let old = old.cloned();
                let stays = if old.is_some() { ", the old settings stay" } else { "" };
                let text = format!("({}) cannot run as it is configured: {error}{stays}", wanted.name);
                self.hands.outbox.log(Level::Error, text);
                old.map(|old| Plan { wanted: old, config: None, id: running })
            }
        }
    }

    /// Starts a new instance.
    fn enrol(&mut self, id: usize, double: bool, now: Duration) {
        let owner = self.roster.get(id).is_some_and(|instance| instance.wanted.priority.is_owner());
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
    fn reconfigure(&mut self, id: usize, wanted: Arc<model::Instance>, config: RouterConfig, now: Duration) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        let mut old = core::mem::take(&mut instance.holdings);
        instance.holdings = Place::all(&wanted)
            .map(|address| match old.iter().position(|holding| holding.address == address) {
                Some(position) => Holding { address, ..old.swap_remove(position) },
                None => Holding::new(address),
            })
            .collect();
        let seal = instance.seal.take().map_or(Seal::None, |seal| *seal);
        instance.seal = boxed(seal.renewed(translate::seal(&wanted)));
        let extra = wanted.rare().extra_announcements;
        let extra_changed = instance.wanted.rare().extra_announcements != extra;
        instance.wanted = wanted;
        if instance.is_active() {
            self.hands.firewall.close(id, instance, &self.hands.links);
            self.hands.firewall.write(&mut self.hands.outbox);
        }
        if *instance.router.config() != config {
            self.feed(id, now, Event::Configure(config));
        }
        if extra_changed {
            self.renew_extra(id, now);
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

/// What is to become of an instance.
struct Plan {
    wanted: Arc<model::Instance>,
    /// The settings of its router; absent: it goes on as it is.
    config: Option<RouterConfig>,
    /// The number of the instance that it goes on as; absent: it is new.
    id: Option<usize>,
}

/// Positions of instances whose VRID, family and interface an earlier one has.
fn doubles(plans: &[Plan]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let identity = |Plan { wanted, .. }: &'_ Plan| (wanted.vrid, wanted.family(), wanted.interface.clone());
    let numbered = plans.iter().enumerate();
    numbered.filter_map(|(position, plan)| (!seen.insert(identity(plan))).then_some(position)).collect()
}
