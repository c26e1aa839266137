//! A disk that is full: what the daemon writes there is kept whole, what it loses it counts, and no advert waits.

use core::time::Duration;
use std::process::Command;

use nix::sys::signal::Signal;
use runtime_linux::lab::{self, Daemon, Node, Observer, Process, Switch};

use crate::host::{PATIENCE, pause, wait};

#[test]
fn a_full_disk_damages_nothing_delays_no_advert_and_what_was_lost_is_counted() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = Node::new("host").unwrap();
        node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        sh(&node, "mkdir /run/small && mount -t tmpfs -o size=256k small /run/small");
        node.install("/run/f", b"0", 0o644).unwrap();
        let observer = Observer::new(&switch).unwrap();
        let mut daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let more = ["-G", "-p", "/run/small/d.pid", "-g/run/small/log"];
        daemon.arguments.extend(more.map(ToOwned::to_owned));
        let process = daemon.start(&node, CONFIGURATION.as_bytes(), false).unwrap();
        let log = || format!("{:?}", process.log());
        process.wait_for("Entering MASTER STATE", PATIENCE).unwrap_or_else(|| panic!("{}", log()));
        let see = |line: &str| shell(&node, line).join("\n");

        // While there is room.
        process.signal(Signal::SIGUSR1).unwrap();
        wait(log, || see("cat /run/small/x.data").contains("State = MASTER"));
        steadfast(&node, &["weight", "198.18.0.11", "7"]);
        wait(log, || see("cat /run/small/d.orders").contains("\"weight\":7"));
        let (dump, orders) = (see("cat /run/small/x.data"), see("cat /run/small/d.orders"));
        sh(&node, "dd if=/dev/zero of=/run/small/fill bs=512 2>/dev/null; true");

        // Everything that writes does, again and again.
        let begin = runtime_linux::clock::wall();
        let told = process.log().len();
        for round in 0..30 {
            node.install("/run/f", if round % 2 == 0 { b"1" } else { b"0" }, 0o644).unwrap();
            if round % 10 == 0 {
                process.signal(Signal::SIGUSR1).unwrap();
                steadfast(&node, &["weight", "198.18.0.11", &(20 + round).to_string()]);
            }
            pause(Duration::from_millis(100));
        }
        let since =
            |seen: &&lab::Seen| seen.at > begin && seen.advert().is_some_and(|advert| advert.vrid == 51);
        let times: Vec<Duration> = observer.seen().iter().filter(since).map(|seen| seen.at).collect();
        let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        println!("adverts every 100 ms beside a full disk: {}", lab_gaps(&gaps));
        assert!(gaps.len() > 20, "{} adverts in three seconds", gaps.len() + 1);
        // A peer waits three intervals and more.
        assert!(gaps.iter().all(|gap| *gap <= Duration::from_millis(300)), "{gaps:?}");

        // Nothing is damaged, and everything is told of, once.
        assert_eq!(see("cat /run/small/x.data"), dump);
        assert_eq!(see("cat /run/small/d.orders"), orders);
        let said =
            |words: &str| process.log()[told..].iter().filter(|line| line.text.contains(words)).count();
        wait(log, || said("cannot write /run/small/x.data: No space left") == 3);
        assert_eq!(said("drained servers and ordered weights would not outlive the daemon"), 1, "{}", log());
        assert_eq!(said("/run/small/log: the log cannot be written: No space left"), 1, "{}", log());
        let status: serde_json::Value =
            serde_json::from_str(&steadfast(&node, &["status", "--json"])).unwrap();
        assert!(status["log_lost"].as_u64().unwrap() > 20, "{status}");

        // With room again, everything is made up for.
        sh(&node, "rm /run/small/fill");
        wait(log, || see("cat /run/small/d.orders").contains("\"weight\":40"));
        wait(log, || see("cat /run/small/log").contains("lines could not be written here"));
        assert_eq!(
            see("ls -A /run/small").lines().collect::<Vec<_>>(),
            ["d.orders", "d.pid", "d.sock", "log", "x.data"]
        );
        process.stop(PATIENCE).unwrap().expect("it stops");

        // And where there was no room from the start, there is a router all the same, and only one.
        sh(&node, "dd if=/dev/zero of=/run/small/fill bs=512 2>/dev/null; true");
        let again = daemon.start(&node, CONFIGURATION.as_bytes(), false).unwrap();
        again.wait_for("Entering MASTER STATE", PATIENCE).unwrap_or_else(|| panic!("{:?}", again.log()));
        again.wait_for("cannot write the pid file: No space left", PATIENCE).expect("it is told");
        let second = daemon.start(&node, CONFIGURATION.as_bytes(), false).unwrap();
        second.wait_for("another daemon runs with this pid file", PATIENCE).expect("it is refused");
        again.stop(PATIENCE).unwrap().expect("it stops");
    });
}

/// The distribution of gaps, each figure the median of three short runs.
fn lab_gaps(gaps: &[Duration]) -> String {
    let runs: Vec<Vec<Duration>> = gaps
        .chunks(gaps.len().div_ceil(3).max(1))
        .map(|run| {
            let mut run = run.to_vec();
            run.sort_unstable();
            run
        })
        .collect();
    let median = |percent: usize| {
        let mut values: Vec<Duration> = runs.iter().map(|run| run[(run.len() - 1) * percent / 100]).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    format!("p50 {:?}, p90 {:?}, max {:?}", median(50), median(90), median(100))
}

fn sh(node: &Node, line: &str) {
    shell(node, line);
}

/// What a line for the shell prints.
fn shell(node: &Node, line: &str) -> Vec<String> {
    let mut command = Command::new("/bin/sh");
    // Its end may be seen before its last line is.
    command.args(["-c", &format!("{line}; echo; echo end-of-it")]);
    let process: Process = node.spawn(command).unwrap();
    process.wait_for("end-of-it", PATIENCE).unwrap_or_else(|| panic!("{line}: {:?}", process.log()));
    let lines = process.log().into_iter().map(|line| line.text);
    lines.take_while(|line| line != "end-of-it").filter(|line| !line.is_empty()).collect()
}

fn steadfast(node: &Node, words: &[&str]) -> String {
    let program = env!("CARGO_BIN_EXE_steadfast");
    shell(node, &format!("{program} {} --socket /run/small/d.sock", words.join(" "))).join("\n")
}

const CONFIGURATION: &str = "
global_defs {
    vrrp_version 3
    script_user root
    data_plane user
    state_dump_file /run/small/x.data
}
track_file f {
    file /run/f
}
vrrp_instance a {
    interface eth0
    state BACKUP
    virtual_router_id 51
    priority 200
    advert_int 0.1
    virtual_ipaddress {
        198.18.0.51/24
    }
}
vrrp_instance b {
    interface eth0
    state BACKUP
    virtual_router_id 52
    priority 200
    advert_int 0.1
    virtual_ipaddress {
        198.18.0.52/24
    }
    track_file {
        f weight 0
    }
}
virtual_server 198.18.0.51 80 {
    lb_kind NAT
    protocol TCP
    real_server 198.18.0.11 80 {
    }
    real_server 198.18.0.12 80 {
    }
}
";
