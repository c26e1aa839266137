//! Two Active routers: priority, then address, then link address; and how often they answer each other.

use vrrp_core::{Action, Event, Family, Notice, Reason, Settings, State, virtual_mac};

use crate::scene::{Advert, MAC, Router, Wish, active, advert, interval, ms, us, v3};

const HIGHER_MAC: Option<[u8; 6]> = Some([2, 0, 0, 0, 1, 0]);
const LOWER_MAC: Option<[u8; 6]> = Some([2, 0, 0, 0, 0, 1]);

/// An advert with the router's own priority and address.
fn twin(router: &Router, mac: Option<[u8; 6]>) -> Advert {
    Advert { host: 10, mac, ..advert(router, 100) }
}

#[test]
fn the_greater_link_address_stays_where_all_else_is_equal() {
    // §3.4 =,=,mac> and =,=,mac<; E1.2. The rows with other priorities and addresses stand in transitions.rs.
    let mut router = active(v3());
    drop(twin(&router, HIGHER_MAC).to(&mut router, ms(4_000)));
    assert_eq!(router.state(), State::Backup);

    let mut router = active(v3());
    let actions = twin(&router, LOWER_MAC).to(&mut router, ms(4_000));
    assert_eq!(actions.last(), Some(&Action::Advertise { priority: 100 }), "stays and answers");
    assert_eq!(router.state(), State::Active);
}

#[test]
fn our_own_advert_come_back_is_ignored_and_remarked_on_once() {
    // E1.1, R15, F15; §3.4 =,=,=
    let mut router = active(v3());
    let due = router.deadline();
    let ignored = Action::Ignored(vrrp_core::Ignored::Loop);
    assert_eq!(twin(&router, Some(MAC)).to(&mut router, ms(4_000)), [ignored, Action::Noticed(Notice::Loop)]);
    assert_eq!(twin(&router, Some(MAC)).to(&mut router, ms(4_001)), [ignored]);
    assert_eq!((router.state(), router.deadline()), (State::Active, due));
}

#[test]
fn twins_behind_the_virtual_mac_stay_silent_and_raise_the_alarm() {
    // E1.4, F14; §3.4 =,=,=
    let mut router = active(v3());
    let shared = virtual_mac(router.config().family, router.config().vrid);
    let source = router.source().expect("it was started");
    drop(router.handle(ms(3_700), Event::Source { source, mac: Some(shared) }));
    for mac in [Some(shared), None] {
        let actions = twin(&router, mac).to(&mut router, ms(4_000));
        assert_eq!(actions[0], Action::Heard { priority: 100 });
        assert!(!actions.contains(&Action::Advertise { priority: 100 }));
    }
    assert_eq!(router.state(), State::Active);

    let mut router = active(v3());
    assert_eq!(
        twin(&router, None).to(&mut router, ms(4_000)),
        [Action::Heard { priority: 100 }, Action::Noticed(Notice::DuplicateIdentity)]
    );
}

#[test]
fn a_backup_looks_at_priorities_only() {
    // §3.4, last line; S6
    let mut router = crate::scene::started(v3());
    drop(twin(&router, LOWER_MAC).to(&mut router, ms(1_000)));
    assert_eq!(router.deadline(), Some(us(4_609_375)));
}

#[test]
fn a_flood_of_lesser_adverts_is_answered_eight_times_per_interval_at_most() {
    // E4, F13, Λ7
    let mut router = active(v3());
    let (from, until) = (us(3_609_375), us(13_609_375));
    let (mut now, mut sent) = (from, 0);
    while now < until {
        now += us(500);
        if router.deadline().is_some_and(|due| due <= now) {
            sent += count(&router.handle(now, Event::Tick));
        }
        sent += count(&advert(&router, 50).to(&mut router, now));
    }
    // Ten intervals: ten regular adverts and eighty answers.
    assert!((80..=90).contains(&sent), "{sent} adverts");
}

#[test]
fn an_answer_that_came_too_soon_is_made_up_for() {
    // E4: coalesced, not lost.
    let mut router = active(v3());
    assert_eq!(count(&advert(&router, 50).to(&mut router, ms(3_700))), 1, "at once");
    assert_eq!(count(&advert(&router, 50).to(&mut router, ms(3_710))), 0);
    assert_eq!(count(&advert(&router, 60).to(&mut router, ms(3_720))), 0);
    assert_eq!(router.deadline(), Some(ms(3_825)), "an eighth of the interval later");
    assert_eq!(router.handle(ms(3_825), Event::Tick), [Action::Advertise { priority: 100 }]);
    assert_eq!(router.deadline(), Some(us(4_609_375)), "then the regular one");
}

#[test]
fn someone_who_resigns_without_end_does_not_silence_the_active_router() {
    // F12, Λ7
    let mut router = active(v3());
    let (mut now, mut last, mut total) = (us(3_609_375), us(3_609_375), 0);
    while now < us(23_609_375) {
        now += us(700);
        let mut sent = count(&advert(&router, 0).to(&mut router, now));
        if router.deadline().is_some_and(|due| due <= now) {
            sent += count(&router.handle(now, Event::Tick));
        }
        if sent > 0 {
            last = now;
        }
        total += sent;
        assert!(now.saturating_sub(last) <= ms(1_000), "silent since {last:?} at {now:?}");
    }
    assert!(total <= 20 * (1 + 8), "{total} adverts in 20 intervals");
}

#[test]
fn silence_towards_lesser_routers_is_a_setting() {
    let mut router = active(Wish { lower_priority_no_advert: true, ..v3() });
    assert_eq!(count(&advert(&router, 50).to(&mut router, ms(4_000))), 0);
    assert_eq!(count(&advert(&router, 0).to(&mut router, ms(4_000))), 1, "a resignation is answered");
}

#[test]
fn the_winner_gets_a_last_advert_by_default() {
    // F1: the winner may not have heard us yet. Nothing answers for the addresses any more when it comes.
    let usual: Wish = Settings::new(crate::scene::vrid(1), Family::V4, &OTHER_ADDRESSES);
    assert!(usual.higher_priority_send_advert);
    let mut router = active(Wish { higher_priority_send_advert: true, ..v3() });
    let actions = advert(&router, 200).to(&mut router, ms(4_000));
    assert_eq!(
        actions[..3],
        [Action::Heard { priority: 200 }, Action::ReleaseAddresses, Action::Advertise { priority: 100 }]
    );
}

#[test]
fn a_router_that_has_just_taken_over_needs_no_notice_of_the_one_before() {
    // Its opening burst is on its way; a second one would say the same.
    let announce = vrrp_core::announce::Settings { repeat: 5, lower_priority_repeat: 5, ..v3().announce };
    let mut router = active(Wish { announce, ..v3() });
    let became = router.since();
    let actions = advert(&router, 50).to(&mut router, became + ms(1));
    assert_eq!(actions[..], [Action::Heard { priority: 50 }, Action::Advertise { priority: 100 }]);
    // One that goes on is told of.
    while router.timers().announcement.is_some() {
        let due = router.deadline().expect("an Active router advertises");
        drop(router.handle(due, Event::Tick));
    }
    let actions = advert(&router, 50).to(&mut router, became + ms(4_100));
    let source = crate::scene::host(Family::V4, 20);
    assert!(actions.contains(&Action::Noticed(Notice::SecondActive { source, priority: 50 })));
    assert!(actions.contains(&Action::Announce { first: 0, count: 1 }));
}

#[test]
fn a_second_active_router_is_worth_a_notice_again_after_a_quiet_time() {
    let mut router = active(v3());
    let noticed = |actions: &[Action]| actions.iter().any(|a| matches!(a, Action::Noticed(_)));
    assert!(noticed(&advert(&router, 50).to(&mut router, ms(4_000))));
    assert!(!noticed(&advert(&router, 50).to(&mut router, ms(4_300))));
    for _ in 0..3 {
        let due = router.deadline().expect("an Active router advertises");
        drop(router.handle(due, Event::Tick));
    }
    assert!(noticed(&advert(&router, 50).to(&mut router, ms(7_000))));
}

#[test]
fn the_longest_lists_of_actions_fit() {
    let owner = || {
        let announce = vrrp_core::announce::Settings { lower_priority_repeat: 1, ..v3().announce };
        let wish = Wish { priority: crate::scene::priority(255), announce, ..v3() };
        active(Wish { higher_priority_send_advert: true, ..wish })
    };
    let odd = |router: &Router, host| Advert {
        host,
        interval: crate::scene::interval(7),
        addresses: &OTHER_ADDRESSES,
        ..advert(router, 255)
    };
    for host in [9, 11] {
        let mut router = owner();
        let actions = odd(&router, host).to(&mut router, ms(200));
        assert_eq!(actions.len(), vrrp_core::MOST_ACTIONS, "{actions:?}");
    }
}

#[test]
fn statistics_count_what_was_sent_heard_and_become() {
    let mut statistics = vrrp_core::Statistics::default();
    let mut router = crate::scene::started(v3());
    let due = router.deadline().expect("a Backup waits");
    statistics.record(&router.handle(due, Event::Tick));
    statistics.record(&advert(&router, 0).to(&mut router, ms(4_000)));
    statistics.record(&advert(&router, 50).to(&mut router, ms(4_500)));
    statistics.record(&router.handle(ms(4_700), Event::Stop));
    assert_eq!((statistics.adverts_sent, statistics.priority_zero_sent), (4, 1));
    assert_eq!((statistics.adverts_received, statistics.priority_zero_received), (2, 1));
    assert_eq!((statistics.became_active, statistics.released_active), (1, 1));
    assert_eq!(statistics.notices, 1);
    assert_eq!(statistics.all_ignored().map(|(_, count)| count).sum::<u64>(), 0);
}

#[test]
fn the_checksum_form_of_a_better_router_is_followed_where_that_is_set() {
    // Decision 2, F26
    use vrrp_core::ChecksumForm::{PseudoHeader, Rfc9568};
    let mut router = active(Wish { follow_checksum: true, ..v3() });
    let lesser = Advert { form: PseudoHeader, ..advert(&router, 50) };
    drop(lesser.to(&mut router, ms(4_000)));
    assert_eq!(router.checksum(), Rfc9568);
    let better = Advert { form: PseudoHeader, ..advert(&router, 200) };
    assert_eq!(
        better.to(&mut router, ms(4_100)).last(),
        Some(&Action::Transition {
            from: State::Active,
            to: State::Backup,
            reason: Reason::Outranked { by: crate::scene::host(vrrp_core::Family::V4, 20), priority: 200 }
        })
    );
    assert_eq!(router.checksum(), PseudoHeader);
    assert_eq!(router.active().map(|active| active.checksum), Some(PseudoHeader));
}

const OTHER_ADDRESSES: [core::net::IpAddr; 1] =
    [core::net::IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 101))];

fn count(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Advertise { .. })).count()
}

#[test]
fn who_yields_to_a_slower_router_says_no_last_word() {
    // F1, Σ3: a third router would wait in the shorter interval again, and take over before the slower one speaks.
    for (centiseconds, words) in [(100, 1), (50, 1), (200, 0)] {
        let mut router = active(Wish { higher_priority_send_advert: true, ..v3() });
        let better = crate::scene::Advert { interval: interval(centiseconds), ..advert(&router, 200) };
        let actions = better.to(&mut router, ms(4_000));
        let sent = actions.iter().filter(|action| matches!(action, Action::Advertise { .. })).count();
        assert_eq!((sent, router.state()), (words, State::Backup), "{centiseconds} cs");
    }
}
