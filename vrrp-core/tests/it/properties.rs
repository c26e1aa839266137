//! What holds for every run, whatever the events.

use core::net::IpAddr;
use core::time::Duration;

use proptest::prelude::*;
use vrrp_core::{Action, Actions, Config, Event, Fault, Packet, State, Statistics};

use crate::scene::{Advert, Router, Wish, advert, host, interval, made, ms, priority, v2, v3, v6};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Op {
    Start,
    Resume {
        since: u64,
        due: u64,
    },
    Stop,
    Tick,
    /// A tick exactly at the deadline.
    Due,
    Advert {
        host: u8,
        priority: u8,
        centiseconds: u16,
        mac: Option<u8>,
    },
    Bytes {
        ttl: u8,
        bytes: Vec<u8>,
    },
    Fault(Fault, bool),
    Source(u8),
    Priority(u8),
    Configure {
        centiseconds: u16,
        preempt: bool,
        priority: u8,
    },
    Announce,
}

fn op() -> impl Strategy<Value = Op> {
    let fault = prop::sample::select(Fault::ALL.to_vec());
    prop_oneof![
        2 => Just(Op::Start),
        1 => (0..20_000_u64, 0..20_000_u64).prop_map(|(since, due)| Op::Resume { since, due }),
        1 => Just(Op::Stop),
        2 => Just(Op::Tick),
        8 => Just(Op::Due),
        8 => (0..30_u8, any::<u8>(), 1..300_u16, any::<Option<u8>>())
            .prop_map(|(host, priority, centiseconds, mac)| Op::Advert { host, priority, centiseconds, mac }),
        1 => (any::<u8>(), prop::collection::vec(any::<u8>(), 0..64))
            .prop_map(|(ttl, bytes)| Op::Bytes { ttl, bytes }),
        1 => (fault, any::<bool>()).prop_map(|(fault, present)| Op::Fault(fault, present)),
        1 => any::<u8>().prop_map(Op::Source),
        1 => (1..=255_u8).prop_map(Op::Priority),
        1 => (1..41_u16, any::<bool>(), 1..=255_u8).prop_map(|(seconds, preempt, priority)| Op::Configure {
            centiseconds: seconds * 100,
            preempt,
            priority
        }),
        1 => Just(Op::Announce),
    ]
}

/// Events with the milliseconds that pass before each; negative where the clock steps back.
fn run() -> impl Strategy<Value = Vec<(i64, Op)>> {
    prop::collection::vec((-500_i64..2_000, op()), 0..60)
}

fn wish() -> impl Strategy<Value = Wish> {
    let version = prop::sample::select(vec![v2(), v3(), v6()]);
    (version, 1..=255_u8, 1..41_u16, any::<bool>(), 0..3_u64).prop_map(
        |(wish, number, seconds, preempt, delay)| Wish {
            priority: priority(number),
            advert_interval: interval(seconds * 100),
            preempt,
            preempt_delay: ms(delay * 2_000),
            announce: vrrp_core::announce::Settings::default(),
            ..wish
        },
    )
}

fn apply(router: &mut Router, now: Duration, op: &Op) -> Actions {
    let family = router.config().family;
    match op {
        Op::Start => router.handle(now, Event::Start { source: host(family, 10), mac: Some([2; 6]) }),
        Op::Resume { since, due } => {
            let (since, advert_at) = (ms(*since), ms(*due));
            router
                .handle(now, Event::Resume { source: host(family, 10), mac: Some([2; 6]), since, advert_at })
        }
        Op::Stop => router.handle(now, Event::Stop),
        Op::Tick | Op::Due => router.handle(now, Event::Tick),
        Op::Advert { host, priority, centiseconds, mac } => Advert {
            host: *host,
            interval: interval(*centiseconds),
            mac: mac.map(|last| [2, 2, 2, 2, 2, last]),
            ..advert(router, *priority)
        }
        .to(router, now),
        Op::Bytes { ttl, bytes } => {
            let (source, destination) = (host(family, 20), family.multicast_group());
            let packet = Packet { source, destination, ttl: *ttl, link_source: None, message: bytes };
            router.handle(now, Event::Packet(packet))
        }
        Op::Fault(fault, present) => router.handle(now, Event::Fault { fault: *fault, present: *present }),
        Op::Source(number) => {
            router.handle(now, Event::Source { source: host(family, *number), mac: Some([4; 6]) })
        }
        Op::Priority(number) => router.handle(now, Event::Priority(priority(*number))),
        Op::Configure { centiseconds, preempt, priority: number } => {
            let settings = Wish {
                advert_interval: interval(*centiseconds),
                preempt: *preempt,
                priority: priority(*number),
                ..router.config().settings().clone()
            };
            router.handle(now, Event::Configure(Config::try_from(settings).expect("whole seconds")))
        }
        Op::Announce => router.handle(now, Event::Announce),
    }
}

/// When an operation takes place, given the time before it.
fn time(router: &Router, now: Duration, step: i64, op: &Op) -> Duration {
    let after = Duration::from_millis(step.unsigned_abs());
    if matches!(op, Op::Due) {
        router.deadline().unwrap_or(now)
    } else if step < 0 {
        now.saturating_sub(after)
    } else {
        now + after
    }
}

proptest! {
    #[test]
    fn a_tick_at_or_past_the_deadline_moves_it_on_and_an_early_one_does_nothing(
        wish in wish(), run in run()
    ) {
        let mut router = made(wish);
        let (mut now, mut latest) = (Duration::ZERO, Duration::ZERO);
        for (step, op) in run {
            now = time(&router, now, step, &op);
            latest = latest.max(now);
            drop(apply(&mut router, now, &op));
            let deadline = router.deadline();
            prop_assert_eq!(deadline, router.deadline(), "looking at it does not move it");
            prop_assert_eq!(deadline.is_some(), router.state() != State::Initialize, "Σ4");
            let Some(deadline) = deadline else { continue };
            let early = deadline.saturating_sub(Duration::from_nanos(1));
            if early >= latest && early < deadline {
                let mut other = router.clone();
                prop_assert_eq!(other.handle(early, Event::Tick), []);
                prop_assert_eq!(other.deadline(), Some(deadline));
            }
            for late in [0, 1, 10_000_000_000, 3_600_000_000_000] {
                let at = deadline.max(latest) + Duration::from_nanos(late);
                let mut other = router.clone();
                drop(other.handle(at, Event::Tick));
                prop_assert!(other.deadline().is_some_and(|next| next > at), "at {:?} in {:?}", at, other);
            }
        }
    }

    #[test]
    fn the_same_events_bring_the_same_actions(wish in wish(), run in run()) {
        let (mut one, mut other) = (made(wish.clone()), made(wish));
        let mut now = Duration::ZERO;
        for (step, op) in run {
            now = time(&one, now, step, &op);
            prop_assert_eq!(apply(&mut one, now, &op), apply(&mut other, now, &op));
            prop_assert_eq!(one.deadline(), other.deadline());
        }
    }

    #[test]
    fn a_clock_that_steps_back_counts_as_standing_still(wish in wish(), run in run()) {
        // F5
        let (mut stepping, mut standing) = (made(wish.clone()), made(wish));
        let (mut now, mut latest) = (Duration::ZERO, Duration::ZERO);
        for (step, op) in run {
            now = time(&stepping, now, step, &op);
            latest = latest.max(now);
            prop_assert_eq!(apply(&mut stepping, now, &op), apply(&mut standing, latest, &op));
            prop_assert_eq!(stepping.deadline(), standing.deadline());
        }
    }

    #[test]
    fn a_run_shifted_in_time_is_the_same_run(wish in wish(), run in run(), shift in 0..1_000_000_000_u64) {
        let (mut one, mut other) = (made(wish.clone()), made(wish));
        let (mut now, shift) = (Duration::from_secs(1_000), Duration::from_nanos(shift));
        for (step, op) in run {
            now = time(&one, now, step, &op);
            prop_assert_eq!(apply(&mut one, now, &op), apply(&mut other, now + shift, &op));
            prop_assert_eq!(one.deadline().map(|due| due + shift), other.deadline());
        }
    }

    #[test]
    fn any_bytes_are_survived_and_what_is_ignored_changes_nothing(
        wish in wish(),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        ttl in prop_oneof![Just(255_u8), any::<u8>()],
        active in any::<bool>(),
        valid_start in any::<bool>(),
    ) {
        // Σ5, and no rejected packet restarts a timer.
        let mut router = crate::scene::started(wish);
        if active {
            drop(router.handle(router.deadline().expect("started"), Event::Tick));
        }
        let mut bytes = bytes;
        if valid_start && bytes.len() >= 2 {
            bytes[0] = router.config().version.number() << 4 | 1;
            bytes[1] = 51;
        }
        let (state, deadline) = (router.state(), router.deadline());
        let packet = Packet {
            source: host(router.config().family, 20),
            destination: router.config().family.multicast_group(),
            ttl,
            link_source: None,
            message: &bytes,
        };
        let now = ms(1);
        let actions = router.handle(now, Event::Packet(packet));
        if actions.iter().any(|action| matches!(action, Action::Ignored(_))) {
            prop_assert_eq!(actions.len(), 1);
            prop_assert_eq!((router.state(), router.deadline()), (state, deadline));
        } else {
            let heard = matches!(actions[0], Action::Heard { .. });
            prop_assert!(heard);
        }
    }

    #[test]
    fn transitions_and_address_changes_tell_one_consistent_story(wish in wish(), run in run()) {
        // Σ2, O1, D12, and the counters agree.
        let mut router = made(wish);
        let (mut now, mut state, mut holds) = (Duration::ZERO, State::Initialize, false);
        let mut statistics = Statistics::default();
        for (step, op) in run {
            now = time(&router, now, step, &op);
            let actions = apply(&mut router, now, &op);
            statistics.record(&actions);
            for action in &actions {
                match *action {
                    Action::Transition { from, to, .. } => {
                        prop_assert_eq!(from, state);
                        prop_assert_ne!(from, to);
                        prop_assert_eq!(holds, to == State::Active, "addresses change before the state does");
                        state = to;
                    }
                    Action::ClaimAddresses => holds = true,
                    Action::ReleaseAddresses => {
                        prop_assert!(holds);
                        holds = false;
                    }
                    Action::Announce { first, count } => {
                        prop_assert!(holds, "nothing is announced that is not held");
                        prop_assert!(count > 0 && first + count <= router.config().announced);
                    }
                    Action::Advertise { priority } => {
                        let resigns = !holds && state == State::Active;
                        prop_assert_eq!(priority == 0, resigns && router.state() == State::Initialize);
                    }
                    Action::Heard { .. } | Action::Ignored(_) | Action::Noticed(_) => {}
                }
            }
            prop_assert_eq!(router.state(), state);
            prop_assert_eq!(holds, state == State::Active);
            prop_assert!(router.priority().is_owner() == router.config().priority.is_owner());
            prop_assert!(state == State::Initialize || router.faults().is_empty());
        }
        let spells = statistics.became_active - u64::from(state == State::Active);
        prop_assert_eq!(statistics.released_active, spells);
    }
}

#[test]
fn a_router_is_small() {
    // A firmware that runs 255 of them needs to know.
    let size = size_of::<vrrp_core::VirtualRouter<&'static [IpAddr]>>();
    println!("a virtual router takes {size} bytes, an action {}", size_of::<Action>());
    assert!(size <= 300, "{size} bytes");
    assert!(size_of::<vrrp_core::VirtualRouter<Box<[IpAddr]>, Box<[vrrp_core::Peer]>>>() <= 300);
}
