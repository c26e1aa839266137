//! Routers that do not hear each other: F1, F2.

use core::time::Duration;

use bench::simulation::Simulation;
use vrrp_core::State;

use crate::group::{
    LATE, WAY, adverts, announcements, changes, interval, ms, run, running, s, station, with,
};

#[test]
pub(super) fn f01_split_brain_heals_within_an_interval() {
    // Σ1 in each part, and Λ4 once they hear each other.
    for phase in 0..50 {
        let (group, heal) = healed(phase, false);
        let [(down, 1, State::Backup)] = changes(&group, heal)[..] else {
            panic!("{:?}", changes(&group, heal));
        };
        assert!(down.saturating_sub(heal) <= ms(1_000) + WAY * 2 + LATE);
    }
}

#[test]
pub(super) fn f01_the_winner_of_a_healed_split_announces_after_the_loser() {
    // Hosts have learnt the loser's place.
    for phase in 0..50 {
        let (group, heal) = healed(phase, true);
        assert_eq!(group.active(), [0]);
        assert!(announces_last(&group, heal), "phase {phase}");
    }
}

#[test]
pub(super) fn f02_a_one_way_link_keeps_two_routers_active_at_a_bounded_rate() {
    // No rule of VRRP ends this. The better one answers in vain, once for each advert it hears (Λ7), and is not
    // silenced.
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
pub(super) fn f01_the_last_word_of_a_loser_makes_no_third_router_take_over() {
    // A winner that is slower than the loser: who learned the loser's interval last would not wait for it.
    for phase in 0..50 {
        let timed = |host, priority, centiseconds| {
            with(station(host, priority), |wish| wish.advert_interval = interval(centiseconds))
        };
        let mut group = running(phase, vec![timed(1, 100, 2), timed(2, 110, 2), timed(3, 200, 10)]);
        let from = group.now();
        group.crash(2);
        run(&mut group, s(2) + ms(phase));
        group.start(2);
        run(&mut group, s(10));
        assert_eq!(group.active(), [2]);
        let takeovers = changes(&group, from).into_iter().filter(|(.., state)| *state == State::Active);
        assert_eq!(takeovers.count(), 2, "phase {phase}: {:?}", changes(&group, from));
    }
}
