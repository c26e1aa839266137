//! Who answers for the virtual addresses, and with which MAC.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use runtime_embedded::{Config, Instance, Port};
use vrrp_core::State::{Active, Backup};

use crate::network::{Network, mac, ms};
use crate::packets::{
    CLIENT_V4, arp_reply, arp_request, neighbour_advertisement, neighbour_solicitation, ping, pong,
};

const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OPEN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 11);
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const GLOBAL: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const VIRTUAL: [u8; 6] = [0, 0, 0x5e, 0, 1, 51];
const VIRTUAL_OPEN: [u8; 6] = [0, 0, 0x5e, 0, 1, 52];
const VIRTUAL_V6: [u8; 6] = [0, 0, 0x5e, 0, 2, 51];

const fn config(host: u8, priority: u8) -> Config<1, 3> {
    Config::new(
        [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24)],
        [
            Instance::v3("closed", 0, 51, &[IpAddr::V4(VIP)]).priority(priority),
            Instance::v3("open", 0, 52, &[IpAddr::V4(OPEN)]).priority(priority).accept(),
            Instance::v3("six", 0, 51, &[IpAddr::V6(LINK_LOCAL), IpAddr::V6(GLOBAL)]).priority(priority),
        ],
    )
}

static ALICE: Config<1, 3> = config(2, 200);
static BOB: Config<1, 3> = config(3, 100);

#[test]
fn adverts_and_announcements_come_from_the_virtual_mac() {
    let mut network = Network::new();
    network.router(&ALICE, 2, [0]);
    network.run_until(ms(5_000));
    let adverts = || network.seen.iter().filter(|seen| seen.frame[12..14] == [8, 0] && seen.frame[23] == 112);
    assert!(adverts().count() > 2);
    for seen in adverts() {
        assert!(seen.frame[6..12] == VIRTUAL || seen.frame[6..12] == VIRTUAL_OPEN);
        assert_eq!(seen.frame[..6], [1, 0, 0x5e, 0, 0, 0x12]);
        assert_eq!(seen.frame[22], 255, "TTL");
    }
    let announced = network
        .seen
        .iter()
        .find(|seen| {
            seen.frame[..6] == [0xff; 6] && seen.frame[12..14] == [8, 6] && seen.frame[28..32] == VIP.octets()
        })
        .expect("announced");
    assert_eq!(announced.frame[6..12], VIRTUAL);
}

#[test]
fn only_the_active_router_tells_where_a_virtual_address_lives() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0]);
    let bob = network.router(&BOB, 3, [0]);
    network.run_until(ms(10_000));
    assert_eq!([alice.borrow().router.state(0), bob.borrow().router.state(0)], [Active, Backup]);
    for (round, active) in [(0, 2), (1, 3)] {
        network.seen.clear();
        network.inject(0, &arp_request(VIP));
        network.inject(0, &neighbour_solicitation(GLOBAL));
        network.run_for(ms(10));
        let replies: Vec<_> = network.seen.iter().filter_map(|seen| arp_reply(&seen.frame, VIP)).collect();
        // RFC 9568 §8.1.2, RFC 5798 §8.1.2: the frame comes from the port's own MAC.
        assert_eq!(replies, [(mac(active, 0), VIRTUAL)], "round {round}");
        let adverts: Vec<_> =
            network.seen.iter().filter_map(|seen| neighbour_advertisement(&seen.frame, GLOBAL)).collect();
        // Solicited and override; not a router, since it forwards nothing.
        assert_eq!(adverts, [(0x60, VIRTUAL_V6)], "round {round}");
        alice.borrow_mut().is_alive = false;
        network.run_for(ms(5_000));
    }
}

#[test]
fn own_addresses_are_answered_for_in_every_state_with_the_own_mac() {
    let mut network = Network::new();
    network.router(&BOB, 3, [0]);
    for at in [100, 10_000] {
        network.run_until(ms(at));
        network.seen.clear();
        let own = Ipv4Addr::new(192, 0, 2, 3);
        network.inject(0, &arp_request(own));
        network.inject(0, &ping(mac(3, 0), own));
        network.run_for(ms(10));
        let replies: Vec<_> = network.seen.iter().filter_map(|seen| arp_reply(&seen.frame, own)).collect();
        assert_eq!(replies, [(mac(3, 0), mac(3, 0))]);
        let pongs: Vec<_> = network.seen.iter().filter_map(|seen| pong(&seen.frame)).collect();
        assert_eq!(pongs, [(mac(3, 0), IpAddr::V4(own))]);
    }
}

#[test]
fn a_virtual_address_is_pinged_only_where_it_accepts_and_only_at_the_active_router() {
    let mut network = Network::new();
    network.router(&ALICE, 2, [0]);
    network.router(&BOB, 3, [0]);
    network.run_until(ms(10_000));
    network.seen.clear();
    // The router learns where the client lives, as it would from the client's own question.
    network.inject(0, &arp_request(Ipv4Addr::new(192, 0, 2, 2)));
    network.inject(0, &ping(VIRTUAL, VIP));
    network.inject(0, &ping(VIRTUAL_OPEN, OPEN));
    // By the Backup's own MAC: somebody has an old entry.
    network.inject(0, &ping(mac(3, 0), OPEN));
    network.run_for(ms(10));
    let pongs: Vec<_> = network.seen.iter().filter_map(|seen| pong(&seen.frame)).collect();
    assert_eq!(pongs, [(VIRTUAL_OPEN, IpAddr::V4(OPEN))]);
}

#[test]
fn a_router_that_asks_from_a_virtual_address_names_the_virtual_mac() {
    let mut network = Network::new();
    network.router(&ALICE, 2, [0]);
    network.run_until(ms(10_000));
    network.seen.clear();
    // The client is unknown, so the answer to its ping must wait for an ARP request of the router.
    network.inject(0, &ping(VIRTUAL_OPEN, OPEN));
    network.run_for(ms(10));
    for seen in network.seen.iter().filter(|seen| seen.frame[12..14] == [8, 6]) {
        let sender: [u8; 4] = seen.frame[28..32].try_into().unwrap();
        assert!(Ipv4Addr::from(sender) != OPEN || seen.frame[22..28] == VIRTUAL_OPEN);
        assert_eq!(seen.frame[38..42], CLIENT_V4.octets());
    }
}
