//! ARP over Ethernet for IPv4 (RFC 826).

use core::net::Ipv4Addr;
use core::ops::Range;

use crate::frame::{self, HEADER, Kind, Mac};

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repr {
    pub(super) operation: Operation,
    pub(super) sender: (Ipv4Addr, Mac),
    pub(super) target: (Ipv4Addr, Mac),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Request,
    Reply,
}

impl Repr {
    /// Reads what follows the Ethernet header.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let message: &[u8; LEN] = message.first_chunk()?;
        let operation = match message[OPERATION] {
            [0, 1] => Operation::Request,
            [0, 2] => Operation::Reply,
            _ => return None,
        };
        let end = |address: Range<usize>, mac: Range<usize>| {
            let address: [u8; 4] = message[address].try_into().ok()?;
            Some((Ipv4Addr::from(address), message[mac].try_into().ok()?))
        };
        (message[KINDS] == ETHERNET_IPV4).then_some(())?;
        Some(Self { operation, sender: end(SENDER, SENDER_MAC)?, target: end(TARGET, TARGET_MAC)? })
    }

    /// Writes a whole frame and returns its length. `None` if the buffer is too short.
    pub(super) fn emit(&self, to: Mac, from: Mac, buffer: &mut [u8]) -> Option<usize> {
        frame::address(buffer, to, from)?;
        frame::label(buffer, Kind::Arp)?;
        let message: &mut [u8; LEN] = buffer.get_mut(HEADER..)?.first_chunk_mut()?;
        message[KINDS].copy_from_slice(&ETHERNET_IPV4);
        message[OPERATION].copy_from_slice(match self.operation {
            Operation::Request => &[0, 1],
            Operation::Reply => &[0, 2],
        });
        message[SENDER_MAC].copy_from_slice(&self.sender.1);
        message[SENDER].copy_from_slice(&self.sender.0.octets());
        message[TARGET_MAC].copy_from_slice(&self.target.1);
        message[TARGET].copy_from_slice(&self.target.0.octets());
        Some(HEADER + LEN)
    }
}

const LEN: usize = 28;
const KINDS: Range<usize> = 0..6;
const OPERATION: Range<usize> = 6..8;
const SENDER_MAC: Range<usize> = 8..14;
const SENDER: Range<usize> = 14..18;
const TARGET_MAC: Range<usize> = 18..24;
const TARGET: Range<usize> = 24..28;
/// The kinds of both addresses and their lengths.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 0x08, 0x00, 6, 4];

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: Repr = Repr {
        operation: Operation::Reply,
        sender: (Ipv4Addr::new(192, 0, 2, 1), [0, 0, 0x5e, 0, 1, 51]),
        target: (Ipv4Addr::new(192, 0, 2, 77), [2, 0, 0, 0, 0xee, 1]),
    };

    #[test]
    fn a_reply_is_the_one_of_the_rfc() {
        let mut frame = [0; 42];
        assert_eq!(REPLY.emit([2, 0, 0, 0, 0xee, 1], [2, 0, 0, 0, 0, 9], &mut frame), Some(42));
        assert_eq!(
            frame,
            *b"\x02\x00\x00\x00\xee\x01\x02\x00\x00\x00\x00\x09\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02\
            \x00\x00\x5e\x00\x01\x33\xc0\x00\x02\x01\x02\x00\x00\x00\xee\x01\xc0\x00\x02\x4d"
        );
        assert_eq!(Repr::parse(&frame[14..]), Some(REPLY));
        assert_eq!(REPLY.emit([0; 6], [0; 6], &mut frame[..41]), None);
    }

    #[test]
    fn what_is_not_about_ethernet_and_ipv4_is_nothing() {
        let mut frame = [0; 42];
        REPLY.emit([0; 6], [0; 6], &mut frame);
        for position in [14, 15, 16, 17, 18, 19, 20, 21] {
            let mut damaged = frame;
            damaged[position] ^= 0x10;
            assert_eq!(Repr::parse(&damaged[14..]), None, "byte {position}");
        }
        assert_eq!(Repr::parse(&frame[14..41]), None);
    }
}
