//! Virtual servers and real servers by the names that keepalived has for them.

use core::fmt;
use core::net::SocketAddr;

use ipvs_core::ServiceKey;

/// A virtual server, or one of its servers. It is put in words by who needs them: thousands may turn at once, and
/// nobody may listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The first service of the virtual server.
    pub service: ServiceKey,
    /// The group of its services.
    pub group: Option<String>,
    /// The real server; without one it is the virtual server itself.
    pub server: Option<SocketAddr>,
    /// How many real servers of the virtual server are up from now on.
    pub alive: u32,
}

impl Who {
    /// The subject of a letter about it.
    pub fn subject(&self) -> String {
        let (service, server) = self.names();
        server.map_or_else(
            || format!("Virtualserver {service}"),
            |server| format!("Realserver {server} of virtual server {service}"),
        )
    }

    fn names(&self) -> (ServiceName<'_>, Option<ServerName>) {
        let service = ServiceName { key: self.service, group: self.group.as_deref() };
        (service, self.server.map(|address| ServerName::new(address, self.service)))
    }
}

/// `VS …` or `RS … …`, as FIFOs have it.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names() {
            (service, None) => write!(f, "VS {service}"),
            (service, Some(server)) => write!(f, "RS {server} {service}"),
        }
    }
}

/// A virtual server by its first service, `[192.0.2.1]:tcp:80`, or by its group, `[NAME]:0`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceName<'c> {
    pub(super) key: ServiceKey,
    pub(super) group: Option<&'c str>,
}

impl fmt::Display for ServiceName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group {
            Some(group) => write!(f, "[{group}]:0"),
            None => self.key.fmt(f),
        }
    }
}

/// `[192.0.2.1]:tcp:80`; `none` is the protocol of a service of a firewall mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerName {
    address: SocketAddr,
    protocol: &'static str,
}

impl ServerName {
    /// A real server or the sorry server of this service.
    pub(super) fn new(address: SocketAddr, service: ServiceKey) -> Self {
        let protocol = match service {
            ServiceKey::Address { protocol, .. } => protocol.name(),
            ServiceKey::Mark { .. } => "none",
        };
        Self { address, protocol }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]:{}:{}", self.address.ip(), self.protocol, self.address.port())
    }
}
