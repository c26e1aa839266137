//! What keepalived and we answer to one walk over everything, with the same configuration on the same kind of host.

pub(crate) mod comparison;
mod configuration;
mod differences;

use core::time::Duration;
use std::fs;
use std::thread;

use runtime_linux::lab::{self, Daemon, Node, Switch};

use self::comparison::{Objects, compare};
use self::differences::DIFFERENCES;
use crate::master::{Master, wait, walk};

#[test]
#[ignore = "needs snmpd and keepalived"]
fn the_objects_of_routers_are_those_of_keepalived_but_for_what_is_listed() {
    lab::test(|| {
        let ours = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let [theirs, ours] = [Daemon::keepalived(), ours]
            .map(|daemon| thread::spawn(move || objects(&daemon)))
            .map(|life| life.join().unwrap());
        assert!(theirs.len() > 500, "{theirs:#?}");
        let complaints = compare(&theirs, &ours, DIFFERENCES);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    });
}

/// Starts a daemon on a host of its own and asks it for everything once its routers are Active.
fn objects(daemon: &Daemon) -> Objects {
    let switches = ["lan0", "lan1"].map(|name| Switch::new(name).unwrap());
    let node = Node::new("host").unwrap();
    node.link_to(&switches[0], "eth0", &["192.0.2.65/24"]).unwrap();
    node.link_to(&switches[1], "eth1", &["198.51.100.66/24", "2001:db8:1::66/64"]).unwrap();
    node.install("/run/number", b"3", 0o644).unwrap();
    // keepalived never gets over an interface that had no link-local address at the start.
    let ready = || {
        let read = || fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap();
        let addresses = node.run(read).unwrap();
        let settled = addresses.lines().filter(|line| line.starts_with("fe80") && line.contains(" 20 80 "));
        settled.count() == switches.len()
    };
    wait(|| "no link-local addresses".to_owned(), ready);
    let _master = Master::start(&node);
    let process = daemon.start(&node, configuration::TEXT.as_bytes(), false).unwrap();
    // States, and the result of the script that has one.
    let settled = || {
        let states = walk(&node, "1.3.6.1.4.1.9586.100.5.2.3.1.4");
        let scripts = walk(&node, "1.3.6.1.4.1.9586.100.5.2.9.1.6.1");
        let active = states.iter().filter(|line| line.ends_with("INTEGER: 2")).count();
        active == configuration::ROUTERS && scripts == ["K.2.9.1.6.1 = INTEGER: 3"]
    };
    wait(|| format!("{}: {:?}", daemon.name, process.log()), settled);
    // What follows a state, and what one of us keeps for a second.
    thread::park_timeout(Duration::from_millis(1_500));
    let whole = ["1.3.6.1.4.1.9586.100.5", "1.3.6.1.2.1.68", "1.3.6.1.2.1.207"];
    let lines = whole.iter().flat_map(|name| walk(&node, name));
    let objects = comparison::objects(lines);
    process.stop(crate::master::PATIENCE).unwrap();
    objects
}
