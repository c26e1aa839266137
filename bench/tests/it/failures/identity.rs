//! Routers that are hard to tell apart, or share a name by mistake: F14, F15, F18, F19, F28.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use std::rc::Rc;

use bench::simulation::{Simulation, Station, Wish};
use vrrp_core::{Action, Family, Ignored, Notice, Settings, State, Version, virtual_mac};

use crate::group::{WAY, address, adverts, changes, run, running, s, station, stopped, times, with};

#[test]
pub(super) fn f14_twins_with_link_addresses_of_their_own_settle_on_one() {
    // E1.2: same priority, same address.
    let twin = |mac| Station { source: address(7), mac: Some([2, 0, 0, 0, 0, mac]), ..station(7, 100) };
    for (low, high) in [(1, 2), (2, 1)] {
        let mut group = parted(vec![twin(low), twin(high)]);
        group.heal();
        run(&mut group, s(10));
        assert_eq!(group.active(), [usize::from(high > low)]);
    }
}

#[test]
pub(super) fn f14_twins_behind_the_virtual_mac_stay_silently_and_raise_the_alarm() {
    // E1.4: undecidable on the wire; no storm.
    let shared = station(7, 100);
    let mac = Some(virtual_mac(shared.wish.family, shared.wish.vrid));
    let twin = Station { source: address(7), mac, ..shared };
    stay_and_raise_the_alarm(vec![twin.clone(), twin]);
}

#[test]
pub(super) fn f15_adverts_that_come_back_to_their_sender_change_nothing() {
    let mut group = stopped(1, vec![station(1, 100), station(2, 90)]);
    group.set_loops(true);
    group.start(0);
    group.start(1);
    run(&mut group, s(60));
    assert_eq!(group.active(), [0]);
    let said = times(&group, Duration::ZERO, 0, |action| action == Action::Noticed(Notice::Loop));
    assert_eq!(said.len(), 1);
    assert_eq!(changes(&group, s(5)), []);
}

#[test]
pub(super) fn f18_two_groups_with_one_identifier_are_told_apart_within_one_advert() {
    // In version 3 the lesser one's addresses have nobody, in version 2 both are Active: both know why at once.
    let with_address = |host, priority, last| {
        with(station(host, priority), |wish| wish.addresses = Rc::from([address(last)]))
    };
    let group = running(1, vec![with_address(1, 200, 100), with_address(2, 100, 101)]);
    assert_eq!(group.active(), [0]);
    let told = times(
        &group,
        Duration::ZERO,
        1,
        |action| matches!(action, Action::Noticed(Notice::AddressListMismatch { source }) if source == address(1)),
    );
    let first = adverts(&group, Duration::ZERO, 0)[0];
    assert!((first..=first + WAY).contains(&told[0]), "{told:?}");

    let old =
        |host, priority, last| with(with_address(host, priority, last), |wish| wish.version = Version::V2);
    let mut group = stopped(1, vec![old(1, 200, 100), old(2, 100, 101)]);
    group.tolerate_overlap();
    group.start(0);
    group.start(1);
    run(&mut group, s(10));
    assert_eq!(group.active(), [0, 1]);
    for node in [0, 1] {
        let told =
            times(&group, Duration::ZERO, node, |action| action == Action::Ignored(Ignored::AddressList));
        let first = adverts(&group, Duration::ZERO, 1 - node)[0];
        assert!((first..=first + WAY).contains(&told[0]), "router {node}: {told:?}");
    }
}

#[test]
pub(super) fn f19_two_owners_settle_on_one_in_version_3_and_never_in_version_2() {
    // Erratum 8298; RFC 3768 §7.1 has owners listen to nobody.
    let mut group = running(1, vec![station(1, 255), station(2, 255)]);
    assert_eq!(group.active(), [1], "the greater address");
    let said = times(&group, Duration::ZERO, 0, |action| {
        matches!(action, Action::Noticed(Notice::SecondOwner { .. }))
    });
    assert!(!said.is_empty());
    run(&mut group, s(60));

    let v2 = |host| with(station(host, 255), |wish| wish.version = Version::V2);
    let mut group = stopped(1, vec![v2(1), v2(2)]);
    group.start(0);
    group.start(1);
    group.tolerate_overlap();
    run(&mut group, s(20));
    assert_eq!(group.active(), [0, 1]);
}

#[test]
pub(super) fn f28_equal_link_local_addresses_raise_the_alarm_and_no_storm() {
    // What comes of it when both hosts make their address from the virtual MAC, as RFC 9568 §7.4 forbids. That
    // ours do not is for a kernel to show: `IN_NAMESPACES`.
    let shared = station(7, 100);
    let addresses: Rc<[IpAddr]> = Rc::from([IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x64))]);
    let wish: Wish = Settings::new(shared.wish.vrid, Family::V6, addresses);
    let from_virtual_mac = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x0200, 0x5eff, 0xfe00, 0x0233);
    let mac = Some(virtual_mac(Family::V6, wish.vrid));
    let twin = Station { wish, source: IpAddr::V6(from_virtual_mac), mac, ..shared };
    stay_and_raise_the_alarm(vec![twin.clone(), twin]);
}

fn stay_and_raise_the_alarm(twins: Vec<Station>) {
    let mut group = parted(twins);
    let from = group.now();
    group.heal();
    group.tolerate_overlap();
    run(&mut group, s(9));
    assert_eq!(group.active(), [0, 1]);
    for node in [0, 1] {
        let alarm = times(&group, from, node, |action| action == Action::Noticed(Notice::DuplicateIdentity));
        assert_eq!(alarm.len(), 1);
        let first = adverts(&group, from, 1 - node)[0];
        assert!((first..=first + WAY).contains(&alarm[0]), "within one advert");
        assert!(adverts(&group, from, node).len() <= 10);
    }
    assert!(
        times(&group, from, 0, |action| matches!(action, Action::Transition { to: State::Backup, .. }))
            .is_empty()
    );
}

/// Two routers that became Active apart from each other.
fn parted(stations: Vec<Station>) -> Simulation {
    let mut group = stopped(1, stations);
    group.partition(&[0]);
    group.start(0);
    group.start(1);
    run(&mut group, s(20));
    assert_eq!(group.active(), [0, 1]);
    group
}
