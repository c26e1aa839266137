//! The advertisement, the one message of VRRP (RFC 9568 §5.1, RFC 3768 §5.1).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::auth::{self, Authentication};
use super::checksum::{self, ChecksumForm};
use crate::{Family, Interval, Version, Vrid};

/// An advertisement that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repr<'a> {
    /// Protocol version.
    pub version: Version,
    /// Which virtual router.
    pub vrid: Vrid,
    /// Priority of the sender; 0 resigns.
    pub priority: u8,
    /// How often the sender advertises.
    pub interval: Interval,
    /// What it proves itself with; [`Authentication::None`] in version 3.
    pub authentication: Authentication,
    /// The addresses of the virtual router, all of one family. None in the adverts of a router without addresses;
    /// whether that may be, the receiver knows: see [`reception`](crate::reception), rung R9.
    pub addresses: Addresses<'a>,
}

impl<'a> Repr<'a> {
    /// Reads a message that came in an IP packet of `family`. The checksum is not looked at:
    /// see [`checksum::verify`].
    pub fn parse(message: &'a [u8], family: Family) -> Result<Self, Error> {
        let header = Header::read(message).ok_or(Error::TooShort)?;
        let version = header.version().ok_or(Error::Version)?;
        if header.kind() != ADVERTISEMENT {
            return Err(Error::Type);
        }
        let vrid = Vrid::new(header.vrid()).ok_or(Error::Vrid)?;
        if message.len() != header.expected_len(version, family) {
            return Err(Error::Length);
        }
        let interval = header.interval(version).ok_or(Error::Interval)?;
        Ok(Self {
            version,
            vrid,
            priority: header.priority(),
            interval,
            authentication: header.authentication(version),
            addresses: header.addresses(family),
        })
    }

    /// Bytes of the message.
    #[expect(clippy::len_without_is_empty, reason = "an advert is never empty")]
    pub fn len(&self) -> usize {
        let authentication = match self.version {
            Version::V2 => auth::LEN,
            Version::V3 => 0,
        };
        field::ADDRESSES + self.addresses.bytes() + authentication
    }

    /// Writes the message to the start of `buffer` and returns its length.
    ///
    /// The checksum is made for a packet from `source` to `destination`; `form` matters to version 3 over
    /// IPv4. A buffer of [`MAX_LEN`] is always enough; `None` if this one is too short.
    pub fn emit(
        &self,
        source: IpAddr,
        destination: IpAddr,
        form: ChecksumForm,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let len = self.len();
        let message = buffer.get_mut(..len)?;
        let count = u8::try_from(self.addresses.count()).ok()?;
        let interval = match self.version {
            Version::V2 => {
                // Beside version 3 it may be less than one (RFC 9568 §8.4 leaves it open).
                let seconds = u8::try_from((self.interval.centiseconds() / 100).max(1)).ok()?;
                [self.authentication.kind(), seconds]
            }
            Version::V3 => (self.interval.centiseconds() & INTERVAL_MASK).to_be_bytes(),
        };
        let (header, rest) = message.split_first_chunk_mut::<{ field::ADDRESSES }>()?;
        header[field::VERSION_TYPE] = self.version.number() << 4 | ADVERTISEMENT;
        header[field::VRID] = self.vrid.get();
        header[field::PRIORITY] = self.priority;
        header[field::COUNT] = count;
        header[field::INTERVAL].copy_from_slice(&interval);
        let rest = self.addresses.put(rest)?;
        match self.version {
            Version::V2 => rest.copy_from_slice(&self.authentication.data()),
            Version::V3 => {}
        }
        let sum = checksum::compute(message, self.version, source, destination, form);
        message[field::CHECKSUM].copy_from_slice(&sum.to_be_bytes());
        Some(len)
    }
}

/// Writes `octets` to the start of `bytes` and returns what is left of them.
fn put<'b>(bytes: &'b mut [u8], octets: &[u8]) -> Option<&'b mut [u8]> {
    let (place, rest) = bytes.split_at_mut_checked(octets.len())?;
    place.copy_from_slice(octets);
    Some(rest)
}

/// The addresses of an advert: those of a configuration, or those in a received message.
#[derive(Clone, Copy)]
pub struct Addresses<'a>(Store<'a>);

#[derive(Clone, Copy)]
enum Store<'a> {
    List(&'a [IpAddr]),
    V4(&'a [[u8; 4]]),
    V6(&'a [[u8; 16]]),
}

impl<'a> Addresses<'a> {
    /// The addresses in `list`, all of one family.
    pub const fn new(list: &'a [IpAddr]) -> Self {
        Self(Store::List(list))
    }

    /// The addresses in order.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let (list, v4, v6): (&'a [IpAddr], &'a [[u8; 4]], &'a [[u8; 16]]) = match self.0 {
            Store::List(list) => (list, &[], &[]),
            Store::V4(list) => (&[], list, &[]),
            Store::V6(list) => (&[], &[], list),
        };
        list.iter()
            .copied()
            .chain(v4.iter().map(|octets| IpAddr::V4(Ipv4Addr::from(*octets))))
            .chain(v6.iter().map(|octets| IpAddr::V6(Ipv6Addr::from(*octets))))
    }

    /// Whether they are those in `list`, in its order.
    #[inline]
    pub(crate) fn are(&self, list: &[IpAddr]) -> bool {
        match self.0 {
            Store::List(own) => own == list,
            Store::V4(own) => {
                let same = |(own, other): (&[u8; 4], &IpAddr)| matches!(other, IpAddr::V4(other) if other.octets() == *own);
                own.len() == list.len() && own.iter().zip(list).all(same)
            }
            Store::V6(own) => {
                let same = |(own, other): (&[u8; 16], &IpAddr)| matches!(other, IpAddr::V6(other) if other.octets() == *own);
                own.len() == list.len() && own.iter().zip(list).all(same)
            }
        }
    }

    /// The first, if it is of IPv6.
    pub(crate) fn first_v6(&self) -> Option<Ipv6Addr> {
        match self.0 {
            Store::List([IpAddr::V6(first), ..]) => Some(*first),
            Store::V6([first, ..]) => Some(Ipv6Addr::from(*first)),
            Store::List(_) | Store::V4(_) | Store::V6([]) => None,
        }
    }

    fn count(&self) -> usize {
        match self.0 {
            Store::List(list) => list.len(),
            Store::V4(list) => list.len(),
            Store::V6(list) => list.len(),
        }
    }

    fn bytes(&self) -> usize {
        match self.0 {
            Store::List(list) => list.iter().map(|address| Family::of(*address).address_len()).sum(),
            Store::V4(list) => list.as_flattened().len(),
            Store::V6(list) => list.as_flattened().len(),
        }
    }

    /// Writes them to the start of `bytes` and returns what is left of them.
    fn put<'b>(&self, bytes: &'b mut [u8]) -> Option<&'b mut [u8]> {
        match self.0 {
            Store::List(list) => list.iter().try_fold(bytes, |rest, address| match address {
                IpAddr::V4(address) => put(rest, &address.octets()),
                IpAddr::V6(address) => put(rest, &address.octets()),
            }),
            Store::V4(list) => put(bytes, list.as_flattened()),
            Store::V6(list) => put(bytes, list.as_flattened()),
        }
    }
}

impl PartialEq for Addresses<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Addresses<'_> {}

impl core::fmt::Debug for Addresses<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A message whose first eight bytes are there, and nothing else is known: what the reception ladder climbs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    message: &'a [u8],
}

impl<'a> Header<'a> {
    #[inline]
    pub(crate) fn read(message: &'a [u8]) -> Option<Self> {
        (message.len() >= field::ADDRESSES).then_some(Self { message })
    }

    pub(crate) fn version(self) -> Option<Version> {
        match self.message[field::VERSION_TYPE] >> 4 {
            2 => Some(Version::V2),
            3 => Some(Version::V3),
            _ => None,
        }
    }

    pub(crate) fn kind(self) -> u8 {
        self.message[field::VERSION_TYPE] & 0x0f
    }

    pub(crate) fn vrid(self) -> u8 {
        self.message[field::VRID]
    }

    pub(crate) fn priority(self) -> u8 {
        self.message[field::PRIORITY]
    }

    pub(crate) fn count(self) -> u8 {
        self.message[field::COUNT]
    }

    /// How long the message must be, by its own count.
    #[inline]
    pub(crate) fn expected_len(self, version: Version, family: Family) -> usize {
        let authentication = match version {
            Version::V2 => auth::LEN,
            Version::V3 => 0,
        };
        field::ADDRESSES + usize::from(self.count()) * family.address_len() + authentication
    }

    /// The interval, unless it is zero.
    pub(crate) fn interval(self, version: Version) -> Option<Interval> {
        let [first, second] = [self.message[field::INTERVAL.start], self.message[field::INTERVAL.start + 1]];
        let centiseconds = match version {
            Version::V2 => u16::from(second) * 100,
            Version::V3 => u16::from_be_bytes([first, second]) & INTERVAL_MASK,
        };
        Interval::from_centiseconds(centiseconds)
    }

    /// Type and data of a version 2 message; none in version 3, which has no room for it.
    #[inline]
    pub(crate) fn authentication(self, version: Version) -> Authentication {
        match (version, self.message.last_chunk()) {
            (Version::V2, Some(data)) => Authentication::parse(self.message[field::INTERVAL.start], *data),
            (Version::V2, None) | (Version::V3, _) => Authentication::None,
        }
    }

    /// As many addresses as the message has room for, up to its count.
    #[inline]
    pub(crate) fn addresses(self, family: Family) -> Addresses<'a> {
        let bytes = &self.message[field::ADDRESSES..];
        let count = usize::from(self.count());
        Addresses(match family {
            Family::V4 => {
                let (addresses, _) = bytes.as_chunks();
                Store::V4(addresses.get(..count).unwrap_or(addresses))
            }
            Family::V6 => {
                let (addresses, _) = bytes.as_chunks();
                Store::V6(addresses.get(..count).unwrap_or(addresses))
            }
        })
    }
}

/// Why a message is no advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer than eight bytes.
    #[error("shorter than a VRRP header")]
    TooShort,
    /// Neither 2 nor 3.
    #[error("unknown VRRP version")]
    Version,
    /// Not 1.
    #[error("not an advertisement")]
    Type,
    /// Zero.
    #[error("virtual router 0 does not exist")]
    Vrid,
    /// Not what the count asks for.
    #[error("length does not fit the number of addresses")]
    Length,
    /// Zero.
    #[error("an advertisement interval of zero")]
    Interval,
}

mod field {
    use core::ops::Range;

    pub(super) const VERSION_TYPE: usize = 0;
    pub(super) const VRID: usize = 1;
    pub(super) const PRIORITY: usize = 2;
    pub(super) const COUNT: usize = 3;
    /// Authentication type and seconds in version 2; four reserved bits and twelve of centiseconds in version
    /// 3.
    pub(super) const INTERVAL: Range<usize> = 4..6;
    pub(super) const CHECKSUM: Range<usize> = 6..8;
    pub(super) const ADDRESSES: usize = 8;
}

/// The longest advert that a [`Config`](crate::Config) can ask for: 90 IPv6 addresses.
pub const MAX_LEN: usize = 8 + 90 * 16;
/// The only message type.
pub(crate) const ADVERTISEMENT: u8 = 1;
const INTERVAL_MASK: u16 = 0x0fff;

#[cfg(test)]
mod tests;
