//! Words that one instance in a thousand says.

use core::net::IpAddr;
use core::time::Duration;

use runtime_linux::config::model::{ExtraAnnouncements, Instance, OldChecksum, Rare, UnicastPeer};
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Raw, Switch, Wiretap};
use vrrp_core::Version;
use vrrp_core::wire::checksum::{self, ChecksumForm};

use crate::station::{PATIENCE, Station, address, instance, wait};

fn with(rare: Rare, instance: Instance) -> Instance {
    Instance { rare: rare.boxed(), ..instance }
}

/// `garp_extra_if`.
#[test]
fn addresses_on_other_interfaces_are_announced_again_and_again() {
    lab::test(|| {
        let (lan, wan) = (Switch::new("lan").unwrap(), Switch::new("wan").unwrap());
        let station = Station::new(&lan, "one", 1);
        station.node.link_to(&wan, "eth1", &["198.19.0.1/24"]).unwrap();
        let taps = [Wiretap::new(&lan).unwrap(), Wiretap::new(&wan).unwrap()];
        let every = Duration::from_millis(150);
        let extra = |on_all| Rare {
            extra_announcements: Some(ExtraAnnouncements { every, on_all }),
            ..Rare::default()
        };
        let mut one = instance("a", 100);
        (one.garp.repeat, one.garp.delay) = (1, Duration::ZERO);
        let mut elsewhere = address("198.19.0.100", 24);
        elsewhere.interface = Some("eth1".to_owned());
        one.excluded = vec![elsewhere].into();
        let announced = |tap: &Wiretap| tap.frames().iter().filter(|raw| is_announcement(raw)).count();
        // eth1 is no virtual interface: a burst of one and no more.
        station.apply(&[with(extra(false), one.clone())]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "it is not announced", || taps.iter().all(|tap| announced(tap) == 1));
        crate::station::pause(every * 4);
        assert_eq!(taps.each_ref().map(announced), [1, 1]);
        station.apply(&[with(extra(true), one.clone())]);
        wait(PATIENCE, "it is not announced again", || announced(&taps[1]) >= 4);
        assert_eq!(announced(&taps[0]), 1);
        // And no more without the word.
        station.apply(&[one]);
        crate::station::pause(every);
        let before = announced(&taps[1]);
        crate::station::pause(every * 4);
        assert_eq!(announced(&taps[1]), before);
    });
}

/// `owner_ignore_adverts` (RFC 9568 §6.4.3).
#[test]
fn an_owner_that_is_told_to_hears_no_other_owner() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (mut first, second) = (Station::new(&switch, "one", 1), Station::new(&switch, "two", 2));
        let deaf = Rare { owner_ignores_adverts: true, ..Rare::default() };
        first.apply(&[with(deaf, instance("a", 255))]);
        first.wait_for(Phase::Master, PATIENCE);
        second.apply(&[with(deaf, instance("a", 255))]);
        second.wait_for(Phase::Master, PATIENCE);
        let ignored = |station: &Station| station.status().interfaces["eth0"].get("owner_ignores").copied();
        wait(PATIENCE, "nobody ignores", || [&first, &second].iter().all(|one| ignored(one) >= Some(3)));
        assert_eq!((first.count("adverts_received"), second.count("adverts_received")), (0, 0));
        assert_eq!(first.instance("a").state, "MASTER");
        // Who listens yields to the greater address (erratum 8298).
        first.apply(&[instance("a", 255)]);
        first.wait_for(Phase::Backup, PATIENCE);
        assert_eq!(first.lines("claims to own the addresses too"), 1);
    });
}

/// `unicast_fault_no_peer`.
#[test]
fn without_peers_it_takes_no_part_until_it_has_one() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let lacking = Rare { lacks_peers: true, ..Rare::default() };
        station.apply(&[with(lacking, instance("a", 100))]);
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(station.lines("(a) it has no unicast_peer (unicast_fault_no_peer)"), 1);
        station.apply(&[unicast(100, 2, OldChecksum::Follow)]);
        station.wait_for(Phase::Master, PATIENCE);
    });
}

/// `old_unicast_checksum`.
#[test]
fn an_old_checksum_is_sent_when_asked_for_understood_and_answered_in_kind() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (high, mut low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let tap = Wiretap::new(&switch).unwrap();
        low.apply(&[unicast(100, 1, OldChecksum::Always)]);
        low.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "low is silent", || sums(&tap, "low").len() >= 3);
        assert!(sums(&tap, "low").iter().all(|old| *old));
        high.apply(&[unicast(200, 2, OldChecksum::Follow)]);
        high.wait_for(Phase::Master, PATIENCE);
        low.wait_for(Phase::Backup, PATIENCE);
        assert_eq!(high.count("checksum"), 0);
        assert!(high.count("adverts_received") > 0);
        wait(PATIENCE, "high is silent", || sums(&tap, "high").len() >= 3);
        assert!(sums(&tap, "high").iter().all(|old| *old));
        low.stop();
    });
}

#[test]
fn where_an_old_checksum_is_never_to_be_understood_it_is_wrong() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let tap = Wiretap::new(&switch).unwrap();
        high.apply(&[unicast(200, 2, OldChecksum::Never)]);
        high.wait_for(Phase::Master, PATIENCE);
        // It hears the better one, and is heard by nobody.
        low.apply(&[Instance { higher_priority_send_advert: true, ..unicast(250, 1, OldChecksum::Always) }]);
        low.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "nothing is dropped", || high.count("checksum") >= 3);
        assert_eq!(high.instance("a").state, "MASTER");
        assert!(sums(&tap, "high").iter().all(|old| !old));
    });
}

fn unicast(priority: u8, peer: u8, old_checksum: OldChecksum) -> Instance {
    let peer = UnicastPeer { address: [198, 18, 0, peer].into(), min_ttl: 0, max_ttl: 255 };
    let one = Instance { unicast_peers: vec![peer].into(), ..instance("a", priority) };
    with(Rare { old_checksum, ..Rare::default() }, one)
}

/// Of each unicast advert of `node` whether its checksum is the old one.
fn sums(tap: &Wiretap, node: &str) -> Vec<bool> {
    let frames = tap.frames();
    let adverts = frames.iter().filter(|raw| raw.node == node).filter_map(|raw| {
        let (kind, packet) = raw.payload();
        (kind == 0x0800 && packet.get(9) == Some(&112)).then_some(packet)
    });
    let old = |packet: &[u8]| {
        let length = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
        let part = |from: usize| IpAddr::from(*packet[from..].first_chunk::<4>().unwrap());
        let holds = |to: IpAddr| checksum::verify(&packet[20..length], Version::V3, part(12), to);
        match (holds(part(16)), holds([224, 0, 0, 18].into())) {
            (None, Some(ChecksumForm::PseudoHeader)) => true,
            (Some(ChecksumForm::PseudoHeader), None) => false,
            other => panic!("{other:?}"),
        }
    };
    adverts.map(old).collect()
}

fn is_announcement(raw: &Raw) -> bool {
    let (kind, arp) = raw.payload();
    kind == 0x0806 && arp.get(14..18) == arp.get(24..28) && arp.get(17) == Some(&100)
}
