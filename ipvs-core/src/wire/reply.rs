//! What the kernel's IPVS says.
//!
//! Every `parse` takes the payload of one netlink message, generic header included. Attributes that are not
//! known are passed over.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use thiserror::Error;

use super::attribute::{
    FAMILY_V4, FAMILY_V6, FLAG_ONE_PACKET, FLAG_PERSISTENT, FLAG_SCHEDULER_SHIFT, FORWARD_DIRECT,
    FORWARD_LOCAL, FORWARD_MASK, FORWARD_MASQUERADE, FORWARD_TUNNEL, TUNNEL_CHECKSUM, TUNNEL_GRE, TUNNEL_GUE,
    TUNNEL_IPIP, TUNNEL_REMOTE_CHECKSUM, destination as d, information, service as s, statistics as n, top,
};
use super::generic::attributes;
use super::netlink::{self, Attribute, Attributes};
use crate::service::{
    Destination, Family, Forward, Persistence, Protocol, SchedulerFlags, Service, ServiceKey, Tunnel,
    TunnelChecksum,
};

/// Why a reply could not be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// The framing is wrong.
    #[error(transparent)]
    Netlink(#[from] netlink::Error),
    /// An attribute that the kernel always sends is not there.
    #[error("the kernel's answer lacks {0}")]
    Missing(&'static str),
    /// Neither IPv4 nor IPv6.
    #[error("address family {0} is not known")]
    Family(u16),
    /// Neither TCP, UDP nor SCTP.
    #[error("protocol {0} is not known")]
    Protocol(u16),
    /// A scheduler that is not one of the kernel's own, or none.
    #[error("the scheduler is not known")]
    Scheduler,
    /// A forwarding method or tunnel that is not known.
    #[error("the forwarding method is not known")]
    Forward,
}

/// A service, and what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedService {
    /// Its settings.
    pub service: Service,
    /// Whether it has a persistence engine, which [`Service`] cannot say (`sip`).
    pub engine: bool,
    /// Its counters.
    pub statistics: Statistics,
}

impl ListedService {
    /// Reads a reply to [`GetService`](super::command::Command::GetService) or
    /// [`GetServices`](super::command::Command::GetServices).
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut parts = ServiceParts::default();
        for attribute in nest(payload, top::SERVICE)?.ok_or(Error::Missing("the service"))? {
            parts.take(attribute?)?;
        }
        parts.build()
    }
}

/// A destination, and what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedDestination {
    /// Its settings.
    pub destination: Destination,
    /// Connections in the established state.
    pub active: u32,
    /// Other connections, all of UDP among them.
    pub inactive: u32,
    /// Persistence templates that lead to it.
    pub persistent: u32,
    /// Its counters.
    pub statistics: Statistics,
}

impl ListedDestination {
    /// Reads a reply to [`GetDestinations`](super::command::Command::GetDestinations). `family` is the
    /// service's: old kernels do not send the destination's own.
    pub fn parse(payload: &[u8], family: Family) -> Result<Self, Error> {
        let mut parts = DestinationParts::default();
        for attribute in nest(payload, top::DESTINATION)?.ok_or(Error::Missing("the destination"))? {
            parts.take(attribute?)?;
        }
        parts.build(family)
    }
}

/// Totals since the last zeroing and rates per second, the kernel's estimate over some seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients that passed the director.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients that passed the director.
    pub bytes_out: u64,
    /// Connections per second.
    pub connection_rate: u64,
    /// Packets per second from clients.
    pub packet_rate_in: u64,
    /// Packets per second to clients.
    pub packet_rate_out: u64,
    /// Bytes per second from clients.
    pub byte_rate_in: u64,
    /// Bytes per second to clients.
    pub byte_rate_out: u64,
}

impl Statistics {
    /// Both forms share their numbers: `STATS` has words of 32 bits (64 for bytes), `STATS64` of 64.
    fn read(list: Attributes<'_>) -> Result<Self, netlink::Error> {
        let mut counters = Self::default();
        for attribute in list {
            let attribute = attribute?;
            let field = match attribute.kind {
                n::CONNECTIONS => &mut counters.connections,
                n::PACKETS_IN => &mut counters.packets_in,
                n::PACKETS_OUT => &mut counters.packets_out,
                n::BYTES_IN => &mut counters.bytes_in,
                n::BYTES_OUT => &mut counters.bytes_out,
                n::CONNECTION_RATE => &mut counters.connection_rate,
                n::PACKET_RATE_IN => &mut counters.packet_rate_in,
                n::PACKET_RATE_OUT => &mut counters.packet_rate_out,
                n::BYTE_RATE_IN => &mut counters.byte_rate_in,
                n::BYTE_RATE_OUT => &mut counters.byte_rate_out,
                _ => continue,
            };
            *field = if attribute.value.len() < 8 { attribute.u32()?.into() } else { attribute.u64()? };
        }
        Ok(counters)
    }
}

/// Timeouts of connections in whole seconds, for all services of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Established TCP.
    pub tcp: u32,
    /// TCP after a FIN.
    pub tcp_fin: u32,
    /// UDP.
    pub udp: u32,
}

impl Timeouts {
    /// Reads the reply to [`GetTimeouts`](super::command::Command::GetTimeouts).
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut timeouts = Self::default();
        for attribute in attributes(payload)? {
            let attribute = attribute?;
            match attribute.kind {
                top::TIMEOUT_TCP => timeouts.tcp = attribute.u32()?,
                top::TIMEOUT_TCP_FIN => timeouts.tcp_fin = attribute.u32()?,
                top::TIMEOUT_UDP => timeouts.udp = attribute.u32()?,
                _ => {}
            }
        }
        Ok(timeouts)
    }
}

/// What IPVS says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Information {
    /// Version, one part in each of the low three bytes: 0x010201 is 1.2.1.
    pub version: u32,
    /// Buckets of the connection table.
    pub table_size: u32,
}

impl Information {
    /// Reads the reply to [`GetInformation`](super::command::Command::GetInformation).
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut info = Self::default();
        for attribute in attributes(payload)? {
            let attribute = attribute?;
            match attribute.kind {
                information::VERSION => info.version = attribute.u32()?,
                information::TABLE_SIZE => info.table_size = attribute.u32()?,
                _ => {}
            }
        }
        Ok(info)
    }
}

#[derive(Default)]
struct ServiceParts {
    family: Option<u16>,
    protocol: Option<u16>,
    address: Option<[u8; 16]>,
    port: Option<u16>,
    mark: Option<u32>,
    scheduler: Option<crate::Method>,
    flags: u32,
    timeout: u32,
    netmask: [u8; 4],
    engine: bool,
    narrow: Statistics,
    wide: Option<Statistics>,
}

impl ServiceParts {
    fn take(&mut self, attribute: Attribute<'_>) -> Result<(), Error> {
        match attribute.kind {
            s::FAMILY => self.family = Some(attribute.u16()?),
            s::PROTOCOL => self.protocol = Some(attribute.u16()?),
            s::ADDRESS => self.address = Some(attribute.array()?),
            s::PORT => self.port = Some(attribute.be16()?),
            s::MARK => self.mark = Some(attribute.u32()?),
            s::SCHEDULER => self.scheduler = attribute.text().and_then(|name| name.parse().ok()),
            s::FLAGS => self.flags = attribute.u32()?,
            s::TIMEOUT => self.timeout = attribute.u32()?,
            s::NETMASK => self.netmask = attribute.array()?,
            s::ENGINE => self.engine = true,
            s::STATISTICS => self.narrow = Statistics::read(attribute.attributes())?,
            s::STATISTICS_64 => self.wide = Some(Statistics::read(attribute.attributes())?),
            _ => {}
        }
        Ok(())
    }

    fn build(self) -> Result<ListedService, Error> {
        let family = family(self.family.ok_or(Error::Missing("the address family"))?)?;
        let key = match self.mark {
            Some(mark) if mark != 0 => ServiceKey::Mark { mark, family },
            Some(_) | None => {
                let protocol = self.protocol.ok_or(Error::Missing("the protocol"))?;
                ServiceKey::Address {
                    protocol: u8::try_from(protocol)
                        .ok()
                        .and_then(Protocol::from_number)
                        .ok_or(Error::Protocol(protocol))?,
                    address: address(family, self.address.ok_or(Error::Missing("the address"))?),
                    port: self.port.ok_or(Error::Missing("the port"))?,
                }
            }
        };
        let persistence = (self.flags & FLAG_PERSISTENT != 0).then(|| Persistence {
            timeout: Duration::from_secs(self.timeout.into()),
            granularity: match family {
                Family::V4 => u32::from_be_bytes(self.netmask).count_ones(),
                Family::V6 => u32::from_ne_bytes(self.netmask).min(128),
            }
            .try_into()
            .unwrap_or(u8::MAX),
        });
        let scheduler_flags = self.flags >> FLAG_SCHEDULER_SHIFT & 0b111;
        let service = Service {
            key,
            method: self.scheduler.ok_or(Error::Scheduler)?,
            flags: SchedulerFlags::from_bits(scheduler_flags.try_into().unwrap_or_default()),
            persistence,
            one_packet: self.flags & FLAG_ONE_PACKET != 0,
        };
        Ok(ListedService { service, engine: self.engine, statistics: self.wide.unwrap_or(self.narrow) })
    }
}

#[derive(Default)]
struct DestinationParts {
    address: Option<[u8; 16]>,
    port: Option<u16>,
    family: Option<u16>,
    forward: u32,
    weight: u32,
    upper: u32,
    lower: u32,
    active: u32,
    inactive: u32,
    persistent: u32,
    tunnel: u8,
    tunnel_port: u16,
    tunnel_flags: u16,
    narrow: Statistics,
    wide: Option<Statistics>,
}

impl DestinationParts {
    fn take(&mut self, attribute: Attribute<'_>) -> Result<(), Error> {
        match attribute.kind {
            d::ADDRESS => self.address = Some(attribute.array()?),
            d::PORT => self.port = Some(attribute.be16()?),
            d::FAMILY => self.family = Some(attribute.u16()?),
            d::FORWARD => self.forward = attribute.u32()?,
            d::WEIGHT => self.weight = attribute.u32()?,
            d::UPPER => self.upper = attribute.u32()?,
            d::LOWER => self.lower = attribute.u32()?,
            d::ACTIVE => self.active = attribute.u32()?,
            d::INACTIVE => self.inactive = attribute.u32()?,
            d::PERSISTENT => self.persistent = attribute.u32()?,
            d::TUNNEL => self.tunnel = attribute.u8()?,
            d::TUNNEL_PORT => self.tunnel_port = attribute.be16()?,
            d::TUNNEL_FLAGS => self.tunnel_flags = attribute.u16()?,
            d::STATISTICS => self.narrow = Statistics::read(attribute.attributes())?,
            d::STATISTICS_64 => self.wide = Some(Statistics::read(attribute.attributes())?),
            _ => {}
        }
        Ok(())
    }

    fn build(self, service: Family) -> Result<ListedDestination, Error> {
        let family = self.family.map_or(Ok(service), family)?;
        let destination = Destination {
            address: address(family, self.address.ok_or(Error::Missing("the real server's address"))?),
            port: self.port.ok_or(Error::Missing("the real server's port"))?,
            forward: self.forward()?,
            weight: self.weight,
            upper: self.upper,
            lower: self.lower,
        };
        Ok(ListedDestination {
            destination,
            active: self.active,
            inactive: self.inactive,
            persistent: self.persistent,
            statistics: self.wide.unwrap_or(self.narrow),
        })
    }

    fn forward(&self) -> Result<Forward, Error> {
        let checksum = if self.tunnel_flags & TUNNEL_CHECKSUM != 0 {
            TunnelChecksum::Full
        } else if self.tunnel_flags & TUNNEL_REMOTE_CHECKSUM != 0 {
            TunnelChecksum::Remote
        } else {
            TunnelChecksum::None
        };
        match (self.forward & FORWARD_MASK, self.tunnel) {
            (FORWARD_MASQUERADE, _) => Ok(Forward::Masquerade),
            (FORWARD_LOCAL, _) => Ok(Forward::Local),
            (FORWARD_DIRECT, _) => Ok(Forward::Direct),
            (FORWARD_TUNNEL, TUNNEL_IPIP) => Ok(Forward::Tunnel(Tunnel::Ipip)),
            (FORWARD_TUNNEL, TUNNEL_GUE) => {
                Ok(Forward::Tunnel(Tunnel::Gue { port: self.tunnel_port, checksum }))
            }
            (FORWARD_TUNNEL, TUNNEL_GRE) => Ok(Forward::Tunnel(Tunnel::Gre { checksum })),
            _ => Err(Error::Forward),
        }
    }
}

/// The attributes inside the first attribute of this kind. The kernel does not mark it as nested.
fn nest(payload: &[u8], kind: u16) -> Result<Option<Attributes<'_>>, netlink::Error> {
    for attribute in attributes(payload)? {
        let attribute = attribute?;
        if attribute.kind == kind {
            return Ok(Some(attribute.attributes()));
        }
    }
    Ok(None)
}

fn family(number: u16) -> Result<Family, Error> {
    match number {
        FAMILY_V4 => Ok(Family::V4),
        FAMILY_V6 => Ok(Family::V6),
        other => Err(Error::Family(other)),
    }
}

fn address(family: Family, bytes: [u8; 16]) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])),
        Family::V6 => IpAddr::V6(Ipv6Addr::from(bytes)),
    }
}
