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
    /// A group is MASTER when all of its members are, in FAULT or stopped when one is, and else BACKUP.
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

/// The state of a group; none while a member has not started.
fn phase(group: &SyncGroup, routers: &Routers) -> Option<Phase> {
    let members: Vec<Phase> = group.members.iter().filter_map(|name| routers.phase(name)).collect();
    if members.len() < group.members.len() || members.contains(&Phase::Initialize) {
        return None;
    }
    Some(match () {
        () if members.contains(&Phase::Stop) => Phase::Stop,
        () if members.contains(&Phase::Fault) => Phase::Fault,
        () if members.contains(&Phase::Backup) => Phase::Backup,
        () => Phase::Master,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::routers;
    use crate::config::model::Notify;

    #[test]
    fn a_group_is_master_only_when_all_of_it_is() {
        let group = [SyncGroup {
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
        assert_eq!(step("A", Phase::Fault), Some(Phase::Fault));
        assert_eq!(step("B", Phase::Backup), None);
        assert_eq!(step("A", Phase::Backup), Some(Phase::Backup));
    }
}
