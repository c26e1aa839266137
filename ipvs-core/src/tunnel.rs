//! What a packet to a real server behind a tunnel is wrapped in, octet for octet as the kernel's IPVS does.
//!
//! | tunnel | headers before the packet |
//! |---|---|
//! | ipip | IP, of either family around either (RFC 2003, RFC 2473, RFC 4213) |
//! | gue | IP, UDP, generic UDP encapsulation version 0 (draft-ietf-intarea-gue) |
//! | gre | IP, GRE (RFC 2784) |
//!
//! The outer TTL is the inner one, and so is the outer traffic class, but that congestion experienced becomes ECT(0)
//! (RFC 3168 §9.1.1). Only an inner DF makes an outer one. `remcsum` is `csum`, as it is in the kernel for every packet
//! whose checksums are complete.

use core::hash::Hasher;
use core::net::IpAddr;

use siphasher::sip::SipHasher13;

use crate::packet::{Content, Packet};
use crate::rewrite::checksum::Sum;
use crate::service::{Family, Tunnel, TunnelChecksum};

mod report;

pub(crate) use report::Report;

/// The headers that go before a packet in a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    octets: [u8; Self::LONGEST],
    length: usize,
}

impl Envelope {
    /// The most that goes before a packet: IPv6, UDP, GUE.
    pub const LONGEST: usize = 40 + 8 + 4;

    fn push(&mut self, octets: &[u8]) {
        let end = self.length + octets.len();
        if let Some(place) = self.octets.get_mut(self.length..end) {
            place.copy_from_slice(octets);
            self.length = end;
        }
    }

    fn put(&mut self, at: usize, octets: [u8; 2]) {
        if let Some(place) = self.octets.get_mut(at..at + 2) {
            place.copy_from_slice(&octets);
        }
    }
}

impl AsRef<[u8]> for Envelope {
    fn as_ref(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

impl Tunnel {
    /// Octets that it puts before a packet on the way to a real server of this family.
    pub fn overhead(self, family: Family) -> usize {
        let ip = match family {
            Family::V4 => 20,
            Family::V6 => 40,
        };
        ip + match self {
            Self::Ipip => 0,
            Self::Gue { .. } => 8 + 4,
            Self::Gre { checksum: TunnelChecksum::None } => 4,
            Self::Gre { checksum: TunnelChecksum::Full | TunnelChecksum::Remote } => 8,
        }
    }

    fn protocol(self, inner: Family) -> u8 {
        match self {
            Self::Ipip => ip_protocol(inner),
            Self::Gue { .. } => UDP,
            Self::Gre { .. } => GRE,
        }
    }
}

/// This end of the tunnels.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    hasher: SipHasher13,
    identification: u32,
}

impl Entrance {
    pub(crate) fn new(seed: &[u8; 16]) -> Self {
        let [a, b, c, d, ..] = *seed;
        Self { hasher: SipHasher13::new_with_key(seed), identification: u32::from_ne_bytes([a, b, c, d]) }
    }

    /// A number that the packets just before did not have.
    pub(crate) fn identification(&mut self) -> u32 {
        self.identification = self.identification.wrapping_add(1);
        self.identification
    }

    /// The headers before `inner`, which is `packet` after its rewriting, or one segment of it.
    ///
    /// `None` if the addresses are of two families, or if it would be too long for IP.
    pub(crate) fn wrap(
        &mut self,
        tunnel: Tunnel,
        packet: &Packet,
        inner: &[u8],
        source: IpAddr,
        destination: IpAddr,
    ) -> Option<Envelope> {
        let (class, ttl, whole) = match *inner.first_chunk::<9>()? {
            [0x40..=0x4F, class, _, _, _, _, flags, _, ttl] => (class, ttl, flags & 0x40 != 0),
            [first @ 0x60..=0x6F, second, .., ttl, _] => (first << 4 | second >> 4, ttl, false),
            _ => return None,
        };
        let class = if class & ECN == ECN { class & !ECN | ECT_0 } else { class };
        let family = Family::of(packet.destination);
        let payload = tunnel.overhead(Family::of(destination)) - ip_length(destination) + inner.len();
        let mut envelope = Envelope { octets: [0; Envelope::LONGEST], length: 0 };
        let protocol = tunnel.protocol(family);
        // The pseudo-header but for protocol and length.
        let addresses = match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let [high, low] = u16::try_from(20 + payload).ok()?.to_be_bytes();
                let [.., id_high, id_low] = if whole { [0; 4] } else { self.identification().to_be_bytes() };
                envelope.push(&[0x45, class, high, low, id_high, id_low]);
                envelope.push(&[if whole { 0x40 } else { 0 }, 0, ttl, protocol, 0, 0]);
                envelope.push(&source.octets());
                envelope.push(&destination.octets());
                let checksum = Sum::default().add(envelope.as_ref()).checksum();
                envelope.put(10, checksum);
                Sum::default().add(&source.octets()).add(&destination.octets())
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let [high, low] = u16::try_from(payload).ok()?.to_be_bytes();
                envelope.push(&[0x60 | class >> 4, class << 4, 0, 0, high, low, protocol, ttl]);
                envelope.push(&source.octets());
                envelope.push(&destination.octets());
                Sum::default().add(&source.octets()).add(&destination.octets())
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
        };
        let start = envelope.length;
        match tunnel {
            Tunnel::Ipip => {}
            Tunnel::Gue { port, checksum } => {
                let length = u16::try_from(payload).ok()?.to_be_bytes();
                envelope.push(&self.source_port(packet).to_be_bytes());
                envelope.push(&port.to_be_bytes());
                envelope.push(&length);
                envelope.push(&[0, 0]);
                envelope.push(&[0, ip_protocol(family), 0, 0]);
                match checksum {
                    TunnelChecksum::None => {}
                    TunnelChecksum::Full | TunnelChecksum::Remote => {
                        let sum = addresses.add(&[0, UDP]).add(&length);
                        let sum = sum.add(envelope.as_ref().get(start..)?).add(inner).checksum();
                        envelope.put(start + 6, if sum == [0, 0] { [0xFF, 0xFF] } else { sum });
                    }
                }
            }
            Tunnel::Gre { checksum } => {
                let [high, low] = match family {
                    Family::V4 => [0x08, 0x00],
                    Family::V6 => [0x86, 0xDD],
                };
                match checksum {
                    TunnelChecksum::None => envelope.push(&[0, 0, high, low]),
                    TunnelChecksum::Full | TunnelChecksum::Remote => {
                        envelope.push(&[0x80, 0, high, low, 0, 0, 0, 0]);
                        let sum = Sum::default().add(envelope.as_ref().get(start..)?).add(inner);
                        envelope.put(start + 4, sum.checksum());
                    }
                }
            }
        }
        Some(envelope)
    }

    /// One port for each flow, so that receivers spread flows over their queues.
    fn source_port(&self, packet: &Packet) -> u16 {
        let mut hasher = self.hasher;
        for address in [packet.source, packet.destination] {
            match address {
                IpAddr::V4(address) => hasher.write_u32(address.to_bits()),
                IpAddr::V6(address) => hasher.write_u128(address.to_bits()),
            }
        }
        if let Content::Transport { source_port, destination_port, .. } = packet.content {
            hasher.write_u32(u32::from(source_port) << 16 | u32::from(destination_port));
        }
        let [high, low, ..] = hasher.finish().to_ne_bytes();
        u16::from_be_bytes([high | 0xC0, low])
    }
}

fn ip_protocol(family: Family) -> u8 {
    match family {
        Family::V4 => IP_IN_IP,
        Family::V6 => IPV6_IN_IP,
    }
}

fn ip_length(address: IpAddr) -> usize {
    match address {
        IpAddr::V4(_) => 20,
        IpAddr::V6(_) => 40,
    }
}

const IP_IN_IP: u8 = 4;
const UDP: u8 = 17;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;
/// Congestion experienced, and the mask of the field (RFC 3168 §5).
const ECN: u8 = 0b11;
const ECT_0: u8 = 0b10;

#[cfg(test)]
mod tests;
