//! The dialogues of checks: what servers say to them.

use core::time::Duration;

use check_core::datagram::{self, Exchange};
use check_core::dns::{self, Dns, Question, Type};
use check_core::http::{Body, Http, Protocol, Request};
use check_core::ping::Ping;
use check_core::smtp::Smtp;
use check_core::stream::{Action, Conversation, Dialogue, Event, Limits};
use check_core::udp::{Reply, Udp};
use check_core::{Failure, Tls};

use crate::choices::Choices;

/// A dialogue with a server that says and does anything: it finishes once, lets go of the connection first, and it does
/// not matter into which pieces the network cut what was said.
pub fn dialogue(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let limits = Limits { timeout: choices.time(), limit: choices.time() };
    let kind = Type::ALL[usize::from(choices.below(9))].1;
    let question = Question { id: 0x1234, name: "www.example", kind };
    let dns = Dns { question, expected: choices.flag().then_some("192.0.2.80") };
    match choices.below(6) {
        0 | 1 => {
            let request = Request { path: "/", host: "h", protocol: Protocol::Http11 };
            let http = || Conversation::new(Http::new(request, &[], Keep::default()), limits);
            converse(&mut choices, http(), http(), true, |http| http.body().0.clone());
        }
        2 => {
            let start_tls = choices.flag();
            let smtp = || Conversation::new(Smtp::new("h", start_tls), limits);
            // Who speaks before he is asked is refused only where that can be seen.
            converse(&mut choices, smtp(), smtp(), false, |_| Vec::new());
        }
        3 => {
            let (mut one, mut other) = ([0; 600], [0; 600]);
            let stream = Conversation::new(dns::Stream::new(dns, &mut one), limits);
            let twin = Conversation::new(dns::Stream::new(dns, &mut other), limits);
            converse(&mut choices, stream, twin, true, |_| Vec::new());
        }
        4 => exchange(&mut choices, &mut Exchange::new(dns, limits.timeout)),
        _ => {
            let token = [7; 8];
            let ping = Ping { server: [192, 0, 2, 1].into(), identifier: 1, sequence: 2, token };
            exchange(&mut choices, &mut Exchange::new(ping, limits.timeout));
            let reply = Reply { bytes: &[1, 2], mask: &[0xff, 0xf0], least: 1, most: 3 };
            let udp = Udp { payload: &[1], reply: choices.flag().then_some(reply) };
            exchange(&mut choices, &mut Exchange::new(udp, limits.timeout));
        }
    }
}

#[derive(Default)]
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

/// `twin` hears byte by byte what the other hears in pieces; with `alike` both must come to the same.
fn converse<D: Dialogue>(
    choices: &mut Choices<'_>,
    mut conversation: Conversation<D>,
    mut twin: Conversation<D>,
    alike: bool,
    learnt: impl Fn(&D) -> Vec<u8>,
) {
    let (mut now, mut finished, mut connected) = (Duration::ZERO, false, false);
    while !choices.is_over() {
        let step = choices.time();
        now = if choices.below(8) == 7 { now.saturating_sub(step) } else { now.saturating_add(step) };
        let event = match choices.below(12) {
            0 => Event::Start,
            1 => Event::Reached,
            2 => Event::Connected,
            3 => Event::Secured,
            4 => Event::Closed,
            5 => Event::Failed(choices.one_of(&[Failure::Reset, Failure::Tls(Tls::Expired)])),
            6 => Event::Tick,
            _ => {
                let length = usize::from(choices.byte());
                Event::Received(choices.bytes(length))
            }
        };
        let actions = conversation.handle(now, event);
        match actions.as_slice() {
            [] | [Action::Connect | Action::Send | Action::Secure] => {}
            [Action::Close, Action::Finished(_)]
            | [Action::Send, Action::Close, Action::Finished(Ok(()))] => {
                assert!(!finished);
                finished = true;
            }
            other => panic!("{other:?}"),
        }
        if actions.contains(&Action::Connect) {
            assert!(!connected);
            connected = true;
        }
        assert_eq!(conversation.deadline().is_some(), connected && !finished);
        if let Some(early) = conversation.deadline().and_then(|end| end.checked_sub(Duration::from_nanos(1)))
        {
            assert_eq!(conversation.handle(early, Event::Tick), []);
        }
        let mut said = 0;
        conversation.message(&mut |piece| said += piece.len());
        assert!(said < 1024);

        if alike {
            let mut slow = Vec::new();
            match event {
                Event::Received(bytes) => {
                    for byte in bytes {
                        slow.extend(twin.handle(now, Event::Received(&[*byte])));
                    }
                }
                other @ (Event::Start
                | Event::Reached
                | Event::Connected
                | Event::Secured
                | Event::Closed
                | Event::Failed(_)
                | Event::Tick) => slow.extend(twin.handle(now, other)),
            }
            assert_eq!(slow, actions.as_slice());
            assert_eq!(learnt(twin.dialogue()), learnt(conversation.dialogue()));
            assert_eq!(twin.deadline(), conversation.deadline());
        }
    }
    if let Some(deadline) = conversation.deadline() {
        assert!(matches!(
            conversation.handle(deadline.max(now), Event::Tick).as_slice(),
            [Action::Close, Action::Finished(Err(_))]
        ));
        assert_eq!(conversation.deadline(), None);
    }
}

fn exchange<Q: datagram::Question>(choices: &mut Choices<'_>, exchange: &mut Exchange<Q>) {
    let (mut now, mut over) = (Duration::ZERO, 0);
    for _ in 0..64 {
        now = now.saturating_add(choices.time());
        let event = match choices.below(8) {
            0 => datagram::Event::Start,
            1 => datagram::Event::Opened,
            2 => datagram::Event::Failed(Failure::Refused),
            3 => datagram::Event::Tick,
            _ => {
                let length = usize::from(choices.byte());
                datagram::Event::Received(choices.bytes(length))
            }
        };
        match exchange.handle(now, event).as_slice() {
            [] | [datagram::Action::Open | datagram::Action::Send] => {}
            [datagram::Action::Close, datagram::Action::Finished(_) | datagram::Action::Connect] => over += 1,
            other => panic!("{other:?}"),
        }
        assert!(over <= 1);
        assert!(over == 0 || exchange.deadline().is_none());
    }
}
