//! Whole dialogues with servers that are well.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use check_core::datagram::{self, Exchange};
use check_core::dns::{Dns, Question, Type};
use check_core::http::{Http, Protocol, Request};
use check_core::ping::Ping;
use check_core::smtp::Smtp;
use check_core::stream::{Action, Conversation, Dialogue, Event, Limits};
use check_core::tcp::{self, TcpProbe};
use check_core::udp::{Reply, Udp};

use super::Case;

pub(super) fn add(cases: &mut Vec<Case>) {
    cases.push(Case::new("probe/TCP", || {
        |turns| {
            for _ in 0..turns {
                let mut probe = TcpProbe::new(black_box(LIMITS.timeout));
                black_box(probe.handle(NOW, tcp::Event::Start));
                black_box(probe.handle(NOW, tcp::Event::Connected));
            }
        }
    }));
    cases.push(Case::new("probe/HTTP with a page of 1,000 octets", || {
        let page =
            format!("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 1000\r\n\r\n{}", "a".repeat(1_000));
        move |turns| {
            let request = Request { path: "/health", host: "10.1.0.1:80", protocol: Protocol::Http11 };
            for _ in 0..turns {
                converse(Http::new(black_box(request), &[], ()), &[page.as_bytes()]);
            }
        }
    }));
    cases.push(Case::new("probe/SMTP", || {
        |turns| {
            for _ in 0..turns {
                let said: [&[u8]; 2] = [b"220 mail.example ESMTP\r\n", b"250 mail.example\r\n"];
                converse(Smtp::new(black_box("director.example"), false), &said);
            }
        }
    }));
    cases.push(Case::new("probe/DNS", || {
        |turns| {
            let question = Question { id: 0xBEEF, name: "www.example", kind: Type::A };
            for _ in 0..turns {
                ask(Dns { question: black_box(question), expected: None }, ANSWER);
            }
        }
    }));
    cases.push(Case::new("probe/UDP", || {
        |turns| {
            for _ in 0..turns {
                let reply = Reply { bytes: b"pong", mask: &[0xFF; 4], least: 4, most: 4 };
                ask(Udp { payload: black_box(b"ping"), reply: Some(reply) }, b"pong");
            }
        }
    }));
    cases.push(Case::new("probe/ping", || {
        |turns| {
            let server = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
            let ping = Ping { server, identifier: 0x1234, sequence: 7, token: *b"tokentok" };
            for _ in 0..turns {
                ask(black_box(ping), b"\x00\x00\x30\x10\x12\x34\x00\x07tokentok");
            }
        }
    }));
}

fn converse(dialogue: impl Dialogue, said: &[&[u8]]) {
    let mut conversation = Conversation::new(dialogue, LIMITS);
    let mut sent = 0;
    let mut result = None;
    let mut tell = |event| {
        for action in conversation.handle(NOW, event) {
            match action {
                Action::Send => conversation.message(&mut |piece| sent += piece.len()),
                Action::Finished(finished) => result = Some(finished),
                Action::Connect | Action::Secure | Action::Close => {}
            }
        }
    };
    tell(Event::Start);
    tell(Event::Connected);
    for piece in said {
        tell(Event::Received(black_box(piece)));
    }
    black_box(sent);
    assert_eq!(result, Some(Ok(())));
}

fn ask(question: impl datagram::Question, reply: &[u8]) {
    let mut exchange = Exchange::new(question, LIMITS.timeout);
    let mut buffer = [0; 512];
    black_box(exchange.handle(NOW, datagram::Event::Start));
    black_box(exchange.handle(NOW, datagram::Event::Opened));
    black_box(exchange.message(&mut buffer));
    let actions = exchange.handle(NOW, datagram::Event::Received(black_box(reply)));
    assert_eq!(actions.last(), Some(&datagram::Action::Finished(Ok(()))));
}

/// `www.example` is at 192.0.2.80.
const ANSWER: &[u8] =
    b"\xBE\xEF\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x07example\x00\x00\x01\x00\x01\
    \xC0\x0C\x00\x01\x00\x01\x00\x00\x00\x3C\x00\x04\xC0\x00\x02\x50";
const NOW: Duration = Duration::from_secs(1);
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), limit: Duration::from_secs(60) };
