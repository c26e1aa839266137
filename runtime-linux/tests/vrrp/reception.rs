//! What arrives and must not count.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::os::fd::AsRawFd;

use etherparse::{IpFragOffset, IpNumber, Ipv4Header};
use nix::sys::socket::{MsgFlags, sendto};
use runtime_linux::clock;
use runtime_linux::config::model::Authentication;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Frame, Node, Observer, Seen, Switch};
use runtime_linux::netlink::route::Route;
use runtime_linux::sys::link_address;
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::wire::checksum::{self, ChecksumForm};
use vrrp_core::{Family, Version};

use crate::station::{PATIENCE, Station, instance, pause, wait};

#[test]
fn a_malformed_advert_is_counted_under_its_name_and_changes_nothing() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let forger = Forger::new(&switch);
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        let cases: &[(&str, Vec<u8>)] = &[
            ("too_short", ip(&ADVERT[..7])),
            ("ttl", Envelope { ttl: 254, ..ENVELOPE }.around(&ADVERT)),
            ("unicast_for_multicast", Envelope { destination: [198, 18, 0, 1], ..ENVELOPE }.around(&ADVERT)),
            ("unknown_version", ip(&changed(0, 0x41))),
            ("version_mismatch", ip(&changed(0, 0x21))),
            ("type", ip(&changed(0, 0x32))),
            ("length", ip(&changed(3, 2))),
            ("length", ip(&[&ADVERT[..], &[0; 4]].concat())),
            ("checksum", ip(&ADVERT.map(|byte| if byte == 250 { 251 } else { byte }))),
            ("no_addresses", ip(&summed([0x31, 51, 250, 0, 0, 10, 0, 0]))),
            ("interval_zero", ip(&changed(5, 0))),
            ("source", Envelope { source: [0; 4], ..ENVELOPE }.around(&ADVERT)),
        ];
        for (counter, packet) in cases {
            let before = station.count(counter);
            forger.send(packet);
            wait(PATIENCE, &format!("not counted as {counter}: {packet:02x?}"), || {
                station.count(counter) == before + 1
            });
            assert_eq!(station.instance("a").state, "MASTER", "after {counter}");
        }
        assert_eq!(station.count("adverts_received"), 0);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
        // The same advert, whole, is heard: the cases above fail for their own reason.
        forger.send(&ip(&ADVERT));
        station.wait_for(Phase::Backup, PATIENCE);
    });
}

#[test]
fn a_packet_that_is_no_advert_of_ours_is_counted_at_the_interface() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let forger = Forger::new(&switch);
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        // To the host itself: a switch that snoops on groups drops a damaged packet for one.
        let mut damaged = Envelope { destination: [198, 18, 0, 1], ..ENVELOPE }.around(&ADVERT);
        damaged[10] ^= 1;
        let fragment = Envelope { more_fragments: true, ..ENVELOPE }.around(&ADVERT);
        let mut cut = ip(&ADVERT);
        cut.truncate(28);
        let cases: &[(&str, Vec<u8>)] = &[
            ("ip_header_checksum", damaged),
            ("ip_fragment", fragment),
            ("ip_short", cut),
            ("vrrp_short", ip(&[0x31])),
        ];
        for (counter, packet) in cases {
            forger.send(packet);
            wait(PATIENCE, &format!("not counted as {counter}"), || {
                station.status().interfaces["eth0"].get(counter) == Some(&1)
            });
        }
        // Another VRID is dropped by the kernel: nobody here hears of it.
        forger.send(&ip(&changed(1, 52)));
        forger.send(&ip(&[0x31]));
        wait(PATIENCE, "the last packet is not counted", || {
            station.status().interfaces["eth0"].get("vrrp_short") == Some(&2)
        });
        assert_eq!(station.status().interfaces["eth0"].get("unknown_vrid"), None);
        assert_eq!(station.instance("a").state, "MASTER");
    });
}

#[test]
fn version_2_has_rungs_of_its_own() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let forger = Forger::new(&switch);
        let mut one = instance("a", 100);
        one.version = Version::V2;
        one.advert_interval = Duration::from_secs(1);
        one.authentication = Authentication::Password(*b"secret\0\0");
        one.wants_active = true;
        station.apply(&[one]);
        station.wait_for(Phase::Master, PATIENCE);
        let advert = |kind: u8, seconds: u8, address: u8, password: [u8; 8]| {
            let mut advert = vec![0x21, 51, 250, 1, kind, seconds, 0, 0, 198, 18, 0, address];
            advert.extend(password);
            let sum = checksum::compute(
                &advert,
                Version::V2,
                SOURCE.into(),
                Family::V4.multicast_group(),
                ChecksumForm::Rfc9568,
            );
            advert[6..8].copy_from_slice(&sum.to_be_bytes());
            ip(&advert)
        };
        let password = *b"secret\0\0";
        let cases: &[(&str, Vec<u8>)] = &[
            ("authentication_unknown", advert(9, 1, 100, password)),
            ("authentication_mismatch", advert(0, 1, 100, [0; 8])),
            ("password", advert(1, 1, 100, *b"guess\0\0\0")),
            ("interval_mismatch", advert(1, 2, 100, password)),
            ("address_list", advert(1, 1, 99, password)),
        ];
        for (counter, packet) in cases {
            forger.send(packet);
            wait(PATIENCE, &format!("not counted as {counter}"), || station.count(counter) == 1);
            assert_eq!(station.instance("a").state, "MASTER", "after {counter}");
        }
        forger.send(&advert(1, 1, 100, password));
        station.wait_for(Phase::Backup, PATIENCE);
    });
}

#[test]
fn who_loses_says_a_last_word_and_who_hears_it_announces() {
    // F1: the winner of a healed split need not have heard the loser before.
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (one, forger) = (Station::new(&switch, "one", 1), Forger::new(&switch));
        let observer = Observer::new(&switch).unwrap();
        let mut wish = instance("a", 100);
        wish.garp.delay = Duration::ZERO;
        one.apply(&[wish.clone()]);
        one.wait_for(Phase::Master, PATIENCE);
        pause(Duration::from_millis(500));
        // It hears a lesser one: neighbours may have learnt that one's place.
        let announcements = || {
            let is_ours =
                |seen: &&Seen| seen.node == "one" && matches!(seen.frame, Frame::Announcement { .. });
            observer.seen().iter().filter(is_ours).count()
        };
        let before = announcements();
        forger.send(&ip(&changed(2, 50)));
        wait(PATIENCE, "it does not announce again", || announcements() >= before + 5);
        // It hears a better one.
        let heard = clock::wall();
        forger.send(&ip(&ADVERT));
        one.wait_for(Phase::Backup, PATIENCE);
        wait(PATIENCE, "it keeps the address", || !one.has("198.18.0.100"));
        let words = |since: Duration| {
            let seen = observer.seen();
            let adverts = seen.iter().filter(|seen| seen.node == "one" && seen.at > since);
            adverts.filter_map(|seen| seen.advert().map(|advert| advert.priority)).collect::<Vec<_>>()
        };
        wait(PATIENCE, "it yields in silence", || words(heard) == [100]);
        // Unless it is told to.
        wish.higher_priority_send_advert = false;
        one.apply(&[wish]);
        one.wait_for(Phase::Master, PATIENCE);
        pause(Duration::from_millis(150));
        let heard = clock::wall();
        forger.send(&ip(&ADVERT));
        one.wait_for(Phase::Backup, PATIENCE);
        let after = words(heard + Duration::from_millis(50));
        assert_eq!(after, Vec::<u8>::new());
    });
}

#[test]
fn a_flood_of_junk_does_not_silence_the_active_router() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let forger = Forger::new(&switch);
        let observer = Observer::new(&switch).unwrap();
        high.apply(&[instance("a", 200)]);
        low.apply(&[instance("a", 100)]);
        high.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low does not hear", || low.instance("a").active.is_some());
        let junk = ip(&changed(5, 0));
        let sent_before = observer.seen().iter().filter(|seen| seen.node == "high").count();
        for _ in 0..100 {
            for _ in 0..50 {
                forger.send(&junk);
            }
            pause(Duration::from_millis(10));
        }
        assert!(high.count("interval_zero") > 1000, "the junk does not arrive");
        let sent = observer.seen().iter().filter(|seen| seen.node == "high").count() - sent_before;
        assert!(sent >= 8, "{sent} adverts in a second and more");
        assert_eq!((high.instance("a").state, low.instance("a").state), ("MASTER", "BACKUP"));
        assert_eq!(low.count("became_active"), 0);
    });
}

/// Version 3, VRID 51, priority 250, 100 ms, 198.18.0.100, sum as RFC 9568 has it.
const ADVERT: [u8; 12] = [0x31, 51, 250, 1, 0, 10, 0x0e, 0x4a, 198, 18, 0, 100];
const SOURCE: [u8; 4] = [198, 18, 0, 66];

#[test]
fn the_forged_advert_is_valid() {
    assert_eq!(summed(ADVERT), ADVERT);
}

/// The advert with another byte, and a sum that holds.
fn changed(at: usize, value: u8) -> [u8; 12] {
    let mut advert = ADVERT;
    advert[at] = value;
    summed(advert)
}

fn summed<const N: usize>(mut advert: [u8; N]) -> [u8; N] {
    let group = Family::V4.multicast_group();
    let sum = checksum::compute(&advert, Version::V3, SOURCE.into(), group, ChecksumForm::Rfc9568);
    advert[6..8].copy_from_slice(&sum.to_be_bytes());
    advert
}

fn ip(message: &[u8]) -> Vec<u8> {
    ENVELOPE.around(message)
}

struct Envelope {
    source: [u8; 4],
    destination: [u8; 4],
    ttl: u8,
    more_fragments: bool,
}

const ENVELOPE: Envelope =
    Envelope { source: SOURCE, destination: [224, 0, 0, 18], ttl: 255, more_fragments: false };

impl Envelope {
    fn around(&self, message: &[u8]) -> Vec<u8> {
        let length = message.len().try_into().unwrap();
        let mut header =
            Ipv4Header::new(length, self.ttl, IpNumber(112), self.source, self.destination).unwrap();
        header.dont_fragment = false;
        header.more_fragments = self.more_fragments;
        header.fragment_offset = IpFragOffset::ZERO;
        header.header_checksum = header.calc_header_checksum();
        [&header.to_bytes()[..], message].concat()
    }
}

/// A host that puts any packet on the wire.
struct Forger {
    socket: Socket,
    index: u32,
}

impl Forger {
    fn new(switch: &Switch) -> Self {
        let node = Node::new("forger").unwrap();
        node.link_to(switch, "eth0", &["198.18.0.66/24"]).unwrap();
        node.run(|| {
            let links = Route::open().unwrap().links().unwrap();
            let index = links.iter().find(|link| link.name == "eth0").unwrap().index;
            let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(0))).unwrap();
            Self { socket, index }
        })
        .unwrap()
    }

    /// Sends an IPv4 packet to the VRRP group's link address, whatever its own destination; one to the host
    /// itself goes to everybody.
    fn send(&self, packet: &[u8]) {
        let destination = packet.get(16..20).map_or(Ipv4Addr::UNSPECIFIED, |octets| {
            Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3])
        });
        let mac = if IpAddr::from(destination) == Family::V4.multicast_group() {
            Family::V4.multicast_mac()
        } else {
            [0xff; 6]
        };
        let to = link_address(self.index, 0x0800, mac);
        sendto(self.socket.as_raw_fd(), packet, &to, MsgFlags::empty()).unwrap();
    }
}
