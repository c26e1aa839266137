//! What is served and how it is checked: a constant that the compiler checks.

use core::net::IpAddr;

use check_core::pool::SlowStart;
use ipvs_core::{
    Destination, Forward, Method, Mode, Persistence, Protocol, SchedulerFlags, Service, ServiceKey,
};

use crate::checks::probe::Probe;
use crate::config::Config;

mod verify;

/// All virtual servers of a router: `SERVICES` of them, each with at most `SERVERS` real servers (a sorry server is one of
/// them), and at most `CHECKS` checks in all.
#[derive(Clone, Debug)]
pub struct Services<const SERVICES: usize, const SERVERS: usize, const CHECKS: usize> {
    list: [VirtualServer; SERVICES],
}

impl<const SERVICES: usize, const SERVERS: usize, const CHECKS: usize> Services<SERVICES, SERVERS, CHECKS> {
    /// Puts the virtual servers together and checks that they make sense on a router with this configuration.
    ///
    /// ```
    /// use core::net::{IpAddr, Ipv4Addr};
    /// use runtime_embedded::{Config, Instance, Port, Probe, RealServer, Services, VirtualServer};
    ///
    /// const VIRTUAL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    /// const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 81));
    ///
    /// static CONFIG: Config<1, 1> = Config::new(
    ///     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
    ///     [Instance::v3("web", 0, 51, &[VIRTUAL])],
    /// );
    /// static SERVICES: Services<1, 1, 1> = Services::new(
    ///     &CONFIG,
    ///     [VirtualServer::tcp("web", VIRTUAL, 80)
    ///         .servers(&[RealServer::new("one", ONE, 80).checks(&[Probe::http("/health")])])],
    /// );
    /// ```
    ///
    /// A service on an address that no virtual router has does not compile:
    ///
    /// ```compile_fail
    /// use core::net::{IpAddr, Ipv4Addr};
    /// use runtime_embedded::{Config, Instance, Port, Probe, RealServer, Services, VirtualServer};
    ///
    /// const VIRTUAL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    /// const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 81));
    ///
    /// static CONFIG: Config<1, 1> = Config::new(
    ///     [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
    ///     [Instance::v3("web", 0, 51, &[VIRTUAL])],
    /// );
    /// static SERVICES: Services<1, 1, 1> = Services::new(
    ///     &CONFIG,
    ///     [VirtualServer::tcp("web", ONE, 80)
    ///         .servers(&[RealServer::new("one", ONE, 80).checks(&[Probe::http("/health")])])],
    /// );
    /// ```
    ///
    /// # Panics
    ///
    /// If something makes no sense; in a constant that is a compile error.
    #[must_use]
    pub const fn new<const PORTS: usize, const ROUTERS: usize>(
        config: &Config<PORTS, ROUTERS>,
        list: [VirtualServer; SERVICES],
    ) -> Self {
        verify::all(&list, SERVERS, CHECKS, config.ports(), config.instances());
        Self { list }
    }

    /// The virtual servers.
    pub const fn list(&self) -> &[VirtualServer; SERVICES] {
        &self.list
    }
}

/// One virtual server: an address and a port that clients call, and the real servers behind it.
#[derive(Clone, Copy, Debug)]
pub struct VirtualServer {
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) method: Method,
    pub(crate) mode: Mode,
    pub(crate) flags: SchedulerFlags,
    pub(crate) forward: Forward,
    pub(crate) persistence: Option<Persistence>,
    pub(crate) one_packet: bool,
    pub(crate) quorum: u32,
    pub(crate) hysteresis: u32,
    pub(crate) sorry: Option<RealServer>,
    pub(crate) sorry_inhibit: bool,
    pub(crate) servers: &'static [RealServer],
}

impl VirtualServer {
    /// A TCP service, spread by `wrr` over servers behind NAT, with any one of them as its quorum.
    pub const fn tcp(name: &'static str, address: IpAddr, port: u16) -> Self {
        Self {
            name,
            protocol: Protocol::Tcp,
            address,
            port,
            method: Method::WeightedRoundRobin,
            mode: Mode::Exact,
            flags: SchedulerFlags::NONE,
            forward: Forward::Masquerade,
            persistence: None,
            one_packet: false,
            quorum: 1,
            hysteresis: 0,
            sorry: None,
            sorry_inhibit: false,
            servers: &[],
        }
    }

    /// A UDP service.
    pub const fn udp(name: &'static str, address: IpAddr, port: u16) -> Self {
        Self { protocol: Protocol::Udp, ..Self::tcp(name, address, port) }
    }

    /// How a server is picked for a new connection. `mh` needs [`tables`](ipvs_core::Memory::tables) lent to the director.
    #[must_use]
    pub const fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Whether the method is the kernel's to the letter, or better.
    #[must_use]
    pub const fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Flags of the method.
    #[must_use]
    pub const fn flags(self, flags: SchedulerFlags) -> Self {
        Self { flags, ..self }
    }

    /// How packets get to the servers: NAT, direct routing, a tunnel.
    #[must_use]
    pub const fn forward(self, forward: Forward) -> Self {
        Self { forward, ..self }
    }

    /// Connections of one client stay with one server.
    #[must_use]
    pub const fn persistence(self, persistence: Persistence) -> Self {
        Self { persistence: Some(persistence), ..self }
    }

    /// UDP only: each datagram is scheduled alone.
    #[must_use]
    pub const fn one_packet(self) -> Self {
        Self { one_packet: true, ..self }
    }

    /// Total weight of the servers alive that the service needs, and how far beyond it either way the weight must be before that
    /// changes.
    #[must_use]
    pub const fn quorum(self, quorum: u32, hysteresis: u32) -> Self {
        Self { quorum, hysteresis, ..self }
    }

    /// Who stands in while there is no quorum. It is not checked.
    #[must_use]
    pub const fn sorry(self, server: RealServer) -> Self {
        Self { sorry: Some(server), ..self }
    }

    /// With a quorum the sorry server stays, with weight 0, so that the connections it has go on.
    #[must_use]
    pub const fn sorry_inhibit(self) -> Self {
        Self { sorry_inhibit: true, ..self }
    }

    /// The real servers.
    #[must_use]
    pub const fn servers(self, servers: &'static [RealServer]) -> Self {
        Self { servers, ..self }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What the director knows it by.
    pub const fn key(&self) -> ServiceKey {
        ServiceKey::Address { protocol: self.protocol, address: self.address, port: self.port }
    }

    /// As the director has it.
    pub(crate) const fn service(&self) -> Service {
        Service {
            flags: self.flags,
            persistence: self.persistence,
            one_packet: self.one_packet,
            mode: self.mode,
            ..Service::new(self.key(), self.method)
        }
    }

    /// A server of it as the director has it.
    pub(crate) const fn destination(&self, server: &RealServer, weight: u32) -> Destination {
        Destination {
            address: server.address,
            port: server.port,
            forward: self.forward_to(server),
            weight,
            upper: server.upper,
            lower: server.lower,
        }
    }

    const fn forward_to(&self, server: &RealServer) -> Forward {
        match server.forward {
            Some(forward) => forward,
            None => self.forward,
        }
    }
}

/// One real server.
#[derive(Clone, Copy, Debug)]
pub struct RealServer {
    pub(crate) name: &'static str,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) weight: u32,
    pub(crate) forward: Option<Forward>,
    pub(crate) upper: u32,
    pub(crate) lower: u32,
    pub(crate) inhibit_on_failure: bool,
    pub(crate) slow_start: Option<SlowStart>,
    pub(crate) checks: &'static [Probe],
}

impl RealServer {
    /// A server of weight 1 without a check: it counts as alive.
    pub const fn new(name: &'static str, address: IpAddr, port: u16) -> Self {
        Self {
            name,
            address,
            port,
            weight: 1,
            forward: None,
            upper: 0,
            lower: 0,
            inhibit_on_failure: false,
            slow_start: None,
            checks: &[],
        }
    }

    /// Its share of new connections; 0: none.
    #[must_use]
    pub const fn weight(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    /// How packets get to it, if not as to the others.
    #[must_use]
    pub const fn forward(self, forward: Forward) -> Self {
        Self { forward: Some(forward), ..self }
    }

    /// Connections at which it gets no new ones, and below which it gets some again (0: three quarters of `upper`).
    #[must_use]
    pub const fn limits(self, upper: u32, lower: u32) -> Self {
        Self { upper, lower, ..self }
    }

    /// While it is down it stays with weight 0, so that the connections it has go on.
    #[must_use]
    pub const fn inhibit_on_failure(self) -> Self {
        Self { inhibit_on_failure: true, ..self }
    }

    /// When it comes back its weight rises in steps.
    #[must_use]
    pub const fn slow_start(self, slow_start: SlowStart) -> Self {
        Self { slow_start: Some(slow_start), ..self }
    }

    /// All of these must pass for it to be alive.
    #[must_use]
    pub const fn checks(self, checks: &'static [Probe]) -> Self {
        Self { checks, ..self }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}
