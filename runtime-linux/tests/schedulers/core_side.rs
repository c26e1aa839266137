//! A scenario in the user-space director.

use core::time::Duration;

use ipvs_core::{
    Arrival, Bucket, DestinationSlot, Director, Entry, IndexNode, Locality, Memory, ServiceSlot, Settings,
    Step, TableSlot, Timer, Verdict,
};

use super::scenario::{Event, Scenario, Took};

pub(crate) struct CoreSide {
    director: Director<'static>,
    now: Duration,
}

impl CoreSide {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let memory = Memory {
            services: vec![ServiceSlot::EMPTY; 1].leak(),
            destinations: vec![DestinationSlot::EMPTY; 64].leak(),
            connections: vec![Entry::EMPTY; 512].leak(),
            timers: vec![Timer::EMPTY; 512].leak(),
            buckets: vec![Bucket::EMPTY; Bucket::count_for(512)].leak(),
            index: vec![IndexNode::EMPTY; 4 * 64].leak(),
            tables: vec![TableSlot::EMPTY; 4_093].leak(),
            localities: vec![Locality::EMPTY; 64].leak(),
            ..Memory::default()
        };
        let mut director = Director::new(memory, Settings::new([7; 16]));
        director.apply(&Step::AddService(scenario.service)).unwrap();
        Self { director, now: Duration::from_secs(100) }
    }

    pub(crate) fn run(&mut self, scenario: &Scenario) -> Vec<Took> {
        let mut taken = Vec::new();
        for event in &scenario.events {
            match event {
                Event::Step(step) => self.director.apply(step).unwrap(),
                Event::Silence => {
                    self.now += Duration::from_secs(1_000);
                    while self.director.deadline().is_some_and(|deadline| deadline <= self.now) {
                        self.director.tick(self.now);
                    }
                }
                Event::Packet(packet) => {
                    let verdict = self.director.forward(self.now, Arrival::default(), &packet.bytes());
                    taken.push(match verdict {
                        Verdict::Forward(outgoing) => Took::Server(outgoing.next_hop),
                        Verdict::Reject => Took::Refused,
                        Verdict::Pass => Took::Passed,
                        other @ (Verdict::Local | Verdict::Drop(_)) => panic!("{packet:?}: {other:?}"),
                    });
                }
            }
        }
        taken
    }
}
