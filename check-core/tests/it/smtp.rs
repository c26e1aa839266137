//! What an SMTP dialogue makes of a server.

use core::time::Duration;

use check_core::stream::{Action, Conversation, Event, Limits};
use check_core::{Asked, Failure, smtp::Smtp};
use proptest::prelude::*;

const NOW: Duration = Duration::from_secs(1);
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), limit: Duration::from_secs(60) };

fn connected(start_tls: bool) -> Conversation<Smtp<'static>> {
    let mut conversation = Conversation::new(Smtp::new("director.example", start_tls), LIMITS);
    assert_eq!(conversation.handle(NOW, Event::Start), [Action::Connect]);
    // The server speaks first.
    assert_eq!(conversation.handle(NOW, Event::Connected), []);
    conversation
}

fn said(conversation: &Conversation<Smtp<'_>>) -> String {
    let mut said = Vec::new();
    conversation.message(&mut |piece| said.extend_from_slice(piece));
    String::from_utf8_lossy(&said).into_owned()
}

fn hear(conversation: &mut Conversation<Smtp<'_>>, text: &str) -> Vec<Action> {
    conversation.handle(NOW, Event::Received(text.as_bytes())).to_vec()
}

#[test]
fn a_server_that_greets_and_takes_our_name_is_good() {
    let mut conversation = connected(false);
    assert_eq!(hear(&mut conversation, "220 mail.example ESMTP\r\n"), [Action::Send]);
    assert_eq!(said(&conversation), "HELO director.example\r\n");
    let end = [Action::Send, Action::Close, Action::Finished(Ok(()))];
    assert_eq!(hear(&mut conversation, "250 mail.example\r\n"), end);
    assert_eq!(said(&conversation), "QUIT\r\n");
}

#[test]
fn replies_may_have_several_lines() {
    let mut conversation = connected(false);
    assert_eq!(hear(&mut conversation, "220-mail.example ESMTP\r\n220-no\r\n"), []);
    assert_eq!(hear(&mut conversation, "220 spam\r\n"), [Action::Send]);
    let end = [Action::Send, Action::Close, Action::Finished(Ok(()))];
    assert_eq!(hear(&mut conversation, "250-a\r\n250\r\n"), end);
}

#[test]
fn with_starttls_success_comes_in_tls_only() {
    let mut conversation = connected(true);
    assert_eq!(hear(&mut conversation, "220 mail.example\r\n"), [Action::Send]);
    assert_eq!(said(&conversation), "EHLO director.example\r\n");
    assert_eq!(hear(&mut conversation, "250-mail.example\r\n250 STARTTLS\r\n"), [Action::Send]);
    assert_eq!(said(&conversation), "STARTTLS\r\n");
    assert_eq!(hear(&mut conversation, "220 go ahead\r\n"), [Action::Secure]);
    assert_eq!(conversation.handle(NOW, Event::Secured), [Action::Send]);
    assert_eq!(said(&conversation), "EHLO director.example\r\n");
    let end = [Action::Send, Action::Close, Action::Finished(Ok(()))];
    assert_eq!(hear(&mut conversation, "250 mail.example\r\n"), end);
}

#[test]
fn what_comes_in_the_clear_behind_the_answer_to_starttls_is_refused() {
    let mut conversation = connected(true);
    let _ = hear(&mut conversation, "220 a\r\n");
    let _ = hear(&mut conversation, "250 a\r\n");
    assert_eq!(
        hear(&mut conversation, "220 go\r\n250 injected\r\n"),
        [Action::Close, Action::Finished(Err(Failure::Malformed))]
    );
}

#[test]
fn a_server_that_refuses_is_bad_with_its_code() {
    for (greeting, hello, failure) in [
        ("554 no service\r\n", "", Failure::Reply { to: Asked::Greeting, code: 554 }),
        ("220 a\r\n", "550 who are you\r\n", Failure::Reply { to: Asked::Hello, code: 550 }),
        ("421-too\r\n421 busy\r\n", "", Failure::Reply { to: Asked::Greeting, code: 421 }),
        ("220 a\r\n", "", Failure::Closed),
        ("HTTP/1.1 400 Bad Request\r\n", "", Failure::Malformed),
        ("22\r\n", "", Failure::Malformed),
        ("220 a\r\n", "250", Failure::Truncated),
    ] {
        let mut conversation = connected(false);
        let mut actions = hear(&mut conversation, greeting);
        if actions == [Action::Send] {
            actions = hear(&mut conversation, hello);
        }
        if actions.is_empty() {
            actions = conversation.handle(NOW, Event::Closed).to_vec();
        }
        assert_eq!(actions, [Action::Close, Action::Finished(Err(failure))], "{greeting}{hello}");
    }
}

#[test]
fn a_reply_without_an_end_is_cut_off() {
    let mut conversation = connected(false);
    let line = "220-blah blah blah blah blah blah\r\n".repeat(100);
    let actions = (0..100).map(|_| hear(&mut conversation, &line)).find(|actions| !actions.is_empty());
    assert_eq!(actions.unwrap(), [Action::Close, Action::Finished(Err(Failure::HeaderTooLong))]);
}

proptest! {
    #[test]
    fn whatever_a_server_says_the_dialogue_ends_with_the_connection(
        parts in prop::collection::vec("[ -~\r\n]{0,20}|2[25]0 [a-z]{0,5}\r\n", 0..20), start_tls: bool,
    ) {
        let mut conversation = connected(start_tls);
        for part in &parts {
            let actions = hear(&mut conversation, part);
            if actions == [Action::Secure] {
                let _ = conversation.handle(NOW, Event::Secured);
            }
        }
        let _ = conversation.handle(NOW, Event::Closed);
        prop_assert_eq!(conversation.deadline(), None);
    }
}
