//! Words about the kernel's IPVS: `lvs_*` of `global_defs`, and what only the kernel can do.

use core::time::Duration;

use ipvs_core::{Engine, Mode};
use runtime_linux::config::model::{FlushOnStop, Lvs, LvsTimeouts, Marking, SyncDaemon};

use super::{codes, complaints, load, router};

#[test]
fn a_persistence_engine_is_the_kernels_and_has_a_known_name() {
    let text = |global: &str, engine: &str| {
        format!(
            "global_defs {{\n{global}\n}}\nvirtual_server 192.0.2.1 5060 {{\nprotocol UDP\npersistence_timeout 60\n\
             persistence_engine {engine}\nreal_server 10.0.0.1 5060 {{\n}}\n}}"
        )
    };
    let engine = |text: &str| load(text).configuration.unwrap().virtual_servers[0].service.engine;
    assert_eq!(engine(&text("", "sip")), Some(Engine::Sip));
    assert_eq!(codes(&text("", "sip")), [""; 0]);
    let forgetful = text("", "sip").replace("persistence_timeout 60\n", "");
    assert_eq!((engine(&forgetful), codes(&forgetful)), (None, vec!["S0510"]));
    assert_eq!((engine(&text("", "rtsp")), codes(&text("", "rtsp"))), (None, vec!["S0301"]));
    assert_eq!(
        complaints(&text("data_plane user", "sip")),
        [
            "error[S0507]: `data_plane user` has no persistence engine `sip` for [192.0.2.1]:udp:5060; the service is not set \
          up; leave `persistence_engine` out, or take the kernel's data plane"
        ]
    );
}

#[test]
fn an_improved_scheduler_is_for_the_user_space_plane() {
    let text = |global: &str, mode: &str| {
        format!(
            "global_defs {{\n{global}\n}}\nvirtual_server 192.0.2.1 53 {{\nprotocol UDP\nlb_algo wrr\nlb_mode {mode}\n\
             real_server 10.0.0.1 53 {{\n}}\n}}"
        )
    };
    let mode = |text: &str| load(text).configuration.unwrap().virtual_servers[0].service.mode;
    let user = text("data_plane user", "improved");
    assert_eq!((mode(&user), codes(&user)), (Mode::Improved, vec![]));
    assert_eq!((mode(&text("", "exact")), codes(&text("", "exact"))), (Mode::Exact, vec![]));
    assert_eq!((mode(&text("", "better")), codes(&text("", "better"))), (Mode::Exact, vec!["S0301"]));
    assert_eq!(
        complaints(&text("", "improved")),
        [
            "warning[S0508]: the kernel's IPVS has no `lb_mode improved` for [192.0.2.1]:udp:53; where the kernel has IPVS, \
          `wrr` works as it always did; say `data_plane user`"
        ]
    );
}

#[test]
fn what_goes_at_a_stop_and_how_often_is_compared_is_said() {
    let lvs = |lines: &str| load(&format!("global_defs {{\n{lines}\n}}")).configuration.unwrap().global.lvs;
    assert_eq!(lvs(""), Lvs::default());
    assert_eq!(lvs("lvs_flush_on_stop").flush_on_stop, FlushOnStop::Everything);
    assert_eq!(lvs("lvs_flush_on_stop VS").flush_on_stop, FlushOnStop::Ours);
    assert_eq!(codes("global_defs {\nlvs_flush_on_stop RS\n}"), ["S0301"]);
    assert_eq!(lvs("").reconcile_interval, Duration::from_secs(10));
    assert_eq!(lvs("lvs_reconcile_interval 0").reconcile_interval, Duration::ZERO);
    assert_eq!(codes("global_defs {\nlvs_reconcile_interval 3601\n}"), ["S0301"]);
}

#[test]
fn the_user_space_plane_has_one_to_64_threads() {
    let threads = |text: &str| {
        let text = format!("global_defs {{\ndata_plane user\n{text}\n}}");
        (load(&text).configuration.unwrap().global.data_plane_threads, codes(&text))
    };
    assert_eq!(threads(""), (None, vec![]));
    assert_eq!(threads("data_plane_threads 1"), (Some(1), vec![]));
    assert_eq!(threads("data_plane_threads 64"), (Some(64), vec![]));
    for wrong in ["0", "65", "many"] {
        assert_eq!(threads(&format!("data_plane_threads {wrong}")), (None, vec!["S0301"]), "{wrong}");
    }
    assert_eq!(threads("data_plane_threads"), (None, vec!["S0203"]));
}

#[test]
fn timeouts_are_read_in_any_order_and_belong_to_the_kernel() {
    let timeouts = |values: &str| {
        let text = format!("global_defs {{\nlvs_timeouts {values}\n}}");
        (load(&text).configuration.unwrap().global.lvs.timeouts, codes(&text))
    };
    let all = LvsTimeouts { tcp: 800, tcp_fin: 90, udp: 200 };
    assert_eq!(timeouts("tcp 800 tcpfin 90 udp 200"), (all, vec![]));
    assert_eq!(timeouts("udp 200"), (LvsTimeouts { udp: 200, ..LvsTimeouts::default() }, vec![]));
    for wrong in ["tcp 0", "tcp 2678401", "tcp", "sctp 5"] {
        assert_eq!(timeouts(wrong), (LvsTimeouts::default(), vec!["S0301"]), "{wrong}");
    }
    assert_eq!(codes("global_defs {\ndata_plane user\nlvs_timeouts tcp 800\n}"), ["S0206"]);
}

#[test]
fn groups_are_marked_from_a_first_mark_by_a_table_of_a_name_and_a_priority() {
    let marking = |words: &str| {
        let text = format!("global_defs {{\n{words}\n}}");
        (load(&text).configuration.unwrap().global.lvs.marking, codes(&text))
    };
    let usual = Marking { table: None, priority: -1, first: 1000 };
    let asked = Marking { table: Some("keepalived_ipvs".to_owned()), ..usual.clone() };
    assert_eq!(marking(""), (usual.clone(), vec![]));
    assert_eq!(marking("nftables_ipvs"), (asked.clone(), vec![]));
    assert_eq!(
        marking("nftables_ipvs_start_fwmark 7\nnftables_ipvs_priority -150\nnftables_ipvs web"),
        (Marking { table: Some("web".to_owned()), priority: -150, first: 7 }, vec![])
    );
    for wrong in ["nftables_ipvs_start_fwmark 0", "nftables_ipvs_start_fwmark x", "nftables_ipvs_priority x"]
    {
        assert_eq!(marking(wrong), (usual.clone(), vec!["S0301"]), "{wrong}");
    }
    assert_eq!(marking("data_plane user\nnftables_ipvs"), (asked, vec!["S0206"]));
}

#[test]
fn the_synchronisation_daemon_has_the_vrid_of_its_instance_and_every_word_of_its_line() {
    let plain = SyncDaemon {
        interface: "eth1".to_owned(),
        instance: Some("A".to_owned()),
        id: 5,
        longest: 0,
        port: 0,
        ttl: 0,
        group: None,
        wait: Duration::ZERO,
    };
    let sync = |line: &str| synchronised(&format!("lvs_sync_daemon {line}"), "");
    assert_eq!(sync("eth1 A"), (Some(plain.clone()), vec![]));
    assert_eq!(sync("eth1 inst A"), (Some(plain.clone()), vec![]));
    assert_eq!(sync("eth1 A id 9").0, Some(SyncDaemon { id: 9, ..plain.clone() }));
    assert_eq!(sync("eth1 A 77").0, Some(SyncDaemon { id: 77, ..plain.clone() }), "the old form");
    assert_eq!(sync("eth1"), (Some(SyncDaemon { instance: None, id: 0, ..plain.clone() }), vec![]));
    assert_eq!(
        sync("eth1 A id 9 maxlen 800 port 9001 ttl 3 group 239.1.1.1").0,
        Some(SyncDaemon {
            id: 9,
            longest: 800,
            port: 9001,
            ttl: 3,
            group: Some([239, 1, 1, 1].into()),
            ..plain.clone()
        })
    );
    assert_eq!(sync("eth1 A id 300"), (Some(plain.clone()), vec!["S0301"]), "the VRID is used");
    assert_eq!(sync("eth1 B"), (None, vec!["S0303"]));
    for wrong in ["eth1 A ttl 0", "eth1 A group 192.0.2.1", "eth1 A maxlen", "eth1 A speed"] {
        assert_eq!(sync(wrong), (Some(plain.clone()), vec!["S0301"]), "{wrong}");
    }
    assert_eq!(synchronised("data_plane user\nlvs_sync_daemon eth1 A", ""), (None, vec!["S0507"]));
    let old = synchronised("", "lvs_sync_daemon_interface eth1");
    assert_eq!(old, (Some(SyncDaemon { id: 0, ..plain.clone() }), vec!["S0204"]));
    let both = synchronised("lvs_sync_daemon eth2", "lvs_sync_daemon_interface eth1").0.unwrap();
    assert_eq!(both.interface, "eth2");
}

/// The synchronisation daemon of one router with these lines, and what is complained about.
fn synchronised(global: &str, instance: &str) -> (Option<SyncDaemon>, Vec<&'static str>) {
    let text = format!("global_defs {{\n{global}\n}}\n{}", router(instance));
    let sync = load(&text).configuration.unwrap().global.lvs.sync;
    (sync, codes(&text))
}

#[test]
fn a_router_may_wait_for_connections_where_some_are_synchronised() {
    let wait = |global: &str| synchronised(global, "");
    let (sync, complaints) = wait("lvs_sync_daemon eth1 A\nlvs_sync_wait 30");
    assert_eq!((sync.unwrap().wait, complaints), (Duration::from_secs(30), vec![]));
    let (sync, complaints) = wait("lvs_sync_daemon eth1\nlvs_sync_wait 30");
    assert_eq!((sync.unwrap().wait, complaints), (Duration::ZERO, vec!["S0428"]), "no instance is followed");
    assert_eq!(wait("lvs_sync_wait 30"), (None, vec!["S0428"]));
    assert_eq!(wait("lvs_sync_daemon eth1 A\nlvs_sync_wait 601").1, ["S0301"]);
}

#[test]
fn the_kernels_services_may_be_in_another_network_namespace() {
    let namespace = |text: &str| (load(text).configuration.unwrap().global.lvs.namespace, codes(text));
    assert_eq!(namespace("net_namespace_ipvs blue"), (Some("blue".to_owned()), vec![]));
    assert_eq!(namespace("global_defs {\nnet_namespace_ipvs\n}"), (Some(String::new()), vec![]));
    assert_eq!(namespace("net_namespace_ipvs a/b"), (None, vec!["S0301"]));
    assert_eq!(codes("global_defs {\ndata_plane user\nnet_namespace_ipvs blue\n}"), ["S0206"]);
}
