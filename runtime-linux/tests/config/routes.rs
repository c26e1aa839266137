//! Routes, rules and what is static: every wrong word is pointed at, and the whole entry is left out.

use runtime_linux::config::model::route::{MetricKind, RouteKind, Table};
use runtime_linux::config::model::rule::RuleAction;
use runtime_linux::config::model::{Configuration, Fixtures};

use super::{clean, codes, complaints, load, router};

#[test]
fn a_route_is_read_as_it_is_written() {
    let shown = |line: &str| {
        let configuration = clean(&router(&format!("virtual_routes {{\n{line}\n}}")));
        configuration.instances[0].routes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for (line, expected) in [
        ("10.0.0.0/8 via 192.0.2.9", "10.0.0.0/8 via 192.0.2.9"),
        (
            "src 192.0.2.1 to 10.0.0.0/8 via 192.0.2.9 dev eth0",
            "10.0.0.0/8 via 192.0.2.9 dev eth0 src 192.0.2.1",
        ),
        ("default via 192.0.2.9 table 100 metric 7", "0.0.0.0/0 via 192.0.2.9 table 100 metric 7"),
        ("inet6 default dev eth0", "::/0 dev eth0"),
        ("default6 dev eth0", "::/0 dev eth0"),
        ("2001:db8::/32 from 2001:db8:1::/48 dev eth0", "2001:db8::/32 from 2001:db8:1::/48 dev eth0"),
        ("blackhole 10.0.0.0/8", "blackhole 10.0.0.0/8"),
        ("to unreachable 10.0.0.0/8 tos 0x10", "unreachable 10.0.0.0/8 tos 0x10"),
        ("10.0.0.0/8 dev eth0 vrf blue", "10.0.0.0/8 dev eth0 vrf blue"),
        (
            "10.0.0.0/8 nexthop via 192.0.2.8 weight 2 nexthop via 192.0.2.9 dev eth1",
            "10.0.0.0/8 nexthop via 192.0.2.8 nexthop via 192.0.2.9 dev eth1",
        ),
    ] {
        assert_eq!(shown(line), [expected], "{line}");
    }
}

#[test]
fn what_wraps_and_measures_is_read() {
    let text = router(
        "virtual_routes {\n10.0.0.0/8 dev eth0 mtu lock 1400 rtt 1s features ecn congctl lock cubic encap mpls 100/200\n}",
    );
    let route = clean(&text).instances[0].routes[0].clone();
    let metrics: Vec<_> = route.metrics.iter().map(|one| (one.kind, one.value, one.locked)).collect();
    assert_eq!(
        metrics,
        [(MetricKind::Mtu, 1400, true), (MetricKind::Rtt, 8000, false), (MetricKind::Features, 1, false)]
    );
    assert_eq!(route.congestion_control, Some(("cubic".to_owned(), true)));
    assert_eq!(format!("{:?}", route.hops[0].encapsulation), "Some(Mpls([100, 200]))");
    assert_eq!((route.kind, route.table), (RouteKind::Unicast, Table::Number(254)));
    let text = router("virtual_routes {\n2001:db8::/32 dev eth0 encap ila 2001:db8:0:1\n}");
    let route = clean(&text).instances[0].routes[0].clone();
    assert_eq!(format!("{:x?}", route.hops[0].encapsulation), "Some(Ila(20010db800000001))");
}

#[test]
fn every_wrong_word_of_a_route_is_pointed_at_and_leaves_it_out() {
    for (line, complaint) in WRONG_ROUTES {
        let text = router(&format!("virtual_routes {{\n{line}\n}}"));
        let loaded = load(&text);
        assert_eq!(complaints(&text), [*complaint], "{line}");
        assert_eq!(loaded.configuration.unwrap().instances[0].routes, [], "{line}");
        assert_eq!(loaded.diagnostics.exit_code(), 5, "{line}");
    }
}

#[test]
fn a_caret_shows_what_was_expected() {
    let report =
        load(&router("virtual_routes {\n10.0.0.0/8 dev eth0 table mian\n}")).diagnostics.render(false);
    assert!(report.contains("^^^^ expected the number or the name of a routing table"), "{report}");
}

#[test]
fn all_wrong_words_of_a_route_are_found_at_once() {
    let text = router("virtual_routes {\n10.0.0.0/8 vai 192.0.2.9 metric x mtu y\n}");
    // The address behind the misspelt word is taken for a destination of its own, as keepalived takes it.
    assert_eq!(codes(&text), ["S0301", "S0301", "S0301"]);
}

#[test]
fn old_words_of_a_route_are_taken_and_remarked_upon() {
    let text = router("virtual_routes {\n10.0.0.0/8 gw 192.0.2.8 or 192.0.2.9 dev eth0\n}");
    assert_eq!(codes(&text), ["S0204", "S0204"]);
    let route = load(&text).configuration.unwrap().instances[0].routes[0].clone();
    assert_eq!(route.to_string(), "10.0.0.0/8 nexthop via 192.0.2.8 dev eth0 nexthop via 192.0.2.9 dev eth0");
    let text = router("virtual_routes {\n10.0.0.0/8 dev eth0 as to 192.0.2.9\n}");
    assert_eq!(complaints(&text), ["6:21: error[S0301]: `as` is not what is expected here; it is ignored"]);
    assert_eq!(load(&text).configuration.unwrap().instances[0].routes.len(), 1);
}

#[test]
fn what_is_looked_after_has_our_own_protocol() {
    let protocol = |line: &str| {
        let loaded = load(&router(&format!("virtual_routes {{\n10.0.0.0/8 dev eth0 {line}\n}}")));
        let codes: Vec<_> = loaded.diagnostics.iter().map(|one| one.kind.code).collect();
        (loaded.configuration.unwrap().instances[0].routes[0].protocol, codes)
    };
    assert_eq!(protocol("protocol bird"), (None, vec!["S0702"]));
    assert_eq!(protocol("protocol keepalived"), (None, vec![]));
    assert_eq!(protocol("protocol bird no_track"), (Some(12), vec![]));
}

#[test]
fn interfaces_of_routes_and_rules_are_tracked_but_for_those_without() {
    let tracked = |lines: &str| {
        let instance = load(&router(lines)).configuration.unwrap().instances.remove(0);
        let names = instance.track_interfaces.iter().map(|one| (one.name.clone(), one.weight));
        names.collect::<Vec<_>>()
    };
    assert_eq!(tracked("virtual_routes {\n10.0.0.0/8 dev eth1\n}"), [("eth1".to_owned(), 0)]);
    assert_eq!(tracked("virtual_routes {\n10.0.0.0/8 dev eth1 no_track\n}"), []);
    assert_eq!(tracked("virtual_routes {\n10.0.0.0/8 dev eth0\n}"), []);
    assert_eq!(
        tracked(
            "track_interface {\neth1 weight 5\n}\nvirtual_rules {\niif eth1 oif eth2 table 5 priority 9\n}"
        ),
        [("eth1".to_owned(), 5), ("eth2".to_owned(), 0)]
    );
}

#[test]
fn a_rule_is_read_as_it_is_written() {
    for (line, expected) in [
        ("from 10.0.0.0/8 table 100 priority 50", "50: from 10.0.0.0/8 lookup 100"),
        ("not from all to 192.0.2.1 lookup main order 50", "50: not from all to 192.0.2.1/32 lookup 254"),
        (
            "fwmark 0x10/0xff iif eth0 oif eth1 table 7 preference 3",
            "3: from all fwmark 0x10/0xff iif eth0 oif eth1 lookup 7",
        ),
        ("priority 5 type goto 9", "5: from all goto 9"),
        ("l3mdev priority 1000", "1000: from all lookup l3mdev"),
        ("prohibit priority 5", "5: from all prohibit"),
    ] {
        let configuration = clean(&router(&format!("virtual_rules {{\n{line}\n}}")));
        let shown: Vec<String> = configuration.instances[0].rules.iter().map(ToString::to_string).collect();
        assert_eq!(shown, [expected], "{line}");
    }
}

#[test]
fn every_wrong_word_of_a_rule_is_pointed_at_and_leaves_it_out() {
    for (line, complaint) in WRONG_RULES {
        let text = router(&format!("virtual_rules {{\n{line}\n}}"));
        assert_eq!(complaints(&text), [*complaint], "{line}");
        assert_eq!(load(&text).configuration.unwrap().instances[0].rules, [], "{line}");
    }
}

#[test]
fn rules_without_a_priority_get_one_downwards_for_each_family() {
    let text =
        router("virtual_rules {\nfrom 10.0.0.1 table 5\nfrom 2001:db8::1 table 5\nfrom 10.0.0.2 table 5\n}");
    assert_eq!(codes(&text), ["S0703"; 3]);
    let rules = load(&text).configuration.unwrap().instances[0].rules.clone();
    let priorities: Vec<u32> = rules.iter().map(|rule| rule.priority).collect();
    assert_eq!(priorities, [16_384, 16_384, 16_383]);
    assert_eq!(rules[0].action, RuleAction::Table(5));
}

#[test]
fn what_is_static_has_an_interface_and_the_instances_of_its_group() {
    let text = format!(
        "{}\nglobal_defs {{ default_interface eth7 }}\ntrack_group g {{\n group {{ A }}\n}}\n\
         static_ipaddress {{\n 192.0.2.5/24\n 192.0.2.6/24 dev eth3 track_group g\n}}\n\
         static_routes {{\n 10.0.0.0/8 dev eth3 track_group g\n}}\n\
         static_rules {{\n iif eth3 table 5 priority 9 track_group g\n from 10.0.0.1 table 5 priority 8\n}}\n",
        router("")
    );
    let Fixtures { addresses, routes, rules } = clean(&text).fixtures;
    let places: Vec<_> = addresses.iter().map(|one| one.wanted.interface.as_deref()).collect();
    assert_eq!(places, [Some("eth7"), Some("eth3")]);
    let tied: Vec<_> = addresses.iter().map(|one| one.instances.len()).collect();
    assert_eq!(tied, [0, 1]);
    assert_eq!(routes[0].instances, ["A"]);
    assert_eq!((rules[0].instances.as_slice(), rules[1].instances.len()), (&["A".to_owned()][..], 0));
}

#[test]
fn track_groups_name_instances_that_there_are_and_need_an_interface() {
    let with = |lines: &str| {
        let text = format!("{}\n{lines}", router(""));
        let found = complaints(&text);
        let Configuration { fixtures, .. } = load(&text).configuration.unwrap();
        (found, fixtures.routes.len(), fixtures.routes.first().map_or(0, |one| one.instances.len()))
    };
    let (found, routes, tied) =
        with("track_group g {\n group { B A }\n}\nstatic_routes {\n10.0.0.0/8 dev eth0 track_group g\n}");
    assert_eq!((found.len(), routes, tied), (1, 1, 1));
    assert!(
        found[0].contains("error[S0303]: there is no instance `B`; it is left out of the group"),
        "{found:?}"
    );
    let (found, routes, tied) = with("static_routes {\n10.0.0.0/8 dev eth0 track_group g\n}");
    assert_eq!((found.len(), routes, tied), (1, 1, 0));
    assert!(found[0].contains("error[S0303]: there is no track_group `g`"), "{found:?}");
    let (found, routes, tied) =
        with("track_group g {\n group { A }\n}\nstatic_routes {\n10.0.0.0/8 via 192.0.2.9 track_group g\n}");
    assert_eq!((found.len(), routes, tied), (1, 1, 0));
    assert!(found[0].contains("warning[S0704]: a track_group where no interface is named"), "{found:?}");
}

#[test]
fn virtual_addresses_have_no_track_group() {
    let text = router("virtual_ipaddress_excluded {\n192.0.2.9 track_group g\n}");
    assert_eq!(complaints(&text), ["6:23: error[S0301]: `g` is not what is expected here; it is ignored"]);
}

#[test]
fn names_are_looked_up_where_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rt_tables"), "100 blue\n").unwrap();
    let text = format!(
        "global_defs {{\niproute_etc_dir {}\n}}\n{}",
        folder.path().display(),
        router("virtual_routes {\n10.0.0.0/8 dev eth0 table blue\n}")
    );
    assert_eq!(clean(&text).instances[0].routes[0].table, Table::Number(100));
}

/// What is written, and what is said of it.
const WRONG_ROUTES: &[(&str, &str)] = &[
    (
        "10.0.0.0/8 vai 192.0.2.9",
        "6:12: error[S0301]: `vai` is not what is expected here; the route is left out; did you mean `via`?",
    ),
    (
        "10.0.0.0/33 dev eth0",
        "6:1: error[S0301]: `10.0.0.0/33` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.1/8 dev eth0",
        "6:1: error[S0301]: `10.0.0.1/8` is not what is expected here; the route is left out; did you mean `10.0.0.0/8`?",
    ),
    ("10.0.0.0/8 via", "6:15: error[S0203]: `via` has no value; the route is left out"),
    ("10.0.0.0/8 via 2001:db8::1", "6:16: error[S0306]: IPv4 and IPv6 in one entry; the route is left out"),
    (
        "10.0.0.0/8 via inet6 192.0.2.9",
        "6:22: error[S0301]: `192.0.2.9` is not what is expected here; the route is left out",
    ),
    ("inet6 10.0.0.0/8 dev eth0", "6:7: error[S0306]: IPv4 and IPv6 in one entry; the route is left out"),
    (
        "10.0.0.0/8 from 192.0.2.0/24 dev eth0",
        "6:1: error[S0306]: IPv4 routes have no `from`; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 table mian",
        "6:27: error[S0301]: `mian` is not what is expected here; the route is left out; did you mean `main`?",
    ),
    (
        "10.0.0.0/8 dev eth0 scope globle",
        "6:27: error[S0301]: `globle` is not what is expected here; the route is left out; did you mean `global`?",
    ),
    (
        "10.0.0.0/8 dev eth0 tos 256",
        "6:25: error[S0301]: `256` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 metric -1",
        "6:28: error[S0301]: `-1` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 mtu lock big",
        "6:30: error[S0301]: `big` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 hoplimit 256",
        "6:30: error[S0301]: `256` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 rtt 5m",
        "6:25: error[S0301]: `5m` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 quickack 2",
        "6:30: error[S0301]: `2` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 features enc",
        "6:30: error[S0301]: `enc` is not what is expected here; the route is left out; did you mean `ecn`?",
    ),
    (
        "10.0.0.0/8 dev eth0 pref high",
        "6:21: error[S0306]: IPv4 and IPv6 in one entry; the route is left out",
    ),
    (
        "2001:db8::/32 dev eth0 pref hihg",
        "6:29: error[S0301]: `hihg` is not what is expected here; the route is left out; did you mean `high`?",
    ),
    (
        "2001:db8::/32 dev eth0 realms 5",
        "6:24: error[S0306]: IPv4 and IPv6 in one entry; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 realms 1/65536",
        "6:28: error[S0301]: `1/65536` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 ttl-propagate on",
        "6:35: error[S0301]: `on` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 encap ip7",
        "6:27: error[S0301]: `ip7` is not what is expected here; the route is left out; did you mean `ip`?",
    ),
    (
        "10.0.0.0/8 dev eth0 encap ip dst 2001:db8::1",
        "6:34: error[S0301]: `2001:db8::1` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 encap mpls 100/1048576",
        "6:32: error[S0301]: `100/1048576` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 nexthop via 192.0.2.9 weight 0",
        "6:41: error[S0301]: `0` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 nexthop via 192.0.2.9 table 5",
        "6:34: error[S0301]: `table` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 nexthop via 192.0.2.9",
        "6:1: error[S0701]: a next hop inside and outside of `nexthop`; the route is left out",
    ),
    ("via 192.0.2.9", "6:1: error[S0701]: a route without a destination; the route is left out"),
    ("10.0.0.0/8", "6:1: error[S0701]: the route leads nowhere; the route is left out"),
    (
        "10.0.0.0/8 dev an-interface-too-long",
        "6:16: error[S0301]: `an-interface-too-long` is not what is expected here; the route is left out",
    ),
    (
        "10.0.0.0/8 dev eth0 track_group g",
        "6:33: error[S0301]: `g` is not what is expected here; the route is left out",
    ),
];

/// What is written, and what is said of it.
const WRONG_RULES: &[(&str, &str)] = &[
    (
        "form 10.0.0.0/8 table 5 priority 1",
        "6:1: error[S0301]: `form` is not what is expected here; the rule is left out; did you mean `from`?",
    ),
    (
        "from 10.0.0.0/33 table 5 priority 1",
        "6:6: error[S0301]: `10.0.0.0/33` is not what is expected here; the rule is left out",
    ),
    (
        "from 10.0.0.0/8 to 2001:db8::1 table 5 priority 1",
        "6:20: error[S0306]: IPv4 and IPv6 in one entry; the rule is left out",
    ),
    ("table 0 priority 1", "6:7: error[S0301]: `0` is not what is expected here; the rule is left out"),
    (
        "table loacl priority 1",
        "6:7: error[S0301]: `loacl` is not what is expected here; the rule is left out; did you mean `local`?",
    ),
    ("from 10.0.0.0/8 priority 1", "6:1: error[S0701]: a rule that does nothing; the rule is left out"),
    ("table 5 blackhole priority 1", "6:9: error[S0701]: a rule does one thing only; the rule is left out"),
    (
        "table 5 fwmark 1/ priority 1",
        "6:16: error[S0301]: `1/` is not what is expected here; the rule is left out",
    ),
    (
        "table 5 uidrange 5 priority 1",
        "6:18: error[S0301]: `5` is not what is expected here; the rule is left out",
    ),
    (
        "table 5 uidrange 6-5 priority 1",
        "6:18: error[S0301]: `6-5` is not what is expected here; the rule is left out",
    ),
    (
        "table 5 sport 70000 priority 1",
        "6:15: error[S0301]: `70000` is not what is expected here; the rule is left out",
    ),
    (
        "table 5 ipproto tpc priority 1",
        "6:17: error[S0301]: `tpc` is not what is expected here; the rule is left out; did you mean `tcp`?",
    ),
    (
        "table 5 sup_pl 129 priority 1",
        "6:16: error[S0301]: `129` is not what is expected here; the rule is left out",
    ),
    (
        "inet6 table 5 realms 5 priority 1",
        "6:15: error[S0306]: IPv4 and IPv6 in one entry; the rule is left out",
    ),
    (
        "blackhole sup_pl 8 priority 1",
        "6:11: error[S0701]: `sup_pl` means something with a table only; the rule is left out",
    ),
    ("goto 5", "6:1: error[S0701]: `goto` in a rule without a priority; the rule is left out"),
    (
        "goto 5 priority 5",
        "6:1: error[S0701]: `goto` leads to a rule before this one, or to itself; the rule is left out",
    ),
    (
        "type nopp priority 5",
        "6:6: error[S0301]: `nopp` is not what is expected here; the rule is left out; did you mean `nop`?",
    ),
];
