//! What an ICMP error is about: the beginning of a packet that somebody could not deliver.

use crate::complaint::ends;
use crate::connection::{Flow, widened};
use crate::packet::{Chain, Unfit};
use crate::service::{Family, Protocol};

/// Where things are in an error. All offsets are even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// The ICMP header.
    pub(crate) header: usize,
    /// The transport header of the packet that it quotes, of which at least eight octets are there.
    pub(crate) transport: usize,
}

impl Error {
    /// RFC 792: destination unreachable, source quench, time exceeded and parameter problem quote a packet.
    pub(super) fn parse_v4(bytes: &[u8], header: usize) -> Result<(Self, Protocol), Unfit> {
        let icmp: &[u8; HEADER] = at(bytes, header)?;
        if !matches!(icmp[0], 3 | 4 | 11 | 12) {
            return Err(Unfit::Foreign);
        }
        let quoted = header + HEADER;
        let ip: &[u8; 20] = at(bytes, quoted)?;
        let ip_length = usize::from(ip[0] & 0x0F) * 4;
        let is_first = u16::from_be_bytes([ip[6], ip[7]]).trailing_zeros() >= 13;
        if ip[0] >> 4 != 4 || ip_length < 20 || !is_first {
            return Err(Unfit::Foreign);
        }
        Self { header, transport: quoted + ip_length }.about(bytes, ip[9])
    }

    /// RFC 4443 §2.1: types below 128 are errors.
    pub(super) fn parse_v6(bytes: &[u8], header: usize) -> Result<(Self, Protocol), Unfit> {
        let icmp: &[u8; HEADER] = at(bytes, header)?;
        let quoted = header + HEADER;
        let ip: &[u8; 40] = at(bytes, quoted)?;
        if icmp[0] >= 128 || ip[0] >> 4 != 6 {
            return Err(Unfit::Foreign);
        }
        let chain = Chain::walk(bytes, ip[6], quoted + 40).map_err(|_| Unfit::Foreign)?;
        if !chain.is_first {
            return Err(Unfit::Foreign);
        }
        Self { header, transport: chain.offset }.about(bytes, chain.next)
    }

    fn about(self, bytes: &[u8], protocol: u8) -> Result<(Self, Protocol), Unfit> {
        let _: &[u8; 8] = at(bytes, self.transport)?;
        Ok((self, Protocol::from_number(protocol).ok_or(Unfit::Foreign)?))
    }

    /// Where the IP header of the quoted packet is.
    pub(crate) fn quoted(&self) -> usize {
        self.header + HEADER
    }

    /// Addresses and ports of the quoted packet.
    pub(crate) fn quoted_flow(&self, bytes: &[u8], protocol: Protocol) -> Option<Flow> {
        let ip = bytes.get(self.quoted()..self.transport)?;
        let (source, destination) = ends(ip)?;
        let ports: &[u8; 4] = bytes.get(self.transport..)?.first_chunk()?;
        Some(Flow {
            family: Family::of(source),
            protocol,
            source: widened(source),
            source_port: u16::from_be_bytes([ports[0], ports[1]]),
            destination: widened(destination),
            destination_port: u16::from_be_bytes([ports[2], ports[3]]),
        })
    }
}

/// So many octets at this place. What is cut off is not looked into: the stack may still know what to do with it.
fn at<const LENGTH: usize>(bytes: &[u8], offset: usize) -> Result<&[u8; LENGTH], Unfit> {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).ok_or(Unfit::Foreign)
}

/// Octets of an ICMP header.
const HEADER: usize = 8;

pub(super) const ICMP: u8 = 1;
pub(super) const ICMP_V6: u8 = 58;
