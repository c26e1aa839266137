//! What keepalived-exporter and its like read of a running pair: the text of `.data` and `.stats`, and `.json`.
//!
//! The reader here looks for the fields that the exporter documents, in the places where it looks for them.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use runtime_linux::lab::{self, Daemon, Node, Process, Switch};
use serde_json::Value;

use crate::station::{PATIENCE, pause, wait};

#[test]
fn an_exporter_finds_every_field_of_a_running_pair_in_each_of_the_files() {
    lab::test(|| {
        let pair = Pair::new(&steadfast());
        for (host, state, effective) in [(&pair.one, 2, 202), (&pair.two, 1, 102)] {
            let files = host.files();
            let json: Value = serde_json::from_str(&files.json).unwrap();
            let (of_json, of_text) = (from_json(&json), from_text(&files));
            let expected = Found {
                name: "VI_1".to_owned(),
                state,
                wanted_state: state,
                interface: "eth0".to_owned(),
                garp_delay: 7,
                router: 51,
                addresses: vec![("192.0.2.100".parse().unwrap(), "eth0".to_owned())],
                excluded: vec![("192.0.2.101".parse().unwrap(), "eth0".to_owned())],
            };
            assert_eq!((&of_json, &of_text), (&expected, &expected), "{}", files.data);
            assert_eq!(scripts(&files.data), [("ok".to_owned(), "GOOD".to_owned(), "idle".to_owned())]);
            let (data, stats) = (&json[0]["data"], &json[0]["stats"]);
            for name in DATA {
                assert!(!data[name].is_null(), "{name}: {data:#}");
            }
            assert_eq!(data["effective_priority"], effective);
            assert!(data["auth_data"].is_null() && !files.json.contains("secret"), "{data:#}");
            let counters = counters(&files.stats);
            for (name, of_text) in COUNTERS {
                assert!(stats[name].is_u64(), "{name}: {stats:#}");
                assert!(counters.contains_key(of_text), "{of_text}: {counters:?}");
            }
            // Who is Active sends, who is not receives; the files are written one after the other.
            let (busy, idle) =
                if state == 2 { ("advert_sent", "advert_rcvd") } else { ("advert_rcvd", "advert_sent") };
            assert!(stats[busy].as_u64().unwrap() > 0, "{stats:#}");
            assert_eq!(stats[idle], 0);
            assert_eq!(stats["become_master"], u64::from(state == 2));
            assert_eq!(counters["Became master"], u64::from(state == 2));
        }
    });
}

#[test]
#[ignore = "needs root and keepalived"]
fn the_files_have_the_fields_of_keepalived_s_in_the_same_order() {
    lab::test(|| {
        let theirs = Pair::new(&Daemon {
            arguments: words("TMPDIR=/run keepalived -n -l -P -f {conf}"),
            ..env("keepalived")
        });
        let their_files = theirs.one.files();
        drop(theirs);
        let files = Pair::new(&steadfast()).one.files();
        let without = |text: &str, unknown: &[&str]| -> Vec<String> {
            let lines =
                text.lines().filter(|line| !unknown.iter().any(|start| line.trim_start().starts_with(start)));
            lines.map(field).collect()
        };
        // 2.4 has these.
        let newer = [
            "Authentication Extension",
            "Invalid HMAC",
            "Malformed",
            "Missing",
            "Replay",
            "Stale",
            "Unknown Key",
        ];
        assert_eq!(without(&files.stats, &newer), without(&their_files.stats, &[]));
        let instance = |text: &str| -> String {
            let from = text.split_once(" VRRP Instance").expect("there is an instance").1;
            from.split("------<").next().unwrap_or_default().to_owned()
        };
        assert_eq!(without(&instance(&files.data), &[]), without(&instance(&their_files.data), &THEIRS));
        let keys = |text: &str, of: &str| -> BTreeSet<String> {
            let json: Value = serde_json::from_str(text).unwrap();
            json[0][of].as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(keys(&files.json, "data"), {
            let mut theirs = keys(&their_files.json, "data");
            // The password.
            theirs.remove("auth_data");
            theirs
        });
        let ours = keys(&files.json, "stats");
        let ours: BTreeSet<String> = ours.into_iter().filter(|name| !name.starts_with("auth_ext_")).collect();
        assert_eq!(ours, keys(&their_files.json, "stats"));
    });
}

/// Lines of keepalived's instances that we have not: sockets and timers of its own, and what cannot happen here.
const THEIRS: [&str; 8] = [
    "Flags",
    "Number of config faults",
    "Number of track scripts init",
    "Read timeout",
    "Master down timer",
    "fd_in",
    // A password is nobody's business.
    "Password",
    "Authentication data",
];

/// What an exporter makes metrics and labels of.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    name: String,
    state: u64,
    wanted_state: u64,
    interface: String,
    garp_delay: u64,
    router: u64,
    addresses: Vec<(IpAddr, String)>,
    excluded: Vec<(IpAddr, String)>,
}

fn from_json(json: &Value) -> Found {
    let data = &json[0]["data"];
    let number = |name: &str| data[name].as_u64().unwrap();
    let list = |name: &str| {
        data[name].as_array().unwrap().iter().map(|line| address(line.as_str().unwrap())).collect()
    };
    Found {
        name: data["iname"].as_str().unwrap().to_owned(),
        state: number("state"),
        wanted_state: number("wantstate"),
        interface: data["ifp_ifname"].as_str().unwrap().to_owned(),
        garp_delay: number("garp_delay"),
        router: number("vrid"),
        addresses: list("vips"),
        excluded: list("evips"),
    }
}

/// Instances begin with one blank, their fields with three, the addresses under a title with five.
fn from_text(files: &Files) -> Found {
    let (mut fields, mut lists) = (BTreeMap::new(), BTreeMap::<String, Vec<_>>::new());
    let mut title = String::new();
    let instance = files.data.lines().skip_while(|line| !line.starts_with(" VRRP Instance = "));
    for line in instance.take_while(|line| !line.starts_with("---")) {
        if let Some(entry) = line.strip_prefix("     ") {
            lists.entry(title.clone()).or_default().push(entry.to_owned());
        } else if let Some((name, value)) = line.trim_start().split_once(" = ") {
            fields.insert(name.to_owned(), value.to_owned());
        } else {
            title =
                line.trim().split([' ', '(']).filter(|word| word.starts_with(char::is_alphabetic)).collect();
        }
    }
    let states = ["INIT", "BACKUP", "MASTER", "FAULT"];
    let state = |name: &str| states.iter().position(|state| *state == fields[name]).unwrap() as u64;
    let list = |name: &str| lists[name].iter().map(|line| address(line)).collect();
    Found {
        name: fields["VRRP Instance"].clone(),
        state: state("State"),
        wanted_state: state("Wantstate"),
        interface: fields["Interface"].clone(),
        garp_delay: fields["Gratuitous ARP delay"].parse().unwrap(),
        router: fields["Virtual Router ID"].parse().unwrap(),
        addresses: list("VirtualIP"),
        excluded: list("VirtualIPExcluded"),
    }
}

/// `ADDRESS[/LENGTH] dev INTERFACE scope SCOPE …`: at least five words.
fn address(line: &str) -> (IpAddr, String) {
    let words: Vec<&str> = line.split(' ').collect();
    assert!(words.len() >= 5 && words[1] == "dev", "{line}");
    (words[0].split('/').next().unwrap().parse().unwrap(), words[2].to_owned())
}

/// Name, status and state of each script.
fn scripts(data: &str) -> Vec<(String, String, String)> {
    let part = data.split_once("------< VRRP Scripts >------\n").expect("scripts").1;
    let part = part.split("------<").next().unwrap_or_default();
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(" = "));
        line.unwrap_or_default().to_owned()
    };
    let blocks = part.split(" VRRP Script = ").skip(1);
    blocks
        .map(|block| {
            let name = block.lines().next().unwrap_or_default().to_owned();
            (name, field(block, "Status"), field(block, "State"))
        })
        .collect()
}

/// The counters of `.stats`; those under a title bear it in front.
fn counters(stats: &str) -> BTreeMap<String, u64> {
    let mut title = String::new();
    let mut counters = BTreeMap::new();
    for line in stats.lines().skip(1) {
        let (name, value) = line.trim().split_once(':').expect("NAME: VALUE");
        match value.trim().parse() {
            Ok(value) if line.starts_with("    ") => drop(counters.insert(format!("{title}/{name}"), value)),
            Ok(value) => drop(counters.insert(name.to_owned(), value)),
            Err(_) => name.clone_into(&mut title),
        }
    }
    counters
}

/// A line with its blanks but without its value.
fn field(line: &str) -> String {
    let end = line.find([':', '=']).unwrap_or(line.len());
    let name = &line[..end];
    // `Virtual IP (1)`, and entries of lists, which have values only.
    if line.starts_with("     ") && !line.contains(':') {
        "     entry".to_owned()
    } else {
        name.trim_end().to_owned()
    }
}

struct Pair {
    one: Host,
    two: Host,
    _switch: Switch,
}

struct Host {
    node: Node,
    process: Process,
}

struct Files {
    data: String,
    stats: String,
    json: String,
}

impl Pair {
    /// Both, once the one of priority 200 is Active and the other one hears it.
    fn new(daemon: &Daemon) -> Self {
        let switch = Switch::new("lan").unwrap();
        let host = |name: &str, number: u8, priority: u8| {
            let node = Node::new(name).unwrap();
            node.link_to(&switch, "eth0", &[&format!("192.0.2.{number}/24")]).unwrap();
            let state = if priority == 200 { "MASTER" } else { "BACKUP" };
            let process = daemon.start(&node, configuration(state, priority).as_bytes(), false).unwrap();
            Host { node, process }
        };
        let pair = Self { one: host("one", 11, 200), two: host("two", 12, 100), _switch: switch };
        pair.one.process.wait_for("MASTER", PATIENCE).expect("it does not become MASTER");
        // keepalived names the state before it is in it.
        pause(Duration::from_secs(3));
        pair
    }
}

impl Host {
    /// All three, written anew.
    fn files(&self) -> Files {
        let names = ["data", "stats", "json"].map(|kind| format!("/run/keepalived.{kind}"));
        for (name, signal) in names.iter().zip([libc::SIGUSR1, libc::SIGUSR2, libc::SIGRTMIN() + 2]) {
            let line = ["-s".to_owned(), signal.to_string(), self.process.id().to_string()];
            assert!(Command::new("kill").args(line).status().unwrap().success());
            wait(PATIENCE, name, || self.node.read(name).is_ok());
        }
        // keepalived writes into the file itself, and readers may see a part of it.
        pause(Duration::from_millis(300));
        let [data, stats, json] =
            names.map(|name| String::from_utf8(self.node.read(&name).unwrap()).unwrap());
        Files { data, stats, json }
    }
}

fn steadfast() -> Daemon {
    let arguments = ["TMPDIR=/run", env!("CARGO_BIN_EXE_steadfast"), "-n", "-l", "-D", "-f", "{conf}"];
    Daemon { arguments: arguments.map(str::to_owned).into(), ..env("steadfast") }
}

/// `env`, to which the files' folder and the program are arguments.
fn env(name: &str) -> Daemon {
    Daemon { name: name.to_owned(), program: "env".into(), arguments: Vec::new() }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn configuration(state: &str, priority: u8) -> String {
    format!(
        "global_defs {{\n    router_id x\n    script_user root\n    enable_script_security\n}}\n\
         vrrp_script ok {{\n    script /bin/true\n    interval 1\n    weight 2\n}}\n\
         vrrp_instance VI_1 {{\n    state {state}\n    interface eth0\n    virtual_router_id 51\n    version 2\n    \
         priority {priority}\n    garp_master_delay 7\n    \
         authentication {{\n        auth_type PASS\n        auth_pass secret\n    }}\n    \
         track_script {{\n        ok\n    }}\n    \
         virtual_ipaddress {{\n        192.0.2.100/24\n    }}\n    \
         virtual_ipaddress_excluded {{\n        192.0.2.101/24\n    }}\n}}\n"
    )
}

/// Every name that keepalived.md 3.3 lists for an instance like this, but `auth_data`, which is the password.
const DATA: [&str; 35] = [
    "iname",
    "dont_track_primary",
    "skip_check_adv_addr",
    "strict_mode",
    "vmac_ifname",
    "ifp_ifname",
    "master_priority",
    "last_transition",
    "garp_delay",
    "garp_refresh",
    "garp_rep",
    "garp_refresh_rep",
    "garp_lower_prio_delay",
    "garp_lower_prio_rep",
    "lower_prio_no_advert",
    "higher_prio_send_advert",
    "vrid",
    "base_priority",
    "effective_priority",
    "vipset",
    "promote_secondaries",
    "adver_int",
    "master_adver_int",
    "accept",
    "nopreempt",
    "preempt_delay",
    "state",
    "wantstate",
    "version",
    "notify_deleted",
    "smtp_alert",
    "auth_type",
    "vips",
    "evips",
    "track_script",
];

/// The counters, as JSON and as the text call them.
const COUNTERS: [(&str, &str); 20] = [
    ("advert_rcvd", "Advertisements/Received"),
    ("advert_sent", "Advertisements/Sent"),
    ("become_master", "Became master"),
    ("release_master", "Released master"),
    ("packet_len_err", "Packet Errors/Length"),
    ("advert_interval_err", "Packet Errors/Advertisement Interval"),
    ("ip_ttl_err", "Packet Errors/TTL"),
    ("invalid_type_rcvd", "Packet Errors/Invalid Type"),
    ("addr_list_err", "Packet Errors/Address List"),
    ("invalid_authtype", "Authentication Errors/Invalid Type"),
    ("authtype_mismatch", "Authentication Errors/Type Mismatch"),
    ("auth_failure", "Authentication Errors/Failure"),
    ("pri_zero_rcvd", "Priority Zero/Received"),
    ("pri_zero_sent", "Priority Zero/Sent"),
    ("auth_ext_invalid_hmac", "Authentication Extension Errors/Invalid HMAC"),
    ("auth_ext_malformed", "Authentication Extension Errors/Malformed"),
    ("auth_ext_missing", "Authentication Extension Errors/Missing"),
    ("auth_ext_replay", "Authentication Extension Errors/Replay"),
    ("auth_ext_stale", "Authentication Extension Errors/Stale"),
    ("auth_ext_unknown_key", "Authentication Extension Errors/Unknown Key"),
];
