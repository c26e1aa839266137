//! The laboratory itself.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use nix::sys::signal::Signal;
use runtime_linux::lab::{self, Frame, Node, Observer, Process, Switch};

#[test]
fn two_nodes_on_a_switch_talk_and_leave_nothing_behind() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (a, b) = (Node::new("a").unwrap(), Node::new("b").unwrap());
        a.link_to(&switch, "eth0", &["198.18.0.1/24", "2001:db8::1/64"]).unwrap();
        b.link_to(&switch, "enp1s0", &["198.18.0.2/24", "2001:db8::2/64"]).unwrap();
        for address in ["198.18.0.1:80", "[2001:db8::1]:80"] {
            let listener = a.run(|| TcpListener::bind(address)).unwrap().unwrap();
            let mut stream = b.run(|| TcpStream::connect(address)).unwrap().unwrap();
            stream.write_all(b"x").unwrap();
            let mut byte = [0];
            listener.accept().unwrap().0.read_exact(&mut byte).unwrap();
            assert_eq!(byte, *b"x");
        }
        let addresses: Vec<_> = a.addresses("eth0").unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(addresses[..2], ["198.18.0.1/24", "2001:db8::1/64"]);
    });
}

#[test]
fn a_process_sees_its_own_run_and_dies_with_its_handle() {
    lab::test(|| {
        let node = Node::new("a").unwrap();
        node.install("/run/greeting", b"hello", 0o644).unwrap();
        let process = node
            .spawn(shell("cat /run/greeting; echo; ls /run /usr/bin/env; sleep 600 & echo started; wait"))
            .unwrap();
        let id = process.id();
        assert!(process.wait_for("started", LONG).is_some(), "{:?}", process.log());
        let lines: Vec<_> = process.log().into_iter().map(|line| line.text).collect();
        assert_eq!(lines[0], "hello");
        assert!(lines.contains(&"greeting".to_owned()));
        let sleeper = sleeper(&process);
        drop(process);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
        // It has closed its files, which is what the handle waited for; the rest of its end takes a moment.
        assert!((0..1_000_000).any(|_| !runs(&sleeper)), "a grandchild survived");
    });
}

#[test]
fn a_stopped_process_tells_how_it_ended() {
    lab::test(|| {
        let node = Node::new("a").unwrap();
        let process = node
            .spawn(shell("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.1; done"))
            .unwrap();
        process.wait_for("ready", LONG).unwrap();
        assert_eq!(process.ended(), None);
        process.signal(Signal::SIGTERM).unwrap();
        assert_eq!(process.wait(LONG).and_then(|status| status.code()), Some(3));
        assert_eq!(process.wait_for("bye", LONG).unwrap().text, "bye");
    });
}

#[test]
fn what_a_process_says_last_is_there_when_it_has_ended() {
    lab::test(|| {
        let node = Node::new("a").unwrap();
        for _ in 0..50 {
            let process = node.spawn(shell("echo first; printf second")).unwrap();
            process.wait(LONG).unwrap();
            let lines: Vec<_> = process.log().into_iter().map(|line| line.text).collect();
            assert_eq!(lines, ["first", "second"]);
        }
        // One that it leaves behind holds its output open; the end does not wait for that one.
        let process = node.spawn(shell("sleep 1 & echo first; printf second")).unwrap();
        process.wait(LONG).unwrap();
        assert_eq!(process.log().first().map(|line| line.text.as_str()), Some("first"));
    });
}

#[test]
fn files_of_the_machine_cannot_be_written() {
    lab::test(|| {
        let node = Node::new("a").unwrap();
        assert!(node.install("/etc/steadfast-lab-test", b"", 0o644).is_err());
        assert!(node.install("/run/../etc/steadfast-lab-test", b"", 0o644).is_err());
        node.install("/scripts/check.sh", b"#!/bin/sh\nexit 7\n", 0o755).unwrap();
        let process = node.spawn(Command::new("/scripts/check.sh")).unwrap();
        assert_eq!(process.wait(LONG).and_then(|status| status.code()), Some(7));
        assert!(!std::path::Path::new("/scripts/check.sh").exists());
    });
}

#[test]
fn the_observer_sees_each_announcement_once_and_knows_its_node() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (a, b) = (Node::new("a").unwrap(), Node::new("b").unwrap());
        a.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        b.link_to(&switch, "eth0", &["198.18.0.2/24"]).unwrap();
        let observer = Observer::new(&switch).unwrap();
        // With arp_notify the kernel announces the addresses of a link that comes up.
        b.set("ipv4/conf/eth0/arp_notify", "1").unwrap();
        b.set_link("eth0", false).unwrap();
        b.set_link("eth0", true).unwrap();
        let announced = |node: &str| {
            let announcement = |frame: &Frame| matches!(frame, Frame::Announcement { address, .. } if address.to_string() == "198.18.0.2");
            observer.seen().iter().filter(|seen| seen.node == node && announcement(&seen.frame)).count()
        };
        observer.wait(LONG, |seen| seen.iter().find(|seen| seen.node == "b").map(|_| ())).unwrap();
        // One more frame from the other side, so that a copy of the first would have come before it.
        a.set("ipv4/conf/eth0/arp_notify", "1").unwrap();
        a.set_link("eth0", false).unwrap();
        a.set_link("eth0", true).unwrap();
        observer.wait(LONG, |seen| seen.iter().find(|seen| seen.node == "a").map(|_| ())).unwrap();
        assert_eq!((announced("a"), announced("b")), (0, 1));
    });
}

#[test]
fn a_pulled_cable_carries_nothing() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (a, b) = (Node::new("a").unwrap(), Node::new("b").unwrap());
        a.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        b.link_to(&switch, "eth0", &["198.18.0.2/24"]).unwrap();
        let _listener = a.run(|| TcpListener::bind("198.18.0.1:80")).unwrap().unwrap();
        let connect = |within| {
            let to = "198.18.0.1:80".parse().unwrap();
            b.run(|| TcpStream::connect_timeout(&to, within).is_ok()).unwrap()
        };
        assert!(connect(LONG));
        switch.set_cables(&b, false).unwrap();
        assert!(!connect(Duration::from_millis(300)));
        switch.set_cables(&b, true).unwrap();
        assert!(connect(LONG));
    });
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// The pid of the `sleep` that the shell has started.
fn sleeper(process: &Process) -> String {
    let id = process.id();
    std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))
        .expect("this kernel lists children")
        .trim()
        .to_owned()
}

/// A process that is there and no zombie.
fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

const LONG: Duration = Duration::from_secs(10);
