//! What can be asked of the kernel's IPVS.

use core::net::IpAddr;

use super::attribute::{
    FAMILY_V4, FAMILY_V6, FLAG_ONE_PACKET, FLAG_PERSISTENT, FLAG_SCHEDULER_SHIFT, FLAGS_SETTABLE,
    FORWARD_DIRECT, FORWARD_LOCAL, FORWARD_MASQUERADE, FORWARD_TUNNEL, TUNNEL_CHECKSUM, TUNNEL_GRE,
    TUNNEL_GUE, TUNNEL_IPIP, TUNNEL_REMOTE_CHECKSUM, destination as d, service as s, top, verb,
};
use super::daemon::{Daemon, Role};
use super::netlink::{ACKNOWLEDGE, DUMP, Error, REQUEST, Writer};
use super::reply::Timeouts;
use crate::plan::Step;
use crate::service::{Destination, Family, Forward, Service, ServiceKey, Tunnel, TunnelChecksum};

/// The name of the family.
pub const FAMILY: &str = "IPVS";

/// A buffer of this many bytes holds any command.
pub const LENGTH: usize = 256;

const VERSION: u8 = 1;

/// One request. All of them need `CAP_NET_ADMIN`, also those that only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Makes a service; `EEXIST` if it is there.
    NewService(Service),
    /// Changes a service; `ESRCH` if it is not there.
    SetService(Service),
    /// Removes a service and its destinations; `ESRCH` if it is not there.
    DeleteService(ServiceKey),
    /// Asks for one service: one message, or `ESRCH`.
    GetService(ServiceKey),
    /// Asks for all services: any number of messages. Concurrent changes can make a dump skip or repeat some, and the
    /// kernel does not say so.
    GetServices,
    /// Makes a destination; `EEXIST` if it is there, `ESRCH` if the service is not.
    NewDestination {
        /// Whose.
        service: ServiceKey,
        /// The whole destination.
        destination: Destination,
    },
    /// Changes a destination; `ENOENT` if it is not there.
    SetDestination {
        /// Whose.
        service: ServiceKey,
        /// The whole destination.
        destination: Destination,
    },
    /// Removes a destination; `ENOENT` if it is not there.
    DeleteDestination {
        /// Whose.
        service: ServiceKey,
        /// Its address.
        address: IpAddr,
        /// Its port.
        port: u16,
    },
    /// Asks for the destinations of a service: any number of messages; none if there is no such service.
    GetDestinations(ServiceKey),
    /// Starts a synchronisation daemon; `EEXIST` if one of its role runs, `ENODEV` without its interface, `EINVAL` while a
    /// service has a real server of the other family.
    NewDaemon(Daemon),
    /// Ends the daemon of this role; `ESRCH` if none runs.
    DeleteDaemon(Role),
    /// Asks for the daemons that run: two messages at most.
    GetDaemons,
    /// Removes every service.
    Flush,
    /// Sets the counters of one service, or of all, to zero.
    Zero(Option<ServiceKey>),
    /// Sets the timeouts of connections; zero leaves one as it is.
    SetTimeouts(Timeouts),
    /// Asks for the timeouts.
    GetTimeouts,
    /// Asks for the version and the size of the connection table.
    GetInformation,
}

impl From<Step> for Command {
    fn from(step: Step) -> Self {
        match step {
            Step::AddService(service) => Self::NewService(service),
            Step::EditService(service) => Self::SetService(service),
            Step::RemoveService(service) => Self::DeleteService(service),
            Step::AddDestination { service, destination } => Self::NewDestination { service, destination },
            Step::EditDestination { service, destination } => Self::SetDestination { service, destination },
            Step::RemoveDestination { service, address, port } => {
                Self::DeleteDestination { service, address, port }
            }
        }
    }
}

impl Command {
    /// Whether any number of messages may answer, which end with one that says so.
    pub fn is_dump(&self) -> bool {
        match self {
            Self::GetServices | Self::GetDestinations(_) | Self::GetDaemons => true,
            Self::NewService(_)
            | Self::SetService(_)
            | Self::DeleteService(_)
            | Self::GetService(_)
            | Self::NewDestination { .. }
            | Self::SetDestination { .. }
            | Self::DeleteDestination { .. }
            | Self::NewDaemon(_)
            | Self::DeleteDaemon(_)
            | Self::Flush
            | Self::Zero(_)
            | Self::SetTimeouts(_)
            | Self::GetTimeouts
            | Self::GetInformation => false,
        }
    }

    /// Writes the message for the family's number (see [`resolve`](super::generic::resolve)); returns its
    /// length in bytes.
    pub fn emit(&self, family: u16, sequence: u32, buffer: &mut [u8]) -> Result<usize, Error> {
        let flags = REQUEST | if self.is_dump() { DUMP } else { ACKNOWLEDGE };
        let mut writer = Writer::new(buffer, family, flags, sequence)?;
        writer.raw(&[self.verb(), VERSION, 0, 0])?;
        match self {
            Self::NewService(service) | Self::SetService(service) => {
                writer.nest(top::SERVICE, |nest| {
                    identity(nest, &service.key)?;
                    settings(nest, service)
                })?;
            }
            Self::DeleteService(key)
            | Self::GetService(key)
            | Self::GetDestinations(key)
            | Self::Zero(Some(key)) => {
                writer.nest(top::SERVICE, |nest| identity(nest, key))?;
            }
            Self::NewDestination { service, destination } | Self::SetDestination { service, destination } => {
                writer.nest(top::SERVICE, |nest| identity(nest, service))?;
                writer.nest(top::DESTINATION, |nest| whole(nest, destination))?;
            }
            Self::DeleteDestination { service, address, port } => {
                writer.nest(top::SERVICE, |nest| identity(nest, service))?;
                writer.nest(top::DESTINATION, |nest| place(nest, *address, *port))?;
            }
            Self::NewDaemon(daemon) => writer.nest(top::DAEMON, |nest| daemon.emit(nest))?,
            Self::DeleteDaemon(role) => writer.nest(top::DAEMON, |nest| Daemon::emit_end(*role, nest))?,
            Self::SetTimeouts(timeouts) => {
                writer.attribute(top::TIMEOUT_TCP, &timeouts.tcp.to_ne_bytes())?;
                writer.attribute(top::TIMEOUT_TCP_FIN, &timeouts.tcp_fin.to_ne_bytes())?;
                writer.attribute(top::TIMEOUT_UDP, &timeouts.udp.to_ne_bytes())?;
            }
            Self::GetServices
            | Self::GetDaemons
            | Self::Flush
            | Self::Zero(None)
            | Self::GetTimeouts
            | Self::GetInformation => {}
        }
        Ok(writer.finish())
    }

    fn verb(&self) -> u8 {
        match self {
            Self::NewService(_) => verb::NEW_SERVICE,
            Self::SetService(_) => verb::SET_SERVICE,
            Self::DeleteService(_) => verb::DELETE_SERVICE,
            Self::GetService(_) | Self::GetServices => verb::GET_SERVICE,
            Self::NewDestination { .. } => verb::NEW_DESTINATION,
            Self::SetDestination { .. } => verb::SET_DESTINATION,
            Self::DeleteDestination { .. } => verb::DELETE_DESTINATION,
            Self::GetDestinations(_) => verb::GET_DESTINATION,
            Self::NewDaemon(_) => verb::NEW_DAEMON,
            Self::DeleteDaemon(_) => verb::DELETE_DAEMON,
            Self::GetDaemons => verb::GET_DAEMON,
            Self::Flush => verb::FLUSH,
            Self::Zero(_) => verb::ZERO,
            Self::SetTimeouts(_) => verb::SET_CONFIGURATION,
            Self::GetTimeouts => verb::GET_CONFIGURATION,
            Self::GetInformation => verb::GET_INFORMATION,
        }
    }
}

/// What the kernel finds a service by: the family, and a mark or protocol, address and port.
fn identity(nest: &mut Writer<'_>, key: &ServiceKey) -> Result<(), Error> {
    nest.attribute(s::FAMILY, &number(key.family()).to_ne_bytes())?;
    match *key {
        ServiceKey::Address { protocol, address, port } => {
            nest.attribute(s::PROTOCOL, &u16::from(protocol.number()).to_ne_bytes())?;
            nest.attribute(s::ADDRESS, &union(address))?;
            nest.attribute(s::PORT, &port.to_be_bytes())
        }
        ServiceKey::Mark { mark, .. } => nest.attribute(s::MARK, &mark.to_ne_bytes()),
    }
}

/// The rest of a service; the kernel wants all of it when one is made or changed.
fn settings(nest: &mut Writer<'_>, service: &Service) -> Result<(), Error> {
    let mut flags = u32::from(service.flags.bits()) << FLAG_SCHEDULER_SHIFT;
    if service.persistence.is_some() {
        flags |= FLAG_PERSISTENT;
    }
    if service.one_packet {
        flags |= FLAG_ONE_PACKET;
    }
    let mut pair = [0; 8];
    pair[..4].copy_from_slice(&flags.to_ne_bytes());
    pair[4..].copy_from_slice(&FLAGS_SETTABLE.to_ne_bytes());

    let family = service.key.family();
    let timeout = service.persistence.map_or(0, |persistence| persistence.timeout.as_secs());
    let granularity = service.persistence.map_or(family.bits(), |persistence| persistence.granularity);

    nest.text(s::SCHEDULER, service.method.name())?;
    // Without a name an engine that the service has is taken away.
    if let Some(engine) = service.engine {
        nest.text(s::ENGINE, engine.name())?;
    }
    nest.attribute(s::FLAGS, &pair)?;
    nest.attribute(s::TIMEOUT, &u32::try_from(timeout).unwrap_or(u32::MAX).to_ne_bytes())?;
    nest.attribute(
        s::NETMASK,
        &match family {
            Family::V4 => {
                u32::MAX.checked_shl(32_u32.saturating_sub(granularity.into())).unwrap_or(0).to_be_bytes()
            }
            // not a mask: the length of the prefix, in host order
            Family::V6 => u32::from(granularity).to_ne_bytes(),
        },
    )
}

fn place(nest: &mut Writer<'_>, address: IpAddr, port: u16) -> Result<(), Error> {
    nest.attribute(d::ADDRESS, &union(address))?;
    nest.attribute(d::PORT, &port.to_be_bytes())?;
    // optional, and the service's family when absent: without it a tunnel to the other family is not found again
    nest.attribute(d::FAMILY, &number(Family::of(address)).to_ne_bytes())
}

fn whole(nest: &mut Writer<'_>, destination: &Destination) -> Result<(), Error> {
    place(nest, destination.address, destination.port)?;
    let (method, tunnel) = match destination.forward {
        Forward::Masquerade => (FORWARD_MASQUERADE, None),
        Forward::Local => (FORWARD_LOCAL, None),
        Forward::Direct => (FORWARD_DIRECT, None),
        Forward::Tunnel(tunnel) => (FORWARD_TUNNEL, Some(tunnel)),
    };
    nest.attribute(d::FORWARD, &method.to_ne_bytes())?;
    nest.attribute(d::WEIGHT, &destination.weight.to_ne_bytes())?;
    nest.attribute(d::UPPER, &destination.upper.to_ne_bytes())?;
    nest.attribute(d::LOWER, &destination.lower.to_ne_bytes())?;
    let Some(tunnel) = tunnel else { return Ok(()) };
    let (kind, port, checksum) = match tunnel {
        Tunnel::Ipip => (TUNNEL_IPIP, 0, TunnelChecksum::None),
        Tunnel::Gue { port, checksum } => (TUNNEL_GUE, port, checksum),
        Tunnel::Gre { checksum } => (TUNNEL_GRE, 0, checksum),
    };
    let flags = match checksum {
        TunnelChecksum::None => 0,
        TunnelChecksum::Full => TUNNEL_CHECKSUM,
        TunnelChecksum::Remote => TUNNEL_REMOTE_CHECKSUM,
    };
    nest.attribute(d::TUNNEL, &[kind])?;
    nest.attribute(d::TUNNEL_PORT, &port.to_be_bytes())?;
    nest.attribute(d::TUNNEL_FLAGS, &flags.to_ne_bytes())
}

fn number(family: Family) -> u16 {
    match family {
        Family::V4 => FAMILY_V4,
        Family::V6 => FAMILY_V6,
    }
}

/// `union nf_inet_addr`: 16 bytes whatever the family.
fn union(address: IpAddr) -> [u8; 16] {
    let mut bytes = [0; 16];
    match address {
        IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => bytes.copy_from_slice(&address.octets()),
    }
    bytes
}

#[cfg(test)]
mod tests;
