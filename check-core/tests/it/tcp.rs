//! The dialogue of `TCP_CHECK`.

use check_core::tcp::{Action, Event};
use check_core::{Failure, TcpProbe};
use core::time::Duration;

#[test]
fn a_server_that_accepts_is_good() {
    let mut probe = TcpProbe::new(at(5_000));
    assert_eq!(probe.deadline(), None);
    assert_eq!(probe.handle(at(100), Event::Start), [Action::Connect]);
    assert_eq!(probe.deadline(), Some(at(5_100)));
    assert_eq!(probe.handle(at(102), Event::Connected), [Action::Close, Action::Finished(Ok(()))]);
    assert_eq!(probe.deadline(), None);
}

#[test]
fn a_failed_connection_is_reported_with_its_reason() {
    let mut probe = started();
    assert_eq!(
        probe.handle(at(1), Event::Failed(Failure::Unreachable)),
        [Action::Close, Action::Finished(Err(Failure::Unreachable))]
    );
}

#[test]
fn a_server_that_says_nothing_times_out_at_the_deadline_and_not_before() {
    let mut probe = started();
    assert_eq!(probe.handle(at(4_999), Event::Tick), []);
    assert_eq!(
        probe.handle(at(5_000), Event::Tick),
        [Action::Close, Action::Finished(Err(Failure::Timeout))]
    );
}

#[test]
fn nothing_that_comes_after_the_end_counts() {
    let mut probe = started();
    let _ = probe.handle(at(5_000), Event::Tick);
    for event in [Event::Start, Event::Connected, Event::Failed(Failure::Reset), Event::Tick] {
        assert_eq!(probe.handle(at(6_000), event), []);
    }
}

#[test]
fn nothing_that_comes_before_the_start_counts() {
    let mut probe = TcpProbe::new(at(5_000));
    for event in [Event::Connected, Event::Failed(Failure::Reset), Event::Tick] {
        assert_eq!(probe.handle(at(6_000), event), []);
    }
    assert_eq!(probe.handle(at(6_000), Event::Start), [Action::Connect]);
}

/// Gives up at 5 s.
fn started() -> TcpProbe {
    let mut probe = TcpProbe::new(at(5_000));
    assert_eq!(probe.handle(at(0), Event::Start), [Action::Connect]);
    probe
}

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
