//! Routers with unlike intervals, or with none: F7 to F10.

use core::time::Duration;

use bench::malformed::{self, Target};
use bench::simulation::Simulation;
use vrrp_core::{Action, Ignored, State, Version};

use crate::group::{WAY, adverts, changes, interval, ms, run, running, s, station, stopped, times, with};

#[test]
pub(super) fn f07_another_interval_in_version_2_is_told_within_one_advert() {
    // Both sides are Active, as RFC 3768 §7.1 has it, and both know why.
    let old = |host, priority, centiseconds| {
        with(station(host, priority), |wish| {
            (wish.version, wish.advert_interval) = (Version::V2, interval(centiseconds));
        })
    };
    let mut group = stopped(1, vec![old(1, 200, 100), old(2, 100, 200)]);
    group.start(0);
    group.start(1);
    group.tolerate_overlap();
    run(&mut group, s(20));
    assert_eq!(group.active(), [0, 1]);
    for node in [0, 1] {
        let told = times(&group, Duration::ZERO, node, |action| {
            action == Action::Ignored(Ignored::IntervalMismatch)
        });
        let first = adverts(&group, Duration::ZERO, 1 - node)[0];
        assert!((first..=first + WAY).contains(&told[0]), "router {node}: {told:?}");
    }
}

#[test]
pub(super) fn f08_a_longer_interval_on_a_live_router_makes_nobody_take_over() {
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    let from = group.now();
    for centiseconds in [1_000, 4_095, 100, 300, 10] {
        run(&mut group, ms(700));
        group.configure(0, |wish| wish.advert_interval = interval(centiseconds));
        run(&mut group, s(100));
    }
    assert_eq!(changes(&group, from), []);
}

#[test]
pub(super) fn f09_a_quick_backup_beside_a_slow_better_router_is_put_right_at_once() {
    // By its own interval it takes over before it could have heard of the slow one.
    let (both, _) = beside_a_slow_router(false);
    assert!(both <= WAY * 2, "Active side by side for {both:?}");
}

#[test]
pub(super) fn f09_without_the_answer_it_lasts_until_the_slow_router_speaks() {
    // RFC 5798, or `lower_prio_no_advert`.
    let (both, until_it_speaks) = beside_a_slow_router(true);
    assert!(both > s(1) && both <= until_it_speaks + WAY, "Active side by side for {both:?}");
}

/// For how long a router with an interval of 10 ms that is started beside a better one with 10 s is Active; and for
/// how long the better one was silent from when the other became Active.
fn beside_a_slow_router(silent: bool) -> (Duration, Duration) {
    let slow = with(station(1, 200), |wish| {
        (wish.advert_interval, wish.lower_priority_no_advert) = (interval(1_000), silent);
    });
    let quick = with(station(2, 100), |wish| wish.advert_interval = interval(1));
    let mut group = stopped(1, vec![slow, quick]);
    group.start(0);
    run(&mut group, ms(50_100));
    let from = group.now();
    group.start(1);
    if silent {
        // Λ4 counts on the answer.
        group.tolerate_overlap();
    }
    run(&mut group, s(60));
    let [(_, 1, State::Backup), (up, 1, State::Active), (down, 1, State::Backup)] = changes(&group, from)[..]
    else {
        panic!("{:?}", changes(&group, from));
    };
    let speaks = adverts(&group, up, 0)[0];
    (down.saturating_sub(up), speaks.saturating_sub(up))
}

#[test]
pub(super) fn f10_a_forged_zero_interval_shortens_no_wait() {
    // Erratum 8301. keepalived 2.2.7 is Active a millisecond later.
    let mut group: Simulation = running(1, vec![station(1, 200), station(2, 100)]);
    let wish = station(1, 200).wish;
    let target = Target {
        vrid: wish.vrid,
        version: wish.version,
        interval: wish.advert_interval,
        addresses: wish.addresses.to_vec(),
        authentication: vrrp_core::wire::auth::Authentication::None,
        source: station(1, 200).source,
    };
    let zero: Vec<_> =
        malformed::all(&target).into_iter().filter(|one| one.counter == Ignored::IntervalZero).collect();
    assert_eq!(zero.len(), 4, "from a better router, from an owner, in a resignation, in the reserved bits");
    let from = group.now();
    for round in 0..10_000 {
        for node in [0, 1] {
            // What it must do is said there: nothing, but to count it.
            group.inject(node, &zero[round % zero.len()]);
        }
        run(&mut group, ms(3));
    }
    assert_eq!(changes(&group, from), []);
}
