//! What an instance tracks, and how each of it stands.

use core::time::Duration;
use std::collections::BTreeMap;

use serde::Serialize;
use vrrp_core::track::{Effect, Gauge, Tracker};

use super::instance::Instance;
use super::worker::Worker;
use crate::clock;
use crate::config::model::{self, Seldom, Tracked};

/// What kind of thing is tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A network interface.
    Interface,
    /// A `vrrp_script`.
    Script,
    /// A `track_file`.
    File,
    /// A `vrrp_track_process`.
    Process,
    /// A `bfd_instance`.
    Bfd,
}

impl Kind {
    /// What an instance tracks of this kind.
    pub fn of(self, instance: &model::Instance) -> &Seldom<Vec<Tracked>> {
        match self {
            Self::Interface => &instance.track_interfaces,
            Self::Script => &instance.track_scripts,
            Self::File => &instance.track_files,
            Self::Process => &instance.track_processes,
            Self::Bfd => &instance.track_bfd,
        }
    }
}

/// How something tracked stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is well, or not.
    Good(bool),
    /// The number in a file.
    Value(i32),
}

/// The verdicts that the rest of the daemon has passed, by kind and name.
#[derive(Debug, Default)]
pub(super) struct Verdicts(BTreeMap<Kind, BTreeMap<String, Verdict>>);

impl Verdicts {
    /// The verdict on one thing, if there is one.
    pub(super) fn on(&self, kind: Kind, name: &str) -> Option<Verdict> {
        self.0.get(&kind)?.get(name).copied()
    }

    /// True: it is news.
    fn pass(&mut self, kind: Kind, name: String, verdict: Verdict) -> bool {
        self.0.entry(kind).or_default().insert(name, verdict) != Some(verdict)
    }

    /// Forgets the verdict on what is not defined any more.
    pub(super) fn forget(&mut self, kind: Kind, name: &str) {
        if let Some(verdicts) = self.0.get_mut(&kind) {
            verdicts.remove(name);
        }
    }
}

/// Something that an instance tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watched<'a> {
    pub(super) kind: Kind,
    pub(super) tracked: &'a Tracked,
    /// How it stands; `None` while nobody has judged it.
    pub(super) judged: Option<Verdict>,
    /// Until somebody has it counts as good: it was when the process before died.
    pub(super) trusted: bool,
}

impl Watched<'_> {
    /// What goes into the sum. Not judged yet: what has no weight holds the instance back, unless it is trusted;
    /// others count as good, and a file as if it held zero.
    pub(super) fn effect(&self) -> Effect {
        let Tracked { weight, reverse, .. } = *self.tracked;
        match (self.judged, self.kind) {
            (Some(Verdict::Value(value)), _) => Gauge { weight, reverse, value }.effect(),
            (Some(Verdict::Good(good)), _) => Tracker { weight, reverse, good }.effect(),
            (None, Kind::File) => Gauge { weight, reverse, value: 0 }.effect(),
            (None, Kind::Interface | Kind::Script | Kind::Process | Kind::Bfd) => {
                let assumed = if weight == 0 { reverse != self.trusted } else { true };
                Tracker { weight, reverse, good: assumed }.effect()
            }
        }
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
        let kinds = [Kind::Interface, Kind::Script, Kind::File, Kind::Process, Kind::Bfd];
        kinds.into_iter().flat_map(move |kind| {
            let mates = self.mates(id).map(move |mate| kind.of(&mate.wanted));
            shared(kind.of(wanted), mates).map(move |tracked| Watched {
                kind,
                tracked,
                trusted,
                judged: match kind {
                    Kind::Interface => {
                        // A virtual interface is down on a Backup: it is as well as the one below.
                        let name = self.hands.virtual_interfaces.below(&tracked.name);
                        let link = self.hands.links.named(name);
                        Some(Verdict::Good(link.is_some_and(|link| link.info.running)))
                    }
                    Kind::Script | Kind::File | Kind::Process | Kind::Bfd => {
                        self.verdicts.on(kind, &tracked.name)
                    }
                },
            })
        })
    }

    /// A script, file, process or BFD session has been judged.
    pub(super) fn judged(&mut self, kind: Kind, name: &str, verdict: Verdict) {
        if !self.verdicts.pass(kind, name.to_owned(), verdict) {
            return;
        }
        let now: Duration = clock::now();
        for id in self.roster.ids() {
            let tracks =
                |instance: &Instance| kind.of(&instance.wanted).iter().any(|tracked| tracked.name == name);
            if self.roster.get(id).is_some_and(tracks) || self.mates(id).any(tracks) {
                self.track(id, now);
            }
        }
    }
}

/// What an instance tracks, then what else the others in its sync group track with a weight.
pub fn shared<'t>(
    own: &'t [Tracked],
    mates: impl Iterator<Item = &'t Seldom<Vec<Tracked>>>,
) -> impl Iterator<Item = &'t Tracked> {
    let mut all: Vec<&Tracked> = own.iter().collect();
    for tracked in mates.flatten().filter(|tracked| tracked.weight != 0) {
        if !all.iter().any(|other| other.name == tracked.name) {
            all.push(tracked);
        }
    }
    all.into_iter()
}
