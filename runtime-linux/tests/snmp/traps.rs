//! The traps of routers and groups that keepalived and we send in one life with the same configuration.

use core::time::Duration;
use std::thread;

use nix::net::if_::if_nametoindex;
use runtime_linux::lab::{self, Daemon, Node, Switch};

use crate::master::{Master, PATIENCE, wait};

/// Something that happens, and the traps about it, sorted. `INDEX` is that of the interface.
struct Phase {
    what: &'static str,
    happens: fn(&Node, &runtime_linux::lab::Process),
    traps: &'static [&'static str],
}

const LIFE: &[Phase] = &[
    Phase {
        what: "start",
        happens: |_, _| {},
        traps: &[
            "K.2.10.0.1 K.2.1.1.2 = STRING: \"G\" K.2.1.1.3 = INTEGER: 1 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.1 K.2.1.1.2 = STRING: \"G\" K.2.1.1.3 = INTEGER: 2 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.2 K.2.3.1.2 = STRING: \"A\" K.2.3.1.4 = INTEGER: 1 K.2.3.1.5 = INTEGER: 1 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.2 K.2.3.1.2 = STRING: \"A\" K.2.3.1.4 = INTEGER: 2 K.2.3.1.5 = INTEGER: 1 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.2 K.2.3.1.2 = STRING: \"B\" K.2.3.1.4 = INTEGER: 1 K.2.3.1.5 = INTEGER: 2 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.2 K.2.3.1.2 = STRING: \"B\" K.2.3.1.4 = INTEGER: 2 K.2.3.1.5 = INTEGER: 2 K.1.2.0 = STRING: \"R1\"",
            "M.207.0.1 M.207.1.1.1.1.3.INDEX.51.1 = Hex-STRING: C6 12 00 01 M.207.1.2.5.1.2.INDEX.51.1 = INTEGER: 3",
            "M.207.0.1 M.207.1.1.1.1.3.INDEX.52.1 = Hex-STRING: C6 12 00 01 M.207.1.2.5.1.2.INDEX.52.1 = INTEGER: 3",
            "M.68.0.1 M.68.1.3.1.7.INDEX.51 = IpAddress: 198.18.0.1",
        ],
    },
    Phase {
        what: "the link goes",
        happens: |node, _| node.set_link("eth0", false).unwrap(),
        traps: &[
            "K.2.10.0.1 K.2.1.1.2 = STRING: \"G\" K.2.1.1.3 = INTEGER: 3 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.2 K.2.3.1.2 = STRING: \"A\" K.2.3.1.4 = INTEGER: 3 K.2.3.1.5 = INTEGER: 1 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.2 K.2.3.1.2 = STRING: \"B\" K.2.3.1.4 = INTEGER: 3 K.2.3.1.5 = INTEGER: 2 K.1.2.0 = STRING: \"R1\"",
        ],
    },
    Phase {
        what: "stop",
        happens: |_, process| {
            assert!(process.stop(PATIENCE).unwrap().is_some_and(|status| status.success()));
        },
        traps: &[
            "K.2.10.0.1 K.2.1.1.2 = STRING: \"G\" K.2.1.1.3 = INTEGER: 5 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.2 K.2.3.1.2 = STRING: \"A\" K.2.3.1.4 = INTEGER: 5 K.2.3.1.5 = INTEGER: 1 K.1.2.0 = STRING: \"R1\"",
            "K.2.10.0.2 K.2.3.1.2 = STRING: \"B\" K.2.3.1.4 = INTEGER: 5 K.2.3.1.5 = INTEGER: 2 K.1.2.0 = STRING: \"R1\"",
        ],
    },
];

#[test]
#[ignore = "needs snmpd, snmptrapd, keepalived"]
fn traps_of_routers_and_groups_are_keepalived_s() {
    lab::test(|| {
        let ours = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let lives = [Daemon::keepalived(), ours].map(|daemon| thread::spawn(move || live(&daemon)));
        for life in lives {
            life.join().unwrap();
        }
    });
}

fn live(daemon: &Daemon) {
    let switch = Switch::new("lan").unwrap();
    let node = Node::new("host").unwrap();
    node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
    let index = node.run(|| if_nametoindex("eth0")).unwrap().unwrap().to_string();
    let master = Master::start(&node);
    let process = daemon.start(&node, CONFIGURATION.as_bytes(), false).unwrap();
    let mut seen = 0;
    for Phase { what, happens, traps } in LIFE {
        happens(&node, &process);
        let what = format!("{} {what}", daemon.name);
        wait(
            || format!("{what}: {:#?} {:#?}", master.traps(), process.log()),
            || master.traps().len() >= seen + traps.len(),
        );
        // For what must not come.
        thread::park_timeout(Duration::from_millis(200));
        let mut new = master.traps().split_off(seen);
        seen += new.len();
        new.sort();
        let mut wanted: Vec<String> = traps.iter().map(|trap| trap.replace("INDEX", &index)).collect();
        wanted.sort();
        assert_eq!(new, wanted, "{what}");
    }
}

const CONFIGURATION: &str = "global_defs {
    router_id R1
    enable_traps
    enable_snmp_vrrp
    enable_snmp_rfc
    snmp_socket unix:/run/agentx
}
vrrp_sync_group G {
    group {
        A
        B
    }
}
vrrp_instance A {
    interface eth0
    virtual_router_id 51
    priority 250
    advert_int 1
    virtual_ipaddress {
        198.18.0.100/24
    }
}
vrrp_instance B {
    interface eth0
    state MASTER
    version 3
    virtual_router_id 52
    priority 250
    advert_int 0.5
    virtual_ipaddress {
        198.18.0.101/24
    }
}
";
