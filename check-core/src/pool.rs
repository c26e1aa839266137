//! The servers of one service: who carries traffic, and is that enough.

mod duty;
mod event;
mod quorum;
mod server;
mod share;

use core::time::Duration;

pub use duty::{Duty, SlowStart};
pub use event::{Action, Event};
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

/// Why servers leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// The daemon stops: only with `omega` anybody is told.
    Stop,
    /// A reload took the service away.
    Removal,
}

/// The servers of one service, in a place that the caller lends: a box, an array, a mutable slice.
///
/// Of two times the later one counts, so that a clock that steps back stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool<S> {
    settings: Settings,
    quorum: Quorum,
    servers: S,
    has_quorum: bool,
    started: bool,
    now: Duration,
}

impl<S: AsRef<[Server]> + AsMut<[Server]>> Pool<S> {
    /// A pool before [`Event::Start`]. Until then it has no quorum and says nothing about one, so that what is
    /// known already can be told.
    pub fn new(settings: Settings, servers: S) -> Self {
        Self {
            quorum: Quorum::new(settings.quorum, settings.hysteresis, servers.as_ref()),
            has_quorum: false,
            started: false,
            settings,
            servers,
            now: Duration::ZERO,
        }
    }

    /// What changes by an event at the time `now`; each change is handed to `perform`. One event changes one server
    /// and the quorum, but [`Event::Tick`] may change every server.
    pub fn handle(&mut self, now: Duration, event: Event, perform: &mut impl FnMut(Action)) {
        self.now = self.now.max(now);
        match event {
            Event::Start => {
                self.started = true;
                self.judge_quorum(perform);
                if !self.has_quorum && self.settings.sorry.is_some() {
                    perform(Action::QuorumDown { weight: self.weight() });
                }
                return;
            }
            Event::Check { server, check, up } => self.check(server, check, up, perform),
            Event::CheckWeights { server, offset } => {
                self.reweigh(server, perform, |entry| entry.set_offset(offset));
            }
            Event::Weight { server, weight } => {
                self.reweigh(server, perform, |entry| entry.order_weight(weight));
            }
            Event::Drain { server, within } => self.drain(server, within, perform),
            Event::Connections { server, count } => self.connections(server, count, perform),
            Event::Enable { server } => self.enable(server, perform),
            Event::Tick => self.tick(perform),
        }
        self.judge_quorum(perform);
    }

    /// When to send [`Event::Tick`]: a server in its slow start has a step to take, or the time of one that is
    /// being drained is over.
    pub fn deadline(&self) -> Option<Duration> {
        self.servers.as_ref().iter().filter_map(Server::deadline).min()
    }

    /// Takes other settings and servers at a reload. Whether there was a quorum is remembered; the servers
    /// bring along what is known of them ([`Server::with_failing`], [`Server::carried_over`]).
    pub fn configure(&mut self, settings: Settings, servers: S, perform: &mut impl FnMut(Action)) {
        self.quorum = Quorum::new(settings.quorum, settings.hysteresis, servers.as_ref());
        self.settings = settings;
        self.servers = servers;
        self.judge_quorum(perform);
    }

    /// What the data plane should hold now: the servers in their order, then the sorry server.
    pub fn destinations(&self) -> impl Iterator<Item = Destination> {
        let sorry_on_duty = self.settings.sorry.is_some() && !self.has_quorum;
        let servers = self.servers.as_ref().iter().enumerate().filter_map(move |(index, server)| {
            let weight = match (server.duty(), server.alive()) {
                (Duty::Drained, _) => None,
                (Duty::Serving, true) if !sorry_on_duty => Some(server.carried()),
                // Its connections go on whoever takes the new ones.
                (Duty::Draining { .. }, true) => Some(0),
                (Duty::Serving | Duty::Draining { .. }, _) => server.inhibit_on_failure().then_some(0),
            };
            Some(Destination { target: Target::Server(index), weight: weight? })
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

    /// Whether nobody would carry traffic any more if these servers did not, while somebody does now. A sorry
    /// server is somebody.
    pub fn cannot_spare(&self, servers: &[usize]) -> bool {
        let working = |(_, server): &(usize, &Server)| server.counts() && server.weight() > 0;
        let mut carriers = self.servers.as_ref().iter().enumerate().filter(working).peekable();
        self.settings.sorry.is_none()
            && carriers.peek().is_some()
            && carriers.all(|(place, _)| servers.contains(&place))
    }

    /// What goes down when the daemon stops or the service is taken away: every server alive, then the quorum. The
    /// pool itself does not change.
    pub fn farewell(&self, leaving: Leaving) -> impl Iterator<Item = Action> {
        let told = self.settings.omega || leaving == Leaving::Removal;
        let servers = self.servers.as_ref().iter().enumerate();
        servers
            .filter(|(_, server)| server.alive())
            .map(|(server, _)| Action::ServerDown { server })
            .chain(self.has_quorum.then_some(Action::QuorumDown { weight: 0 }))
            .filter(move |_| told)
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

    /// Total weight of the servers alive but for those drained. In its slow start a server counts in full: it can
    /// carry that much.
    pub fn weight(&self) -> u64 {
        let counting = self.servers.as_ref().iter().filter(|server| server.counts());
        counting.map(|server| u64::from(server.weight())).sum()
    }

    fn check(&mut self, server: usize, check: usize, up: bool, perform: &mut impl FnMut(Action)) {
        let Some(entry) = self.servers.as_mut().get_mut(server) else { return };
        let was_alive = entry.alive();
        let news = entry.set_check(check, up);
        match (was_alive, entry.alive()) {
            (false, true) => {
                // One that was never known to be down has nothing to recover from.
                if !news {
                    entry.begin_slowly(self.now);
                }
                perform(Action::ServerUp { server });
            }
            (true, false) => {
                entry.stop_ramp();
                perform(Action::ServerDown { server });
            }
            (false, false) if news => perform(Action::ServerDown { server }),
            (true, true) | (false, false) => {}
        }
    }

    fn reweigh(&mut self, server: usize, perform: &mut impl FnMut(Action), change: impl FnOnce(&mut Server)) {
        let Some(entry) = self.servers.as_mut().get_mut(server) else { return };
        let before = entry.weight();
        change(entry);
        if entry.weight() != before {
            perform(Action::Reweighted { server });
        }
    }

    fn drain(&mut self, server: usize, within: Option<Duration>, perform: &mut impl FnMut(Action)) {
        let until = within.map(|within| self.now.saturating_add(within));
        let Some(entry) = self.servers.as_mut().get_mut(server) else { return };
        match entry.duty() {
            Duty::Serving => {
                entry.set_duty(Duty::Draining { until, connections: None });
                perform(Action::Draining { server });
            }
            // The last word about the time counts.
            Duty::Draining { connections, .. } => entry.set_duty(Duty::Draining { until, connections }),
            Duty::Drained => {}
        }
    }

    fn connections(&mut self, server: usize, count: u64, perform: &mut impl FnMut(Action)) {
        let Some(entry) = self.servers.as_mut().get_mut(server) else { return };
        match entry.duty() {
            Duty::Draining { .. } if count == 0 => {
                entry.set_duty(Duty::Drained);
                perform(Action::Drained { server, left: 0 });
            }
            Duty::Draining { until, .. } => {
                entry.set_duty(Duty::Draining { until, connections: Some(count) });
            }
            Duty::Serving | Duty::Drained => {}
        }
    }

    fn enable(&mut self, server: usize, perform: &mut impl FnMut(Action)) {
        let Some(entry) = self.servers.as_mut().get_mut(server) else { return };
        if !entry.duty().serves() {
            entry.set_duty(Duty::Serving);
            entry.begin_slowly(self.now);
            perform(Action::Enabled { server });
        }
    }

    fn tick(&mut self, perform: &mut impl FnMut(Action)) {
        let now = self.now;
        for (server, entry) in self.servers.as_mut().iter_mut().enumerate() {
            match entry.duty() {
                Duty::Draining { until: Some(until), connections } if now >= until => {
                    entry.set_duty(Duty::Drained);
                    perform(Action::Drained { server, left: connections.unwrap_or(0) });
                }
                Duty::Serving | Duty::Draining { .. } | Duty::Drained => {}
            }
            if entry.ramp_to(now) {
                perform(Action::Ramped { server });
            }
        }
    }

    fn judge_quorum(&mut self, perform: &mut impl FnMut(Action)) {
        if !self.started {
            return;
        }
        let weight = self.weight();
        let had = self.has_quorum;
        self.has_quorum = self.quorum.holds(had, weight);
        match (had, self.has_quorum) {
            (false, true) => perform(Action::QuorumUp { weight }),
            (true, false) => perform(Action::QuorumDown { weight }),
            (true, true) | (false, false) => {}
        }
    }
}
