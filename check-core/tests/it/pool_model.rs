//! The pool against a model that works everything out anew from the whole history.

use core::time::Duration;
use std::collections::BTreeSet;

use check_core::pool::{Action, Destination, Duty, Event, Leaving, Settings, SlowStart, Sorry, Target};
use check_core::{Pool, Server};
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_pool_agrees_with_a_model_that_remembers_everything(
        settings in settings(), configured in servers(), events in runs()
    ) {
        let mut pool = Pool::new(settings, configured.iter().map(Configured::server).collect::<Vec<_>>());
        let mut model = Model::new(settings, configured);
        prop_assert_eq!(told(&mut pool, 0, Event::Start), model.handle(0, Event::Start));
        for (now, event) in events {
            prop_assert_eq!(told(&mut pool, now, event), model.handle(now, event));
            let destinations: Vec<Destination> = pool.destinations().collect();
            prop_assert_eq!(destinations, model.destinations());
            prop_assert_eq!(pool.has_quorum(), model.quorum);
            prop_assert_eq!(pool.deadline(), model.deadline().map(Duration::from_millis));
        }
        prop_assert_eq!(pool.farewell(Leaving::Stop).collect::<Vec<_>>(), model.farewell());
    }

    #[test]
    fn with_a_sorry_server_and_its_quorum_lost_nobody_else_gets_new_connections(
        settings in settings(), configured in servers(), events in runs()
    ) {
        let settings = Settings { sorry: Some(Sorry { weight: 1, inhibit: false }), ..settings };
        let mut pool = Pool::new(settings, configured.iter().map(Configured::server).collect::<Vec<_>>());
        for (now, event) in events {
            let _ = told(&mut pool, now, event);
            let sorry = pool.destinations().any(|to| to.target == Target::Sorry);
            prop_assert_ne!(sorry, pool.has_quorum());
            let others = pool.destinations().filter(|to| to.target != Target::Sorry && to.weight > 0).count();
            prop_assert!(!sorry || others == 0);
        }
    }

    #[test]
    fn a_tick_at_the_deadline_moves_it_and_an_early_one_does_nothing(
        settings in settings(), configured in servers(), events in runs(), late in 0..20_000_u64
    ) {
        let mut pool = Pool::new(settings, configured.iter().map(Configured::server).collect::<Vec<_>>());
        let mut latest = 0;
        for (now, event) in events {
            latest = now.max(latest);
            let _ = told(&mut pool, now, event);
            let Some(deadline) = pool.deadline() else { continue };
            let deadline = u64::try_from(deadline.as_millis()).expect("times are short here");
            if deadline > latest {
                let mut early = pool.clone();
                prop_assert_eq!(told(&mut early, deadline - 1, Event::Tick), []);
                prop_assert_eq!(early.deadline(), pool.deadline());
            }
            latest = latest.max(deadline) + late;
            let _ = told(&mut pool, latest, Event::Tick);
            prop_assert!(pool.deadline().is_none_or(|next| next > Duration::from_millis(latest)));
        }
    }
}

fn told(pool: &mut Pool<Vec<Server>>, now: u64, event: Event) -> Vec<Action> {
    let mut actions = Vec::new();
    pool.handle(Duration::from_millis(now), event, &mut |action| actions.push(action));
    actions
}

/// A server as the file has it.
#[derive(Clone, Debug)]
struct Configured {
    weight: u32,
    inhibit: bool,
    /// Length in milliseconds, steps.
    slow: Option<(u64, u8)>,
    alpha: bool,
}

impl Configured {
    fn server(&self) -> Server {
        let slow =
            self.slow.map(|(length, steps)| SlowStart { length: Duration::from_millis(length), steps });
        let server = Server::new(self.weight, self.inhibit).with_slow_start(slow);
        if self.alpha { server.with_failing(0).expect("0 is below 64") } else { server }
    }
}

/// A server of the model; times in milliseconds.
struct Modelled {
    file: Configured,
    added: i64,
    ordered: Option<u32>,
    told_of: bool,
    duty: Duty,
    /// When its slow start began, and the time of the last tick after that.
    ramp: Option<(u64, u64)>,
}

impl Modelled {
    fn weight(&self) -> u32 {
        let sum = i128::from(self.file.weight) + i128::from(self.added);
        self.ordered.unwrap_or(u32::try_from(sum.clamp(0, i128::from(i32::MAX))).expect("31 bits"))
    }

    /// Steps taken, of how many; none once it is over.
    fn steps(&self) -> Option<(u64, u64)> {
        let ((since, ticked), (length, steps)) = (self.ramp?, self.file.slow?);
        let steps = u64::from(steps.max(1));
        let taken = (0..=steps).rev().find(|step| since + length * step / steps <= ticked).unwrap_or(0);
        (taken < steps).then_some((taken, steps))
    }

    fn carried(&self) -> u32 {
        let full = u64::from(self.weight());
        let part = self.steps().map_or(full, |(taken, steps)| (full * taken / steps).max(1).min(full));
        u32::try_from(part).expect("no more than the weight")
    }
}

/// Sets of names and sums; what happened, not what follows.
struct Model {
    settings: Settings,
    servers: Vec<Modelled>,
    failing: BTreeSet<(usize, usize)>,
    total: u64,
    quorum: bool,
    now: u64,
}

impl Model {
    fn new(settings: Settings, servers: Vec<Configured>) -> Self {
        let total = servers.iter().map(|server| u64::from(server.weight)).sum();
        let doubtful = servers.iter().enumerate().filter(|(_, server)| server.alpha);
        let failing = doubtful.map(|(number, _)| (number, 0)).collect();
        let modelled = |file: Configured| Modelled {
            told_of: !file.alpha,
            file,
            added: 0,
            ordered: None,
            duty: Duty::Serving,
            ramp: None,
        };
        let servers = servers.into_iter().map(modelled).collect();
        Self { settings, servers, failing, total, quorum: false, now: 0 }
    }

    fn alive(&self, server: usize) -> bool {
        !self.failing.iter().any(|&(other, _)| other == server)
    }

    fn counts(&self, server: usize) -> bool {
        self.alive(server) && self.servers[server].duty == Duty::Serving
    }

    fn handle(&mut self, now: u64, event: Event) -> Vec<Action> {
        self.now = self.now.max(now);
        let now = self.now;
        let named = match event {
            Event::Check { server, .. }
            | Event::CheckWeights { server, .. }
            | Event::Weight { server, .. }
            | Event::Drain { server, .. }
            | Event::Connections { server, .. }
            | Event::Enable { server } => server,
            Event::Start | Event::Tick => 0,
        };
        let mut actions = Vec::new();
        if named < self.servers.len() {
            let (weight, was_alive) = (self.servers[named].weight(), self.alive(named));
            match event {
                Event::Check { check, up, .. } if check < 64 => {
                    if up {
                        self.failing.remove(&(named, check));
                    } else {
                        self.failing.insert((named, check));
                    }
                    let alive = self.alive(named);
                    let news = !self.servers[named].told_of && (alive || !up);
                    self.servers[named].told_of |= news;
                    if alive != was_alive {
                        self.servers[named].ramp = (!news && self.counts(named)).then_some((now, now));
                        let server = named;
                        actions.push(if alive {
                            Action::ServerUp { server }
                        } else {
                            Action::ServerDown { server }
                        });
                    } else if news {
                        actions.push(Action::ServerDown { server: named });
                    }
                }
                Event::CheckWeights { offset, .. } => self.servers[named].added = offset,
                Event::Weight { weight, .. } => self.servers[named].ordered = weight,
                Event::Drain { within, .. } => {
                    let until = within.map(|within| Duration::from_millis(now) + within);
                    let entry = &mut self.servers[named];
                    match entry.duty {
                        Duty::Serving => {
                            entry.duty = Duty::Draining { until, connections: None };
                            entry.ramp = None;
                            actions.push(Action::Draining { server: named });
                        }
                        Duty::Draining { connections, .. } => {
                            entry.duty = Duty::Draining { until, connections }
                        }
                        Duty::Drained => {}
                    }
                }
                Event::Connections { count, .. } => {
                    let entry = &mut self.servers[named];
                    if let Duty::Draining { until, .. } = entry.duty {
                        entry.duty = Duty::Draining { until, connections: Some(count) };
                        if count == 0 {
                            entry.duty = Duty::Drained;
                            actions.push(Action::Drained { server: named, left: 0 });
                        }
                    }
                }
                Event::Enable { .. } if self.servers[named].duty != Duty::Serving => {
                    self.servers[named].duty = Duty::Serving;
                    self.servers[named].ramp = self.alive(named).then_some((now, now));
                    actions.push(Action::Enabled { server: named });
                }
                Event::Tick => self.tick(&mut actions),
                Event::Enable { .. } | Event::Start | Event::Check { .. } => {}
            }
            if self.servers[named].weight() != weight {
                actions.push(Action::Reweighted { server: named });
            }
        }
        let weight: u64 = (0..self.servers.len())
            .filter(|&server| self.counts(server))
            .map(|server| u64::from(self.servers[server].weight()))
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
        } else if event == Event::Start && !self.quorum && self.settings.sorry.is_some() {
            actions.push(Action::QuorumDown { weight });
        }
        actions
    }

    fn tick(&mut self, actions: &mut Vec<Action>) {
        for (server, entry) in self.servers.iter_mut().enumerate() {
            if let Duty::Draining { until: Some(until), connections } = entry.duty
                && until <= Duration::from_millis(self.now)
            {
                entry.duty = Duty::Drained;
                actions.push(Action::Drained { server, left: connections.unwrap_or(0) });
            }
            let before = entry.carried();
            entry.ramp = entry.ramp.map(|(since, _)| (since, self.now));
            if entry.carried() != before {
                actions.push(Action::Ramped { server });
            }
        }
    }

    fn deadline(&self) -> Option<u64> {
        let of = |server: &Modelled| {
            let until = match server.duty {
                Duty::Draining { until, .. } => until,
                Duty::Serving | Duty::Drained => None,
            };
            let until = until.map(|until| u64::try_from(until.as_millis()).expect("times are short here"));
            let step = server.steps().zip(server.ramp).zip(server.file.slow);
            let step =
                step.map(|(((taken, steps), (since, _)), (length, _))| since + length * (taken + 1) / steps);
            until.into_iter().chain(step).min()
        };
        self.servers.iter().filter_map(of).min()
    }

    fn destinations(&self) -> Vec<Destination> {
        let sorry_on_duty = self.settings.sorry.is_some() && !self.quorum;
        let mut list = Vec::new();
        for (number, server) in self.servers.iter().enumerate() {
            let target = Target::Server(number);
            if server.duty == Duty::Drained {
                continue;
            }
            if self.counts(number) && !sorry_on_duty {
                list.push(Destination { target, weight: server.carried() });
            } else if server.file.inhibit || (self.alive(number) && server.duty != Duty::Serving) {
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
    (0..12_u32, 0..6_u32, any::<bool>(), sorry).prop_map(|(quorum, hysteresis, omega, sorry)| Settings {
        quorum,
        hysteresis,
        omega,
        sorry,
    })
}

fn servers() -> impl Strategy<Value = Vec<Configured>> {
    // Lengths that all numbers of steps divide, so that the model may count in milliseconds.
    let slow = prop::option::of(((1..40_u64).prop_map(|length| length * 60), 0..6_u8));
    let server = (weights(), any::<bool>(), slow, any::<bool>());
    let server =
        server.prop_map(|(weight, inhibit, slow, alpha)| Configured { weight, inhibit, slow, alpha });
    prop::collection::vec(server, 0..6)
}

fn weights() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..5_u32, 4 => 5..200_u32, 1 => Just(Server::MAX_WEIGHT)]
}

/// Times jump to and fro.
fn runs() -> impl Strategy<Value = Vec<(u64, Event)>> {
    prop::collection::vec((0..10_000_u64, events()), 0..80)
}

fn events() -> impl Strategy<Value = Event> {
    let within = prop::option::of((0..4_000_u64).prop_map(Duration::from_millis));
    prop_oneof![
        6 => (0..7_usize, prop_oneof![4 => 0..3_usize, 1 => Just(63), 1 => Just(64)], any::<bool>())
            .prop_map(|(server, check, up)| Event::Check { server, check, up }),
        1 => (0..7_usize, prop::option::of(weights()))
            .prop_map(|(server, weight)| Event::Weight { server, weight }),
        2 => (0..7_usize, prop_oneof![4 => -6..6_i64, 1 => any::<i64>()])
            .prop_map(|(server, offset)| Event::CheckWeights { server, offset }),
        2 => (0..7_usize, within).prop_map(|(server, within)| Event::Drain { server, within }),
        1 => (0..7_usize, 0..3_u64).prop_map(|(server, count)| Event::Connections { server, count }),
        2 => (0..7_usize).prop_map(|server| Event::Enable { server }),
        3 => Just(Event::Tick),
    ]
}
