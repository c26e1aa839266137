//! The servers of one service: who carries traffic, and is that enough.

mod quorum;
mod server;
mod share;

pub use quorum::Quorum;
pub use server::{Server, TooManyChecks};
pub use share::Share;

/// How a pool behaves as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `quorum`: total weight of the servers alive that the service needs.
    pub quorum: u32,
    /// `hysteresis`: how far beyond the quorum either way the weight must be before that changes.
    pub hysteresis: u32,
    /// `alpha`: the service starts without a quorum. Otherwise it is taken to have one.
    pub alpha: bool,
    /// `omega`: what is up goes down, with its scripts, when the daemon stops.
    pub omega: bool,
    /// `sorry_server`: who stands in without a quorum.
    pub sorry: Option<Sorry>,
}

/// The server that stands in while there is no quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorry {
    /// Its weight while it stands in.
    pub weight: u32,
    /// `sorry_server_inhibit`: with a quorum it stays, with weight 0, instead of being removed.
    pub inhibit: bool,
}

/// What happened. A server is named by its place in the slice, a check by its number within its server; events
/// about others are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The pool goes into service.
    Start,
    /// A check of a server passes or fails.
    Check {
        /// Which server.
        server: usize,
        /// Which of its checks, below [`Server::MAX_CHECKS`].
        check: usize,
        /// Whether it passes.
        up: bool,
    },
    /// The checks of a server say another weight.
    CheckWeights {
        /// Which server.
        server: usize,
        /// The sum of what those that pass add to its configured weight ([`Share::offset`]).
        offset: i64,
    },
    /// The operator wants another weight.
    Weight {
        /// Which server.
        server: usize,
        /// This weight whatever is configured and checks say; `None`: what those say, again.
        weight: Option<u32>,
    },
}

/// What changed. [`Pool::destinations`] says what the data plane should hold from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// All checks of the server pass now.
    ServerUp {
        /// Which server.
        server: usize,
    },
    /// A first check of the server fails.
    ServerDown {
        /// Which server.
        server: usize,
    },
    /// The weight of a server changed.
    Reweighted {
        /// Which server.
        server: usize,
    },
    /// The service has enough again; the sorry server goes out.
    QuorumUp {
        /// Total weight of the servers alive.
        weight: u64,
    },
    /// The service has not enough any more. The sorry server, if there is one, takes the place of all others.
    QuorumDown {
        /// Total weight of the servers alive.
        weight: u64,
    },
}

/// At most: one server and the quorum.
pub type Actions = heapless::Vec<Action, 2>;

/// What the data plane should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Who.
    pub target: Target,
    /// Share of new connections; 0: none, but those it has go on.
    pub weight: u32,
}

/// A server of the pool, or the one that stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The server at this place in the slice.
    Server(usize),
    /// The sorry server.
    Sorry,
}

/// The servers of one service, in a place that the caller lends: a box, an array, a mutable slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool<S> {
    settings: Settings,
    quorum: Quorum,
    servers: S,
    has_quorum: bool,
}

impl<S: AsRef<[Server]> + AsMut<[Server]>> Pool<S> {
    /// A pool before [`Event::Start`].
    pub fn new(settings: Settings, servers: S) -> Self {
        Self {
            quorum: Quorum::new(settings.quorum, settings.hysteresis, servers.as_ref()),
            has_quorum: !settings.alpha,
            settings,
            servers,
        }
    }

    /// What changes by an event.
    #[must_use]
    pub fn handle(&mut self, event: Event) -> Actions {
        let mut actions = Actions::new();
        match event {
            Event::Start => {}
            Event::Check { server, check, up } => {
                if let Some(entry) = self.servers.as_mut().get_mut(server) {
                    let was_alive = entry.alive();
                    entry.set_check(check, up);
                    match (was_alive, entry.alive()) {
                        (false, true) => push(&mut actions, Action::ServerUp { server }),
                        (true, false) => push(&mut actions, Action::ServerDown { server }),
                        (true, true) | (false, false) => {}
                    }
                }
            }
            Event::CheckWeights { server, offset } => {
                self.reweigh(server, &mut actions, |entry| entry.set_offset(offset));
            }
            Event::Weight { server, weight } => {
                self.reweigh(server, &mut actions, |entry| entry.order_weight(weight));
            }
        }
        self.judge_quorum(&mut actions);
        actions
    }

    /// Takes other settings and servers at a reload. Whether there was a quorum is remembered; the servers
    /// bring their failing checks along ([`Server::with_failing`]).
    #[must_use]
    pub fn configure(&mut self, settings: Settings, servers: S) -> Actions {
        self.quorum = Quorum::new(settings.quorum, settings.hysteresis, servers.as_ref());
        self.settings = settings;
        self.servers = servers;
        let mut actions = Actions::new();
        self.judge_quorum(&mut actions);
        actions
    }

    /// What the data plane should hold now: the servers in their order, then the sorry server.
    pub fn destinations(&self) -> impl Iterator<Item = Destination> {
        let sorry_on_duty = self.settings.sorry.is_some() && !self.has_quorum;
        let servers = self.servers.as_ref().iter().enumerate().filter_map(move |(index, server)| {
            let weight = match (server.alive() && !sorry_on_duty, server.inhibit_on_failure()) {
                (true, _) => server.weight(),
                (false, true) => 0,
                (false, false) => return None,
            };
            Some(Destination { target: Target::Server(index), weight })
        });
        let sorry = self.settings.sorry.and_then(move |sorry| {
            let weight = match (sorry_on_duty, sorry.inhibit) {
                (true, _) => sorry.weight,
                (false, true) => 0,
                (false, false) => return None,
            };
            Some(Destination { target: Target::Sorry, weight })
        });
        servers.chain(sorry)
    }

    /// What goes down when the daemon stops: with `omega` every server alive, then the quorum; else nothing.
    /// The pool itself does not change.
    pub fn farewell(&self) -> impl Iterator<Item = Action> {
        let omega = self.settings.omega;
        let servers = self.servers.as_ref().iter().enumerate();
        servers
            .filter(|(_, server)| server.alive())
            .map(|(server, _)| Action::ServerDown { server })
            .chain(self.has_quorum.then_some(Action::QuorumDown { weight: 0 }))
            .filter(move |_| omega)
    }

    /// The servers.
    pub fn servers(&self) -> &[Server] {
        self.servers.as_ref()
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The thresholds in force.
    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Whether the service has a quorum.
    pub fn has_quorum(&self) -> bool {
        self.has_quorum
    }

    /// Total weight of the servers alive.
    pub fn weight(&self) -> u64 {
        let alive = self.servers.as_ref().iter().filter(|server| server.alive());
        alive.map(|server| u64::from(server.weight())).sum()
    }

    fn reweigh(&mut self, server: usize, actions: &mut Actions, change: impl FnOnce(&mut Server)) {
        let Some(entry) = self.servers.as_mut().get_mut(server) else { return };
        let before = entry.weight();
        change(entry);
        if entry.weight() != before {
            push(actions, Action::Reweighted { server });
        }
    }

    fn judge_quorum(&mut self, actions: &mut Actions) {
        let weight = self.weight();
        let had = self.has_quorum;
        self.has_quorum = self.quorum.holds(had, weight);
        match (had, self.has_quorum) {
            (false, true) => push(actions, Action::QuorumUp { weight }),
            (true, false) => push(actions, Action::QuorumDown { weight }),
            (true, true) | (false, false) => {}
        }
    }
}

fn push(actions: &mut Actions, action: Action) {
    actions.push(action).expect("one event changes at most one server and the quorum");
}
