//! What the control thread knows of each router: what it was told to be, and the state that it was last reported in.

use std::sync::Arc;

use crate::config::model::Instance;
use crate::driver::Phase;

/// Every router that is wanted, and those that a reload took away until they have stopped.
#[derive(Debug, Default)]
pub(super) struct Routers {
    /// In the order of their names.
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    wanted: Arc<Instance>,
    /// Absent until it was reported.
    phase: Option<Phase>,
    /// The configuration has it no more.
    leaves: bool,
}

impl Routers {
    /// These are wanted from now on.
    pub(super) fn want(&mut self, instances: &[Arc<Instance>]) {
        for router in &mut self.known {
            router.leaves = true;
        }
        let mut new = Vec::new();
        for wanted in instances {
            match self.place(&wanted.name) {
                Ok(place) => {
                    let known = &mut self.known[place];
                    known.wanted.clone_from(wanted);
                    known.leaves = false;
                }
                Err(_) => new.push(Known { wanted: wanted.clone(), phase: None, leaves: false }),
            }
        }
        self.known.reserve_exact(new.len());
        self.known.append(&mut new);
        self.known.sort_by(|one, other| one.wanted.name.cmp(&other.wanted.name));
    }

    /// What the router of that name was told to be.
    pub(super) fn wanted(&self, name: &str) -> Option<&Arc<Instance>> {
        self.place(name).ok().map(|place| &self.known[place].wanted)
    }

    /// The configuration has it no more, or never had.
    pub(super) fn is_leaving(&self, name: &str) -> bool {
        self.place(name).map_or(true, |place| self.known[place].leaves)
    }

    /// The state that the router of that name was last reported in.
    pub(super) fn phase(&self, name: &str) -> Option<Phase> {
        self.place(name).ok().and_then(|place| self.known[place].phase)
    }

    /// Notes the state of a router.
    pub(super) fn note(&mut self, name: &str, phase: Phase) {
        if let Ok(place) = self.place(name) {
            self.known[place].phase = Some(phase);
        }
    }

    /// Forgets a router.
    pub(super) fn forget(&mut self, name: &str) {
        if let Ok(place) = self.place(name) {
            self.known.remove(place);
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.known.binary_search_by(|router| router.wanted.name.as_str().cmp(name))
    }
}

/// Takes from `old` what `new` has as well, so that there is one of each: most of a file is not changed by a reload.
pub(super) fn share(new: &mut [Arc<Instance>], old: &[Arc<Instance>]) {
    let mut by_name: Vec<&Arc<Instance>> = old.iter().collect();
    by_name.sort_by(|one, other| one.name.cmp(&other.name));
    for instance in new {
        let place = by_name.binary_search_by(|old| old.name.cmp(&instance.name));
        if let Some(same) = place.ok().map(|place| by_name[place]).filter(|old| **old == *instance) {
            instance.clone_from(same);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::{self, Options};

    #[test]
    fn one_that_a_reload_takes_away_is_known_until_it_is_forgotten() {
        let mut routers = Routers::default();
        routers.want(&read(&[("B", 1), ("A", 2)]));
        routers.note("A", Phase::Master);
        routers.want(&read(&[("B", 1), ("C", 3)]));
        assert_eq!(["A", "B", "C", "D"].map(|name| routers.is_leaving(name)), [true, false, false, true]);
        assert_eq!((routers.phase("A"), routers.phase("B")), (Some(Phase::Master), None));
        assert_eq!(routers.wanted("A").map(|wanted| wanted.vrid.get()), Some(2));
        routers.forget("A");
        assert!(routers.wanted("A").is_none() && routers.wanted("C").is_some());
    }

    #[test]
    fn one_that_a_reload_changes_keeps_its_phase() {
        let mut routers = Routers::default();
        routers.want(&read(&[("A", 2)]));
        routers.note("A", Phase::Backup);
        routers.want(&read(&[("A", 3)]));
        assert_eq!(routers.phase("A"), Some(Phase::Backup));
        assert_eq!(routers.wanted("A").map(|wanted| wanted.vrid.get()), Some(3));
    }

    #[test]
    fn of_what_is_equal_there_is_one() {
        let old = read(&[("B", 1), ("A", 2), ("C", 3)]);
        let mut new = read(&[("A", 2), ("B", 4), ("D", 3)]);
        share(&mut new, &old);
        let shared = |one: &Arc<Instance>| old.iter().position(|old| Arc::ptr_eq(old, one));
        assert_eq!(new.iter().map(shared).collect::<Vec<_>>(), [Some(1), None, None]);
    }

    pub(in crate::app) fn read(routers: &[(&str, u8)]) -> Vec<Arc<Instance>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routers.conf");
        let blocks = routers.iter().map(|(name, vrid)| {
            format!(
                "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nvirtual_ipaddress {{\n192.0.2.{vrid}\n}}\n}}\n"
            )
        });
        std::fs::write(&path, blocks.collect::<String>()).unwrap();
        config::load(&path, &Options::default()).configuration.unwrap().instances
    }
}
