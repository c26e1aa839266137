//! What becomes of a service whose servers come and go.

use ipvs_core::Method;
use runtime_embedded::{Probe, RealServer, Services};

use super::client::Client;
use super::director::director;
use super::server::{GOOD, Manner, Server};
use super::{CONFIG, ONE, SORRY, TWO, real, web};
use crate::network::{Network, ms};

const CHECKS: &[Probe] =
    &[Probe::http("/health").every(ms(500)).retry(1, ms(100)).timeout(ms(300)).warmup(ms(100))];
static SERVICES: Services<1, 3, 2> = Services::new(
    &CONFIG,
    [web(&[real("one", ONE, CHECKS), real("two", TWO, CHECKS)])
        .method(Method::RoundRobin)
        .sorry(RealServer::new("sorry", core::net::IpAddr::V4(SORRY), 80))],
);

const OTHER: Manner = Manner::Says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
const STAND_IN: Manner = Manner::Says("HTTP/1.1 503 Sorry\r\nContent-Length: 5\r\n\r\nsorry");

#[test]
fn a_server_that_dies_under_load_gets_nothing_new_and_comes_back_when_it_answers() {
    let mut network = Network::new();
    let [one, _two, _sorry] = [(ONE, GOOD), (TWO, OTHER), (SORRY, STAND_IN)]
        .map(|(at, manner)| Server::add(&mut network, at, manner));
    let director = director(&mut network, &CONFIG, &SERVICES);
    network.run_until(ms(2_000));
    let client = Client::add(&mut network);
    network.run_for(ms(2_000));
    let ([first, second], lost) = client.borrow_mut().count(["one", "two"]);
    assert!(first > 50 && first.abs_diff(second) <= 1 && lost == 0, "{first} {second} {lost}");
    assert_eq!(director.borrow_mut().news(), ["quorum gained, weight 2"]);

    one.borrow_mut().manner = Manner::Gone;
    // The check under way, its retry, and the pause between: 500 + 300 + 100 + 300 ms.
    network.run_for(ms(1_300));
    let news = director.borrow_mut().news();
    assert_eq!(
        news,
        ["one: HTTP: connection timed out; attempts left: 1", "one is down: HTTP: connection timed out"]
    );
    let _ = client.borrow_mut().count(["one", "two"]);
    network.run_for(ms(2_000));
    let ([first, second], lost) = client.borrow_mut().count(["one", "two"]);
    // A request that was under way at the dead server may still be given up.
    assert!(first == 0 && second > 100 && lost <= 1, "{first} {second} {lost}");

    one.borrow_mut().manner = GOOD;
    network.run_for(ms(1_000));
    assert_eq!(director.borrow_mut().news(), ["one is up"]);
    let _ = client.borrow_mut().count(["one", "two"]);
    network.run_for(ms(2_000));
    let ([first, second], lost) = client.borrow_mut().count(["one", "two"]);
    assert!(first > 50 && first.abs_diff(second) <= 1 && lost == 0, "{first} {second} {lost}");
}

#[test]
fn without_a_quorum_the_sorry_server_stands_in() {
    let mut network = Network::new();
    let [one, two, _sorry] = [(ONE, GOOD), (TWO, OTHER), (SORRY, STAND_IN)]
        .map(|(at, manner)| Server::add(&mut network, at, manner));
    let director = director(&mut network, &CONFIG, &SERVICES);
    network.run_until(ms(1_000));
    let _ = director.borrow_mut().news();
    one.borrow_mut().manner = Manner::Closed;
    two.borrow_mut().manner = Manner::Closed;
    network.run_for(ms(1_000));
    let mut news = director.borrow_mut().news();
    news.sort();
    assert_eq!(
        news,
        [
            "one is down: HTTP: connection refused",
            "one: HTTP: connection refused; attempts left: 1",
            "quorum lost, weight 0: sorry stands in",
            "two is down: HTTP: connection refused",
            "two: HTTP: connection refused; attempts left: 1",
        ]
    );
    assert_eq!(director.borrow_mut().weights(&SERVICES), [("10.0.0.90".to_owned(), 1)]);
    let client = Client::add(&mut network);
    network.run_for(ms(1_000));
    let ([sorry, other], lost) = client.borrow_mut().count(["sorry", "two"]);
    assert!(sorry > 50 && other == 0 && lost == 0, "{sorry} {other} {lost}");

    two.borrow_mut().manner = OTHER;
    network.run_for(ms(1_000));
    assert_eq!(director.borrow_mut().news(), ["two is up", "quorum gained, weight 1"]);
    assert_eq!(director.borrow_mut().weights(&SERVICES), [("10.0.0.82".to_owned(), 1)]);
}

#[test]
fn a_server_whose_cable_is_cut_is_down_with_its_port_and_comes_back_with_it() {
    let mut network = Network::new();
    for (at, manner) in [(ONE, GOOD), (TWO, OTHER), (SORRY, STAND_IN)] {
        Server::add(&mut network, at, manner);
    }
    let director = director(&mut network, &CONFIG, &SERVICES);
    network.run_until(ms(1_000));
    let _ = director.borrow_mut().news();
    let link = |up| {
        let mut director = director.borrow_mut();
        let super::director::Machine { router, log, .. } = &mut *director;
        router.link(ms(1_000), 1, up, log);
    };
    link(false);
    network.run_for(ms(1_000));
    let news = director.borrow_mut().news();
    assert!(news.contains(&"one is down: HTTP: unreachable".to_owned()), "{news:?}");
    assert!(news.contains(&"quorum lost, weight 0: sorry stands in".to_owned()), "{news:?}");
    link(true);
    network.run_for(ms(1_000));
    assert_eq!(director.borrow_mut().news().len(), 3);
    assert!(director.borrow().checks.pool(0).has_quorum());
}
