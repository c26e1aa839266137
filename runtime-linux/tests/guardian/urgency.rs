//! The place of the VRRP thread among the threads of the machine.

use core::time::Duration;
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime_linux::clock;
use runtime_linux::lab::{self, CONFIGURATION, Daemon, Node, Process};

use crate::pair::{PATIENCE, wait};

#[test]
#[ignore = "needs root: only it may schedule in real time"]
fn the_thread_is_scheduled_as_the_configuration_says_and_in_real_time_where_it_says_nothing() {
    lab::test(|| {
        let node = Node::new("one").unwrap();
        let start = |lines: &str| {
            let text = format!("global_defs {{\n{lines}\n}}\n");
            let program = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
            program.start(&node, text.as_bytes(), false).unwrap()
        };
        let become_so = |process: &Process, place: Place| {
            let complaint =
                || format!("{place:?} is wanted, it has {:?}: {:?}", Place::of(process), process.log());
            wait(PATIENCE, complaint, || Place::of(process) == Some(place));
        };
        let words = fs::read_to_string("/proc/self/stat").unwrap();
        let own = Place::read(&words).unwrap().nice;
        let daemon = start("router_id a");
        become_so(&daemon, Place { policy: ROUND_ROBIN, real_time: 1, nice: own });
        // Another file, another place.
        node.install(CONFIGURATION, b"global_defs {\n vrrp_priority -7\n}\n", 0o644).unwrap();
        daemon.signal(Signal::SIGHUP).unwrap();
        become_so(&daemon, Place { policy: ORDINARY, real_time: 0, nice: -7 });
        daemon.stop(PATIENCE).unwrap();
        let daemon = start("vrrp_rt_priority 42\nvrrp_cpu_affinity 0");
        become_so(&daemon, Place { policy: ROUND_ROBIN, real_time: 42, nice: own });
        assert_eq!(status_of_thread(&daemon, "Cpus_allowed_list:").as_deref(), Some("0"));
        daemon.stop(PATIENCE).unwrap();
        let daemon = start("vrrp_rt_priority 0");
        become_so(&daemon, Place { policy: ORDINARY, real_time: 0, nice: own });
    });
}

#[test]
#[ignore = "needs root: only it may schedule in real time"]
fn a_thread_that_computes_for_too_long_is_not_killed_but_steps_back_for_a_second() {
    lab::test(|| {
        let node = Node::new("one").unwrap();
        let program = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let text = b"global_defs {\n vrrp_rlimit_rttime 10000\n}\n";
        let daemon = program.start(&node, text, false).unwrap();
        let in_real_time = || Place::of(&daemon).is_some_and(|place| place.policy == ROUND_ROBIN);
        wait(PATIENCE, || format!("{:?}", daemon.log()), in_real_time);
        let worker = daemon.children()[0];
        let limits = fs::read_to_string(format!("/proc/{worker}/limits")).unwrap();
        let limit = limits.lines().find(|line| line.starts_with("Max realtime timeout")).unwrap();
        let words: Vec<&str> = limit.split_whitespace().collect();
        assert_eq!(words[3..5], ["10000", "unlimited"], "{limit}");
        kill(Pid::from_raw(worker), Signal::SIGXCPU).unwrap();
        wait(PATIENCE, || "it does not step back".into(), || !in_real_time());
        assert!(daemon.wait_for("computed in real time for too long", PATIENCE).is_some());
        wait(PATIENCE, || "it does not come back".into(), in_real_time);
        assert_eq!(daemon.children(), [worker]);
    });
}

/// `max_auto_priority`.
#[test]
#[ignore = "needs root: only it may schedule in real time"]
fn a_thread_that_was_late_is_more_urgent_from_then_on() {
    lab::test(|| {
        let node = Node::new("one").unwrap();
        let switch = lab::Switch::new("lan").unwrap();
        node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        let program = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        // A timer every second, and adverts so seldom that the guardian has patience.
        let text =
            b"global_defs {\n max_auto_priority 2\n min_auto_priority_delay 200000\n}\nvrrp_instance a {\n \
                     interface eth0\n virtual_router_id 1\n version 3\n priority 255\n advert_int 30\n \
                     garp_master_delay 1\n garp_master_refresh 1\n virtual_ipaddress {\n 198.18.0.100/24\n }\n}\n";
        let daemon = program.start(&node, text, false).unwrap();
        assert!(daemon.wait_for("Entering MASTER STATE", PATIENCE).is_some());
        let priority = || Place::of(&daemon).map(|place| place.real_time);
        wait(PATIENCE, || format!("{:?}", daemon.log()), || priority() == Some(1));
        let worker = Pid::from_raw(daemon.children()[0]);
        for _ in 0..2 {
            kill(worker, Signal::SIGSTOP).unwrap();
            let end = clock::now() + Duration::from_millis(1_500);
            while clock::now() < end {
                std::thread::park_timeout(end.saturating_sub(clock::now()));
            }
            kill(worker, Signal::SIGCONT).unwrap();
            wait(PATIENCE, || format!("{:?}", daemon.log()), || priority() == Some(2));
        }
        assert!(daemon.wait_for("ms late: SCHED_RR 2 from now on", PATIENCE).is_some());
        assert_eq!(daemon.children(), [worker.as_raw()]);
    });
}

/// How a thread is scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    policy: u32,
    real_time: u32,
    nice: i32,
}

impl Place {
    /// That of the VRRP thread: fields 19, 40 and 41 of /proc/PID/stat (proc(5)).
    fn of(daemon: &Process) -> Option<Self> {
        Self::read(&fs::read_to_string(thread(daemon)? + "/stat").ok()?)
    }

    fn read(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<i32>().ok();
        Some(Self {
            policy: u32::try_from(number(41)?).ok()?,
            real_time: u32::try_from(number(40)?).ok()?,
            nice: number(19)?,
        })
    }
}

fn status_of_thread(daemon: &Process, field: &str) -> Option<String> {
    let status = fs::read_to_string(thread(daemon)? + "/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(field)).map(|value| value.trim().to_owned())
}

/// Where /proc has the VRRP thread of the worker.
fn thread(daemon: &Process) -> Option<String> {
    let worker = *daemon.children().first()?;
    let tasks = fs::read_dir(format!("/proc/{worker}/task")).ok()?.flatten();
    tasks
        .map(|task| task.path().display().to_string())
        .find(|path| fs::read_to_string(format!("{path}/comm")).is_ok_and(|name| name.trim() == "vrrp"))
}

const ORDINARY: u32 = 0;
const ROUND_ROBIN: u32 = 2;
