//! Two routers that both think they are Active, and adverts that nobody should have sent.

use core::time::Duration;

use bench::simulation::{Simulation, Station};
use vrrp_core::{Action, ChecksumForm, Notice, State, Version, virtual_mac};

use crate::group::{
    LATE, WAY, address, adverts, announcements, changes, interval, ms, run, running, s, station, stopped,
    times, with,
};

#[test]
fn a_healed_partition_leaves_the_better_router_within_an_interval() {
    // F1, Λ4
    for phase in 0..50 {
        let (group, heal) = healed(phase, false);
        let [(down, 1, State::Backup)] = changes(&group, heal)[..] else {
            panic!("{:?}", changes(&group, heal));
        };
        assert!(down.saturating_sub(heal) <= ms(1_000) + WAY * 2 + LATE);
        let beaten = |action| matches!(action, Action::Noticed(Notice::SecondActive { .. }));
        if !times(&group, heal, 0, beaten).is_empty() {
            assert!(announces_last(&group, heal), "phase {phase}");
        }
    }
}

#[test]
fn a_loser_that_says_farewell_has_the_winner_announce_in_every_case() {
    // F1: without it the winner does not know of a loser that heard it first.
    for phase in 0..50 {
        let (group, heal) = healed(phase, true);
        assert_eq!(group.active(), [0]);
        assert!(announces_last(&group, heal), "phase {phase}");
    }
}

/// Two routers that were parted and hear each other again, three seconds later; and when they began to.
fn healed(phase: u64, farewell: bool) -> (Simulation, Duration) {
    let polite =
        |host, priority| with(station(host, priority), |wish| wish.higher_priority_send_advert = farewell);
    let mut group = running(phase, vec![polite(1, 200), polite(2, 100)]);
    group.partition(&[0]);
    run(&mut group, s(10) + ms(20 * phase));
    assert_eq!(group.active(), [0, 1]);
    let heal = group.now();
    group.heal();
    run(&mut group, s(3));
    (group, heal)
}

/// Hosts have learnt the place of router 1: router 0 is heard after it.
fn announces_last(group: &Simulation, heal: Duration) -> bool {
    let loser = announcements(group, heal, 1).last().copied().unwrap_or(heal);
    announcements(group, heal, 0).iter().any(|at| *at > loser && *at <= heal + ms(1_300))
}

#[test]
fn a_link_that_loses_one_direction_keeps_two_routers_active_at_a_bounded_rate() {
    // F2: no rule of VRRP ends this. The better one answers in vain, once for each advert it hears.
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    group.cut(0, 1, true);
    run(&mut group, s(10));
    let from = group.now();
    run(&mut group, s(60));
    assert_eq!(group.active(), [0, 1]);
    let (better, lesser) = (adverts(&group, from, 0).len(), adverts(&group, from, 1).len());
    assert!((118..=122).contains(&better), "{better} adverts");
    assert!((59..=61).contains(&lesser), "{lesser} adverts");
    let from = group.now();
    group.heal();
    run(&mut group, s(2));
    assert_eq!(group.active(), [0]);
    assert_eq!(changes(&group, from).len(), 1);
}

#[test]
fn a_forged_resignation_sent_to_all_is_put_right_by_the_active_router() {
    // F11
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    let from = group.now();
    for _ in 0..50 {
        group.forge(1, 0, address(99), 0);
        group.forge(0, 0, address(99), 0);
        run(&mut group, ms(330));
    }
    assert_eq!(changes(&group, from), []);
}

#[test]
fn a_forged_resignation_sent_to_a_backup_alone_works_and_is_put_right_when_it_speaks() {
    // F11: as the RFC has it. Nothing in the protocol tells it from a real one.
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    let due = adverts(&group, group.now().saturating_sub(s(2)), 0).last().copied().expect("it advertises")
        + ms(1_000);
    let wait = (due + ms(5)).saturating_sub(group.now());
    run(&mut group, wait);
    let from = group.now();
    group.forge(1, 0, address(99), 0);
    run(&mut group, s(10));
    let [(up, 1, State::Active), (down, 1, State::Backup)] = changes(&group, from)[..] else {
        panic!("{:?}", changes(&group, from));
    };
    let skew = Duration::from_nanos(609_375_000);
    assert!((skew..=skew + LATE).contains(&(up.saturating_sub(from))));
    assert!(down.saturating_sub(up) <= WAY * 2, "answered at once");
}

#[test]
fn a_stream_of_forged_adverts_does_not_make_an_active_router_talk_without_limit() {
    // F12, F13, Λ7, which is watched at every step.
    for priority in [0, 50] {
        let mut group = running(1, vec![station(1, 200), station(2, 100)]);
        let from = group.now();
        for _ in 0..10_000 {
            group.forge(0, 0, address(99), priority);
            run(&mut group, ms(1));
        }
        let sent = adverts(&group, from, 0);
        assert!(sent.len() <= 10 * 9, "{} adverts in ten intervals", sent.len());
        let silent = sent.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max();
        assert!(silent <= Some(ms(1_001)), "{silent:?}");
        assert_eq!(changes(&group, from), []);
    }
}

#[test]
fn twins_with_link_addresses_of_their_own_settle_on_one() {
    // F14, E1.2: same priority, same address.
    let twin = |mac| Station { source: address(7), mac: Some([2, 0, 0, 0, 0, mac]), ..station(7, 100) };
    for (low, high) in [(1, 2), (2, 1)] {
        let mut group = parted(vec![twin(low), twin(high)]);
        group.heal();
        run(&mut group, s(10));
        assert_eq!(group.active(), [usize::from(high > low)]);
    }
}

#[test]
fn twins_behind_the_virtual_mac_stay_silently_and_raise_the_alarm() {
    // F14, E1.4: undecidable on the wire; no storm.
    let shared = station(7, 100);
    let mac = Some(virtual_mac(shared.wish.family, shared.wish.vrid));
    let twin = Station { source: address(7), mac, ..shared };
    let mut group = parted(vec![twin.clone(), twin]);
    let from = group.now();
    group.heal();
    group.tolerate_overlap();
    run(&mut group, s(9));
    assert_eq!(group.active(), [0, 1]);
    for node in [0, 1] {
        let alarm = times(&group, from, node, |action| action == Action::Noticed(Notice::DuplicateIdentity));
        assert_eq!(alarm.len(), 1);
        assert!(adverts(&group, from, node).len() <= 10);
    }
}

#[test]
fn adverts_that_come_back_to_their_sender_change_nothing() {
    // F15
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
fn two_owners_settle_on_one_in_version_3_and_never_in_version_2() {
    // F19, erratum 8298; RFC 3768 §7.1 has owners listen to nobody.
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
fn a_group_with_both_checksum_camps_has_one_active_router() {
    // F26, P13
    let camp = |host, priority, form| with(station(host, priority), |wish| wish.checksum = form);
    let mut group = running(
        1,
        vec![
            camp(1, 200, ChecksumForm::Rfc9568),
            camp(2, 150, ChecksumForm::PseudoHeader),
            with(camp(3, 100, ChecksumForm::Rfc9568), |wish| wish.follow_checksum = true),
        ],
    );
    assert_eq!(group.active(), [0]);
    group.crash(0);
    run(&mut group, s(10));
    assert_eq!(group.active(), [1]);
    assert_eq!(group.router(2).map(vrrp_core::VirtualRouter::checksum), Some(ChecksumForm::PseudoHeader));
    assert_eq!(group.expect_settled(), Ok(()));
}

#[test]
fn another_version_or_interval_in_the_group_is_noticed_at_once() {
    // F7, F27: both sides are Active, as the RFCs have it, and both know why.
    let v2 = with(station(1, 200), |wish| wish.version = Version::V2);
    let slow =
        with(station(2, 100), |wish| (wish.version, wish.advert_interval) = (Version::V2, interval(200)));
    let v3 = station(3, 150);
    let mut group = stopped(1, vec![v2, slow, v3]);
    (0..3).for_each(|node| group.start(node));
    group.tolerate_overlap();
    run(&mut group, s(20));
    assert_eq!(group.active(), [0, 1, 2]);
    for node in 0..3 {
        let counters = [vrrp_core::Ignored::VersionMismatch, vrrp_core::Ignored::IntervalMismatch];
        let told = times(&group, Duration::ZERO, node, |action| {
            counters.iter().any(|counter| action == Action::Ignored(*counter))
        });
        assert!(!told.is_empty(), "router {node}");
    }
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
