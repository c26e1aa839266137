//! Hosts that come late, and clocks that are wrong: F3 to F6.

use core::time::Duration;

use bench::simulation::{Clock, Simulation, Station};
use vrrp_core::{Action, Notice, Reason, State};

use crate::group::{announcements, changes, interval, ms, run, running, s, station, stopped, times, with};

#[test]
pub(super) fn f03_a_frozen_active_router_that_thaws_announces_again() {
    // Nobody else would, once the router that replaced it has stepped back. That nothing is sent before what
    // waits was read is watched at every step. A stopped process: `IN_NAMESPACES`.
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    group.hold(0, s(10));
    run(&mut group, s(10));
    assert_eq!(group.active(), [0, 1], "the frozen one does not know yet");
    let thaw = group.now();
    run(&mut group, s(10));
    assert_eq!(group.active(), [0]);
    let winner = announcements(&group, thaw, 0);
    let loser = announcements(&group, thaw, 1).last().copied().unwrap_or(thaw);
    assert!(winner.iter().any(|at| *at > loser && *at <= loser + ms(200)), "{winner:?} after {loser:?}");
}

#[test]
pub(super) fn f03_a_frozen_active_router_that_does_not_preempt_makes_way() {
    let shy = |host, priority| with(station(host, priority), |wish| wish.preempt = false);
    let mut group = running(1, vec![shy(1, 200), shy(2, 100)]);
    let before = group.active();
    assert_eq!(before.len(), 1);
    group.hold(before[0], s(10));
    run(&mut group, s(10));
    let thaw = group.now();
    run(&mut group, s(10));
    assert_eq!(group.active(), [1 - before[0]]);
    let reasons = times(&group, thaw, before[0], |action| {
        matches!(action, Action::Transition { to: State::Backup, reason: Reason::HeldUp, .. })
    });
    assert_eq!(reasons.len(), 1);
    let spoke = times(&group, thaw, before[0], |action| matches!(action, Action::Advertise { .. }));
    assert_eq!(spoke, [], "it listened before it spoke");
}

#[test]
pub(super) fn f03_a_late_router_says_so() {
    let mut group = running(1, vec![station(1, 200)]);
    let from = group.now();
    group.hold(0, s(5));
    run(&mut group, s(6));
    let said = times(&group, from, 0, |action| matches!(action, Action::Noticed(Notice::HeldUp { .. })));
    assert_eq!(said.len(), 1);
}

#[test]
pub(super) fn f04_a_backup_that_was_held_up_reads_its_queue_before_its_timer() {
    // Σ3, however long it was: its timer ran out long before it reads the adverts.
    for (seed, span) in (0..20).flat_map(|seed| [600, 3_700, 9_500, 60_000].map(|span| (seed, span))) {
        let mut group = running(seed, vec![station(1, 200), station(2, 100)]);
        let from = group.now();
        group.hold(1, ms(span));
        run(&mut group, ms(span) + s(10));
        assert_eq!(changes(&group, from), [], "seed {seed}, held for {span} ms");
    }
}

#[test]
pub(super) fn f05_the_hour_of_the_clock_has_no_effect() {
    let at = |seconds: [u64; 3]| {
        let clock = |seconds| Clock { origin: s(seconds), drift: 0 };
        let stations = [(1, 200), (2, 150), (3, 100)].into_iter().zip(seconds);
        let stations = stations
            .map(|((host, priority), hour)| Station { clock: clock(hour), ..station(host, priority) });
        let mut group = running(7, stations.collect());
        group.hold(0, s(9));
        run(&mut group, s(20));
        group.crash(0);
        run(&mut group, s(20));
        group.journal().to_vec()
    };
    let plain = at([0, 0, 0]);
    assert!(plain.len() > 100, "{}", plain.len());
    assert_eq!(at([0, 86_400, 1_700_000_000]), plain);
    assert_eq!(at([4_000_000_000, 1, 0]), plain);
}

#[test]
pub(super) fn f05_a_clock_that_steps_back_stands_still() {
    // The router alone: the rest of this is `vrrp-core/tests/it/timers.rs`.
    use vrrp_core::{Config, Event};
    let station = station(1, 100);
    let config = Config::try_from(station.wish.clone()).expect("it makes sense");
    let mut router = bench::simulation::Router::new(config);
    drop(router.handle(s(1_000), Event::Start { source: station.source, mac: None }));
    let deadline = router.deadline().expect("a Backup waits");
    for earlier in [Duration::ZERO, s(1), s(999)] {
        assert!(router.handle(earlier, Event::Tick).is_empty());
        assert_eq!(router.deadline(), Some(deadline));
    }
    assert_eq!(deadline, s(1_000) + Duration::from_nanos(3_609_375_000));
    drop(router.handle(deadline, Event::Tick));
    assert_eq!(router.state(), State::Active);
    drop(router.handle(Duration::ZERO, Event::Tick));
    assert_eq!((router.state(), router.deadline()), (State::Active, Some(deadline + ms(20))));
}

#[test]
pub(super) fn f06_a_clock_may_drift_by_the_skew_over_three_intervals() {
    // Two of three adverts are lost. What is left of the down interval is the skew, so a Backup whose clock is
    // fast by S/(3A) is on the edge: 20 % at priority 100 and 0.26 % at 254.
    for (priority, edge) in [(100, 203_125), (254, 2_604)] {
        for phase in 0..10 {
            assert_eq!(two_lost(phase, priority, edge * 9 / 10), [], "phase {phase}");
            let fast = two_lost(phase, priority, edge * 11 / 10);
            assert!(matches!(fast[..], [(_, 1, State::Active), ..]), "phase {phase}: {fast:?}");
        }
    }
}

/// What changes when a Backup whose clock is too fast by `drift` millionths misses two adverts, sent every ten
/// seconds.
fn two_lost(phase: u64, priority: u8, drift: i32) -> Vec<(Duration, usize, State)> {
    let slow = |host, priority| with(station(host, priority), |wish| wish.advert_interval = interval(1_000));
    let hasty = Station { clock: Clock { origin: s(phase), drift }, ..slow(2, priority) };
    let mut group: Simulation = stopped(phase, vec![slow(1, 255), hasty]);
    (0..2).for_each(|node| group.start(node));
    run(&mut group, s(55));
    let from = group.now();
    group.cut(0, 1, true);
    run(&mut group, s(20));
    group.cut(0, 1, false);
    run(&mut group, s(15));
    changes(&group, from)
}
