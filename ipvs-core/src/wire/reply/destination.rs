//! A destination as the kernel lists it.

use core::net::IpAddr;

use super::{Error, Statistics, address, family, nest};
use crate::service::{Destination, Family, Forward, Tunnel, TunnelChecksum};
use crate::wire::attribute::{
    FORWARD_DIRECT, FORWARD_LOCAL, FORWARD_MASK, FORWARD_MASQUERADE, FORWARD_TUNNEL, TUNNEL_CHECKSUM,
    TUNNEL_GRE, TUNNEL_GUE, TUNNEL_IPIP, TUNNEL_REMOTE_CHECKSUM, destination as d, top,
};
use crate::wire::netlink::Attribute;

/// A destination, and what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedDestination {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its settings; none where [`Destination`] cannot say how packets get there.
    pub destination: Option<Destination>,
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
    /// Reads a reply to [`GetDestinations`](crate::wire::command::Command::GetDestinations). `service` is the
    /// service's family: old kernels do not send the destination's own.
    pub fn parse(payload: &[u8], service: Family) -> Result<Self, Error> {
        let mut parts = Parts::default();
        for attribute in nest(payload, top::DESTINATION)?.ok_or(Error::Missing("the destination"))? {
            parts.take(attribute?)?;
        }
        let family = parts.family.map_or(Ok(service), family)?;
        let address = address(family, parts.address.ok_or(Error::Missing("the real server's address"))?);
        let port = parts.port.ok_or(Error::Missing("the real server's port"))?;
        let Parts { weight, upper, lower, .. } = parts;
        Ok(Self {
            address,
            port,
            destination: parts.forward().map(|forward| Destination {
                address,
                port,
                forward,
                weight,
                upper,
                lower,
            }),
            active: parts.active,
            inactive: parts.inactive,
            persistent: parts.persistent,
            statistics: parts.wide.unwrap_or(parts.narrow),
        })
    }
}

#[derive(Default)]
struct Parts {
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

impl Parts {
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

    fn forward(&self) -> Option<Forward> {
        let checksum = if self.tunnel_flags & TUNNEL_CHECKSUM != 0 {
            TunnelChecksum::Full
        } else if self.tunnel_flags & TUNNEL_REMOTE_CHECKSUM != 0 {
            TunnelChecksum::Remote
        } else {
            TunnelChecksum::None
        };
        match (self.forward & FORWARD_MASK, self.tunnel) {
            (FORWARD_MASQUERADE, _) => Some(Forward::Masquerade),
            (FORWARD_LOCAL, _) => Some(Forward::Local),
            (FORWARD_DIRECT, _) => Some(Forward::Direct),
            (FORWARD_TUNNEL, TUNNEL_IPIP) => Some(Forward::Tunnel(Tunnel::Ipip)),
            (FORWARD_TUNNEL, TUNNEL_GUE) => {
                Some(Forward::Tunnel(Tunnel::Gue { port: self.tunnel_port, checksum }))
            }
            (FORWARD_TUNNEL, TUNNEL_GRE) => Some(Forward::Tunnel(Tunnel::Gre { checksum })),
            _ => None,
        }
    }
}
