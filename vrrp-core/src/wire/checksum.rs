//! The checksum of an advertisement, in the forms that are about.
//!
//! Version 2 sums the message alone (RFC 3768 §5.3.8). Version 3 over IPv6 adds the pseudo-header (RFC 9568
//! §5.2.8). Version 3 over IPv4 has two camps: RFC 9568 settled on the message alone, but most of what RFC
//! 5798 left behind adds a pseudo-header of 12 bytes. No message can satisfy both unless the pseudo-header
//! sums to zero, so accepting either costs a receiver one bit of protection at most.

use core::net::IpAddr;

use etherparse::checksum::Sum16BitWords;

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
    let sum = pseudo_header(Sum16BitWords::new(), message.len(), version, source, destination, form);
    let (head, tail) = message.split_at(message.len().min(FIELD.start));
    let tail = tail.get(FIELD.len()..).unwrap_or(&[]);
    sum.add_slice(head).add_slice(tail).ones_complement().to_be()
}

/// The form in which the checksum of `message` holds, if it does in any.
///
/// [`ChecksumForm::Rfc9568`] for version 2 and [`ChecksumForm::PseudoHeader`] for version 3 over IPv6, which
/// know no other.
pub fn verify(message: &[u8], version: Version, source: IpAddr, destination: IpAddr) -> Option<ChecksumForm> {
    let message_alone = Sum16BitWords::new().add_slice(message);
    let holds = |sum: Sum16BitWords| sum.ones_complement() == 0;
    if (version == Version::V2 || source.is_ipv4()) && holds(message_alone.clone()) {
        return Some(ChecksumForm::Rfc9568);
    }
    if version == Version::V2 {
        return None;
    }
    let form = ChecksumForm::PseudoHeader;
    let sum = pseudo_header(message_alone, message.len(), version, source, destination, form);
    holds(sum).then_some(form)
}

/// `sum` with what goes before the message.
fn pseudo_header(
    mut sum: Sum16BitWords,
    len: usize,
    version: Version,
    source: IpAddr,
    destination: IpAddr,
    form: ChecksumForm,
) -> Sum16BitWords {
    match (version, source, destination, form) {
        (Version::V3, IpAddr::V6(source), IpAddr::V6(destination), _) => {
            let len = u32::try_from(len).unwrap_or(u32::MAX);
            sum.add_16bytes(source.octets())
                .add_16bytes(destination.octets())
                .add_4bytes(len.to_be_bytes())
                .add_2bytes([0, PROTOCOL])
        }
        (Version::V3, IpAddr::V4(source), IpAddr::V4(destination), ChecksumForm::PseudoHeader) => {
            let len = u16::try_from(len).unwrap_or(u16::MAX);
            sum.add_4bytes(source.octets())
                .add_4bytes(destination.octets())
                .add_2bytes([0, PROTOCOL])
                .add_2bytes(len.to_be_bytes())
        }
        (Version::V2 | Version::V3, IpAddr::V4(_) | IpAddr::V6(_), IpAddr::V4(_) | IpAddr::V6(_), _) => sum,
    }
}

/// VRRP's protocol number (RFC 9568 §5.1.1.4).
pub const PROTOCOL: u8 = 112;
/// Where the checksum stands.
const FIELD: core::ops::Range<usize> = 6..8;
