//! What routers say about packets in our tunnels.

use core::net::IpAddr;

use crate::complaint::{self, Complaint};
use crate::connection::{Flow, widened};
use crate::rewrite::checksum::Sum;
use crate::service::{Family, Protocol, Tunnel, TunnelChecksum};

/// An ICMP error that quotes a packet in a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report<'p> {
    /// The other end of the tunnel.
    pub(crate) destination: IpAddr,
    /// Protocol of the outer header, and the UDP port or flags that tell tunnels apart.
    protocol: u8,
    detail: u16,
    /// What is left of the packet inside.
    pub(crate) inner: &'p [u8],
    /// Octets before it.
    overhead: usize,
    /// How much fits through the way, when that was the trouble.
    pub(crate) mtu: Option<u16>,
}

impl<'p> Report<'p> {
    /// Reads an error that may be about a tunnel, if it is not damaged and quotes enough.
    pub(crate) fn parse(bytes: &'p [u8]) -> Option<Self> {
        let is_v4 = bytes.first()? >> 4 == 4;
        let (source, target) = complaint::ends(bytes)?;
        let icmp = if is_v4 {
            let length = usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?));
            let header = usize::from(bytes.first()? & 0x0F) * 4;
            if *bytes.get(9)? != ICMP || bytes.get(6)? & 0x3F != 0 || *bytes.get(7)? != 0 {
                return None;
            }
            bytes.get(header..length)?
        } else {
            let length = usize::from(u16::from_be_bytes(*bytes.get(4..)?.first_chunk()?));
            if *bytes.get(6)? != ICMP_V6 {
                return None;
            }
            bytes.get(40..40 + length)?
        };
        let header: &[u8; 8] = icmp.first_chunk()?;
        let mut sum = Sum::default().add(icmp);
        if let (IpAddr::V6(source), IpAddr::V6(target)) = (source, target) {
            let length = u32::try_from(icmp.len()).ok()?;
            sum = sum.add(&source.octets()).add(&target.octets()).add(&length.to_be_bytes());
            sum = sum.add(&[0, 0, 0, ICMP_V6]);
        }
        if sum.checksum() != [0, 0] {
            return None;
        }
        let mtu = match (is_v4, header[0], header[1]) {
            (true, 3, 4) => Some(u16::from_be_bytes([header[6], header[7]])),
            (false, 2, _) => {
                let mtu = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
                Some(u16::try_from(mtu).unwrap_or(u16::MAX))
            }
            (true, 3 | 11 | 12, _) | (false, 1 | 3 | 4, _) => None,
            (true | false, _, _) => return None,
        };
        let quote = icmp.get(8..)?;
        let (_, destination) = complaint::ends(quote)?;
        if destination.is_ipv4() != is_v4 {
            return None;
        }
        let (protocol, ip) = if is_v4 {
            (*quote.get(9)?, usize::from(quote.first()? & 0x0F) * 4)
        } else {
            (*quote.get(6)?, 40)
        };
        let (detail, more) = match protocol {
            IP_IN_IP | IPV6_IN_IP => (0, 0),
            GRE => {
                let flags = u16::from_be_bytes(*quote.get(ip..)?.first_chunk()?);
                (flags, if flags & 0x8000 == 0 { 4 } else { 8 })
            }
            UDP => (u16::from_be_bytes(*quote.get(ip + 2..)?.first_chunk()?), 12),
            _ => return None,
        };
        let overhead = ip + more;
        Some(Self { destination, protocol, detail, inner: quote.get(overhead..)?, overhead, mtu })
    }

    /// Whether it is about a tunnel like this.
    pub(crate) fn is_about(&self, tunnel: Tunnel) -> bool {
        match tunnel {
            Tunnel::Ipip => matches!(self.protocol, IP_IN_IP | IPV6_IN_IP),
            Tunnel::Gue { port, .. } => self.protocol == UDP && self.detail == port,
            Tunnel::Gre { checksum } => {
                self.protocol == GRE && (self.detail & 0x8000 == 0) == (checksum == TunnelChecksum::None)
            }
        }
    }

    /// The flow of the packet inside. Its header is whole, and of the transport header at least the ports are there.
    pub(crate) fn flow(&self) -> Option<Flow> {
        let (source, destination) = complaint::ends(self.inner)?;
        let (number, offset) = if source.is_ipv4() {
            let fragment = u16::from_be_bytes(*self.inner.get(6..)?.first_chunk()?);
            if fragment & 0x1FFF != 0 {
                return None;
            }
            (*self.inner.get(9)?, usize::from(self.inner.first()? & 0x0F) * 4)
        } else {
            (*self.inner.get(6)?, 40)
        };
        let ports: &[u8; 4] = self.inner.get(offset..)?.first_chunk()?;
        Some(Flow {
            family: Family::of(source),
            protocol: Protocol::from_number(number)?,
            source: widened(source),
            source_port: u16::from_be_bytes([ports[0], ports[1]]),
            destination: widened(destination),
            destination_port: u16::from_be_bytes([ports[2], ports[3]]),
        })
    }

    /// What the client is told (RFC 2003 §4): how much fits, if it wants to know, or that nothing gets there.
    pub(crate) fn complaint(&self) -> Option<Complaint> {
        let Some(mtu) = self.mtu else { return Some(Complaint::Unreachable) };
        let is_v4 = self.inner.first()? >> 4 == 4;
        if is_v4 && self.inner.get(6)? & 0x40 == 0 {
            return None;
        }
        let mtu = usize::from(mtu).saturating_sub(self.overhead);
        Some(Complaint::TooBig { mtu: if is_v4 { mtu.max(LEAST_V4) } else { mtu.max(LEAST_V6) } })
    }
}

const ICMP: u8 = 1;
const IP_IN_IP: u8 = 4;
const UDP: u8 = 17;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;
const ICMP_V6: u8 = 58;
/// RFC 791 §3.2: what every link carries.
const LEAST_V4: usize = 68;
/// RFC 8200 §5.
const LEAST_V6: usize = 1_280;
