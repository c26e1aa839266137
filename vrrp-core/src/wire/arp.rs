//! Gratuitous ARP: tells every neighbour that the virtual IPv4 address now lives here (RFC 9568 §6.4.2).

use core::net::Ipv4Addr;

/// One gratuitous ARP, as an Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repr {
    /// Where the address lives: the virtual MAC, or the interface's own where no virtual MAC is used. It is
    /// the frame's source too, so that switches learn the port.
    pub mac: [u8; 6],
    /// The address.
    pub address: Ipv4Addr,
}

impl Repr {
    /// Reads a frame that announces one address, in any of the forms that are about: the target's link
    /// address is not looked at, and replies announce as well as requests do.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let frame = frame.get(..LEN)?;
        let announces = frame[field::ETHER_TYPE] == ARP
            && frame[field::HEADER] == HEADER
            && matches!(frame[field::OPERATION], [0, 1 | 2])
            && frame[field::SENDER_IP] == frame[field::TARGET_IP];
        let mac = frame[field::SENDER_MAC].try_into().ok()?;
        let address: [u8; 4] = frame[field::SENDER_IP].try_into().ok()?;
        announces.then_some(Self { mac, address: address.into() })
    }

    /// The frame: a broadcast request whose target link address is the announced one (errata 7947, 7949).
    pub fn emit(&self) -> [u8; LEN] {
        let mut frame = [0; LEN];
        frame[field::DESTINATION].copy_from_slice(&[0xff; 6]);
        frame[field::SOURCE].copy_from_slice(&self.mac);
        frame[field::ETHER_TYPE].copy_from_slice(&ARP);
        frame[field::HEADER].copy_from_slice(&HEADER);
        frame[field::OPERATION].copy_from_slice(&REQUEST);
        frame[field::SENDER_MAC].copy_from_slice(&self.mac);
        frame[field::SENDER_IP].copy_from_slice(&self.address.octets());
        frame[field::TARGET_MAC].copy_from_slice(&self.mac);
        frame[field::TARGET_IP].copy_from_slice(&self.address.octets());
        frame
    }
}

mod field {
    use core::ops::Range;

    pub(super) const DESTINATION: Range<usize> = 0..6;
    pub(super) const SOURCE: Range<usize> = 6..12;
    pub(super) const ETHER_TYPE: Range<usize> = 12..14;
    pub(super) const HEADER: Range<usize> = 14..20;
    pub(super) const OPERATION: Range<usize> = 20..22;
    pub(super) const SENDER_MAC: Range<usize> = 22..28;
    pub(super) const SENDER_IP: Range<usize> = 28..32;
    pub(super) const TARGET_MAC: Range<usize> = 32..38;
    pub(super) const TARGET_IP: Range<usize> = 38..42;
}

/// Bytes of the frame, without padding.
pub const LEN: usize = 42;
const ARP: [u8; 2] = [0x08, 0x06];
/// Ethernet and IPv4, with addresses of six and four bytes.
const HEADER: [u8; 6] = [0, 1, 0x08, 0x00, 6, 4];
const REQUEST: [u8; 2] = [0, 1];

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [0x00, 0x00, 0x5e, 0x00, 0x01, 0x01];
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

    /// Vector F1b.
    const ERRATUM_FORM: [u8; LEN] = *b"\xff\xff\xff\xff\xff\xff\x00\x00\x5e\x00\x01\x01\x08\x06\
        \x00\x01\x08\x00\x06\x04\x00\x01\x00\x00\x5e\x00\x01\x01\xc0\x00\x02\x01\
        \x00\x00\x5e\x00\x01\x01\xc0\x00\x02\x01";

    #[test]
    fn an_address_is_announced_in_the_form_of_the_erratum() {
        // F1b, D5
        assert_eq!(Repr { mac: MAC, address: ADDRESS }.emit(), ERRATUM_FORM);
    }

    #[test]
    fn every_form_in_the_field_is_understood() {
        // F1 (target link address zero), F1b, and keepalived's (all ones).
        for target in [[0; 6], MAC, [0xff; 6]] {
            let mut frame = ERRATUM_FORM;
            frame[field::TARGET_MAC].copy_from_slice(&target);
            assert_eq!(Repr::parse(&frame), Some(Repr { mac: MAC, address: ADDRESS }));
        }
        let mut padded = [0; 60];
        padded[..LEN].copy_from_slice(&ERRATUM_FORM);
        assert_eq!(Repr::parse(&padded), Some(Repr { mac: MAC, address: ADDRESS }));
    }

    #[test]
    fn an_ordinary_question_announces_nothing() {
        let mut frame = ERRATUM_FORM;
        frame[field::TARGET_IP].copy_from_slice(&[192, 0, 2, 2]);
        assert_eq!(Repr::parse(&frame), None);
        assert_eq!(Repr::parse(&ERRATUM_FORM[..41]), None);
        let mut frame = ERRATUM_FORM;
        frame[field::OPERATION].copy_from_slice(&[0, 3]);
        assert_eq!(Repr::parse(&frame), None);
    }
}
