//! ARP and neighbour discovery: who has an address, and who says that it is here now.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;
use serde::Serialize;
use vrrp_core::Family;

use super::frame::Mac;

/// An ARP message for IPv4 over Ethernet (RFC 826).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Arp {
    /// 1 asks, 2 answers.
    operation: u16,
    /// It announces: sender and target address are the same (RFC 5227 §3).
    pub(super) gratuitous: bool,
    /// It answers an announcement: the sender has the address too.
    conflict: bool,
    sender_mac: Mac,
    sender: Ipv4Addr,
    target_mac: Mac,
    target: Ipv4Addr,
}

impl Arp {
    /// `None` when it is about other kinds of addresses, or cut short.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<28>()?;
        if bytes[..6] != [0, 1, 0x08, 0x00, 6, 4] {
            return None;
        }
        let address = |at: usize| Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
        let (sender, target) = (address(14), address(24));
        let (sender_mac, target_mac) = (Mac::read(&bytes[8..])?, Mac::read(&bytes[18..])?);
        let operation = u16::from_be_bytes([bytes[6], bytes[7]]);
        // A gratuitous reply names nobody it replies to.
        let answers = operation == 2 && ![sender_mac, Mac([0; 6]), Mac([0xff; 6])].contains(&target_mac);
        Some(Self {
            operation,
            gratuitous: sender == target && !answers,
            conflict: sender == target && answers,
            sender_mac,
            sender,
            target_mac,
            target,
        })
    }

    /// Whether it has to do with a virtual router that has `addresses`.
    pub(super) fn concerns(&self, vrid: u8, addresses: &[IpAddr]) -> bool {
        let about = |address: Ipv4Addr| addresses.contains(&address.into());
        about(self.sender)
            || about(self.target)
            || self.sender_mac.virtual_router() == Some((Family::V4, vrid))
    }
}

impl fmt::Display for Arp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, gratuitous, conflict, sender_mac, sender, target_mac, target } = self;
        match (operation, gratuitous) {
            (2, false) if *conflict => {
                write!(
                    out,
                    "ARP reply to the announcement by {target_mac}: {sender} is at {} too",
                    Named(*sender_mac)
                )
            }
            (1, true) => write!(out, "gratuitous ARP request: {sender} is at {}", Named(*sender_mac)),
            (2, true) => write!(out, "gratuitous ARP reply: {sender} is at {}", Named(*sender_mac)),
            (1, false) if sender.is_unspecified() => write!(out, "ARP probe: has anybody {target}?"),
            (1, false) => write!(out, "ARP request: who has {target}? tell {sender}"),
            (2, false) => {
                write!(out, "ARP reply to {target} ({target_mac}): {sender} is at {}", Named(*sender_mac))
            }
            (other, _) => write!(out, "ARP operation {other}: from {sender} to {target}"),
        }
    }
}

/// A neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Neighbour {
    source: Ipv6Addr,
    destination: Ipv6Addr,
    /// Receivers take nothing but 255.
    hop_limit: u8,
    message: NeighbourMessage,
    target: Ipv6Addr,
    /// The R and O flags of an advertisement, by name.
    flags: Vec<&'static str>,
    /// The option: of the sender of a question, of the target of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_address: Option<Mac>,
    checksum_good: bool,
}

/// What a message of neighbour discovery is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NeighbourMessage {
    /// It asks who has an address.
    Solicitation,
    /// It answers.
    Advertisement,
    /// It announces, without having been asked.
    UnsolicitedAdvertisement,
}

impl Neighbour {
    /// `None` for any other message of `ICMPv6`, or one cut short.
    pub(super) fn parse(
        source: Ipv6Addr,
        destination: Ipv6Addr,
        hop_limit: u8,
        bytes: &[u8],
    ) -> Option<Self> {
        let header = bytes.first_chunk::<24>()?;
        let (message, wanted) = match ([header[0], header[1]], header[4] & SOLICITED) {
            ([135, 0], _) => (NeighbourMessage::Solicitation, SOURCE_LINK_ADDRESS),
            ([136, 0], 0) => (NeighbourMessage::UnsolicitedAdvertisement, TARGET_LINK_ADDRESS),
            ([136, 0], _) => (NeighbourMessage::Advertisement, TARGET_LINK_ADDRESS),
            ([_, _], _) => return None,
        };
        let set = if message == NeighbourMessage::Solicitation { 0 } else { header[4] };
        let flags = FLAGS.iter().filter(|(bit, _)| set & bit != 0).map(|(_, name)| *name);
        let target: [u8; 16] = *header.last_chunk()?;
        let length = u32::try_from(bytes.len()).ok()?;
        let sum = Sum16BitWords::new()
            .add_16bytes(source.octets())
            .add_16bytes(destination.octets())
            .add_4bytes(length.to_be_bytes())
            .add_2bytes([0, ICMPV6])
            .add_slice(bytes);
        Some(Self {
            source,
            destination,
            hop_limit,
            message,
            target: target.into(),
            flags: flags.collect(),
            link_address: option(&bytes[24..], wanted),
            checksum_good: sum.ones_complement() == 0,
        })
    }

    /// Whether it announces.
    pub(super) fn is_unsolicited(&self) -> bool {
        self.message == NeighbourMessage::UnsolicitedAdvertisement
    }

    /// Whether it has to do with a virtual router that has `addresses`.
    pub(super) fn concerns(&self, vrid: u8, addresses: &[IpAddr]) -> bool {
        addresses.contains(&self.target.into())
            || self.link_address.and_then(Mac::virtual_router) == Some((Family::V6, vrid))
    }
}

impl fmt::Display for Neighbour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, target, .. } = self;
        let (what, joint) = match self.message {
            NeighbourMessage::UnsolicitedAdvertisement => {
                (format!("unsolicited neighbour advertisement: {target}"), "is at")
            }
            NeighbourMessage::Advertisement => (format!("neighbour advertisement: {target}"), "is at"),
            NeighbourMessage::Solicitation if source.is_unspecified() => (
                format!("neighbour solicitation (duplicate address detection): has anybody {target}?"),
                "from",
            ),
            NeighbourMessage::Solicitation => (format!("neighbour solicitation: who has {target}?"), "tell"),
        };
        write!(out, "{source} > {destination} {what}")?;
        if let Some(mac) = self.link_address {
            write!(out, " {joint} {}", Named(mac))?;
        }
        for flag in &self.flags {
            write!(out, ", {flag}")?;
        }
        if self.hop_limit != 255 {
            write!(out, ", hop limit {} (receivers ignore it)", self.hop_limit)?;
        }
        if !self.checksum_good {
            write!(out, ", checksum wrong")?;
        }
        Ok(())
    }
}

/// A link address; a virtual one says whose it is.
#[derive(Clone, Copy)]
pub(super) struct Named(pub(super) Mac);

impl fmt::Display for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.virtual_router() {
            None => write!(out, "{}", self.0),
            Some((_, vrid)) => write!(out, "{} (virtual, VRID {vrid})", self.0),
        }
    }
}

/// Looks through options for one of eight bytes with a link address (RFC 4861 §4.6.1).
fn option(mut options: &[u8], wanted: u8) -> Option<Mac> {
    while let [kind, units, ..] = *options {
        let (option, rest) = options.split_at_checked(usize::from(units) * 8)?;
        if kind == wanted && units == 1 {
            return Mac::read(&option[2..]);
        }
        if units == 0 {
            return None;
        }
        options = rest;
    }
    None
}

const SOURCE_LINK_ADDRESS: u8 = 1;
const TARGET_LINK_ADDRESS: u8 = 2;
const ICMPV6: u8 = 58;
const SOLICITED: u8 = 0x40;
const FLAGS: [(u8, &str); 2] = [(0x80, "router"), (0x20, "override")];
