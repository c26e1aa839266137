//! Sync groups: members on two links that move together.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use vrrp_core::{Action, Event, Family, Fault, Group, Reason, State};

use crate::scene::{MAC, Router, Wish, host, interval, made, ms, packet, priority, us, v3, vrid};

#[test]
fn a_ready_member_waits_and_the_last_one_takes_all_along() {
    let mut pair = started([100, 90]);
    assert_eq!(pair.tick(0, us(3_609_375)), []);
    assert!(pair.members[0].is_ready());
    assert_eq!(pair.members[0].deadline(), Some(us(3_609_375 * 2)));
    assert_eq!(
        pair.tick(1, us(3_648_438)),
        [
            (0, advertise(100)),
            (0, Action::ClaimAddresses),
            (0, announce()),
            (0, transition(State::Backup, State::Active, Reason::Silence)),
            (1, advertise(90)),
            (1, Action::ClaimAddresses),
            (1, announce()),
            (1, transition(State::Backup, State::Active, Reason::Silence)),
        ]
    );
}

#[test]
fn while_one_member_hears_a_better_router_the_group_waits() {
    // Adverts of the first link are lost, those of the second are not: nobody is Active beside the other.
    let mut pair = started([100, 100]);
    for second in 1..60 {
        let heard = Action::Heard { priority: 200 };
        assert_eq!(pair.hear(1, ms(second * 1_000), 200), [(1, heard)]);
        if let Some(due) = pair.members[0].deadline().filter(|due| *due < ms(second * 1_000 + 1_000)) {
            assert_eq!(pair.tick(0, due), []);
        }
    }
    assert!(pair.members[0].is_ready());
    // The better router resigns: only the skew is waited for, and nobody else any more.
    assert_eq!(pair.hear(1, ms(60_000), 0), [(1, Action::Heard { priority: 0 })]);
    assert_eq!(pair.tick(1, us(60_609_375)).len(), 8);
    assert_eq!(pair.states(), [State::Active; 2]);
}

#[test]
fn a_ready_member_that_hears_a_better_router_is_ready_no_more() {
    let mut pair = started([100, 90]);
    assert_eq!(pair.tick(0, us(3_609_375)), []);
    assert_eq!(pair.hear(0, ms(3_620), 100), [(0, Action::Heard { priority: 100 })]);
    assert_eq!(pair.tick(1, us(3_648_438)), []);
    assert_eq!(pair.states(), [State::Backup; 2]);
}

#[test]
fn a_member_that_was_ready_to_preempt_is_not_once_its_priority_falls() {
    let mut pair = started([100, 90]);
    drop(pair.hear(0, ms(3_000), 95));
    assert_eq!(pair.tick(0, us(3_609_375)), []);
    assert!(pair.members[0].is_ready());
    drop(pair.tell(0, ms(3_610), Event::Priority(priority(90))));
    assert!(!pair.members[0].is_ready());
    assert_eq!(pair.tick(1, us(3_648_438)), []);
    // Silence, on the other hand, outlasts a change of priority.
    let mut pair = started([100, 90]);
    assert_eq!(pair.tick(0, us(3_609_375)), []);
    drop(pair.tell(0, ms(3_610), Event::Priority(priority(90))));
    assert_eq!(pair.tick(1, us(3_648_438)).len(), 8);
}

#[test]
fn a_member_that_yields_takes_all_to_backup_and_the_others_do_not_resign() {
    let mut pair = active([100, 100]);
    let outranked = Reason::Outranked { by: host(Family::V4, 20), priority: 200 };
    assert_eq!(
        pair.hear(1, ms(5_000), 200),
        [
            (1, Action::Heard { priority: 200 }),
            (1, Action::ReleaseAddresses),
            (1, transition(State::Active, State::Backup, outranked)),
            (0, Action::ReleaseAddresses),
            (0, transition(State::Active, State::Backup, Reason::SyncGroup)),
        ]
    );
}

#[test]
fn the_earlier_in_the_order_it_was_outranked_the_longer_the_group_waits() {
    // The second member is the later one by VRID, whatever its place in the list.
    let mut pair = active([100, 100]);
    drop(pair.hear(1, ms(5_000), 200));
    assert_eq!(pair.deadlines(), [Some(us(8_609_375)), Some(us(8_609_375))]);
    let mut pair = active([100, 100]);
    drop(pair.hear(0, ms(5_000), 200));
    assert_eq!(pair.deadlines(), [Some(us(10_609_375)), Some(us(10_609_375))]);
    // Where the better router is heard, that is over.
    drop(pair.hear(1, ms(5_001), 200));
    assert_eq!(pair.deadlines(), [Some(us(10_609_375)), Some(us(8_610_375))]);
}

#[test]
fn a_fault_of_one_takes_all_out_and_they_resign() {
    let mut pair = active([100, 100]);
    assert_eq!(
        pair.fault(0, ms(5_000), Fault::LinkDown, true),
        [
            (0, Action::ReleaseAddresses),
            (0, advertise(0)),
            (0, transition(State::Active, State::Initialize, Reason::Fault(Fault::LinkDown))),
            (1, Action::ReleaseAddresses),
            (1, advertise(0)),
            (1, transition(State::Active, State::Initialize, Reason::Fault(Fault::SyncGroup))),
        ]
    );
    assert_eq!(pair.group(|group| group.fault()), Some((0, Fault::LinkDown)));
    assert_eq!(pair.group(|group| group.state()), State::Initialize);
}

#[test]
fn the_group_comes_back_with_the_last_fault_of_any_member() {
    let mut pair = active([100, 100]);
    drop(pair.fault(0, ms(5_000), Fault::LinkDown, true));
    assert_eq!(pair.fault(1, ms(5_001), Fault::Tracker, true), []);
    assert_eq!(pair.fault(0, ms(5_002), Fault::LinkDown, false), []);
    assert_eq!(pair.group(|group| group.fault()), Some((1, Fault::Tracker)));
    assert_eq!(
        pair.fault(1, ms(5_003), Fault::Tracker, false),
        [
            (1, transition(State::Initialize, State::Backup, Reason::Started)),
            (0, transition(State::Initialize, State::Backup, Reason::Started)),
        ]
    );
    assert_eq!(pair.group(|group| group.fault()), None);
    assert_eq!(pair.group(|group| group.state()), State::Backup);
}

#[test]
fn with_a_link_lost_on_each_router_nobody_is_eligible_and_nothing_moves() {
    // F22: this one has lost its first link, the other one the second.
    let mut pair = active([100, 100]);
    drop(pair.fault(0, ms(5_000), Fault::LinkDown, true));
    assert_eq!(pair.deadlines(), [None, None]);
    assert_eq!(pair.hear(1, ms(5_001), 0), [(1, Action::Ignored(vrrp_core::Ignored::NotRunning))]);
    assert_eq!(pair.tick(1, ms(500_000)), []);
    assert_eq!(pair.group(|group| group.fault()), Some((0, Fault::LinkDown)));
}

#[test]
fn a_group_preempts_once_every_member_would() {
    let mut pair = started_with([100, 100], |position, wish| Wish { preempt: position == 0, ..wish });
    for second in 1..30 {
        drop(pair.hear(0, ms(second * 1_000), 50));
        drop(pair.hear(1, ms(second * 1_000), 50));
        pair.tick_all(ms(second * 1_000 + 999));
        assert_eq!(pair.states(), [State::Backup; 2]);
    }
    assert!(pair.members[0].is_ready());

    let delay = |position| if position == 0 { ms(2_000) } else { ms(10_000) };
    let mut pair = started_with([100, 100], |at, wish| Wish { preempt_delay: delay(at), ..wish });
    let mut moved = None;
    for second in 1..30 {
        drop(pair.hear(0, ms(second * 1_000), 50));
        drop(pair.hear(1, ms(second * 1_000), 50));
        pair.tick_all(ms(second * 1_000 + 999));
        if pair.states() == [State::Active; 2] {
            moved = Some(second);
            break;
        }
        assert_eq!(pair.states(), [State::Backup; 2]);
    }
    // The delay runs from the first advert at 1 s; the timer that the last advert held back, from 10 s.
    assert_eq!(moved, Some(13));
}

#[test]
fn a_member_that_stops_stops_all_and_they_wait_for_each_other_at_the_start() {
    let mut pair = active([100, 100]);
    assert_eq!(
        pair.tell(1, ms(5_000), Event::Stop),
        [
            (1, Action::ReleaseAddresses),
            (1, advertise(0)),
            (1, transition(State::Active, State::Initialize, Reason::Stopped)),
            (0, Action::ReleaseAddresses),
            (0, advertise(0)),
            (0, transition(State::Active, State::Initialize, Reason::Stopped)),
        ]
    );
    drop(pair.start(0, ms(6_000)));
    pair.tick_all(ms(60_000));
    assert_eq!(pair.states(), [State::Backup, State::Initialize]);
    drop(pair.start(1, ms(60_000)));
    pair.tick_all(ms(70_000));
    assert_eq!(pair.states(), [State::Active; 2]);
}

#[test]
fn owners_are_active_as_soon_as_all_have_started() {
    let mut pair = Pair::new([255, 255], |_, wish| wish);
    let waits = transition(State::Initialize, State::Backup, Reason::Started);
    assert_eq!(pair.start(0, ms(0)), [(0, waits)]);
    assert_eq!(
        pair.start(1, ms(10)),
        [
            (1, waits),
            (0, advertise(255)),
            (0, Action::ClaimAddresses),
            (0, announce()),
            (0, transition(State::Backup, State::Active, Reason::Owner)),
            (1, advertise(255)),
            (1, Action::ClaimAddresses),
            (1, announce()),
            (1, transition(State::Backup, State::Active, Reason::Owner)),
        ]
    );
}

#[test]
fn a_lesser_active_group_heard_on_one_link_is_announced_against_on_all() {
    let more = |_, wish: Wish| Wish {
        announce: vrrp_core::announce::Settings { lower_priority_repeat: 1, ..wish.announce },
        ..wish
    };
    let mut pair = active_with([100, 100], more);
    let actions = pair.hear(0, ms(5_000), 50);
    assert_eq!(actions.iter().filter(|(_, action)| *action == announce()).count(), 2);
    assert_eq!(actions.last(), Some(&(1, announce())));
    // The next one is answered, and that is all.
    assert!(!pair.hear(0, ms(5_200), 50).iter().any(|(_, action)| *action == announce()));
}

#[test]
fn a_newcomer_that_hears_nobody_joins_those_that_are_active() {
    let mut pair = Pair::new([100, 100], |_, wish| wish);
    pair.alone(0);
    assert_eq!(pair.settle(ms(5_000)), []);
    assert_eq!(
        pair.start(1, ms(5_000)),
        [
            (1, transition(State::Initialize, State::Backup, Reason::Started)),
            (1, advertise(100)),
            (1, Action::ClaimAddresses),
            (1, announce()),
            (1, transition(State::Backup, State::Active, Reason::SyncGroup)),
        ]
    );
}

#[test]
fn routers_that_become_a_group_in_unlike_states_yield_together() {
    let mut pair = Pair::new([100, 100], |_, wish| wish);
    pair.alone(0);
    drop(pair.members[1].handle(ms(4_000), Event::Start { source: host(Family::V4, 10), mac: None }));
    let heard = |router: &mut Router| {
        let like = router.clone();
        packet(&like, 20, 200, |event| drop(router.handle(ms(4_500), event)));
    };
    heard(&mut pair.members[1]);
    assert_eq!(
        pair.settle(ms(5_000)),
        [(0, Action::ReleaseAddresses), (0, transition(State::Active, State::Backup, Reason::SyncGroup)),]
    );
}

/// VRIDs 51 and 52, each on a link of its own.
pub(crate) struct Pair {
    pub(crate) members: [Router; 2],
}

impl Pair {
    pub(crate) fn new(priorities: [u8; 2], change: impl Fn(usize, Wish) -> Wish) -> Self {
        let member = |position: usize| {
            let wish =
                Wish { priority: priority(priorities[position]), advert_interval: interval(100), ..v3() };
            let vrid = vrid([51, 52][position]);
            made(change(position, Wish { vrid, addresses: &ADDRESSES[position..=position], ..wish }))
        };
        Self { members: [member(0), member(1)] }
    }

    pub(crate) fn group<T>(&mut self, ask: impl FnOnce(&mut Group<'_, '_, &'static [IpAddr]>) -> T) -> T {
        ask(&mut Group::new(&mut self.members.each_mut()))
    }

    pub(crate) fn tell(
        &mut self,
        position: usize,
        now: Duration,
        event: Event<'_, &'static [IpAddr]>,
    ) -> Vec<(usize, Action)> {
        let mut all = Vec::new();
        self.group(|group| {
            group
                .handle(now, position, event, |at, actions| all.extend(actions.iter().map(|one| (at, *one))));
        });
        all
    }

    fn settle(&mut self, now: Duration) -> Vec<(usize, Action)> {
        let mut all = Vec::new();
        self.group(|group| {
            group.settle(now, |at, actions| all.extend(actions.iter().map(|one| (at, *one))));
        });
        all
    }

    pub(crate) fn start(&mut self, position: usize, now: Duration) -> Vec<(usize, Action)> {
        let source = host(Family::V4, 10);
        self.tell(position, now, Event::Start { source, mac: Some(MAC) })
    }

    /// A member that became Active by itself.
    fn alone(&mut self, position: usize) {
        let member = &mut self.members[position];
        drop(member.handle(ms(0), Event::Start { source: host(Family::V4, 10), mac: None }));
        drop(member.handle(us(3_609_375), Event::Tick));
        assert_eq!(member.state(), State::Active);
    }

    fn tick(&mut self, position: usize, now: Duration) -> Vec<(usize, Action)> {
        self.tell(position, now, Event::Tick)
    }

    /// All ticks up to `until`, each in its time.
    fn tick_all(&mut self, until: Duration) {
        let due = |member: &Router| member.deadline().filter(|due| *due <= until);
        while let Some((now, position)) =
            (0..2).filter_map(|position| Some((due(&self.members[position])?, position))).min()
        {
            drop(self.tick(position, now));
        }
    }

    fn fault(&mut self, position: usize, now: Duration, fault: Fault, present: bool) -> Vec<(usize, Action)> {
        self.tell(position, now, Event::Fault { fault, present })
    }

    /// An advert from host 20.
    pub(crate) fn hear(&mut self, position: usize, now: Duration, priority: u8) -> Vec<(usize, Action)> {
        let like = self.members[position].clone();
        packet(&like, 20, priority, |event| self.tell(position, now, event))
    }

    pub(crate) fn states(&self) -> [State; 2] {
        self.members.each_ref().map(Router::state)
    }

    fn deadlines(&self) -> [Option<Duration>; 2] {
        self.members.each_ref().map(Router::deadline)
    }
}

fn started(priorities: [u8; 2]) -> Pair {
    started_with(priorities, |_, wish| wish)
}

fn started_with(priorities: [u8; 2], change: impl Fn(usize, Wish) -> Wish) -> Pair {
    let mut pair = Pair::new(priorities, change);
    for position in 0..2 {
        drop(pair.start(position, ms(0)));
    }
    pair
}

fn active(priorities: [u8; 2]) -> Pair {
    active_with(priorities, |_, wish| wish)
}

fn active_with(priorities: [u8; 2], change: impl Fn(usize, Wish) -> Wish) -> Pair {
    let mut pair = started_with(priorities, change);
    pair.tick_all(ms(4_500));
    assert_eq!(pair.states(), [State::Active; 2]);
    pair
}

fn advertise(priority: u8) -> Action {
    Action::Advertise { priority }
}

fn announce() -> Action {
    Action::Announce { first: 0, count: 1 }
}

fn transition(from: State, to: State, reason: Reason) -> Action {
    Action::Transition { from, to, reason }
}

const ADDRESSES: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100)), IpAddr::V4(Ipv4Addr::new(198, 51, 100, 100))];
