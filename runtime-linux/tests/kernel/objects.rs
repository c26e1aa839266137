//! The traps of virtual servers and real servers that keepalived and we send in one life with the same configuration.

use core::time::Duration;
use std::thread;

use runtime_linux::lab::Node;

use crate::director::Director;
use crate::machine;
use crate::master::{Master, wait};
use crate::waiting;

/// Something that happens, and the traps about it in their order: real server, its or the quorum's status, service, and
/// how many of its servers are up.
struct Phase {
    what: &'static str,
    happens: fn(&mut Director),
    traps: &'static [(Option<u8>, u8, &'static Service, u8)],
}

/// A service in traps: its quorum, its servers, and the objects that name it.
struct Service {
    quorum: u8,
    total: u8,
    objects: &'static str,
}

const ADDRESS: &Service = &Service {
    quorum: 2,
    total: 2,
    objects: "K.3.3.1.2 = INTEGER: 2 K.3.3.1.5 = INTEGER: 1 K.3.3.1.6 = Hex-STRING: C0 00 02 01 K.3.3.1.7 = Gauge32: 80 \
              K.3.3.1.8 = INTEGER: 1",
};
/// keepalived 2.2.7 says that the protocol of a mark is 2, UDP, though its MIB has 4, none, for it.
const MARK: &Service = &Service {
    quorum: 1,
    total: 1,
    objects: "K.3.3.1.2 = INTEGER: 1 K.3.3.1.4 = Gauge32: 9 K.3.3.1.8 = INTEGER: 4",
};
const GROUP: &Service = &Service {
    quorum: 1,
    total: 1,
    objects: "K.3.3.1.2 = INTEGER: 3 K.3.3.1.3 = STRING: \"g\" K.3.3.1.8 = INTEGER: 1",
};

const LIFE: &[Phase] = &[
    Phase {
        what: "start",
        happens: |director| director.start(&configuration()),
        traps: &[(None, 1, ADDRESS, 2), (None, 1, MARK, 1), (None, 1, GROUP, 1)],
    },
    Phase {
        what: "a real server of three services goes down",
        happens: |director| turn(director, 2, false),
        traps: &[
            (Some(2), 2, ADDRESS, 1),
            (None, 2, ADDRESS, 1),
            (Some(2), 2, MARK, 0),
            (None, 2, MARK, 0),
            (Some(2), 2, GROUP, 0),
            (None, 2, GROUP, 0),
        ],
    },
    Phase {
        what: "it comes up",
        happens: |director| turn(director, 2, true),
        traps: &[
            (Some(2), 1, ADDRESS, 2),
            (None, 1, ADDRESS, 2),
            (Some(2), 1, MARK, 1),
            (None, 1, MARK, 1),
            (Some(2), 1, GROUP, 1),
            (None, 1, GROUP, 1),
        ],
    },
    Phase {
        what: "stop",
        happens: |director| {
            director.stop();
        },
        traps: &[
            (Some(1), 2, ADDRESS, 1),
            (Some(2), 2, ADDRESS, 0),
            (None, 3, ADDRESS, 0),
            (Some(2), 2, MARK, 0),
            (None, 3, MARK, 0),
            (Some(2), 2, GROUP, 0),
            (None, 3, GROUP, 0),
        ],
    },
];

#[test]
#[ignore = "needs the IPVS virtual machine, keepalived and snmpd"]
fn traps_of_services_are_keepalived_s() {
    machine::inside(|| {
        let lives = [|| Director::keepalived(node("keepalived")), || Director::steadfast(node("steadfast"))];
        let lives = lives.map(|director| thread::spawn(move || live(director())));
        for life in lives {
            life.join().unwrap();
        }
    });
}

fn node(name: &str) -> Node {
    Node::new(name).unwrap()
}

fn live(mut director: Director) {
    let master = Master::start(&director.node);
    (1..=2).for_each(|number| turn(&director, number, true));
    let mut seen = 0;
    for Phase { what, happens, traps } in LIFE {
        happens(&mut director);
        let what = format!("{} {what}", director.name());
        wait(
            || format!("{what}: {:#?}{}", master.traps(), director.log()),
            || master.traps().len() >= seen + traps.len(),
        );
        // For what must not come.
        let quiet = waiting::now();
        while quiet.elapsed() < Duration::from_millis(200) {
            thread::park_timeout(Duration::from_millis(50));
        }
        let mut new = master.traps().split_off(seen);
        seen += new.len();
        for trap in new.iter_mut().filter(|_| director.name() == "keepalived") {
            *trap = trap.replace("Gauge32: 9 K.3.3.1.8 = INTEGER: 2", "Gauge32: 9 K.3.3.1.8 = INTEGER: 4");
        }
        assert_eq!(new, traps.iter().map(line).collect::<Vec<_>>(), "{what}{}", director.log());
    }
}

fn line(&(server, status, service, up): &(Option<u8>, u8, &Service, u8)) -> String {
    let Service { quorum, total, objects } = service;
    let (head, state) = match server {
        Some(server) => (
            format!(
                "K.3.5.0.1 K.3.4.1.3 = INTEGER: 1 K.3.4.1.4 = Hex-STRING: C6 33 64 0{server} K.3.4.1.5 = Gauge32: 80 \
                 K.3.4.1.6 = INTEGER: {status} "
            ),
            String::new(),
        ),
        None => (
            "K.3.5.0.2 ".to_owned(),
            format!(" K.3.3.1.23 = INTEGER: {status} K.3.3.1.22 = Gauge32: {quorum}"),
        ),
    };
    format!(
        "{head}{objects}{state} K.3.3.1.21 = Gauge32: {up} K.3.3.1.20 = Gauge32: {total} K.1.2.0 = STRING: \"lb1\""
    )
}

/// Lets the check of a real server succeed or fail.
fn turn(director: &Director, number: u8, good: bool) {
    director.node.install(format!("/run/f{number}"), if good { b"0" } else { b"1" }, 0o644).unwrap();
}

fn configuration() -> String {
    let server = |number: u8, more: &str| {
        format!(
            "real_server 198.51.100.{number} 80 {{\n {more}\n FILE_CHECK {{\n track_file f{number}\n weight 0\n }}\n}}\n"
        )
    };
    let service = |head: &str, more: &str, servers: &[String]| {
        format!("virtual_server {head} {{\n delay_loop 1\n protocol TCP\n {more}\n {}}}\n", servers.concat())
    };
    let files = (1..=2).map(|number| format!("track_file f{number} {{\n file /run/f{number}\n}}\n"));
    [
        "global_defs {\n router_id lb1\n enable_traps\n enable_snmp_checker\n snmp_socket unix:/run/agentx\n}\n\
         virtual_server_group g {\n 192.0.2.7 80\n}\n"
            .to_owned(),
        files.collect(),
        service("192.0.2.1 80", "quorum 2", &[server(1, ""), server(2, "")]),
        service("fwmark 9", "", &[server(2, "")]),
        service("group g", "", &[server(2, "inhibit_on_failure")]),
    ]
    .concat()
}
