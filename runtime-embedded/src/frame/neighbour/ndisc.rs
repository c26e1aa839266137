//! Neighbour solicitations and advertisements (RFC 4861 §4.3, §4.4).

use core::net::Ipv6Addr;
use core::ops::Range;

use crate::frame::checksum::Sum;
use crate::frame::{self, HEADER, Kind, Mac};

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repr {
    pub(super) message: Message,
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
    pub(super) target: Ipv6Addr,
    /// Where the source of a solicitation or the target of an advertisement lives.
    pub(super) mac: Option<Mac>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Solicitation,
    Advertisement { flags: u8 },
}

impl Repr {
    /// Reads an IPv6 packet with a valid message (RFC 4861 §7.1).
    pub(super) fn parse(packet: &[u8]) -> Option<Self> {
        let (header, rest) = packet.split_first_chunk::<40>()?;
        // The cheap test first: nearly every IPv6 packet is something else.
        if header[NEXT_AND_LIMIT] != [58, 255] {
            return None;
        }
        let body = rest.get(..usize::from(u16::from_be_bytes([header[4], header[5]])))?;
        let (head, options) = body.split_first_chunk::<24>()?;
        let (message, option) = match head[..2] {
            [135, 0] => (Message::Solicitation, SOURCE_LINK_ADDRESS),
            [136, 0] => (Message::Advertisement { flags: head[4] }, TARGET_LINK_ADDRESS),
            _ => return None,
        };
        let address = |bytes: &[u8]| Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?));
        let repr = Self {
            message,
            source: address(&header[SOURCE])?,
            destination: address(&header[DESTINATION])?,
            target: address(&head[8..])?,
            mac: link_address(options, option).ok()?,
        };
        let is_valid = match message {
            Message::Solicitation => !repr.source.is_unspecified() || repr.mac.is_none(),
            Message::Advertisement { flags } => !repr.destination.is_multicast() || flags & SOLICITED == 0,
        };
        (is_valid && !repr.target.is_multicast() && Sum::icmpv6(header, body).holds()).then_some(repr)
    }

    /// Writes a whole frame and returns its length. `None` if the buffer is too short.
    pub(super) fn emit(&self, to: Mac, from: Mac, buffer: &mut [u8]) -> Option<usize> {
        frame::address(buffer, to, from)?;
        frame::label(buffer, Kind::Ipv6)?;
        let (header, rest) = buffer.get_mut(HEADER..)?.split_first_chunk_mut::<40>()?;
        let body: &mut [u8; LEN] = rest.first_chunk_mut()?;
        *body = [0; LEN];
        header[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 24, 58, 255]);
        header[SOURCE].copy_from_slice(&self.source.octets());
        header[DESTINATION].copy_from_slice(&self.destination.octets());
        let option = match self.message {
            Message::Solicitation => {
                body[0] = 135;
                SOURCE_LINK_ADDRESS
            }
            Message::Advertisement { flags } => {
                body[0] = 136;
                body[4] = flags;
                TARGET_LINK_ADDRESS
            }
        };
        body[8..24].copy_from_slice(&self.target.octets());
        if let Some(mac) = self.mac {
            body[24..26].copy_from_slice(&[option, 1]);
            body[26..].copy_from_slice(&mac);
            header[5] = 32;
        }
        let length = usize::from(header[5]);
        let checksum = Sum::icmpv6(header, &body[..length]).complement();
        body[2..4].copy_from_slice(&checksum);
        Some(HEADER + 40 + length)
    }
}

/// The link address in the first option of this kind, if there is one (RFC 4861 §4.6.1).
fn link_address(mut options: &[u8], wanted: u8) -> Result<Option<Mac>, Damaged> {
    let mut found = None;
    while let [kind, units, ..] = *options {
        if units == 0 {
            return Err(Damaged);
        }
        let (option, rest) = options.split_at_checked(8 * usize::from(units)).ok_or(Damaged)?;
        if kind == wanted && found.is_none() {
            found = option[2..].try_into().ok();
        }
        options = rest;
    }
    if options.is_empty() { Ok(found) } else { Err(Damaged) }
}

/// Options that do not fit into their message.
#[derive(Debug, PartialEq, Eq)]
struct Damaged;

/// RFC 4861 §4.4
pub(super) const ROUTER: u8 = 0x80;
pub(super) const SOLICITED: u8 = 0x40;
pub(super) const OVERRIDE: u8 = 0x20;
const LEN: usize = 32;
const NEXT_AND_LIMIT: Range<usize> = 6..8;
const SOURCE: Range<usize> = 8..24;
const DESTINATION: Range<usize> = 24..40;
const SOURCE_LINK_ADDRESS: u8 = 1;
const TARGET_LINK_ADDRESS: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = [0, 0, 0x5e, 0, 2, 1];
    const TARGET: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    const REPR: Repr = Repr {
        message: Message::Advertisement { flags: ROUTER | OVERRIDE },
        source: TARGET,
        destination: ALL_NODES,
        target: TARGET,
        mac: Some(MAC),
    };

    #[test]
    fn an_advertisement_is_the_one_that_announces_a_virtual_address() {
        let announced =
            vrrp_core::wire::ndisc::Repr { mac: MAC, source: TARGET, target: TARGET, router: true };
        let mut frame = [0xaa; 90];
        assert_eq!(REPR.emit([0x33, 0x33, 0, 0, 0, 1], MAC, &mut frame), Some(86));
        assert_eq!(frame[..86], announced.emit());
        assert_eq!(Repr::parse(&frame[14..]), Some(REPR));
        assert_eq!(REPR.emit(MAC, MAC, &mut frame[..85]), None);
    }

    #[test]
    fn damaged_and_forbidden_messages_are_nothing() {
        let mut frame = [0; 86];
        REPR.emit(MAC, MAC, &mut frame);
        for position in 18..86 {
            let mut damaged = frame;
            damaged[position] ^= 0x10;
            assert_eq!(Repr::parse(&damaged[14..]), None, "byte {position}");
        }
        for length in 14..86 {
            assert_eq!(Repr::parse(&frame[14..length]), None);
        }
        // RFC 4861 §7.1.1, §7.1.2
        let solicitation = Repr { message: Message::Solicitation, ..REPR };
        for forbidden in [
            Repr { message: Message::Advertisement { flags: SOLICITED }, ..REPR },
            Repr { target: ALL_NODES, ..REPR },
            Repr { source: Ipv6Addr::UNSPECIFIED, ..solicitation },
        ] {
            forbidden.emit(MAC, MAC, &mut frame);
            assert_eq!(Repr::parse(&frame[14..]), None);
        }
        let probe = Repr { source: Ipv6Addr::UNSPECIFIED, mac: None, ..solicitation };
        assert_eq!(probe.emit(MAC, MAC, &mut frame), Some(78));
        assert_eq!(Repr::parse(&frame[14..]), Some(probe));
    }

    #[test]
    fn other_options_are_passed_over_and_damaged_ones_refuse_the_message() {
        assert_eq!(link_address(&[14, 1, 1, 2, 3, 4, 5, 6, 1, 1, 0, 0, 0x5e, 0, 2, 1], 1), Ok(Some(MAC)));
        assert_eq!(link_address(&[], 1), Ok(None));
        assert_eq!(link_address(&[2, 1, 0, 0, 0x5e, 0, 2, 1], 1), Ok(None));
        assert_eq!(link_address(&[14, 0, 1, 2, 3, 4, 5, 6], 1), Err(Damaged));
        assert_eq!(link_address(&[14, 2, 1, 2, 3, 4, 5, 6], 1), Err(Damaged));
        assert_eq!(link_address(&[14], 1), Err(Damaged));
    }
}
