//! Adverts that prove who sent them: F23 to F25.

use core::time::Duration;

use vrrp_core::wire::auth::Authentication;
use vrrp_core::{Action, Ignored, State};

use super::forged::secret;
use crate::group::{WAY, address, adverts, changes, ms, run, running, s, stopped, times};

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

fn is_rejected(action: Action) -> bool {
    matches!(action, Action::Ignored(_))
}
