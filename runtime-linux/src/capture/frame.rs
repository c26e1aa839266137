//! The frame around a packet: link addresses, VLAN tags, and what it carries.

use core::fmt;

use etherparse::{Ethernet2HeaderSlice, LinuxSllHeaderSlice, LinuxSllProtocolType, SingleVlanHeaderSlice};
use serde::{Serialize, Serializer};
use vrrp_core::Family;

/// How a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkType {
    /// An Ethernet header.
    Ethernet,
    /// Linux's cooked header of 16 bytes (`LINKTYPE_LINUX_SLL`): what a capture of all interfaces has.
    Cooked,
    /// Its successor of 20 bytes (`LINKTYPE_LINUX_SLL2`).
    Cooked2,
    /// None: the IP header comes first.
    Raw,
}

impl LinkType {
    /// By the number in a capture file (<https://www.tcpdump.org/linktypes.html>).
    pub(super) fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Ethernet),
            113 => Some(Self::Cooked),
            276 => Some(Self::Cooked2),
            12 | 14 | 101 | 228 | 229 => Some(Self::Raw),
            _ => None,
        }
    }
}

/// A frame, its link layer read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Who sent it, where the link layer tells.
    pub(super) source: Option<Mac>,
    /// To whom; a cooked header does not tell.
    pub(super) destination: Option<Mac>,
    /// VLAN identifiers, the outermost first.
    pub(super) vlans: Vec<u16>,
    /// What it carries.
    pub(super) network: Network<'a>,
}

/// What a frame carries, padding included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network<'a> {
    /// A packet of either IP version.
    Ip(&'a [u8]),
    /// An ARP message.
    Arp(&'a [u8]),
    /// Anything else.
    Other,
}

impl<'a> Frame<'a> {
    /// `None` when the link layer's header is cut short.
    pub(super) fn parse(link: LinkType, bytes: &'a [u8]) -> Option<Self> {
        let (source, destination, mut ether_type, mut rest) = match link {
            LinkType::Ethernet => {
                let header = Ethernet2HeaderSlice::from_slice(bytes).ok()?;
                let rest = bytes.get(header.slice().len()..)?;
                let (source, destination) = (Mac(header.source()), Mac(header.destination()));
                (Some(source), Some(destination), header.ether_type().0, rest)
            }
            LinkType::Cooked => {
                let header = LinuxSllHeaderSlice::from_slice(bytes).ok()?;
                let rest = bytes.get(header.slice().len()..)?;
                let LinuxSllProtocolType::EtherType(ether_type) = header.protocol_type() else {
                    return Some(Self::other());
                };
                let known = header.sender_address_valid_length() == 6;
                let source = known.then(|| Mac::read(&header.sender_address_full())).flatten();
                (source, None, ether_type.0, rest)
            }
            LinkType::Cooked2 => {
                let header = bytes.get(..20)?;
                let ether_type = u16::from_be_bytes([header[0], header[1]]);
                let source = if header[11] == 6 { Mac::read(&header[12..]) } else { None };
                (source, None, ether_type, bytes.get(20..)?)
            }
            LinkType::Raw => {
                let network = if bytes.is_empty() { Network::Other } else { Network::Ip(bytes) };
                return Some(Self { network, ..Self::other() });
            }
        };
        let mut vlans = Vec::new();
        while matches!(ether_type, 0x8100 | 0x88a8 | 0x9100) {
            let tag = SingleVlanHeaderSlice::from_slice(rest).ok()?;
            vlans.push(tag.vlan_identifier().value());
            ether_type = tag.ether_type().0;
            rest = rest.get(tag.slice().len()..)?;
        }
        let network = match ether_type {
            0x0800 | 0x86dd => Network::Ip(rest),
            0x0806 => Network::Arp(rest),
            _ => Network::Other,
        };
        Some(Self { source, destination, vlans, network })
    }

    fn other() -> Self {
        Self { source: None, destination: None, vlans: Vec::new(), network: Network::Other }
    }
}

/// A link address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mac(pub(super) [u8; 6]);

impl Mac {
    /// The first six bytes.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied().map(Self)
    }

    /// Whose virtual MAC it is (RFC 9568 §7.3).
    pub(super) fn virtual_router(self) -> Option<(Family, u8)> {
        match self.0 {
            [0, 0, 0x5e, 0, 1, vrid] => Some((Family::V4, vrid)),
            [0, 0, 0x5e, 0, 2, vrid] => Some((Family::V6, vrid)),
            _ => None,
        }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(out, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(out, ":{byte:02x}"))
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vlan_tags_are_passed_over_and_kept() {
        let mut bytes = vec![1, 0, 0x5e, 0, 0, 18, 0, 0, 0x5e, 0, 1, 51, 0x88, 0xa8, 0, 7, 0x81, 0, 0x20, 10];
        bytes.extend([0x08, 0x00, 0x45]);
        assert_eq!(
            Frame::parse(LinkType::Ethernet, &bytes),
            Some(Frame {
                source: Some(Mac([0, 0, 0x5e, 0, 1, 51])),
                destination: Some(Mac([1, 0, 0x5e, 0, 0, 18])),
                vlans: vec![7, 10],
                network: Network::Ip(&[0x45]),
            })
        );
        assert_eq!(Frame::parse(LinkType::Ethernet, &bytes[..18]), None);
    }

    #[test]
    fn cooked_headers_tell_the_sender_only() {
        let source = Some(Mac([2, 0, 0, 0, 0, 1]));
        let cooked = [0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x08, 0x06, 9];
        let cooked2 = [0x08, 0x06, 0, 0, 0, 0, 0, 3, 0, 1, 1, 6, 2, 0, 0, 0, 0, 1, 0, 0, 9];
        for (link, bytes) in [(LinkType::Cooked, &cooked[..]), (LinkType::Cooked2, &cooked2)] {
            assert_eq!(
                Frame::parse(link, bytes),
                Some(Frame { source, destination: None, vlans: vec![], network: Network::Arp(&[9]) })
            );
        }
    }

    #[test]
    fn virtual_macs_name_their_router() {
        assert_eq!(Mac([0, 0, 0x5e, 0, 2, 7]).virtual_router(), Some((Family::V6, 7)));
        assert_eq!(Mac([0, 0, 0x5e, 0, 3, 7]).virtual_router(), None);
    }
}
