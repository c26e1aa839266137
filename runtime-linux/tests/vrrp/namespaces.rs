//! A daemon that lives in another network namespace than the one it was started in.

use core::time::Duration;
use std::process::Command;

use runtime_linux::lab::{self, Daemon, Node, Switch};

use crate::station::{PATIENCE, wait};

#[test]
fn it_works_in_the_namespace_that_it_is_told_and_keeps_its_files_apart() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (home, blue) = (Node::new("home").unwrap(), Node::new("blue").unwrap());
        home.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        blue.link_to(&switch, "eth0", &["198.18.0.2/24"]).unwrap();
        name(&home, &blue, "blue");
        for (global, flags, pid) in [
            ("net_namespace blue", &[][..], "/run/keepalived/blue/keepalived.pid"),
            ("net_namespace red\ninstance x", &["-s", "blue"][..], "/run/keepalived/blue/keepalived_x.pid"),
        ] {
            let text = format!(
                "{global}\nglobal_defs {{\n vrrp_version 3\n}}\nvrrp_instance a {{\n interface eth0\n \
                 virtual_router_id 51\n advert_int 0.1\n virtual_ipaddress {{\n 198.18.0.100/24\n }}\n}}\n"
            );
            let mut daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
            daemon.arguments.extend(flags.iter().map(|&flag| flag.to_owned()));
            let process = daemon.start(&home, text.as_bytes(), false).unwrap();
            let has = |node: &Node| {
                node.addresses("eth0").unwrap().iter().any(|cidr| cidr.address.to_string() == "198.18.0.100")
            };
            wait(PATIENCE, "the address does not come", || has(&blue));
            assert!(!has(&home));
            let number = String::from_utf8(home.read(pid).unwrap()).unwrap();
            assert_eq!(number.trim(), process.id().to_string());
            // From outside its control socket is beside the pid file.
            let mut status = Command::new(env!("CARGO_BIN_EXE_steadfast"));
            status.args(["status", "--socket", &pid.replace(".pid", ".sock")]);
            let status = home.spawn(status).unwrap();
            assert!(status.wait(PATIENCE).is_some_and(|status| status.success()), "{:?}", status.log());
            process.stop(Duration::from_secs(5)).unwrap().expect("it does not stop");
            assert!(home.read(pid).is_err(), "the pid file is left");
            assert!(!has(&blue));
        }
    });
}

#[test]
fn a_namespace_that_is_not_there_is_named_and_nothing_runs() {
    lab::test(|| {
        let home = Node::new("home").unwrap();
        let daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let process = daemon.start(&home, b"net_namespace nowhere\n", false).unwrap();
        assert!(process.wait(PATIENCE).is_some_and(|status| !status.success()));
        let words = "network namespace nowhere: cannot open /run/netns/nowhere: No such file or directory";
        assert!(process.wait_for(words, Duration::ZERO).is_some(), "{:?}", process.log());
    });
}

/// Gives the network of `node` a name on `home`, as `ip netns attach` does.
fn name(home: &Node, node: &Node, name: &str) {
    let line = format!(
        "mkdir -p /run/netns && touch /run/netns/{name} && mount --bind {} /run/netns/{name}",
        node.network_path()
    );
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &line]);
    let process = home.spawn(command).unwrap();
    assert!(process.wait(PATIENCE).is_some_and(|status| status.success()), "{:?}", process.log());
}
