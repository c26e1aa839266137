//! Routes and rules of instances, and what is static: keeping them where they belong.

use core::time::Duration;

use super::Level;
use super::poller::Ready;
use super::worker::Worker;
use crate::clock;
use crate::config::model;
use crate::netlink::Heard;
use crate::netlink::route::watch::Losses;
use crate::perform::fixtures::Hands;
use crate::perform::routes::Entry;

impl Worker {
    /// Makes these the static addresses, routes and rules.
    pub(super) fn apply_fixtures(&mut self, wanted: model::Fixtures) {
        let mut hands = Hands {
            route: &mut self.hands.route,
            router: &mut self.hands.router,
            links: &self.hands.links,
            outbox: &mut self.hands.outbox,
        };
        self.fixtures.apply(wanted, &mut hands);
        self.listen_for_losses();
        self.fixtures_changed();
    }

    /// Takes what is static away.
    pub(super) fn release_fixtures(&mut self) {
        let mut hands = Hands {
            route: &mut self.hands.route,
            router: &mut self.hands.router,
            links: &self.hands.links,
            outbox: &mut self.hands.outbox,
        };
        self.fixtures.release(&mut hands);
    }

    /// Begins to listen for losses as soon as there is something to lose.
    pub(super) fn listen_for_losses(&mut self) {
        let concerned =
            !self.fixtures.is_empty() || self.roster.iter().any(|(_, one)| !one.routing.is_empty());
        if !concerned {
            self.losses = None;
            self.routes_due = None;
            return;
        }
        if self.losses.is_some() {
            return;
        }
        let opened = Losses::open().and_then(|losses| {
            self.poller.watch(&losses, Ready::Losses)?;
            Ok(losses)
        });
        match opened {
            Ok(losses) => self.losses = Some(losses),
            Err(error) => {
                let text = format!("routes and rules that something removes stay away: {error}");
                self.hands.outbox.log(Level::Error, text);
            }
        }
        self.look_after_routes(clock::now());
    }

    /// Something of ours may be gone.
    pub(super) fn take_losses(&mut self) {
        let Some(losses) = &mut self.losses else { return };
        for _ in 0..LOSSES_AT_ONCE {
            match losses.receive() {
                Ok(Heard::Nothing) => break,
                Ok(Heard::Messages | Heard::Overrun) => {}
                Err(error) => {
                    self.hands.outbox.log(Level::Error, format!("cannot read notifications: {error}"));
                    break;
                }
            }
        }
        self.look_after_routes(clock::now());
    }

    /// Sees to it that routes and rules are looked after at this time at the latest.
    pub(super) fn look_after_routes(&mut self, due: Duration) {
        if self.losses.is_some() {
            self.routes_due = Some(self.routes_due.map_or(due, |other| other.min(due)));
        }
    }

    /// An interface or an address changed, and with it perhaps routes: the kernel does not tell of those of IPv4 that
    /// it drops. Many changes come at once, so a moment is waited.
    pub(super) fn routes_in_doubt(&mut self, now: Duration) {
        self.look_after_routes(now.saturating_add(SETTLING));
    }

    /// Puts back what is gone, if it is time to look.
    pub(super) fn judge_routes(&mut self, now: Duration) {
        if self.routes_due.is_none_or(|due| due > now) {
            return;
        }
        let mut next: Option<Duration> = None;
        for id in self.roster.ids() {
            let Some(instance) = self.roster.get_mut(id).filter(|one| one.is_active()) else { continue };
            let owner = format!("({})", instance.wanted.name);
            let (links, outbox) = (&self.hands.links, &mut self.hands.outbox);
            let due = self.hands.router.verify(&owner, &mut instance.routing, now, links, outbox);
            next = [next, due].into_iter().flatten().min();
            if !instance.routing.is_empty() {
                // What is to be taken away for it may be something else now.
                self.note(id, true);
            }
        }
        let mut hands = Hands {
            route: &mut self.hands.route,
            router: &mut self.hands.router,
            links: &self.hands.links,
            outbox: &mut self.hands.outbox,
        };
        let due = self.fixtures.verify(now, &mut hands);
        self.routes_due = [next, due].into_iter().flatten().min();
        if !self.fixtures.is_empty() {
            self.fixtures_changed();
        }
    }

    /// Judges the instances whose track groups may fare otherwise now.
    fn fixtures_changed(&mut self) {
        let now = clock::now();
        for id in self.roster.ids() {
            self.track(id, now);
        }
    }

    /// Takes the routes and rules away that a changed instance has no more.
    pub(super) fn shed_routes(&mut self, id: usize, wanted: &model::Instance) {
        let Some(instance) = self.roster.get_mut(id) else { return };
        let owner = format!("({})", instance.wanted.name);
        let entries = Entry::all(&wanted.routes, &wanted.rules);
        self.hands.router.shed(&owner, &mut instance.routing, &entries, &mut self.hands.outbox);
    }

    /// Puts those there that an Active instance got.
    pub(super) fn claim_routes(&mut self, id: usize) {
        let Some(instance) = self.roster.get_mut(id).filter(|one| one.is_active()) else { return };
        self.hands.install_routes(instance);
    }
}

/// Notifications taken before packets get a turn.
const LOSSES_AT_ONCE: usize = 256;
/// From a change of interfaces or addresses to looking after routes.
const SETTLING: Duration = Duration::from_millis(20);
