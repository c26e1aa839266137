//! The state of sync groups as scripts see it.

use std::collections::BTreeMap;

use super::routers::Routers;
use crate::config::model::SyncGroup;
use crate::driver::Phase;

/// What every group was last said to be in.
#[derive(Debug, Default)]
pub(super) struct Groups {
    phases: BTreeMap<String, Phase>,
}

impl Groups {
    /// What every group was last said to be in.
    pub(super) fn phases(&self) -> impl Iterator<Item = (&str, Phase)> {
        self.phases.iter().map(|(name, phase)| (name.as_str(), *phase))
    }

    /// Groups that are in another state now that `routers` are where they are, and which.
    ///
    /// A group is in a state once all of its members are: they move together, and who is told of FAULT or STOP can
    /// rely on it that no member holds an address any more. keepalived tells of groups after their members too.
    pub(super) fn update<'g>(
        &mut self,
        groups: &'g [SyncGroup],
        routers: &Routers,
    ) -> Vec<(&'g SyncGroup, Phase)> {
        self.phases.retain(|name, _| groups.iter().any(|group| group.name == *name));
        let mut changed = Vec::new();
        for group in groups {
            let Some(phase) = phase(group, routers) else { continue };
            if self.phases.insert(group.name.clone(), phase) != Some(phase) {
                changed.push((group, phase));
            }
        }
        changed
    }
}

/// The state of a group; none while its members are on the way from one to another, or one has not started.
fn phase(group: &SyncGroup, routers: &Routers) -> Option<Phase> {
    let mut members = group.members.iter().map(|name| routers.phase(name));
    let first = members.next()?.filter(|phase| *phase != Phase::Initialize)?;
    members.all(|phase| phase == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::routers;
    use crate::config::model::{Notify, Seldom};

    #[test]
    fn a_group_is_in_a_state_when_all_of_it_is() {
        let group = [SyncGroup {
            tracks: Seldom::default(),
            name: "VG".to_owned(),
            members: vec!["A".to_owned(), "B".to_owned()],
            notify: Notify::default(),
        }];
        let mut groups = Groups::default();
        let mut routers = Routers::default();
        routers.want(&routers::tests::read(&[("A", 1), ("B", 2)]));
        let mut step = |name: &str, phase| {
            routers.note(name, phase);
            groups.update(&group, &routers).first().map(|(_, phase)| *phase)
        };
        assert_eq!(step("A", Phase::Backup), None);
        assert_eq!(step("B", Phase::Backup), Some(Phase::Backup));
        assert_eq!(step("A", Phase::Master), None);
        assert_eq!(step("B", Phase::Master), Some(Phase::Master));
        assert_eq!(step("A", Phase::Fault), None);
        assert_eq!(step("B", Phase::Fault), Some(Phase::Fault));
        assert_eq!(step("B", Phase::Backup), None);
        assert_eq!(step("A", Phase::Backup), Some(Phase::Backup));
    }
}
