//! FRR's vrrpd on a host: the links and addresses that it wants made beforehand, its files, and its two processes.
//!
//! vrrpd knows its virtual routers by macvlan links with the right link address and the virtual addresses on them; it
//! sets them up and down through zebra.

use core::fmt::Write;
use core::time::Duration;
use std::process::Command;

use runtime_linux::lab::{Node, Process};

use crate::cell::{Cell, Family};

/// zebra and vrrpd, in this order.
pub(crate) fn start(node: &Node, cell: &Cell, side: usize) -> Vec<Process> {
    node.install(format!("{DIRECTORY}/zebra.conf"), b"hostname lab\n", 0o644).unwrap();
    node.install(format!("{DIRECTORY}/vrrpd.conf"), configuration(cell, side).as_bytes(), 0o644).unwrap();
    let mut prepare = Command::new("sh");
    prepare.args(["-e", "-c", &links(cell)]);
    let prepare = node.spawn(prepare).unwrap();
    let status = prepare.wait(PATIENCE).expect("ip and chown end");
    assert!(status.success(), "{:?}", prepare.log());
    let zebra = daemon(node, "zebra");
    // vrrpd tries again when zebra is not there, but a second later.
    zebra.wait_for("starting", PATIENCE).unwrap_or_else(|| panic!("zebra does not start: {:?}", zebra.log()));
    vec![zebra, daemon(node, "vrrpd")]
}

/// One of FRR's programs, with the file of its name.
pub(crate) fn daemon(node: &Node, name: &str) -> Process {
    let mut command = Command::new(format!("/usr/lib/frr/{name}"));
    command.args(["-P", "0", "--log", "stdout", "--vty_socket", DIRECTORY]);
    command.args(["-z", &format!("{DIRECTORY}/zserv.api"), "-i", &format!("{DIRECTORY}/{name}.pid")]);
    command.args(["-f", &format!("{DIRECTORY}/{name}.conf")]);
    node.spawn(command).unwrap()
}

/// The commands that make the links anew, as a machine does that starts, and give the directory to FRR's user.
fn links(cell: &Cell) -> String {
    let mut script = format!("chown frr:frr {DIRECTORY}\n");
    for link in 0..cell.vrids().len() {
        let mac = cell.virtual_mac(link).map(|byte| format!("{byte:02x}")).join(":");
        write!(
            script,
            "ip link del vrrp{link} 2>/dev/null || true\n\
             ip link add vrrp{link} link eth{link} address {mac} type macvlan mode bridge\n"
        )
        .unwrap();
        match cell.family {
            // Or it would have a link-local address made of the virtual link address, on both hosts.
            Family::V4 => {
                writeln!(script, "echo 1 >/proc/sys/net/ipv6/conf/vrrp{link}/disable_ipv6").unwrap();
            }
            Family::V6 => writeln!(script, "ip link set vrrp{link} addrgenmode random").unwrap(),
        }
        for address in cell.addresses(link) {
            writeln!(script, "ip address add {address} dev vrrp{link}").unwrap();
        }
        writeln!(script, "ip link set vrrp{link} up").unwrap();
    }
    script
}

fn configuration(cell: &Cell, side: usize) -> String {
    let mut text = String::from("log stdout debugging\ndebug vrrp autoconfigure\ndebug vrrp protocol\n");
    for (link, vrid) in cell.vrids().iter().enumerate() {
        write!(
            text,
            "interface eth{link}\n vrrp {vrid} version {}\n vrrp {vrid} priority {}\n \
             vrrp {vrid} advertisement-interval {}\n",
            cell.version,
            cell.priority(side),
            cell.intervals[side],
        )
        .unwrap();
        let word = match cell.family {
            Family::V4 => "ip",
            Family::V6 => "ipv6",
        };
        for address in cell.addresses(link) {
            writeln!(text, " vrrp {vrid} {word} {}", address.split('/').next().unwrap()).unwrap();
        }
    }
    text
}

const DIRECTORY: &str = "/run/frr";
const PATIENCE: Duration = Duration::from_secs(10);
