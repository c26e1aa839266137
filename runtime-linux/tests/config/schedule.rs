//! How the VRRP thread is to be scheduled.

use core::time::Duration;

use runtime_linux::config::model::Schedule;

use crate::{clean, codes, load};

#[test]
fn every_word_of_scheduling_reaches_the_thread() {
    let text = "global_defs {\n vrrp_rt_priority 50\n vrrp_rlimit_rttime 25000\n vrrp_priority -20\n vrrp_no_swap\n \
                vrrp_cpu_affinity 0 3\n}\n";
    let expected = Schedule {
        rt_priority: Some(50),
        rttime: Some(Duration::from_millis(25)),
        nice: Some(-20),
        no_swap: true,
        processors: vec![0, 3],
        ..Schedule::default()
    };
    assert_eq!(clean(text).global.schedule, expected);
    assert_eq!(clean("").global.schedule, Schedule::default());
    let old = load("global_defs {\n vrrp_rlimit_rtime 1\n}\n").configuration.unwrap();
    assert_eq!(old.global.schedule.rttime, Some(Duration::from_micros(1)));
}

#[test]
fn what_is_out_of_range_is_named_and_not_used() {
    for line in [
        "vrrp_rt_priority 100",
        "vrrp_rlimit_rttime 0",
        "vrrp_priority 20",
        "vrrp_priority -21",
        "vrrp_cpu_affinity 1024",
    ] {
        assert_eq!(codes(&format!("global_defs {{\n {line}\n}}\n")), ["S0301"], "{line}");
    }
    assert_eq!(codes("global_defs {\n vrrp_cpu_affinity\n}\n"), ["S0203"]);
}

#[test]
fn memory_is_locked_when_told_so_and_along_with_a_real_time_priority() {
    let locks = |lines: &str| clean(&format!("global_defs {{\n{lines}\n}}\n")).global.schedule.locks_memory();
    assert!(locks("vrrp_no_swap") && locks("vrrp_rt_priority 1"));
    assert!(!locks("router_id a") && !locks("vrrp_rt_priority 0"));
}
