//! Strict mode: each of its consequences, and what is said of it.

use core::time::Duration;
use std::sync::Arc;

use runtime_linux::config::model::{Authentication, Instance};

use super::{codes, complaints, load, router};

/// The only router of a text, whatever is complained about.
fn only(text: &str) -> Instance {
    let mut instances = load(text).configuration.unwrap().instances;
    assert_eq!(instances.len(), 1, "{text}");
    Arc::unwrap_or_clone(instances.remove(0))
}

#[test]
fn strict_mode_does_what_keepalived_does_on_the_wire() {
    let text = router(
        "strict_mode\nstate MASTER\npriority 100\ndown_timer_adverts 5\npreempt_delay 3\nlower_prio_no_advert off\n\
         authentication { auth_type PASS\n auth_pass 1111 }",
    );
    let instance = only(&text);
    assert_eq!(codes(&text), ["S0408", "S0409", "S0408", "S0408", "S0411", "S0413"]);
    assert_eq!(
        (&instance.authentication, instance.wants_active, instance.accept),
        (&Authentication::None, false, false)
    );
    assert_eq!((instance.down_timer_adverts, instance.preempt_delay), (3, Duration::ZERO));
    assert!(instance.lower_priority_no_advert);
    assert_eq!(instance.garp.lower_priority_repeat, 0);
    // Version 3 may accept, version 2 may not.
    assert!(only(&router("strict_mode\nversion 3\naccept")).accept);
    assert!(!only(&router("strict_mode\naccept")).accept);
    assert!(only(&router("strict_mode\npriority 255")).accept);
}

#[test]
fn strict_mode_warns_of_a_first_ipv6_address_that_is_not_link_local() {
    let strict = |first: &str| {
        format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\nstrict_mode\naccept\n\
             virtual_ipaddress {{\n{first}\n2001:db8::2/64\n}}\n}}"
        )
    };
    assert_eq!(codes(&strict("2001:db8::1/64")), ["S0408"]);
    assert_eq!(codes(&strict("fe80::1/64")), Vec::<&str>::new());
    // It runs all the same, as it does with keepalived.
    for first in ["2001:db8::1/64", "fe80::1/64"] {
        let config = runtime_linux::driver::translate::config(&only(&strict(first)));
        assert_eq!(config.map(|config| config.require_link_local), Ok(first.starts_with("fe80")));
    }
}

#[test]
fn each_word_that_strict_mode_overrules_is_named() {
    // As keepalived 2.2.7 -t, but for unicast, of which it says nothing, and the addresses that are closed.
    for (lines, expected) in [
        ("accept", vec!["S0408", "S0409"]),
        ("state MASTER\npriority 90", vec!["S0408", "S0409"]),
        ("state MASTER\npriority 255", vec![]),
        ("priority 255", vec![]),
        ("priority 255\nstate BACKUP", vec!["S0408"]),
        ("preempt_delay 5", vec!["S0409", "S0411"]),
        ("down_timer_adverts 5", vec!["S0408", "S0409"]),
        ("down_timer_adverts 3", vec!["S0409"]),
        ("lower_prio_no_advert off", vec!["S0408", "S0409"]),
        ("lower_prio_no_advert", vec!["S0409"]),
        ("higher_prio_send_advert", vec!["S0408", "S0409"]),
        ("higher_prio_send_advert off", vec!["S0409"]),
        ("garp_lower_prio_repeat 3", vec!["S0408", "S0409"]),
        ("garp_lower_prio_repeat 0", vec!["S0409"]),
        ("garp_master_repeat 3\ngarp_master_refresh 5", vec!["S0409"]),
        ("authentication { auth_pass x\n }", vec!["S0409", "S0413"]),
        ("use_vmac x\nvmac_xmit_base", vec!["S0408", "S0409"]),
        ("use_vmac x 00:11:22:33:44:55", vec!["S0408", "S0409"]),
        ("unicast_peer { 192.0.2.7\n }", vec!["S0409", "S0433"]),
        ("version 3\naccept", vec![]),
        ("no_accept", vec![]),
    ] {
        let mut found = codes(&router(&format!("strict_mode\n{lines}")));
        found.sort_unstable();
        assert_eq!(found, expected, "{lines}");
    }
    // What stands in global_defs is overruled alike.
    let globally =
        |line: &str| codes(&format!("global_defs {{ vrrp_strict\n{line}\n }}\n{}", router("no_accept")));
    assert_eq!(globally("vrrp_lower_prio_no_advert off"), ["S0408"]);
    assert_eq!(globally("vrrp_higher_prio_send_advert on"), ["S0408"]);
    assert_eq!(globally("vrrp_garp_lower_prio_repeat 2"), ["S0408"]);
    assert_eq!(globally("vrrp_down_timer_adverts 2"), ["S0408"]);
    assert_eq!(globally(""), Vec::<&str>::new());
}

#[test]
fn unicast_goes_on_in_strict_mode() {
    let peers = only(&router("strict_mode\nunicast_peer {\n192.0.2.7\n}")).unicast_peers;
    assert_eq!(peers.iter().map(|peer| peer.address.to_string()).collect::<Vec<_>>(), ["192.0.2.7"]);
}

#[test]
fn strict_mode_has_at_least_one_address() {
    for line in ["", "no_virtual_ipaddress"] {
        let text =
            format!("vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\nstrict_mode\n{line}\n}}");
        assert_eq!(codes(&text), ["S0404"], "{line}");
        assert_eq!(load(&text).configuration.unwrap().instances, [], "{line}");
    }
}

#[test]
fn the_warning_says_what_will_surprise() {
    assert_eq!(
        complaints(&router("strict_mode")),
        [
            "1:1: warning[S0409]: A: strict mode closes the virtual addresses: nftables drops what comes to them from \
             the network; while this router is MASTER they are found by ARP and neighbour discovery, but answer neither \
             ping nor any service, virtual servers included; only this host itself reaches them; remove `vrrp_strict` \
             if they are to answer"
        ]
    );
}
