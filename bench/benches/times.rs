//! Times and their ratios: each from rounds that take turns, so that a busy machine is busy for all.

use ipvs_core::{Method, Mode};

use crate::allocation;
use crate::cases::{
    self, Hashbrown, Run, Way, batched_finds, bursts, connections, hash_alone, picks, single_finds, singles,
};
use crate::stopwatch::time;

/// Nanoseconds that one operation of each case takes.
pub(crate) fn of_cases() -> Vec<(String, f64)> {
    let case = |case: cases::Case| {
        let mut run = case.run();
        let nanoseconds = best(&mut [(&case.name, &mut run, case.operations)]);
        (case.name, nanoseconds[0])
    };
    cases::asked_for().map(case).collect()
}

/// One time as a share of another.
pub(crate) struct Ratio {
    pub(crate) name: String,
    pub(crate) nanoseconds: [f64; 2],
    /// The most that the ratio should be; `None` for what is there to be seen.
    pub(crate) target: Option<f64>,
}

pub(crate) fn ratios() -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for method in [
        Method::LeastConnection,
        Method::WeightedLeastConnection,
        Method::ShortestExpectedDelay,
        Method::NeverQueue,
    ] {
        let run = |is_indexed| picks(method, Mode::Exact, 1_000, is_indexed);
        ratios.push(ratio(
            format!("{} at 1,000 servers: pick / the same by a linear scan", method.name()),
            (Box::new(run(true)), 1),
            (Box::new(run(false)), 1),
            Some(1.0 / 40.0),
        ));
        // What the index costs where connections come and go.
        let run = |is_indexed| connections(method, Mode::Exact, 1_000, is_indexed);
        ratios.push(ratio(
            format!("{} at 1,000 servers: pick, open, close / the same by a linear scan", method.name()),
            (Box::new(run(true)), 1),
            (Box::new(run(false)), 1),
            None,
        ));
    }
    let hashbrown = || Box::new(Hashbrown::new(MILLION).finds(MILLION));
    ratios.push(ratio(
        "found among 1 M connections, batched / hashbrown".to_owned(),
        (Box::new(batched_finds(MILLION)), 32),
        (hashbrown(), 1),
        Some(0.8),
    ));
    ratios.push(ratio(
        "found among 1 M connections, one at a time / hashbrown".to_owned(),
        (Box::new(single_finds(MILLION, 0)), 1),
        (hashbrown(), 1),
        None,
    ));
    for way in Way::ALL {
        for (title, count) in [("1 k", 1_000), ("64 k", 64_000), ("1 M", MILLION)] {
            ratios.push(ratio(
                format!("{} in bursts / found in a batch, {title} connections", way.name()),
                (bursts(way, count), 32),
                (Box::new(batched_finds(count)), 32),
                Some(2.0),
            ));
            ratios.push(ratio(
                format!("{} one at a time / found one at a time, {title} connections", way.name()),
                (singles(way, count), 1),
                (Box::new(single_finds(count, 0)), 1),
                Some(2.0),
            ));
        }
    }
    ratios.push(ratio(
        "found one at a time / its hash alone, 1 k connections".to_owned(),
        (Box::new(single_finds(1_000, 0)), 1),
        (Box::new(hash_alone()), 1),
        None,
    ));
    ratios
}

fn ratio(name: String, mut one: (Run, u64), mut other: (Run, u64), target: Option<f64>) -> Ratio {
    let best = best(&mut [(&name, &mut one.0, one.1), (&name, &mut other.0, other.1)]);
    Ratio { nanoseconds: [best[0], best[1]], name, target }
}

/// Nanoseconds of one operation of each: the best of rounds that take turns. What else a machine does makes a round
/// slower, never faster.
fn best(contenders: &mut [(&str, &mut Run, u64)]) -> Vec<f64> {
    let turns: Vec<u64> = contenders.iter_mut().map(|(name, run, _)| turns(name, run)).collect();
    let mut best = vec![f64::INFINITY; contenders.len()];
    for _ in 0..ROUNDS {
        for (place, (name, run, operations)) in contenders.iter_mut().enumerate() {
            let taken = time(|| allocation::none_during(name, || run(turns[place])));
            #[expect(clippy::cast_precision_loss, reason = "a round is a millisecond")]
            let nanoseconds = taken.as_nanos() as f64 / (turns[place] * *operations) as f64;
            best[place] = best[place].min(nanoseconds);
        }
    }
    best
}

/// As many as take about a millisecond.
fn turns(name: &str, run: &mut Run) -> u64 {
    let mut turns = 1;
    while time(|| allocation::none_during(name, || run(turns))).as_micros() < 500 {
        turns *= 2;
    }
    turns
}

const ROUNDS: usize = 61;
const MILLION: u32 = 1_000_000;
