//! Deaths without a word.

use core::time::Duration;

use runtime_linux::clock;
use runtime_linux::lab::{self, skew_time, takeover_time};

use crate::pair::{ADDRESS, ALLOWANCE, PATIENCE, Pair, configuration, pause, wait};

#[test]
fn no_peer_notices_that_the_worker_was_killed_at_one_second() {
    lab::test(|| nobody_notices("1", Duration::from_secs(1), 3));
}

#[test]
fn no_peer_notices_that_the_worker_was_killed_at_a_tenth_of_a_second() {
    lab::test(|| nobody_notices("0.1", Duration::from_millis(100), 1));
}

/// Kills the worker several times, further apart than a crash loop, and looks at the gaps between adverts.
fn nobody_notices(text: &str, interval: Duration, kills: u32) {
    let pair = Pair::new(text);
    let begin = clock::wall();
    let mut last = None;
    for _ in 0..kills {
        let (worker, at) = pair.kill_worker(last);
        last = Some(worker);
        let next = pair.heard("high", false, at);
        println!("every {interval:?}: the next advert came {:?} after the kill", next.saturating_sub(at));
        pause(interval * 2);
        if kills > 1 {
            // Off the beat, and not three deaths within ten seconds.
            pause(Duration::from_millis(3_310));
        }
    }
    let adverts = pair.adverts("high", begin);
    let gaps = adverts.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0));
    let longest = gaps.max().unwrap();
    println!("every {interval:?}: the longest gap between adverts was {longest:?}");
    assert!(longest < interval * 2, "{longest:?}{}", pair.logs());
    assert!(adverts.iter().all(|(_, priority)| *priority == 200), "it resigned{}", pair.logs());
    assert_eq!(pair.adverts("low", begin), [], "low took over{}", pair.logs());
    assert!(pair.has_address());
}

#[test]
fn after_a_crash_of_guardian_and_worker_a_peer_waits_its_time_and_the_address_stays() {
    lab::test(|| {
        let pair = Pair::new("0.1");
        let killed = pair.daemon.kill();
        let taken = pair.heard("low", false, killed);
        let last = pair.adverts("high", Duration::ZERO).last().unwrap().0;
        let (took, theory) = (taken.saturating_sub(last), takeover_time(3, Duration::from_millis(100), 100));
        assert!(took >= theory.saturating_sub(Duration::from_millis(2)), "{took:?}{}", pair.logs());
        assert!(took <= theory + ALLOWANCE, "{took:?}{}", pair.logs());
        assert_eq!(pair.adverts("high", killed).iter().filter(|(_, priority)| *priority == 0).count(), 0);
        // Nobody is left who could take it away: the machine would be down.
        assert!(pair.has_address());
    });
}

#[test]
fn when_workers_die_one_after_the_other_a_peer_takes_over_at_once_and_the_address_goes() {
    lab::test(|| {
        let pair = Pair::new("1");
        let (mut last, mut killed) = (None, Duration::ZERO);
        for _ in 0..3 {
            let (worker, at) = pair.kill_worker(last);
            (last, killed) = (Some(worker), at);
        }
        let goodbye = pair.heard("high", true, killed);
        let taken = pair.heard("low", false, killed);
        let (took, skew) = (taken.saturating_sub(goodbye), skew_time(3, Duration::from_secs(1), 100));
        println!(
            "goodbye {:?} after the third death, takeover {took:?} after it",
            goodbye.saturating_sub(killed)
        );
        assert!(goodbye.saturating_sub(killed) < ALLOWANCE, "{}", pair.logs());
        assert!(took <= skew + ALLOWANCE, "{took:?}{}", pair.logs());
        assert!(!pair.has_address(), "two have the address{}", pair.logs());
        // After its pause it starts another worker, as a Backup, which then preempts.
        let back = pair.heard("high", false, taken);
        assert!(back.saturating_sub(killed) > Duration::from_secs(1), "no pause{}", pair.logs());
        wait(PATIENCE, || pair.logs(), || pair.has_address());
    });
}

#[test]
fn told_not_to_respawn_it_resigns_and_ends_when_its_worker_dies() {
    lab::test(|| {
        let pair = Pair::with("0.1", &["-R"]);
        let (_, killed) = pair.kill_worker(None);
        let status = pair.daemon.wait(PATIENCE).expect("it ends");
        assert_eq!(status.code(), Some(1));
        let goodbye = pair.heard("high", true, killed);
        let took = pair.heard("low", false, killed).saturating_sub(goodbye);
        let skew = skew_time(3, Duration::from_millis(100), 100);
        assert!(took <= skew + ALLOWANCE, "{took:?}{}", pair.logs());
        assert!(!pair.has_address());
    });
}

#[test]
fn a_worker_that_finds_another_configuration_clears_away_what_is_not_in_it_any_more() {
    lab::test(|| {
        let pair = Pair::new("1");
        pair.write(&configuration(200, "1", "198.18.0.101"));
        let (_, killed) = pair.kill_worker(None);
        wait(PATIENCE, || pair.logs(), || pair.has("198.18.0.101") && !pair.has(ADDRESS));
        pair.heard("high", false, killed);
        assert_eq!(pair.adverts("low", killed), [], "{}", pair.logs());
    });
}

#[test]
fn a_worker_that_finds_its_router_gone_resigns_for_it() {
    lab::test(|| {
        let pair = Pair::new("1");
        pair.write("global_defs {\n vrrp_version 3\n}\n");
        let (_, killed) = pair.kill_worker(None);
        let goodbye = pair.heard("high", true, killed);
        let took = pair.heard("low", false, killed).saturating_sub(goodbye);
        assert!(took <= skew_time(3, Duration::from_secs(1), 100) + ALLOWANCE, "{took:?}{}", pair.logs());
        assert!(!pair.has_address());
    });
}
