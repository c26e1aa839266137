//! Reasons to take no part.

use vrrp_core::{Action, Event, Fault, Priority, Reason, State};

use crate::scene::{Wish, active, advert, made, ms, started, us, v3};

const fn fault(fault: Fault, present: bool) -> Event<'static, &'static [core::net::IpAddr]> {
    Event::Fault { fault, present }
}

#[test]
fn an_active_router_at_fault_lets_go_and_resigns() {
    // D12, F32: the addresses go before anybody is told to take over.
    let mut router = active(v3());
    assert_eq!(
        router.handle(ms(4_000), fault(Fault::LinkDown, true)),
        [
            Action::ReleaseAddresses,
            Action::Advertise { priority: 0 },
            Action::Transition {
                from: State::Active,
                to: State::Initialize,
                reason: Reason::Fault(Fault::LinkDown)
            },
        ]
    );
    assert_eq!(router.deadline(), None);
    assert_eq!(router.handle(ms(9_000), Event::Tick), [], "no stale timer (Σ4)");
}

#[test]
fn the_last_fault_to_go_lets_it_back_in_as_a_backup_with_a_full_wait() {
    let mut router = started(v3());
    drop(router.handle(ms(500), fault(Fault::Tracker, true)));
    assert_eq!(router.handle(ms(600), fault(Fault::LinkDown, true)), []);
    assert_eq!(router.handle(ms(700), fault(Fault::Tracker, false)), [], "the link is still down");
    assert!(router.faults().contains(Fault::LinkDown));
    assert_eq!(
        router.handle(ms(1_000), fault(Fault::LinkDown, false)),
        [Action::Transition { from: State::Initialize, to: State::Backup, reason: Reason::Started }]
    );
    assert_eq!(router.deadline(), Some(us(4_609_375)));
}

#[test]
fn an_owner_comes_back_as_active() {
    let mut router = active(Wish { priority: Priority::OWNER, ..v3() });
    drop(router.handle(ms(100), fault(Fault::LinkDown, true)));
    drop(router.handle(ms(200), fault(Fault::LinkDown, false)));
    assert_eq!(router.state(), State::Active);
}

#[test]
fn a_router_that_was_not_started_does_not_start_when_a_fault_goes() {
    let mut router = made(v3());
    drop(router.handle(ms(1), fault(Fault::LinkDown, true)));
    assert_eq!(router.handle(ms(2), fault(Fault::LinkDown, false)), []);
    assert_eq!(router.state(), State::Initialize);
}

#[test]
fn a_router_started_at_fault_waits_for_it_to_go() {
    let mut router = made(v3());
    drop(router.handle(ms(1), fault(Fault::Operator, true)));
    let source = crate::scene::host(vrrp_core::Family::V4, 10);
    assert_eq!(router.handle(ms(2), Event::Start { source, mac: None }), []);
    assert!(router.is_started());
    drop(router.handle(ms(3), fault(Fault::Operator, false)));
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn a_router_that_stopped_while_at_fault_stays_away() {
    let mut router = started(v3());
    drop(router.handle(ms(1), fault(Fault::NoSource, true)));
    drop(router.handle(ms(2), Event::Stop));
    assert_eq!(router.handle(ms(3), fault(Fault::NoSource, false)), []);
}

#[test]
fn what_was_learned_before_a_fault_is_forgotten() {
    // T3, F31: nothing of the old life shows in the new one.
    let mut router = started(v3());
    let slow = crate::scene::Advert { interval: crate::scene::interval(4095), ..advert(&router, 200) };
    drop(slow.to(&mut router, ms(1)));
    drop(router.handle(ms(2), fault(Fault::LinkDown, true)));
    drop(router.handle(ms(1_000), fault(Fault::LinkDown, false)));
    assert_eq!(router.deadline(), Some(us(4_609_375)));
    assert_eq!(router.active(), None);
}
