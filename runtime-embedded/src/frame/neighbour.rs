//! Who lives where: ARP requests (RFC 826), neighbour solicitations (RFC 4861) and the answers for a virtual address.

use core::net::{IpAddr, Ipv6Addr};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, Icmpv6Message, Icmpv6Packet, Icmpv6Repr, IpProtocol,
    Ipv6Packet, Ipv6Repr, NdiscNeighborFlags, NdiscRepr,
};

use super::{HEADER, Kind, Mac, address, kind, label};

/// A question about an address, or the news of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Talk {
    /// Who speaks, and where it lives, if it says so.
    pub(crate) speaker: Option<(IpAddr, Mac)>,
    /// The address that is asked for; none if this is an answer.
    pub(crate) asked: Option<IpAddr>,
}

impl Talk {
    /// Reads an ARP message or a valid neighbour solicitation or advertisement.
    pub(crate) fn parse(frame: &[u8]) -> Option<Self> {
        match kind(frame)? {
            Kind::Arp => Self::parse_arp(frame.get(HEADER..)?),
            Kind::Ipv4 => None,
            Kind::Ipv6 => Self::parse_ndisc(frame.get(HEADER..)?),
        }
    }

    fn parse_arp(message: &[u8]) -> Option<Self> {
        let packet = ArpPacket::new_checked(message).ok()?;
        let ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr,
            source_protocol_addr,
            target_protocol_addr,
            ..
        } = ArpRepr::parse(&packet).ok()?
        else {
            return None;
        };
        let lives = source_hardware_addr.is_unicast() && !source_protocol_addr.is_unspecified();
        Some(Self {
            speaker: lives.then_some((IpAddr::V4(source_protocol_addr), source_hardware_addr.0)),
            asked: match operation {
                // A gratuitous request asks nothing.
                ArpOperation::Request if source_protocol_addr != target_protocol_addr => {
                    Some(IpAddr::V4(target_protocol_addr))
                }
                ArpOperation::Request | ArpOperation::Reply | ArpOperation::Unknown(_) => None,
            },
        })
    }

    fn parse_ndisc(packet: &[u8]) -> Option<Self> {
        // The cheap test first: nearly every IPv6 packet is something else.
        if packet.get(6..8)? != [u8::from(IpProtocol::Icmpv6), 255] || !matches!(packet.get(40)?, 135 | 136) {
            return None;
        }
        let ip = Ipv6Packet::new_checked(packet).ok()?;
        let message = Icmpv6Packet::new_checked(ip.payload()).ok()?;
        let (source, destination) = (ip.src_addr(), ip.dst_addr());
        let repr =
            Icmpv6Repr::parse(&source, &destination, &message, &ChecksumCapabilities::default()).ok()?;
        let mac = |raw: smoltcp::wire::RawHardwareAddress| -> Option<Mac> { raw.as_bytes().try_into().ok() };
        let Icmpv6Repr::Ndisc(repr) = repr else { return None };
        match repr {
            NdiscRepr::NeighborSolicit { target_addr, lladdr } => Some(Self {
                speaker: lladdr
                    .and_then(mac)
                    .filter(|_| !source.is_unspecified())
                    .map(|mac| (IpAddr::V6(source), mac)),
                asked: Some(IpAddr::V6(target_addr)),
            }),
            NdiscRepr::NeighborAdvert { target_addr, lladdr, .. } => Some(Self {
                speaker: lladdr.and_then(mac).map(|mac| (IpAddr::V6(target_addr), mac)),
                asked: None,
            }),
            NdiscRepr::RouterSolicit { .. } | NdiscRepr::RouterAdvert { .. } | NdiscRepr::Redirect { .. } => {
                None
            }
        }
    }
}

/// Where the answers to an ARP request or neighbour solicitation go; all nodes if it came from nowhere (RFC 4861
/// §7.2.4).
pub(crate) struct Asker {
    pub(crate) mac: Mac,
    pub(crate) address: IpAddr,
}

/// Writes the answer that `wanted` lives at `mac`, and returns its length. The frame itself comes from `own`, the
/// port's MAC (RFC 5798 §8.1.2). `None` if the families differ or the buffer is too short.
pub(crate) fn answer(
    buffer: &mut [u8],
    asker: &Asker,
    wanted: IpAddr,
    mac: Mac,
    own: Mac,
    is_router: bool,
) -> Option<usize> {
    match (wanted, asker.address) {
        (IpAddr::V4(wanted), IpAddr::V4(asking)) => {
            let repr = ArpRepr::EthernetIpv4 {
                operation: ArpOperation::Reply,
                source_hardware_addr: EthernetAddress(mac),
                source_protocol_addr: wanted,
                target_hardware_addr: EthernetAddress(asker.mac),
                target_protocol_addr: asking,
            };
            arp(buffer, &repr, asker.mac, own)
        }
        (IpAddr::V6(wanted), IpAddr::V6(asking)) => {
            let (to, solicited) = if asking.is_unspecified() {
                (ALL_NODES, NdiscNeighborFlags::empty())
            } else {
                (asking, NdiscNeighborFlags::SOLICITED)
            };
            let to_mac = if asking.is_unspecified() { super::group_mac(IpAddr::V6(to)) } else { asker.mac };
            let router = if is_router { NdiscNeighborFlags::ROUTER } else { NdiscNeighborFlags::empty() };
            let repr = NdiscRepr::NeighborAdvert {
                flags: solicited | router | NdiscNeighborFlags::OVERRIDE,
                target_addr: wanted,
                lladdr: Some(EthernetAddress(mac).into()),
            };
            ndisc(buffer, repr, wanted, to, to_mac, own)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// Writes a question for `wanted` from `source`, who lives at `own`, and returns its length.
pub(crate) fn question(buffer: &mut [u8], wanted: IpAddr, source: IpAddr, own: Mac) -> Option<usize> {
    match (wanted, source) {
        (IpAddr::V4(wanted), IpAddr::V4(source)) => {
            let repr = ArpRepr::EthernetIpv4 {
                operation: ArpOperation::Request,
                source_hardware_addr: EthernetAddress(own),
                source_protocol_addr: source,
                target_hardware_addr: EthernetAddress([0; 6]),
                target_protocol_addr: wanted,
            };
            arp(buffer, &repr, super::BROADCAST, own)
        }
        (IpAddr::V6(wanted), IpAddr::V6(source)) => {
            let group = super::solicited_node(wanted);
            let repr =
                NdiscRepr::NeighborSolicit { target_addr: wanted, lladdr: Some(EthernetAddress(own).into()) };
            ndisc(buffer, repr, source, group, super::group_mac(IpAddr::V6(group)), own)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

fn arp(buffer: &mut [u8], repr: &ArpRepr, to: Mac, from: Mac) -> Option<usize> {
    let length = HEADER + repr.buffer_len();
    let frame = buffer.get_mut(..length)?;
    address(frame, to, from)?;
    label(frame, Kind::Arp)?;
    repr.emit(&mut ArpPacket::new_unchecked(&mut frame[HEADER..]));
    Some(length)
}

fn ndisc(
    buffer: &mut [u8],
    repr: NdiscRepr<'_>,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    to: Mac,
    from: Mac,
) -> Option<usize> {
    let repr = Icmpv6Repr::Ndisc(repr);
    let ip = Ipv6Repr {
        src_addr: source,
        dst_addr: destination,
        next_header: IpProtocol::Icmpv6,
        payload_len: repr.buffer_len(),
        hop_limit: 255,
    };
    let length = HEADER + ip.buffer_len() + repr.buffer_len();
    let frame = buffer.get_mut(..length)?;
    address(frame, to, from)?;
    label(frame, Kind::Ipv6)?;
    let mut packet = Ipv6Packet::new_unchecked(&mut frame[HEADER..]);
    ip.emit(&mut packet);
    let mut message = Icmpv6Packet::new_unchecked(packet.payload_mut());
    repr.emit(&source, &destination, &mut message, &ChecksumCapabilities::default());
    debug_assert!(matches!(
        message.msg_type(),
        Icmpv6Message::NeighborAdvert | Icmpv6Message::NeighborSolicit
    ));
    Some(length)
}

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
