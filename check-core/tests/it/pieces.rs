//! It does not matter into which pieces the network cuts what a server says.

use core::time::Duration;

use check_core::Failure;
use check_core::dns::{self, Dns, Question, Type};
use check_core::http::{Body, Http, Protocol, Request};
use check_core::smtp::Smtp;
use check_core::stream::{Action, Conversation, Dialogue, Event, Limits};
use proptest::prelude::*;

const NOW: Duration = Duration::from_secs(1);
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), limit: Duration::from_secs(60) };

/// What a dialogue did on the way, without the waits between, and how it ended.
type Outcome = (Vec<Action>, Vec<u8>);

/// Has the conversation with a server that says `turns`, each when it was asked for it, in these pieces, and then ends.
fn outcome<D: Dialogue>(
    dialogue: D,
    turns: &[Vec<u8>],
    cuts: &[usize],
    learnt: impl Fn(&D) -> Vec<u8>,
) -> Outcome {
    let mut conversation = Conversation::new(dialogue, LIMITS);
    let mut done = conversation.handle(NOW, Event::Start).to_vec();
    done.extend(conversation.handle(NOW, Event::Connected));
    let mut cuts = cuts.iter().cycle();
    'turns: for turn in turns {
        let mut rest = turn.as_slice();
        while !rest.is_empty() {
            let next = cuts.next().copied().unwrap_or(usize::MAX);
            let (piece, more) = rest.split_at(next.min(rest.len()));
            rest = more;
            let actions = conversation.handle(NOW, Event::Received(piece));
            done.extend(&actions);
            if actions == [Action::Secure] {
                done.extend(conversation.handle(NOW, Event::Secured));
            }
            if conversation.deadline().is_none() {
                break 'turns;
            }
        }
    }
    done.extend(conversation.handle(NOW, Event::Closed));
    assert_eq!(conversation.deadline(), None);
    (done, learnt(conversation.dialogue()))
}

#[derive(Debug, Default)]
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

/// Answers of web servers, good ones and nearly good ones.
fn web() -> impl Strategy<Value = Vec<u8>> {
    let status = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 503 Busy\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 204\r\n",
        "HTTP/1.1 2x0\r\n",
        "220 mail\r\n",
        "HTT",
    ]);
    let field = prop::sample::select(vec![
        "Content-Length: 11\r\n",
        "Content-Length: 0\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "transfer-encoding:chunked\r\n",
        "X-Folded: a\r\n\tb\r\n",
        "Nonsense\r\n",
        "X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
    ]);
    let body = prop::sample::select(vec![
        "hello world",
        "5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\nX-Trailer: y\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\nmore than asked for",
        "5\r\nhellX\n0\r\n\r\n",
        "zz\r\n",
        "",
    ]);
    let parts = (status, prop::collection::vec(field, 0..4), any::<bool>(), body);
    (parts, prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2)).prop_map(
        |((status, fields, ended, body), changes)| {
            let end = if ended { "\r\n" } else { "" };
            let mut text = [status, &fields.concat(), end, body].concat().into_bytes();
            for (place, byte) in changes {
                let place = place.index(text.len());
                text[place] = byte;
            }
            text
        },
    )
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..12, 1..30)
}

proptest! {
    #[test]
    fn of_a_web_server(text in web(), cuts in cuts()) {
        let http = || {
            let request = Request { path: "/", host: "h", protocol: Protocol::Http11 };
            Http::new(request, &[], Keep::default())
        };
        let learnt = |http: &Http<'_, Keep>| http.body().0.clone();
        let turns = [text];
        let whole = outcome(http(), &turns, &[usize::MAX], learnt);
        prop_assert_eq!(&outcome(http(), &turns, &[1], learnt), &whole);
        prop_assert_eq!(&outcome(http(), &turns, &cuts, learnt), &whole);
    }

    #[test]
    fn of_a_mail_server(
        turns in prop::collection::vec("(220-[a-z ]{0,9}\r\n){0,2}(220|250|454|2x) [a-z]{0,9}\r\n", 0..6),
        start_tls: bool,
        cuts in cuts(),
    ) {
        let smtp = || Smtp::new("director.example", start_tls);
        let turns: Vec<Vec<u8>> = turns.into_iter().map(String::into_bytes).collect();
        let whole = outcome(smtp(), &turns, &[usize::MAX], |_| Vec::new());
        prop_assert_eq!(&outcome(smtp(), &turns, &[1], |_| Vec::new()), &whole);
        prop_assert_eq!(&outcome(smtp(), &turns, &cuts, |_| Vec::new()), &whole);
    }

    #[test]
    fn of_a_name_server_over_tcp(
        changes in prop::collection::vec((0usize..47, any::<u8>()), 0..3),
        cuts in cuts(),
    ) {
        let mut message = b"\0\x2d\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x03www\x07example\0\0\x01\0\x01\
            \xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x50".to_vec();
        let length = u8::try_from(message.len() - 2).unwrap();
        message[1] = length;
        for (place, byte) in changes {
            if let Some(old) = message.get_mut(place) {
                *old = byte;
            }
        }
        let question = Question { id: 0x1234, name: "www.example", kind: Type::A };
        let dns = Dns { question, expected: Some("192.0.2.80") };
        let turns = [message];
        let result = |cuts: &[usize]| {
            let mut buffer = [0; 512];
            outcome(dns::Stream::new(dns, &mut buffer), &turns, cuts, |_| Vec::new())
        };
        let whole = result(&[usize::MAX]);
        prop_assert_eq!(&result(&[1]), &whole);
        prop_assert_eq!(&result(&cuts), &whole);
    }
}
