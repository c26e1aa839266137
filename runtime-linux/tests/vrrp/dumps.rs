//! What signals make the daemon write, for the tools that read keepalived's files.

use std::process::Command;

use runtime_linux::lab::{self, Daemon, Node, Process, Switch};
use serde_json::Value;

use crate::station::{PATIENCE, wait};

#[test]
fn signals_write_data_statistics_and_json_and_end_nothing() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let node = Node::new("one").unwrap();
        node.link_to(&switch, "eth0", &["192.0.2.11/24"]).unwrap();
        let process = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into())
            .start(&node, CONFIGURATION.as_bytes(), false)
            .unwrap();
        process.wait_for("MASTER", PATIENCE).expect("it does not become MASTER");
        let json = || {
            send(&process, libc::SIGRTMIN() + 2);
            let text = node.read("/run/x.json").ok()?;
            serde_json::from_slice::<Value>(&text).ok()
        };
        wait(PATIENCE, "it does not become MASTER in x.json", || {
            json().is_some_and(|json| json["vrrp"][0]["data"]["state"] == 2)
        });
        let sent = || json().and_then(|json| json["vrrp"][0]["stats"]["advert_sent"].as_u64()).unwrap();
        wait(PATIENCE, "no adverts are counted", || sent() >= 5);
        send(&process, libc::SIGUSR1);
        let data = written(&node, "/run/x.data");
        assert!(data.contains(" VRRP Instance = one\n"), "{data}");
        assert!(data.contains("   State = MASTER\n"), "{data}");
        assert!(data.contains("     192.0.2.100/24 dev eth0 scope global set\n"), "{data}");
        assert!(!data.contains("secret"), "{data}");
        send(&process, libc::SIGUSR2);
        let statistics = written(&node, "/run/x.stats");
        assert!(
            statistics.starts_with("VRRP Instance: one\n  Advertisements:\n    Received: 0\n"),
            "{statistics}"
        );
        let before = sent();
        send(&process, libc::SIGRTMAX() - 1);
        wait(PATIENCE, "the counters do not begin at zero again", || sent() < before);
        send(&process, libc::SIGRTMAX());
        process.wait_for("timers of one", PATIENCE).expect("timers are not told");
        assert_eq!(process.ended(), None);
    });
}

fn written(node: &Node, path: &str) -> String {
    wait(PATIENCE, "a file is not written", || node.read(path).is_ok());
    String::from_utf8(node.read(path).unwrap()).unwrap()
}

fn send(process: &Process, signal: i32) {
    let line = ["-s".to_owned(), signal.to_string(), process.id().to_string()];
    assert!(Command::new("kill").args(line).status().unwrap().success());
}

const CONFIGURATION: &str = "\
global_defs {
    state_dump_file /run/x.data
    stats_dump_file /run/x.stats
    json_dump_file /run/x.json
    json_version 2
}
vrrp_instance one {
    state MASTER
    interface eth0
    virtual_router_id 51
    version 3
    advert_int 0.1
    priority 200
    virtual_ipaddress {
        192.0.2.100/24
    }
}
";
