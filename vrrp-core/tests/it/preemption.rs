//! Who takes over from a lesser Active router, and when.

use vrrp_core::{Action, Event, Family, Reason, State};

use crate::scene::{Wish, active, advert, host, ms, priority, started, us, v3};

fn delayed() -> Wish {
    Wish { preempt_delay: ms(10_000), ..v3() }
}

#[test]
fn a_backup_preempts_a_lesser_router_when_its_down_timer_runs_out() {
    // O4, Λ5
    let mut router = started(v3());
    for second in 0..3 {
        drop(advert(&router, 50).to(&mut router, ms(500 + 1_000 * second)));
    }
    assert_eq!(router.active().map(|active| active.source), Some(host(Family::V4, 20)));
    assert_eq!(
        router.handle(us(3_609_375), Event::Tick).last(),
        Some(&Action::Transition { from: State::Backup, to: State::Active, reason: Reason::Preempted })
    );
}

#[test]
fn without_preemption_a_lesser_router_stays_until_it_is_gone() {
    let mut router = started(Wish { preempt: false, ..v3() });
    for second in 0..100 {
        drop(advert(&router, 50).to(&mut router, ms(1_000 * second)));
    }
    assert_eq!(router.deadline(), Some(us(102_609_375)));
    let actions = router.handle(us(102_609_375), Event::Tick);
    assert_eq!(
        actions.last(),
        Some(&Action::Transition { from: State::Backup, to: State::Active, reason: Reason::Silence })
    );
}

#[test]
fn preemption_is_not_looked_at_while_active() {
    // S5
    let mut router = active(Wish { preempt: false, ..v3() });
    drop(advert(&router, 50).to(&mut router, ms(4_000)));
    assert_eq!(router.state(), State::Active);
}

#[test]
fn an_owner_preempts_whatever_it_was_told() {
    // S5
    let mut router = active(Wish { priority: priority(255), preempt: false, ..delayed() });
    drop(advert(&router, 255).to(&mut router, ms(500)));
    assert_eq!(router.state(), State::Backup);
    let due = router.deadline();
    drop(advert(&router, 254).to(&mut router, ms(600)));
    assert_eq!(router.deadline(), due, "a lesser advert does not hold it back");
}

#[test]
fn preemption_waits_for_the_delay_from_the_first_lesser_advert_on() {
    let mut router = started(delayed());
    for second in 1..=11 {
        drop(advert(&router, 50).to(&mut router, ms(1_000 * second)));
    }
    // The advert at 10 s was the last that held it back: the delay ran from 1 s to 11 s.
    assert_eq!(router.deadline(), Some(us(13_609_375)));
}

#[test]
fn an_advert_of_equal_or_better_rank_cancels_the_delay() {
    // F21
    for better in [100, 200] {
        let mut router = started(delayed());
        for second in 1..=9 {
            drop(advert(&router, 50).to(&mut router, ms(1_000 * second)));
        }
        drop(advert(&router, better).to(&mut router, ms(10_000)));
        drop(advert(&router, 50).to(&mut router, ms(11_000)));
        drop(advert(&router, 50).to(&mut router, ms(20_000)));
        assert_eq!(router.deadline(), Some(us(23_609_375)), "the delay began again at 11 s");
        drop(advert(&router, 50).to(&mut router, ms(21_000)));
        assert_eq!(router.deadline(), Some(us(23_609_375)), "and ended at 21 s");
    }
}

#[test]
fn a_resignation_ends_the_delay() {
    let mut router = started(delayed());
    drop(advert(&router, 50).to(&mut router, ms(1_000)));
    drop(advert(&router, 0).to(&mut router, ms(2_000)));
    assert_eq!(
        router.handle(us(2_609_375), Event::Tick).last(),
        Some(&Action::Transition { from: State::Backup, to: State::Active, reason: Reason::Resigned })
    );
}

#[test]
fn a_resignation_is_believed_whoever_sends_it() {
    // F11: as the RFC has it, a forged one takes effect; where that matters, the link needs protection.
    let mut router = started(v3());
    drop(advert(&router, 200).to(&mut router, ms(1_000)));
    drop(crate::scene::Advert { host: 99, ..advert(&router, 0) }.to(&mut router, ms(1_001)));
    assert_eq!(router.deadline(), Some(us(1_610_375)));
}
