//! Exact timers: when things happen, and when they must not.

use core::time::Duration;

use vrrp_core::{Action, Event, Notice, Reason, State};

use crate::scene::{Advert, Wish, active, advert, host, interval, ms, priority, started, us, v2, v3};

#[test]
fn the_down_interval_is_exact_and_rounded_up() {
    // T4 and the worked values of §2.6
    let waits =
        |p, a| started(Wish { priority: priority(p), advert_interval: interval(a), ..v3() }).deadline();
    assert_eq!(waits(100, 100), Some(us(3_609_375)));
    assert_eq!(waits(254, 100), Some(Duration::from_nanos(3_007_812_500)));
    assert_eq!(waits(254, 1), Some(Duration::from_nanos(30_078_125)));
    assert_eq!(waits(1, 4095), Some(Duration::from_nanos(163_640_039_063)));
    let v2 = started(Wish { advert_interval: interval(300), ..v2() });
    assert_eq!(v2.deadline(), Some(us(9_609_375)));
}

#[test]
fn routers_one_priority_apart_take_over_one_after_the_other_at_any_interval() {
    // T4, Λ3: peers that count in centiseconds let them tie.
    for centiseconds in [1, 2, 3, 100, 4095] {
        for number in 1..=253 {
            let waits = |p| {
                let wish = Wish { priority: priority(p), advert_interval: interval(centiseconds), ..v3() };
                started(wish).deadline().expect("a Backup waits")
            };
            let gap = waits(number).saturating_sub(waits(number + 1));
            let slot = Duration::from_nanos(u64::from(centiseconds) * 39_062);
            assert!(gap >= slot, "{number} at {centiseconds} cs: {gap:?}");
        }
    }
}

#[test]
fn adverts_keep_their_cadence_however_late_the_ticks_are() {
    // T1, decision 1
    let mut router = active(v3());
    for beat in 0..10 {
        let due = us(4_609_375) + ms(1_000) * beat;
        assert_eq!(router.deadline(), Some(due));
        let late = due + ms(170);
        assert_eq!(router.handle(late, Event::Tick), [Action::Advertise { priority: 100 }]);
    }
}

#[test]
fn missed_periods_are_left_out_instead_of_sent_in_a_burst() {
    let mut router = active(v3());
    assert_eq!(router.handle(us(6_509_375), Event::Tick), [Action::Advertise { priority: 100 }]);
    assert_eq!(router.deadline(), Some(us(6_609_375)));
}

#[test]
fn an_active_router_that_was_held_up_announces_itself_again() {
    // F3: its advert was due at 4.609375 s; a Backup has taken over two intervals and the skew later.
    let mut router = active(v3());
    assert_eq!(
        router.handle(ms(7_000), Event::Tick),
        [
            Action::Noticed(Notice::HeldUp { milliseconds: 2_390 }),
            Action::Advertise { priority: 100 },
            Action::Announce { first: 0, count: 1 },
        ]
    );
    assert_eq!(router.deadline(), Some(us(7_609_375)));
}

#[test]
fn one_that_does_not_preempt_makes_way_when_it_was_held_up() {
    // F3, keepalived's timer_expired_backup; before it answers a queued advert, too.
    let expected = [
        Action::Noticed(Notice::HeldUp { milliseconds: 2_390 }),
        Action::ReleaseAddresses,
        Action::Transition { from: State::Active, to: State::Backup, reason: Reason::HeldUp },
    ];
    let wish = Wish { preempt: false, ..v3() };
    let mut router = active(wish.clone());
    assert_eq!(router.handle(ms(7_000), Event::Tick), expected);
    assert_eq!(router.deadline(), Some(us(10_609_375)));

    let mut router = active(wish);
    let actions = advert(&router, 50).to(&mut router, ms(7_000));
    assert_eq!(actions[..3], expected);
    assert_eq!(actions[3..], [Action::Heard { priority: 50 }]);
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn the_interval_of_the_active_router_is_learned() {
    // S2, T3: Skew and Down are over the heard interval, in version 3.
    let mut router = started(v3());
    let slow = Advert { interval: interval(200), ..advert(&router, 200) };
    let source = host(vrrp_core::Family::V4, 20);
    assert_eq!(
        slow.to(&mut router, ms(1_000)),
        [
            Action::Heard { priority: 200 },
            Action::Noticed(Notice::IntervalMismatch { source, interval: interval(200) }),
        ]
    );
    assert_eq!(router.deadline(), Some(us(1_000_000 + 2 * 3_609_375)));
    assert_eq!(slow.to(&mut router, ms(3_000)), [Action::Heard { priority: 200 }], "said once");
    // The skew after a resignation is over the learned interval, too.
    drop(Advert { interval: interval(200), ..advert(&router, 0) }.to(&mut router, ms(4_000)));
    assert_eq!(router.deadline(), Some(us(4_000_000 + 2 * 609_375)));
    // Its own adverts keep its own interval (T1).
    let due = router.deadline().expect("a Backup waits");
    drop(router.handle(due, Event::Tick));
    assert_eq!(router.deadline(), Some(due + ms(1_000)));
}

#[test]
fn losing_an_election_teaches_the_interval_of_the_winner() {
    // S2: on losing in Active.
    let mut router = active(v3());
    drop(Advert { interval: interval(10), ..advert(&router, 200) }.to(&mut router, ms(4_000)));
    assert_eq!(router.deadline(), Some(Duration::from_nanos(4_360_937_500)));
}

#[test]
fn a_lesser_advert_that_is_discarded_teaches_nothing() {
    // S2, Λ5
    let mut router = started(v3());
    drop(Advert { interval: interval(4095), ..advert(&router, 99) }.to(&mut router, ms(1_000)));
    assert_eq!(router.deadline(), Some(us(3_609_375)));
}

#[test]
fn a_new_priority_shifts_the_running_down_timer_by_the_difference_in_skew() {
    // T2
    let mut router = started(v3());
    assert_eq!(router.handle(ms(500), Event::Priority(priority(200))), []);
    assert_eq!(router.deadline(), Some(us(3_218_750)));
    drop(router.handle(ms(600), Event::Priority(priority(100))));
    assert_eq!(router.deadline(), Some(us(3_609_375)), "there and back loses nothing");
    // After a resignation only the skew runs, and only it is shifted.
    drop(advert(&router, 0).to(&mut router, ms(1_000)));
    drop(router.handle(ms(1_100), Event::Priority(priority(254))));
    assert_eq!(router.deadline(), Some(Duration::from_nanos(1_007_812_500)));
}

#[test]
fn tracking_moves_neither_an_owner_nor_anybody_to_ownership() {
    // O1, F20
    let mut owner = active(Wish { priority: priority(255), ..v3() });
    drop(owner.handle(ms(1), Event::Priority(priority(1))));
    assert_eq!(owner.priority(), priority(255));
    let mut router = started(v3());
    drop(router.handle(ms(1), Event::Priority(priority(255))));
    assert_eq!(router.priority(), priority(254));
}

#[test]
fn the_number_of_missed_adverts_is_a_setting() {
    let patient = started(Wish { down_timer_adverts: 10, ..v3() });
    assert_eq!(patient.deadline(), Some(us(10_609_375)));
    let eager = started(Wish { eager: true, ..v3() });
    assert_eq!(eager.deadline(), Some(us(1_609_375)));
}

#[test]
fn a_clock_that_runs_fast_is_borne_up_to_a_third_of_the_skew() {
    // F6: with two of three adverts lost, S/(3A) is what is left: 0.26 % at priority 254, 20 % at 100.
    for (number, borne, too_much) in [(254, 2_600, 2_610), (100, 203_000, 203_200)] {
        let takes_over = |parts_per_million: u64| {
            let mut router = started(Wish { priority: priority(number), ..v3() });
            drop(advert(&router, number).to(&mut router, ms(0)));
            let gap = us(3 * (1_000_000 + parts_per_million));
            router.deadline().is_some_and(|deadline| deadline <= gap)
        };
        assert!(!takes_over(borne), "{number}");
        assert!(takes_over(too_much), "{number}");
    }
}

#[test]
fn a_clock_that_steps_back_stands_still() {
    // F5
    let mut router = active(v3());
    let due = router.deadline();
    assert_eq!(router.handle(ms(10), Event::Tick), []);
    assert_eq!(router.deadline(), due);
    drop(advert(&router, 200).to(&mut router, ms(20)));
    assert_eq!(router.deadline(), Some(us(3_609_375 * 2)), "as if it had happened at the latest time told");
}

#[test]
fn the_end_of_time_is_survived() {
    let mut router = started(v3());
    drop(router.handle(Duration::MAX, Event::Tick));
    assert_eq!(router.state(), State::Active);
    drop(router.handle(Duration::MAX, Event::Tick));
    drop(advert(&router, 200).to(&mut router, Duration::MAX));
    assert_eq!(router.deadline(), Some(Duration::MAX));
}
