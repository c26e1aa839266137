//! Health checks: real servers are asked over the host's sockets, pools decide, and the director follows them.

use core::net::SocketAddr;
use core::time::Duration;

use check_core::datagram::Exchange;
use check_core::dns::{Dns, Question};
use check_core::http::Request;
use check_core::pool::{Settings, Sorry};
use check_core::stream::Limits;
use check_core::{Failure, Pool, Server, Verdict, check, ping, pool, udp};
use heapless::Vec;
use ipvs_core::{Refused, Step};
use smoltcp::iface::SocketSet;
use smoltcp::phy::Device;

use crate::balancer::Balancer;
use crate::log::Log;
use crate::router::Router;

mod body;
mod config;
mod datagram;
mod follow;
mod lines;
mod memory;
mod news;
mod outcome;
mod probe;
mod random;
mod runner;
mod stream;
mod surroundings;

pub use config::{RealServer, Services, VirtualServer};
use datagram::{Asking, Ended};
use lines::Lines;
pub use memory::{CheckMemory, Lent};
pub use news::{News, NewsEvent};
pub use probe::Probe;
use probe::{Host, Kind};
use random::Random;
use runner::{Runner, Want};
use stream::Speech;
use surroundings::{Surroundings, Way};

/// The checks of a router's virtual servers at work, and the pools that they fill.
///
/// [`poll`](Self::poll) it after the router, whenever that was polled or [`deadline`](Self::deadline) has come. What it has to
/// send, the router's next [`poll`](Router::poll) sends, for which its deadline comes at once.
#[derive(Debug)]
pub struct Checks<'m, const SERVICES: usize, const SERVERS: usize, const CHECKS: usize> {
    services: &'static [VirtualServer; SERVICES],
    pools: [Pool<Vec<Server, SERVERS>>; SERVICES],
    /// Of which services the director does not know the latest.
    is_stale: [bool; SERVICES],
    /// When to tell the director again what it refused.
    again_at: Option<Duration>,
    runners: Vec<Runner, CHECKS>,
    lines: Lines<'m>,
    random: Random,
    /// Where the next connection comes from.
    port: u16,
    counters: CheckCounters,
}

/// What the checks did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckCounters {
    /// Probes that were made.
    pub probes: u64,
    /// Probes that had to wait until others were over, because all sockets were taken.
    pub delayed: u64,
    /// The longest that one had to wait.
    pub longest_delay: Duration,
}

impl<'m, const SERVICES: usize, const SERVERS: usize, const CHECKS: usize>
    Checks<'m, SERVICES, SERVERS, CHECKS>
{
    /// Checks that have not begun. Their sockets are put into these sets, one for each port of the router. `seed` is to be
    /// random: it spreads the first probes, and makes their tokens and ports hard to guess.
    ///
    /// # Panics
    ///
    /// If a set has no room for [`CheckMemory::SOCKETS`] more, or a check has no socket of the kind that it needs.
    pub fn new(
        services: &'static Services<SERVICES, SERVERS, CHECKS>,
        memory: Lent<'m>,
        sockets: &mut [SocketSet<'m>],
        seed: u64,
    ) -> Self {
        let services = services.list();
        let mut random = Random::new(seed);
        let lines = memory.plug(sockets, &mut random);
        let mut runners = Vec::new();
        for (service, configured) in services.iter().enumerate() {
            for (server, configured) in configured.servers.iter().enumerate() {
                for (number, probe) in configured.checks.iter().enumerate() {
                    assert!(lines.suffice(&probe.kind), "a check has no socket: CheckMemory has too few");
                    let _ = runners.push(Runner::new(service, server, number, probe));
                }
            }
        }
        let pools = services.each_ref().map(pool_of);
        let port = random.port() | PRIVATE;
        Self {
            services,
            pools,
            is_stale: [true; SERVICES],
            again_at: None,
            runners,
            lines,
            random,
            port,
            counters: CheckCounters::default(),
        }
    }

    /// Begins: gives the director of the router its services and servers, and plans the first probes.
    ///
    /// # Errors
    ///
    /// If the director has no room for them, or cannot serve them.
    pub fn start<
        D: Device,
        const NEIGHBOURS: usize,
        const WAITING: usize,
        const PORTS: usize,
        const ROUTERS: usize,
    >(
        &mut self,
        now: Duration,
        router: &mut Router<D, Balancer<'_, NEIGHBOURS, WAITING>, PORTS, ROUTERS>,
        log: &mut dyn Log,
    ) -> Result<(), Refused> {
        for service in self.services {
            router.apply(&Step::AddService(service.service()))?;
        }
        for runner in &mut self.runners {
            let offset = self.random.time(runner.probe.timing.warmup);
            let actions = runner.check.handle(now, check::Event::Start { offset });
            debug_assert!(actions.is_empty(), "a check that begins only waits");
        }
        for service in 0..SERVICES {
            self.tell(now, service, pool::Event::Start, log);
            self.follow(service, router)?;
        }
        Ok(())
    }

    /// Takes what the servers said, and does what is due. `sockets` are those that the router is polled with.
    pub fn poll<
        D: Device,
        const NEIGHBOURS: usize,
        const WAITING: usize,
        const PORTS: usize,
        const ROUTERS: usize,
    >(
        &mut self,
        now: Duration,
        router: &mut Router<D, Balancer<'_, NEIGHBOURS, WAITING>, PORTS, ROUTERS>,
        sockets: &mut [SocketSet<'m>; PORTS],
        log: &mut dyn Log,
    ) {
        self.step(now, router, sockets, log);
    }

    /// When to [`poll`](Self::poll) if the router has nothing to do before.
    pub fn deadline(&self) -> Option<Duration> {
        let runners = self.runners.iter().filter_map(|runner| runner.check.deadline());
        let pools = self.pools.iter().filter_map(Pool::deadline);
        runners.chain(pools).chain(self.lines.deadline()).chain(self.again_at).min()
    }

    /// The pool of the virtual server with this number: which of its servers are alive, and whether there is a quorum.
    pub fn pool(&self, service: usize) -> &Pool<Vec<Server, SERVERS>> {
        &self.pools[service]
    }

    /// What the checks of a real server think of it, in the order of the configuration.
    pub fn verdicts(&self, service: usize, server: usize) -> impl Iterator<Item = Verdict> {
        let here =
            self.runners.iter().filter(move |runner| (runner.service, runner.server) == (service, server));
        here.map(|runner| runner.check.verdict())
    }

    /// What they did so far.
    pub fn counters(&self) -> &CheckCounters {
        &self.counters
    }

    fn step(
        &mut self,
        now: Duration,
        surroundings: &mut dyn Surroundings,
        sockets: &mut [SocketSet<'m>],
        log: &mut dyn Log,
    ) {
        while let Some((runner, result)) = self.lines.attend_streams(now, sockets) {
            self.finish(now, runner, result, log);
        }
        while let Some((runner, ended)) = self.lines.attend_datagrams(now, surroundings, sockets) {
            match ended {
                Ended::With(result) => self.finish(now, runner, result, log),
                Ended::Cut(dns) => self.runners[runner].want(now, Want::Whole(dns)),
            }
        }
        for runner in &mut self.runners {
            if runner.check.deadline().is_some_and(|deadline| deadline <= now) {
                let actions = runner.check.handle(now, check::Event::Tick);
                debug_assert_eq!(actions[..], [check::Action::Probe]);
                runner.want(now, Want::Probe);
            }
        }
        for service in 0..SERVICES {
            if self.pools[service].deadline().is_some_and(|deadline| deadline <= now) {
                self.tell(now, service, pool::Event::Tick, log);
            }
        }
        for is_stream in [true, false] {
            while let Some(runner) = self.next(is_stream) {
                if let Some(result) = self.begin(now, runner, surroundings, sockets) {
                    self.finish(now, runner, result, log);
                }
            }
        }
        self.inform(now, surroundings, log);
    }

    /// Who has waited longest for a line of this kind, if one is free.
    fn next(&mut self, is_stream: bool) -> Option<usize> {
        let is_free =
            if is_stream { self.lines.free_stream().is_some() } else { self.lines.free_datagram().is_some() };
        let waiting =
            self.runners.iter().enumerate().filter(|(_, runner)| runner.wants_stream() == Some(is_stream));
        let first = waiting.min_by_key(|(_, runner)| runner.since)?;
        is_free.then_some(first.0)
    }

    /// Makes the probe that a runner waits for; its result if there is one at once.
    fn begin(
        &mut self,
        now: Duration,
        number: usize,
        surroundings: &mut dyn Surroundings,
        sockets: &mut [SocketSet<'m>],
    ) -> Option<Result<(), Failure>> {
        let runner = &mut self.runners[number];
        let want = runner.wants.take()?;
        let delay = now.saturating_sub(runner.since);
        self.counters.probes += 1;
        self.counters.delayed += u64::from(!delay.is_zero());
        self.counters.longest_delay = self.counters.longest_delay.max(delay);
        let probe = runner.probe;
        let configured = &self.services[runner.service].servers[runner.server];
        let server = probe.to.unwrap_or(SocketAddr::new(configured.address, configured.port));
        let Some(way) = surroundings.way(server.ip()) else { return Some(Err(Failure::Unreachable)) };
        surroundings.ask(now, way);
        let speech = match (want, probe.kind) {
            (Want::Whole(dns), _) => Speech::dns(dns),
            (Want::Probe, Kind::Tcp) => Speech::Nothing,
            (Want::Probe, Kind::Http { path, host, protocol, status, text }) => {
                let host = host.map_or(Host::Server(server), Host::Named);
                Speech::http(Request { path, host, protocol }, status, text)
            }
            (Want::Probe, Kind::Udp { payload, reply }) => {
                let asking = Asking::Udp(udp::Udp { payload, reply });
                return self.ask(now, number, asking, server, way, surroundings, sockets);
            }
            (Want::Probe, Kind::Dns { name, kind, answer }) => {
                let question = Question { id: self.random.port(), name, kind };
                let asking = Asking::Dns(Dns { question, expected: answer });
                return self.ask(now, number, asking, server, way, surroundings, sockets);
            }
            (Want::Probe, Kind::Ping) => {
                // The identifier is the line's, see there.
                let asking = Asking::Ping(ping::Ping {
                    server: server.ip(),
                    identifier: 0,
                    sequence: self.random.port(),
                    token: self.random.next().to_le_bytes(),
                });
                return self.ask(now, number, asking, server, way, surroundings, sockets);
            }
        };
        // Another port each time: a server may still wait for stragglers from the last.
        self.port = self.port.wrapping_add(1) | PRIVATE;
        let limit = match probe.kind {
            Kind::Http { .. } => probe.timing.delay_loop.max(probe.timeout),
            Kind::Tcp | Kind::Udp { .. } | Kind::Dns { .. } | Kind::Ping => probe.timeout,
        };
        let limits = Limits { timeout: probe.timeout, limit };
        let call = stream::Call { runner: number, server, way, port: self.port };
        self.lines.free_stream()?.begin(now, call, speech, limits, surroundings, sockets)
    }

    #[expect(clippy::too_many_arguments, reason = "who asks what of whom, and by what")]
    fn ask(
        &mut self,
        now: Duration,
        runner: usize,
        asking: Asking,
        server: SocketAddr,
        way: Way,
        surroundings: &mut dyn Surroundings,
        sockets: &mut [SocketSet<'m>],
    ) -> Option<Result<(), Failure>> {
        let timeout = self.runners[runner].probe.timeout;
        let line = self.lines.free_datagram()?;
        let asking = line.sign(asking);
        let call = datagram::Call { runner, server, way };
        line.begin(now, call, Exchange::new(asking, timeout), surroundings, sockets)
    }
}

/// A pool with nothing known about its servers.
fn pool_of<const SERVERS: usize>(service: &VirtualServer) -> Pool<Vec<Server, SERVERS>> {
    let settings = Settings {
        quorum: service.quorum,
        hysteresis: service.hysteresis,
        omega: false,
        sorry: service.sorry.map(|sorry| Sorry { weight: sorry.weight, inhibit: service.sorry_inhibit }),
    };
    let servers = service.servers.iter().map(|configured| {
        let server = Server::new(configured.weight, configured.inhibit_on_failure);
        let unknown = configured.checks.iter().enumerate().filter(|(_, probe)| probe.timing.alpha);
        let server =
            unknown.fold(server, |server, (number, _)| server.with_failing(number).unwrap_or(server));
        server.with_slow_start(configured.slow_start)
    });
    Pool::new(settings, servers.collect())
}

/// Ports from here on are for private use (RFC 6335 §6).
const PRIVATE: u16 = 0xc000;
