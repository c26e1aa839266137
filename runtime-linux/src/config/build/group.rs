//! `vrrp_sync_group`.

use super::{blocks, duplicate, each, name_of, notify, track};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::{Block, nearest};
use crate::config::model::{Instance, Notify, SyncGroup, TrackScript, Tracked};
use crate::config::tree::Node;

pub(super) fn read_all(
    nodes: &[Node],
    instances: &mut [Instance],
    scripts: &[TrackScript],
    diagnostics: &mut Diagnostics,
) -> Vec<SyncGroup> {
    let mut groups: Vec<SyncGroup> = Vec::new();
    let mut seen: Vec<(String, &Node)> = Vec::new();
    for node in blocks(nodes, "vrrp_sync_group") {
        let Some(name) = name_of(node, diagnostics) else { continue };
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
            duplicate(node, "sync group", &name, first, diagnostics);
            continue;
        }
        seen.push((name.clone(), node));
        let mut shared = Shared::default();
        let group = read(node, name, instances, &groups, &mut shared, scripts, diagnostics);
        if let Some(group) = &group {
            for instance in instances.iter_mut().filter(|instance| group.members.contains(&instance.name)) {
                shared.give(instance);
            }
        }
        groups.extend(group);
    }
    groups
}

/// What a group tracks: each of its members does, unless it says otherwise itself.
#[derive(Debug, Default)]
struct Shared {
    interfaces: Vec<Tracked>,
    scripts: Vec<Tracked>,
}

impl Shared {
    fn give(&self, member: &mut Instance) {
        let add = |own: &mut Vec<Tracked>, shared: &[Tracked]| {
            let said: Vec<String> = own.iter().map(|tracked| tracked.name.clone()).collect();
            own.extend(shared.iter().filter(|tracked| !said.contains(&tracked.name)).cloned());
        };
        add(&mut member.track_interfaces, &self.interfaces);
        add(&mut member.track_scripts, &self.scripts);
    }
}

fn read(
    node: &Node,
    name: String,
    instances: &[Instance],
    others: &[SyncGroup],
    shared: &mut Shared,
    known: &[TrackScript],
    diagnostics: &mut Diagnostics,
) -> Option<SyncGroup> {
    let mut members: Vec<String> = Vec::new();
    let mut scripts = Notify::default();
    each(node.children(), Block::SyncGroup, diagnostics, |word, node, diagnostics| {
        match word {
            "group" => {}
            "track_interface" => {
                track::interfaces(node, &mut shared.interfaces, diagnostics);
                return true;
            }
            "track_script" => {
                track::scripts(node, &mut shared.scripts, known, diagnostics);
                return true;
            }
            _ => return notify::read(word, node, &mut scripts, diagnostics),
        }
        for member in node.words() {
            let text = member.text.as_str();
            if !instances.iter().any(|instance| instance.name == text) {
                let mut diagnostic =
                    Diagnostic::new(&kind::UNKNOWN_NAME, format!("there is no vrrp_instance `{text}`"))
                        .at(member.span)
                        .consequence("it is not in the group");
                if let Some(meant) = nearest(text, instances.iter().map(|one| one.name.as_str())) {
                    diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
                }
                diagnostics.push(diagnostic);
            } else if members
                .iter()
                .chain(others.iter().flat_map(|group| &group.members))
                .any(|one| one == text)
            {
                diagnostics.push(
                    Diagnostic::new(&kind::DUPLICATE_NAME, format!("`{text}` is in a sync group already"))
                        .at(member.span)
                        .consequence("it stays where it is"),
                );
            } else {
                members.push(text.to_owned());
            }
        }
        true
    });
    match members.len() {
        0 => {
            diagnostics.push(
                Diagnostic::new(&kind::EMPTY_GROUP, format!("sync group `{name}` has no members"))
                    .at(node.span())
                    .consequence("it is left out"),
            );
            return None;
        }
        1 => diagnostics.push(
            Diagnostic::new(&kind::SMALL_GROUP, format!("sync group `{name}` has only one member"))
                .at(node.span())
                .consequence("it moves as it would without the group"),
        ),
        _ => {
            let owns = |member: &&String| {
                instances.iter().any(|one| one.name == **member && one.priority.is_owner())
            };
            let (owners, others): (Vec<&String>, Vec<&String>) = members.iter().partition(owns);
            if let (Some(owner), Some(other)) = (owners.first(), others.first()) {
                let text = format!(
                    "sync group `{name}`: `{owner}` owns its addresses (priority 255) and yields to nobody, \
                     `{other}` does not"
                );
                diagnostics.push(
                    Diagnostic::new(&kind::OWNER_BESIDE_OTHERS, text)
                        .at(node.span())
                        .consequence("the group is left out, each of its routers moves on its own"),
                );
                return None;
            }
        }
    }
    Some(SyncGroup { name, members, notify: scripts })
}
