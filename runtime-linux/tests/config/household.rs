//! What is said of the daemon's processes and threads.

use core::time::Duration;
use std::path::Path;

use runtime_linux::config::model::{Household, NetlinkBuffer, Schedule};

use crate::{clean, codes, load};

#[test]
fn checks_and_bfd_are_scheduled_apart_from_the_routers() {
    let text = "global_defs {\n checker_rt_priority 3\n checker_rlimit_rttime 25000\n checker_priority -5\n \
                checker_no_swap\n checker_cpu_affinity 1 2\n bfd_rt_priority 60\n bfd_rlimit_rttime 9000\n bfd_priority 19\n \
                bfd_no_swap off\n bfd_cpu_affinity 0\n}\n";
    let global = clean(text).global;
    assert_eq!(global.schedule, Schedule::default());
    let checks = Schedule {
        name: None,
        rt_priority: Some(3),
        rttime: Some(Duration::from_millis(25)),
        nice: Some(-5),
        no_swap: true,
        processors: vec![1, 2],
    };
    assert_eq!(global.household.checks, checks);
    let bfd = Schedule {
        name: None,
        rt_priority: Some(60),
        rttime: Some(Duration::from_millis(9)),
        nice: Some(19),
        no_swap: false,
        processors: vec![0],
    };
    assert_eq!(global.household.bfd, bfd);
    // The limit is one for all threads of a process.
    assert!(global.schedules().iter().all(|schedule| schedule.rttime == Some(Duration::from_millis(9))));
}

#[test]
fn threads_are_called_by_their_names_or_as_keepalived_calls_its_processes() {
    let names = |lines: &str| {
        let global = clean(&format!("global_defs {{\n{lines}\n}}\n")).global;
        [global.household.name, global.schedule.name, global.household.checks.name, global.household.bfd.name]
    };
    let some = |names: [&str; 4]| names.map(|name| Some(name.to_owned()));
    let own = "process_name a\nvrrp_process_name b\nchecker_process_name c\nbfd_process_name d";
    assert_eq!(names(own), some(["a", "b", "c", "d"]));
    let usual = ["keepalived", "keepalived_vrrp", "keepalived_lvs", "keepalived_bfd"];
    assert_eq!(names("process_names"), some(usual));
    assert_eq!(names("vrrp_process_name b\nprocess_names"), some([usual[0], "b", usual[2], usual[3]]));
    assert_eq!(names("process_names off"), [None, None, None, None]);
}

#[test]
fn the_rest_is_read_inside_global_defs_and_some_of_it_outside() {
    let text = "global_defs {\n config_save_dir /var/lib/saved\n vrrp_delay_after_boot 2.5\n lvs_netlink_cmd_rcv_bufs 5000\n \
                process_monitor_rcv_bufs 6000\n process_monitor_rcv_bufs_force\n use_symlink_paths\n \
                set_supplementary_groups\n}\nchild_wait_time 7\n";
    let expected = Household {
        patience: Some(Duration::from_secs(7)),
        delay_after_boot: Duration::from_millis(2500),
        save_directory: Some(Path::new("/var/lib/saved").to_owned()),
        service_buffer: Some(NetlinkBuffer { bytes: 5000, force: false }),
        process_buffer: Some(NetlinkBuffer { bytes: 6000, force: true }),
        ..Household::default()
    };
    assert_eq!(clean(text).global.household, expected);
    let within = clean("global_defs {\n child_wait_time 8\n}\n");
    assert_eq!(within.global.household.patience, Some(Duration::from_secs(8)));
    assert_eq!(clean("").global.household, Household::default());
}

#[test]
fn what_is_out_of_range_is_named() {
    for line in [
        "process_name sixteen_letters_",
        "bfd_process_name sixteen_letters_",
        "checker_rt_priority 100",
        "bfd_priority -21",
        "checker_rlimit_rttime 0",
        "bfd_cpu_affinity 1024",
        "child_wait_time soon",
        "process_monitor_rcv_bufs 0",
        "use_symlink_paths maybe",
    ] {
        assert_eq!(codes(&format!("global_defs {{\n {line}\n}}\n")), ["S0301"], "{line}");
    }
}

#[test]
fn chains_of_iptables_are_told_to_stay_empty() {
    let loaded = load("global_defs {\n vrrp_iptables\n vrrp_ipsets\n}\n");
    assert_eq!(
        crate::shortened(&loaded),
        [
            "2:2: warning[S0206]: `vrrp_iptables` is accepted, without effect; addresses are closed by a table of nftables, \
          which needs no chains"
        ]
    );
}
