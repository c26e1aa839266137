//! Where things are in an Ethernet frame.
//!
//! Only untagged frames are looked into; one with a VLAN tag is nobody's.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Range;

pub(crate) mod checksum;
pub(crate) mod neighbour;
pub(crate) mod source;

/// A link address.
pub type Mac = [u8; 6];

/// Whom the frame is for.
pub(crate) fn destination(frame: &[u8]) -> Option<Mac> {
    frame.first_chunk().copied()
}

/// Who sent the frame.
pub(crate) fn source(frame: &[u8]) -> Option<Mac> {
    frame.get(SOURCE)?.try_into().ok()
}

/// What follows the Ethernet header.
pub(crate) fn kind(frame: &[u8]) -> Option<Kind> {
    match *frame.get(ETHER_TYPE)? {
        [0x08, 0x06] => Some(Kind::Arp),
        [0x08, 0x00] => Some(Kind::Ipv4),
        [0x86, 0xdd] => Some(Kind::Ipv6),
        _ => None,
    }
}

/// Addresses and protocol of the IP packet in a frame, as far as they are there. Over IPv6 the protocol is the first
/// next header.
pub(crate) fn ip(frame: &[u8]) -> Option<Ip> {
    let packet = frame.get(HEADER..)?;
    match kind(frame)? {
        Kind::Arp => None,
        Kind::Ipv4 => {
            let header: &[u8; 20] = packet.first_chunk()?;
            let address =
                |at: usize| Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]);
            (header[0] >> 4 == 4).then(|| Ip {
                source: IpAddr::V4(address(12)),
                destination: IpAddr::V4(address(16)),
                protocol: header[9],
            })
        }
        Kind::Ipv6 => {
            let header: &[u8; 40] = packet.first_chunk()?;
            let source: [u8; 16] = header[8..24].try_into().ok()?;
            let destination: [u8; 16] = header[24..40].try_into().ok()?;
            (header[0] >> 4 == 6).then(|| Ip {
                source: IpAddr::V6(Ipv6Addr::from(source)),
                destination: IpAddr::V6(Ipv6Addr::from(destination)),
                protocol: header[6],
            })
        }
    }
}

/// Writes an Ethernet header. `None` if the frame is too short for one.
pub(crate) fn address(frame: &mut [u8], destination: Mac, source: Mac) -> Option<()> {
    frame.get_mut(DESTINATION)?.copy_from_slice(&destination);
    frame.get_mut(SOURCE)?.copy_from_slice(&source);
    Some(())
}

/// Writes the type that tells what follows the Ethernet header. `None` if the frame is too short for one.
pub(crate) fn label(frame: &mut [u8], kind: Kind) -> Option<()> {
    let number = match kind {
        Kind::Arp => [0x08, 0x06],
        Kind::Ipv4 => [0x08, 0x00],
        Kind::Ipv6 => [0x86, 0xdd],
    };
    frame.get_mut(ETHER_TYPE)?.copy_from_slice(&number);
    Some(())
}

/// Whether more than one station is meant.
pub(crate) fn is_group(mac: Mac) -> bool {
    mac[0] & 1 == 1
}

/// The link address of a multicast group (RFC 1112 §6.4, RFC 2464 §7).
pub(crate) fn group_mac(group: IpAddr) -> Mac {
    match group {
        IpAddr::V4(group) => {
            let [_, second, third, fourth] = group.octets();
            [0x01, 0x00, 0x5e, second & 0x7f, third, fourth]
        }
        IpAddr::V6(group) => {
            let [.., a, b, c, d] = group.octets();
            [0x33, 0x33, a, b, c, d]
        }
    }
}

/// The group that whoever looks for `address` asks (RFC 4291 §2.7.1).
pub(crate) fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]))
}

/// The link-local address of a station with this MAC (RFC 4291 appendix A).
pub(crate) fn link_local(mac: Mac) -> Ipv6Addr {
    let pair = |high, low| u16::from_be_bytes([high, low]);
    let [first, second] = [pair(mac[0] ^ 2, mac[1]), pair(mac[2], 0xff)];
    Ipv6Addr::new(0xfe80, 0, 0, 0, first, second, pair(0xfe, mac[3]), pair(mac[4], mac[5]))
}

/// What a frame carries, of what is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Arp,
    Ipv4,
    Ipv6,
}

/// The ends of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ip {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
}

const DESTINATION: Range<usize> = 0..6;
const SOURCE: Range<usize> = 6..12;
const ETHER_TYPE: Range<usize> = 12..14;
/// Bytes of an Ethernet header.
pub(crate) const HEADER: usize = 14;
/// Bytes of the longest frame, its checksum not counted.
pub(crate) const LONGEST: usize = 1514;
pub(crate) const BROADCAST: Mac = [0xff; 6];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_the_link_addresses_of_the_rfcs() {
        assert_eq!(group_mac(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18))), [0x01, 0x00, 0x5e, 0, 0, 0x12]);
        assert_eq!(group_mac(IpAddr::V4(Ipv4Addr::new(239, 200, 1, 2))), [0x01, 0x00, 0x5e, 0x48, 1, 2]);
        let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0xab12, 0x3456);
        assert_eq!(solicited_node(address), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff12, 0x3456));
        assert_eq!(group_mac(IpAddr::V6(solicited_node(address))), [0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
    }

    #[test]
    fn the_link_local_address_has_the_mac_in_it() {
        // RFC 2464 §4
        let mac = [0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde];
        assert_eq!(link_local(mac), Ipv6Addr::new(0xfe80, 0, 0, 0, 0x3656, 0x78ff, 0xfe9a, 0xbcde));
    }

    #[test]
    fn short_frames_are_nothing() {
        for length in 0..HEADER + 20 {
            let mut frame = [0x45; HEADER + 20];
            frame[12..14].copy_from_slice(&[0x08, 0x00]);
            assert_eq!(ip(&frame[..length]), None);
        }
        assert_eq!(kind(&[0; 13]), None);
        assert_eq!(destination(&[0; 5]), None);
    }
}
