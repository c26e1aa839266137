//! `global_defs`, scripts, routers and groups: defaults and keepalived's traps.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::sync::Arc;

use runtime_linux::config::model::{
    Authentication, ChecksumForm, DataPlane, Instance, Priority, ScriptUser, Tracked, Version,
};
use vrrp_core::seal::{Key, Mode, Trailer};

use super::{clean, codes, complaints, load, router};

/// The only router of a text, whatever is complained about.
fn only(text: &str) -> Instance {
    let mut instances = load(text).configuration.unwrap().instances;
    assert_eq!(instances.len(), 1, "{text}");
    Arc::unwrap_or_clone(instances.remove(0))
}

#[test]
fn a_router_that_says_little_has_the_usual_values() {
    let instance = only(&router(""));
    assert_eq!((instance.name.as_str(), instance.interface.as_str()), ("A", "eth0"));
    assert_eq!(
        (instance.vrid.get(), instance.priority, instance.version),
        (5, Priority::DEFAULT, Version::V2)
    );
    assert_eq!(instance.advert_interval, Duration::from_secs(1));
    assert!(instance.preempt && instance.accept && !instance.wants_active && !instance.strict);
    assert_eq!((instance.garp.repeat, instance.garp.delay), (5, Duration::from_secs(5)));
    assert_eq!((instance.garp.lower_priority_repeat, instance.garp.refresh_repeat), (5, 1));
    assert_eq!((instance.down_timer_adverts, instance.unicast_ttl), (3, 255));
    assert_eq!(instance.checksum, ChecksumForm::PseudoHeader);
    assert_eq!(
        (instance.addresses[0].address.to_string().as_str(), instance.addresses[0].prefix),
        ("192.0.2.1", 24)
    );
}

#[test]
fn master_without_a_priority_is_the_owner() {
    assert_eq!(codes(&router("state MASTER")), ["S0407"]);
    assert_eq!(only(&router("state MASTER")).priority, Priority::OWNER);
    assert!(only(&router("priority 255")).wants_active);
    assert_eq!(only(&router("state MASTER\npriority 0")).priority, Priority::DEFAULT);
}

#[test]
fn intervals_are_rounded_to_what_the_version_carries() {
    for (lines, interval, codes_wanted) in [
        ("advert_int 5", 5000, vec![]),
        ("advert_int 0.4", 1000, vec!["S0412"]),
        ("advert_int 1.5", 2000, vec!["S0412"]),
        ("version 3\nadvert_int 0.1", 100, vec![]),
        ("version 3\nadvert_int 0.013", 10, vec!["S0412"]),
        ("version 3\nadvert_int 41", 40_950, vec!["S0412"]),
        ("advert_int 0", 1000, vec!["S0301"]),
        ("advert_int 300", 1000, vec!["S0301"]),
    ] {
        let text = router(lines);
        assert_eq!(only(&text).advert_interval, Duration::from_millis(interval), "{lines}");
        assert_eq!(codes(&text), codes_wanted, "{lines}");
    }
}

#[test]
fn nopreempt_is_cleared_by_master_and_a_delay_by_both() {
    assert!(!only(&router("nopreempt")).preempt);
    assert!(only(&router("nopreempt\nstate MASTER\npriority 9")).preempt);
    assert_eq!(codes(&router("nopreempt\nstate MASTER\npriority 9")), ["S0410"]);
    assert_eq!(only(&router("preempt_delay 30")).preempt_delay, Duration::from_secs(30));
    assert_eq!(codes(&router("preempt_delay 30\nnopreempt")), ["S0411"]);
    assert_eq!(codes(&router("preempt_delay 30\nstate MASTER\npriority 9")), ["S0411"]);
    assert_eq!(only(&router("preempt_delay 30\nnopreempt")).preempt_delay, Duration::ZERO);
}

#[test]
fn ipv6_is_version_3_whatever_is_said() {
    let v6 = |lines: &str| {
        format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {{\nfe80::1\n}}\n{lines}\n}}"
        )
    };
    assert_eq!(only(&v6("")).version, Version::V3);
    assert_eq!(codes(&v6("version 2")), ["S0406"]);
    assert_eq!(only(&v6("version 2")).version, Version::V3);
    assert_eq!(codes(&format!("global_defs {{ vrrp_version 2 }}\n{}", v6(""))), Vec::<&str>::new());
    assert_eq!(only(&format!("global_defs {{ vrrp_version 3 }}\n{}", router(""))).version, Version::V3);
}

#[test]
fn a_group_is_one_and_of_the_family() {
    let group = |text: &str| only(text).group.map(|group| group.to_string());
    let globally = |line: &str, text: String| format!("global_defs {{ {line}\n }}\n{text}");
    assert_eq!(group(&router("")), None);
    assert_eq!(group(&router("mcast_dst_ip 224.0.0.99")).as_deref(), Some("224.0.0.99"));
    let both = globally("vrrp_mcast_group4 224.0.0.98\nvrrp_mcast_group6 ff02::98", router(""));
    assert_eq!(group(&both).as_deref(), Some("224.0.0.98"));
    let own = globally("vrrp_mcast_group4 224.0.0.98", router("mcast_dst_ip 224.0.0.99"));
    assert_eq!(group(&own).as_deref(), Some("224.0.0.99"));
    assert_eq!(codes(&router("mcast_dst_ip 192.0.2.1")), ["S0301"]);
    assert_eq!(codes(&router("mcast_dst_ip ff02::99")), ["S0306"]);
    assert_eq!(codes(&globally("vrrp_mcast_group4 ff02::99", router(""))), ["S0301"]);
    assert!(only(&router("track_src_ip\nmcast_src_ip 192.0.2.9")).track_source);
    assert_eq!(codes(&router("track_src_ip")), ["S0428"]);
}

#[test]
fn both_versions_and_the_checksum_of_the_peer_are_words_of_our_own() {
    let both = only(&router("version both"));
    assert_eq!((both.version, both.both_versions), (Version::V3, true));
    assert_eq!(codes(&router("version both")), Vec::<&str>::new());
    assert_eq!(codes(&router("version both\nadvert_int 0.5")), ["S0427"]);
    assert!(!only(&router("version both\nversion 3")).both_versions);
    let sums = |line: &str| {
        let instance = only(&router(line));
        (instance.checksum, instance.follow_checksum)
    };
    assert_eq!(sums("version 3"), (ChecksumForm::PseudoHeader, false));
    assert_eq!(sums("v3_checksum_as_v2 follow"), (ChecksumForm::PseudoHeader, true));
    assert_eq!(sums("v3_checksum_as_v2"), (ChecksumForm::Rfc9568, false));
    let globally = only(&format!("global_defs {{ v3_checksum_as_v2 follow\n }}\n{}", router("")));
    assert!(globally.follow_checksum);
}

#[test]
fn a_router_says_a_last_word_to_its_better_unless_it_is_told_not_to() {
    let says = |text: &str| only(text).higher_priority_send_advert;
    let globally = |line: &str, lines: &str| says(&format!("global_defs {{ {line}\n }}\n{}", router(lines)));
    assert!(says(&router("")) && says(&router("higher_prio_send_advert")));
    assert!(!says(&router("higher_prio_send_advert off")) && !says(&router("strict_mode")));
    assert!(!says(&router("strict_mode\nhigher_prio_send_advert on")));
    assert!(!globally("vrrp_higher_prio_send_advert off", ""));
    assert!(globally("vrrp_higher_prio_send_advert off", "higher_prio_send_advert"));
    let answers = |lines: &str| !only(&router(lines)).lower_priority_no_advert;
    assert!(answers("") && !answers("lower_prio_no_advert") && !answers("strict_mode"));
    assert!(
        only(&format!(
            "global_defs {{ vrrp_lower_prio_no_advert\n }}\n{}",
            router("lower_prio_no_advert off")
        ))
        .lower_priority_no_advert
        .eq(&false)
    );
}

#[test]
fn a_password_has_eight_characters_and_version_2() {
    let with = |lines: &str| router(&format!("authentication {{\n{lines}\n}}"));
    assert_eq!(
        only(&with("auth_type PASS\nauth_pass lll for both")).authentication,
        Authentication::Password(*b"lll\0\0\0\0\0")
    );
    assert_eq!(only(&with("auth_pass 123456789")).authentication, Authentication::Password(*b"12345678"));
    assert_eq!(codes(&with("auth_pass 123456789")), ["S0305"]);
    assert_eq!(codes(&with("auth_type PASS")), ["S0413"]);
    let header = with("auth_type AH\nauth_pass x");
    assert_eq!(only(&header).authentication, Authentication::Header(*b"x\0\0\0\0\0\0\0"));
    assert_eq!(codes(&header), Vec::<&str>::new());
    assert_eq!(codes(&with("auth_type AH")), ["S0413"]);
    assert_eq!(codes(&router("version 3\nauthentication { auth_pass x\n}")), ["S0413"]);
    assert_eq!(codes(&with("auth_type WORD\nauth_pass x")), ["S0301"]);
}

#[test]
fn a_trailer_has_keys_a_window_and_a_mode() {
    let with = |lines: &str| router(&format!("version 3\nadvert_int 2\nauth_hmac {{\n{lines}\n}}"));
    let ones = "hex:0101010101010101010101010101010101010101010101010101010101010101";
    let key = |number: u8, byte: u8| Key::new(number, &[byte; 32]).unwrap();
    let trailer = |keys: &[Key], active, mode, window| {
        Authentication::Trailer(Box::new(Trailer::new(keys, active, mode, window).unwrap()))
    };
    // Three intervals, but 5 s at least.
    assert_eq!(
        only(&with(&format!("key 1 {ones}\nactive_key 1"))).authentication,
        trailer(&[key(1, 1)], 1, Mode::Enforce, Some(6))
    );
    let rotated =
        format!("key 1 {ones}\nkey 9 {}\nactive_key 9\ntime_window 30\nmode permissive", "x".repeat(32));
    let both = [key(1, 1), key(9, b'x')];
    assert_eq!(only(&with(&rotated)).authentication, trailer(&both, 9, Mode::Permissive, Some(30)));
    assert_eq!(codes(&with(&rotated)), Vec::<&str>::new());
    let ordered = format!("key 1 {ones}\nactive_key 1\nanti_replay monotonic\nmode receive-only");
    assert_eq!(only(&with(&ordered)).authentication, trailer(&both[..1], 1, Mode::ReceiveOnly, None));
    // From a file, whose last line break is no part of it.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    std::fs::write(&file, format!("{ones}\n")).unwrap();
    let from_file = only(&with(&format!("key 1 file:{}\nactive_key 1", file.display())));
    assert_eq!(from_file.authentication, trailer(&both[..1], 1, Mode::Enforce, Some(6)));
}

#[test]
fn a_trailer_that_cannot_be_is_left_out() {
    let with = |lines: &str| router(&format!("version 3\nauth_hmac {{\n{lines}\n}}"));
    let ones = "hex:0101010101010101010101010101010101010101010101010101010101010101";
    let good = format!("key 1 {ones}\nactive_key 1");
    for (lines, expected) in [
        ("key 1 short\nactive_key 1".to_owned(), vec!["S0413", "S0426"]),
        ("key 1 hex:0g\nactive_key 1".to_owned(), vec!["S0413", "S0426"]),
        ("key 1 file:/nonexistent\nactive_key 1".to_owned(), vec!["S0413", "S0426"]),
        (format!("key 1 {ones}"), vec!["S0413"]),
        (format!("key 1 {ones}\nactive_key 2"), vec!["S0413"]),
        (format!("key 1 {ones}\nkey 1 {ones}\nactive_key 1"), vec!["S0413"]),
    ] {
        let text = with(&lines);
        let mut found = codes(&text);
        found.sort_unstable();
        assert_eq!(found, expected, "{lines}");
        assert_eq!(only(&text).authentication, Authentication::None, "{lines}");
    }
    for (line, code) in [("time_window 301", "S0301"), ("mode often", "S0301"), ("key 0 x", "S0301")] {
        assert!(codes(&with(&format!("{good}\n{line}"))).contains(&code), "{line}");
    }
    // Strict mode enforces it; beside a password it is what is used.
    let strict =
        router(&format!("version 3\nstrict_mode\naccept\nauth_hmac {{\n{good}\nmode permissive\n}}"));
    assert_eq!(codes(&strict), ["S0408"]);
    let enforced = Trailer::new(&[Key::new(1, &[1; 32]).unwrap()], 1, Mode::Enforce, Some(5)).unwrap();
    assert_eq!(only(&strict).authentication, Authentication::Trailer(Box::new(enforced)));
    let both = router(&format!("authentication {{ auth_pass x\n }}\nauth_hmac {{\n{good}\n}}"));
    assert_eq!(codes(&both), ["S0413"]);
    assert!(matches!(only(&both).authentication, Authentication::Trailer(_)));
}

#[test]
fn addresses_take_their_options() {
    let text = router(
        "virtual_ipaddress_excluded {\n 192.0.2.9/24 dev eth1 label eth1:x brd + scope link\n \
         10.0.0.1/30 brd - peer 10.0.0.2\n 2001:db8::1/64 no_track -nodad home\n 10.0.0.9 brd 10.0.0.255\n}",
    );
    let held = clean(&text).instances[0].excluded.clone();
    assert_eq!((held[0].interface.as_deref(), held[0].label.as_deref()), (Some("eth1"), Some("eth1:x")));
    assert_eq!((held[0].broadcast, held[0].scope), (Some(Ipv4Addr::new(192, 0, 2, 255)), Some(253)));
    assert_eq!(
        (held[1].broadcast, held[1].peer.map(|peer| peer.to_string())),
        (Some(Ipv4Addr::new(10, 0, 0, 0)), Some("10.0.0.2".into()))
    );
    assert_eq!((held[2].prefix, held[3].prefix), (64, 32));
    assert_eq!(held[3].broadcast, Some(Ipv4Addr::new(10, 0, 0, 255)));
}

#[test]
fn addresses_that_cannot_be_held_are_left_out() {
    let with = |line: &str| codes(&router(&format!("virtual_ipaddress_excluded {{\n{line}\n}}")));
    assert_eq!(with("notanip"), ["S0301"]);
    assert_eq!(with("10.0.0.1/33"), ["S0301"]);
    assert_eq!(with("10.0.0.1 10.0.0.2"), ["S0301"]);
    assert_eq!(with("10.0.0.1 brd +"), ["S0301"]);
    assert_eq!(with("10.0.0.1 scope nonsense"), ["S0301"]);
    assert_eq!(with("10.0.0.1 dev"), ["S0203"]);
    assert_eq!(with("10.0.0.1\n10.0.0.1"), ["S0304"]);
    assert_eq!(with("192.0.2.1"), ["S0304"]);
    assert_eq!(codes(&router("virtual_ipaddress {\n2001:db8::1\n}")), ["S0306"]);
}

#[test]
fn more_addresses_than_an_advert_carries_are_held_without_being_advertised() {
    let text = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {\n~SEQ(a, 1, 2) ~SEQ(b, 1, 150) 10.0.${a}.$b\n}\n}";
    let instance = only(text);
    assert_eq!((instance.addresses.len(), instance.excluded.len()), (255, 45));
    // Once for the line that they all come from.
    assert_eq!(codes(text), ["S0405"]);
}

#[test]
fn unicast_peers_have_limits_and_the_family_of_the_addresses() {
    let text = router(
        "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.3 min_ttl 254\n192.0.2.4\n2001:db8::1\nfoo\n}\ncheck_unicast_src",
    );
    let instance = only(&text);
    assert_eq!(codes(&text), ["S0306", "S0301"]);
    let peers: Vec<_> = instance
        .unicast_peers
        .iter()
        .map(|peer| (peer.address.to_string(), peer.min_ttl, peer.max_ttl))
        .collect();
    assert_eq!(peers, [("192.0.2.3".into(), 254, 255), ("192.0.2.4".into(), 0, 255)]);
    assert!(instance.check_unicast_source);
    assert_eq!(instance.source.map(|source| source.to_string()), Some("192.0.2.2".into()));
}

#[test]
fn a_router_without_identity_is_left_out() {
    for (text, code) in [
        ("vrrp_instance A {\ninterface eth0\nvirtual_ipaddress { 10.0.0.1 }\n}", "S0401"),
        ("vrrp_instance A {\nvirtual_router_id 5\nvirtual_ipaddress { 10.0.0.1 }\n}", "S0401"),
        ("vrrp_instance {\n}", "S0203"),
    ] {
        assert_eq!(codes(text), [code], "{text}");
        assert_eq!(load(text).configuration.unwrap().instances, [], "{text}");
    }
    let lo = "vrrp_instance A {\ninterface lo\nvirtual_router_id 5\nvirtual_ipaddress { 10.0.0.1 }\n}";
    assert_eq!(codes(lo), ["S0401", "S0403"]);
}

#[test]
fn names_and_identities_are_unique() {
    let twice = format!("{}{}", router(""), router(""));
    assert_eq!(codes(&twice), ["S0302"]);
    let same_vrid = format!("{}{}", router(""), router("").replace("instance A", "instance B"));
    assert_eq!(
        complaints(&same_vrid),
        ["7:1: error[S0402]: A and B both use VRID 5 on eth0; B is left out; give each router of a link a \
             virtual_router_id of its own"]
    );
    let elsewhere = router("").replace("instance A", "instance B").replace("eth0", "eth1");
    assert_eq!(clean(&format!("{}{elsewhere}", router(""))).instances.len(), 2);
}

#[test]
fn scripts_are_tracked_with_their_own_weight_or_another() {
    let scripts = "global_defs { enable_script_security }\nvrrp_script s {\nscript \"/bin/true x\"\nweight -20\nuser nobody nogroup\n}\n";
    let text = format!(
        "{scripts}{}",
        router("track_script {\ns\n}\ntrack_interface {\neth1 weight 10 reverse\neth2\n}")
    );
    let configuration = clean(&text);
    let tracked = |name: &str, weight, reverse| Tracked { name: name.into(), weight, reverse };
    assert_eq!(configuration.instances[0].track_scripts, [tracked("s", -20, false)]);
    assert_eq!(
        configuration.instances[0].track_interfaces,
        [tracked("eth1", 10, true), tracked("eth2", 0, false)]
    );
    let script = &configuration.scripts[0];
    assert_eq!(script.script.words, ["/bin/true", "x"]);
    assert_eq!(
        script.script.user,
        Some(ScriptUser { user: "nobody".into(), group: Some("nogroup".into()) }.into())
    );
    assert_eq!((script.interval, script.timeout), (Duration::from_secs(1), Duration::from_secs(1)));
    let said = format!("{scripts}{}", router("track_script {\ns weight 5\n}"));
    assert_eq!(clean(&said).instances[0].track_scripts, [tracked("s", 5, false)]);
    let wrong = |line: &str| codes(&format!("{scripts}{}", router(&format!("track_script {{\n{line}\n}}"))));
    assert_eq!(wrong("t"), ["S0303"]);
    assert_eq!(wrong("s\ns"), ["S0302"]);
    assert_eq!(wrong("s weight 300"), ["S0301"]);
    assert_eq!(wrong("s weight 254"), ["S0301"]);
    assert_eq!(codes("vrrp_script s { interval 1 }"), ["S0207"]);
}

#[test]
fn notify_scripts_with_arguments_stand_in_quotes() {
    let text = router("notify_master \"/a b\" me us\nnotify /c you\nnotify_stop /d");
    assert_eq!(codes(&text), ["S0208", "S0601"]);
    let notify = only(&text).notify;
    let master = notify.master.clone().unwrap();
    assert_eq!(master.words, ["/a", "b"]);
    assert_eq!(master.user, Some(ScriptUser { user: "me".into(), group: Some("us".into()) }.into()));
    assert_eq!(
        notify.any.as_ref().unwrap().user.clone(),
        Some(ScriptUser { user: "you".into(), group: None }.into())
    );
    assert_eq!((notify.stop.clone().unwrap().words, notify.fault.clone()), (vec![String::from("/d")], None));
}

#[test]
fn groups_name_routers_that_exist() {
    let group = |members: &str| format!("vrrp_sync_group G {{\ngroup {{ {members} }}\n}}\n{}", router(""));
    assert_eq!(codes(&group("A")), ["S0415"]);
    assert_eq!(codes(&group("A B")), ["S0415", "S0303"]);
    assert_eq!(codes(&group("A A")), ["S0415", "S0302"]);
    assert_eq!(codes(&group("B")), ["S0414", "S0303"]);
    let other = router("").replace("instance A", "instance B").replace("_id 5", "_id 6");
    let both = format!("{}{other}", group("A\nB"));
    assert_eq!(clean(&both).groups[0].members, ["A", "B"]);
}

#[test]
fn an_owner_is_in_a_group_with_owners_only() {
    let router = |name: &str, vrid: u8, priority: u8| {
        let renamed = router("").replace("instance A", &format!("instance {name}"));
        let numbered = renamed.replace("_id 5", &format!("_id {vrid}"));
        numbered.replacen('{', &format!("{{\npriority {priority}"), 1)
    };
    let group = |first, second| {
        format!(
            "vrrp_sync_group G {{\ngroup {{ A B }}\n}}\n{}{}",
            router("A", 5, first),
            router("B", 6, second)
        )
    };
    assert_eq!(clean(&group(255, 255)).groups.len(), 1);
    assert_eq!(codes(&group(255, 100)), ["S0417"]);
    let loaded = load(&group(100, 255)).configuration.unwrap();
    assert_eq!((loaded.groups.len(), loaded.instances.len()), (0, 2));
}

#[test]
fn what_a_group_tracks_each_member_tracks_unless_it_says_otherwise() {
    let other =
        router("track_interface {\neth7\n}").replace("instance A", "instance B").replace("_id 5", "_id 6");
    let text = format!(
        "vrrp_script s {{\nscript \"/bin/true\"\nweight -20\n}}\n{}{other}vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\n\
         track_interface {{\neth7 weight 10\neth8\n}}\ntrack_script {{\ns\n}}\n}}\n",
        router("")
    );
    let configuration = load(&text).configuration.unwrap();
    let tracked = |position: usize| {
        let instance = &configuration.instances[position];
        let all = instance.track_interfaces.iter().chain(&instance.track_scripts);
        all.map(|tracked| (tracked.name.as_str(), tracked.weight)).collect::<Vec<_>>()
    };
    assert_eq!(tracked(0), [("eth7", 10), ("eth8", 0), ("s", -20)]);
    assert_eq!(tracked(1), [("eth7", 0), ("eth8", 0), ("s", -20)]);
}

#[test]
fn global_values_reach_the_daemon_and_the_routers() {
    let text = format!(
        "{}global_defs {{\nrouter_id R\ndata_plane kernel\nscript_user a b\nvrrp_rt_priority 50\nvrrp_garp_interval 0.5\n\
         vrrp_gna_interval 0.001\nvrrp_garp_master_repeat 2\nvrrp_garp_lower_prio_repeat 1\nvrrp_min_garp off\n\
         vrrp_down_timer_adverts 4\nvrrp_skip_check_adv_addr\nv3_checksum_as_v2 off\nlvs_flush\nvrrp_startup_delay 2.5\n}}",
        router("garp_master_refresh 60")
    );
    let configuration = clean(&text);
    let global = configuration.global;
    assert_eq!(
        (global.router_id.as_str(), global.data_plane, global.schedule.rt_priority),
        ("R", DataPlane::Kernel, Some(50))
    );
    assert_eq!(global.script_user, Some(ScriptUser { user: "a".into(), group: Some("b".into()) }));
    assert_eq!(
        (global.tuning.gaps.arp, global.tuning.gaps.ndisc),
        (Duration::from_millis(500), Duration::from_millis(1))
    );
    assert_eq!((global.lvs.flush, global.startup_delay), (true, Duration::from_millis(2500)));
    let instance = &configuration.instances[0];
    assert_eq!((instance.garp.repeat, instance.garp.lower_priority_repeat), (2, 1));
    assert_eq!((instance.garp.refresh, instance.down_timer_adverts), (Duration::from_secs(60), 4));
    assert!(instance.skip_address_check);
    assert_eq!(instance.checksum, ChecksumForm::PseudoHeader);
}
