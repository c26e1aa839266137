//! Adverts that prove who sent them: F23 to F25.

use core::time::Duration;

use vrrp_core::seal::{Mode, Seal};
use vrrp_core::wire::auth::Authentication;
use vrrp_core::{Action, Ignored, State, Version};

use super::forged::secret;
use crate::group::{WAY, address, adverts, changes, ms, run, running, s, stopped, times};
use crate::sealed::{TODAY, Wire, header, trailer};

#[test]
pub(super) fn f23_a_replayed_advert_keeps_a_backup_quiet_without_authentication() {
    // A password does not help: it is replayed with the rest. The Backup takes over once the replay ends.
    let mut group = running(1, vec![secret(1, 200), secret(2, 100)]);
    let from = group.now();
    group.crash(0);
    for _ in 0..30 {
        group.forge(1, 1, address(1), 200);
        run(&mut group, s(1));
    }
    assert_eq!(changes(&group, from), [], "the hosts have nobody");
    let last = group.now().saturating_sub(s(1));
    run(&mut group, s(5));
    let [(up, 1, State::Active)] = changes(&group, from)[..] else { panic!("{:?}", changes(&group, from)) };
    assert!(up.saturating_sub(last) <= Duration::from_nanos(3_609_375_000) + ms(1));
}

#[test]
pub(super) fn f24_a_password_has_no_counter_to_lose() {
    // Either one restarts, and is accepted at once.
    for restarted in [0, 1] {
        let mut group = running(1, vec![secret(1, 200), secret(2, 100)]);
        group.crash(restarted);
        run(&mut group, s(10));
        group.start(restarted);
        run(&mut group, s(10));
        assert_eq!(group.active(), [0]);
        assert_eq!(times(&group, Duration::ZERO, 0, is_rejected), []);
        assert_eq!(times(&group, Duration::ZERO, 1, is_rejected), []);
    }
}

#[test]
pub(super) fn f25_another_password_on_one_side_is_told_within_one_advert() {
    // Both are Active until the other one has it too: version 2 has no way to change it without.
    let mut group = stopped(1, vec![secret(1, 200), secret(2, 100)]);
    group.tolerate_overlap();
    group.start(0);
    group.start(1);
    run(&mut group, s(10));
    assert_eq!(group.active(), [0]);
    let change = group.now();
    group.configure(0, |wish| wish.authentication = Authentication::Password(*b"new word"));
    run(&mut group, s(10));
    assert_eq!(group.active(), [0, 1]);
    let told = times(&group, change, 1, |action| action == Action::Ignored(Ignored::Password));
    let first = adverts(&group, change, 0)[0];
    assert!((first..=first + WAY).contains(&told[0]), "{told:?}");
    group.configure(1, |wish| wish.authentication = Authentication::Password(*b"new word"));
    run(&mut group, s(2));
    assert_eq!(group.active(), [0]);
}

#[test]
pub(super) fn f23_behind_a_seal_what_a_dead_router_said_keeps_nobody_quiet() {
    // The bound is the down interval of priority 150, counted from the last advert that was fresh.
    let down = Duration::from_nanos(3_414_062_500);
    let key = || trailer(&[1], 1, Mode::Enforce);
    for (version, seals) in [(Version::V2, vec![header(), header()]), (Version::V3, vec![key(), key()])] {
        let mut wire = Wire::new(version, seals);
        assert_eq!(wire.active(), [0]);
        let dead = wire.now;
        wire.kill(0);
        for _ in 0..50 {
            wire.replay(0, 3);
            wire.run(ms(100));
        }
        let (at, node, to) = *wire.changes.last().expect("somebody was Active");
        assert_eq!((node, to), (1, State::Active), "{version:?}");
        assert!(at.saturating_sub(dead) <= down, "{version:?}: {:?}", at.saturating_sub(dead));
        // Nor does it make a router that listens anew believe in it, where time counts.
        if version == Version::V3 {
            wire.run(s(10));
            wire.restart(1, key(), TODAY);
            let from = wire.now;
            for _ in 0..50 {
                wire.replay(0, 3);
                wire.run(ms(100));
            }
            let (at, ..) = *wire.changes.last().expect("somebody was Active");
            assert!(at > from && at.saturating_sub(from) <= down);
        }
    }
}

#[test]
pub(super) fn f24_a_counter_that_is_lost_is_made_up_for_whoever_restarts() {
    // The Active router or the Backup restarts, at once or after it was missed, with the right date and in 1970.
    // With numbers that count from the highest heard there are two Active routers for two intervals at most.
    for (restarted, clock, missed) in [0, 1].into_iter().flat_map(|node| {
        [TODAY, Duration::ZERO]
            .into_iter()
            .flat_map(move |clock| [0, 10].map(|missed| (node, clock, s(missed))))
    }) {
        let what = format!("router {restarted}, {clock:?}, missed for {missed:?}");
        let mut wire = Wire::new(Version::V2, vec![header(), header()]);
        assert_eq!(wire.active(), [0]);
        wire.run(s(100));
        wire.kill(restarted);
        wire.run(missed);
        wire.changes.clear();
        wire.restart(restarted, header(), clock);
        wire.run(s(30));
        assert_eq!(wire.active(), [0], "{what}");
        let rose = |node| wire.changes.iter().rfind(|(_, who, to)| (*who, *to) == (node, State::Active));
        let fell = wire.changes.iter().rfind(|(_, who, to)| (*who, *to) == (1, State::Backup));
        if let (Some((first, ..)), Some((end, ..))) = (rose(0), fell) {
            let both = rose(1).map_or(*first, |(second, ..)| *first.max(second));
            assert!(end.saturating_sub(both) <= s(2), "{what}: {:?}", wire.changes);
        }
        wire.changes.clear();
        wire.run(s(100));
        assert_eq!(wire.changes, [], "{what}");
    }
}

#[test]
pub(super) fn f25_a_group_is_sealed_and_changes_its_key_with_one_active_router_all_along() {
    // Each step is made by one router after the other, in either order; after each the same one is Active and
    // nobody else was meanwhile (Σ1).
    let steps: [fn() -> Seal; 6] = [
        || trailer(&[1], 1, Mode::ReceiveOnly),
        || trailer(&[1], 1, Mode::Permissive),
        || trailer(&[1], 1, Mode::Enforce),
        || trailer(&[1, 2], 1, Mode::Enforce),
        || trailer(&[1, 2], 2, Mode::Enforce),
        || trailer(&[2], 2, Mode::Enforce),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut wire = Wire::new(Version::V3, vec![Seal::None, Seal::None, Seal::None]);
        assert_eq!(wire.active(), [0]);
        wire.changes.clear();
        for (number, step) in steps.iter().enumerate() {
            for node in order {
                wire.renew(node, step());
                wire.run(s(10));
                assert_eq!((wire.active(), wire.changes.len()), (vec![0], 0), "step {number}, router {node}");
            }
        }
        // Whoever is left out of a step is not understood: both are Active.
        wire.renew(1, trailer(&[1], 1, Mode::Enforce));
        wire.run(s(10));
        assert_eq!(wire.active(), [0, 1]);
    }
}

fn is_rejected(action: Action) -> bool {
    matches!(action, Action::Ignored(_))
}
