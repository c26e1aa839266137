//! Who takes over, and when: the bounds Λ1 to Λ5, and failures that must not look like one.

use core::time::Duration;

use vrrp_core::{Action, Fault, Notice, Priority, Reason, State};

use crate::group::{
    LATE, WAY, announcements, changes, interval, ms, run, running, s, station, stopped, times, with,
};

/// Skew of priority 150 at one second.
const SKEW: Duration = Duration::from_nanos(414_062_500);

#[test]
fn the_better_backup_takes_over_from_a_crashed_router_alone_and_in_time() {
    // Λ1: between 2A + S and 3A + S + δ + ε after the crash, whatever its phase. Λ3: the other stays Backup.
    for phase in 0..100 {
        let mut group = running(phase, vec![station(1, 200), station(2, 150), station(3, 100)]);
        run(&mut group, ms(10 * phase));
        let crash = group.now();
        group.crash(0);
        run(&mut group, s(10));
        let [(at, 1, State::Active)] = changes(&group, crash)[..] else {
            panic!("{:?}", changes(&group, crash));
        };
        let after = at.saturating_sub(crash);
        assert!(after >= (ms(2_000) + SKEW).saturating_sub(WAY), "{after:?}");
        assert!(after <= ms(3_000) + SKEW + WAY + LATE, "{after:?}");
    }
}

#[test]
fn a_router_that_resigns_is_replaced_within_the_skew() {
    // Λ2
    for phase in 0..100 {
        let mut group = running(phase, vec![station(1, 200), station(2, 150), station(3, 100)]);
        run(&mut group, ms(10 * phase));
        let stop = group.now();
        group.stop(0);
        run(&mut group, s(10));
        let [(_, 0, State::Initialize), (at, 1, State::Active)] = changes(&group, stop)[..] else {
            panic!("{:?}", changes(&group, stop));
        };
        let after = at.saturating_sub(stop);
        assert!((SKEW..=SKEW + WAY + LATE).contains(&after), "{after:?}");
    }
}

#[test]
fn backups_one_priority_apart_do_not_both_take_over() {
    // Λ3: the slot between them, A/256, is 3.9 ms at one second: more than the delay and the lateness here.
    for seed in 0..100 {
        let mut group = running(seed, vec![station(1, 200), station(3, 150), station(2, 149)]);
        let crash = group.now();
        group.crash(0);
        run(&mut group, s(10));
        assert_eq!(changes(&group, crash).len(), 1, "seed {seed}");
    }
}

#[test]
fn a_preempting_newcomer_is_active_after_its_own_down_interval() {
    // Λ5: the slow adverts of the lesser router do not slow it down.
    let slow = with(station(1, 100), |wish| wish.advert_interval = interval(1_000));
    let quick = with(station(2, 200), |wish| wish.advert_interval = interval(10));
    let mut group = stopped(1, vec![slow, quick]);
    group.start(0);
    run(&mut group, s(100));
    let newcomer = group.now();
    group.start(1);
    run(&mut group, s(1));
    let became = times(&group, newcomer, 1, |action| action == Action::ClaimAddresses)[0];
    let down = Duration::from_nanos(321_875_000);
    let after = became.saturating_sub(newcomer);
    assert!((down..=down + LATE).contains(&after), "{after:?}");
    assert_eq!(group.active(), [1]);
}

#[test]
fn a_frozen_router_that_thaws_announces_its_addresses_again() {
    // F3: nobody else would, once the router that replaced it has stepped back.
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
fn a_frozen_router_that_does_not_preempt_makes_way_when_it_thaws() {
    // F3
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
fn a_backup_that_was_held_up_reads_its_queue_before_its_timer() {
    // F4
    for seed in 0..20 {
        let mut group = running(seed, vec![station(1, 200), station(2, 100)]);
        let from = group.now();
        group.hold(1, ms(9_500));
        run(&mut group, s(20));
        assert_eq!(changes(&group, from), [], "seed {seed}");
    }
}

#[test]
fn a_longer_interval_on_a_live_router_makes_nobody_take_over() {
    // F8
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
fn a_quick_backup_beside_a_slow_better_router_is_put_right_at_once() {
    // F9: by its own interval it takes over before it could have heard of the slow one.
    let slow = with(station(1, 200), |wish| wish.advert_interval = interval(1_000));
    let quick = with(station(2, 100), |wish| wish.advert_interval = interval(1));
    let mut group = stopped(1, vec![slow, quick]);
    group.start(0);
    run(&mut group, ms(50_100));
    let from = group.now();
    group.start(1);
    run(&mut group, s(60));
    let [(_, 1, State::Backup), (up, 1, State::Active), (down, 1, State::Backup)] = changes(&group, from)[..]
    else {
        panic!("{:?}", changes(&group, from));
    };
    assert!(down.saturating_sub(up) <= WAY * 2, "Active side by side for {:?}", down.saturating_sub(up));
}

#[test]
fn new_settings_while_the_active_router_is_gone_do_not_put_off_the_takeover() {
    // F31
    let mut group = running(1, vec![station(1, 200), station(2, 150)]);
    let crash = group.now();
    group.crash(0);
    run(&mut group, ms(2_900));
    group.configure(1, |wish| wish.announce.repeat = 2);
    run(&mut group, s(10));
    let [(at, 1, State::Active)] = changes(&group, crash)[..] else {
        panic!("{:?}", changes(&group, crash));
    };
    assert!(at.saturating_sub(crash) <= ms(3_000) + SKEW + WAY + LATE);
}

#[test]
fn a_flapping_interface_leaves_one_router_and_no_stray_answers() {
    // F32; Σ2 is watched at every step.
    let mut group = running(1, vec![station(1, 200), station(2, 100)]);
    for flap in 0..50 {
        group.fault(0, Fault::LinkDown, true);
        group.cut(0, 1, true);
        run(&mut group, ms(37 * flap % 5_000));
        group.cut(0, 1, false);
        group.fault(0, Fault::LinkDown, false);
        run(&mut group, ms(91 * flap % 7_000));
    }
    run(&mut group, s(10));
    assert_eq!(group.active(), [0]);
}

#[test]
fn a_moving_priority_changes_the_state_twice_at_most() {
    // F20
    let mut group = running(1, vec![station(1, 120), station(2, 110)]);
    for round in 0..20 {
        group.mark();
        group.prioritize(0, Priority::clamped(if round % 2 == 0 { 100 } else { 120 }));
        run(&mut group, s(10));
        assert_eq!(group.active(), [usize::from(round % 2 == 0)]);
        if let Err(violation) = group.expect_settled() {
            panic!("{violation}");
        }
    }
}

#[test]
fn a_takeover_loses_no_more_time_when_many_groups_lose_their_router_at_once() {
    // F30: the routers of one host know nothing of each other, so each group keeps Λ1.
    let mut groups: Vec<_> =
        (0..200).map(|seed| running(seed, vec![station(1, 200), station(2, 150)])).collect();
    for group in &mut groups {
        let crash = group.now();
        group.crash(0);
        run(group, s(5));
        let became = times(group, crash, 1, |action| action == Action::ClaimAddresses)[0];
        assert!(became.saturating_sub(crash) <= ms(3_000) + SKEW + WAY + LATE);
    }
}

#[test]
fn a_router_that_was_late_says_so() {
    let mut group = running(1, vec![station(1, 200)]);
    let from = group.now();
    group.hold(0, s(5));
    run(&mut group, s(6));
    let said = times(&group, from, 0, |action| matches!(action, Action::Noticed(Notice::HeldUp { .. })));
    assert_eq!(said.len(), 1);
}
