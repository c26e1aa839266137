//! What runs on a simulated host: the real core, or a replica with a mistake in its place.

use core::hash::Hasher;
use core::net::IpAddr;
use core::time::Duration;
use std::rc::Rc;

use vrrp_core::{Action, Actions, Config, Event, State};

use super::node::Router;
use super::replica::Replica;

#[derive(Clone, Debug)]
pub(super) struct Machine {
    /// The real one. Beside a replica with a mistake it is never started, and only writes adverts.
    pub(super) core: Router,
    replica: Option<Replica>,
}

impl Machine {
    pub(super) fn new(core: Router, replica: Option<Replica>) -> Self {
        Self { core, replica }
    }

    /// # Panics
    /// If a replica without a mistake does anything that the core does not, or the other way round.
    pub(super) fn handle(&mut self, now: Duration, event: Event<'_, Rc<[IpAddr]>>) -> Actions {
        let Some(replica) = &mut self.replica else { return self.core.handle(now, event) };
        let wanted = replica.handle(now, &event);
        if !replica.is_faithful() {
            if let Event::Configure(_) = event {
                // It writes the adverts, and knows the settings.
                drop(self.core.handle(now, event));
            }
            return wanted;
        }
        let told = format!("{event:?}");
        let actions = self.core.handle(now, event);
        assert!(
            acts(&actions).eq(acts(&wanted))
                && self.core.state() == replica.state()
                && self.core.deadline() == replica.deadline(),
            "at {now:?}, told {told}: the core {actions:?} {:?}, the replica {wanted:?} {:?}",
            self.core.deadline(),
            replica.deadline(),
        );
        actions
    }

    pub(super) fn state(&self) -> State {
        self.mutant().map_or_else(|| self.core.state(), Replica::state)
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.mutant().map_or_else(|| self.core.deadline(), Replica::deadline)
    }

    pub(super) fn is_started(&self) -> bool {
        self.mutant().map_or_else(|| self.core.is_started(), Replica::is_started)
    }

    pub(super) fn has_fault(&self) -> bool {
        self.mutant().map_or_else(|| !self.core.faults().is_empty(), Replica::is_faulty)
    }

    pub(super) fn config(&self) -> &Config<Rc<[IpAddr]>> {
        self.core.config()
    }

    pub(super) fn fingerprint(&self, now: Duration, hasher: &mut impl Hasher) {
        self.core.fingerprint(now, hasher);
        if let Some(replica) = &self.replica {
            replica.fingerprint(now, hasher);
        }
    }

    fn mutant(&self) -> Option<&Replica> {
        self.replica.as_ref().filter(|replica| !replica.is_faithful())
    }
}

/// What others see of a router, less the reasons.
fn acts(actions: &Actions) -> impl Iterator<Item = (u8, u8)> {
    actions.iter().filter_map(|action| match *action {
        Action::Advertise { priority } => Some((0, priority)),
        Action::ClaimAddresses => Some((1, 0)),
        Action::ReleaseAddresses => Some((2, 0)),
        Action::Transition { to, .. } => Some((3, to as u8)),
        Action::Heard { priority } => Some((4, priority)),
        Action::Ignored(why) => Some((5, why as u8)),
        Action::Announce { .. } | Action::Noticed(_) => None,
    })
}
