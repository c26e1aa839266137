//! Unsolicited neighbour advertisement: gratuitous ARP's counterpart over IPv6 (RFC 9568 §6.4.2, RFC 4861
//! §7.2.6).

use core::net::Ipv6Addr;

use super::checksum;

/// One unsolicited neighbour advertisement to all nodes, as an Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repr {
    /// Where the address lives: the virtual MAC, or the interface's own where no virtual MAC is used.
    pub mac: [u8; 6],
    /// The address of IPv6 that the packet comes from: the link-local one of the virtual router.
    pub source: Ipv6Addr,
    /// The announced address.
    pub target: Ipv6Addr,
    /// The router flag: set when this host forwards packets.
    pub router: bool,
}

impl Repr {
    /// Reads a frame that carries an unsolicited advertisement with a target link address and a valid
    /// checksum.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let frame = frame.get(..LEN)?;
        let flags = frame[field::FLAGS];
        let advertises = frame[field::ETHER_TYPE] == IPV6
            && frame[field::VERSION] >> 4 == 6
            && frame[field::LENGTH_NEXT_LIMIT] == LENGTH_NEXT_LIMIT
            && frame[field::TYPE_CODE] == ADVERTISEMENT
            && flags & SOLICITED == 0
            && frame[field::OPTION] == TARGET_LINK_ADDRESS
            && checksum::holds(sum(frame));
        let source: [u8; 16] = frame[field::SOURCE_IP].try_into().ok()?;
        let target: [u8; 16] = frame[field::TARGET].try_into().ok()?;
        let mac = frame[field::OPTION_MAC].try_into().ok()?;
        advertises.then_some(Self {
            mac,
            source: source.into(),
            target: target.into(),
            router: flags & ROUTER != 0,
        })
    }

    /// The frame: override set, solicited not set, hop limit 255.
    pub fn emit(&self) -> [u8; LEN] {
        let mut frame = [0; LEN];
        frame[field::DESTINATION].copy_from_slice(&[0x33, 0x33, 0, 0, 0, 1]);
        frame[field::SOURCE].copy_from_slice(&self.mac);
        frame[field::ETHER_TYPE].copy_from_slice(&IPV6);
        frame[field::VERSION] = 0x60;
        frame[field::LENGTH_NEXT_LIMIT].copy_from_slice(&LENGTH_NEXT_LIMIT);
        frame[field::SOURCE_IP].copy_from_slice(&self.source.octets());
        frame[field::DESTINATION_IP].copy_from_slice(&ALL_NODES.octets());
        frame[field::TYPE_CODE].copy_from_slice(&ADVERTISEMENT);
        frame[field::FLAGS] = OVERRIDE | if self.router { ROUTER } else { 0 };
        frame[field::TARGET].copy_from_slice(&self.target.octets());
        frame[field::OPTION].copy_from_slice(&TARGET_LINK_ADDRESS);
        frame[field::OPTION_MAC].copy_from_slice(&self.mac);
        let sum = (!checksum::folded(sum(&frame))).to_ne_bytes();
        frame[field::CHECKSUM].copy_from_slice(&sum);
        frame
    }
}

/// Over the pseudo-header of IPv6 and the message (RFC 4443 §2.3).
fn sum(frame: &[u8]) -> u64 {
    checksum::sum(&frame[field::SOURCE_IP])
        + checksum::sum(&frame[field::DESTINATION_IP])
        + checksum::sum(&[0, 32, 0, ICMPV6])
        + checksum::sum(&frame[field::MESSAGE])
}

mod field {
    use core::ops::Range;

    pub(super) const DESTINATION: Range<usize> = 0..6;
    pub(super) const SOURCE: Range<usize> = 6..12;
    pub(super) const ETHER_TYPE: Range<usize> = 12..14;
    pub(super) const VERSION: usize = 14;
    pub(super) const LENGTH_NEXT_LIMIT: Range<usize> = 18..22;
    pub(super) const SOURCE_IP: Range<usize> = 22..38;
    pub(super) const DESTINATION_IP: Range<usize> = 38..54;
    pub(super) const MESSAGE: Range<usize> = 54..86;
    pub(super) const TYPE_CODE: Range<usize> = 54..56;
    pub(super) const CHECKSUM: Range<usize> = 56..58;
    pub(super) const FLAGS: usize = 58;
    pub(super) const TARGET: Range<usize> = 62..78;
    pub(super) const OPTION: Range<usize> = 78..80;
    pub(super) const OPTION_MAC: Range<usize> = 80..86;
}

/// Bytes of the frame.
pub const LEN: usize = 86;
const IPV6: [u8; 2] = [0x86, 0xdd];
const ICMPV6: u8 = 58;
/// A payload of 32 bytes, `ICMPv6`, hop limit 255.
const LENGTH_NEXT_LIMIT: [u8; 4] = [0, 32, ICMPV6, 255];
const ADVERTISEMENT: [u8; 2] = [136, 0];
const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;
/// Option 2, one unit of eight bytes.
const TARGET_LINK_ADDRESS: [u8; 2] = [2, 1];
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

#[cfg(test)]
mod tests {
    use super::*;

    const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const REPR: Repr = Repr {
        mac: [0x00, 0x00, 0x5e, 0x00, 0x02, 0x01],
        source: LINK_LOCAL,
        target: LINK_LOCAL,
        router: true,
    };

    /// Vector F3.
    const FRAME: [u8; LEN] = *b"\x33\x33\x00\x00\x00\x01\x00\x00\x5e\x00\x02\x01\x86\xdd\
        \x60\x00\x00\x00\x00\x20\x3a\xff\
        \xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\
        \xff\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\
        \x88\x00\x79\x9a\xa0\x00\x00\x00\
        \xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\
        \x02\x01\x00\x00\x5e\x00\x02\x01";

    #[test]
    fn an_address_is_announced_as_the_vector_says() {
        // F3, S10
        assert_eq!(REPR.emit(), FRAME);
        assert_eq!(Repr::parse(&FRAME), Some(REPR));
    }

    #[test]
    fn a_host_that_does_not_forward_clears_the_router_flag() {
        let frame = Repr { router: false, ..REPR }.emit();
        assert_eq!(frame[58], 0x20);
        assert_eq!(Repr::parse(&frame), Some(Repr { router: false, ..REPR }));
    }

    #[test]
    fn damaged_frames_announce_nothing() {
        for position in [12, 14, 18, 20, 21, 23, 54, 56, 70, 78, 85] {
            let mut frame = FRAME;
            frame[position] ^= 0x10;
            assert_eq!(Repr::parse(&frame), None, "byte {position}");
        }
        assert_eq!(Repr::parse(&FRAME[..85]), None);
    }
}
