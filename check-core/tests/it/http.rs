//! What an HTTP dialogue makes of a server, byte by byte.

use core::ops::RangeInclusive;
use core::time::Duration;

use check_core::http::{BODY_LIMIT, Body, Http, Protocol, Request};
use check_core::stream::{Action, Conversation, Event, Limits};
use check_core::wire::http::HEADER_LIMIT;
use check_core::{Failure, http};
use proptest::prelude::*;

const MS: fn(u64) -> Duration = Duration::from_millis;
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), limit: Duration::from_secs(60) };

/// Keeps the body and expects nothing of it.
#[derive(Clone, Debug, Default)]
struct Keep(Vec<u8>);

impl Body for Keep {
    fn take(&mut self, part: &[u8]) -> Result<(), Failure> {
        self.0.extend_from_slice(part);
        Ok(())
    }

    fn judge(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

fn talk(ranges: &[(u16, u16)]) -> Conversation<Http<'_, Keep>> {
    let request = Request { path: "/health?full=1", host: "www.example", protocol: Protocol::Http10 };
    let mut conversation = Conversation::new(Http::new(request, ranges, Keep::default()), LIMITS);
    assert_eq!(conversation.handle(MS(0), Event::Start), [Action::Connect]);
    assert_eq!(conversation.handle(MS(1), Event::Connected), [Action::Send]);
    conversation
}

/// What a server that sends `pieces` and then closes is found to be, and the body.
fn answer<'p>(
    pieces: impl IntoIterator<Item = &'p [u8]>,
    ranges: &[(u16, u16)],
) -> (Result<(), Failure>, Vec<u8>) {
    let mut conversation = talk(ranges);
    let events = pieces.into_iter().map(Event::Received).chain([Event::Closed]);
    for event in events {
        let actions = conversation.handle(MS(2), event);
        if let [Action::Close, Action::Finished(result)] = actions[..] {
            assert_eq!(conversation.deadline(), None);
            return (result, conversation.dialogue().body().0.clone());
        }
        assert_eq!(actions, []);
    }
    unreachable!("a closed connection ends the dialogue");
}

fn whole(text: &str) -> Result<(), Failure> {
    answer([text.as_bytes()], &[]).0
}

#[test]
fn the_request_says_what_the_configuration_says() {
    for (protocol, text) in [
        (
            Protocol::Http10,
            "GET /a HTTP/1.0\r\nHost: h:8080\r\nUser-Agent: KeepAliveClient (steadfast)\r\n\r\n",
        ),
        (
            Protocol::Http10Close,
            "GET /a HTTP/1.0\r\nHost: h:8080\r\nUser-Agent: KeepAliveClient (steadfast)\r\nConnection: close\r\n\r\n",
        ),
        (
            Protocol::Http11,
            "GET /a HTTP/1.1\r\nHost: h:8080\r\nUser-Agent: KeepAliveClient (steadfast)\r\nConnection: close\r\n\r\n",
        ),
    ] {
        let request = Request { path: "/a", host: "h:8080", protocol };
        let conversation = Conversation::new(Http::new(request, &[], ()), LIMITS);
        let mut said = Vec::new();
        conversation.message(&mut |piece| said.extend_from_slice(piece));
        assert_eq!(String::from_utf8(said).unwrap(), text);
    }
}

#[test]
fn the_body_ends_where_its_header_says() {
    for (answer_text, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"),
        ("HTTP/1.1 200\ncontent-length:5\n\nhello", "hello"),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", ""),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, world...\r\n0\r\n\r\n",
            "hello, world...",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n1\r\nz\r\n0\r\nX-Trailer: 1\r\n\r\n",
            "z",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "ok",
        ),
        ("HTTP/2 200\r\nContent-Length: 2\r\n\r\nok", "ok"),
        ("HTTP/1.1 200 OK\r\nX-Folded: a\r\n\tb: c\r\n d\r\nContent-Length: 2\r\n\r\nok", "ok"),
    ] {
        assert_eq!(
            answer([answer_text.as_bytes()], &[]),
            (Ok(()), body.as_bytes().to_vec()),
            "{answer_text}"
        );
    }
}

#[test]
fn each_failure_has_its_own_reason() {
    for (text, failure) in [
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", Failure::Status(503)),
        ("HTTP/1.1 199 Strange\r\n\r\n", Failure::HeaderTruncated),
        ("HTTP/1.1 200 OK\r\nContent-Le", Failure::HeaderTruncated),
        ("", Failure::Closed),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Failure::Truncated),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", Failure::Truncated),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n", Failure::Malformed),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", Failure::Malformed),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", Failure::Malformed),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", Failure::Malformed),
        ("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", Failure::Malformed),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Failure::Malformed),
        ("HTTP/1.1 OK\r\n\r\n", Failure::Malformed),
        ("HTTP/1.1 99 Low\r\n\r\n", Failure::Malformed),
        ("HTTP/1.1 1000 High\r\n\r\n", Failure::Malformed),
        ("220 mail.example ESMTP\r\n", Failure::Malformed),
        ("SSH-2.0-OpenSSH_9.2", Failure::Malformed),
    ] {
        assert_eq!(whole(text), Err(failure), "{text}");
    }
}

#[test]
fn status_codes_are_good_within_their_ranges() {
    let ranges = [(200, 200), (301, 302), (404, 404)];
    for (status, good) in [(200, true), (201, false), (301, true), (302, true), (303, false), (404, true)] {
        let text = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
        let result = answer([text.as_bytes()], &ranges).0;
        assert_eq!(result, if good { Ok(()) } else { Err(Failure::Status(status)) });
    }
    for (status, good) in [(199, false), (200, true), (299, true), (300, false)] {
        let text = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
        // An informational answer is not the last word.
        let bad = if status < 200 { Failure::HeaderTruncated } else { Failure::Status(status) };
        assert_eq!(whole(&text), if good { Ok(()) } else { Err(bad) });
    }
}

#[test]
fn a_header_without_an_end_is_cut_off() {
    let mut conversation = talk(&[]);
    let line = [b"X-Padding: ".as_slice(), &[b'x'; 1000], b"\r\n"].concat();
    assert_eq!(conversation.handle(MS(2), Event::Received(b"HTTP/1.1 200 OK\r\n")), []);
    let mut sent = 17;
    loop {
        let actions = conversation.handle(MS(3), Event::Received(&line));
        sent += line.len();
        if !actions.is_empty() {
            assert_eq!(actions, [Action::Close, Action::Finished(Err(Failure::HeaderTooLong))]);
            break;
        }
    }
    assert!(sent > HEADER_LIMIT as usize && sent <= HEADER_LIMIT as usize + line.len());
}

#[test]
fn a_body_without_an_end_is_cut_off() {
    // It is not kept: a body of this size is no test of memory.
    let request = Request { path: "/", host: "h", protocol: Protocol::Http10 };
    let mut conversation = Conversation::new(Http::new(request, &[], ()), LIMITS);
    let _ = conversation.handle(MS(0), Event::Start);
    let _ = conversation.handle(MS(0), Event::Connected);
    assert_eq!(conversation.handle(MS(1), Event::Received(b"HTTP/1.1 200 OK\r\n\r\n")), []);
    let piece = vec![0; 1 << 20];
    for _ in 0..BODY_LIMIT >> 20 {
        assert_eq!(conversation.handle(MS(1), Event::Received(&piece)), []);
    }
    assert_eq!(
        conversation.handle(MS(1), Event::Received(b"!")),
        [Action::Close, Action::Finished(Err(Failure::BodyTooLong))]
    );
}

#[test]
fn a_server_that_dribbles_fails_at_the_limit_of_the_whole() {
    let mut conversation = talk(&[]);
    let body = [b'x'; 42];
    for (second, byte) in (1..60).zip([b"HTTP/1.1 200 OK\r\n", body.as_slice()].concat()) {
        let now = Duration::from_secs(second);
        assert_eq!(conversation.handle(now, Event::Tick), [], "{now:?}");
        // Its first header line does not end.
        assert_eq!(conversation.handle(now, Event::Received(&[byte])), [], "{now:?}");
    }
    assert_eq!(conversation.deadline(), Some(Duration::from_secs(60)));
    assert_eq!(
        conversation.handle(Duration::from_secs(60), Event::Tick),
        [Action::Close, Action::Finished(Err(Failure::Unanswered))]
    );
}

#[test]
fn a_server_that_pauses_fails_at_the_timeout() {
    let mut conversation = talk(&[]);
    assert_eq!(conversation.handle(MS(1000), Event::Received(b"HTTP/1.1")), []);
    assert_eq!(conversation.deadline(), Some(MS(6000)));
    assert_eq!(conversation.handle(MS(5999), Event::Tick), []);
    assert_eq!(
        conversation.handle(MS(6000), Event::Tick),
        [Action::Close, Action::Finished(Err(Failure::Unanswered))]
    );
}

#[test]
fn a_connection_that_does_not_come_about_is_a_timeout() {
    let request = Request { path: "/", host: "h", protocol: Protocol::Http10 };
    let mut conversation = Conversation::new(Http::new(request, &[], ()), LIMITS);
    assert_eq!(conversation.handle(MS(0), Event::Tick), []);
    assert_eq!(conversation.handle(MS(0), Event::Start), [Action::Connect]);
    assert_eq!(
        conversation.handle(MS(5000), Event::Tick),
        [Action::Close, Action::Finished(Err(Failure::Timeout))]
    );
    assert_eq!(conversation.handle(MS(5001), Event::Connected), []);
}

#[test]
fn an_objection_to_the_body_gives_way_to_a_bad_status() {
    struct Refuse;
    impl Body for Refuse {
        fn take(&mut self, _: &[u8]) -> Result<(), Failure> {
            Err(Failure::Found)
        }
        fn judge(&mut self) -> Result<(), Failure> {
            Err(Failure::NotFound)
        }
    }
    for (text, failure) in [
        ("HTTP/1.0 200 OK\r\n\r\nbody", Failure::Found),
        ("HTTP/1.0 500 Oh\r\n\r\nbody", Failure::Status(500)),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Failure::NotFound),
    ] {
        let request = Request { path: "/", host: "h", protocol: http::Protocol::Http11 };
        let mut conversation = Conversation::new(Http::new(request, &[], Refuse), LIMITS);
        let _ = conversation.handle(MS(0), Event::Start);
        let _ = conversation.handle(MS(0), Event::Connected);
        assert_eq!(
            conversation.handle(MS(0), Event::Received(text.as_bytes())),
            [Action::Close, Action::Finished(Err(failure))],
            "{text}"
        );
    }
}

fn pieces(length: RangeInclusive<usize>) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..20, length)
}

proptest! {
    #[test]
    fn it_does_not_matter_where_pieces_are_cut(
        body in prop::collection::vec(any::<u8>(), 0..200),
        cuts in pieces(1..=100),
        chunk in 1usize..50,
        chunked: bool,
    ) {
        let mut text = b"HTTP/1.1 200 OK\r\nServer: x\r\n".to_vec();
        if chunked {
            text.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for part in body.chunks(chunk) {
                text.extend(format!("{:x}\r\n", part.len()).bytes());
                text.extend(part);
                text.extend(b"\r\n");
            }
            text.extend(b"0\r\n\r\n");
        } else {
            text.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
            text.extend(&body);
        }
        let mut rest = text.as_slice();
        let mut parts = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (part, more) = rest.split_at((*cut).min(rest.len()));
            parts.push(part);
            rest = more;
        }
        prop_assert_eq!(answer(parts, &[]), (Ok(()), body));
    }

    #[test]
    fn whatever_a_server_says_the_dialogue_ends_with_the_connection(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..10),
    ) {
        let parts = parts.iter().map(Vec::as_slice);
        let _ = answer([b"HTTP/1.1 200 OK\r\n".as_slice()].into_iter().chain(parts), &[]);
    }
}
