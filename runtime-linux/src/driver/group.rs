//! Sync groups as they run: which instances move together, and what is said about it.

use core::time::Duration;

use vrrp_core::{Action, Fault};

use super::instance::Instance;
use super::status::GroupStatus;
use super::worker::{RouterEvent, Worker};
use super::{Phase, wording};
use crate::config::model::SyncGroup;

/// A running group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    /// The numbers of its instances, ascending.
    pub(super) members: Vec<usize>,
}

impl Worker {
    /// From now on each instance moves on its own, until groups are formed again.
    pub(super) fn disband(&mut self) {
        self.groups.clear();
        for id in self.roster.ids() {
            if let Some(instance) = self.roster.get_mut(id) {
                instance.group = None;
            }
        }
    }

    /// Forms groups of the instances there are; one that the configuration names and that cannot run is not
    /// waited for.
    pub(super) fn form(&mut self, groups: &[SyncGroup], now: Duration) {
        for wanted in groups {
            let mut members: Vec<usize> =
                wanted.members.iter().filter_map(|name| self.roster.named(name)).collect();
            members.sort_unstable();
            members.dedup();
            for id in &members {
                if let Some(instance) = self.roster.get_mut(*id) {
                    instance.group = Some(self.groups.len());
                }
            }
            self.groups.push(Group { name: wanted.name.clone(), members });
        }
        for id in self.roster.ids() {
            if self.roster.get(id).is_some_and(|instance| instance.group.is_none()) {
                self.fault(id, now, Fault::SyncGroup, false);
            }
        }
    }

    /// Brings the members of each group together, where they moved on their own until now.
    pub(super) fn settle(&mut self, now: Duration) {
        for group in 0..self.groups.len() {
            for id in self.groups[group].members.clone() {
                self.track(id, now);
            }
            self.together(group, now, |group, out| group.settle(now, out));
        }
    }

    /// Lets a member of a group handle an event, and all of them do what comes of it.
    pub(super) fn feed_group(&mut self, group: usize, id: usize, now: Duration, event: RouterEvent<'_>) {
        let Some(position) = self.groups[group].members.iter().position(|member| *member == id) else {
            return;
        };
        self.together(group, now, |group, out| group.handle(now, position, event, out));
    }

    /// Everybody's actions are performed before anything that comes of them is judged: an address that one
    /// member cannot take is a fault of all, once all have moved and the addresses are there or not.
    fn together(
        &mut self,
        group: usize,
        now: Duration,
        ask: impl FnOnce(&mut CoreGroup<'_, '_>, &mut dyn FnMut(usize, vrrp_core::Actions)),
    ) {
        let members = self.groups[group].members.clone();
        let mut told: Vec<Vec<Action>> = vec![Vec::new(); members.len()];
        let mut first = None;
        let mut routers: Vec<_> =
            self.roster.several_mut(&members).map(|instance| &mut instance.router).collect();
        ask(&mut CoreGroup::new(&mut routers), &mut |position, actions| {
            first.get_or_insert(position);
            told[position].extend_from_slice(&actions);
        });
        // Who it happened to goes first, then the others in their order.
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|position| Some(*position) != first);
        for position in order {
            self.perform(members[position], now, &told[position]);
        }
    }

    /// The other instances in the group of `id`.
    pub(super) fn mates(&self, id: usize) -> impl Iterator<Item = &Instance> {
        let group = self.roster.get(id).and_then(|instance| instance.group);
        let members = group.and_then(|group| self.groups.get(group)).map_or(&[][..], |group| &group.members);
        members.iter().filter(move |member| **member != id).filter_map(|member| self.roster.get(*member))
    }

    /// Why an instance without a fault of its own is out: the faults of the others in its group.
    pub(super) fn blame(&self, id: usize) -> Option<String> {
        let instance = self.roster.get(id).filter(|instance| instance.router.faults().own().is_empty())?;
        instance.router.faults().iter().next()?;
        let faults: Vec<String> = self.mates(id).flat_map(faults).collect();
        Some(format!("its sync group is at fault: {}", faults.join("; ")))
    }

    /// The groups as they are now.
    pub(super) fn group_statuses(&self) -> Vec<GroupStatus> {
        self.groups.iter().map(|group| self.inspect_group(group)).collect()
    }

    pub(super) fn inspect_group(&self, group: &Group) -> GroupStatus {
        let members: Vec<&Instance> =
            group.members.iter().filter_map(|member| self.roster.get(*member)).collect();
        let stands = |phase| members.iter().any(|member| member.phase.0 == phase);
        let state = [Phase::Master, Phase::Fault, Phase::Initialize, Phase::Stop]
            .into_iter()
            .find(|phase| stands(*phase))
            .unwrap_or(Phase::Backup);
        GroupStatus {
            name: group.name.clone(),
            state: state.name(),
            members: members.iter().map(|member| member.wanted.name.clone()).collect(),
            why: why(state, &members),
        }
    }
}

/// What keeps a group from being MASTER.
fn why(state: Phase, members: &[&Instance]) -> Option<String> {
    let reasons: Vec<String> = match state {
        Phase::Master | Phase::Stop => return None,
        Phase::Fault => members.iter().copied().flat_map(faults).collect(),
        Phase::Initialize => {
            let waits = members.iter().filter(|member| member.phase.0 == Phase::Initialize);
            waits.map(|member| format!("{} has not started", member.wanted.name)).collect()
        }
        Phase::Backup => {
            members.iter().copied().filter(|member| !member.router.is_ready()).map(ear).collect()
        }
    };
    Some(reasons.join("; "))
}

/// What a Backup that is not ready waits for.
fn ear(member: &Instance) -> String {
    let name = &member.wanted.name;
    match member.router.active() {
        Some(active) => format!("{name} hears {} with priority {}", active.source, active.priority),
        None => format!("{name} listens for a MASTER"),
    }
}

/// The faults of an instance itself, in words.
fn faults(instance: &Instance) -> impl Iterator<Item = String> {
    let text = |fault| format!("{}: {}", instance.wanted.name, wording::fault_text(instance, fault));
    instance.router.faults().own().iter().map(text)
}

/// A sync group of the state machines on Linux.
type CoreGroup<'g, 'r> = vrrp_core::Group<'g, 'r, Box<[core::net::IpAddr]>, Box<[vrrp_core::Peer]>>;
