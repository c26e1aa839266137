//! `vrrp_sync_group`.

use super::global::Defaults;
use super::{blocks, duplicate, each, name_of, notify, track};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::{Block, nearest};
use crate::config::model::{Instance, Seldom, SyncGroup, Tracks};
use crate::config::tree::Node;

pub(super) fn read_all(
    nodes: &[Node],
    instances: &mut [Instance],
    defaults: &Defaults,
    known: track::Known<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<SyncGroup> {
    let mut groups: Vec<SyncGroup> = Vec::new();
    let mut seen: Vec<(String, &Node)> = Vec::new();
    for node in blocks(nodes, "vrrp_sync_group") {
        let Some(name) = name_of(node, diagnostics) else { continue };
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
            duplicate(node, "sync group", &name, first.span(), diagnostics);
            continue;
        }
        seen.push((name.clone(), node));
        // What a group tracks: each of its members does, unless it says otherwise itself.
        let mut shared = Tracks::default();
        let (members, notify) = (Vec::new(), defaults.notices.of_router());
        let empty = SyncGroup { name, members, notify, tracks: Seldom::default() };
        let mut group = read(node, empty, instances, &groups, &mut shared, known, diagnostics);
        if let Some(group) = &mut group {
            for instance in instances.iter_mut().filter(|instance| group.members.contains(&instance.name)) {
                shared.give(instance);
            }
            group.tracks = shared.into();
        }
        groups.extend(group);
    }
    groups
}

/// Fills `group` with what is said.
fn read(
    node: &Node,
    group: SyncGroup,
    instances: &[Instance],
    others: &[SyncGroup],
    shared: &mut Tracks,
    known: track::Known<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<SyncGroup> {
    let SyncGroup { name, mut members, notify: mut scripts, .. } = group;
    each(node.children(), Block::SyncGroup, diagnostics, |word, node, diagnostics| {
        match word {
            "group" => {}
            "sync_group_tracking_weight" => return true,
            _ => {
                return shared.read(word, node, known, diagnostics)
                    || notify::read(word, node, &mut scripts, diagnostics);
            }
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
    Some(SyncGroup { name, members, notify: scripts, tracks: Seldom::default() })
}
