//! A router whose process died without a word and was started again.

use core::time::Duration;

use vrrp_core::{Action, Actions, Event, Fault, Reason, State};

use crate::scene::{MAC, Router, Wish, active, host, made, ms, priority, v3};

#[test]
fn a_router_that_was_active_goes_on_and_its_adverts_keep_their_cadence() {
    let before = active(v3());
    let (since, due) = (before.since(), before.timers().advert.expect("it is Active"));
    let mut router = made(v3());
    let actions = resume(&mut router, due.saturating_sub(ms(400)), since, due);
    assert_eq!(
        actions,
        [
            Action::ClaimAddresses,
            Action::Announce { first: 0, count: 1 },
            Action::Transition { from: State::Initialize, to: State::Active, reason: Reason::Resumed },
        ]
    );
    assert_eq!(router.since(), since);
    assert_eq!(router.deadline(), Some(due));
    assert_eq!(router.handle(due, Event::Tick), [Action::Advertise { priority: 100 }]);
    assert_eq!(router.timers().advert, Some(due + ms(1_000)));
}

#[test]
fn an_advert_that_fell_due_meanwhile_goes_first_and_the_next_one_when_it_would_have() {
    let mut router = made(v3());
    let actions = resume(&mut router, ms(10_300), ms(2_000), ms(10_000));
    assert_eq!(actions[..2], [Action::Advertise { priority: 100 }, Action::ClaimAddresses]);
    assert_eq!(router.timers().advert, Some(ms(11_000)));
}

#[test]
fn it_goes_on_only_while_no_backup_can_have_taken_over() {
    // The last advert went at 9 s; Backups take over from 12 s on, and half an interval is kept in reserve.
    let resumed_at = |now| {
        let mut router = made(v3());
        let _ = resume(&mut router, now, ms(2_000), ms(10_000));
        router.state()
    };
    assert_eq!(resumed_at(ms(11_499)), State::Active);
    assert_eq!(resumed_at(ms(11_500)), State::Backup);
    let mut impatient = made(Wish { down_timer_adverts: 1, ..v3() });
    let _ = resume(&mut impatient, ms(9_500), ms(2_000), ms(10_000));
    assert_eq!(impatient.state(), State::Backup);
}

#[test]
fn one_that_comes_too_late_starts_like_any_other() {
    let mut router = made(v3());
    assert_eq!(
        resume(&mut router, ms(20_000), ms(2_000), ms(10_000)),
        [Action::Transition { from: State::Initialize, to: State::Backup, reason: Reason::Started }]
    );
    assert_eq!(router.deadline(), Some(ms(23_609) + Duration::from_micros(375)));
}

#[test]
fn an_owner_is_active_in_any_case() {
    let mut router = made(Wish { priority: priority(255), ..v3() });
    let actions = resume(&mut router, ms(20_000), ms(2_000), ms(10_000));
    assert_eq!(actions[0], Action::Advertise { priority: 255 });
    assert_eq!(router.since(), ms(20_000));
}

#[test]
fn a_fault_that_stands_is_not_gone_on_over() {
    let mut router = made(v3());
    let _ = router.handle(ms(10_100), Event::Fault { fault: Fault::LinkDown, present: true });
    assert_eq!(resume(&mut router, ms(10_100), ms(2_000), ms(10_000)), []);
    assert_eq!(router.state(), State::Initialize);
    let _ = router.handle(ms(10_200), Event::Fault { fault: Fault::LinkDown, present: false });
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn a_running_router_is_not_resumed_and_a_due_time_in_the_future_does_not_silence_it() {
    let mut running = active(v3());
    let due = running.timers().advert;
    assert_eq!(resume(&mut running, ms(4_000), ms(0), ms(4_100)), []);
    assert_eq!(running.timers().advert, due);
    let mut router = made(v3());
    let _ = resume(&mut router, ms(10_000), ms(90_000), ms(90_000));
    assert_eq!((router.since(), router.timers().advert), (ms(10_000), Some(ms(11_000))));
}

fn resume(router: &mut Router, now: Duration, since: Duration, advert_at: Duration) -> Actions {
    let source = host(router.config().family, 10);
    router.handle(now, Event::Resume { source, mac: Some(MAC), since, advert_at })
}
