//! What the kernel's IPVS says.
//!
//! Every `parse` takes the payload of one netlink message, generic header included. Attributes that are not
//! known are passed over.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use super::attribute::{FAMILY_V4, FAMILY_V6, information, statistics as n, top};
use super::generic::attributes;
use super::netlink::{self, Attributes};
use crate::service::Family;

mod destination;
mod service;

pub use destination::ListedDestination;
pub use service::{Foreign, ListedService};

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

/// The attributes inside the first attribute of this kind. The kernel does not mark it as nested.
pub(super) fn nest(payload: &[u8], kind: u16) -> Result<Option<Attributes<'_>>, netlink::Error> {
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
