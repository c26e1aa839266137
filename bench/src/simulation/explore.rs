//! Every run of a small group in which few things go wrong.
//!
//! Where a campaign draws, the explorer tries: each frame arrives at once, late, twice or not at all; at set moments
//! a router crashes, starts anew, stops, is held up or stops hearing another. All combinations of up to a given
//! number of such faults among the first decisions of a run are gone through, and the checker watches each. Then
//! the group is left alone and must settle.

use core::time::Duration;

use super::choices::Choices;
use super::{Entry, Quality, Sabotage, Simulation, Station, Violation};

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Decisions from the start of a run that are open.
    pub points: usize,
    /// Faults in one run.
    pub faults: usize,
}

/// A run that went wrong.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What went wrong.
    pub violation: Violation,
    /// The decisions; 0 is the ordinary one.
    pub choices: Vec<u8>,
    /// What the routers did.
    pub journal: Vec<Entry>,
}

impl core::fmt::Display for Counterexample {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "{} after the decisions {:?}", self.violation, self.choices)?;
        for entry in &self.journal {
            writeln!(f, "  {:?}: router {}: {:?}", entry.at, entry.node, entry.action)?;
        }
        Ok(())
    }
}

/// Goes through every run of `stations` within `limits`, `sabotage`d or not, with `way` the longest way of a
/// frame; returns how many there are.
pub fn explore(
    stations: &[Station],
    way: Duration,
    limits: Limits,
    sabotage: Option<Sabotage>,
) -> Result<u64, Box<Counterexample>> {
    let mut runs = 0;
    let mut next = Some(Choices::new(limits.points, limits.faults));
    while let Some(choices) = next {
        let mut simulation =
            Simulation::new(0, Quality { loss: 0, duplication: 0, delay: way }, stations.to_vec());
        simulation.network.choices = Some(choices);
        if let Some(sabotage) = sabotage {
            simulation.sabotage(sabotage);
        }
        let outcome = run(&mut simulation, stations, way);
        let choices = simulation.network.choices.take();
        if let Err(violation) = outcome {
            let choices = choices.map(|choices| choices.taken()).unwrap_or_default();
            let journal = simulation.journal().to_vec();
            return Err(Box::new(Counterexample { violation, choices, journal }));
        }
        runs += 1;
        next = choices.and_then(Choices::next);
    }
    Ok(runs)
}

fn run(simulation: &mut Simulation, stations: &[Station], way: Duration) -> Result<(), Violation> {
    let longest = stations.iter().map(|station| station.wish.advert_interval.duration()).max();
    let longest = longest.unwrap_or_default();
    (0..stations.len()).for_each(|node| simulation.start(node));
    simulation.run_for(longest * 3)?;
    for _ in 0..MOMENTS {
        act(simulation, stations.len(), longest);
        // Not a divisor of the interval: the moments wander through its phase.
        simulation.run_for(longest * 7 / 10)?;
    }
    simulation.heal();
    for node in 0..stations.len() {
        simulation.hold(node, Duration::ZERO);
        if simulation.router(node).is_none_or(|router| !router.is_started()) {
            simulation.start(node);
        }
    }
    simulation.run_for(way)?;
    simulation.mark();
    simulation.run_for(longest * 10 + way * 2)?;
    simulation.expect_settled()
}

/// Lets one of the things happen that can.
fn act(simulation: &mut Simulation, nodes: usize, longest: Duration) {
    let kinds = 5;
    let options = u8::try_from(1 + kinds * nodes).unwrap_or(u8::MAX);
    let Some(choices) = &mut simulation.network.choices else { return };
    let Some(choice) = usize::from(choices.choose(options)).checked_sub(1) else { return };
    let node = choice / kinds;
    match choice % kinds {
        0 => simulation.crash(node),
        1 => simulation.start(node),
        2 => simulation.stop(node),
        3 => simulation.hold(node, longest * 9 / 2),
        _ => simulation.cut(node, (node + 1) % nodes, true),
    }
}

/// Times in a run at which something may happen beside what the link does.
const MOMENTS: u32 = 8;
