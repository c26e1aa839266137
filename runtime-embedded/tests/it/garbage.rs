//! A million frames of garbage and traffic: nothing panics, and the election does not notice, whichever host is behind it.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use runtime_embedded::{Config, Instance, Port};
use vrrp_core::State::{Active, Backup};

use crate::network::{Network, mac, ms};
use crate::packets::{arp_request, neighbour_solicitation, ping};

const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

const fn config(host: u8, priority: u8) -> Config<1, 2> {
    Config::new(
        [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24)],
        [
            Instance::v3("four", 0, 51, &[IpAddr::V4(VIP)]).priority(priority).accept(),
            Instance::v3("six", 0, 51, &[IpAddr::V6(LINK_LOCAL)]).priority(priority),
        ],
    )
}

static ALICE: Config<1, 2> = config(2, 200);
static BOB: Config<1, 2> = config(3, 100);

const FRAMES: u32 = 1_000_000;

#[test]
fn a_million_frames_of_garbage_and_traffic_change_nothing() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0]);
    let bob = network.small_router(&BOB, 3, [0]);
    network.run_until(ms(5_000));
    let good: Vec<Vec<u8>> = network.seen.drain(..).map(|seen| seen.frame).collect();
    let good = [
        good,
        vec![
            arp_request(VIP),
            neighbour_solicitation(LINK_LOCAL),
            ping([0, 0, 0x5e, 0, 1, 51], VIP),
            ping(mac(3, 0), Ipv4Addr::new(192, 0, 2, 3)),
        ],
    ]
    .concat();
    network.watches = false;
    let mut random = Random(0x0005_eedf_00d5);
    for number in 0..FRAMES {
        network.inject(0, &frame(&mut random, &good));
        // A burst of 32 each 5 ms: the routers are busy, and virtual hours pass.
        if number % 32 == 0 {
            network.run_for(ms(5));
        }
    }
    network.run_for(ms(5_000));
    for index in 0..2 {
        assert_eq!(alice.borrow().router.state(index), Active);
        assert_eq!(bob.borrow().router.state(index), Backup);
    }
    // Backup when it started, Active, and nothing since.
    assert_eq!(alice.borrow().log.transitions("four").len(), 2);
    assert_eq!(alice.borrow().log.transitions("six").len(), 2);
    assert_eq!(bob.borrow().log.transitions("four").len(), 1);
    assert_eq!(bob.borrow().log.transitions("six").len(), 1);
    assert!(alice.borrow().router.counters(0).received >= u64::from(FRAMES));
}

/// A spoiled frame, or one of the last four, which are no adverts, as it is.
pub(crate) fn frame(random: &mut Random, good: &[Vec<u8>]) -> Vec<u8> {
    match random.below(4) {
        0 => good[good.len() - 1 - random.below(4)].clone(),
        _ => spoil(random, good),
    }
}

/// Noise, or a good frame with something broken. A damaged advert whose checksum still holds would be a forgery and not
/// garbage: one that is cut, or has one bit changed, is not.
pub(crate) fn spoil(random: &mut Random, good: &[Vec<u8>]) -> Vec<u8> {
    match random.below(3) {
        0 => {
            let length = random.below(1514);
            let mut frame: Vec<u8> = (0..length).map(|_| random.byte()).collect();
            let targets = [[0xff; 6], mac(2, 0), mac(3, 0), [0, 0, 0x5e, 0, 1, 51], [1, 0, 0x5e, 0, 0, 18]];
            let types = [[8, 0], [8, 6], [0x86, 0xdd], [0x81, 0], [0, 46]];
            if length >= 14 {
                frame[..6].copy_from_slice(&targets[random.below(targets.len())]);
                frame[12..14].copy_from_slice(&types[random.below(types.len())]);
            }
            frame
        }
        1 => {
            let mut frame = good[random.below(good.len())].clone();
            frame.truncate(random.below(frame.len()));
            frame
        }
        _ => {
            let mut frame = good[random.below(good.len())].clone();
            // With another link address an advert would be another router's.
            let first = if is_advert(&frame) { 14 } else { 0 };
            let at = first + random.below(frame.len() - first);
            frame[at] ^= 1 << random.below(8);
            frame
        }
    }
}

fn is_advert(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0] && frame.get(23) == Some(&112)
        || frame[12..14] == [0x86, 0xdd] && frame.get(20) == Some(&112)
}

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(u16::from_le_bytes([self.byte(), self.byte()])) % bound.max(1)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}
