//! One virtual server: its pool, and how what happens to it is put in words.

use core::fmt;
use core::net::SocketAddr;
use std::collections::BTreeSet;

use check_core::pool::{Action, Settings, Sorry, Target};
use check_core::{Pool, Server, pool};
use ipvs_core::{Destination, Family, Forward, Service, ServiceKey};
use tracing::Level;

use super::Event;
use crate::config::model::{Dns, Probe, RealServer, Script, Udp, VirtualServer};

/// One virtual server.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) config: VirtualServer,
    pub(super) pool: Pool<Box<[Server]>>,
    /// What was last said of its services.
    said: Vec<(Service, Vec<Destination>)>,
}

impl Served {
    /// Takes a virtual server into service, or goes on with the old one of the same key.
    pub(super) fn new(
        config: VirtualServer,
        servers: Box<[Server]>,
        old: Option<Self>,
        say: &mut impl FnMut(Event),
    ) -> Self {
        let settings = Settings {
            quorum: config.quorum,
            hysteresis: config.hysteresis,
            alpha: config.alpha,
            omega: config.omega,
            sorry: config.sorry_server.map(|_| Sorry { weight: 1, inhibit: config.sorry_server_inhibit }),
        };
        let (pool, actions, said) = if let Some(Self { mut pool, said, .. }) = old {
            let actions = pool.configure(settings, servers);
            (pool, actions, said)
        } else {
            let mut pool = Pool::new(settings, servers);
            let actions = pool.handle(pool::Event::Start);
            (pool, actions, Vec::new())
        };
        let served = Self { config, pool, said };
        for action in actions {
            served.tell(action, None, say);
        }
        served
    }

    /// What identifies it: its first service.
    pub(super) fn key(&self) -> ServiceKey {
        self.config.service.key
    }

    /// Its name: that of its service, or of its group as keepalived writes it.
    pub(super) fn name(&self) -> String {
        self.config.group.as_ref().map_or_else(|| self.key().to_string(), |group| format!("[{group}]:0"))
    }

    /// Address of the server at this place.
    pub(super) fn address_of(&self, server: usize) -> SocketAddr {
        self.config.real_servers[server].address
    }

    /// Says of the servers that are up from the start, and not among those known before, that they came up
    /// (`rs_init_notifies`). As in keepalived there is no mail about it.
    pub(super) fn greet(&self, known: &BTreeSet<SocketAddr>, say: &mut impl FnMut(Event)) {
        let vs = self.name();
        for (real, server) in self.config.real_servers.iter().zip(self.pool.servers()) {
            if !server.alive() || known.contains(&real.address) {
                continue;
            }
            let what = format!("RS {} {vs}", self.name_of(real.address));
            run(what.clone(), real.notify_up.as_ref(), say);
            let subject = format!("Realserver {} of virtual server {vs}", self.name_of(real.address));
            say(Event::Turned { what, subject, up: true, mail: false });
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
        for action in self.pool.handle(event) {
            self.tell(action, why, say);
        }
    }

    /// What goes down as the daemon stops or the service is removed.
    pub(super) fn farewell(&self, say: &mut impl FnMut(Event)) {
        for action in self.pool.farewell() {
            self.tell(action, Some("shutting down"), say);
        }
    }

    /// Says what the data plane should hold, for those services where that is not what was last said.
    pub(super) fn publish(&mut self, say: &mut impl FnMut(Event)) {
        let pool: Vec<pool::Destination> = self.pool.destinations().collect();
        let wanted: Vec<_> = (self.config.services())
            .map(|service| (*service, destinations(&self.config, service.key, &pool)))
            .collect();
        for (service, destinations) in wanted.iter().filter(|wanted| !self.said.contains(wanted)) {
            say(Event::Wanted { service: *service, destinations: destinations.clone() });
        }
        self.said = wanted;
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
            Probe::Dns(Dns { connect, .. }) => {
                format!("DNS check of [{}]:udp:{}", connect.to.ip(), connect.to.port())
            }
            Probe::Udp(Udp { connect, .. }) => {
                format!("UDP check of [{}]:udp:{}", connect.to.ip(), connect.to.port())
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
        let protocol = match self.key() {
            ServiceKey::Address { protocol, .. } => Some(protocol.name()),
            ServiceKey::Mark { .. } => None,
        };
        ServerName { address, protocol }
    }

    /// Puts a change in words, and calls for its script.
    fn tell(&self, action: Action, why: Option<&str>, say: &mut impl FnMut(Event)) {
        let vs = self.name();
        let log = |level, text| Event::Log { level, text };
        match action {
            Action::ServerUp { server } => {
                let real = &self.config.real_servers[server];
                let rs = self.name_of(real.address);
                let sorry_on_duty = self.config.sorry_server.is_some() && !self.pool.has_quorum();
                say(log(
                    Level::INFO,
                    match (sorry_on_duty, real.inhibit_on_failure) {
                        (true, _) => {
                            format!("Service {rs} of VS {vs} is good again, but there is no quorum yet")
                        }
                        (false, true) => format!("Enabling service {rs} to VS {vs}"),
                        (false, false) => format!("Adding service {rs} to VS {vs}"),
                    },
                ));
                run(format!("RS {rs} {vs}"), real.notify_up.as_ref(), say);
                let subject = format!("Realserver {rs} of virtual server {vs}");
                say(Event::Turned { what: format!("RS {rs} {vs}"), subject, up: true, mail: real.mail });
            }
            Action::ServerDown { server } => {
                let real = &self.config.real_servers[server];
                let rs = self.name_of(real.address);
                let verb = if real.inhibit_on_failure { "Disabling" } else { "Removing" };
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                say(log(Level::WARN, format!("{verb} service {rs} from VS {vs}{why}")));
                run(format!("RS {rs} {vs}"), real.notify_down.as_ref(), say);
                let subject = format!("Realserver {rs} of virtual server {vs}");
                say(Event::Turned { what: format!("RS {rs} {vs}"), subject, up: false, mail: real.mail });
            }
            Action::Reweighted { server } => {
                let rs = self.name_of(self.address_of(server));
                let weight = self.pool.servers()[server].weight();
                say(log(Level::INFO, format!("Changing weight of service {rs} of VS {vs} to {weight}")));
            }
            Action::QuorumUp { weight } => {
                let needed = self.pool.quorum().gained_at();
                say(log(Level::INFO, format!("Gained quorum {needed} <= {weight} for VS {vs}")));
                if let Some((sorry, _)) = self.config.sorry_server {
                    let sorry = self.name_of(sorry);
                    say(log(Level::INFO, format!("Removing sorry server {sorry} from VS {vs}")));
                }
                run(format!("VS {vs}"), self.config.quorum_up.as_ref(), say);
                let subject = format!("Virtualserver {vs}");
                say(Event::Turned { what: format!("VS {vs}"), subject, up: true, mail: self.config.mail });
            }
            Action::QuorumDown { weight } => {
                let needed = self.pool.quorum().lost_below();
                say(log(Level::WARN, format!("Lost quorum {needed} > {weight} for VS {vs}")));
                if let Some((sorry, _)) = self.config.sorry_server {
                    let sorry = self.name_of(sorry);
                    say(log(Level::WARN, format!("Adding sorry server {sorry} to VS {vs}")));
                    if weight > 0 {
                        say(log(Level::WARN, format!("Removing alive servers from the pool for VS {vs}")));
                    }
                }
                run(format!("VS {vs}"), self.config.quorum_down.as_ref(), say);
                let subject = format!("Virtualserver {vs}");
                say(Event::Turned { what: format!("VS {vs}"), subject, up: false, mail: self.config.mail });
            }
        }
    }
}

/// What one of the services should hold.
fn destinations(config: &VirtualServer, service: ServiceKey, pool: &[pool::Destination]) -> Vec<Destination> {
    let mut list: Vec<Destination> = Vec::with_capacity(pool.len());
    for wanted in pool {
        let destination = match (wanted.target, config.sorry_server) {
            (Target::Server(place), _) => {
                let RealServer { address, follows_port, forward, upper_threshold, lower_threshold, .. } =
                    config.real_servers[place];
                Destination {
                    address: address.ip(),
                    port: if follows_port { service.port() } else { address.port() },
                    forward,
                    weight: wanted.weight,
                    upper: upper_threshold,
                    lower: lower_threshold,
                }
            }
            (Target::Sorry, Some((address, forward))) => Destination {
                address: address.ip(),
                port: if address.port() == 0 { service.port() } else { address.port() },
                forward,
                weight: wanted.weight,
                upper: 0,
                lower: 0,
            },
            (Target::Sorry, None) => continue,
        };
        // A group may have services of both families.
        let tunnelled = matches!(destination.forward, Forward::Tunnel(_));
        if Family::of(destination.address) != service.family() && !tunnelled {
            continue;
        }
        // The sorry server may be one of the real servers: IPVS has each once, with what it carries now.
        match list.iter_mut().find(|other| other.is_same_server(&destination)) {
            Some(other) if other.weight < destination.weight => *other = destination,
            Some(_) => {}
            None => list.push(destination),
        }
    }
    list
}

fn run(queue: String, script: Option<&Script>, say: &mut impl FnMut(Event)) {
    if let Some(script) = script {
        say(Event::Run { queue, script: script.clone() });
    }
}

/// `[192.0.2.1]:tcp:80`; without a protocol for a service of a firewall mark.
struct ServerName {
    address: SocketAddr,
    protocol: Option<&'static str>,
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, port) = (self.address.ip(), self.address.port());
        match self.protocol {
            Some(protocol) => write!(f, "[{address}]:{protocol}:{port}"),
            None => write!(f, "[{address}]:{port}"),
        }
    }
}
