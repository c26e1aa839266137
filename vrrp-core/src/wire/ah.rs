//! The IP authentication header around adverts of version 2 (RFC 2338 §5.3.6.3, RFC 2402), as keepalived
//! writes it: the only form that is in use.
//!
//! It differs from RFC 2402 in one point: the digest of a multicast packet is made over its TTL of 255, not
//! over a zero. The number of the security association (SPI) is the sender's address, and the sequence number
//! counts the adverts of the virtual router, whoever sends them.

use core::net::Ipv4Addr;

/// An authentication header together with what its digest needs of the IP header in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repr {
    /// Identification of the IP packet.
    pub identification: u16,
    /// Security parameters index: the sender's address.
    pub spi: Ipv4Addr,
    /// Sequence number.
    pub sequence: u32,
    /// The first 96 bits of the digest (RFC 2403).
    pub digest: [u8; DIGEST],
}

impl Repr {
    /// Reads the header at the start of an IP payload; the rest is the advert. `None` if it is cut short, or is
    /// not one around VRRP.
    pub fn parse(payload: &[u8], identification: u16) -> Option<(Self, &[u8])> {
        let (header, message) = payload.split_first_chunk::<LEN>()?;
        let [VRRP, WORDS, _, _, rest @ ..] = header else { return None };
        let (spi, rest) = rest.split_first_chunk::<4>()?;
        let (sequence, digest) = rest.split_first_chunk()?;
        let (spi, sequence) = (Ipv4Addr::from(*spi), u32::from_be_bytes(*sequence));
        Some((Self { identification, spi, sequence, digest: digest.try_into().ok()? }, message))
    }

    /// The bytes of the header.
    pub fn emit(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[0] = VRRP;
        bytes[1] = WORDS;
        bytes[4..8].copy_from_slice(&self.spi.octets());
        bytes[8..12].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[12..].copy_from_slice(&self.digest);
        bytes
    }

    /// The digest that the header has to carry in front of `message`, in a packet from `source` to
    /// `destination` without IP options.
    #[cfg(feature = "authentication-header")]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of every length")]
    pub fn compute(
        &self,
        key: &[u8; 8],
        source: Ipv4Addr,
        destination: Ipv4Addr,
        message: &[u8],
    ) -> [u8; DIGEST] {
        use hmac::{KeyInit, Mac};

        let len = u16::try_from(IP + LEN + message.len()).unwrap_or(u16::MAX);
        let mut ip = [0; IP];
        ip[0] = 0x45;
        ip[2..4].copy_from_slice(&len.to_be_bytes());
        ip[4..6].copy_from_slice(&self.identification.to_be_bytes());
        ip[8] = if destination.is_multicast() { 255 } else { 0 };
        ip[9] = PROTOCOL;
        ip[12..16].copy_from_slice(&source.octets());
        ip[16..].copy_from_slice(&destination.octets());
        let blank = Self { digest: [0; DIGEST], ..*self };
        let mut digest = hmac::Hmac::<md5::Md5>::new_from_slice(key).expect("a key of any length will do");
        digest.update(&ip);
        digest.update(&blank.emit());
        digest.update(message);
        let whole: [u8; 16] = digest.finalize().into_bytes().into();
        let mut first = [0; DIGEST];
        first.copy_from_slice(&whole[..DIGEST]);
        first
    }
}

/// Bytes of the header.
pub const LEN: usize = 12 + DIGEST;
/// Bytes of the digest.
pub const DIGEST: usize = 12;
/// IP protocol number of the authentication header.
pub const PROTOCOL: u8 = 51;

const VRRP: u8 = super::checksum::PROTOCOL;
/// Its length in words of 32 bits, less 2.
const WORDS: u8 = 4;
/// Bytes of an IPv4 header without options.
#[cfg(feature = "authentication-header")]
const IP: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_around_vrrp_and_whole() {
        let repr =
            Repr { identification: 7, spi: Ipv4Addr::new(192, 0, 2, 10), sequence: 9, digest: [5; 12] };
        let mut bytes = [0xee; LEN + 2];
        bytes[..LEN].copy_from_slice(&repr.emit());
        assert_eq!(Repr::parse(&bytes, 7), Some((repr, &[0xee, 0xee][..])));
        assert_eq!(Repr::parse(&bytes[..LEN - 1], 7), None);
        for (at, value) in [(0, 17), (1, 5)] {
            let mut other = bytes;
            other[at] = value;
            assert_eq!(Repr::parse(&other, 7), None, "byte {at}");
        }
    }
}
