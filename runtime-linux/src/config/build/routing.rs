//! Routes and rules, wherever they stand: read when every instance is known, since track groups name instances.

use super::global::Defaults;
use super::route_names::Names;
use super::rule::Priorities;
use super::{blocks, route, rule, static_blocks, track_group};
use crate::config::diagnose::Diagnostics;
use crate::config::model::Configuration;
use crate::config::tree::Node;

pub(super) fn read(
    nodes: &[Node],
    defaults: &Defaults,
    configuration: &mut Configuration,
    diagnostics: &mut Diagnostics,
) {
    let names = Names::new(defaults.iproute_etc.as_deref(), defaults.iproute_usr.as_deref());
    let mut priorities = Priorities::default();
    for instance in &mut configuration.instances {
        let is_it = |node: &&Node| node.values.first().is_some_and(|name| name.text == instance.name);
        // Of two with one name the first one counts.
        let Some(node) = blocks(nodes, "vrrp_instance").find(is_it) else { continue };
        for list in node.children() {
            match list.word.text.as_str() {
                "virtual_routes" => {
                    let routes = route::read_all(list, &names, None, diagnostics);
                    instance.routes.extend(routes.into_iter().map(|route| route.wanted));
                }
                "virtual_rules" => {
                    let rules = rule::read_all(list, &names, &mut priorities, None, diagnostics);
                    instance.rules.extend(rules.into_iter().map(|rule| rule.wanted));
                }
                _ => {}
            }
        }
        route::track_interfaces(instance);
    }
    let groups = track_group::read_all(nodes, &configuration.instances, diagnostics);
    let interface = defaults.interface.as_deref().unwrap_or("eth0");
    configuration.fixtures =
        static_blocks::read_all(nodes, &names, &mut priorities, &groups, interface, diagnostics);
}
