//! What stands behind the head of a virtual server: an address, a mark, or a group of them.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use ipvs_core::Family;
use smol_str::SmolStr;

use super::super::blocks;
use super::entry;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::model::ServerGroup;
use crate::config::tree::{Node, Tree};
use crate::config::value::Values;

/// What a virtual server answers to, before its protocol is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Address(IpAddr, u16),
    Mark(u32, Option<Family>),
}

/// The groups of virtual servers by name; those that nobody uses are looked at for what is wrong with them.
pub(super) fn groups<'t>(tree: &'t Tree, diagnostics: &mut Diagnostics) -> BTreeMap<&'t str, &'t Node> {
    let nodes = tree.heads();
    let mut used: BTreeSet<SmolStr> = BTreeSet::new();
    if blocks(nodes, "virtual_server_group").next().is_some() {
        let services = tree.nodes(diagnostics.files(), |word| word == "virtual_server");
        used.extend(services.filter_map(|node| match &node.values[..] {
            [word, name, ..] if word.text == "group" => Some(name.text.clone()),
            _ => None,
        }));
    }
    let mut groups: BTreeMap<&str, &Node> = BTreeMap::new();
    for group in blocks(nodes, "virtual_server_group") {
        let Some(name) = Values::new(group, diagnostics).required(0, "a name") else { continue };
        groups.entry(&name.text).or_insert(group);
        if group.children().is_empty() {
            diagnostics.push(
                Diagnostic::new(&kind::UNUSABLE_SERVICE, format!("the group `{}` has no entries", name.text))
                    .at(group.span())
                    .consequence("virtual servers of it are left out"),
            );
        }
        if !used.contains(name.text.as_str()) {
            for line in group.children() {
                entry::several(&line.word, &line.values, diagnostics);
            }
        }
    }
    groups
}

/// The groups as SNMP tells of them. What is wrong with them has been said.
pub(in crate::config::build) fn kept(nodes: &[Node]) -> Vec<ServerGroup> {
    let groups = blocks(nodes, "virtual_server_group").filter_map(|group| {
        let entries = group.children().iter().filter_map(|line| entry::kept(&line.word, &line.values));
        Some(ServerGroup { name: group.values.first()?.text.to_string(), entries: entries.collect() })
    });
    groups.collect()
}

/// What stands behind `virtual_server`: one service, or those of a group.
pub(super) fn targets(
    node: &Node,
    groups: &BTreeMap<&str, &Node>,
    diagnostics: &mut Diagnostics,
) -> Vec<Target> {
    let Some(first) = Values::new(node, diagnostics).required(0, "an address, `fwmark` or `group`") else {
        return Vec::new();
    };
    if first.text != "group" {
        Values::new(node, diagnostics).no_more_than(2);
        let second = node.values.get(1).map(core::slice::from_ref).unwrap_or_default();
        return entry::single(first, second, diagnostics).into_iter().collect();
    }
    let Some(name) = Values::new(node, diagnostics).required(1, "the name of a virtual_server_group") else {
        return Vec::new();
    };
    let Some(group) = groups.get(name.text.as_str()) else {
        diagnostics.push(
            Diagnostic::new(&kind::UNKNOWN_NAME, format!("there is no virtual_server_group `{}`", name.text))
                .at(name.span)
                .consequence("the virtual server is left out"),
        );
        return Vec::new();
    };
    group.children().iter().flat_map(|line| entry::several(&line.word, &line.values, diagnostics)).collect()
}
