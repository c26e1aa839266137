//! The daemon's processes and threads: their names, how they are scheduled, how long a worker may take to stop, and what
//! is kept around a reload.

use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime_linux::clock;
use runtime_linux::lab::{self, CONFIGURATION, Daemon, Node, Process};

use crate::pair::{PATIENCE, wait};

fn start(node: &Node, text: &str) -> Process {
    let program = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
    program.start(node, text.as_bytes(), false).unwrap()
}

const SESSION: &str = "bfd_instance b {\n neighbor_ip 127.0.0.2\n}\n";

/// `process_name` and its like.
#[test]
fn processes_and_threads_are_called_as_the_file_says() {
    lab::test(|| {
        let node = Node::new("one").unwrap();
        let daemon = start(
            &node,
            &format!("global_defs {{\n process_names\n bfd_process_name edge_bfd\n}}\n{SESSION}"),
        );
        let names = || {
            let worker = daemon.children().first().copied().unwrap_or_default();
            let mut names: Vec<String> = threads(worker).into_values().collect();
            names.sort_unstable();
            names
        };
        let wanted = ["edge_bfd", "keepalived_lvs", "keepalived_vrrp"];
        wait(
            PATIENCE,
            || format!("{:?}", names()),
            || wanted.iter().all(|name| names().iter().any(|one| one == name)),
        );
        let guardian = fs::read_to_string(format!("/proc/{}/comm", daemon.id())).unwrap();
        assert_eq!(guardian.trim(), "keepalived");
        // A reload gives them other names.
        let text = format!("global_defs {{\n vrrp_process_name routers\n}}\n{SESSION}");
        node.install(CONFIGURATION, text.as_bytes(), 0o644).unwrap();
        daemon.signal(Signal::SIGHUP).unwrap();
        let wanted = ["bfd", "routers", "steadfast"];
        wait(
            PATIENCE,
            || format!("{:?}", names()),
            || wanted.iter().all(|name| names().iter().any(|one| one == name)),
        );
    });
}

/// `checker_rt_priority`, `bfd_priority` and their like.
#[test]
#[ignore = "needs root: only it may schedule in real time"]
fn checks_and_bfd_are_scheduled_as_the_file_says() {
    lab::test(|| {
        let node = Node::new("one").unwrap();
        let lines = "checker_rt_priority 7\n checker_cpu_affinity 0\n bfd_priority -3\n checker_process_name checks\n \
                     checker_no_swap";
        let daemon = start(&node, &format!("global_defs {{\n {lines}\n}}\n{SESSION}"));
        let place = |name: &str| {
            let worker = *daemon.children().first()?;
            let (thread, _) = threads(worker).into_iter().find(|(_, comm)| comm == name)?;
            let text = fs::read_to_string(format!("/proc/{worker}/task/{thread}/stat")).ok()?;
            let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
            let number = |field: usize| fields.get(field - 3)?.parse::<i32>().ok();
            let status = fs::read_to_string(format!("/proc/{worker}/task/{thread}/status")).ok()?;
            let processors = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
            Some((number(40)?, number(19)?, processors.trim().to_owned()))
        };
        let all = fs::read_to_string("/proc/self/status").unwrap();
        let all =
            all.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_owned();
        let own = |name: &str, wanted: &dyn Fn(&(i32, i32, String)) -> bool| {
            wait(
                PATIENCE,
                || format!("{name}: {:?} {:?}", place(name), daemon.log()),
                || place(name).is_some_and(|place| wanted(&place)),
            );
        };
        own("checks", &|(real_time, _, processors)| *real_time == 7 && processors == "0");
        own("bfd", &|(real_time, nice, processors)| (*real_time, *nice) == (0, -3) && *processors == all);
        let worker = daemon.children()[0];
        let status = fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
        let locked = status.lines().find(|line| line.starts_with("VmLck:")).unwrap();
        assert_ne!(locked.split_whitespace().nth(1), Some("0"), "{locked}");
        // A reload takes it away again.
        node.install(CONFIGURATION, SESSION.as_bytes(), 0o644).unwrap();
        daemon.signal(Signal::SIGHUP).unwrap();
        own("steadfast", &|(real_time, _, processors)| *real_time == 0 && *processors == all);
    });
}

/// `child_wait_time`.
#[test]
fn a_worker_that_does_not_stop_is_killed_when_its_time_is_over() {
    lab::test(|| {
        let node = Node::new("one").unwrap();
        let daemon = start(&node, "child_wait_time 1\n");
        assert!(daemon.wait_for("the VRRP thread runs", PATIENCE).is_some());
        kill(Pid::from_raw(daemon.children()[0]), Signal::SIGSTOP).unwrap();
        let begin = clock::now();
        daemon.signal(Signal::SIGTERM).unwrap();
        assert!(daemon.wait_for("does not stop within child_wait_time; it is killed", PATIENCE).is_some());
        assert!(clock::now().saturating_sub(begin) >= Duration::from_millis(900));
        wait(PATIENCE, || format!("{:?}", daemon.log()), || daemon.children().is_empty());
    });
}

/// `config_save_dir`.
#[test]
fn configuration_and_state_are_kept_around_each_reload() {
    lab::test(|| {
        let node = Node::new("one").unwrap();
        let text =
            |id: &str| format!("global_defs {{\n router_id {id}\n config_save_dir /run/lab/saved\n}}\n");
        let daemon = start(&node, &text("first"));
        let read = |name: &str| {
            let bytes = node.read(format!("/run/lab/saved/keepalived.{name}")).ok()?;
            String::from_utf8(bytes).ok()
        };
        let has = |name: &'static str, words: &'static str| {
            wait(
                PATIENCE,
                || format!("{name}: {:?} {:?}", read(name), daemon.log()),
                || read(name).is_some_and(|text| text.contains(words)),
            );
        };
        has("0.conf", "router_id first");
        has("0.after.data", "first");
        node.install(CONFIGURATION, text("second").as_bytes(), 0o644).unwrap();
        daemon.signal(Signal::SIGHUP).unwrap();
        has("1.conf", "router_id second");
        has("1.before.data", "first");
        has("1.after.data", "second");
    });
}

/// The names of the threads of a process, by number.
fn threads(process: i32) -> BTreeMap<String, String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        Some((task.file_name().into_string().ok()?, name.trim().to_owned()))
    });
    names.collect()
}
