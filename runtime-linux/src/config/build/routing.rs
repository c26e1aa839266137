//! Routes and rules, wherever they stand: read when every instance is known, since track groups name instances.

use std::collections::BTreeMap;

use super::global::Defaults;
use super::instance::Rest;
use super::route_names::Names;
use super::rule::Priorities;
use super::{route, rule, static_blocks, track_group};
use crate::config::diagnose::Diagnostics;
use crate::config::model::{Fixtures, Instance};
use crate::config::tree::Node;

pub(super) fn read(
    nodes: &[Node],
    rest: &[Rest],
    defaults: &Defaults,
    instances: &mut [Instance],
    diagnostics: &mut Diagnostics,
) -> Fixtures {
    let names = Names::new(defaults.iproute_etc.as_deref(), defaults.iproute_usr.as_deref());
    let mut priorities = Priorities::default();
    let rest: BTreeMap<&str, &Rest> = rest.iter().map(|rest| (rest.name.text.as_str(), rest)).collect();
    for instance in &mut *instances {
        for list in rest.get(instance.name.as_str()).map(|rest| rest.nodes.as_slice()).unwrap_or_default() {
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
    let groups = track_group::read_all(nodes, instances, diagnostics);
    let interface = defaults.interface.as_deref().unwrap_or("eth0");
    static_blocks::read_all(nodes, &names, &mut priorities, &groups, interface, diagnostics)
}
