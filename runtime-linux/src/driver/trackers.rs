//! What an instance tracks, and how each of it stands.

use serde::Serialize;
use vrrp_core::track::Tracker;

use super::worker::Worker;
use crate::config::model::{self, Tracked};

/// What kind of thing is tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A network interface.
    Interface,
    /// A `vrrp_script`.
    Script,
}

/// Something that an instance tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watched<'a> {
    pub(super) kind: Kind,
    pub(super) tracked: &'a Tracked,
    /// Whether it is well; `None` while nobody has judged it.
    pub(super) judged: Option<bool>,
    /// Until somebody has it counts as good: it was when the process before died.
    pub(super) trusted: bool,
}

impl Watched<'_> {
    /// What goes into the sum. Not judged yet: a script without a weight holds the instance back, unless it is
    /// trusted; others count as good.
    pub(super) fn tracker(&self) -> Tracker {
        let Tracked { weight, reverse, .. } = *self.tracked;
        let assumed = if weight == 0 { reverse != self.trusted } else { true };
        Tracker { weight, reverse, good: self.judged.unwrap_or(assumed) }
    }
}

impl Worker {
    /// Everything that counts for an instance, interfaces first. What a member of a sync group tracks with a
    /// weight counts for all of them, once: priorities that move apart would have each member wait for the
    /// others.
    pub(super) fn watched<'a>(
        &'a self,
        id: usize,
        wanted: &'a model::Instance,
    ) -> impl Iterator<Item = Watched<'a>> {
        let trusted = self.roster.get(id).is_some_and(|instance| instance.resumed);
        let mates = || self.mates(id).map(|mate| &mate.wanted);
        let interfaces = shared(&wanted.track_interfaces, mates().map(|mate| &mate.track_interfaces));
        let interfaces = interfaces.map(move |tracked| Watched {
            kind: Kind::Interface,
            tracked,
            trusted,
            judged: Some(self.hands.links.named(&tracked.name).is_some_and(|link| link.info.running)),
        });
        let scripts = shared(&wanted.track_scripts, mates().map(|mate| &mate.track_scripts));
        let scripts = scripts.map(move |tracked| Watched {
            kind: Kind::Script,
            tracked,
            trusted,
            judged: self.scripts.get(&tracked.name).copied(),
        });
        interfaces.chain(scripts)
    }
}

/// What an instance tracks, then what else the others in its sync group track with a weight.
pub fn shared<'t>(
    own: &'t [Tracked],
    mates: impl Iterator<Item = &'t Vec<Tracked>>,
) -> impl Iterator<Item = &'t Tracked> {
    let mut all: Vec<&Tracked> = own.iter().collect();
    for tracked in mates.flatten().filter(|tracked| tracked.weight != 0) {
        if !all.iter().any(|other| other.name == tracked.name) {
            all.push(tracked);
        }
    }
    all.into_iter()
}
