//! Each kind of check, passing, and failing with its own reason.

use core::time::Duration;

use check_core::dns::Type;
use check_core::udp::Reply;
use runtime_embedded::{Probe, Services};

use super::director::director;
use super::server::{GOOD, Manner, Reply as Answer, Server, answer};
use super::{CONFIG, ONE, real, web};
use crate::network::{Network, ms};

/// One server of this manner under this check: what is said of it within ten seconds.
fn said(probe: Probe, manner: Manner, datagrams: Option<(u16, Answer)>) -> Vec<String> {
    let probe = probe.every(ms(2_000)).retry(0, ms(100)).timeout(ms(500));
    let checks: &'static [Probe] = Box::leak(Box::new([probe]));
    let services: &'static Services<1, 1, 1> =
        Box::leak(Box::new(Services::new(&CONFIG, [web(Box::leak(Box::new([real("one", ONE, checks)])))])));
    let mut network = Network::new();
    let server = Server::add(&mut network, ONE, manner);
    if let Some((port, answer)) = datagrams {
        server.borrow_mut().on_datagram(port, answer);
    }
    let director = director(&mut network, &CONFIG, services);
    network.run_until(Duration::from_secs(10));
    let mut director = director.borrow_mut();
    let is_alive = director.checks.pool(0).servers()[0].alive();
    let mut news = director.news();
    assert_eq!(news.remove(0), "quorum gained, weight 1");
    assert_eq!(is_alive, news.is_empty());
    // Two seconds at most for a probe, and two to the next, whatever the server does.
    assert!(director.checks.counters().probes >= 2, "{:?}", director.checks.counters());
    news
}

fn fails(probe: Probe, manner: Manner, why: &str) {
    assert_eq!(said(probe, manner, None), [format!("one is down: {why}"), "quorum lost, weight 0".into()]);
}

fn datagram_fails(probe: Probe, port: u16, answer: Answer, why: &str) {
    let news = said(probe, GOOD, Some((port, answer)));
    assert_eq!(news, [format!("one is down: {why}"), "quorum lost, weight 0".into()]);
}

const NOTHING: [String; 0] = [];

#[test]
fn a_tcp_check_wants_a_connection() {
    assert_eq!(said(Probe::tcp(), GOOD, None), NOTHING);
    assert_eq!(said(Probe::tcp(), Manner::Holds(""), None), NOTHING);
    fails(Probe::tcp(), Manner::Closed, "TCP: connection refused");
    fails(Probe::tcp(), Manner::Gone, "TCP: connection timed out");
}

#[test]
fn an_http_check_wants_the_right_status() {
    assert_eq!(said(Probe::http("/health"), GOOD, None), NOTHING);
    let moved = Manner::Says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(said(Probe::http("/").status(&[(200, 200), (300, 399)]), moved, None), NOTHING);
    fails(Probe::http("/"), moved, "HTTP: HTTP status 302");
    let ill = Manner::Says("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    fails(Probe::http("/"), ill, "HTTP: HTTP status 503");
}

#[test]
fn an_http_check_wants_the_right_text() {
    assert_eq!(said(Probe::http("/").text("one"), GOOD, None), NOTHING);
    fails(Probe::http("/").text("two"), GOOD, "HTTP: another answer than expected");
}

#[test]
fn an_http_check_says_how_the_server_failed() {
    fails(Probe::http("/"), Manner::Closed, "HTTP: connection refused");
    fails(Probe::http("/"), Manner::Gone, "HTTP: connection timed out");
    fails(Probe::http("/"), Manner::Resets, "HTTP: connection reset");
    fails(Probe::http("/"), Manner::Says(""), "HTTP: connection closed without an answer");
    fails(Probe::http("/"), Manner::Holds(""), "HTTP: no answer in time");
    fails(
        Probe::http("/"),
        Manner::Says("220 mail.example ESMTP\r\n"),
        "HTTP: the answer is not of the protocol",
    );
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none";
    fails(Probe::http("/"), Manner::Says(cut), "HTTP: connection closed within the answer");
    fails(Probe::http("/"), Manner::Holds(cut), "HTTP: no whole answer in time");
}

#[test]
fn a_server_that_dribbles_fails_when_its_time_is_over() {
    fails(Probe::http("/"), Manner::Dribbles, "HTTP: no whole answer in time");
}

#[test]
fn a_udp_check_wants_no_error_or_the_right_reply() {
    let silent = Probe::udp(b"hello");
    let strict = silent.reply(Reply { bytes: b"HELLO", mask: &[], least: 5, most: 8 });
    assert_eq!(said(silent, GOOD, Some((80, |_| None))), NOTHING);
    assert_eq!(said(strict, GOOD, Some((80, |asked| Some(asked.to_ascii_uppercase())))), NOTHING);
    fails(silent, GOOD, "UDP: connection refused");
    // Nobody answers ARP: not the same as silence.
    fails(silent, Manner::Gone, "UDP: unreachable");
    datagram_fails(strict, 80, |_| None, "UDP: no answer in time");
    datagram_fails(strict, 80, |asked| Some(asked.to_vec()), "UDP: another answer than expected");
    datagram_fails(strict, 80, |_| Some(vec![b'H'; 9]), "UDP: the reply is too short or too long");
}

#[test]
fn a_dns_check_wants_the_right_record() {
    let probe = Probe::dns("www.example", Type::A);
    assert_eq!(said(probe, GOOD, Some((80, |asked| Some(answer(asked, 0x8180, 1))))), NOTHING);
    let right = probe.answer("192.0.2.80");
    assert_eq!(said(right, GOOD, Some((80, |asked| Some(answer(asked, 0x8180, 1))))), NOTHING);
    let refused: Answer = |asked| Some(answer(asked, 0x8185, 0));
    datagram_fails(probe, 80, refused, "DNS: DNS response code 5 (REFUSED)");
    let other = probe.answer("192.0.2.81");
    datagram_fails(other, 80, |asked| Some(answer(asked, 0x8180, 1)), "DNS: another answer than expected");
    datagram_fails(probe, 80, |_| Some(vec![0; 40]), "DNS: answers came, but none to this question");
    datagram_fails(probe, 80, |_| None, "DNS: no answer in time");
    // A cut answer is asked for again over TCP, where one server answers and the other speaks HTTP.
    let cut: Answer = |asked| Some(answer(asked, 0x8380, 0));
    assert_eq!(said(right, Manner::Resolves, Some((80, cut))), NOTHING);
    datagram_fails(right, 80, cut, "DNS: no answer in time");
}

#[test]
fn a_ping_wants_its_echo() {
    assert_eq!(said(Probe::ping(), Manner::Closed, None), NOTHING);
    fails(Probe::ping(), Manner::Gone, "ping: unreachable");
}
