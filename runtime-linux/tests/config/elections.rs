//! The words of the election and of what is announced: ranges and defaults, as keepalived 2.2.7 takes them.

use core::time::Duration;
use std::sync::Arc;

use runtime_linux::config::model::{Instance, VirtualAddress};
use vrrp_core::Family;

use super::{clean, codes, load, router};

/// The only router of a text, whatever is complained about.
fn only(text: &str) -> Instance {
    let mut instances = load(text).configuration.unwrap().instances;
    assert_eq!(instances.len(), 1, "{text}");
    Arc::unwrap_or_clone(instances.remove(0))
}

/// A router without `virtual_ipaddress`.
fn bare(lines: &str) -> String {
    format!("vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n{lines}\n}}\n")
}

#[test]
fn a_router_without_addresses_runs_where_that_is_meant() {
    for (lines, family) in [
        ("no_virtual_ipaddress", Family::V4),
        ("no_virtual_ipaddress\nversion 3", Family::V4),
        ("no_virtual_ipaddress\nmcast_src_ip fe80::1", Family::V6),
        ("no_virtual_ipaddress\nunicast_peer {\n2001:db8::7\n}", Family::V6),
    ] {
        let instance = clean(&bare(lines)).instances.remove(0);
        assert_eq!((instance.addresses.clone(), instance.family()), (Vec::<VirtualAddress>::new(), family));
        let config = runtime_linux::driver::translate::config(&instance).unwrap();
        assert_eq!((config.without_addresses, config.family), (true, family), "{lines}");
    }
    // Others may be held beside it, of either family.
    let text = bare("no_virtual_ipaddress\nvirtual_ipaddress_excluded {\n10.0.0.1\n2001:db8::1\n}");
    assert_eq!(clean(&text).instances[0].excluded.len(), 2);
}

#[test]
fn a_router_without_addresses_that_nobody_meant_runs_in_version_2_only() {
    assert_eq!(codes(&bare("")), ["S0432"]);
    assert_eq!(only(&bare("")).addresses, []);
    assert_eq!(codes(&bare("virtual_ipaddress_excluded { 10.0.0.1\n }")), ["S0432"]);
    for lines in ["version 3", "mcast_src_ip fe80::1"] {
        assert_eq!(codes(&bare(lines)), ["S0404"], "{lines}");
        assert_eq!(load(&bare(lines)).configuration.unwrap().instances, [], "{lines}");
    }
    // It has a VRID like any other.
    let twice = format!("{}{}", router(""), bare("no_virtual_ipaddress").replace("instance A", "instance B"));
    assert_eq!(codes(&twice), ["S0402"]);
}

#[test]
fn counts_of_announcements_are_brought_into_their_range() {
    let of = |line: &str| {
        let text = router(line);
        let garp = only(&text).garp;
        let counts = (garp.repeat, garp.refresh_repeat, garp.lower_priority_repeat);
        (counts, codes(&text))
    };
    assert_eq!(of(""), ((5, 1, 5), vec![]));
    assert_eq!(of("garp_master_repeat 0"), ((1, 1, 1), vec!["S0301"]));
    assert_eq!(of("garp_master_repeat 300"), ((255, 1, 255), vec!["S0301"]));
    assert_eq!(of("garp_master_refresh_repeat 0"), ((5, 1, 5), vec!["S0301"]));
    assert_eq!(of("garp_lower_prio_repeat 0"), ((5, 1, 0), vec![]));
    assert_eq!(of("garp_lower_prio_repeat 300"), ((5, 1, 255), vec!["S0301"]));
    assert_eq!(of("garp_master_repeat x"), ((5, 1, 5), vec!["S0301"]));
    let globally = format!("global_defs {{ vrrp_garp_master_repeat 0\n }}\n{}", router(""));
    assert_eq!((only(&globally).garp.repeat, codes(&globally)), (1, vec!["S0301"]));
}

#[test]
fn times_of_announcements_follow_one_another() {
    let of = |global: &str, lines: &str| {
        let text = format!("global_defs {{ {global}\n }}\n{}", router(lines));
        let garp = only(&text).garp;
        (garp.delay.as_secs(), garp.lower_priority_delay.as_secs(), garp.refresh.as_secs())
    };
    assert_eq!(of("", ""), (5, 5, 0));
    assert_eq!(of("vrrp_garp_master_delay 2", ""), (2, 2, 0));
    assert_eq!(of("vrrp_garp_lower_prio_delay 3", "garp_master_delay 4"), (4, 3, 0));
    assert_eq!(of("vrrp_garp_lower_prio_delay 3", "garp_lower_prio_delay 0"), (5, 0, 0));
    assert_eq!(of("vrrp_garp_master_refresh 60", ""), (5, 5, 60));
    assert_eq!(of("vrrp_min_garp", ""), (0, 0, 0));
    for line in ["garp_master_delay", "garp_lower_prio_delay", "garp_master_refresh"] {
        assert_eq!(codes(&router(&format!("{line} 4294"))), Vec::<&str>::new(), "{line}");
        assert_eq!(codes(&router(&format!("{line} 4295"))), ["S0301"], "{line}");
    }
}

#[test]
fn words_of_the_election_have_the_ranges_of_keepalived() {
    for (line, expected) in [
        ("down_timer_adverts 1", vec![]),
        ("down_timer_adverts 100", vec![]),
        ("down_timer_adverts 0", vec!["S0301"]),
        ("down_timer_adverts 101", vec!["S0301"]),
        ("preempt_delay 0", vec![]),
        ("preempt_delay 1000", vec![]),
        ("preempt_delay 0.5", vec![]),
        ("preempt_delay 1000.5", vec!["S0301"]),
        ("preempt_delay -1", vec!["S0301"]),
        ("priority 255\npreempt_delay 5", vec!["S0411"]),
        ("priority 255\nnopreempt", vec!["S0410"]),
        ("unicast_peer { 192.0.2.7\n }\nunicast_ttl 64", vec![]),
        ("unicast_peer { 192.0.2.7\n }\nunicast_ttl 256", vec!["S0301"]),
        ("unicast_peer { 192.0.2.7\n }\nunicast_src_ip 192.0.2.8", vec![]),
        ("unicast_src_ip 192.0.2.8", vec!["S0434"]),
        ("unicast_ttl 64", vec!["S0434"]),
        ("skip_check_adv_addr maybe", vec!["S0301"]),
        ("lower_prio_no_advert maybe", vec!["S0301"]),
    ] {
        assert_eq!(codes(&router(line)), expected, "{line}");
    }
    for (line, expected) in [
        ("vrrp_down_timer_adverts 0", vec!["S0301"]),
        ("vrrp_startup_delay 4294", vec![]),
        ("vrrp_startup_delay 4295", vec!["S0301"]),
        ("vrrp_lower_prio_no_advert maybe", vec!["S0301"]),
        ("vrrp_check_unicast_src", vec![]),
        ("vrrp_skip_check_adv_addr", vec![]),
    ] {
        assert_eq!(codes(&format!("global_defs {{ {line}\n }}\n{}", router(""))), expected, "{line}");
    }
    let checked = |line: &str| {
        let text = format!("global_defs {{ {line}\n }}\n{}", router("unicast_peer { 192.0.2.7\n }"));
        clean(&text).instances[0].check_unicast_source
    };
    assert!(checked("vrrp_check_unicast_src") && !checked(""));
    assert_eq!(clean(&router("preempt_delay 0.5")).instances[0].preempt_delay, Duration::from_millis(500));
}
