//! Routes and rules, wherever they stand: read when every instance is known, since track groups name instances.

use super::global::Defaults;
use super::route_names::Names;
use super::rule::Priorities;
use super::{route, rule, static_blocks, track_group};
use crate::config::diagnose::Diagnostics;
use crate::config::model::Configuration;
use crate::config::tree::Tree;

pub(super) fn read(
    tree: &Tree,
    defaults: &Defaults,
    configuration: &mut Configuration,
    diagnostics: &mut Diagnostics,
) {
    let names = Names::new(defaults.iproute_etc.as_deref(), defaults.iproute_usr.as_deref());
    let mut priorities = Priorities::default();
    let nodes = tree.heads();
    // The instances are in the order of the file; of two with one name the first one counts.
    let mut blocks = tree.indices("vrrp_instance").into_iter();
    for instance in &mut configuration.instances {
        let is_it =
            |index: &usize| nodes[*index].values.first().is_some_and(|name| name.text == instance.name);
        let Some(index) = blocks.find(is_it) else { continue };
        for list in tree.node(index, diagnostics.files()).children() {
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
