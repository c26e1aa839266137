//! What keepalived and we tell scripts, FIFOs and mail servers of virtual servers and real servers (keepalived.md 3.4 to
//! 3.6), in one life with the same configuration.

use core::time::Duration;
use std::process::Command;
use std::thread;

use runtime_linux::lab::{Node, Process};

use crate::director::Director;
use crate::machine;
use crate::sink::{Letter, Sink};
use crate::waiting::{PATIENCE, until};

/// Something that happens, and what is told of it: lines in their order, scripts and letters sorted.
struct Phase {
    what: &'static str,
    happens: fn(&mut Director, &Sink),
    lines: &'static [&'static str],
    scripts: &'static [&'static str],
    letters: &'static [&'static str],
    /// What we write besides: keepalived's `FILE_CHECK` writes nothing, and the whole ends before its letters are sent.
    more: &'static [&'static str],
}

const LIFE: &[Phase] = &[
    Phase {
        what: "start",
        happens: |director, sink| director.start(&configuration(sink, true)),
        lines: &["VS [192.0.2.1]:tcp:80 UP", "VS FWM 9 UP", "VS [g]:0 UP", "VS [192.0.2.2]:tcp:80 UP"],
        scripts: &["192.0.2.1_80.up x", "192.0.2.2_80.up x", "fwmark_9.up x", "group_g.up x"],
        letters: &[
            "Virtualserver [192.0.2.1]:tcp:80 - UP",
            "Virtualserver [g]:0 - UP",
            "Virtualserver [192.0.2.2]:tcp:80 - UP",
        ],
        more: &[],
    },
    Phase {
        what: "a real server of three services goes down",
        happens: |director, _| turn(director, 2, false),
        lines: &[
            "RS [198.51.100.2]:tcp:80 [192.0.2.1]:tcp:80 DOWN",
            "RS [198.51.100.2]:none:80 FWM 9 DOWN",
            "VS FWM 9 DOWN",
            "RS [198.51.100.2]:tcp:80 [g]:0 DOWN",
            "VS [g]:0 DOWN",
        ],
        scripts: &["2.down x", "2.down x", "2.down x", "fwmark_9.down x", "group_g.down x"],
        letters: &["Virtualserver [g]:0 - DOWN"],
        more: &["Realserver [198.51.100.2]:none:80 of virtual server FWM 9 - DOWN"],
    },
    Phase {
        what: "it comes up",
        happens: |director, _| turn(director, 2, true),
        lines: &[
            "RS [198.51.100.2]:tcp:80 [192.0.2.1]:tcp:80 UP",
            "RS [198.51.100.2]:none:80 FWM 9 UP",
            "VS FWM 9 UP",
            "RS [198.51.100.2]:tcp:80 [g]:0 UP",
            "VS [g]:0 UP",
        ],
        scripts: &["2.up a b c", "2.up a b c", "2.up a b c", "fwmark_9.up x", "group_g.up x"],
        letters: &["Virtualserver [g]:0 - UP"],
        more: &["Realserver [198.51.100.2]:none:80 of virtual server FWM 9 - UP"],
    },
    Phase {
        what: "another takes the quorum with it",
        happens: |director, _| turn(director, 3, false),
        lines: &["RS [198.51.100.3]:tcp:80 [192.0.2.1]:tcp:80 DOWN", "VS [192.0.2.1]:tcp:80 DOWN"],
        scripts: &["192.0.2.1_80.down x", "3.down x"],
        letters: &["Virtualserver [192.0.2.1]:tcp:80 - DOWN"],
        more: &[],
    },
    Phase {
        what: "and brings it back",
        happens: |director, _| turn(director, 3, true),
        lines: &["RS [198.51.100.3]:tcp:80 [192.0.2.1]:tcp:80 UP", "VS [192.0.2.1]:tcp:80 UP"],
        scripts: &["192.0.2.1_80.up x", "3.up a b c"],
        letters: &["Virtualserver [192.0.2.1]:tcp:80 - UP"],
        more: &[],
    },
    Phase {
        what: "a reload takes a real server and a service away",
        happens: |director, sink| director.reload(&configuration(sink, false)),
        lines: &[
            "RS [198.51.100.2]:tcp:80 [192.0.2.1]:tcp:80 DOWN",
            "RS [198.51.100.1]:tcp:80 [192.0.2.2]:tcp:80 DOWN",
            "VS [192.0.2.2]:tcp:80 DOWN",
        ],
        scripts: &["1.down x", "192.0.2.2_80.down x", "2.down x"],
        letters: &[
            "Realserver [198.51.100.1]:tcp:80 of virtual server [192.0.2.2]:tcp:80 - DOWN",
            "Virtualserver [192.0.2.2]:tcp:80 - DOWN",
        ],
        more: &[],
    },
    Phase {
        what: "stop, with omega for one of the services",
        happens: |director, _| {
            director.stop();
        },
        lines: &[
            "RS [198.51.100.1]:tcp:80 [192.0.2.1]:tcp:80 DOWN",
            "RS [198.51.100.3]:tcp:80 [192.0.2.1]:tcp:80 DOWN",
            "VS [192.0.2.1]:tcp:80 DOWN",
        ],
        scripts: &["1.down x", "192.0.2.1_80.down x", "3.down x"],
        letters: &[],
        more: &["Virtualserver [192.0.2.1]:tcp:80 - DOWN"],
    },
];

#[test]
#[ignore = "needs the IPVS virtual machine and keepalived"]
fn scripts_fifos_and_mail_are_told_of_services_what_keepalived_tells_them() {
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
    let sink = Sink::new(&director.node);
    let mut command = Command::new("/bin/sh");
    let line = "mkfifo -m 644 /run/fifo; exec 3<>/run/fifo; echo ready; exec cat <&3 >/run/book";
    command.args(["-c", line]);
    let reader: Process = director.node.spawn(command).unwrap();
    reader.wait_for("ready", PATIENCE).unwrap();
    director.node.install("/run/lab/note", b"#!/bin/sh\necho \"$*\" >>/run/notes\n", 0o755).unwrap();
    (1..=3).for_each(|number| turn(&director, number, true));
    let ours = director.name() == "steadfast";
    let mut seen = [0; 3];
    for phase in LIFE {
        (phase.happens)(&mut director, &sink);
        let letters = [phase.letters, if ours { phase.more } else { &[] }].concat();
        let wanted = [phase.lines.len(), phase.scripts.len(), letters.len()];
        let new = |director: &Director| {
            let subjects = sink.letters().iter().map(Letter::subject).collect();
            let mut told = [lines(director, "/run/book"), lines(director, "/run/notes"), subjects];
            told.iter_mut().zip(seen).for_each(|(list, seen)| drop(list.drain(..seen)));
            told
        };
        let enough =
            |told: &[Vec<String>; 3]| told.iter().zip(wanted).all(|(list, wanted)| list.len() >= wanted);
        until(PATIENCE, || enough(&new(&director)).then_some(()));
        // For what must not come.
        thread::park_timeout(Duration::from_millis(100));
        let mut told = new(&director);
        seen.iter_mut().zip(&told).for_each(|(seen, list)| *seen += list.len());
        // It starts all scripts at once, and delivers all letters at once.
        told[1..].iter_mut().for_each(|list| list.sort());
        let mut letters: Vec<String> = letters.iter().map(|subject| format!("[lb1] {subject}")).collect();
        letters.sort();
        let what = format!("{} {}", director.name(), phase.what);
        // keepalived ends each line with a NUL as well.
        let book: Vec<&str> = told[0].iter().map(|line| line.trim_matches('\0')).collect();
        assert_eq!(book, phase.lines, "{what}{}", director.log());
        assert_eq!(told[1], phase.scripts, "{what}");
        assert_eq!(told[2], letters, "{what}");
    }
}

fn lines(director: &Director, path: &str) -> Vec<String> {
    let text = director.node.read(path).unwrap_or_default();
    String::from_utf8(text).unwrap().lines().map(ToOwned::to_owned).collect()
}

/// Lets the check of a real server succeed or fail.
fn turn(director: &Director, number: u8, good: bool) {
    director.node.install(format!("/run/f{number}"), if good { b"0" } else { b"1" }, 0o644).unwrap();
}

fn configuration(sink: &Sink, whole: bool) -> String {
    let server = |number: u8, more: &str| {
        format!(
            "real_server 198.51.100.{number} 80 {{\n notify_up \"/run/lab/note {number}.up 'a b' c\"\n \
             notify_down \"/run/lab/note {number}.down x\"\n {more}\n FILE_CHECK {{\n track_file f{number}\n weight 0\n }}\n}}\n"
        )
    };
    let service = |head: &str, more: &str, servers: &[String]| {
        let name = head.replace(' ', "_");
        format!(
            "virtual_server {head} {{\n delay_loop 1\n protocol TCP\n quorum_up \"/run/lab/note {name}.up x\"\n \
             quorum_down \"/run/lab/note {name}.down x\"\n {more}\n {}}}\n",
            servers.concat()
        )
    };
    let (quiet, loud) = ("smtp_alert off", "smtp_alert");
    let first = if whole {
        vec![server(1, quiet), server(2, quiet), server(3, &format!("{quiet}\nalpha\nweight 2"))]
    } else {
        vec![server(1, quiet), server(3, &format!("{quiet}\nalpha\nweight 2"))]
    };
    let files = (1..=3).map(|number| format!("track_file f{number} {{\n file /run/f{number}\n}}\n"));
    let last = service("192.0.2.2 80", "omega\nsmtp_alert", &[server(1, loud)]);
    [
        format!(
            "global_defs {{\n script_user root\n enable_script_security\n router_id lb1\n notification_email {{\n \
             a@example.net\n }}\n notification_email_from lb@example.net\n smtp_server 127.0.0.1 {}\n \
             lvs_notify_fifo /run/fifo\n}}\nvirtual_server_group g {{\n 192.0.2.7 80\n}}\n",
            sink.address.port()
        ),
        files.collect(),
        service("192.0.2.1 80", "quorum 3\nsmtp_alert\nomega", &first),
        service("fwmark 9", "", &[server(2, loud)]),
        service("group g", "sorry_server 203.0.113.9 80\nsmtp_alert", &[server(2, &format!("{quiet}\ninhibit_on_failure"))]),
        if whole { last } else { String::new() },
    ]
    .concat()
}
