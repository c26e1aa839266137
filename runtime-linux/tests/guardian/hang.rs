//! A worker that does not go on.

use core::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime_linux::clock;
use runtime_linux::lab;

use crate::pair::{PATIENCE, Pair, pause, wait};

#[test]
fn a_worker_that_hangs_is_replaced_before_a_peer_takes_over() {
    lab::test(|| {
        let pair = Pair::new("1");
        let (worker, at) = freeze(&pair);
        let next = pair.heard("high", false, at + Duration::from_millis(20));
        println!("the next advert came {:?} after the worker froze", next.saturating_sub(at));
        assert_ne!(pair.worker(Some(worker)), worker);
        // Two intervals and what the guardian looks away at most; a peer waits three and its skew.
        assert!(next.saturating_sub(at) < Duration::from_millis(2_600), "{}", pair.logs());
        pause(Duration::from_secs(2));
        assert_eq!(pair.adverts("low", at), [], "low took over{}", pair.logs());
        assert!(pair.has_address());
        assert!(pair.daemon.log().iter().any(|line| line.text.contains("hangs")), "{}", pair.logs());
    });
}

#[test]
fn where_a_peer_cannot_wait_for_that_no_address_has_two_owners_for_long() {
    lab::test(|| {
        let pair = Pair::new("0.1");
        let (_, at) = freeze(&pair);
        pair.heard("low", false, at);
        wait(PATIENCE, || pair.logs(), || !pair.has_address());
        let took = clock::wall().saturating_sub(at);
        println!("the address went {took:?} after the worker froze");
        assert!(took < Duration::from_millis(2_000), "{took:?}{}", pair.logs());
        // The new worker has the higher priority and takes it back.
        wait(PATIENCE, || pair.logs(), || pair.has_address());
    });
}

/// Stops every thread of the worker: its number, and the wall clock just before.
fn freeze(pair: &Pair) -> (i32, Duration) {
    let worker = pair.worker(None);
    let at = clock::wall();
    kill(Pid::from_raw(worker), Signal::SIGSTOP).unwrap();
    (worker, at)
}
