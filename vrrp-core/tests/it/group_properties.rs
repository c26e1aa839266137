//! What holds for every run of a sync group, whatever the events.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use proptest::prelude::*;
use vrrp_core::{Action, Event, Family, Fault, Group, Reason, State};

use crate::scene::{MAC, Router, Wish, host, made, ms, packet, priority, v3, vrid};

/// One thing that happens to a member.
#[derive(Clone, Debug)]
enum Op {
    Start,
    Stop,
    /// A tick now, or exactly at the deadline.
    Tick,
    Due,
    Hear(u8),
    Fault(Fault, bool),
    Priority(u8),
    Announce,
}

fn op() -> impl Strategy<Value = Op> {
    let faults = vec![Fault::LinkDown, Fault::Tracker];
    prop_oneof![
        4 => Just(Op::Start),
        1 => Just(Op::Stop),
        1 => Just(Op::Tick),
        12 => Just(Op::Due),
        4 => prop_oneof![Just(0), 90..110_u8, any::<u8>()].prop_map(Op::Hear),
        1 => (prop::sample::select(faults.clone()), Just(true)).prop_map(|(fault, on)| Op::Fault(fault, on)),
        2 => (prop::sample::select(faults), Just(false)).prop_map(|(fault, on)| Op::Fault(fault, on)),
        1 => (1..255_u8).prop_map(Op::Priority),
        1 => Just(Op::Announce),
    ]
}

/// Operations, to whom, and the milliseconds that pass before each.
fn run() -> impl Strategy<Value = Vec<(u64, usize, Op)>> {
    prop::collection::vec((0..1_000_u64, 0..COUNT, op()), 0..120)
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let number = prop_oneof![3 => (90..110_u8).boxed(), 1 => (1..255_u8).boxed()];
    let wish = (number, prop::bool::weighted(0.8), 0..2_u64);
    let ordinary = prop::collection::vec(wish, COUNT);
    let owners = prop::collection::vec((Just(255), Just(true), Just(0)), COUNT);
    prop_oneof![4 => ordinary.boxed(), 1 => owners.boxed()].prop_map(|members| {
        let numbered = members.into_iter().enumerate();
        let wish = |(position, (number, preempt, delay)): (usize, _)| Wish {
            vrid: vrid(51 + u8::try_from(position).expect("three")),
            addresses: &ADDRESSES[position..=position],
            priority: priority(number),
            preempt,
            preempt_delay: ms(delay * 2_000),
            ..v3()
        };
        numbered.map(wish).collect()
    })
}

/// What a run is made of: members, and whatever they wanted done at the last event.
#[derive(Clone)]
struct Trial {
    members: Vec<Router>,
    now: Duration,
}

impl Trial {
    fn new(wishes: Vec<Wish>) -> Self {
        Self { members: wishes.into_iter().map(made).collect(), now: Duration::ZERO }
    }

    fn tell(&mut self, position: usize, event: Event<'_, &'static [IpAddr]>) -> Vec<(usize, Action)> {
        let mut all = Vec::new();
        let mut members: Vec<&mut Router> = self.members.iter_mut().collect();
        Group::new(&mut members).handle(self.now, position, event, |at, actions| {
            all.extend(actions.iter().map(|action| (at, *action)));
        });
        all
    }

    /// Ticks in their time; how many changes of state came of them.
    fn tick_until(&mut self, until: Duration) -> usize {
        let mut changes = 0;
        let due = |members: &[Router]| {
            (0..COUNT)
                .filter_map(|at| Some((members[at].deadline()?, at)))
                .min()
                .filter(|(due, _)| *due <= until)
        };
        while let Some((due, at)) = due(&self.members) {
            self.now = self.now.max(due);
            let actions = self.tell(at, Event::Tick);
            changes += actions.iter().filter(|(_, one)| matches!(one, Action::Transition { .. })).count();
        }
        self.now = until;
        changes
    }

    fn apply(&mut self, step: u64, position: usize, op: &Op) -> Vec<(usize, Action)> {
        self.now += ms(step);
        match op {
            Op::Start => self.tell(position, Event::Start { source: host(Family::V4, 10), mac: Some(MAC) }),
            Op::Stop => self.tell(position, Event::Stop),
            Op::Tick => self.tell(position, Event::Tick),
            Op::Due => {
                self.now = self.members[position].deadline().unwrap_or(self.now).max(self.now);
                self.tell(position, Event::Tick)
            }
            Op::Hear(number) => {
                let like = self.members[position].clone();
                packet(&like, 20, *number, |event| self.tell(position, event))
            }
            Op::Fault(fault, present) => {
                self.tell(position, Event::Fault { fault: *fault, present: *present })
            }
            Op::Priority(number) => self.tell(position, Event::Priority(priority(*number))),
            Op::Announce => self.tell(position, Event::Announce),
        }
    }
}

proptest! {
    #[test]
    fn all_members_are_active_or_none_is_after_every_event(wishes in wishes(), run in run()) {
        let mut trial = Trial::new(wishes);
        for (step, position, op) in run {
            drop(trial.apply(step, position, &op));
            let members = &trial.members;
            let active = members.iter().filter(|member| member.state() == State::Active).count();
            prop_assert!(active == 0 || active == COUNT, "{:?}", members);
            let faulty = members.iter().any(|member| !member.faults().own().is_empty());
            for member in members {
                let out = !member.is_started() || faulty;
                prop_assert_eq!(member.state() == State::Initialize, out, "{:?}", member);
            }
            let ready = members.iter().all(Router::is_ready);
            prop_assert!(!ready, "nobody is waited for, and yet the group waits");
        }
    }

    #[test]
    fn each_member_tells_a_consistent_story_and_resigns_only_where_it_leaves(
        wishes in wishes(), run in run()
    ) {
        let mut trial = Trial::new(wishes);
        let mut states = [State::Initialize; COUNT];
        let mut holds = [false; COUNT];
        for (step, position, op) in run {
            let mut resigned = [false; COUNT];
            for (at, action) in trial.apply(step, position, &op) {
                match action {
                    Action::Transition { from, to, reason } => {
                        prop_assert_eq!(from, states[at]);
                        prop_assert_eq!(holds[at], to == State::Active);
                        let leaves = from == State::Active && to == State::Initialize;
                        prop_assert_eq!(core::mem::take(&mut resigned[at]), leaves);
                        // Nobody takes over with a group that was not ready, newcomers apart.
                        prop_assert!(to != State::Active || reason != Reason::SyncGroup);
                        states[at] = to;
                    }
                    Action::ClaimAddresses => holds[at] = true,
                    Action::ReleaseAddresses => prop_assert!(core::mem::take(&mut holds[at])),
                    Action::Announce { .. } => prop_assert!(holds[at]),
                    Action::Advertise { priority } => resigned[at] = priority == 0,
                    Action::Heard { .. } | Action::Ignored(_) | Action::Noticed(_) => {}
                }
            }
            prop_assert_eq!(resigned, [false; COUNT]);
            for (at, member) in trial.members.iter().enumerate() {
                prop_assert_eq!(member.state(), states[at]);
            }
        }
    }

    #[test]
    fn a_tick_at_or_past_a_deadline_moves_it_on_and_an_early_one_does_nothing(
        wishes in wishes(), run in run()
    ) {
        let mut trial = Trial::new(wishes);
        for (step, position, op) in run {
            drop(trial.apply(step, position, &op));
            for at in 0..COUNT {
                let deadline = trial.members[at].deadline();
                prop_assert_eq!(deadline.is_some(), trial.members[at].state() != State::Initialize, "Σ4");
                let Some(deadline) = deadline else { continue };
                if trial.now < deadline {
                    let mut other = trial.clone();
                    prop_assert_eq!(other.tell(at, Event::Tick), []);
                    prop_assert_eq!(other.members[at].deadline(), Some(deadline));
                }
                for late in [Duration::ZERO, ms(1), ms(10_000), ms(3_600_000)] {
                    let mut other = trial.clone();
                    other.now = deadline.max(trial.now) + late;
                    drop(other.tell(at, Event::Tick));
                    prop_assert!(other.members[at].deadline().is_some_and(|next| next > other.now));
                }
            }
        }
    }

    #[test]
    fn the_same_events_bring_the_same_actions(wishes in wishes(), run in run()) {
        let (mut one, mut other) = (Trial::new(wishes.clone()), Trial::new(wishes));
        for (step, position, op) in run {
            prop_assert_eq!(one.apply(step, position, &op), other.apply(step, position, &op));
        }
    }

    #[test]
    fn left_alone_a_group_changes_its_state_once_at_most(wishes in wishes(), run in run()) {
        // Timers are in time here: who is held up and does not preempt yields once more.
        let mut trial = Trial::new(wishes);
        for (step, position, op) in run {
            trial.tick_until(trial.now + ms(step));
            drop(trial.apply(0, position, if matches!(op, Op::Due) { &Op::Tick } else { &op }));
        }
        let takes_part = trial.members.iter().all(|member| member.state() != State::Initialize);
        let changes = trial.tick_until(trial.now + ms(60_000));
        let active = trial.members.iter().all(|member| member.state() == State::Active);
        prop_assert_eq!(active, takes_part);
        prop_assert!(changes == 0 || changes == COUNT, "{} changes", changes);
    }
}

const COUNT: usize = 3;
const ADDRESSES: [IpAddr; COUNT] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100)),
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 100)),
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 100)),
];
