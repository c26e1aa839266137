//! A host on which everything is written down that a daemon says: scripts, FIFOs, mail.

use core::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use runtime_linux::lab::{Daemon, Node, Process, Switch};
use runtime_linux::netlink::route::Route;
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::wire::checksum;
use vrrp_core::{ChecksumForm, Family, Version};

use crate::host::{PATIENCE, wait};
use crate::sink::Sink;

/// A host with two links, a mail server of its own, and somebody else on the first link.
pub(crate) struct Witness {
    pub(crate) node: Node,
    pub(crate) mail: Sink,
    other: Node,
    reader: Option<Process>,
    _switches: [Switch; 2],
}

impl Witness {
    pub(crate) fn new() -> Self {
        let switches = [Switch::new("lan").unwrap(), Switch::new("far").unwrap()];
        let (node, other) = (Node::new("host").unwrap(), Node::new("other").unwrap());
        node.link_to(&switches[0], "eth0", &["198.18.0.1/24"]).unwrap();
        node.link_to(&switches[1], "eth1", &["198.19.0.1/24"]).unwrap();
        other.link_to(&switches[0], "eth0", &[&format!("{OTHER}/24")]).unwrap();
        let running = |node: &Node| {
            node.run(|| Route::open().unwrap().links().unwrap().iter().all(|link| link.running))
        };
        wait(|| "a link does not run".to_owned(), || running(&node).unwrap() && running(&other).unwrap());
        let mail = Sink::new(&node);
        let witness = Self { node, mail, other, reader: None, _switches: switches };
        witness.script("note", "echo \"$*\" >>/run/notes");
        witness
    }

    /// Reads a FIFO that is there before the daemon and stays after it.
    pub(crate) fn read_fifo(&mut self) {
        let line = "mkfifo -m 644 /run/fifo; exec 3<>/run/fifo; echo ready; exec cat <&3 >/run/book";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        let reader = self.node.spawn(command).unwrap();
        reader.wait_for("ready", PATIENCE).unwrap();
        self.reader = Some(reader);
    }

    /// A shell script, as `/run/lab/NAME`.
    pub(crate) fn script(&self, name: &str, lines: &str) {
        let text = format!("#!/bin/sh\n{lines}\n");
        self.node.install(format!("/run/lab/{name}"), text.as_bytes(), 0o755).unwrap();
    }

    pub(crate) fn start(&self, daemon: &Daemon, configuration: &str) -> Process {
        let mut daemon = daemon.clone();
        // What must not get through to scripts.
        let arguments = [
            "IFS= ",
            "LD_LIBRARY_PATH=/nowhere",
            "LD_PRELOAD=",
            "MAILTO=root",
            daemon.program.to_str().unwrap(),
        ];
        daemon.arguments.splice(0..0, arguments.map(ToOwned::to_owned));
        daemon.program = "/usr/bin/env".into();
        daemon.start(&self.node, configuration.as_bytes(), false).unwrap()
    }

    /// An advert of version 3 from somebody else, for one address, with an interval of 100 ms.
    pub(crate) fn advertise(&self, vrid: u8, priority: u8, address: [u8; 4]) {
        let mut advert = [0x31, vrid, priority, 1, 0, 10, 0, 0, 0, 0, 0, 0];
        advert[8..].copy_from_slice(&address);
        let sum = checksum::compute(
            &advert,
            Version::V3,
            OTHER.into(),
            Family::V4.multicast_group(),
            ChecksumForm::PseudoHeader,
        );
        advert[6..8].copy_from_slice(&sum.to_be_bytes());
        self.other
            .run(|| {
                let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(112))).unwrap();
                socket.set_multicast_ttl_v4(255).unwrap();
                socket.set_multicast_if_v4(&OTHER).unwrap();
                let to = core::net::SocketAddr::from((Ipv4Addr::new(224, 0, 0, 18), 0));
                socket.send_to(&advert, &to.into()).unwrap();
            })
            .unwrap();
    }

    /// The lines of a file there; none if it is not there.
    pub(crate) fn lines(&self, path: impl AsRef<Path>) -> Vec<String> {
        let text = self.node.read(path).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().map(ToOwned::to_owned).collect()
    }
}

const OTHER: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 66);
