//! What holds for checks and TCP probes whatever happens, at whatever times.

use check_core::check::{Action, Event};
use check_core::{Check, Failure, TcpProbe, Timing, Verdict, tcp};
use core::time::Duration;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_tick_at_the_deadline_moves_it_and_an_early_one_does_nothing(
        timing in timings(), events in runs(), late in 0..5_000_u64
    ) {
        let mut check = Check::new(timing);
        for (now, event) in events {
            let _ = check.handle(now, event);
            let Some(deadline) = check.deadline() else { continue };
            if let Some(early) = deadline.checked_sub(Duration::from_nanos(1)) {
                let before = check.clone();
                prop_assert_eq!(check.handle(early, Event::Tick), []);
                prop_assert_eq!(&check, &before);
            }
            let then = deadline.saturating_add(Duration::from_millis(late));
            prop_assert_eq!(check.handle(then, Event::Tick), [Action::Probe]);
            prop_assert_eq!(check.deadline(), None);
        }
    }

    #[test]
    fn asking_for_the_deadline_does_not_move_it(timing in timings(), events in runs()) {
        let mut check = Check::new(timing);
        for (now, event) in events {
            let _ = check.handle(now, event);
            let before = check.clone();
            let _ = (check.deadline(), check.verdict(), check.proven(), check.timing());
            prop_assert_eq!(&check, &before);
        }
    }

    #[test]
    fn the_same_events_give_the_same_actions(timing in timings(), events in runs()) {
        let mut one = Check::new(timing);
        let mut other = Check::new(timing);
        for (now, event) in events {
            prop_assert_eq!(one.handle(now, event), other.handle(now, event));
        }
        prop_assert_eq!(one, other);
    }

    /// The times of `runs` jump to and fro, so this is also what a clock that steps back may not break.
    #[test]
    fn every_probe_asked_for_is_answered_or_abandoned_before_the_next_and_verdicts_alternate(
        timing in timings(), events in runs()
    ) {
        let mut check = Check::new(timing);
        let mut under_way = false;
        let mut up = check.verdict() == Verdict::Up;
        for (now, event) in events {
            let answers = matches!(event, Event::Passed | Event::Failed(_) | Event::Skipped);
            for action in check.handle(now, event) {
                match action {
                    Action::Probe => {
                        prop_assert!(!under_way);
                        under_way = true;
                    }
                    Action::Abandon => {
                        prop_assert!(under_way);
                        under_way = false;
                    }
                    Action::Attempt { .. } => prop_assert!(under_way && answers),
                    Action::Recovering { left } => prop_assert!(under_way && answers && !up && left > 0),
                    Action::Verdict(verdict) => {
                        prop_assert!(under_way && answers);
                        prop_assert_ne!(verdict == Verdict::Up, up);
                        up = !up;
                    }
                }
            }
            under_way &= !answers;
            prop_assert_eq!(check.verdict() == Verdict::Up, up);
            // Never both, and never stuck with neither once it has begun and is not suspended.
            prop_assert!(!(under_way && check.deadline().is_some()));
        }
    }

    #[test]
    fn a_server_up_and_proven_goes_down_after_exactly_one_more_failure_than_retries(retry in 0..20_u32) {
        let mut check = Check::new(Timing { retry, ..Timing::default() });
        let mut results = 0;
        let _ = check.handle(Duration::ZERO, Event::Start { offset: Duration::ZERO });
        while check.verdict() == Verdict::Up {
            let now = check.deadline().expect("a check between probes has a deadline");
            prop_assert_eq!(check.handle(now, Event::Tick), [Action::Probe]);
            let _ = check.handle(now, if results == 0 { Event::Passed } else { Event::Failed(Failure::Reset) });
            results += 1;
        }
        prop_assert_eq!(results, retry + 2);
    }

    #[test]
    fn a_server_that_went_down_is_up_after_exactly_as_many_successes_in_a_row_as_rise_says(
        rise in 1..9_u32, results in prop::collection::vec(any::<bool>(), 0..60)
    ) {
        let mut check = Check::new(Timing { rise, ..Timing::default() });
        let _ = check.handle(Duration::ZERO, Event::Start { offset: Duration::ZERO });
        let _ = check.handle(Duration::ZERO, Event::Tick);
        prop_assert_eq!(
            check.handle(Duration::ZERO, Event::Failed(Failure::Reset)),
            [Action::Verdict(Verdict::Down(Some(Failure::Reset)))]
        );
        let mut row = 0;
        for passed in results {
            let now = check.deadline().expect("a check between probes has a deadline");
            let _ = check.handle(now, Event::Tick);
            let _ = check.handle(now, if passed { Event::Passed } else { Event::Failed(Failure::Reset) });
            row = if passed { row + 1 } else { 0 };
            prop_assert_eq!(check.verdict() == Verdict::Up, row == rise);
            prop_assert_eq!(check.successes_missing(), (row < rise).then(|| rise - row));
            if row == rise {
                break;
            }
        }
    }

    #[test]
    fn a_tcp_probe_finishes_exactly_once_and_always_closes_first(
        timeout in 0..10_000_u64, events in prop::collection::vec((0..20_000_u64, tcp_events()), 0..20)
    ) {
        let mut probe = TcpProbe::new(Duration::from_millis(timeout));
        let mut finished = 0;
        for (now, event) in events {
            let actions = probe.handle(Duration::from_millis(now), event);
            match actions.as_slice() {
                [] => {}
                [tcp::Action::Connect] => prop_assert_eq!(finished, 0),
                [tcp::Action::Close, tcp::Action::Finished(_)] => finished += 1,
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert!(finished <= 1);
        prop_assert!(finished == 0 || probe.deadline().is_none());
    }
}

fn timings() -> impl Strategy<Value = Timing> {
    (times(), 0..4_u32, times(), 0..4_u32, times(), any::<bool>()).prop_map(
        |(delay_loop, retry, delay_before_retry, rise, warmup, alpha)| Timing {
            delay_loop,
            retry,
            delay_before_retry,
            rise,
            warmup,
            alpha,
        },
    )
}

/// From nothing to the end of time.
fn times() -> impl Strategy<Value = Duration> {
    prop_oneof![
        9 => (0..100_000_u64).prop_map(Duration::from_millis),
        1 => Just(Duration::MAX),
    ]
}

fn runs() -> impl Strategy<Value = Vec<(Duration, Event)>> {
    prop::collection::vec((times(), check_events()), 0..60)
}

fn check_events() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => times().prop_map(|offset| Event::Start { offset }),
        6 => Just(Event::Tick),
        3 => Just(Event::Passed),
        4 => Just(Event::Failed(Failure::Refused)),
        1 => Just(Event::Skipped),
        1 => Just(Event::Suspend),
        2 => times().prop_map(|offset| Event::Resume { offset }),
        1 => timings().prop_map(Event::Configure),
    ]
}

fn tcp_events() -> impl Strategy<Value = tcp::Event> {
    prop_oneof![
        Just(tcp::Event::Start),
        Just(tcp::Event::Connected),
        Just(tcp::Event::Failed(Failure::Unreachable)),
        Just(tcp::Event::Tick),
    ]
}
