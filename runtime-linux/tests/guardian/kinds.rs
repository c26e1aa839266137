//! Workers of other kinds of routers, and other deaths.

use core::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime_linux::clock;
use runtime_linux::lab::{self, skew_time};

use crate::pair::{ALLOWANCE, PATIENCE, Pair, configuration, pause, wait};

#[test]
fn no_peer_notices_that_the_worker_of_a_unicast_router_was_killed() {
    lab::test(|| {
        let text = |priority, own: &str, peer: &str| {
            with(
                priority,
                &format!("unicast_src_ip {own}\n unicast_peer {{\n {peer}\n }}\n"),
                "198.18.0.100/24",
            )
        };
        let high = text(200, "198.18.0.1", "198.18.0.2");
        nobody_notices(&high, &text(100, "198.18.0.2", "198.18.0.1"), "198.18.0.100");
    });
}

#[test]
fn no_peer_notices_that_the_worker_of_an_ipv6_router_was_killed() {
    lab::test(|| {
        let text = |priority| with(priority, "", "fe80::100/64");
        nobody_notices(&text(200), &text(100), "fe80::100");
    });
}

#[test]
fn no_peer_notices_that_the_worker_of_an_owner_was_killed_and_the_host_keeps_its_address() {
    lab::test(|| {
        let (high, low) = (with(255, "", "198.18.0.1/24"), with(100, "", "198.18.0.1/24"));
        let pair = nobody_notices(&high, &low, "198.18.0.1");
        // Nor does the guardian take it away where nobody goes on.
        pair.daemon.signal(Signal::SIGTERM).unwrap();
        pair.daemon.wait(PATIENCE).expect("it ends");
        assert!(pair.has("198.18.0.1"));
    });
}

#[test]
fn no_peer_notices_that_the_worker_aborted_as_it_does_when_it_panics() {
    lab::test(|| {
        let pair = Pair::new("0.1");
        assert_eq!(unnoticed(&pair, Signal::SIGABRT), "");
        assert!(pair.has_address());
    });
}

#[test]
fn a_unicast_router_that_nobody_goes_on_as_resigns_to_its_peers() {
    lab::test(|| {
        let text = |priority, own: &str, peer: &str| {
            with(
                priority,
                &format!("unicast_src_ip {own}\n unicast_peer {{\n {peer}\n }}\n"),
                "198.18.0.100/24",
            )
        };
        let high = text(200, "198.18.0.1", "198.18.0.2");
        let pair = Pair::of(&high, &text(100, "198.18.0.2", "198.18.0.1"), &["-R"]);
        resigns(&pair);
        assert!(!pair.has("198.18.0.100"));
    });
}

#[test]
fn an_ipv6_router_that_nobody_goes_on_as_resigns() {
    lab::test(|| {
        let text = |priority| with(priority, "", "fe80::100/64");
        let pair = Pair::of(&text(200), &text(100), &["-R"]);
        resigns(&pair);
        assert!(!pair.has("fe80::100"));
    });
}

/// Kills the worker, and waits for the goodbye of its guardian and the takeover behind it.
fn resigns(pair: &Pair) {
    let (_, killed) = pair.kill_worker(None);
    let goodbye = pair.heard("high", true, killed);
    let took = pair.heard("low", false, killed).saturating_sub(goodbye);
    assert!(took <= skew_time(3, INTERVAL, 100) + ALLOWANCE, "{took:?}{}", pair.logs());
    pair.daemon.wait(PATIENCE).expect("it ends");
}

fn nobody_notices(high: &str, low: &str, address: &str) -> Pair {
    let pair = Pair::of(high, low, &[]);
    assert_eq!(unnoticed(&pair, Signal::SIGKILL), "");
    assert!(pair.has(address), "{}", pair.logs());
    pair
}

/// Ends the worker with a signal; what peers notice of it.
fn unnoticed(pair: &Pair, signal: Signal) -> String {
    let begin = clock::wall();
    let worker = pair.worker(None);
    kill(Pid::from_raw(worker), signal).unwrap();
    wait(PATIENCE, || pair.logs(), || pair.worker(Some(worker)) != worker);
    pause(INTERVAL * 5);
    let adverts = pair.adverts("high", begin);
    let longest = adverts.windows(2).map(|two| two[1].0.saturating_sub(two[0].0)).max().unwrap_or_default();
    println!("the longest gap between adverts was {longest:?}");
    let low = pair.adverts("low", begin);
    // Three intervals and a skew are what a peer waits.
    let resigned = adverts.iter().any(|(_, priority)| *priority == 0);
    let noticed = longest >= INTERVAL * 3 || resigned || !low.is_empty() || adverts.len() < 2;
    if noticed { format!("{longest:?}, {low:?}{}", pair.logs()) } else { String::new() }
}

/// Version 3, VRID 51, a tenth of a second, with more lines and this address.
fn with(priority: u8, lines: &str, address: &str) -> String {
    let text = configuration(priority, "0.1", "ADDRESS");
    text.replace("ADDRESS/24", address).replace(" state BACKUP\n", &format!(" state BACKUP\n {lines}"))
}

const INTERVAL: Duration = Duration::from_millis(100);
