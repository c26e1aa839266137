//! A service as the kernel lists it.

use core::time::Duration;

use super::{Error, Statistics, address, family, nest};
use crate::service::{
    Engine, Family, Method, Mode, Persistence, Protocol, SchedulerFlags, Service, ServiceKey,
};
use crate::wire::attribute::{FLAG_ONE_PACKET, FLAG_PERSISTENT, FLAG_SCHEDULER_SHIFT, service as s, top};
use crate::wire::netlink::Attribute;

/// A service, and what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedService {
    /// What it answers to.
    pub key: ServiceKey,
    /// Its settings, where [`Service`] can say them.
    pub service: Result<Service, Foreign>,
    /// Its counters.
    pub statistics: Statistics,
}

/// What a service has that [`Service`] cannot say, so that it was not made from one.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Foreign {
    /// A scheduler that is not one of the kernel's own, or none.
    #[error("its scheduler is not known")]
    Scheduler,
    /// A persistence engine that is not one of the kernel's own.
    #[error("its persistence engine is not known")]
    Engine,
    /// A mask with gaps, or longer than an address.
    #[error("the granularity of its persistence is no prefix length")]
    Granularity,
}

impl ListedService {
    /// Reads a reply to [`GetService`](crate::wire::command::Command::GetService) or
    /// [`GetServices`](crate::wire::command::Command::GetServices).
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::default();
        for attribute in nest(payload, top::SERVICE)?.ok_or(Error::Missing("the service"))? {
            parts.take(attribute?)?;
        }
        let family = family(parts.family.ok_or(Error::Missing("the address family"))?)?;
        let key = parts.key(family)?;
        Ok(Self { key, service: parts.service(key), statistics: parts.wide.unwrap_or(parts.narrow) })
    }
}

#[derive(Default)]
struct Parts {
    family: Option<u16>,
    protocol: Option<u16>,
    address: Option<[u8; 16]>,
    port: Option<u16>,
    mark: Option<u32>,
    method: Option<Method>,
    flags: u32,
    /// Seconds.
    timeout: u32,
    netmask: [u8; 4],
    engine: Option<Engine>,
    /// It has an engine that is not known.
    foreign_engine: bool,
    narrow: Statistics,
    wide: Option<Statistics>,
}

impl Parts {
    fn take(&mut self, attribute: Attribute<'_>) -> Result<(), Error> {
        match attribute.kind {
            s::FAMILY => self.family = Some(attribute.u16()?),
            s::PROTOCOL => self.protocol = Some(attribute.u16()?),
            s::ADDRESS => self.address = Some(attribute.array()?),
            s::PORT => self.port = Some(attribute.be16()?),
            s::MARK => self.mark = Some(attribute.u32()?),
            s::SCHEDULER => self.method = attribute.text().and_then(|name| name.parse().ok()),
            s::FLAGS => self.flags = attribute.u32()?,
            s::TIMEOUT => self.timeout = attribute.u32()?,
            s::NETMASK => self.netmask = attribute.array()?,
            s::ENGINE => {
                self.engine = attribute.text().and_then(|name| name.parse().ok());
                self.foreign_engine = self.engine.is_none();
            }
            s::STATISTICS => self.narrow = Statistics::read(attribute.attributes())?,
            s::STATISTICS_64 => self.wide = Some(Statistics::read(attribute.attributes())?),
            _ => {}
        }
        Ok(())
    }

    fn key(&self, family: Family) -> Result<ServiceKey, Error> {
        if let Some(mark) = self.mark.filter(|mark| *mark != 0) {
            return Ok(ServiceKey::Mark { mark, family });
        }
        let protocol = self.protocol.ok_or(Error::Missing("the protocol"))?;
        let known = u8::try_from(protocol).ok().and_then(Protocol::from_number);
        Ok(ServiceKey::Address {
            protocol: known.ok_or(Error::Protocol(protocol))?,
            address: address(family, self.address.ok_or(Error::Missing("the address"))?),
            port: self.port.ok_or(Error::Missing("the port"))?,
        })
    }

    fn service(&self, key: ServiceKey) -> Result<Service, Foreign> {
        let persistence = if self.flags & FLAG_PERSISTENT == 0 {
            None
        } else {
            let granularity = self.granularity(key.family()).ok_or(Foreign::Granularity)?;
            Some(Persistence { timeout: Duration::from_secs(self.timeout.into()), granularity })
        };
        if self.foreign_engine {
            return Err(Foreign::Engine);
        }
        let [flags, ..] = (self.flags >> FLAG_SCHEDULER_SHIFT).to_le_bytes();
        Ok(Service {
            key,
            method: self.method.ok_or(Foreign::Scheduler)?,
            flags: SchedulerFlags::from_bits(flags),
            persistence,
            one_packet: self.flags & FLAG_ONE_PACKET != 0,
            engine: self.engine,
            mode: Mode::Exact,
        })
    }

    /// The length of the prefix of a client's address that counts.
    fn granularity(&self, family: Family) -> Option<u8> {
        let length = match family {
            Family::V4 => {
                let mask = u32::from_be_bytes(self.netmask);
                Some(mask.leading_ones()).filter(|ones| *ones == mask.count_ones())?
            }
            Family::V6 => u32::from_ne_bytes(self.netmask),
        };
        u8::try_from(length).ok().filter(|length| *length <= family.bits())
    }
}
