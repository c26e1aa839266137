//! `static_ipaddress`, `static_routes` and `static_rules` (keepalived.md 2.4).

use super::route_names::Names;
use super::rule::Priorities;
use super::track_group::{self, TrackGroup};
use super::{address, blocks, route, rule};
use crate::config::diagnose::Diagnostics;
use crate::config::model::{Fixture, Fixtures};
use crate::config::tree::Node;

/// Everything static. Addresses that say no interface go on `default_interface`.
pub(super) fn read_all(
    nodes: &[Node],
    names: &Names,
    priorities: &mut Priorities,
    groups: &[TrackGroup],
    default_interface: &str,
    diagnostics: &mut Diagnostics,
) -> Fixtures {
    let mut fixtures = Fixtures::default();
    let mut addresses = Vec::new();
    for node in blocks(nodes, "static_ipaddress") {
        address::read_all(node, &mut addresses, diagnostics);
        for entry in node.children() {
            let mut behind = entry.values.iter().skip_while(|value| value.text != "track_group").skip(1);
            let Some((one, _)) = addresses.iter().find(|(_, word)| word.span == entry.word.span) else {
                continue;
            };
            let instances = behind
                .next()
                .map(|name| track_group::find(name, groups, true, diagnostics))
                .unwrap_or_default();
            let mut wanted = one.clone();
            wanted.options.lasting = true;
            wanted.interface.get_or_insert_with(|| default_interface.to_owned());
            fixtures.addresses.push(Fixture { wanted, instances });
        }
    }
    for node in blocks(nodes, "static_routes") {
        fixtures.routes.extend(route::read_all(node, names, Some(groups), diagnostics));
    }
    for node in blocks(nodes, "static_rules") {
        fixtures.rules.extend(rule::read_all(node, names, priorities, Some(groups), diagnostics));
    }
    fixtures
}
