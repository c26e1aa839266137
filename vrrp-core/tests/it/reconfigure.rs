//! New settings for a running router.

use core::net::{IpAddr, Ipv4Addr};

use vrrp_core::{Action, Config, Event, Notice, Priority, Reason, State};

use crate::scene::{Wish, active, advert, interval, ms, priority, started, us, v2, v3, vrid};

fn configure(wish: Wish) -> Event<'static, &'static [IpAddr]> {
    Event::Configure(Config::try_from(wish).expect("the scene makes sense"))
}

const TWO: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100)), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 101))];

#[test]
fn a_longer_interval_is_advertised_at_once() {
    // F8: or the Backups' old timers run out before they hear of it.
    let mut router = active(v3());
    assert_eq!(
        router.handle(ms(4_000), configure(Wish { advert_interval: interval(1_000), ..v3() })),
        [Action::Advertise { priority: 100 }, Action::ClaimAddresses]
    );
    assert_eq!(router.deadline(), Some(ms(14_000)));
    assert_eq!(router.advert(100).interval, interval(1_000));
}

#[test]
fn a_shorter_interval_brings_the_next_advert_forward() {
    let mut router = active(v3());
    let actions = router.handle(ms(4_000), configure(Wish { advert_interval: interval(10), ..v3() }));
    assert_eq!(actions, [Action::ClaimAddresses]);
    assert_eq!(router.deadline(), Some(ms(4_100)));
}

#[test]
fn unchanged_settings_change_nothing() {
    let mut router = active(v3());
    let due = router.deadline();
    assert_eq!(router.handle(ms(4_000), configure(v3())), [Action::ClaimAddresses]);
    assert_eq!(router.deadline(), due);

    let mut router = started(v3());
    drop(advert(&router, 200).to(&mut router, ms(500)));
    drop(router.handle(ms(1_000), configure(v3())));
    assert_eq!(router.deadline(), Some(us(4_109_375)));
}

#[test]
fn new_addresses_are_claimed_and_announced() {
    let mut router = active(v3());
    let wish = Wish { addresses: &TWO, announced: 2, ..v3() };
    assert_eq!(
        router.handle(ms(4_000), configure(wish)),
        [Action::ClaimAddresses, Action::Announce { first: 0, count: 2 }]
    );
}

#[test]
fn a_new_priority_shifts_the_wait_and_replaces_what_tracking_said() {
    // T2, F31
    let mut router = started(v3());
    drop(router.handle(ms(100), Event::Priority(priority(50))));
    drop(router.handle(ms(200), configure(v3())));
    assert_eq!(router.priority(), priority(50), "the configured one did not change");
    drop(router.handle(ms(300), configure(Wish { priority: priority(200), ..v3() })));
    assert_eq!(router.priority(), priority(200));
    assert_eq!(router.deadline(), Some(us(3_218_750)));
}

#[test]
fn a_backup_that_becomes_the_owner_takes_over() {
    let mut router = started(v3());
    let actions = router.handle(ms(500), configure(Wish { priority: Priority::OWNER, ..v3() }));
    assert_eq!(
        actions.last(),
        Some(&Action::Transition { from: State::Backup, to: State::Active, reason: Reason::Owner })
    );
    assert_eq!(actions[0], Action::Advertise { priority: 255 });
}

#[test]
fn an_owner_that_is_one_no_longer_keeps_its_state() {
    let mut router = active(Wish { priority: Priority::OWNER, ..v3() });
    drop(router.handle(ms(500), configure(v3())));
    assert_eq!((router.state(), router.priority()), (State::Active, priority(100)));
}

#[test]
fn a_new_interval_counts_from_when_the_wait_of_a_backup_began() {
    // F31
    let wait = |centiseconds, after| {
        let mut router = started(v3());
        let wish = Wish { advert_interval: interval(centiseconds), ..v3() };
        drop(router.handle(ms(after), configure(wish)));
        router.deadline()
    };
    assert_eq!(wait(200, 1_000), Some(us(7_218_750)));
    // A shorter one may be news to the others too: it counts from now on, but makes no wait longer.
    assert_eq!(wait(50, 1_000), Some(us(2_804_687) + core::time::Duration::from_nanos(500)));
    assert_eq!(wait(10, 1_000), Some(us(1_360_937) + core::time::Duration::from_nanos(500)));
    assert_eq!(wait(10, 3_500), Some(us(3_609_375)));
    assert_eq!(wait(99, 3_600), Some(us(3_609_375)));
}

#[test]
fn a_reload_after_a_resignation_leaves_the_wait_as_short_as_it_is() {
    // F31, in both versions, and also if a lesser router has been heard meanwhile.
    for (wish, longer) in [(v3(), 300), (v2(), 300)] {
        for lesser in [false, true] {
            let mut router = started(wish.clone());
            drop(advert(&router, 200).to(&mut router, ms(500)));
            drop(advert(&router, 0).to(&mut router, ms(1_000)));
            if lesser {
                drop(advert(&router, 50).to(&mut router, ms(1_100)));
            }
            let wish = Wish { advert_interval: interval(longer), ..wish.clone() };
            drop(router.handle(ms(1_500), configure(wish)));
            assert_eq!(router.deadline(), Some(us(1_609_375)));
        }
    }
}

#[test]
fn more_adverts_to_wait_for_count_from_the_last_one_that_was_heard() {
    // F31
    let mut router = started(v3());
    drop(advert(&router, 200).to(&mut router, ms(500)));
    drop(router.handle(ms(1_000), configure(Wish { down_timer_adverts: 5, ..v3() })));
    assert_eq!(router.deadline(), Some(us(6_109_375)));
    drop(router.handle(ms(2_000), configure(v3())));
    assert_eq!(router.deadline(), Some(us(5_609_375)));
}

#[test]
fn a_learned_interval_outlives_a_new_one_of_our_own_in_version_3() {
    // T3
    let mut router = started(v3());
    drop(advert(&router, 200).to(&mut router, ms(500)));
    drop(router.handle(ms(1_000), configure(Wish { advert_interval: interval(10), ..v3() })));
    assert_eq!(router.deadline(), Some(us(4_109_375)));
    // In version 2 there is nothing to learn.
    let mut router = started(v2());
    drop(advert(&router, 200).to(&mut router, ms(500)));
    drop(router.handle(ms(1_000), configure(Wish { advert_interval: interval(300), ..v2() })));
    assert_eq!(router.deadline(), Some(us(10_109_375)));
}

#[test]
fn settings_of_another_virtual_router_are_refused() {
    let mut router = active(v3());
    let foreign = configure(Wish { vrid: vrid(52), ..v3() });
    assert_eq!(router.handle(ms(4_000), foreign), [Action::Noticed(Notice::ForeignConfiguration)]);
    assert_eq!(router.config().vrid, vrid(51));
}

#[test]
fn an_owner_that_has_yielded_to_another_stays_backup_when_it_is_reloaded() {
    // F19, F31, erratum 8298: only who becomes an owner by the reload takes over by it.
    let owner = Wish { priority: priority(255), ..v3() };
    let mut router = active(owner.clone());
    drop(advert(&router, 255).to(&mut router, ms(500)));
    assert_eq!(router.state(), State::Backup);
    let actions = router.handle(ms(600), configure(Wish { preempt: false, ..owner }));
    assert_eq!((actions.len(), router.state()), (0, State::Backup));
}
