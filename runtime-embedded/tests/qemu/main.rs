//! The firmware in QEMU, which `.ci/firmware` builds first: two boards with each other over a wire of unix sockets, and one
//! board with keepalived and with steadfast over a TAP device in a network namespace.

mod board;
mod hub;
mod site;

use core::time::Duration;

use board::{Board, artifact, within};
use hub::Hub;
use site::{Daemon, Site};

const FIRST: u8 = 2;
const SECOND: u8 = 3;
const ALL: [&str; 4] = ["gateway", "old", "six", "polite"];

/// Three intervals of the slowest (1 s) and its skew, and half as much again for a machine under load.
const TAKEOVER: Duration = Duration::from_millis(5_500);

#[test]
#[ignore = "needs QEMU and the firmware image"]
fn two_boards_elect_each_other_and_the_second_follows_when_the_first_is_gone() {
    let hub = Hub::new();
    let first = Board::on_hub(&hub, FIRST);
    for name in ALL {
        first.expect(&format!("{name}: Backup -> Active: silence"), TAKEOVER);
    }
    // Started later, so that a machine under load cannot let the lesser one come first.
    let second = Board::on_hub(&hub, SECOND);
    second.expect("polite: Initialize -> Backup", TAKEOVER);
    std::thread::park_timeout(TAKEOVER);
    for name in ALL {
        assert!(!second.said(&format!("{name}: Backup -> Active")), "{}", second.log());
    }
    // The virtual address answers from the virtual MAC, and the long way through the host's stack fits into the RAM too.
    hub.inject(&ARP);
    hub.inject(&ping());
    let is_pong =
        |frame: &[u8]| frame[..6] == CLIENT && frame[6..12] == [0, 0, 0x5e, 0, 1, 51] && frame[23] == 1;
    assert!(within(TAKEOVER, || hub.saw(is_pong)), "{}", first.log());
    std::thread::park_timeout(Duration::from_secs(1));
    for board in [&first, &second] {
        assert!(board.deepest_stack() <= RAM, "{}", board.log());
    }
    drop(first);
    for name in ALL {
        second.expect(&format!("{name}: Backup -> Active: silence"), TAKEOVER);
    }
    // The better one comes back and takes over from the lesser one, but for the one that is told not to.
    let first = Board::on_hub(&hub, FIRST);
    for name in ["gateway", "old", "six"] {
        second.expect(&format!("{name}: Active -> Backup: outranked by"), TAKEOVER);
        first.expect(&format!("{name}: Backup -> Active: the Active router has a lesser priority"), TAKEOVER);
    }
    assert!(!first.said("polite: Backup -> Active"), "{}", first.log());
    // Told to stop, it resigns: the other one follows within the skew.
    first.stop();
    second.expect_again("gateway: Backup -> Active: the Active router resigned", TAKEOVER);
}

#[test]
#[ignore = "needs QEMU, the firmware image, keepalived and root"]
fn a_board_and_keepalived_elect_each_other_both_ways_round() {
    both_ways_round(|site, config| site.daemon("keepalived", &["-n", "-l", "-D", "-f"], config));
}

#[test]
#[ignore = "needs QEMU, the firmware image, a release build of steadfast and root"]
fn a_board_and_steadfast_elect_each_other_both_ways_round() {
    let program = artifact("STEADFAST", "release/steadfast");
    both_ways_round(move |site, config| site.daemon(&program, &["-n", "-l", "-f"], config));
}

/// The client asks for the virtual address, and so tells where it lives itself.
const ARP: [u8; 42] =
    *b"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\xee\x08\x06\0\x01\x08\0\x06\x04\0\x01\x02\0\0\0\0\xee\
    \xc0\0\x02\x4d\0\0\0\0\0\0\xc0\0\x02\x02";

/// A large ping to the virtual address.
fn ping() -> Vec<u8> {
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ethernet2(CLIENT, [0, 0, 0x5e, 0, 1, 51])
        .ipv4([192, 0, 2, 77], [192, 0, 2, 1], 64)
        .icmpv4_echo_request(1, 1)
        .write(&mut frame, &[0x5a; 1472])
        .expect("a vector takes everything");
    frame
}

const CLIENT: [u8; 6] = [2, 0, 0, 0, 0, 0xee];
/// What the board's RAM is, by its budget.
const RAM: usize = 12 * 1024;

/// Version 3 (100 ms) and version 2 with a password (1 s) at once.
fn both_ways_round(start: impl Fn(&Site, &str) -> Daemon) {
    let site = Site::new();
    let daemon = start(&site, CONFIG);
    daemon_holds(&site, true);

    // The board is the better one: it takes over, and the daemon follows a crash and a clean stop of it.
    let better = Board::on_tap(&site, FIRST);
    for name in ["gateway", "old"] {
        better.expect(&format!("{name}: Backup -> Active"), TAKEOVER);
    }
    daemon_holds(&site, false);
    drop(better);
    daemon_holds(&site, true);
    let better = Board::on_tap(&site, FIRST);
    daemon_holds(&site, false);
    better.stop();
    daemon_holds(&site, true);

    // The board is the lesser one: it follows a clean stop and a crash of the daemon, and makes way when it is back.
    let lesser = Board::on_tap(&site, SECOND);
    lesser.expect("old: Initialize -> Backup", TAKEOVER);
    std::thread::park_timeout(TAKEOVER);
    assert!(
        !lesser.said("gateway: Backup -> Active") && !lesser.said("old: Backup -> Active"),
        "{}",
        lesser.log()
    );
    daemon.terminate();
    for name in ["gateway", "old"] {
        lesser.expect(&format!("{name}: Backup -> Active: the Active router resigned"), TAKEOVER);
    }
    let daemon = start(&site, CONFIG);
    for name in ["gateway", "old"] {
        lesser.expect(&format!("{name}: Active -> Backup: outranked by 192.0.2.9"), TAKEOVER);
    }
    daemon_holds(&site, true);
    daemon.kill();
    for name in ["gateway", "old"] {
        lesser.expect(&format!("{name}: Backup -> Active: silence"), TAKEOVER);
    }
}

/// Waits until both addresses are, or are not, the daemon's.
fn daemon_holds(site: &Site, holds: bool) {
    for address in ["192.0.2.1/", "192.0.2.11/"] {
        assert!(
            within(TAKEOVER, || site.addresses().contains(address) == holds),
            "{address} should {}be there: {}",
            if holds { "" } else { "not " },
            site.addresses()
        );
    }
}

const CONFIG: &str = "
global_defs {
    vrrp_garp_master_delay 1
}
vrrp_instance gateway {
    interface lan
    version 3
    virtual_router_id 51
    priority 120
    advert_int 0.1
    virtual_ipaddress { 192.0.2.1/24 }
}
vrrp_instance old {
    interface lan
    version 2
    virtual_router_id 52
    priority 120
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass steadfas
    }
    virtual_ipaddress { 192.0.2.11/24 }
}
";
