//! When the addresses are announced to the neighbours.

use core::time::Duration;

use vrrp_core::{Action, Event, State, announce};

use crate::scene::{Router, Wish, active, advert, ms, started, us, v3};

/// When a router that heard nobody becomes Active.
const START: Duration = us(3_609_375);

fn wish(announced: u16, announce: announce::Settings) -> Wish {
    Wish { announced, announce, ..v3() }
}

/// Every announcement until `until` after [`START`], with the time in milliseconds after it.
fn announcements(router: &mut Router, until: Duration) -> Vec<(u128, u16, u16)> {
    let mut seen = Vec::new();
    while let Some(due) = router.deadline().filter(|due| *due <= START + until) {
        for action in router.handle(due, Event::Tick) {
            if let Action::Announce { first, count } = action {
                seen.push((due.saturating_sub(START).as_millis(), first, count));
            }
        }
    }
    seen
}

#[test]
fn rounds_of_a_burst_are_spread_so_that_a_late_answer_of_the_old_router_is_overruled() {
    // D5; five back to back lose the fail-back, as measured with keepalived. The burst is repeated once.
    let mut router = started(wish(1, announce::Settings::default()));
    assert_eq!(
        announcements(&mut router, ms(20_000)),
        [0, 20, 40, 60, 80, 5_000, 5_020, 5_040, 5_060, 5_080].map(|at| (at, 0, 1))
    );
}

#[test]
fn all_addresses_go_at_once_where_no_gap_is_wanted() {
    let settings = announce::Settings { repeat: 2, delay: Duration::ZERO, ..announce::Settings::default() };
    let mut router = started(wish(200, settings));
    assert_eq!(announcements(&mut router, ms(20_000)), [(0, 0, 200), (20, 0, 200)]);
}

#[test]
fn single_announcements_keep_their_gap() {
    let settings = announce::Settings {
        repeat: 2,
        gap: ms(3).into(),
        delay: Duration::ZERO,
        ..announce::Settings::default()
    };
    let mut router = started(wish(3, settings));
    assert_eq!(
        announcements(&mut router, ms(20_000)),
        [(0, 0, 1), (3, 1, 1), (6, 2, 1), (26, 0, 1), (29, 1, 1), (32, 2, 1)]
    );
}

#[test]
fn announcements_that_come_late_do_not_close_up() {
    let settings = announce::Settings {
        repeat: 1,
        gap: ms(10).into(),
        delay: Duration::ZERO,
        ..announce::Settings::default()
    };
    let mut router = started(wish(3, settings));
    drop(router.handle(START, Event::Tick));
    let next = Action::Announce { first: 1, count: 1 };
    assert_eq!(router.handle(START + ms(500), Event::Tick), [next]);
    assert_eq!(router.deadline(), Some(START + ms(510)));
}

#[test]
fn a_refresh_comes_round_for_as_long_as_the_router_is_active() {
    // keepalived starts one more refresh with every spell as Active; here a state owns its timers.
    let settings = announce::Settings {
        repeat: 1,
        delay: Duration::ZERO,
        refresh: ms(1_500),
        refresh_repeat: 2,
        ..announce::Settings::default()
    };
    let mut router = started(wish(1, settings));
    assert_eq!(
        announcements(&mut router, ms(3_600)).iter().map(|seen| seen.0).collect::<Vec<_>>(),
        [0, 1_500, 1_520, 3_000, 3_020]
    );
    drop(advert(&router, 200).to(&mut router, START + ms(3_600)));
    assert_eq!(router.state(), State::Backup);
    assert_eq!(announcements(&mut router, ms(7_000)), [], "a Backup announces nothing");
    let again = announcements(&mut router, ms(11_000)).len();
    assert_eq!(again, 1 + 2 * 2, "one spell, one refresh");
}

#[test]
fn addresses_are_announced_again_after_a_second_active_router_was_beaten() {
    // F1: hosts have learnt the loser's place, which it announced after its advert.
    let settings = announce::Settings {
        repeat: 1,
        delay: Duration::ZERO,
        lower_priority_repeat: 3,
        ..announce::Settings::default()
    };
    let mut router = active(wish(1, settings));
    let actions = advert(&router, 50).to(&mut router, START + ms(100));
    assert_eq!(actions.last(), Some(&Action::Announce { first: 0, count: 1 }), "at once");
    assert_eq!(
        announcements(&mut router, ms(900)).iter().map(|seen| seen.0).collect::<Vec<_>>(),
        [120, 140],
        "and after the loser has fallen silent"
    );
}

#[test]
fn the_repetition_after_a_second_active_router_has_a_time_of_its_own() {
    // keepalived's garp_lower_prio_delay
    for (delay, expected) in [(ms(0), vec![120]), (ms(2_000), vec![120, 2_100, 2_120])] {
        let settings = announce::Settings {
            repeat: 1,
            delay: ms(7_000),
            lower_priority_repeat: 2,
            lower_priority_delay: delay.into(),
            ..announce::Settings::default()
        };
        let mut router = active(wish(1, settings));
        drop(advert(&router, 50).to(&mut router, START + ms(100)));
        let seen = announcements(&mut router, ms(20_000));
        assert_eq!(seen.iter().map(|seen| seen.0).collect::<Vec<_>>(), expected, "{delay:?}");
    }
}

#[test]
fn a_flood_of_lesser_adverts_starts_one_burst_per_interval() {
    // F13
    let settings = announce::Settings {
        repeat: 1,
        delay: Duration::ZERO,
        lower_priority_repeat: 3,
        ..announce::Settings::default()
    };
    let mut router = active(wish(1, settings));
    let mut announced = 0;
    for step in 1..10_000 {
        let now = START + ms(step);
        let mut actions = advert(&router, 50).to(&mut router, now).to_vec();
        actions.extend(router.handle(now, Event::Tick));
        announced += actions.iter().filter(|action| matches!(action, Action::Announce { .. })).count();
    }
    assert_eq!(announced, 10 * 3);
}

#[test]
fn addresses_are_announced_on_demand_and_when_the_link_address_changes() {
    let mut router = active(v3());
    let announce = [Action::Announce { first: 0, count: 1 }];
    assert_eq!(router.handle(ms(4_000), Event::Announce), announce);
    let source = router.source().expect("it was started");
    let moved = Event::Source { source, mac: Some([2, 0, 0, 0, 0, 99]) };
    assert_eq!(router.handle(ms(4_100), moved), announce);
    let mut backup = started(v3());
    assert_eq!(backup.handle(ms(1_000), Event::Announce), []);
}

#[test]
fn settings_without_any_announcement_are_respected() {
    let settings =
        announce::Settings { repeat: 0, lower_priority_repeat: 0, ..announce::Settings::default() };
    let mut router = started(wish(1, settings));
    assert_eq!(announcements(&mut router, ms(20_000)), []);
}

#[test]
fn rounds_without_any_pause_still_move_the_deadline() {
    let settings =
        announce::Settings { round: Duration::ZERO.into(), repeat: 3, ..announce::Settings::default() };
    let mut router = started(wish(1, settings));
    drop(router.handle(START, Event::Tick));
    assert_eq!(router.deadline(), Some(START + us(1)));
}
