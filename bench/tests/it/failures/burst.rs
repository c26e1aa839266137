//! Much at once, and settings that change at the wrong time: F30, F31.

use core::time::Duration;

use bench::simulation::site::{Seat, Site};
use vrrp_core::{Action, MOST_ACTIONS, State, Version};

use crate::group::{LATE, WAY, changes, interval, ms, run, running, s, station, stopped, with};
use crate::site::{perfect, seat, start, states};

/// Skew of priority 150 at one second.
const SKEW: Duration = Duration::from_nanos(414_062_500);

#[test]
pub(super) fn f30_many_groups_that_lose_their_router_at_once_are_all_replaced_in_time() {
    // Λ1 for 255 routers on one host, whose calls take no virtual time: none waits for another. With real sockets
    // and a real scheduler: `IN_NAMESPACES`.
    let host = |number, priority| -> Vec<Seat> {
        (1..=255).map(|vrid| seat(number, vrid, priority, None)).collect()
    };
    let mut site = Site::new(1, perfect(), vec![host(1, 200), host(2, 150)]);
    start(&mut site, 2);
    site.run_until(s(10));
    assert_eq!(states(&site, 1, 255), [State::Backup; 255]);
    site.take_journal();
    site.switch_off(0);
    site.run_until(s(20));
    let claims: Vec<Duration> = (site.take_journal().iter())
        .filter(|entry| entry.action == Action::ClaimAddresses)
        .map(|entry| entry.at.saturating_sub(s(10)))
        .collect();
    assert_eq!(claims.len(), 255);
    let (first, last) = (claims[0], claims[254]);
    assert!(first >= (s(2) + SKEW).saturating_sub(WAY) && last <= s(3) + SKEW + WAY, "{first:?} to {last:?}");
}

#[test]
pub(super) fn f30_no_call_wants_more_than_a_handful_of_things() {
    // With 255 addresses a takeover is still one advert, one claim and one announcement.
    let many = |host, priority| {
        with(station(host, priority), |wish| {
            wish.addresses =
                (0..255).map(|last| core::net::Ipv4Addr::new(198, 51, 100, last).into()).collect();
            wish.announced = 255;
        })
    };
    let mut group = running(1, vec![many(1, 200), many(2, 150)]);
    let crash = group.now();
    group.crash(0);
    run(&mut group, s(10));
    let mut at_once: Vec<(Duration, usize)> = Vec::new();
    for entry in group.journal().iter().filter(|entry| entry.at >= crash) {
        match at_once.last_mut() {
            Some((at, count)) if *at == entry.at => *count += 1,
            _ => at_once.push((entry.at, 1)),
        }
    }
    assert!(at_once.iter().all(|(_, count)| *count <= MOST_ACTIONS), "{at_once:?}");
    assert!(at_once.len() > 10, "adverts and announcements of ten seconds");
}

#[test]
pub(super) fn f31_new_settings_while_the_active_router_is_gone_do_not_put_off_the_takeover() {
    // Σ4 is watched at every step.
    for after in [0, 500, 1_500, 2_900, 3_390] {
        let mut group = running(1, vec![station(1, 200), station(2, 150)]);
        let crash = group.now();
        group.crash(0);
        run(&mut group, ms(after));
        group.configure(1, |wish| {
            wish.announce.repeat = 2;
            wish.preempt = false;
            wish.preempt_delay = s(5);
        });
        run(&mut group, s(10));
        let [(at, 1, State::Active)] = changes(&group, crash)[..] else {
            panic!("{:?}", changes(&group, crash));
        };
        assert!(at.saturating_sub(crash) <= ms(3_000) + SKEW + WAY + LATE);
    }
}

#[test]
pub(super) fn f31_a_new_interval_while_the_active_router_is_gone_does_not_put_off_the_takeover() {
    // The wait counts from the last advert, in the interval that it told.
    for (after, centiseconds) in
        [0, 500, 1_500, 2_900, 3_390].into_iter().flat_map(|at| [(at, 50), (at, 1_000)])
    {
        let mut group = running(1, vec![station(1, 200), station(2, 150)]);
        let crash = group.now();
        group.crash(0);
        run(&mut group, ms(after));
        group.configure(1, |wish| wish.advert_interval = interval(centiseconds));
        run(&mut group, s(10));
        let [(at, 1, State::Active)] = changes(&group, crash)[..] else {
            panic!("{:?}", changes(&group, crash));
        };
        assert!(at.saturating_sub(crash) <= ms(3_000) + SKEW + WAY + LATE, "{at:?}");
    }
}

#[test]
pub(super) fn f31_a_new_interval_after_a_resignation_leaves_the_takeover_to_the_skew() {
    for (after, centiseconds) in [0, 100, 400].into_iter().flat_map(|at| [(at, 50), (at, 1_000)]) {
        let mut group = running(1, vec![station(1, 200), station(2, 150)]);
        let stop = group.now();
        group.stop(0);
        run(&mut group, ms(after));
        group.configure(1, |wish| wish.advert_interval = interval(centiseconds));
        run(&mut group, s(10));
        let taken = changes(&group, stop).into_iter().find(|(_, _, to)| *to == State::Active);
        let (at, 1, _) = taken.expect("somebody takes over") else { panic!("{taken:?}") };
        assert!(at.saturating_sub(stop) <= SKEW + WAY + LATE, "{:?}", at.saturating_sub(stop));
    }
}

#[test]
pub(super) fn f31_both_routers_of_version_2_may_be_reloaded_one_after_the_other() {
    // From ten seconds to one: the Backup has waited for longer than that already, and the Active router is to
    // be reloaded yet. Two seconds later it is, and was not replaced.
    let slow = |host, priority| {
        with(station(host, priority), |wish| {
            wish.version = Version::V2;
            wish.advert_interval = interval(1_000);
        })
    };
    let mut group = stopped(1, vec![slow(1, 200), slow(2, 150)]);
    (0..2).for_each(|node| group.start(node));
    run(&mut group, s(60));
    assert_eq!(group.active(), [0]);
    let from = group.now();
    for half in 0..20 {
        run(&mut group, ms(500 * half));
        group.configure(1, |wish| wish.advert_interval = interval(100));
        run(&mut group, s(2));
        group.configure(0, |wish| wish.advert_interval = interval(100));
        run(&mut group, s(5));
        (0..2).for_each(|node| group.configure(1 - node, |wish| wish.advert_interval = interval(1_000)));
        run(&mut group, s(5));
    }
    assert_eq!(changes(&group, from), []);
}
