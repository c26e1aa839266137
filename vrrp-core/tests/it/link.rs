//! What goes over the link, and when this host answers there for the addresses.

use core::net::{IpAddr, Ipv4Addr};

use vrrp_core::rank::{Contest, Rank};
use vrrp_core::wire::checksum::{self, ChecksumForm};
use vrrp_core::{Action, Event, Family, State, Version, virtual_mac};

use crate::scene::{MAC, OTHER_MAC, active, advert, host, made, ms, priority, started, v2, v3, v6, vrid};

#[test]
fn adverts_go_to_the_group_of_their_family() {
    // P3
    assert_eq!(Family::V4.multicast_group(), "224.0.0.18".parse::<IpAddr>().unwrap());
    assert_eq!(Family::V6.multicast_group(), "ff02::12".parse::<IpAddr>().unwrap());
    assert_eq!(Family::V4.multicast_mac(), [0x01, 0x00, 0x5e, 0x00, 0x00, 0x12]);
    assert_eq!(Family::V6.multicast_mac(), [0x33, 0x33, 0x00, 0x00, 0x00, 0x12]);
}

#[test]
fn an_advert_counts_from_the_virtual_mac_from_a_real_one_and_from_nowhere_known() {
    // P6
    for mac in [Some(virtual_mac(Family::V4, vrid(51))), Some(OTHER_MAC), None] {
        let mut router = active(v3());
        let mut better = advert(&router, 200);
        better.mac = mac;
        drop(better.to(&mut router, ms(4_000)));
        assert_eq!(router.state(), State::Backup, "{mac:?}");
    }
}

#[test]
fn the_checksum_is_the_complement_of_the_sum_with_its_own_field_as_zero() {
    // P10, P11; RFC 1071: carries come round again. The message is T1 with all bits set in its checksum.
    let mut message = [0; 20];
    message[..8].copy_from_slice(&[0x21, 1, 100, 1, 0, 1, 0xff, 0xff]);
    message[8..12].copy_from_slice(&[192, 0, 2, 1]);
    let (source, group) = (host(Family::V4, 10), Family::V4.multicast_group());
    assert_eq!(checksum::compute(&message, Version::V2, source, group, ChecksumForm::Rfc9568), 0xb8fa);
    let carries = [0xff; 20];
    let sum = checksum::compute(&carries, Version::V2, source, group, ChecksumForm::Rfc9568);
    assert_eq!(sum, 0, "nine words of ones add up to ones");
}

#[test]
fn both_checksum_forms_hold_at_once_only_where_the_pseudo_header_adds_nothing() {
    // P15: 192.0.2.10 -> 224.0.0.18, protocol 112, 12 bytes do not sum to ones; another source makes them.
    let group = Family::V4.multicast_group();
    let message = [0x31, 1, 100, 1, 0, 100, 0, 0, 192, 0, 2, 1];
    let both = |source: Ipv4Addr| {
        let form = |form| checksum::compute(&message, Version::V3, source.into(), group, form);
        (form(ChecksumForm::Rfc9568), form(ChecksumForm::PseudoHeader))
    };
    assert_eq!(both(Ipv4Addr::new(192, 0, 2, 10)), (0xa897, 0x05fe));
    // 0xe000 + 0x0012 + 112 + 12 = 0xe08e, so 0x1f71 is what is missing to 0xffff.
    assert_eq!(both(Ipv4Addr::new(0, 0, 0x1f, 0x71)), (0xa897, 0xa897));
}

#[test]
fn addresses_compare_as_unsigned_numbers_in_network_order() {
    // S4: the last octet of the lesser one is the greater, and its first looks negative to a signed compare.
    let rank = |address: &str, mac| Rank { priority: 100, address: address.parse().unwrap(), mac: Some(mac) };
    for (lesser, greater) in [
        ("10.0.0.200", "10.0.1.1"),
        ("127.0.0.9", "128.0.0.1"),
        ("fe80::1:9", "fe80::2:1"),
        ("fe80::9", "fe80::80"),
    ] {
        assert_eq!(rank(lesser, OTHER_MAC).contest(&rank(greater, MAC)), Contest::Lost, "{lesser}");
        assert_eq!(rank(greater, MAC).contest(&rank(lesser, OTHER_MAC)), Contest::Won, "{lesser}");
    }
}

#[test]
fn addresses_are_claimed_before_they_are_announced_and_let_go_of_with_the_state() {
    // S11, S12, D3, D6, Σ2: what answers for an address is the host that holds it.
    for wish in [v2(), v3(), v6()] {
        let mut router = started(wish);
        let silence = router.deadline().expect("a Backup waits");
        let entering = router.handle(silence, Event::Tick);
        assert_eq!(duties(&entering), ["claim", "announce"]);
        let better = advert(&router, 200);
        assert_eq!(duties(&better.to(&mut router, silence + ms(1))), ["release"]);
        // As a Backup it never claims nor announces, whatever it is told.
        let told = [Event::Announce, Event::Priority(priority(90)), Event::Tick];
        for event in told {
            assert_eq!(duties(&router.handle(silence + ms(2), event)), [""; 0]);
        }
        assert_eq!(router.state(), State::Backup);
    }
    // Before it takes part it announces nothing either.
    assert_eq!(duties(&made(v3()).handle(ms(1), Event::Announce)), [""; 0]);
}

/// What `actions` have this host do about its addresses, in order.
fn duties(actions: &[Action]) -> Vec<&'static str> {
    let duty = |action: &Action| match action {
        Action::ClaimAddresses => Some("claim"),
        Action::ReleaseAddresses => Some("release"),
        Action::Announce { .. } => Some("announce"),
        Action::Advertise { .. }
        | Action::Transition { .. }
        | Action::Heard { .. }
        | Action::Ignored(_)
        | Action::Noticed(_) => None,
    };
    actions.iter().filter_map(duty).collect()
}
