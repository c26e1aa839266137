//! What the daemon tells FIFOs, scripts and mail servers, and that no advert waits for any of them.

use core::net::SocketAddr;
use core::time::Duration;
use std::net::TcpListener;
use std::process::Command;

use nix::sys::signal::Signal;
use runtime_linux::lab::{self, Daemon, Node, Observer, Process, Switch};
use serde_json::Value;

use crate::station::{PATIENCE, pause, wait};

#[test]
fn fifos_and_scripts_are_told_everything_in_its_order() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = host(&switch);
        script(&node, "reader", "exec cat \"$1\" >>/run/book");
        script(
            &node,
            "any",
            "echo \"any $*\" >>/run/any; echo \"${IFS-unset}|$LD_PRELOAD\" >>/run/environment",
        );
        script(&node, "up", "echo up >>/run/lifetime");
        script(&node, "down", "echo down >>/run/lifetime");
        script(&node, "own", "echo \"own $*\" >>/run/any");
        let first = "notify_deleted\nnotify \"/run/lab/any one two\"\nnotify_master \"/run/lab/own a b\"\n";
        let global = "startup_script /run/lab/up\nshutdown_script /run/lab/down\nnotify_fifo /run/fifo\n\
                      notify_fifo_script /run/lab/reader\nvrrp_notify_priority_changes\n";
        let tracked = format!(
            "{FILE}{}{}",
            router("a", 51, &format!("track_file {{\n f\n}}\n{first}")),
            router("b", 52, "")
        );
        let process = start(&node, &format!("{}{tracked}", globals(global)));
        wait(PATIENCE, "it does not become Active", || book(&node).contains("INSTANCE \"b\" MASTER 200"));
        node.install("/run/f", b"7", 0o644).unwrap();
        wait(PATIENCE, "the priority is not told", || book(&node).contains("MASTER_PRIORITY 207"));
        // A reload takes one away that wants it told as DELETED, and one that does not.
        let rest = format!("{}{}", globals(global), router("c", 53, ""));
        node.install(lab_configuration(), rest.as_bytes(), 0o644).unwrap();
        process.signal(Signal::SIGHUP).unwrap();
        wait(PATIENCE, "c does not become Active", || book(&node).contains("INSTANCE \"c\" MASTER 200"));
        process.stop(Duration::from_secs(5)).unwrap().expect("it does not stop");
        let of = |name: &str| -> Vec<String> {
            let words = format!("\"{name}\" ");
            book(&node).lines().filter_map(|line| Some(line.split_once(&words)?.1.to_owned())).collect()
        };
        assert_eq!(of("a"), ["BACKUP 200", "MASTER 200", "MASTER_PRIORITY 207", "DELETED 207"]);
        assert_eq!(of("b"), ["BACKUP 200", "MASTER 200", "FAULT 200"]);
        assert_eq!(of("c"), ["BACKUP 200", "MASTER 200", "STOP 200"]);
        assert_eq!(
            text(&node, "/run/any").lines().collect::<Vec<_>>(),
            [
                "any one two INSTANCE a BACKUP 200",
                "own a b",
                "any one two INSTANCE a MASTER 200",
                "any one two INSTANCE a DELETED 207"
            ]
        );
        assert_eq!(text(&node, "/run/lifetime"), "up\ndown\n");
        assert!(!text(&node, "/run/environment").contains("lab"), "LD_PRELOAD is not handed on");
        assert!(node.read("/run/fifo").is_err(), "the FIFO is removed at the end");
    });
}

#[test]
fn no_advert_is_late_for_a_mail_server_that_hangs_a_fifo_nobody_reads_scripts_without_end_or_a_full_disk() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = host(&switch);
        // The kernel takes connections for a server that never says a word.
        let mail = node.run(|| TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let at: SocketAddr = mail.local_addr().unwrap();
        let full = "mkdir /run/small && mount -t tmpfs -o size=16k small /run/small && mkfifo /run/small/fifo; \
                    dd if=/dev/zero of=/run/small/fill bs=4k 2>/dev/null; echo full";
        let disk = sh(&node, full);
        disk.wait_for("full", PATIENCE).expect("no disk to fill");
        let _sweep = Sweep(&node);
        script(&node, "endless", "echo $$ >>/run/pids; while :; do sleep 1000 & sleep 1000; done");
        script(&node, "check", "echo $$ >>/run/pids; sleep 1000 & sleep 1000 & wait");
        let global = format!(
            "notification_email {{\n a@example.net\n}}\nsmtp_server {} {}\nsmtp_connect_timeout 1\nsmtp_alert_vrrp\n\
             state_dump_file /run/small/x.data\nnotify_fifo /run/small/fifo\nlvs_notify_fifo /run/small/other\nvrrp_notify_priority_changes\n\
             vrrp_notify_fifo /run/vrrp\nvrrp_notify_fifo_script /run/lab/endless\n",
            at.ip(),
            at.port()
        );
        let text = format!(
            "{}{FILE}track_file full {{\n file /run/small/new\n init_file 3\n}}\n\
             vrrp_script check {{\n script /run/lab/check\n interval 0.2\n timeout 0.1\n weight 1\n}}\n{}{}",
            globals(&global),
            router("a", 51, "track_script {\n check\n}\ntrack_file {\n full\n}"),
            router(
                "b",
                52,
                "track_file {\n f weight 0\n}\nnotify /run/lab/endless\nnotify_fault /run/lab/endless"
            ),
        );
        let observer = Observer::new(&switch).unwrap();
        let process = start(&node, &text);
        let adverts = || -> Vec<Duration> {
            let of_a = |seen: &&lab::Seen| seen.advert().is_some_and(|advert| advert.vrid == 51);
            observer.seen().iter().filter(of_a).map(|seen| seen.at).collect()
        };
        wait(PATIENCE, "it does not become Active", || !adverts().is_empty());
        // Everything happens at once and again and again: b goes into fault and returns.
        for round in 0..60 {
            node.install("/run/f", if round % 2 == 0 { b"1" } else { b"0" }, 0o644).unwrap();
            pause(Duration::from_millis(100));
        }
        process.signal(Signal::SIGUSR1).unwrap();
        // Until b is Active, and everybody has been told.
        pause(Duration::from_secs(1));
        let status = status(&node);
        let mut gaps: Vec<Duration> =
            adverts().windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        gaps.sort_unstable();
        let at = |percent: usize| gaps[(gaps.len() - 1) * percent / 100];
        println!(
            "{} adverts every 100 ms beside mail {}, FIFOs {}: gaps p50 {:?}, p90 {:?}, p99 {:?}, max {:?}",
            gaps.len() + 1,
            status["mail"],
            status["fifos"],
            at(50),
            at(90),
            at(99),
            at(100)
        );
        assert!(gaps.len() > 50, "{} adverts in six seconds", gaps.len() + 1);
        // A peer waits three intervals and more.
        assert!(at(100) <= Duration::from_millis(2 * 100 + 100), "{:?}", at(100));
        // All of it did happen, and none of it got lost in silence.
        let count = |part: &Value, name: &str| part[name].as_u64().unwrap();
        let letters = &status["mail"];
        let fifos = status["fifos"].as_array().unwrap();
        let reader = sh(&node, "timeout 1 cat /run/small/fifo >/run/read; echo read");
        reader.wait_for("read", PATIENCE).expect("the FIFO cannot be read");
        let read = self::text(&node, "/run/read");
        assert_eq!(count(&fifos[0], "written"), read.lines().count() as u64, "{read}");
        assert_eq!((count(&fifos[0], "waiting"), count(&fifos[0], "lost")), (0, 0));
        let transitions = |of: &str| {
            let of_it = read.lines().filter(|line| line.contains(of) && !line.contains("_PRIORITY"));
            of_it.count() as u64
        };
        assert_eq!(count(letters, "sent"), 0);
        assert_eq!(
            count(letters, "waiting") + count(letters, "lost"),
            transitions("INSTANCE"),
            "{letters} {read}"
        );
        // One script runs without end, and 32 transitions wait for it.
        let of_b = transitions("\"b\"");
        assert!(of_b > 40, "{read}");
        assert_eq!(count(&status, "notify_dropped"), of_b - 33, "{read}");
        process.wait_for("cannot write /run/small/x.data", PATIENCE).expect("a dump that fails is told of");
        assert!(process.wait_for("Track file `full`: cannot write", Duration::ZERO).is_some());
        let stopped = process.stop(Duration::from_secs(6)).unwrap();
        assert!(stopped.is_some(), "it does not stop");
    });
}

#[test]
fn a_process_that_ends_takes_the_priority_with_it_even_where_the_kernel_tells_of_none() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = host(&switch);
        // What nobody else on this machine runs.
        let seconds = format!("{}.5", 200_000 + std::process::id());
        let sleeper = || {
            let mut command = Command::new("sleep");
            command.arg(&seconds);
            node.spawn(command).unwrap()
        };
        let running = sleeper();
        let text = format!(
            "{}vrrp_track_process p {{\n process sleep {seconds}\n weight -50\n}}\n{}",
            globals(""),
            router("a", 51, "track_process {\n p\n}")
        );
        let process = start(&node, &text);
        let priority = || status(&node)["vrrp"]["instances"][0]["priority"].as_u64();
        // Another network namespace than the first is one of those where it does not.
        let polled =
            "tracked processes are looked for once a second: the kernel does not tell of processes here";
        process.wait_for(polled, PATIENCE).expect("it does not say how it looks");
        assert_eq!(priority(), Some(200));
        running.kill();
        process
            .wait_for("Quorum lost for tracked process p (0 running)", PATIENCE)
            .expect("it is not missed");
        wait(PATIENCE, "the priority stays", || priority() == Some(150));
        let _again = sleeper();
        process
            .wait_for("Quorum gained for tracked process p (1 running)", PATIENCE)
            .expect("it is not found");
        wait(PATIENCE, "the priority does not return", || priority() == Some(200));
        process.stop(Duration::from_secs(5)).unwrap().expect("it does not stop");
    });
}

/// What a daemon leaves running, as it leaves every notify script, ends with the test.
struct Sweep<'n>(&'n Node);

impl Drop for Sweep<'_> {
    fn drop(&mut self) {
        for pid in text(self.0, "/run/pids").lines().filter_map(|line| line.parse().ok()) {
            let ours = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
            // A number may be somebody else's by now.
            if ours.is_ok_and(|line| line.contains("/run/lab/")) {
                let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
    }
}

/// One address of the file of routers, an advert every 100 ms.
fn router(name: &str, vrid: u8, more: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n priority 200\n advert_int 0.1\n \
         virtual_ipaddress {{\n 198.18.0.{vrid}/24\n }}\n{more}\n}}\n"
    )
}

fn globals(more: &str) -> String {
    format!("global_defs {{\n vrrp_version 3\n router_id lb1\n{more}}}\n")
}

fn host(switch: &Switch) -> Node {
    let node = Node::new("one").unwrap();
    node.link_to(switch, "eth0", &["198.18.0.1/24"]).unwrap();
    node.set_link("lo", true).unwrap();
    node.install("/run/f", b"0", 0o644).unwrap();
    node
}

fn start(node: &Node, text: &str) -> Process {
    Daemon::steadfast(BINARY.into()).start(node, text.as_bytes(), false).unwrap()
}

fn script(node: &Node, name: &str, line: &str) {
    node.install(format!("/run/lab/{name}"), format!("#!/bin/sh\n{line}\n").as_bytes(), 0o755).unwrap();
}

fn sh(node: &Node, line: &str) -> Process {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]);
    node.spawn(command).unwrap()
}

fn status(node: &Node) -> Value {
    let mut command = Command::new(BINARY);
    command.args(["status", "--json"]);
    let process = node.spawn(command).unwrap();
    assert!(process.wait(PATIENCE).is_some_and(|status| status.success()), "{:?}", process.log());
    // Its end may be seen before its last line is.
    let mut value = None;
    wait(PATIENCE, "the status is no JSON", || {
        let text: String = process.log().into_iter().map(|line| line.text + "\n").collect();
        value = serde_json::from_str(&text).ok();
        value.is_some()
    });
    value.unwrap()
}

fn book(node: &Node) -> String {
    text(node, "/run/book")
}

fn text(node: &Node, path: &str) -> String {
    String::from_utf8(node.read(path).unwrap_or_default()).unwrap()
}

fn lab_configuration() -> &'static str {
    lab::CONFIGURATION
}

const BINARY: &str = env!("CARGO_BIN_EXE_steadfast");
const FILE: &str = "track_file f {\n file /run/f\n}\n";
