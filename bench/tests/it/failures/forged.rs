//! Adverts that no router of the group sent: F11 to F13, F16, F17.

use core::time::Duration;

use bench::malformed::{self, Malformed, Target};
use bench::simulation::Station;
use bench::simulation::site::Site;
use vrrp_core::{Action, Ignored, State, Version};

use crate::group::{
    LATE, WAY, address, adverts, announcements, changes, ms, run, running, s, station, times, with,
};
use crate::site::{perfect, start, states, unicast};

#[test]
pub(super) fn f11_a_forged_resignation_sent_to_all_is_put_right_by_the_active_router() {
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
pub(super) fn f11_a_forged_resignation_sent_to_a_backup_alone_works_and_is_put_right() {
    // As the RFC has it. Nothing in the protocol tells it from a real one; the Active router's next word ends it.
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
pub(super) fn f11_where_peers_are_listed_a_foreign_resignation_changes_nothing() {
    // Host 3 advertises to host 2, which does not know it, and resigns.
    let hosts = vec![
        vec![unicast(1, 200, &[2], 255)],
        vec![unicast(2, 100, &[1], 255)],
        vec![unicast(3, 250, &[2], 255)],
    ];
    let mut site = Site::new(1, perfect(), hosts);
    start(&mut site, 3);
    site.run_until(s(10));
    assert_eq!(states(&site, 1, 1), [State::Backup]);
    site.take_journal();
    site.stop(2);
    site.run_until(s(20));
    let journal = site.take_journal();
    let of = |wanted: fn(Action) -> bool| {
        journal.iter().filter(|entry| entry.host == 1 && wanted(entry.action)).count()
    };
    assert_eq!(of(|action| matches!(action, Action::Transition { .. })), 0);
    assert_eq!(of(|action| action == Action::Ignored(Ignored::UnicastSource)), 1);
}

#[test]
pub(super) fn f12_a_storm_of_resignations_does_not_silence_the_active_router() {
    let sent = flooded(0, 0);
    let silent = sent.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max();
    assert!(silent <= Some(ms(1_001)), "{silent:?}");
}

#[test]
pub(super) fn f13_a_flood_of_lesser_adverts_is_not_reflected() {
    // keepalived 2.2.7 answers each and announces its addresses each time besides. Here it is one burst of five in each
    // of the eleven intervals that ten seconds touch.
    assert!(flooded(50, 11 * 5).len() >= 10);
}

/// The adverts of an Active router that hears ten thousand of `priority` in ten intervals. They are bounded (Λ7),
/// and so are its announcements; and nobody takes over.
fn flooded(priority: u8, announced: usize) -> Vec<Duration> {
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    let from = group.now();
    for _ in 0..10_000 {
        group.forge(0, 0, address(99), priority);
        run(&mut group, ms(1));
    }
    let sent = adverts(&group, from, 0);
    assert!(sent.len() <= 10 * 9, "{} adverts in ten intervals", sent.len());
    let announcements = announcements(&group, from, 0).len();
    assert!(announcements <= announced, "{announcements} announcements in ten intervals");
    assert_eq!(changes(&group, from), []);
    sent
}

#[test]
pub(super) fn f16_a_forged_owner_wins_only_as_long_as_it_speaks() {
    // Without authentication nothing prevents it.
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    let from = group.now();
    for _ in 0..10 {
        group.forge(0, 0, address(99), 255);
        group.forge(1, 1, address(99), 255);
        run(&mut group, s(1));
    }
    assert_eq!(group.active(), [0; 0]);
    let [(_, 0, State::Backup)] = changes(&group, from)[..] else { panic!("{:?}", changes(&group, from)) };
    run(&mut group, s(4));
    assert_eq!(group.active(), [0]);
}

#[test]
pub(super) fn f16_behind_a_password_a_forged_owner_wins_nothing() {
    // Σ1 among those that know it.
    let mut group = running(1, vec![secret(1, 200), secret(2, 100)]);
    let from = group.now();
    let target = target(&secret(1, 200));
    let forged: Vec<Malformed> = malformed::all(&target)
        .into_iter()
        .filter(|one| matches!(one.counter, Ignored::AuthenticationMismatch | Ignored::Password))
        .map(|one| Malformed { source: address(99), ..one })
        .collect();
    assert_eq!(forged.len(), 3, "without a password, with a wrong one, and by the IP header");
    for round in 0..1_000 {
        group.inject(round % 2, &forged[round / 2 % 3]);
        run(&mut group, ms(10));
    }
    assert_eq!(changes(&group, from), []);
    assert_eq!(group.expect_settled(), Ok(()));
}

#[test]
pub(super) fn f17_what_was_routed_here_changes_nothing() {
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    let from = group.now();
    let target = target(&station(1, 200));
    for ttl in 0..=254 {
        let routed = Malformed {
            name: "a good advert from another network",
            counter: Ignored::Ttl,
            source: address(99),
            destination: target.family().multicast_group(),
            ttl,
            message: target.good(),
        };
        group.inject(0, &routed);
        group.inject(1, &routed);
        run(&mut group, ms(10));
    }
    assert_eq!(changes(&group, from), []);
    let counted = times(&group, from, 1, |action| action == Action::Ignored(Ignored::Ttl));
    assert_eq!(counted.len(), 255);
}

#[test]
pub(super) fn f17_unicast_takes_listed_sources_within_their_ttl_range_only() {
    // Host 2 is the better one. What host 1 takes from it decides whether host 1 yields.
    for (ttl, peer, expected) in
        [(255, 2, State::Backup), (254, 2, State::Active), (64, 2, State::Active), (255, 9, State::Active)]
    {
        let hosts = vec![vec![unicast(1, 100, &[peer], 255)], vec![unicast(2, 200, &[1], ttl)]];
        let mut site = Site::new(1, perfect(), hosts);
        start(&mut site, 2);
        site.run_until(s(10));
        assert_eq!(states(&site, 0, 1), [expected], "TTL {ttl} from 2, and {peer} is listed");
    }
}

/// Version 2 with a password.
pub(super) fn secret(host: u8, priority: u8) -> Station {
    with(station(host, priority), |wish| {
        (wish.version, wish.authentication) =
            (Version::V2, vrrp_core::wire::auth::Authentication::Password(*b"open up\0"));
    })
}

/// What adverts for a router are made from.
fn target(station: &Station) -> Target {
    Target {
        vrid: station.wish.vrid,
        version: station.wish.version,
        interval: station.wish.advert_interval,
        addresses: station.wish.addresses.to_vec(),
        authentication: station.wish.authentication,
        source: station.source,
    }
}
