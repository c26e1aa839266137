//! Point 1: takeover is at the protocol's limit, as it is with keepalived.

use core::time::Duration;

use runtime_linux::clock;
use runtime_linux::lab::{self, skew_time, takeover_time};

use super::lan::Lan;
use crate::program::Program::{Keepalived, Steadfast};
use crate::scene::pause;

#[test]
#[ignore = "needs keepalived, root"]
fn baseline_1_takeover_is_as_near_to_the_protocols_limit_as_keepalives() {
    lab::test(|| {
        let mut lans = [Steadfast, Keepalived].map(|program| Lan::new(program, &[200, 150], "0.1", ""));
        lans.iter_mut().for_each(Lan::elect);
        let mut crashes = [Vec::new(), Vec::new()];
        let mut stops = [Vec::new(), Vec::new()];
        // In turn, so that both meet the same moods of the machine.
        for round in 0..ROUNDS {
            for (number, lan) in lans.iter_mut().enumerate() {
                pause(Duration::from_millis(37 * (round % 7)));
                crashes[number].push(crash(lan));
                back(lan);
                stops[number].push(stop(lan));
                back(lan);
            }
        }
        for (what, late) in [("crash", crashes), ("clean stop", stops)] {
            let [ours, theirs] = late.map(Late::of);
            println!(
                "baseline 1, {what}: later than the formula, min/median/max: steadfast {ours}, keepalived {theirs}"
            );
            assert!(ours.least >= -2.0, "{what}: before its time: {ours}");
            assert!(ours.median <= theirs.median + 1.0, "{what}: steadfast {ours}, keepalived {theirs}");
        }
    });
}

/// Kills the first host: how much later than by the formula the second takes over, in milliseconds.
fn crash(lan: &Lan) -> f64 {
    let killed = lan.kill(0);
    let first = lan.heard(1, killed);
    let last = lan.adverts(0, Duration::ZERO, first).last().expect("it was Active").0;
    late(first.saturating_sub(last), takeover_time(3, INTERVAL, 150))
}

fn stop(lan: &Lan) -> f64 {
    let at = clock::wall();
    let status = lan.process(0).stop(Duration::from_secs(5)).unwrap();
    assert!(status.is_some_and(|status| status.success()), "{status:?}{}", lan.logs());
    let first = lan.heard(1, at);
    let adverts = lan.adverts(0, at, first);
    let goodbye =
        adverts.iter().find(|advert| advert.1 == 0).unwrap_or_else(|| panic!("no goodbye{}", lan.logs()));
    late(first.saturating_sub(goodbye.0), skew_time(3, INTERVAL, 150))
}

fn back(lan: &mut Lan) {
    let at = lan.start(0);
    lan.heard(0, at);
    pause(Duration::from_millis(300));
}

fn late(took: Duration, theory: Duration) -> f64 {
    (took.as_secs_f64() - theory.as_secs_f64()) * 1000.0
}

struct Late {
    least: f64,
    median: f64,
    most: f64,
}

impl Late {
    fn of(mut late: Vec<f64>) -> Self {
        late.sort_by(f64::total_cmp);
        Self { least: late[0], median: late[late.len() / 2], most: late[late.len() - 1] }
    }
}

impl core::fmt::Display for Late {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "{:.2}/{:.2}/{:.2} ms", self.least, self.median, self.most)
    }
}

const INTERVAL: Duration = Duration::from_millis(100);
const ROUNDS: u64 = 11;
