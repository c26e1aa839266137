//! The pool against a model that works everything out anew from the whole history.

use check_core::pool::{Action, Destination, Event, Settings, Sorry, Target};
use check_core::{Pool, Server};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #[test]
    fn the_pool_agrees_with_a_model_that_remembers_everything(
        settings in settings(), configured in servers(), events in prop::collection::vec(events(), 0..80)
    ) {
        let list: Vec<Server> =
            configured.iter().map(|&(weight, inhibit)| Server::new(weight, inhibit)).collect();
        let mut pool = Pool::new(settings, list);
        let mut model = Model::new(settings, configured);
        prop_assert_eq!(pool.handle(Event::Start).to_vec(), model.handle(Event::Start));
        for event in events {
            prop_assert_eq!(pool.handle(event).to_vec(), model.handle(event));
            let destinations: Vec<Destination> = pool.destinations().collect();
            prop_assert_eq!(destinations, model.destinations());
            prop_assert_eq!(pool.has_quorum(), model.quorum);
        }
        prop_assert_eq!(pool.farewell().collect::<Vec<_>>(), model.farewell());
    }

    #[test]
    fn with_a_sorry_server_and_its_quorum_lost_nobody_else_gets_new_connections(
        settings in settings(), configured in servers(), events in prop::collection::vec(events(), 0..80)
    ) {
        let settings = Settings { sorry: Some(Sorry { weight: 1, inhibit: false }), ..settings };
        let list: Vec<Server> =
            configured.iter().map(|&(weight, inhibit)| Server::new(weight, inhibit)).collect();
        let mut pool = Pool::new(settings, list);
        for event in events {
            let _ = pool.handle(event);
            let sorry = pool.destinations().any(|to| to.target == Target::Sorry);
            prop_assert_ne!(sorry, pool.has_quorum());
            let others = pool.destinations().filter(|to| to.target != Target::Sorry && to.weight > 0).count();
            prop_assert!(!sorry || others == 0);
        }
    }
}

/// Sets of names and sums, no incremental state but the one bit that hysteresis needs.
struct Model {
    settings: Settings,
    /// Configured weight, what checks add, what was ordered, `inhibit_on_failure`.
    servers: Vec<(u32, i64, Option<u32>, bool)>,
    failing: BTreeSet<(usize, usize)>,
    total: u64,
    quorum: bool,
}

impl Model {
    fn new(settings: Settings, servers: Vec<(u32, bool)>) -> Self {
        let total = servers.iter().map(|&(weight, _)| u64::from(weight)).sum();
        let servers = servers.into_iter().map(|(weight, inhibit)| (weight, 0, None, inhibit)).collect();
        Self { settings, servers, failing: BTreeSet::new(), total, quorum: !settings.alpha }
    }

    fn alive(&self, server: usize) -> bool {
        !self.failing.iter().any(|&(other, _)| other == server)
    }

    fn weight(&self, server: usize) -> u32 {
        let (configured, added, ordered, _) = self.servers[server];
        let sum = i128::from(configured) + i128::from(added);
        ordered.unwrap_or(u32::try_from(sum.clamp(0, i128::from(i32::MAX))).expect("31 bits"))
    }

    fn handle(&mut self, event: Event) -> Vec<Action> {
        let weights: Vec<u32> = (0..self.servers.len()).map(|server| self.weight(server)).collect();
        let before: Vec<bool> = (0..self.servers.len()).map(|server| self.alive(server)).collect();
        let mut actions = Vec::new();
        match event {
            Event::Check { server, check, up } if server < self.servers.len() && check < 64 => {
                if up {
                    self.failing.remove(&(server, check));
                } else {
                    self.failing.insert((server, check));
                }
            }
            Event::Weight { server, weight } if server < self.servers.len() => {
                self.servers[server].2 = weight;
            }
            Event::CheckWeights { server, offset } if server < self.servers.len() => {
                self.servers[server].1 = offset;
            }
            Event::Start | Event::Check { .. } | Event::Weight { .. } | Event::CheckWeights { .. } => {}
        }
        for (server, was) in weights.into_iter().enumerate() {
            if self.weight(server) != was {
                actions.push(Action::Reweighted { server });
            }
        }
        for (server, was) in before.into_iter().enumerate() {
            if was && !self.alive(server) {
                actions.push(Action::ServerDown { server });
            }
            if !was && self.alive(server) {
                actions.push(Action::ServerUp { server });
            }
        }
        let weight: u64 = (0..self.servers.len())
            .filter(|&server| self.alive(server))
            .map(|server| u64::from(self.weight(server)))
            .sum();
        let quorum = u64::from(self.settings.quorum).min(self.total).max(1);
        let hysteresis = u64::from(self.settings.hysteresis).min(quorum - 1);
        let reachable = self.total.max(1);
        if self.quorum && (weight == 0 || weight < quorum - hysteresis) {
            self.quorum = false;
            actions.push(Action::QuorumDown { weight });
        } else if !self.quorum && weight > 0 && (weight >= quorum + hysteresis || weight >= reachable) {
            self.quorum = true;
            actions.push(Action::QuorumUp { weight });
        }
        actions
    }

    fn destinations(&self) -> Vec<Destination> {
        let sorry_on_duty = self.settings.sorry.is_some() && !self.quorum;
        let mut list = Vec::new();
        for (number, &(_, _, _, inhibit)) in self.servers.iter().enumerate() {
            let weight = self.weight(number);
            let target = Target::Server(number);
            if self.alive(number) && !sorry_on_duty {
                list.push(Destination { target, weight });
            } else if inhibit {
                list.push(Destination { target, weight: 0 });
            }
        }
        if let Some(sorry) = self.settings.sorry {
            if sorry_on_duty {
                list.push(Destination { target: Target::Sorry, weight: sorry.weight });
            } else if sorry.inhibit {
                list.push(Destination { target: Target::Sorry, weight: 0 });
            }
        }
        list
    }

    fn farewell(&self) -> Vec<Action> {
        if !self.settings.omega {
            return Vec::new();
        }
        let mut actions: Vec<Action> = (0..self.servers.len())
            .filter(|&server| self.alive(server))
            .map(|server| Action::ServerDown { server })
            .collect();
        if self.quorum {
            actions.push(Action::QuorumDown { weight: 0 });
        }
        actions
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    let sorry = prop::option::of(any::<bool>().prop_map(|inhibit| Sorry { weight: 1, inhibit }));
    (0..12_u32, 0..6_u32, any::<bool>(), any::<bool>(), sorry).prop_map(
        |(quorum, hysteresis, alpha, omega, sorry)| Settings { quorum, hysteresis, alpha, omega, sorry },
    )
}

fn servers() -> impl Strategy<Value = Vec<(u32, bool)>> {
    prop::collection::vec((weights(), any::<bool>()), 0..6)
}

fn weights() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0..5_u32, 1 => Just(Server::MAX_WEIGHT)]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..7_usize, prop_oneof![0..3_usize, Just(63), Just(64)], any::<bool>())
            .prop_map(|(server, check, up)| Event::Check { server, check, up }),
        1 => (0..7_usize, prop::option::of(weights()))
            .prop_map(|(server, weight)| Event::Weight { server, weight }),
        2 => (0..7_usize, prop_oneof![4 => -6..6_i64, 1 => any::<i64>()])
            .prop_map(|(server, offset)| Event::CheckWeights { server, offset }),
    ]
}
