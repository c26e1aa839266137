//! The checksum of an advertisement, in the forms that are about.
//!
//! Version 2 sums the message alone (RFC 3768 §5.3.8). Version 3 over IPv6 adds the pseudo-header (RFC 9568
//! §5.2.8). Version 3 over IPv4 has two camps: RFC 9568 settled on the message alone, but most of what RFC
//! 5798 left behind adds a pseudo-header of 12 bytes. No message can satisfy both unless the pseudo-header
//! sums to zero, so accepting either costs a receiver one bit of protection at most.

use core::net::IpAddr;

use crate::Version;

/// Which checksum a version 3 advert over IPv4 carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChecksumForm {
    /// Over the message alone, as RFC 9568 §5.2.8 says.
    Rfc9568,
    /// With an IPv4 pseudo-header, as most implementations of RFC 5798 do.
    PseudoHeader,
}

/// What goes into the checksum field of `message`, whose own field is taken to be zero.
///
/// `form` matters to version 3 over IPv4 only.
pub fn compute(
    message: &[u8],
    version: Version,
    source: IpAddr,
    destination: IpAddr,
    form: ChecksumForm,
) -> u16 {
    let field = match message.get(FIELD) {
        Some(&[first, second]) => u32::from_ne_bytes([0, 0, first, second]),
        Some(_) | None => 0,
    };
    let message_alone = sum(message) - u64::from(field);
    let covers_more = version == Version::V3 && (form == ChecksumForm::PseudoHeader || source.is_ipv6());
    let before = if covers_more { pseudo_header(message.len(), &source, &destination) } else { 0 };
    u16::from_be(!folded(before + message_alone))
}

/// The form in which the checksum of `message` holds, if it does in any.
///
/// [`ChecksumForm::Rfc9568`] for version 2 and [`ChecksumForm::PseudoHeader`] for version 3 over IPv6, which
/// know no other.
#[inline]
pub fn verify(message: &[u8], version: Version, source: IpAddr, destination: IpAddr) -> Option<ChecksumForm> {
    let message_alone = sum(message);
    if (version == Version::V2 || source.is_ipv4()) && holds(message_alone) {
        return Some(ChecksumForm::Rfc9568);
    }
    let whole = match version {
        Version::V2 => return None,
        Version::V3 => message_alone + pseudo_header(message.len(), &source, &destination),
    };
    holds(whole).then_some(ChecksumForm::PseudoHeader)
}

/// The sum of what version 3 puts before a message of `len` bytes, if both addresses are of one family. A function of
/// its own: in the midst of its callers it would take registers from the messages that are summed alone.
#[inline(never)]
fn pseudo_header(len: usize, source: &IpAddr, destination: &IpAddr) -> u64 {
    match (source, destination) {
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let len = u32::try_from(len).unwrap_or(u32::MAX);
            sum(&source.octets()) + sum(&destination.octets()) + sum(&len.to_be_bytes()) + sum(&[0, PROTOCOL])
        }
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let [high, low] = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
            sum(&source.octets()) + sum(&destination.octets()) + sum(&[0, PROTOCOL, high, low])
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
    }
}

/// The sum of `bytes` in words of 32 bits as they lie in memory, the last one filled up with zeros. Folded, it is the
/// sum in words of 16 bits, and in the order of bytes in which they lie there (RFC 1071 §2).
#[inline]
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks();
    let mut last = [0; 4];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    let number = |word| u64::from(u32::from_ne_bytes(word));
    words.iter().fold(number(last), |sum, word| sum + number(*word))
}

/// `sum` in 16 bits, what is carried out of them added at the other end.
#[inline]
pub(crate) fn folded(sum: u64) -> u16 {
    let fold = |sum: u64| (sum >> 16) + (sum & 0xffff);
    // At most 34 bits, 18 bits, 0x1_0002 and 0xffff.
    let sum = fold(fold(fold((sum >> 32) + (sum & 0xffff_ffff))));
    u16::try_from(sum).unwrap_or(u16::MAX)
}

/// Whether `sum` is that of bytes with their right checksum.
#[inline]
pub(crate) fn holds(sum: u64) -> bool {
    // Folding changes nothing modulo 0xffff, and only 0 folds to 0.
    sum != 0 && sum.is_multiple_of(0xffff)
}

/// VRRP's protocol number (RFC 9568 §5.1.1.4).
pub const PROTOCOL: u8 = 112;
/// Where the checksum stands.
const FIELD: core::ops::Range<usize> = 6..8;

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};

    use etherparse::checksum::Sum16BitWords;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_are_those_of_etherparse(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let theirs = Sum16BitWords::new().add_slice(&bytes).ones_complement();
            prop_assert_eq!(!folded(sum(&bytes)), theirs);
            prop_assert_eq!(holds(sum(&bytes)), theirs == 0);
        }

        #[test]
        fn any_sum_folds_to_its_remainder(sum: u64) {
            prop_assert_eq!(u64::from(folded(sum)) % 0xffff, sum % 0xffff);
            prop_assert_eq!(holds(sum), folded(sum) == 0xffff);
        }

        #[test]
        fn a_computed_checksum_holds_and_one_over_other_bytes_does_not(
            (mut message, wrong) in (proptest::collection::vec(any::<u8>(), 8..200), any::<prop::sample::Index>()),
            hosts: [[u8; 16]; 2],
            v6: bool,
        ) {
            let address = |host: [u8; 16]| -> IpAddr {
                let [a, b, c, d, ..] = host;
                if v6 { Ipv6Addr::from(host).into() } else { Ipv4Addr::new(a, b, c, d).into() }
            };
            let [source, destination] = hosts.map(address);
            let form = if v6 { ChecksumForm::PseudoHeader } else { ChecksumForm::Rfc9568 };
            let sum = compute(&message, Version::V3, source, destination, form);
            message[FIELD].copy_from_slice(&sum.to_be_bytes());
            prop_assert_eq!(verify(&message, Version::V3, source, destination), Some(form));
            let wrong = wrong.index(message.len());
            message[wrong] ^= 1;
            prop_assert_ne!(verify(&message, Version::V3, source, destination), Some(form));
        }
    }

    #[test]
    fn the_greatest_sums_fold_to_sixteen_bits() {
        assert_eq!(folded(u64::MAX), 0xffff);
        assert_eq!(folded(0xffff_ffff_ffff_0000), 0xffff);
        assert_eq!(folded(0x1_0000), 1);
        assert_eq!(folded(0), 0);
    }
}
