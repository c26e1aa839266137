//! FRR's bfdd.

use std::process::Command;

use runtime_linux::lab::{Node, Process};

use crate::scene::{PATIENCE, settle};

/// zebra and bfdd, in this order.
pub(crate) fn start(node: &Node) -> Vec<Process> {
    let peer = "bfd\n peer 198.18.0.1\n  detect-multiplier 3\n  transmit-interval 50\n  receive-interval 50\n exit\nexit\n";
    node.install("/run/frr/zebra.conf", b"hostname lab\n", 0o644).unwrap();
    node.install("/run/frr/bfdd.conf", peer.as_bytes(), 0o644).unwrap();
    let mut prepare = Command::new("chown");
    prepare.args(["frr:frr", "/run/frr"]);
    settle(&node.spawn(prepare).unwrap());
    let zebra = daemon(node, "zebra");
    zebra.wait_for("starting", PATIENCE).unwrap_or_else(|| panic!("zebra: {:?}", zebra.log()));
    vec![zebra, daemon(node, "bfdd")]
}

fn daemon(node: &Node, name: &str) -> Process {
    let mut command = Command::new(format!("/usr/lib/frr/{name}"));
    command.args(["-P", "0", "--log", "stdout", "--vty_socket", "/run/frr", "-z", "/run/frr/zserv.api"]);
    command.args(["-i", &format!("/run/frr/{name}.pid"), "-f", &format!("/run/frr/{name}.conf")]);
    node.spawn(command).unwrap()
}
