//! Forwarding between two ports, and through whichever of two gateways is Active.

use core::net::{IpAddr, Ipv4Addr};

use runtime_embedded::{Config, Gateway, Instance, Port};
use vrrp_core::State::Active;

use crate::network::{Network, mac, ms};
use crate::packets::{CLIENT, CLIENT_V4, Mac, arp_for, arp_reply_frame, arp_request, datagram};

const INSIDE: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
const OUTSIDE: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1))];
const SERVER: Mac = [2, 0, 0, 0, 0xee, 2];
const SERVER_V4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 80);
const VIRTUAL: Mac = [0, 0, 0x5e, 0, 1, 1];

const fn gateway(host: u8, priority: u8) -> Config<2, 2> {
    Config::new(
        [
            Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24),
            Port::new("wan").ipv4(Ipv4Addr::new(198, 51, 100, host), 24),
        ],
        [
            Instance::v3("inside", 0, 1, INSIDE).priority(priority).group("gateway"),
            Instance::v3("outside", 1, 2, OUTSIDE).priority(priority).group("gateway"),
        ],
    )
}

static ALICE: Config<2, 2> = gateway(2, 200);
static BOB: Config<2, 2> = gateway(3, 100);

/// The datagrams that reached the server's side: from which MAC, with which TTL, and how long.
fn arrived(network: &Network) -> Vec<(Mac, u8, usize)> {
    let frames = network.seen.iter().map(|seen| &seen.frame);
    frames
        .filter(|frame| frame[12..14] == [8, 0] && frame[23] == 17 && frame[..6] == SERVER)
        .map(|frame| (frame[6..12].try_into().expect("six bytes"), frame[22], frame.len()))
        .collect()
}

#[test]
fn the_active_gateway_asks_for_the_next_hop_and_forwards_and_its_twin_follows_it() {
    let mut network = Network::new();
    let alice = network.router_with(&ALICE, 2, [0, 1], Gateway::<8, 2>::new());
    let bob = network.router_with(&BOB, 3, [0, 1], Gateway::<8, 2>::new());
    network.run_until(ms(10_000));
    for active in [2, 3] {
        network.seen.clear();
        network.inject(0, &datagram(CLIENT, VIRTUAL, CLIENT_V4, SERVER_V4, 64));
        network.run_for(ms(10));
        assert_eq!(arrived(&network), [], "it does not know the server yet");
        let asks = network.seen.iter().filter(|seen| arp_for(&seen.frame, SERVER_V4) == Some(mac(active, 1)));
        assert_eq!(asks.count(), 1);
        let answer = arp_reply_frame(SERVER, SERVER_V4, mac(active, 1), Ipv4Addr::new(198, 51, 100, active));
        network.inject(1, &answer);
        network.run_for(ms(10));
        network.inject(0, &datagram(CLIENT, VIRTUAL, CLIENT_V4, SERVER_V4, 2));
        network.run_for(ms(10));
        let expected = [(mac(active, 1), 63, 14 + 28 + 5), (mac(active, 1), 1, 14 + 28 + 5)];
        assert_eq!(arrived(&network), expected, "the one that waited, and one more, each one hop further");
        alice.borrow_mut().is_alive = false;
        network.run_for(ms(5_000));
    }
    assert_eq!(bob.borrow().router.state(0), Active);
    assert_eq!(bob.borrow_mut().router.plane().counters().forwarded, 2);
}

#[test]
fn what_no_router_may_forward_is_counted_and_dropped() {
    let mut network = Network::new();
    let alice = network.router_with(&ALICE, 2, [0, 1], Gateway::<8, 2>::new());
    network.run_until(ms(10_000));
    network.inject(0, &arp_request(Ipv4Addr::new(192, 0, 2, 1)));
    network.inject(0, &datagram(CLIENT, VIRTUAL, CLIENT_V4, SERVER_V4, 1));
    network.inject(0, &datagram(CLIENT, VIRTUAL, CLIENT_V4, Ipv4Addr::new(10, 9, 8, 7), 64));
    network.inject(0, &datagram(CLIENT, VIRTUAL, CLIENT_V4, Ipv4Addr::new(169, 254, 0, 1), 64));
    let mut damaged = datagram(CLIENT, VIRTUAL, CLIENT_V4, SERVER_V4, 64);
    damaged[24] ^= 1;
    network.inject(0, &damaged);
    network.run_for(ms(10));
    let counters = *alice.borrow_mut().router.plane().counters();
    assert_eq!((counters.expired, counters.unroutable, counters.malformed), (1, 2, 1));
    // Nobody answers for this one: it is asked for three times.
    network.seen.clear();
    network.inject(0, &datagram(CLIENT, VIRTUAL, CLIENT_V4, SERVER_V4, 64));
    network.run_for(ms(5_000));
    assert_eq!(network.seen.iter().filter(|seen| arp_for(&seen.frame, SERVER_V4).is_some()).count(), 3);
    assert_eq!(alice.borrow_mut().router.plane().counters().unanswered, 1);
}
