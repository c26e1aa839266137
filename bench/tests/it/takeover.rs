//! Who takes over, and when: the bounds Λ1 to Λ5.

use core::time::Duration;

use vrrp_core::{Action, State};

use crate::group::{LATE, WAY, changes, interval, ms, run, running, s, station, stopped, times, with};

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
