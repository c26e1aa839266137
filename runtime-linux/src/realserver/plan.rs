//! Finds the steps from what is to what is wanted. Pure: it sees the kernel as a [`World`] and answers with
//! [`Step`]s, so that a test can stop after any of them as a kill would.

use core::net::IpAddr;

use super::setting::Setting;
use super::state::{Changed, Held, State};

/// The address in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The virtual address.
    pub(super) address: IpAddr,
    /// Where it goes.
    pub(super) interface: String,
}

/// What the kernel has, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    /// The target on its interface.
    pub(super) presence: Presence,
    /// The settings that are wanted or were changed, and their values; those of missing interfaces left out.
    pub(super) settings: Vec<(Setting, i32)>,
}

impl World {
    fn value(&self, setting: &Setting) -> Option<i32> {
        self.settings.iter().find(|(name, _)| name == setting).map(|(_, value)| *value)
    }
}

/// Whether an interface has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It does not.
    Absent,
    /// It has it with our mark.
    Marked,
    /// It has it without a mark: somebody else's, or the kernel keeps no marks (before 5.18).
    Unmarked,
}

/// One thing to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Write the state file.
    Remember(State),
    /// Give the interface the address.
    Add,
    /// Take it away.
    Remove,
    /// Change a setting from `from` to `to`.
    Set {
        /// Which.
        setting: Setting,
        /// What it is.
        from: i32,
        /// What it will be.
        to: i32,
    },
    /// Tell the user.
    Say(String),
}

/// Steps that set the target up. What will be changed is remembered before it is, and the address comes last,
/// when nobody answers for it any longer.
pub(super) fn up(target: &Target, state: &State, world: &World) -> Vec<Step> {
    let mut next = state.clone();
    let mut steps = Vec::new();
    let mut say = Vec::new();
    if target.address.is_ipv4() {
        for setting in Setting::wanted_for(&target.interface) {
            let Some(from) = world.value(&setting).filter(|value| !setting.is_enough(*value)) else {
                continue;
            };
            let to = setting.wanted();
            match next.settings.iter_mut().find(|changed| changed.setting == setting) {
                Some(changed) if changed.previous == from => {}
                Some(changed) => {
                    say.push(Step::Say(format!(
                        "{setting} had been changed to {from} since: `down` will go back to that"
                    )));
                    changed.previous = from;
                }
                None => {
                    next.settings.push(Changed { setting: setting.clone(), previous: from, ours: to });
                }
            }
            steps.push(Step::Set { setting, from, to });
        }
    }
    let Target { address, interface } = target;
    let position = position(target, &next);
    match (position, world.presence) {
        (None, Presence::Absent) => {
            next.addresses.push(Held {
                address: *address,
                interface: interface.clone(),
                added: true,
                marked: false,
            });
            steps.push(Step::Add);
        }
        (None, Presence::Marked | Presence::Unmarked) => {
            next.addresses.push(Held {
                address: *address,
                interface: interface.clone(),
                added: false,
                marked: false,
            });
            say.push(Step::Say(format!("{address} was on {interface} already: `down` will leave it there")));
        }
        (Some(_), Presence::Marked | Presence::Unmarked) => {}
        (Some(at), Presence::Absent) => {
            if next.addresses[at].marked || !next.addresses[at].added {
                say.push(Step::Say(format!("{address} had vanished from {interface}: putting it back")));
            }
            next.addresses[at] =
                Held { address: *address, interface: interface.clone(), added: true, marked: false };
            steps.push(Step::Add);
        }
    }
    if steps.is_empty() && next == *state {
        say.push(Step::Say(format!("{address} is set up on {interface} already: nothing to do")));
    } else if next != *state {
        steps.insert(0, Step::Remember(next));
    }
    say.extend(steps);
    say
}

/// Steps after those of [`up`]: remembers the kernel's mark, when it kept one.
pub(super) fn confirm(target: &Target, state: &State, world: &World) -> Vec<Step> {
    let mut next = state.clone();
    if let Some(at) = position(target, &next) {
        next.addresses[at].marked = next.addresses[at].added && world.presence == Presence::Marked;
    }
    if next == *state { Vec::new() } else { vec![Step::Remember(next)] }
}

/// Steps that undo what [`up`] did for the target, and nothing else.
pub(super) fn down(target: &Target, state: &State, world: &World) -> Vec<Step> {
    let Target { address, interface } = target;
    let Some(at) = position(target, state) else {
        return vec![Step::Say(match world.presence {
            Presence::Absent => format!("{address} is not on {interface}: nothing to undo"),
            Presence::Marked | Presence::Unmarked => {
                format!("{address} on {interface} was not set up by `steadfast realserver up`: left alone")
            }
        })];
    };
    let mut next = state.clone();
    let held = next.addresses.remove(at);
    let mut steps = vec![match (held.added, world.presence) {
        (false, Presence::Absent) => Step::Say(format!("{address} is no longer on {interface}")),
        (false, Presence::Marked | Presence::Unmarked) => {
            Step::Say(format!("{address} was on {interface} before: left there"))
        }
        (true, Presence::Absent) => Step::Say(format!("{address} was gone from {interface} already")),
        (true, Presence::Unmarked) if held.marked => {
            Step::Say(format!("{address} on {interface} was put there by somebody else since: left alone"))
        }
        (true, Presence::Marked | Presence::Unmarked) => Step::Remove,
    }];
    let needed: Vec<Setting> = next
        .addresses
        .iter()
        .filter(|held| held.address.is_ipv4())
        .flat_map(|held| Setting::wanted_for(&held.interface))
        .collect();
    for Changed { setting, previous, ours } in &state.settings {
        if needed.contains(setting) {
            continue;
        }
        match world.value(setting) {
            Some(value) if value == *ours => {
                steps.push(Step::Set { setting: setting.clone(), from: value, to: *previous });
            }
            Some(value) if value != *previous => {
                steps.push(Step::Say(format!("{setting} is {value} now and not {ours} as set: left alone")));
            }
            Some(_) | None => {}
        }
        next.settings.retain(|changed| changed.setting != *setting);
    }
    steps.push(Step::Remember(next.clone()));
    if !next.settings.is_empty() {
        let others: Vec<_> = next.addresses.iter().map(|held| held.address.to_string()).collect();
        steps.push(Step::Say(format!("ARP settings stay as they are for {}", others.join(", "))));
    }
    steps
}

fn position(target: &Target, state: &State) -> Option<usize> {
    state
        .addresses
        .iter()
        .position(|held| held.address == target.address && held.interface == target.interface)
}

#[cfg(test)]
mod tests;
