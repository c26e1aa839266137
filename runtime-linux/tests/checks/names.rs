//! NSD, with a zone, an answer too big for a datagram, and a zone that it has lost.

use core::fmt::Write as _;
use std::process::Command;

use runtime_linux::lab::{Node, Process};

use crate::scene::PATIENCE;

pub(crate) fn start(node: &Node) -> Process {
    let mut zone = ZONE.to_owned();
    for number in 0..40 {
        writeln!(zone, "big TXT \"piece {number} of an answer that no datagram of 512 bytes holds\"")
            .unwrap();
    }
    node.install("/run/names/example.zone", zone.as_bytes(), 0o644).unwrap();
    node.install("/run/names/nsd.conf", CONFIGURATION.as_bytes(), 0o644).unwrap();
    run(node)
}

/// Starts it with the files that are there.
pub(crate) fn run(node: &Node) -> Process {
    let mut command = Command::new("/usr/sbin/nsd");
    command.args(["-d", "-c", "/run/names/nsd.conf"]);
    let process = node.spawn(command).unwrap();
    process.wait_for("nsd started", PATIENCE).unwrap_or_else(|| panic!("nsd: {:?}", process.log()));
    process
}

const CONFIGURATION: &str = r#"
server:
    ip-address: 198.18.0.2
    username: ""
    chroot: ""
    zonesdir: "/run/names"
    database: ""
    pidfile: "/run/names/nsd.pid"
    xfrdfile: "/run/names/xfrd.state"
    xfrdir: "/run/names"
    zonelistfile: "/run/names/zone.list"
    server-count: 1
    minimal-responses: yes
    verbosity: 1
remote-control:
    control-enable: no
zone:
    name: "example"
    zonefile: "example.zone"
zone:
    name: "lost.test"
    zonefile: "not-there.zone"
"#;

const ZONE: &str = "\
$ORIGIN example.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 198.18.0.2
www A 192.0.2.80
www A 192.0.2.81
www AAAA 2001:db8::80
alias CNAME www
@ MX 10 mail
@ TXT \"one \" \"and two\"
";
