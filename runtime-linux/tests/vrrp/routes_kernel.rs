//! Every word of a route and of a rule, as the kernel holds what came of it.

#![expect(clippy::wildcard_enum_match_arm, reason = "the library's enums, which grow")]

mod cases;

use std::sync::Arc;

use netlink_packet_core::Nla as _;
use netlink_packet_route::route::{
    RouteAttribute, RouteLwTunnelEncap, RouteMessage, RouteMetric, RouteNextHop,
};
use netlink_packet_route::rule::{RuleAttribute, RuleMessage};
use runtime_linux::config::model::Instance;
use runtime_linux::config::model::route::{Route, Table};
use runtime_linux::config::{self, Options};
use runtime_linux::lab::{self, Node, Switch};
use runtime_linux::net::links::Links;
use runtime_linux::netlink::route::Route as Requests;
use runtime_linux::netlink::route::message;
use runtime_linux::netlink::route::rule;
use runtime_linux::netlink::route::table::{Removal, RouteTable, table_of};
use vrrp_core::Family;

use cases::{RULES, V4, V6};

#[test]
fn every_word_of_an_ipv4_route_arrives_in_the_kernel() {
    check_routes(V4);
}

#[test]
fn every_word_of_an_ipv6_route_arrives_in_the_kernel() {
    check_routes(V6);
}

#[test]
fn every_word_of_a_rule_arrives_in_the_kernel() {
    lab::test(|| {
        let node = Node::new("one").unwrap();
        for (line, expected) in RULES {
            let instance = written("virtual_rules", line);
            let wanted = instance.rules.first().unwrap_or_else(|| panic!("not read: {line}"));
            let body = rule::body(wanted);
            let (with, without) = node
                .run(|| {
                    let mut table = RouteTable::open().unwrap();
                    table.add_rule(&body).unwrap_or_else(|error| panic!("{line}: {error}"));
                    let with = table.rules(wanted.family).unwrap();
                    assert!(with.iter().any(|one| rule::is_ours(wanted, one)), "not recognised: {line}");
                    assert!(table.remove(&Removal::of_rule(body.clone())).unwrap(), "not removed: {line}");
                    (with, table.rules(wanted.family).unwrap())
                })
                .unwrap();
            let new: Vec<String> = with.iter().filter(|one| !without.contains(one)).map(shown_rule).collect();
            assert_eq!(new, [*expected], "{line}");
        }
    });
}

fn check_routes(cases: &[(&str, &str)]) {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = Node::new("one").unwrap();
        node.link_to(&switch, "eth0", &["198.18.0.1/24", "2001:db8:0:18::1/64"]).unwrap();
        node.link_to(&switch, "eth1", &["198.19.0.1/24", "2001:db8:0:19::1/64"]).unwrap();
        for (line, expected) in cases {
            let instance = written("virtual_routes", line);
            let wanted = instance.routes.first().unwrap_or_else(|| panic!("not read: {line}"));
            let found = node.run(|| held(wanted, line)).unwrap();
            assert_eq!(found, [*expected], "{line}");
        }
    });
}

/// Puts a route there, reads it, and takes it away: what the kernel held.
fn held(wanted: &Route, line: &str) -> Vec<String> {
    let links = Links::read(&mut Requests::open().unwrap()).unwrap();
    let index = |name: &str| links.named(name).unwrap().info.index;
    let indices = wanted.hops.iter().map(|hop| hop.interface.as_deref().map(index)).collect();
    let Table::Number(number) = wanted.table else { panic!("{line}") };
    let protocol = wanted.protocol.unwrap_or(112);
    let mut table = RouteTable::open().unwrap();
    let body = message::addition(wanted, number, &indices);
    table.add_route(&body, wanted.place).unwrap_or_else(|error| panic!("{line}: {error}"));
    let found = table.routes(wanted.family, number, protocol).unwrap();
    let removal = Removal::of_route(message::removal(wanted, number, &indices));
    assert!(table.remove(&removal).unwrap(), "not removed: {line}");
    assert_eq!(table.routes(wanted.family, number, protocol).unwrap(), [], "left behind: {line}");
    found.iter().map(|route| shown_route(route, &links)).collect()
}

/// The instance whose block has this line.
fn written(block: &str, line: &str) -> Instance {
    let text = format!(
        "vrrp_instance a {{\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {{ 198.18.0.100 }}\n {block} {{\n{line}\n}}\n}}\n"
    );
    let loaded = config::load_text("x.conf".as_ref(), text.as_bytes(), &Options::default());
    let complaints: Vec<String> =
        loaded.diagnostics.lines().filter(|line| !line.contains("is the old name of")).collect();
    assert_eq!(complaints, Vec::<String>::new(), "{line}");
    Arc::unwrap_or_clone(loaded.configuration.unwrap().instances.remove(0))
}

fn shown_route(route: &RouteMessage, links: &Links) -> String {
    let header = &route.header;
    let mut words = vec![
        format!("{:?}", header.kind),
        format!("/{}", header.destination_prefix_length),
        format!("table {}", table_of(route)),
        format!("proto {}", u8::from(header.protocol)),
        format!("scope {}", u8::from(header.scope)),
    ];
    if header.tos != 0 {
        words.push(format!("tos {:#x}", header.tos));
    }
    if header.source_prefix_length != 0 {
        words.push(format!("from /{}", header.source_prefix_length));
    }
    if header.flags.bits() != 0 {
        words.push(format!("flags {:#x}", header.flags.bits()));
    }
    words.extend(route.attributes.iter().flat_map(|attribute| shown_attribute(attribute, links)));
    words.join(" ")
}

fn shown_attribute(attribute: &RouteAttribute, links: &Links) -> Vec<String> {
    let name = |index: u32| links.numbered(index).map_or("?", |link| &link.info.name).to_owned();
    vec![match attribute {
        RouteAttribute::Destination(address) => format!("dst {}", bare(address)),
        RouteAttribute::Source(address) => format!("from {}", bare(address)),
        RouteAttribute::Gateway(address) => format!("via {}", bare(address)),
        RouteAttribute::PrefSource(address) => format!("src {}", bare(address)),
        RouteAttribute::Via(via) => format!("via {via:?}"),
        RouteAttribute::Oif(index) => format!("dev {}", name(*index)),
        RouteAttribute::Priority(metric) => format!("metric {metric}"),
        RouteAttribute::Realm(realm) => format!("realms {}/{}", realm.source, realm.destination),
        RouteAttribute::Preference(preference) => format!("pref {preference:?}"),
        RouteAttribute::Encap(parts) => return parts.iter().map(shown_part).collect(),
        RouteAttribute::CacheInfo(info) if info.expires > 0 => "expires".to_owned(),
        RouteAttribute::EncapType(_) | RouteAttribute::Table(_) | RouteAttribute::CacheInfo(_) => {
            return Vec::new();
        }
        RouteAttribute::Metrics(metrics) => return metrics.iter().map(shown_metric).collect(),
        RouteAttribute::MultiPath(hops) => {
            return hops.iter().flat_map(|hop| shown_hop(hop, &name(hop.interface_index), links)).collect();
        }
        other => format!("{other:?}"),
    }]
}

fn shown_hop(hop: &RouteNextHop, interface: &str, links: &Links) -> Vec<String> {
    let mut words = vec![format!("nexthop dev {interface} weight {}", u16::from(hop.hops) + 1)];
    if hop.flags.bits() != 0 {
        words.push(format!("flags {:#x}", hop.flags.bits()));
    }
    words.extend(hop.attributes.iter().flat_map(|attribute| shown_attribute(attribute, links)));
    words
}

/// Within a next hop the parts are not taken apart: number and bytes.
fn shown_part(part: &RouteLwTunnelEncap) -> String {
    match part {
        RouteLwTunnelEncap::Other(part) => {
            let mut value = vec![0; part.value_len()];
            part.emit_value(&mut value);
            format!("part {} {value:?}", part.kind())
        }
        part => format!("{part:?}"),
    }
}

fn shown_metric(metric: &RouteMetric) -> String {
    format!("{metric:?}")
}

fn shown_rule(rule: &RuleMessage) -> String {
    let header = &rule.header;
    let mut words =
        vec![format!("{:?}", header.action), format!("from /{} to /{}", header.src_len, header.dst_len)];
    if header.tos != 0 {
        words.push(format!("tos {:#x}", header.tos));
    }
    if header.flags.bits() != 0 {
        words.push(format!("flags {:#x}", header.flags.bits()));
    }
    // Newer kernels tell more, of what nobody asked for.
    let told = rule
        .attributes
        .iter()
        .filter(|one| !matches!(one, RuleAttribute::Other(_) | RuleAttribute::SuppressPrefixLen(u32::MAX)));
    let mut told: Vec<String> = told
        .map(|attribute| match attribute {
            RuleAttribute::Protocol(protocol) => format!("proto {}", u8::from(*protocol)),
            RuleAttribute::IpProtocol(protocol) => format!("ipproto {}", u8::from(*protocol)),
            RuleAttribute::UidRange(users) => format!("users {}-{}", users.start, users.end),
            RuleAttribute::SourcePortRange(ports) => format!("sport {}-{}", ports.start, ports.end),
            RuleAttribute::DestinationPortRange(ports) => format!("dport {}-{}", ports.start, ports.end),
            RuleAttribute::Realm(realm) => format!("realms {}/{}", realm.source, realm.destination),
            other => format!("{other:?}"),
        })
        .collect();
    told.sort();
    words.extend(told);
    words.join(" ")
}

/// `Inet(198.18.0.1)` without what the family tells.
fn bare(address: &impl core::fmt::Debug) -> String {
    let text = format!("{address:?}");
    text.split_once('(').map_or(text.clone(), |(_, rest)| rest.trim_end_matches(')').to_owned())
}

#[test]
fn families_are_told_apart() {
    assert_eq!(written("virtual_routes", "default dev eth0").routes[0].family, Family::V4);
    assert_eq!(written("virtual_routes", "inet6 default dev eth0").routes[0].family, Family::V6);
}
