//! When a check probes and what its results mean, step by step on virtual time.

use check_core::check::{Action, Event};
use check_core::{Check, Failure, Timing, Verdict};
use core::time::Duration;

use Event::{Configure, Failed, Passed, Resume, Skipped, Start, Suspend, Tick};

const DOWN: Verdict = Verdict::Down(Some(Failure::Refused));
const REFUSED: Event = Failed(Failure::Refused);

#[test]
fn the_first_probe_comes_at_the_offset_and_the_next_one_a_delay_loop_after_its_result() {
    let mut check = Check::new(timing());
    assert_eq!(check.deadline(), None);
    assert_eq!(check.handle(at(1_000), Start { offset: ms(700) }), []);
    assert_eq!(check.deadline(), Some(at(1_700)));
    assert_eq!(check.handle(at(1_700), Tick), [Action::Probe]);
    assert_eq!(check.deadline(), None);
    assert_eq!(check.handle(at(1_750), Passed), []);
    assert_eq!(check.deadline(), Some(at(7_750)));
}

#[test]
fn an_offset_beyond_the_warmup_time_is_cut_to_it() {
    let mut check = Check::new(timing());
    assert_eq!(check.handle(at(0), Start { offset: ms(60_000) }), []);
    assert_eq!(check.deadline(), Some(at(6_000)));
}

#[test]
fn a_server_that_was_only_assumed_to_be_up_is_down_by_its_first_failure() {
    let mut check = started();
    assert_eq!((check.verdict(), check.proven()), (Verdict::Up, false));
    assert_eq!(check.handle(at(0), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(5), REFUSED), [Action::Verdict(DOWN)]);
    assert_eq!((check.verdict(), check.proven()), (DOWN, true));
    assert_eq!(check.deadline(), Some(at(6_005)));
}

#[test]
fn a_server_proven_good_is_down_after_all_retries_have_failed() {
    let mut check = proven();
    assert_eq!(check.handle(at(6_000), Tick), [Action::Probe]);
    assert_eq!(
        check.handle(at(6_010), REFUSED),
        [Action::Attempt { failure: Failure::Refused, left: Some(1) }]
    );
    assert_eq!(check.deadline(), Some(at(7_010)));
    assert_eq!(check.handle(at(7_010), Tick), [Action::Probe]);
    assert_eq!(
        check.handle(at(12_010), Failed(Failure::Timeout)),
        [Action::Attempt { failure: Failure::Timeout, left: Some(0) }]
    );
    assert_eq!(check.handle(at(13_010), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(13_020), REFUSED), [Action::Verdict(DOWN)]);
    assert_eq!(check.deadline(), Some(at(19_020)));
}

#[test]
fn one_success_between_failures_gives_all_retries_back() {
    let mut check = proven();
    for (probed, event, actions) in [
        (6_000, REFUSED, vec![Action::Attempt { failure: Failure::Refused, left: Some(1) }]),
        (7_000, REFUSED, vec![Action::Attempt { failure: Failure::Refused, left: Some(0) }]),
        (8_000, Passed, vec![]),
        (14_000, REFUSED, vec![Action::Attempt { failure: Failure::Refused, left: Some(1) }]),
    ] {
        assert_eq!(check.handle(at(probed), Tick), [Action::Probe]);
        assert_eq!(check.handle(at(probed), event), actions.as_slice());
    }
}

#[test]
fn a_server_that_is_down_is_probed_every_delay_loop_and_is_up_by_its_first_success() {
    let mut check = down();
    assert_eq!(check.handle(at(6_000), Tick), [Action::Probe]);
    assert_eq!(
        check.handle(at(6_000), Failed(Failure::Reset)),
        [Action::Attempt { failure: Failure::Reset, left: None }]
    );
    assert_eq!(check.verdict(), Verdict::Down(Some(Failure::Reset)));
    assert_eq!(check.deadline(), Some(at(12_000)));
    assert_eq!(check.handle(at(12_000), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(12_001), Passed), [Action::Verdict(Verdict::Up)]);
    assert_eq!(check.deadline(), Some(at(18_001)));
}

#[test]
fn with_alpha_a_server_is_down_until_a_probe_passes() {
    let mut check = Check::new(Timing { alpha: true, ..timing() });
    assert_eq!(check.verdict(), Verdict::Down(None));
    assert_eq!(check.handle(at(0), Start { offset: ms(0) }), []);
    assert_eq!(check.handle(at(0), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(0), REFUSED), [Action::Attempt { failure: Failure::Refused, left: None }]);
    assert_eq!(check.handle(at(6_000), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(6_000), Passed), [Action::Verdict(Verdict::Up)]);
}

#[test]
fn a_doubted_server_is_down_until_a_probe_passes_even_without_alpha() {
    let mut check = Check::doubted(timing());
    assert_eq!(check.verdict(), Verdict::Down(None));
    assert_eq!(check.handle(at(0), Start { offset: ms(0) }), []);
    assert_eq!(check.handle(at(0), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(0), Passed), [Action::Verdict(Verdict::Up)]);
}

#[test]
fn with_rise_a_server_that_went_down_is_up_by_that_many_successes_in_a_row() {
    let mut check = proven_with(Timing { rise: 3, retry: 0, ..timing() });
    for (probed, event, actions, missing) in [
        (6_000, REFUSED, vec![Action::Verdict(DOWN)], Some(3)),
        (12_000, Passed, vec![Action::Recovering { left: 2 }], Some(2)),
        (18_000, Passed, vec![Action::Recovering { left: 1 }], Some(1)),
        (24_000, REFUSED, vec![Action::Attempt { failure: Failure::Refused, left: None }], Some(3)),
        (30_000, Passed, vec![Action::Recovering { left: 2 }], Some(2)),
        (36_000, Skipped, vec![], Some(2)),
        (42_000, Passed, vec![Action::Recovering { left: 1 }], Some(1)),
        (48_000, Passed, vec![Action::Verdict(Verdict::Up)], None),
    ] {
        assert_eq!(check.handle(at(probed), Tick), [Action::Probe]);
        assert_eq!(check.handle(at(probed), event), actions.as_slice());
        assert_eq!(check.successes_missing(), missing);
    }
}

#[test]
fn rise_does_not_hold_up_a_server_at_the_start_but_does_after_a_reload_that_found_it_down() {
    let settings = Timing { rise: 2, alpha: true, ..timing() };
    let mut at_start = Check::new(settings);
    let mut after_reload = Check::doubted(settings);
    for check in [&mut at_start, &mut after_reload] {
        assert_eq!(check.handle(at(0), Start { offset: ms(0) }), []);
        assert_eq!(check.handle(at(0), Tick), [Action::Probe]);
    }
    assert_eq!(at_start.handle(at(0), Passed), [Action::Verdict(Verdict::Up)]);
    assert_eq!(after_reload.handle(at(0), Passed), [Action::Recovering { left: 1 }]);
}

#[test]
fn without_retries_one_failure_is_enough() {
    let mut check = Check::new(Timing { retry: 0, ..timing() });
    assert_eq!(check.handle(at(0), Start { offset: ms(0) }), []);
    for (probed, event, actions) in [(0, Passed, vec![]), (6_000, REFUSED, vec![Action::Verdict(DOWN)])] {
        assert_eq!(check.handle(at(probed), Tick), [Action::Probe]);
        assert_eq!(check.handle(at(probed), event), actions.as_slice());
    }
}

#[test]
fn a_probe_that_could_not_be_made_says_nothing_about_the_server() {
    let mut check = started();
    assert_eq!(check.handle(at(0), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(0), Skipped), []);
    assert_eq!((check.verdict(), check.proven()), (Verdict::Up, false));
    assert_eq!(check.deadline(), Some(at(6_000)));
}

#[test]
fn a_suspended_check_drops_its_probe_keeps_its_verdict_and_goes_on_when_resumed() {
    let mut check = down();
    assert_eq!(check.handle(at(6_000), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(6_001), Suspend), [Action::Abandon]);
    assert_eq!((check.deadline(), check.verdict()), (None, DOWN));
    assert_eq!(check.handle(at(6_002), Passed), []);
    assert_eq!(check.verdict(), DOWN);
    assert_eq!(check.handle(at(9_000), Resume { offset: ms(50) }), []);
    assert_eq!(check.deadline(), Some(at(9_050)));
}

#[test]
fn a_check_suspended_between_probes_has_nothing_to_drop() {
    let mut check = proven();
    assert_eq!(check.handle(at(1_000), Suspend), []);
    assert_eq!(check.handle(at(6_000), Tick), []);
    assert_eq!(check.deadline(), None);
}

#[test]
fn a_reload_keeps_the_verdict_and_brings_the_next_probe_forward_if_it_has_to() {
    let mut check = down();
    assert_eq!(check.handle(at(1_000), Configure(Timing { alpha: true, retry: 7, ..timing() })), []);
    assert_eq!((check.verdict(), check.deadline()), (DOWN, Some(at(6_000))));
    assert_eq!(check.handle(at(1_000), Configure(Timing { delay_loop: ms(2_000), ..timing() })), []);
    assert_eq!((check.verdict(), check.deadline()), (DOWN, Some(at(3_000))));
}

#[test]
fn fewer_retries_after_a_reload_count_what_failed_before() {
    let mut check = proven();
    assert_eq!(check.handle(at(6_000), Tick), [Action::Probe]);
    assert_eq!(
        check.handle(at(6_000), REFUSED),
        [Action::Attempt { failure: Failure::Refused, left: Some(1) }]
    );
    assert_eq!(check.handle(at(6_500), Configure(Timing { retry: 1, ..timing() })), []);
    assert_eq!(check.handle(at(7_000), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(7_000), REFUSED), [Action::Verdict(DOWN)]);
}

#[test]
fn a_delay_loop_of_zero_still_lets_the_driver_rest() {
    let mut check = Check::new(Timing { delay_loop: ms(0), ..timing() });
    assert_eq!(check.handle(at(0), Start { offset: ms(0) }), []);
    assert_eq!(check.handle(at(0), Tick), [Action::Probe]);
    assert_eq!(check.handle(at(0), Passed), []);
    assert_eq!(check.deadline(), Some(at(1)));
}

#[test]
fn the_defaults_are_keepaliveds_for_a_tcp_check() {
    assert_eq!(
        Timing::default(),
        Timing {
            delay_loop: ms(60_000),
            retry: 1,
            rise: 1,
            delay_before_retry: ms(1_000),
            warmup: ms(60_000),
            alpha: false
        }
    );
}

/// Every 6 s, two retries after 1 s each.
fn timing() -> Timing {
    Timing {
        delay_loop: ms(6_000),
        retry: 2,
        delay_before_retry: ms(1_000),
        rise: 1,
        warmup: ms(6_000),
        alpha: false,
    }
}

/// Due at 0.
fn started() -> Check {
    started_with(timing())
}

fn started_with(timing: Timing) -> Check {
    let mut check = Check::new(timing);
    assert_eq!(check.handle(at(0), Start { offset: ms(0) }), []);
    check
}

/// A probe passed at 0; due at 6 s.
fn proven() -> Check {
    after(started(), Passed)
}

fn proven_with(timing: Timing) -> Check {
    after(started_with(timing), Passed)
}

/// The first probe failed at 0; due at 6 s.
fn down() -> Check {
    after(started(), REFUSED)
}

fn after(mut check: Check, result: Event) -> Check {
    assert_eq!(check.handle(at(0), Tick), [Action::Probe]);
    let _ = check.handle(at(0), result);
    assert_eq!(check.deadline(), Some(at(6_000)));
    check
}

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
