//! The trailer behind adverts that are sealed with HMAC-SHA-256: keepalived's `auth_hmac`, from 2.4.2 on
//! (draft-cassen-vrrp-auth-hmac).
//!
//! It follows the addresses and is found from the length of the packet; the VRRP checksum does not cover it.

/// A trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repr {
    /// Which key has made the digest.
    pub key: u8,
    /// What grows from advert to advert: seconds since 1970 in the upper half, then 16 bits of their fraction,
    /// then a counter for adverts at the same time.
    pub sequence: u64,
    /// The first half of the digest.
    pub digest: [u8; DIGEST],
}

impl Repr {
    /// Reads it. `None`: another type, or reserved bits are set.
    pub fn parse(bytes: &[u8; LEN]) -> Option<Self> {
        let [KIND, key, 0, 0, rest @ ..] = bytes else { return None };
        let (sequence, digest) = rest.split_first_chunk()?;
        Some(Self { key: *key, sequence: u64::from_be_bytes(*sequence), digest: digest.try_into().ok()? })
    }

    /// The bytes of the trailer.
    pub fn emit(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[0] = KIND;
        bytes[1] = self.key;
        bytes[4..12].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[12..].copy_from_slice(&self.digest);
        bytes
    }

    /// The digest that the trailer has to carry behind `message` from `source`.
    ///
    /// Family, version and VRID go into it, so that an advert of one router proves nothing for another with the
    /// same key; and so does the source.
    #[cfg(feature = "hmac-trailer")]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of every length")]
    pub fn compute(&self, key: &[u8], source: core::net::IpAddr, message: &[u8]) -> [u8; DIGEST] {
        use core::net::IpAddr;

        use hmac::{KeyInit, Mac};

        let mut pseudo = [0; 20];
        match source {
            IpAddr::V4(source) => {
                pseudo[0] = 4;
                pseudo[4..8].copy_from_slice(&source.octets());
            }
            IpAddr::V6(source) => {
                pseudo[0] = 6;
                pseudo[4..].copy_from_slice(&source.octets());
            }
        }
        pseudo[1] = message.first().map_or(0, |first| first >> 4);
        pseudo[2] = message.get(1).copied().unwrap_or(0);
        let (before, after) = message.split_at(message.len().min(CHECKSUM.start));
        let blank = Self { digest: [0; DIGEST], ..*self };
        let mut digest =
            hmac::Hmac::<sha2::Sha256>::new_from_slice(key).expect("a key of any length will do");
        digest.update(&pseudo);
        digest.update(before);
        digest.update(&[0; CHECKSUM.end - CHECKSUM.start]);
        digest.update(after.get(CHECKSUM.len()..).unwrap_or(&[]));
        digest.update(&blank.emit());
        let whole: [u8; 32] = digest.finalize().into_bytes().into();
        let mut first = [0; DIGEST];
        first.copy_from_slice(&whole[..DIGEST]);
        first
    }
}

/// Bytes of the trailer.
pub const LEN: usize = 12 + DIGEST;
/// Bytes of the digest.
pub const DIGEST: usize = 16;

/// The one type of trailer.
const KIND: u8 = 1;
/// Where an advert has its checksum.
#[cfg(feature = "hmac-trailer")]
const CHECKSUM: core::ops::Range<usize> = 6..8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_type_and_reserved_bits_are_no_trailer() {
        let repr = Repr { key: 3, sequence: 0x0102_0304_0506_0708, digest: [9; 16] };
        let bytes = repr.emit();
        assert_eq!(bytes[..12], [1, 3, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(Repr::parse(&bytes), Some(repr));
        for at in [0, 2, 3] {
            let mut other = bytes;
            other[at] ^= 0x80;
            assert_eq!(Repr::parse(&other), None, "byte {at}");
        }
    }
}
