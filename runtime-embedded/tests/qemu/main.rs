//! The firmware in QEMU, which `.ci/firmware` builds first: two boards with each other over a wire of unix sockets, one board
//! with keepalived and with steadfast over a TAP device in a network namespace, two gateways between two networks, and a
//! director with checks before two servers.

mod board;
mod ends;
mod hub;
mod interop;
mod namespace;
mod site;
mod spread;
mod twins;
mod watch;

use core::time::Duration;

use board::{Board, within};
use hub::Hub;

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
