//! Words that tune the VRRP thread, and those that one instance in a thousand says.

use core::time::Duration;

use runtime_linux::config::model::{
    AutoPriority, BufferPolicy, ClosedTable, ExtraAnnouncements, Gaps, LinkDelay, NetlinkBuffer, OldChecksum,
    PaceGroup, Rare, ReceiveBuffer, Tuning,
};
use vrrp_core::Family;

use crate::{clean, codes, complaints, load, router};

#[test]
fn interfaces_share_a_pace() {
    let text = "garp_group {\n garp_interval 0.1\n gna_interval 0.000001\n interface eth0\n interfaces {\n  eth1\n  eth2\n \
                }\n}\ngarp_group {\n gna_interval 2\n interface eth3\n}\n";
    let gaps = Gaps { arp: Duration::from_millis(100), ndisc: Duration::from_micros(1) };
    let interfaces = ["eth0", "eth1", "eth2"].map(str::to_owned).into();
    let second = Gaps { arp: Duration::ZERO, ndisc: Duration::from_secs(2) };
    assert_eq!(
        clean(text).global.tuning.pace_groups,
        [PaceGroup { gaps, interfaces }, PaceGroup { gaps: second, interfaces: vec!["eth3".to_owned()] }]
    );
}

#[test]
fn a_group_without_interfaces_or_pace_is_left_out_and_nobody_is_in_two() {
    for text in ["garp_group {\n garp_interval 1\n}", "garp_group {\n interface eth0\n}"] {
        let loaded = load(text);
        assert_eq!(codes(text), ["S0207"], "{text}");
        assert_eq!(loaded.configuration.unwrap().global.tuning.pace_groups, []);
    }
    let text = "garp_group {\n garp_interval 1\n interface eth0\n}\ngarp_group {\n garp_interval 2\n interfaces {\n  eth0 \
                eth1\n }\n}\n";
    assert_eq!(complaints(text), ["8:3: error[S0302]: `eth0` is in a garp_group already; it stays there"]);
    let groups = load(text).configuration.unwrap().global.tuning.pace_groups;
    assert_eq!(groups[1].interfaces, ["eth1"]);
}

#[test]
fn an_interface_is_down_and_up_after_a_while_and_the_second_is_as_the_first_where_it_is_not_said() {
    let text = "interface_up_down_delays {\n eth0 1.5 0.25\n eth1 255\n}\n";
    let delay = |interface: &str, down, up| LinkDelay {
        interface: interface.to_owned(),
        down: Duration::from_millis(down),
        up: Duration::from_millis(up),
    };
    assert_eq!(
        clean(text).global.tuning.link_delays,
        [delay("eth0", 1500, 250), delay("eth1", 255_000, 255_000)]
    );
    assert_eq!(codes("interface_up_down_delays {\n eth0\n}"), ["S0203"]);
    assert_eq!(codes("interface_up_down_delays {\n eth0 256\n}"), ["S0301"]);
    assert_eq!(codes("interface_up_down_delays {\n eth0 1 x\n}"), ["S0301"]);
}

#[test]
fn the_other_words_of_global_defs_reach_the_thread() {
    let text = "global_defs {\n log_unknown_vrids\n disable_local_igmp\n vrrp_rx_bufs_policy ADVERT\n \
                vrrp_rx_bufs_multiplier 7\n vrrp_netlink_cmd_rcv_bufs 100000\n vrrp_netlink_monitor_rcv_bufs 200000\n \
                vrrp_netlink_monitor_rcv_bufs_force\n nftables edge\n nftables_priority -150\n nftables_counters\n \
                nftables_ifindex\n max_auto_priority 20\n min_auto_priority_delay 500000\n}\n";
    let expected = Tuning {
        gaps: Gaps::default(),
        pace_groups: Vec::new(),
        link_delays: Vec::new(),
        log_unknown_vrids: true,
        receive_buffer: Some(ReceiveBuffer { policy: BufferPolicy::Advert, multiplier: 7 }),
        request_buffer: Some(NetlinkBuffer { bytes: 100_000, force: false }),
        monitor_buffer: Some(NetlinkBuffer { bytes: 200_000, force: true }),
        closed_table: ClosedTable { name: "edge".to_owned(), priority: -150 },
        no_local_reports: true,
        auto_priority: Some(AutoPriority { most: 20, delay: Duration::from_millis(500) }),
    };
    assert_eq!(clean(text).global.tuning, expected);
    assert_eq!(clean("").global.tuning, Tuning::default());
    let said = |line: &str| clean(&format!("global_defs {{\n{line}\n}}\n")).global.tuning;
    assert_eq!(said("nftables").closed_table.name, "keepalived");
    assert_eq!(said("max_auto_priority").auto_priority.map(|auto| auto.most), Some(99));
    assert_eq!(said("max_auto_priority 0").auto_priority, None);
    assert_eq!(said("max_auto_priority -1").auto_priority, None);
    let bytes = ReceiveBuffer { policy: BufferPolicy::Bytes(65_536), multiplier: 3 };
    assert_eq!(said("vrrp_rx_bufs_policy 65536").receive_buffer, Some(bytes));
    assert_eq!(said("vrrp_rx_bufs_multiplier 4").receive_buffer, None);
}

#[test]
fn what_is_out_of_range_is_named() {
    for line in [
        "max_auto_priority 100",
        "max_auto_priority -2",
        "min_auto_priority_delay 0",
        "min_auto_priority_delay 10000001",
        "vrrp_rx_bufs_policy mtu",
        "vrrp_rx_bufs_policy 0",
        "vrrp_netlink_cmd_rcv_bufs 0",
        "vrrp_netlink_cmd_rcv_bufs_force maybe",
        "nftables_priority low",
        "vrrp_garp_extra_if 86401",
        "vrrp_garp_extra_if all x",
        "vrrp_owner_ignore_adverts maybe",
    ] {
        assert_eq!(codes(&format!("global_defs {{\n {line}\n}}\n")), ["S0301"], "{line}");
    }
    for line in ["kernel_rx_buf_size 0", "garp_extra_if 86401", "timer_expired_backup 0"] {
        assert_eq!(codes(&router(line)), ["S0301"], "{line}");
    }
    assert_eq!(codes(&router("garp_extra_if all")), ["S0203"]);
}

#[test]
fn what_hardly_any_instance_says_is_absent_where_it_is_not_said() {
    let rare = |lines: &str| clean(&router(lines)).instances.remove(0).rare();
    assert_eq!(clean(&router("")).instances[0].rare, None);
    let extra = |seconds, on_all| Some(ExtraAnnouncements { every: Duration::from_secs(seconds), on_all });
    assert_eq!(rare("garp_extra_if 100").extra_announcements, extra(100, false));
    assert_eq!(rare("garp_extra_if all 7").extra_announcements, extra(7, true));
    assert_eq!(rare("garp_extra_if 0"), Rare::default());
    assert!(rare("owner_ignore_adverts").owner_ignores_adverts);
    assert_eq!(rare("kernel_rx_buf_size 4096").receive_buffer, Some(4096));
    let peers = "unicast_peer {\n 192.0.2.9\n}\n";
    assert_eq!(rare(&format!("{peers}old_unicast_checksum")).old_checksum, OldChecksum::Always);
    assert_eq!(rare(&format!("{peers}old_unicast_checksum never")).old_checksum, OldChecksum::Never);
    assert_eq!(rare(&format!("{peers}unicast_fault_no_peer")), Rare::default());
}

#[test]
fn an_instance_overrules_global_defs() {
    let global = "global_defs {\n vrrp_garp_extra_if all 9\n vrrp_owner_ignore_adverts\n}\n";
    let rare = |lines: &str| clean(&format!("{global}{}", router(lines))).instances.remove(0).rare();
    let both = rare("");
    assert_eq!(both.extra_announcements.map(|extra| extra.on_all), Some(true));
    assert!(both.owner_ignores_adverts);
    assert_eq!(rare("garp_extra_if 0\nowner_ignore_adverts off"), Rare::default());
}

#[test]
fn without_a_peer_it_is_a_fault_where_that_is_said() {
    let said = |lines| clean(&router(lines)).instances.remove(0).rare();
    assert!(said("unicast_fault_no_peer").lacks_peers);
    let text = router("unicast_fault_no_peer\nunicast_src_ip 192.0.2.7");
    assert_eq!(
        complaints(&text),
        [
            "6:1: warning[S0434]: A: a word about unicast without `unicast_peer`; it is in FAULT (unicast_fault_no_peer)"
        ]
    );
}

#[test]
fn native_ipv6_has_only_addresses_of_that_family() {
    let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 5\n native_ipv6\n virtual_ipaddress {\n  fe80::1\n  \
                192.0.2.1\n }\n}\n";
    assert_eq!(
        complaints(text),
        ["7:3: error[S0306]: A: 192.0.2.1 is not of the family of the virtual addresses; it is left out"]
    );
    let nothing =
        "vrrp_instance A {\n interface eth0\n virtual_router_id 5\n native_ipv6\n no_virtual_ipaddress\n}\n";
    assert_eq!(clean(nothing).instances[0].family(), Family::V6);
}

#[test]
fn a_backup_of_another_priority_than_254_is_told_to_be_taken_for_one() {
    assert_eq!(codes(&router("nopreempt\ntimer_expired_backup")), Vec::<&str>::new());
    assert_eq!(codes(&router("nopreempt\ntimer_expired_backup 254")), Vec::<&str>::new());
    assert_eq!(codes(&router("nopreempt\ntimer_expired_backup 100")), ["S0206"]);
}
