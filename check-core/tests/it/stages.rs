//! Where a conversation stood when nothing more came.

use core::time::Duration;

use check_core::http::{Http, Protocol, Request};
use check_core::smtp::Smtp;
use check_core::stream::{Action, Conversation, Dialogue, Event, Limits};
use check_core::{Failure, Tls};

const MS: fn(u64) -> Duration = Duration::from_millis;

#[test]
fn each_stage_has_its_own_reason_for_silence_and_its_own_time() {
    for (events, failure) in [
        ([].as_slice(), Failure::Timeout),
        (&[Event::Reached], Failure::Tls(Tls::Timeout)),
        (&[Event::Reached, Event::Connected], Failure::Silent),
        (&[Event::Connected], Failure::Silent),
        (&[Event::Connected, Event::Received(b"HTTP")], Failure::Unanswered),
    ] {
        let mut conversation = web();
        let mut now = MS(0);
        for event in events {
            now += MS(300);
            let _ = conversation.handle(now, *event);
        }
        assert_eq!(conversation.deadline(), Some(now + MS(400)), "{events:?}");
        assert_eq!(conversation.handle(now + MS(399), Event::Tick), [], "{events:?}");
        assert_eq!(conversation.handle(now + MS(400), Event::Tick), ended(failure), "{events:?}");
    }
}

#[test]
fn each_stage_has_its_own_reason_for_the_end_of_the_connection() {
    for (events, failure) in [
        ([Event::Reached].as_slice(), Failure::Tls(Tls::Closed)),
        (&[Event::Connected], Failure::Closed),
        (&[Event::Connected, Event::Received(b"HTTP")], Failure::HeaderTruncated),
        (
            &[Event::Connected, Event::Received(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")],
            Failure::Truncated,
        ),
    ] {
        let mut conversation = web();
        for event in events {
            let _ = conversation.handle(MS(1), *event);
        }
        assert_eq!(conversation.handle(MS(2), Event::Closed), ended(failure), "{events:?}");
    }
}

#[test]
fn a_mail_server_that_stops_in_the_middle_is_told_from_one_that_never_spoke() {
    let mail = || started(Smtp::new("director.example", true));
    let clear =
        [Event::Received(b"220 a\r\n"), Event::Received(b"250 a\r\n"), Event::Received(b"220 go\r\n")];
    for (heard, silence, end) in [
        (0, Failure::Silent, Failure::Closed),
        (1, Failure::Silent, Failure::Closed),
        (2, Failure::Silent, Failure::Closed),
        (3, Failure::Tls(Tls::Timeout), Failure::Tls(Tls::Closed)),
    ] {
        let mut conversation = mail();
        let _ = conversation.handle(MS(1), Event::Connected);
        for event in &clear[..heard] {
            let _ = conversation.handle(MS(1), *event);
        }
        let mut other = conversation.clone();
        assert_eq!(conversation.handle(MS(401), Event::Tick), ended(silence), "after {heard}");
        assert_eq!(other.handle(MS(2), Event::Closed), ended(end), "after {heard}");
    }
    let mut conversation = mail();
    let _ = conversation.handle(MS(1), Event::Connected);
    let _ = conversation.handle(MS(1), Event::Received(b"220-half"));
    assert_eq!(conversation.handle(MS(401), Event::Tick), ended(Failure::Unanswered));
}

#[test]
fn the_limit_of_the_whole_holds_in_every_stage() {
    let mut conversation = web();
    for (at, event) in [(300, Event::Reached), (600, Event::Connected), (900, Event::Received(b"HTTP/1.1 "))]
    {
        let _ = conversation.handle(MS(at), event);
    }
    assert_eq!(conversation.deadline(), Some(MS(1000)));
    assert_eq!(conversation.handle(MS(1000), Event::Tick), ended(Failure::Unanswered));
}

fn web() -> Conversation<Http<'static, ()>> {
    started(Http::new(Request { path: "/", host: "h", protocol: Protocol::Http11 }, &[], ()))
}

fn started<D: Dialogue>(dialogue: D) -> Conversation<D> {
    let mut conversation = Conversation::new(dialogue, Limits { timeout: MS(400), limit: MS(1000) });
    assert_eq!(conversation.handle(MS(0), Event::Start), [Action::Connect]);
    conversation
}

fn ended(failure: Failure) -> [Action; 2] {
    [Action::Close, Action::Finished(Err(failure))]
}
