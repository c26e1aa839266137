//! `track_group`: instances that are at fault while something static cannot be had (keepalived.md 2.4).

use super::route_words::Words;
use super::{blocks, duplicate, each, name_of};
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::{Block, nearest};
use crate::config::model::Instance;
use crate::config::text::Token;
use crate::config::tree::Node;

/// A group of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrackGroup {
    pub(super) name: String,
    pub(super) instances: Vec<String>,
}

/// Every group; names are unique and each names instances.
pub(super) fn read_all(
    nodes: &[Node],
    instances: &[Instance],
    diagnostics: &mut Diagnostics,
) -> Vec<TrackGroup> {
    let mut groups: Vec<(TrackGroup, &Node)> = Vec::new();
    for node in blocks(nodes, "track_group") {
        let Some(name) = name_of(node, diagnostics) else { continue };
        if let Some((_, first)) = groups.iter().find(|(other, _)| other.name == name) {
            duplicate(node, "track_group", &name, first.span(), diagnostics);
            continue;
        }
        let mut group = TrackGroup { name, instances: Vec::new() };
        each(node.children(), Block::TrackGroup, diagnostics, |word, node, diagnostics| {
            if word != "group" {
                return false;
            }
            for member in node.words() {
                if instances.iter().any(|instance| instance.name == member.text) {
                    group.instances.push(member.text.to_string());
                } else {
                    let message = format!("there is no instance `{}`", member.text);
                    let names = instances.iter().map(|instance| instance.name.as_str());
                    let diagnostic = Diagnostic::new(&kind::UNKNOWN_NAME, message)
                        .at(member.span)
                        .consequence("it is left out of the group");
                    diagnostics.push(match nearest(&member.text, names) {
                        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                        None => diagnostic,
                    });
                }
            }
            true
        });
        groups.push((group, node));
    }
    groups.into_iter().map(|(group, _)| group).collect()
}

/// The members of the group that an entry names. `groups` are those there are; none where an entry cannot have one.
/// `bound`: it names the interface whose return brings it back.
pub(super) fn members(
    group: Option<&Token>,
    groups: Option<&[TrackGroup]>,
    bound: bool,
    words: &mut Words<'_, '_>,
) -> Vec<String> {
    let Some(name) = group else { return Vec::new() };
    let Some(groups) = groups else {
        words.wrong(name, "no track_group, which is for what is static: an instance loses its own anyway");
        return Vec::new();
    };
    find(name, groups, bound, words.diagnostics)
}

/// The same for an entry that is good without its group.
pub(super) fn find(
    name: &Token,
    groups: &[TrackGroup],
    bound: bool,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let Some(group) = groups.iter().find(|group| group.name == name.text) else {
        let diagnostic =
            Diagnostic::new(&kind::UNKNOWN_NAME, format!("there is no track_group `{}`", name.text))
                .at(name.span)
                .consequence("no instance is at fault while this cannot be had");
        diagnostics.push(match nearest(&name.text, groups.iter().map(|group| group.name.as_str())) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic,
        });
        return Vec::new();
    };
    if !bound {
        diagnostics.push(
            Diagnostic::new(&kind::GROUP_WITHOUT_INTERFACE, "a track_group where no interface is named")
                .at(name.span)
                .consequence("no instance is at fault while this cannot be had")
                .help("add `dev INTERFACE`"),
        );
        return Vec::new();
    }
    group.instances.clone()
}
