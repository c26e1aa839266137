//! One virtual server: its pool, and how what happens to it is put in words.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use check_core::pool::{Action, Leaving, Settings, Sorry};
use check_core::{Pool, Server, pool};
use ipvs_core::{Destination, Service, ServiceKey};
use tracing::Level;

use self::held::destinations;
use super::Event;
use super::crowd::{Crowd, Kind};
use super::order::Order;
use super::who::{ServerName, ServiceName, Who};
use crate::clock;
use crate::config::model::{Probe, Script, VirtualServer};

mod held;
mod orders;

/// One virtual server.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) config: Arc<VirtualServer>,
    pub(super) pool: Pool<Box<[Server]>>,
    /// The pool is in service.
    begun: bool,
    /// What was last said of its services.
    said: Box<[(Service, Arc<[Destination]>)]>,
    /// What the operator wants of its servers, as last looked at.
    orders: Vec<Order>,
}

impl Served {
    /// Takes a virtual server into service, or goes on with the old one of the same key. `orders`: what was wanted of
    /// its servers before a restart.
    pub(super) fn new(
        config: Arc<VirtualServer>,
        mut servers: Box<[Server]>,
        old: Option<Self>,
        orders: &[Order],
        say: &mut impl FnMut(Event),
    ) -> Self {
        let settings = Settings {
            quorum: config.quorum,
            hysteresis: config.hysteresis,
            omega: config.omega,
            sorry: config.sorry_server.map(|_| Sorry { weight: 1, inhibit: config.sorry_server_inhibit }),
        };
        let mut actions = Vec::new();
        let (pool, said, begun) = if let Some(old) = old {
            for (server, real) in servers.iter_mut().zip(&config.real_servers) {
                let before = old.config.real_servers.iter().position(|other| other.address == real.address);
                *server = before.map_or(*server, |before| server.carried_over(&old.pool.servers()[before]));
            }
            let Self { mut pool, said, begun, .. } = old;
            pool.configure(settings, servers, &mut |action| actions.push(action));
            (pool, said, begun)
        } else {
            orders::restore(&config, &mut servers, orders);
            (Pool::new(settings, servers), Box::default(), false)
        };
        let served = Self { config, pool, begun, said, orders: Vec::new() };
        for action in actions {
            served.tell(action, None, say);
        }
        served
    }

    /// Takes it into service if that is to be done yet; comes after what is known already.
    pub(super) fn begin(&mut self, now: Duration, crowd: &mut Crowd, say: &mut impl FnMut(Event)) {
        if !self.begun {
            self.begun = true;
            let mut actions = Vec::new();
            self.pool.handle(now, pool::Event::Start, &mut |action| actions.push(action));
            for action in actions {
                self.tell_of_the_start(action, crowd, say);
            }
        }
    }

    /// What identifies it: its first service.
    pub(super) fn key(&self) -> ServiceKey {
        self.config.service.key
    }

    /// Its name: that of its service, or of its group as keepalived writes it.
    pub(super) fn name(&self) -> ServiceName<'_> {
        ServiceName { key: self.key(), group: self.config.group.as_deref() }
    }

    /// Address of the server at this place.
    pub(super) fn address_of(&self, server: usize) -> SocketAddr {
        self.config.real_servers[server].address
    }

    /// Says of the servers that are up from the start, and not among those known before, that they came up
    /// (`rs_init_notifies`). As in keepalived there is no mail about it.
    pub(super) fn greet(&self, known: &BTreeSet<SocketAddr>, say: &mut impl FnMut(Event)) {
        for (real, server) in self.config.real_servers.iter().zip(self.pool.servers()) {
            if server.alive() && !known.contains(&real.address) {
                self.turned(Some(real.address), true, real.notify_up.as_deref(), false, say);
            }
        }
    }

    /// The addresses of all servers.
    pub(super) fn addresses(&self) -> BTreeSet<SocketAddr> {
        self.config.real_servers.iter().map(|real| real.address).collect()
    }

    /// The addresses of the servers that are down.
    pub(super) fn down(&self) -> BTreeSet<SocketAddr> {
        let servers = self.config.real_servers.iter().zip(self.pool.servers());
        servers.filter(|(_, server)| !server.alive()).map(|(real, _)| real.address).collect()
    }

    /// Hands an event to the pool, and says what follows but for the destinations. `why` is the reason of a
    /// failure.
    pub(super) fn handle(&mut self, event: pool::Event, why: Option<&str>, say: &mut impl FnMut(Event)) {
        let mut actions = Vec::new();
        self.pool.handle(clock::now(), event, &mut |action| actions.push(action));
        for action in actions {
            self.tell(action, why, say);
        }
    }

    /// What goes down as the daemon stops.
    pub(super) fn farewell(&self, say: &mut impl FnMut(Event)) {
        for action in self.pool.farewell(Leaving::Stop) {
            self.tell(action, Some("shutting down"), say);
        }
    }

    /// What goes down as a reload takes the service away: a line about all of it for the log.
    pub(super) fn removal(&self, crowd: &mut Crowd, say: &mut impl FnMut(Event)) {
        if crowd.admits(Kind::Removed) {
            let with = match self.config.real_servers.len() {
                1 => "1 real server".to_owned(),
                servers => format!("{servers} real servers"),
            };
            let text = format!("Removing virtual server {} with {with}: {NOT_CONFIGURED}", self.name());
            say(Event::Log { level: Level::WARN, text });
        }
        for action in self.pool.farewell(Leaving::Removal) {
            self.pass_on(action, say);
        }
    }

    /// What goes down as a reload takes servers away, and leaves the service with this configuration.
    pub(super) fn tell_of_the_removed(
        &self,
        config: &VirtualServer,
        crowd: &mut Crowd,
        say: &mut impl FnMut(Event),
    ) {
        for (server, (real, entry)) in self.config.real_servers.iter().zip(self.pool.servers()).enumerate() {
            if entry.alive() && config.real_servers.iter().all(|other| other.address != real.address) {
                let action = Action::ServerDown { server };
                if crowd.admits(Kind::ServerRemoved) {
                    self.log(action, Some(NOT_CONFIGURED), say);
                }
                self.pass_on(action, say);
            }
        }
    }

    /// Says what the data plane should hold, for those services where that is not what was last said.
    pub(super) fn publish(&mut self, say: &mut impl FnMut(Event)) {
        let pool: Vec<pool::Destination> = self.pool.destinations().collect();
        let wanted = self.config.services().map(|service| {
            let destinations = destinations(&self.config, service.key, &pool);
            // What is as it was is held once, here and by whoever was told.
            let same = self.said.iter().find(|(said, held)| said == service && **held == destinations[..]);
            if let Some(same) = same {
                return same.clone();
            }
            let destinations: Arc<[Destination]> = destinations.into();
            say(Event::Wanted { service: *service, destinations: Arc::clone(&destinations) });
            (*service, destinations)
        });
        self.said = wanted.collect();
    }

    /// What a check does, in keepalived's words.
    pub(super) fn name_of_check(&self, server: usize, probe: &Probe) -> String {
        match probe {
            Probe::Tcp(connect) => {
                format!("TCP connection to [{}]:tcp:{}", connect.to.ip(), connect.to.port())
            }
            Probe::Http(check) => {
                let kind = if check.tls.is_some() { "HTTPS" } else { "HTTP" };
                format!("{kind} check of [{}]:tcp:{}", check.connect.to.ip(), check.connect.to.port())
            }
            Probe::Smtp(check) => {
                let hosts =
                    check.hosts.iter().map(|host| format!("[{}]:tcp:{}", host.to.ip(), host.to.port()));
                format!("SMTP check of {}", hosts.collect::<Vec<_>>().join(", "))
            }
            Probe::Dns(check) => {
                format!("DNS check of [{}]:udp:{}", check.connect.to.ip(), check.connect.to.port())
            }
            Probe::Udp(check) => {
                format!("UDP check of [{}]:udp:{}", check.connect.to.ip(), check.connect.to.port())
            }
            Probe::Ping(connect) => format!("Ping check of {}", connect.to.ip()),
            Probe::Bfd(name) => format!("BFD check of {name}"),
            Probe::File(check) => format!("File check of {}", check.name),
            Probe::Misc { script, .. } => {
                format!(
                    "Misc check for {} [{}]",
                    self.name_of(self.address_of(server)),
                    script.words.join(" ")
                )
            }
        }
    }

    /// The name of a real server or the sorry server, as keepalived writes it.
    fn name_of(&self, address: SocketAddr) -> ServerName {
        ServerName::new(address, self.key())
    }

    /// Puts a change in words, and passes it on.
    fn tell(&self, action: Action, why: Option<&str>, say: &mut impl FnMut(Event)) {
        self.log(action, why, say);
        self.pass_on(action, say);
    }

    /// Calls for the script of what came or went, and has FIFOs and mail told.
    fn pass_on(&self, action: Action, say: &mut impl FnMut(Event)) {
        match action {
            Action::ServerUp { server } => {
                let real = &self.config.real_servers[server];
                self.turned(Some(real.address), true, real.notify_up.as_deref(), real.mail, say);
            }
            Action::ServerDown { server } => {
                let real = &self.config.real_servers[server];
                self.turned(Some(real.address), false, real.notify_down.as_deref(), real.mail, say);
            }
            Action::QuorumUp { .. } => {
                self.turned(None, true, self.config.quorum_up.as_ref(), self.config.mail, say);
            }
            Action::QuorumDown { .. } => {
                self.turned(None, false, self.config.quorum_down.as_ref(), self.config.mail, say);
            }
            Action::Reweighted { .. }
            | Action::Ramped { .. }
            | Action::Draining { .. }
            | Action::Drained { .. }
            | Action::Enabled { .. } => {}
        }
    }

    fn turned(
        &self,
        server: Option<SocketAddr>,
        up: bool,
        script: Option<&Script>,
        mail: bool,
        say: &mut impl FnMut(Event),
    ) {
        let alive = self.pool.servers().iter().filter(|server| server.alive()).count();
        let alive = u32::try_from(alive).unwrap_or(u32::MAX);
        let who = Who { service: self.key(), group: self.config.group.clone(), server, alive };
        if let Some(script) = script {
            say(Event::Run { queue: who.to_string(), script: script.clone() });
        }
        say(Event::Turned { who, up, mail });
    }

    /// Puts a change in words.
    fn log(&self, action: Action, why: Option<&str>, say: &mut impl FnMut(Event)) {
        let vs = self.name();
        let log = |level, text| Event::Log { level, text };
        match action {
            Action::ServerUp { server } => {
                let real = &self.config.real_servers[server];
                let rs = self.name_of(real.address);
                let sorry_on_duty = self.config.sorry_server.is_some() && !self.pool.has_quorum();
                let drained = !self.pool.servers()[server].duty().serves();
                say(log(
                    Level::INFO,
                    match (drained, sorry_on_duty, real.inhibit_on_failure) {
                        (true, ..) => format!("Service {rs} of VS {vs} is good again, but it is drained"),
                        (false, true, _) => {
                            format!("Service {rs} of VS {vs} is good again, but there is no quorum yet")
                        }
                        (false, false, true) => format!("Enabling service {rs} of VS {vs}"),
                        (false, false, false) => format!("Adding service {rs} to VS {vs}"),
                    },
                ));
            }
            Action::ServerDown { server } => {
                let real = &self.config.real_servers[server];
                let rs = self.name_of(real.address);
                let does = if real.inhibit_on_failure {
                    format!("Disabling service {rs} of VS {vs}")
                } else {
                    format!("Removing service {rs} from VS {vs}")
                };
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                say(log(Level::WARN, format!("{does}{why}")));
            }
            Action::Reweighted { server } => {
                let rs = self.name_of(self.address_of(server));
                let weight = self.pool.servers()[server].weight();
                say(log(Level::INFO, format!("Changing weight of service {rs} of VS {vs} to {weight}")));
            }
            Action::Ramped { server } => {
                let rs = self.name_of(self.address_of(server));
                let weight = self.pool.servers()[server].carried();
                say(log(Level::DEBUG, format!("Slow start of service {rs} of VS {vs}: weight {weight}")));
            }
            Action::Draining { server } => {
                let rs = self.name_of(self.address_of(server));
                say(log(Level::INFO, format!("Draining service {rs} of VS {vs}: it gets nothing new")));
            }
            Action::Drained { server, left } => {
                let rs = self.name_of(self.address_of(server));
                let (level, end) = match left {
                    0 => (Level::INFO, "it has no connections any more".to_owned()),
                    left => (Level::WARN, format!("its time is over with {left} connections left")),
                };
                say(log(level, format!("Drained service {rs} of VS {vs}: {end}")));
            }
            Action::Enabled { server } => {
                let rs = self.name_of(self.address_of(server));
                say(log(Level::INFO, format!("Service {rs} of VS {vs} takes part again")));
            }
            Action::QuorumUp { weight } => self.log_quorum(true, weight, "Gained quorum", say),
            Action::QuorumDown { weight } => self.log_quorum(false, weight, "Lost quorum", say),
        }
    }

    /// Tells how it begins.
    fn tell_of_the_start(&self, action: Action, crowd: &mut Crowd, say: &mut impl FnMut(Event)) {
        let (up, weight, words, kind) = match action {
            Action::QuorumUp { weight } => (true, weight, "Starting with quorum up", Kind::BeganUp),
            Action::QuorumDown { weight } => (false, weight, "Starting with quorum down", Kind::BeganDown),
            Action::ServerUp { .. }
            | Action::ServerDown { .. }
            | Action::Reweighted { .. }
            | Action::Ramped { .. }
            | Action::Draining { .. }
            | Action::Drained { .. }
            | Action::Enabled { .. } => return,
        };
        if crowd.admits(kind) {
            self.log_quorum(up, weight, words, say);
        }
        self.pass_on(action, say);
    }

    /// Puts in words that there is a quorum from now on, or none, at this weight.
    fn log_quorum(&self, up: bool, weight: u64, words: &str, say: &mut impl FnMut(Event)) {
        let vs = self.name();
        let quorum = self.pool.quorum();
        let (needed, than) = if up { (quorum.gained_at(), "<=") } else { (quorum.lost_below(), ">") };
        let level = if up { Level::INFO } else { Level::WARN };
        say(Event::Log { level, text: format!("{words} {needed} {than} {weight} for VS {vs}") });
        if let Some((sorry, _)) = self.config.sorry_server
            && (!up || !self.said.is_empty())
        {
            let sorry = self.name_of(sorry);
            let does = match (up, self.config.sorry_server_inhibit) {
                (true, false) => format!("Removing sorry server {sorry} from VS {vs}"),
                (true, true) => format!("Disabling sorry server {sorry} of VS {vs}"),
                (false, _) => format!("Adding sorry server {sorry} to VS {vs}"),
            };
            say(Event::Log { level, text: does });
            if !up && weight > 0 {
                say(Event::Log { level, text: format!("Removing alive servers from the pool for VS {vs}") });
            }
        }
    }
}

/// Why something goes that a reload took away.
const NOT_CONFIGURED: &str = "not in the configuration any more";
