//! The state tables of RFC 3768 §6.4 and RFC 9568 §6.4, row by row.

use core::time::Duration;

use vrrp_core::{Action, Event, Family, Notice, Priority, Reason, State};

use crate::scene::{Router, Wish, active, advert, host, made, ms, started, us, v2, v3, v6};

/// One row: what happens to a router in a state, what it does and where it goes.
struct Row {
    given: State,
    event: Happens,
    actions: Vec<Action>,
    next: State,
    deadline: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
enum Happens {
    Startup,
    Shutdown,
    Expiry,
    /// An advert from this host with this priority.
    Advert(u8, u8),
}

use Happens::{Advert, Expiry, Shutdown, Startup};
use State::{Active, Backup, Initialize};

const BEFORE: Duration = ms(1_000);
/// When a Backup of priority 100 that heard nobody takes over.
const TAKES_OVER: Duration = us(3_609_375);
/// When an advert arrives at an Active router; its own next one is due at 4.609375 s.
const LATER: Duration = ms(4_000);

fn check(wish: &Wish, rows: &[Row]) {
    for (number, row) in rows.iter().enumerate() {
        let name = format!("row {number}: {:?} in {:?}", row.event, row.given);
        let mut router = match row.given {
            Initialize => made(wish.clone()),
            Backup => started(wish.clone()),
            Active => active(wish.clone()),
        };
        assert_eq!(router.state(), row.given, "{name}");
        let actions = happen(&mut router, row);
        assert_eq!(actions, row.actions[..], "{name}");
        assert_eq!(router.state(), row.next, "{name}");
        assert_eq!(router.deadline(), row.deadline, "{name}");
    }
}

fn happen(router: &mut Router, row: &Row) -> vrrp_core::Actions {
    let now = match row.given {
        Initialize | Backup => BEFORE,
        Active => LATER,
    };
    match row.event {
        Startup => {
            let source = host(router.config().family, 10);
            router.handle(now, Event::Start { source, mac: Some(crate::scene::MAC) })
        }
        Shutdown => router.handle(now, Event::Stop),
        Expiry => {
            let due = router.deadline().expect("a timer runs");
            router.handle(due, Event::Tick)
        }
        Advert(from, priority) => {
            crate::scene::Advert { host: from, ..advert(router, priority) }.to(router, now)
        }
    }
}

const fn heard(priority: u8) -> Action {
    Action::Heard { priority }
}

const fn advertise(priority: u8) -> Action {
    Action::Advertise { priority }
}

const fn transition(from: State, to: State, reason: Reason) -> Action {
    Action::Transition { from, to, reason }
}

const fn announce(count: u16) -> Action {
    Action::Announce { first: 0, count }
}

const fn second_active(family: Family, number: u8, priority: u8) -> Action {
    Action::Noticed(Notice::SecondActive { source: at(family, number), priority })
}

const fn outranked(family: Family, number: u8, priority: u8) -> Action {
    transition(Active, Backup, Reason::Outranked { by: at(family, number), priority })
}

const fn at(family: Family, number: u8) -> core::net::IpAddr {
    use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)),
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number as u16)),
    }
}

fn row<const N: usize>(
    given: State,
    event: Happens,
    actions: [Action; N],
    next: State,
    deadline: Option<Duration>,
) -> Row {
    Row { given, event, actions: actions.to_vec(), next, deadline }
}

/// The rows that all versions share, for a router of `family` with `count` addresses.
#[rustfmt::skip]
fn shared_rows(family: Family, count: u16) -> Vec<Row> {
    vec![
        // Init | Startup | P<255: Down_Timer := Down (S1: over our own interval).
        row(Initialize, Startup, [transition(Initialize, Backup, Reason::Started)], Backup, Some(us(4_609_375))),
        // Init | Shutdown: no-op (S7).
        row(Initialize, Shutdown, [], Initialize, None),
        // Init | advert: no-op (S7).
        row(Initialize, Advert(20, 200), [Action::Ignored(vrrp_core::Ignored::NotRunning)], Initialize, None),
        // Backup | Shutdown: cancel Down_Timer.
        row(Backup, Shutdown, [transition(Backup, Initialize, Reason::Stopped)], Initialize, None),
        // Backup | Down_Timer: advert, claim, announce each; Adver_Timer (D12).
        row(
            Backup, Expiry,
            [advertise(100), Action::ClaimAddresses, announce(count), transition(Backup, Active, Reason::Silence)],
            Active, Some(us(4_609_375)),
        ),
        // Backup | advert | prio 0: Down_Timer := Skew.
        row(Backup, Advert(20, 0), [heard(0)], Backup, Some(us(1_609_375))),
        // Backup | advert | prio ≥ local: Down_Timer := Down. Equal ones win whatever their address (S6).
        row(Backup, Advert(20, 200), [heard(200)], Backup, Some(us(4_609_375))),
        row(Backup, Advert(20, 100), [heard(100)], Backup, Some(us(4_609_375))),
        row(Backup, Advert(9, 100), [heard(100)], Backup, Some(us(4_609_375))),
        // Backup | advert | preempt and prio < local: discard, the timer keeps running.
        row(Backup, Advert(20, 99), [heard(99)], Backup, Some(TAKES_OVER)),
        // Active | Shutdown: advert with prio 0, once nothing answers any more (D12).
        row(
            Active, Shutdown,
            [Action::ReleaseAddresses, advertise(0), transition(Active, Initialize, Reason::Stopped)],
            Initialize, None,
        ),
        // Active | Adver_Timer: advert; rearm.
        row(Active, Expiry, [advertise(100)], Active, Some(us(5_609_375))),
        // Active | advert | prio 0: advert; rearm.
        row(Active, Advert(20, 0), [heard(0), advertise(100)], Active, Some(ms(5_000))),
        // Active | advert | prio > local, or equal and sender IP > own: Down_Timer := Down.
        row(
            Active, Advert(9, 101),
            [heard(101), Action::ReleaseAddresses, outranked(family, 9, 101)],
            Backup, Some(us(7_609_375)),
        ),
        row(
            Active, Advert(11, 100),
            [heard(100), Action::ReleaseAddresses, outranked(family, 11, 100)],
            Backup, Some(us(7_609_375)),
        ),
    ]
}

#[rustfmt::skip]
#[test]
fn version_2_follows_its_table() {
    // §2.7
    check(&v2(), &shared_rows(Family::V4, 1));
    // Active | advert | otherwise: discard silently.
    check(
        &v2(),
        &[
            row(
                Active,
                Advert(20, 99),
                [heard(99), second_active(Family::V4, 20, 99)],
                Active,
                Some(us(4_609_375)),
            ),
            row(
                Active,
                Advert(9, 100),
                [heard(100), second_active(Family::V4, 9, 100)],
                Active,
                Some(us(4_609_375)),
            ),
        ],
    );
}

#[rustfmt::skip]
#[test]
fn version_3_over_ipv4_follows_its_table() {
    // §2.8
    check(&v3(), &shared_rows(Family::V4, 1));
    // S3: a losing advert is answered at once, and the Adver_Timer is not rearmed.
    check(
        &v3(),
        &[
            row(
                Active,
                Advert(20, 99),
                [heard(99), second_active(Family::V4, 20, 99), advertise(100)],
                Active,
                Some(us(4_609_375)),
            ),
            row(
                Active,
                Advert(9, 100),
                [heard(100), second_active(Family::V4, 9, 100), advertise(100)],
                Active,
                Some(us(4_609_375)),
            ),
        ],
    );
}

#[rustfmt::skip]
#[test]
fn version_3_over_ipv6_follows_its_table() {
    // §2.9, S10: one announcement for each of two addresses.
    check(&v6(), &shared_rows(Family::V6, 2));
    check(
        &v6(),
        &[
            row(
                Active,
                Advert(20, 99),
                [heard(99), second_active(Family::V6, 20, 99), advertise(100)],
                Active,
                Some(us(4_609_375)),
            ),
            row(
                Active,
                Advert(9, 100),
                [heard(100), second_active(Family::V6, 9, 100), advertise(100)],
                Active,
                Some(us(4_609_375)),
            ),
        ],
    );
}

#[test]
fn without_preemption_a_backup_bows_to_a_lesser_advert_in_every_version() {
    // Backup | advert | preempt off: Down_Timer := Down.
    for wish in [v2(), v3(), v6()] {
        check(
            &Wish { preempt: false, ..wish },
            &[row(Backup, Advert(20, 99), [heard(99)], Backup, Some(us(4_609_375)))],
        );
    }
}

#[test]
fn an_owner_becomes_active_at_startup_in_every_version() {
    // Init | Startup | P=255: advert; announce each; Adver_Timer. O1, O3.
    for (wish, count) in [(v2(), 1), (v3(), 1), (v6(), 2)] {
        let mut router = made(Wish { priority: Priority::OWNER, ..wish });
        let source = host(router.config().family, 10);
        assert_eq!(
            router.handle(ms(1_000), Event::Start { source, mac: None }),
            [
                advertise(255),
                Action::ClaimAddresses,
                announce(count),
                transition(Initialize, Active, Reason::Owner),
            ]
        );
        assert_eq!(router.deadline(), Some(ms(2_000)));
        assert!(router.config().accepts());
    }
}

#[test]
fn a_version_2_owner_listens_to_nobody_and_a_version_3_owner_to_another_owner() {
    // R12, O2, F19, erratum 8298
    let owner = |wish| active(Wish { priority: Priority::OWNER, ..wish });
    let mut router = owner(v2());
    let ignored = [Action::Ignored(vrrp_core::Ignored::Owner)];
    assert_eq!(advert(&router, 255).to(&mut router, ms(500)), ignored);
    assert_eq!(router.state(), Active);

    let mut router = owner(v3());
    let source = host(Family::V4, 20);
    assert_eq!(
        advert(&router, 255).to(&mut router, ms(500)),
        [
            heard(255),
            Action::Noticed(Notice::SecondOwner { source }),
            Action::ReleaseAddresses,
            outranked(Family::V4, 20, 255),
        ]
    );
}

#[test]
fn a_tick_that_comes_early_and_a_second_start_or_stop_do_nothing() {
    // S7, Σ4
    let mut router = started(v3());
    assert_eq!(router.handle(us(3_609_374), Event::Tick), []);
    let source = host(Family::V4, 10);
    let again = Event::Start { source, mac: Some(crate::scene::MAC) };
    assert_eq!(router.handle(ms(2_000), again), []);
    assert_eq!(router.deadline(), Some(TAKES_OVER));
    drop(router.handle(ms(3_000), Event::Stop));
    assert_eq!(router.handle(ms(3_000), Event::Stop), []);
    assert_eq!(router.handle(ms(9_000), Event::Tick), []);
    assert_eq!(router.state(), Initialize);
}
