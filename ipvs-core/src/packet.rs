//! Where things are in an IP packet.
//!
//! Offsets are needed to write in place, so the headers are walked here; the tests compare with etherparse.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::connection::{Chunk, Segment, Signal};
use crate::service::Protocol;

mod error;

pub(crate) use error::Error;
use error::{ICMP, ICMP_V6};

/// An IP packet whose headers lie within its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// TTL or hop limit.
    pub(crate) ttl: u8,
    /// Octets of the whole packet; the buffer may hold more.
    pub(crate) length: usize,
    /// Of an ICMP error, the protocol of the packet that it quotes.
    pub(crate) protocol: Protocol,
    pub(crate) content: Content,
    /// The identification, when there are other fragments.
    pub(crate) fragment: Option<u32>,
    /// No router may fragment it: IPv4 with DF, and IPv6.
    pub(crate) whole: bool,
}

/// What follows the IP headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A transport header that begins at `offset`, complete.
    Transport { offset: usize, source_port: u16, destination_port: u16, signal: Signal },
    /// The middle or end of something.
    LaterFragment,
    /// An ICMP error about a packet with ports.
    Error(Error),
}

/// Why there is no [`Packet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Not IP, not a protocol that is balanced, or with headers that are not looked into.
    Foreign,
    /// The lengths contradict each other, or a header is cut off.
    Malformed,
}

impl Packet {
    #[inline]
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Unfit> {
        match bytes.first().map(|octet| octet >> 4) {
            Some(4) => Self::parse_v4(bytes),
            Some(6) => Self::parse_v6(bytes),
            Some(_) | None => Err(Unfit::Foreign),
        }
    }

    /// RFC 791 §3.1.
    #[inline]
    fn parse_v4(bytes: &[u8]) -> Result<Self, Unfit> {
        let header: &[u8; 20] = bytes.first_chunk().ok_or(Unfit::Malformed)?;
        let header_length = usize::from(header[0] & 0x0F) * 4;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if header_length < 20 || length < header_length {
            return Err(Unfit::Malformed);
        }
        let bytes = bytes.get(..length).ok_or(Unfit::Malformed)?;
        let flags = u16::from_be_bytes([header[6], header[7]]);
        let is_first = flags.trailing_zeros() >= 13;
        let has_more = flags & 0x2000 != 0;
        let identification = u32::from(u16::from_be_bytes([header[4], header[5]]));
        let (protocol, content) = match Protocol::from_number(header[9]) {
            Some(protocol) if is_first => (protocol, Content::parse(bytes, header_length, protocol)?),
            Some(protocol) => (protocol, Content::LaterFragment),
            None if header[9] == ICMP && is_first && !has_more => {
                let (error, protocol) = Error::parse_v4(bytes, header_length)?;
                (protocol, Content::Error(error))
            }
            None => return Err(Unfit::Foreign),
        };
        Ok(Self {
            source: IpAddr::V4(Ipv4Addr::new(header[12], header[13], header[14], header[15])),
            destination: IpAddr::V4(Ipv4Addr::new(header[16], header[17], header[18], header[19])),
            ttl: header[8],
            length,
            protocol,
            content,
            fragment: (!is_first || has_more).then_some(identification),
            whole: flags & 0x4000 != 0,
        })
    }

    /// RFC 8200 §3 and §4.
    fn parse_v6(bytes: &[u8]) -> Result<Self, Unfit> {
        let header: &[u8; 40] = bytes.first_chunk().ok_or(Unfit::Malformed)?;
        let length = 40 + usize::from(u16::from_be_bytes([header[4], header[5]]));
        let bytes = bytes.get(..length).ok_or(Unfit::Malformed)?;
        let address = |from: usize| {
            let octets = header.get(from..).and_then(|rest| rest.first_chunk::<16>());
            IpAddr::V6(octets.map_or(Ipv6Addr::UNSPECIFIED, |octets| Ipv6Addr::from_octets(*octets)))
        };
        let chain = Chain::walk(bytes, header[6], 40)?;
        let (protocol, content) = match Protocol::from_number(chain.next) {
            Some(protocol) if chain.is_first => (protocol, Content::parse(bytes, chain.offset, protocol)?),
            Some(protocol) => (protocol, Content::LaterFragment),
            None if chain.next == ICMP_V6 && chain.fragment.is_none() => {
                let (error, protocol) = Error::parse_v6(bytes, chain.offset)?;
                (protocol, Content::Error(error))
            }
            None => return Err(Unfit::Foreign),
        };
        Ok(Self {
            source: address(8),
            destination: address(24),
            ttl: header[7],
            length,
            protocol,
            content,
            fragment: chain.fragment,
            whole: true,
        })
    }
}

/// What stands between an IPv6 header and what it carries (RFC 8200 §4).
struct Chain {
    /// The protocol of what it carries, and where that begins.
    next: u8,
    offset: usize,
    /// The identification, when there are other fragments.
    fragment: Option<u32>,
    is_first: bool,
}

impl Chain {
    fn walk(bytes: &[u8], next: u8, offset: usize) -> Result<Self, Unfit> {
        let mut chain = Self { next, offset, fragment: None, is_first: true };
        for _ in 0..EXTENSIONS_MAX {
            let Self { next, offset, is_first, .. } = chain;
            // What follows the fragment header of a later fragment is not a header.
            if !is_first || !matches!(next, HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS) {
                return Ok(chain);
            }
            let extension: &[u8; 8] =
                bytes.get(offset..).and_then(|rest| rest.first_chunk()).ok_or(Unfit::Malformed)?;
            let size = if next == FRAGMENT { 8 } else { 8 + usize::from(extension[1]) * 8 };
            if next == ROUTING && extension[3] != 0 {
                // Segments left: the address in the header is not the final one.
                return Err(Unfit::Foreign);
            }
            if next == FRAGMENT {
                let flags = u16::from_be_bytes([extension[2], extension[3]]);
                chain.is_first = flags & 0xFFF8 == 0;
                if !chain.is_first || flags & 1 != 0 {
                    chain.fragment =
                        Some(u32::from_be_bytes([extension[4], extension[5], extension[6], extension[7]]));
                }
            }
            chain.next = extension[0];
            chain.offset += size;
        }
        Err(Unfit::Foreign)
    }
}

impl Content {
    /// The ports (RFC 9293 §3.1, RFC 768, RFC 9260 §3.1) of a header that is there completely.
    #[inline]
    fn parse(bytes: &[u8], offset: usize, protocol: Protocol) -> Result<Self, Unfit> {
        let transport = bytes.get(offset..).ok_or(Unfit::Malformed)?;
        let signal = match protocol {
            Protocol::Tcp => {
                let header: &[u8; 20] = transport.first_chunk().ok_or(Unfit::Malformed)?;
                Signal::Segment(segment(header[13]))
            }
            Protocol::Udp => Signal::Datagram,
            Protocol::Sctp => {
                let (_, chunks) = transport.split_first_chunk::<12>().ok_or(Unfit::Malformed)?;
                Signal::Chunk(Chunk::parse(chunks))
            }
        };
        let header: &[u8; 8] = transport.first_chunk().ok_or(Unfit::Malformed)?;
        Ok(Self::Transport {
            offset,
            source_port: u16::from_be_bytes([header[0], header[1]]),
            destination_port: u16::from_be_bytes([header[2], header[3]]),
            signal,
        })
    }
}

fn segment(flags: u8) -> Option<Segment> {
    if flags & 0x04 != 0 {
        Some(Segment::Reset)
    } else if flags & 0x02 != 0 {
        Some(Segment::Syn)
    } else if flags & 0x01 != 0 {
        Some(Segment::Fin)
    } else if flags & 0x10 != 0 {
        Some(Segment::Ack)
    } else {
        None
    }
}

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;

/// IPv6 extension headers walked before giving up on a packet.
const EXTENSIONS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use etherparse::{NetSlice, SlicedPacket, TransportSlice};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_etherparse_makes_of_a_packet_is_found_here_too(
            is_v6 in any::<bool>(),
            is_tcp in any::<bool>(),
            has_options in any::<[bool; 2]>(),
            mut body in prop::collection::vec(any::<u8>(), 0..100),
            head in any::<[u8; 40]>(),
        ) {
            if !is_tcp && body.len() >= 8 {
                let length = u16::try_from(body.len()).unwrap();
                body[4..6].copy_from_slice(&length.to_be_bytes());
            }
            let protocol = if is_tcp { 6 } else { 17 };
            let bytes =
                if is_v6 { v6(head, protocol, has_options, &body) } else { v4(head, protocol, &body) };
            let Ok(sliced) = SlicedPacket::from_ip(&bytes) else { return Ok(()) };
            let (source, destination): (IpAddr, IpAddr) = match sliced.net.as_ref().unwrap() {
                NetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
                NetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
                NetSlice::Arp(_) => unreachable!("the packet is IP"),
            };
            let (ports, expected) = match sliced.transport {
                Some(TransportSlice::Udp(udp)) => ((udp.source_port(), udp.destination_port()), Signal::Datagram),
                Some(TransportSlice::Tcp(tcp)) => {
                    let flags = [
                        (tcp.rst(), Segment::Reset),
                        (tcp.syn(), Segment::Syn),
                        (tcp.fin(), Segment::Fin),
                        (tcp.ack(), Segment::Ack),
                    ];
                    let first = flags.into_iter().find(|(is_set, _)| *is_set);
                    let first = first.map(|(_, segment)| segment);
                    ((tcp.source_port(), tcp.destination_port()), Signal::Segment(first))
                }
                Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) | TransportSlice::Igmp(_)) | None => {
                    return Ok(());
                }
            };
            let packet = Packet::parse(&bytes).unwrap();
            prop_assert_eq!((packet.source, packet.destination), (source, destination));
            prop_assert_eq!(packet.length, bytes.len());
            let Content::Transport { source_port, destination_port, signal, .. } = packet.content else {
                return Err(TestCaseError::fail("a header was overlooked"));
            };
            prop_assert_eq!((source_port, destination_port), ports);
            prop_assert_eq!(signal, expected);
        }
    }

    fn v4(head: [u8; 40], protocol: u8, body: &[u8]) -> Vec<u8> {
        let length = 20 + usize::from(head[0] % 3) * 4;
        let mut header = head[..length].to_vec();
        header[0] = 0x40 + u8::try_from(length / 4).unwrap();
        header[2..4].copy_from_slice(&u16::try_from(length + body.len()).unwrap().to_be_bytes());
        header[6..8].copy_from_slice(&[0x40, 0]);
        header[9] = protocol;
        [&header, body].concat()
    }

    fn v6(mut head: [u8; 40], protocol: u8, has_options: [bool; 2], body: &[u8]) -> Vec<u8> {
        let hop_by_hop = [if has_options[1] { DESTINATION_OPTIONS } else { protocol }, 1]
            .into_iter()
            .chain(head[8..22].iter().copied())
            .collect::<Vec<u8>>();
        let options = [protocol, 0, 1, 4, 0, 0, 0, 0];
        let hop_by_hop = if has_options[0] { &hop_by_hop[..] } else { &[] };
        let options = if has_options[1] { &options[..] } else { &[] };
        head[0] = 0x60;
        head[6] = match has_options {
            [true, _] => HOP_BY_HOP,
            [false, true] => DESTINATION_OPTIONS,
            [false, false] => protocol,
        };
        let length = u16::try_from(hop_by_hop.len() + options.len() + body.len()).unwrap();
        head[4..6].copy_from_slice(&length.to_be_bytes());
        [&head[..], hop_by_hop, options, body].concat()
    }
}
