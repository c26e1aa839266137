//! Where a configuration names interfaces.

use std::collections::BTreeSet;

use crate::config::model::Configuration;
use crate::config::text::Token;
use crate::config::tree::Node;

/// An interface that is to be there.
pub(super) struct Wanted {
    pub(super) name: Token,
    /// What follows if it is not.
    pub(super) consequence: &'static str,
}

const ROUTER: &str = "this router is in FAULT until it appears";
const TRACKED: &str = "it counts as down until it appears";
const HOLDER: &str = "what is to be on it is nowhere until it appears";
const SENDER: &str = "nothing is sent by it until it appears";

/// Adds the interfaces that are named in a node.
pub(super) fn find(node: &Node, found: &mut Vec<Wanted>) {
    within(core::slice::from_ref(node), "", found);
}

/// Takes those out that the configuration makes.
pub(super) fn less_those_made(found: &mut Vec<Wanted>, configuration: &Configuration) {
    let made = configuration.routers().flat_map(|instance| &instance.virtual_interfaces);
    let made: BTreeSet<&str> = made.map(|made| made.name.as_str()).collect();
    found.retain(|wanted| !made.contains(wanted.name.text.as_str()));
}

fn within(nodes: &[Node], block: &str, found: &mut Vec<Wanted>) {
    for node in nodes {
        let first = node.values.first();
        let named = match (block, node.word.text.as_str()) {
            ("vrrp_instance", "interface") => first.map(|name| (name, ROUTER)),
            ("vrrp_instance", "lvs_sync_daemon_interface")
            | ("global_defs", "lvs_sync_daemon")
            | (_, "bind_if") => first.map(|name| (name, SENDER)),
            ("track_interface", _) => Some((&node.word, TRACKED)),
            (
                "virtual_ipaddress"
                | "virtual_ipaddress_excluded"
                | "static_ipaddress"
                | "virtual_routes"
                | "static_routes",
                _,
            ) => behind_dev(node).map(|name| (name, HOLDER)),
            _ => None,
        };
        found.extend(named.map(|(name, consequence)| Wanted { name: name.clone(), consequence }));
        within(node.children(), &node.word.text, found);
    }
}

/// What stands behind `dev` or `oif` in an address or a route.
fn behind_dev(node: &Node) -> Option<&Token> {
    let mut words = core::iter::once(&node.word).chain(&node.values);
    words.find(|word| matches!(word.text.as_str(), "dev" | "oif"))?;
    words.next()
}
