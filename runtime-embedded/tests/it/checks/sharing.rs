//! Many checks over few sockets, among much else.

use check_core::Server;
use runtime_embedded::{Probe, Services};

use super::director::director;
use super::server::{self, GOOD, Manner};
use super::{CONFIG, ONE, TWO, real, web};
use crate::garbage::{Random, frame};
use crate::network::{Network, ms};

/// All at once, again and again.
const fn http() -> Probe {
    Probe::http("/health").every(ms(100)).retry(0, ms(100)).timeout(ms(1_000)).warmup(ms(0))
}
const MANY: &[Probe] = &[http(), http(), http(), http(), http(), http(), http(), http()];
static SERVICES: Services<1, 2, 16> =
    Services::new(&CONFIG, [web(&[real("one", ONE, MANY), real("two", TWO, MANY)])]);

#[test]
fn sixteen_checks_take_turns_at_two_sockets() {
    let mut network = Network::new();
    let servers = [ONE, TWO].map(|address| server::Server::add(&mut network, address, GOOD));
    let director = director(&mut network, &CONFIG, &SERVICES);
    network.run_until(ms(10_000));
    let mut director = director.borrow_mut();
    assert_eq!(director.news(), ["quorum gained, weight 2"]);
    let counters = *director.checks.counters();
    // None is left out: each is made again about every 100 ms.
    assert!(counters.probes > 16 * 80, "{counters:?}");
    assert!(counters.delayed > 0 && counters.longest_delay < ms(20), "{counters:?}");
    let most: usize = servers.iter().map(|server| server.borrow().most).sum();
    assert!(most <= 4, "{most}");
}

#[test]
fn a_server_that_holds_its_sockets_until_the_end_keeps_no_check_of_another_from_being_made() {
    let mut network = Network::new();
    server::Server::add(&mut network, ONE, Manner::Dribbles);
    server::Server::add(&mut network, TWO, GOOD);
    let director = director(&mut network, &CONFIG, &SERVICES);
    network.run_until(ms(30_000));
    let mut director = director.borrow_mut();
    assert!(!director.checks.pool(0).servers()[0].alive());
    assert!(director.checks.pool(0).servers()[1].alive());
    assert_eq!(
        director.news()[..2],
        ["quorum gained, weight 2", "one is down: HTTP: no whole answer in time"]
    );
    // Eight that dribble, each a second and its farewell another, over two sockets.
    let counters = *director.checks.counters();
    assert!(counters.longest_delay < ms(10_000), "{counters:?}");
}

#[test]
fn garbage_and_old_packets_of_the_checks_themselves_change_no_verdict() {
    let mut network = Network::new();
    for address in [ONE, TWO] {
        server::Server::add(&mut network, address, GOOD);
    }
    let director = director(&mut network, &CONFIG, &SERVICES);
    network.run_until(ms(2_000));
    // No checksum covers ARP: a damaged answer would be a forged one.
    let good = network.seen.drain(..).map(|seen| seen.frame).filter(|frame| frame[12..14] != [8, 6]);
    let good: Vec<Vec<u8>> = good.collect();
    network.watches = false;
    let before = director.borrow().checks.counters().probes;
    let mut random = Random(0x0005_eedf_00d5);
    for number in 0..100_000 {
        network.inject(number % 2, &frame(&mut random, &good));
        if number % 32 == 0 {
            network.run_for(ms(5));
        }
    }
    let mut director = director.borrow_mut();
    assert!(director.checks.pool(0).servers().iter().all(Server::alive));
    assert_eq!(director.news(), ["quorum gained, weight 2"]);
    // Fifteen seconds in which each was made about every 100 ms.
    assert!(director.checks.counters().probes - before > 16 * 120);
}
