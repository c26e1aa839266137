//! What exchanges of datagrams make of a server: UDP, DNS, ping.

use core::net::IpAddr;
use core::time::Duration;

use check_core::datagram::{Action, Actions, Event, Exchange, Question as _};
use check_core::dns::{Dns, Question, Type};
use check_core::ping::Ping;
use check_core::stream::{self, Conversation, Limits};
use check_core::udp::{Reply, Udp};
use check_core::{Failure, dns};
use proptest::prelude::*;

const TIMEOUT: Duration = Duration::from_secs(5);

fn asked<Q: check_core::datagram::Question>(question: Q) -> Exchange<Q> {
    let mut exchange = Exchange::new(question, TIMEOUT);
    assert_eq!(exchange.handle(Duration::ZERO, Event::Start), [Action::Open]);
    assert_eq!(exchange.handle(Duration::ZERO, Event::Opened), [Action::Send]);
    assert_eq!(exchange.deadline(), Some(TIMEOUT));
    exchange
}

fn end(result: Result<(), Failure>) -> Actions {
    [Action::Close, Action::Finished(result)].into_iter().collect()
}

#[test]
fn without_a_required_reply_silence_is_good_and_refusal_is_not() {
    let mut exchange = asked(Udp { payload: b"ping", reply: None });
    assert_eq!(exchange.handle(TIMEOUT, Event::Tick), end(Ok(())));
    let mut exchange = asked(Udp { payload: b"ping", reply: None });
    assert_eq!(exchange.handle(TIMEOUT, Event::Failed(Failure::Refused)), end(Err(Failure::Refused)));
}

#[test]
fn a_required_reply_must_fit_in_length_and_in_the_masked_bits() {
    let reply = Reply { bytes: &[0x12, 0x30], mask: &[0xff, 0xf0], least: 2, most: 4 };
    let udp = Udp { payload: &[], reply: Some(reply) };
    for (datagram, result) in [
        ([0x12, 0x34].as_slice(), Ok(())),
        (&[0x12, 0x3f, 0, 0], Ok(())),
        (&[0x12, 0x40], Err(Failure::Mismatch)),
        (&[0x12], Err(Failure::Length)),
        (&[0x12, 0x30, 0, 0, 0], Err(Failure::Length)),
    ] {
        assert_eq!(asked(udp).handle(TIMEOUT, Event::Received(datagram)), end(result), "{datagram:?}");
    }
    assert_eq!(asked(udp).handle(TIMEOUT, Event::Tick), end(Err(Failure::Silent)));
}

#[test]
fn an_echo_with_our_token_is_good_and_others_are_not_ours() {
    for (server, request, reply, foreign) in [
        (
            "192.0.2.1",
            b"\x08\x00\x28\x10\x12\x34\x00\x07tokentok".as_slice(),
            b"\x00\x00\x30\x10\x12\x34\x00\x07tokentok".as_slice(),
            b"\x00\x00\x30\x0f\x12\x34\x00\x08tokentok".as_slice(),
        ),
        (
            "2001:db8::1",
            b"\x80\x00\x00\x00\x12\x34\x00\x07tokentok",
            b"\x81\x00\xab\xcd\x99\x99\x00\x07tokentok",
            b"\x81\x00\xab\xcd\x12\x34\x00\x07forged!!",
        ),
    ] {
        let server: IpAddr = server.parse().unwrap();
        let ping = Ping { server, identifier: 0x1234, sequence: 7, token: *b"tokentok" };
        let mut exchange = asked(ping);
        let mut buffer = [0; 64];
        let length = exchange.message(&mut buffer);
        assert_eq!(&buffer[..length], request);
        assert_eq!(exchange.handle(Duration::ZERO, Event::Received(request)), []);
        assert_eq!(exchange.handle(Duration::ZERO, Event::Received(foreign)), []);
        assert_eq!(exchange.handle(Duration::ZERO, Event::Received(reply)), end(Ok(())));
    }
}

const WWW: Question<'static> = Question { id: 0xbeef, name: "www.example", kind: Type::A };

/// A query for `www.example`, type A.
const QUERY: &[u8] =
    b"\xbe\xef\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x00\x00\x01\x00\x01";

/// An answer to it: a CNAME to `a.example` in compressed names, and that one's address 192.0.2.80.
const ANSWER: &[u8] =
    b"\xbe\xef\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00\x03www\x07example\x00\x00\x01\x00\x01\
    \xc0\x0c\x00\x05\x00\x01\x00\x00\x0e\x10\x00\x04\x01a\xc0\x10\
    \xc0\x29\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\xc0\x00\x02\x50";

#[test]
fn a_question_is_written_as_rfc_1035_says() {
    let mut buffer = [0; dns::QUESTION];
    for name in ["www.example", "www.example."] {
        let length = Question { name, ..WWW }.emit(&mut buffer);
        assert_eq!(&buffer[..length], QUERY);
    }
    let length = Question { id: 1, name: ".", kind: Type::Soa }.emit(&mut buffer);
    assert_eq!(&buffer[..length], b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01");
}

#[test]
fn names_that_the_dns_cannot_hold_are_refused() {
    let long = "a".repeat(64);
    let longest = ["a"; 127].join(".");
    assert!(Question { name: &longest, ..WWW }.is_valid());
    let mut buffer = [0; dns::QUESTION];
    assert_eq!(Question { name: &longest, ..WWW }.emit(&mut buffer), dns::QUESTION);
    for name in ["a..b", ".a", &long, &["a"; 128].join(".")] {
        assert!(!Question { name, ..WWW }.is_valid(), "{name}");
        assert_eq!(Question { name, ..WWW }.emit(&mut buffer), 0);
    }
}

#[test]
fn an_answer_without_error_is_good_and_an_expected_one_must_be_there() {
    for (expected, result) in [
        (None, Ok(())),
        (Some("192.0.2.80"), Ok(())),
        (Some("192.0.2.81"), Err(Failure::Mismatch)),
        (Some("www.example"), Err(Failure::Mismatch)),
    ] {
        let mut exchange = asked(Dns { question: WWW, expected });
        assert_eq!(exchange.handle(TIMEOUT, Event::Received(ANSWER)), end(result), "{expected:?}");
    }
    let mut failed = ANSWER.to_vec();
    failed[3] = 0x82;
    let mut exchange = asked(Dns { question: WWW, expected: None });
    assert_eq!(exchange.handle(TIMEOUT, Event::Received(&failed)), end(Err(Failure::Rcode(2))));
}

#[test]
fn the_contents_of_records_can_be_expected() {
    for (kind, number, data, good, bad) in [
        (Type::Ns, 2, b"\x02ns\xc0\x10".as_slice(), "ns.EXAMPLE.", "ns.example.org"),
        (Type::Cname, 5, b"\x01b\x03org\x00", "b.org", "b"),
        (
            Type::Soa,
            6,
            b"\x02ns\xc0\x10\x00\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            "ns.example",
            "example",
        ),
        (Type::Mx, 15, b"\x00\x0a\x04mail\xc0\x10", "mail.example", "10"),
        (Type::Txt, 16, b"\x06v=spf1\x05 -all", "v=spf1 -all", "v=spf1"),
        (Type::Aaaa, 28, b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "2001:db8::1", "2001:db8::2"),
    ] {
        let mut answer = QUERY.to_vec();
        answer[2] = 0x81;
        answer[7] = 1;
        let place = answer.len() - 3;
        answer[place] = number;
        answer.extend([0xc0, 0x0c, 0, number, 0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
        answer.extend(data);
        let question = Question { kind, ..WWW };
        for (expected, result) in [(good, Ok(())), (bad, Err(Failure::Mismatch))] {
            let mut exchange = asked(Dns { question, expected: Some(expected) });
            assert_eq!(exchange.handle(TIMEOUT, Event::Received(&answer)), end(result), "{expected}");
        }
    }
}

#[test]
fn answers_to_other_questions_are_passed_over() {
    let mut wrong_id = ANSWER.to_vec();
    wrong_id[0] = 0;
    let mut wrong_name = ANSWER.to_vec();
    wrong_name[13] = b'x';
    let mut wrong_type = ANSWER.to_vec();
    wrong_type[26] = 28;
    for foreign in [QUERY, &wrong_id, &wrong_name, &wrong_type, &ANSWER[..11], &[]] {
        let mut exchange = asked(Dns { question: WWW, expected: None });
        assert_eq!(exchange.handle(Duration::ZERO, Event::Received(foreign)), [], "{foreign:x?}");
        assert_eq!(exchange.handle(TIMEOUT, Event::Tick), end(Err(Failure::Foreign)));
    }
}

#[test]
fn a_refusal_need_not_repeat_the_question() {
    for (message, actions) in [
        (b"\xbe\xef\x81\x82\0\0\0\0\0\0\0\0".as_slice(), end(Err(Failure::Rcode(2)))),
        (b"\xbe\xef\x81\x85\0\0\0\0\0\0\0\0", end(Err(Failure::Rcode(5)))),
        // Without an error it says nothing, and with another id it is not ours.
        (b"\xbe\xef\x81\x80\0\0\0\0\0\0\0\0", Actions::new()),
        (b"\xbe\xee\x81\x82\0\0\0\0\0\0\0\0", Actions::new()),
    ] {
        let mut exchange = asked(Dns { question: WWW, expected: None });
        assert_eq!(exchange.handle(Duration::ZERO, Event::Received(message)), actions, "{message:x?}");
    }
}

#[test]
fn an_answer_with_broken_records_is_malformed() {
    for cut in QUERY.len()..ANSWER.len() {
        let mut exchange = asked(Dns { question: WWW, expected: None });
        let actions = exchange.handle(Duration::ZERO, Event::Received(&ANSWER[..cut]));
        assert_eq!(actions, end(Err(Failure::Malformed)), "{cut}");
    }
}

#[test]
fn a_cut_answer_is_asked_for_again_over_tcp() {
    let mut cut = ANSWER.to_vec();
    cut[2] |= 2;
    let dns = Dns { question: WWW, expected: Some("192.0.2.80") };
    let mut exchange = asked(dns);
    let actions = exchange.handle(Duration::ZERO, Event::Received(&cut));
    assert_eq!(actions, [Action::Close, Action::Connect]);

    let mut buffer = [0; 512];
    let limits = Limits { timeout: TIMEOUT, limit: TIMEOUT };
    let mut conversation = Conversation::new(dns::Stream::new(dns, &mut buffer), limits);
    let _ = conversation.handle(Duration::ZERO, stream::Event::Start);
    assert_eq!(conversation.handle(Duration::ZERO, stream::Event::Connected), [stream::Action::Send]);
    let mut said = Vec::new();
    conversation.message(&mut |piece| said.extend_from_slice(piece));
    assert_eq!(said, [&[0, 29], QUERY].concat());
    let length = u16::try_from(ANSWER.len()).unwrap().to_be_bytes();
    let answer = [&length, ANSWER].concat();
    let (last, first) = answer.split_last().unwrap();
    for byte in first {
        assert_eq!(conversation.handle(Duration::ZERO, stream::Event::Received(&[*byte])), []);
    }
    assert_eq!(
        conversation.handle(Duration::ZERO, stream::Event::Received(&[*last])),
        [stream::Action::Close, stream::Action::Finished(Ok(()))]
    );
}

#[test]
fn an_answer_over_tcp_that_does_not_fit_or_is_cut_off_fails() {
    for (heard, failure) in [
        (b"\xff\xff".as_slice(), Failure::BodyTooLong),
        (b"\x00\x05hello", Failure::Malformed),
        (b"\x00\x05hell", Failure::Truncated),
    ] {
        let mut buffer = [0; 64];
        let limits = Limits { timeout: TIMEOUT, limit: TIMEOUT };
        let dns = Dns { question: WWW, expected: None };
        let mut conversation = Conversation::new(dns::Stream::new(dns, &mut buffer), limits);
        let _ = conversation.handle(Duration::ZERO, stream::Event::Start);
        let _ = conversation.handle(Duration::ZERO, stream::Event::Connected);
        let mut actions = conversation.handle(Duration::ZERO, stream::Event::Received(heard));
        if actions.is_empty() {
            actions = conversation.handle(Duration::ZERO, stream::Event::Closed);
        }
        assert_eq!(actions, [stream::Action::Close, stream::Action::Finished(Err(failure))]);
    }
}

proptest! {
    #[test]
    fn no_bytes_from_the_network_are_too_much_for_a_question(
        mut answer in prop::collection::vec(any::<u8>(), 0..100), same_start: bool, kind in 0usize..9,
    ) {
        let kind = Type::ALL[kind];
        let question = Question { kind: kind.1, ..WWW };
        if same_start {
            let mut start = QUERY.to_vec();
            start[2] = 0x81;
            start[7] = 3;
            let place = start.len() - 3;
            start[place] = u8::try_from(kind.2).unwrap();
            start.append(&mut answer);
            answer = start;
        }
        let _ = Dns { question, expected: Some("www.example") }.judge(&answer);
        let ping = Ping { server: "192.0.2.1".parse().unwrap(), identifier: 1, sequence: 1, token: [0; 8] };
        let _ = ping.judge(&answer);
    }
}
