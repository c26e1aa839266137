//! What proves whom an advert comes from.
//!
//! A [`Seal`] stands between the packets and the virtual router: what is sent gets a [`Stamp`] from it, and what
//! arrives passes through [`Seal::open`] before the router sees it. So the router knows nothing of keys,
//! counters and wall clocks, and is no larger for them.
//!
//! * Version 2's authentication header ([wire format](crate::wire::ah), feature `authentication-header`), in the form
//!   that keepalived has.
//! * keepalived's `auth_hmac` trailer ([wire format](crate::wire::trailer), feature `hmac-trailer`).
//!
//! What is refused changes nothing: no mark and no counter moves by what no key has sealed. The wall clock comes
//! as a parameter, as time since 1970.

use core::net::IpAddr;
use core::time::Duration;

use crate::wire::advert;
use crate::wire::ah;
use crate::wire::checksum::{self, ChecksumForm};
use crate::{Ignored, Packet};

#[cfg(feature = "authentication-header")]
mod header;
#[cfg(feature = "hmac-trailer")]
mod trailer;

#[cfg(feature = "authentication-header")]
pub use header::Header;
#[cfg(feature = "hmac-trailer")]
pub use trailer::{Key, Mode, Trailer, TrailerError};

/// How the adverts of one virtual router are sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "hmac-trailer",
    expect(clippy::large_enum_variant, reason = "a router has one, for as long as it lives")
)]
pub enum Seal {
    /// Not at all.
    #[default]
    None,
    /// With an IP authentication header.
    #[cfg(feature = "authentication-header")]
    Header(Header),
    /// With an HMAC behind the addresses.
    #[cfg(feature = "hmac-trailer")]
    Trailer(Trailer),
}

#[cfg_attr(
    not(all(feature = "authentication-header", feature = "hmac-trailer")),
    allow(unused_variables, reason = "each seal has another use for them")
)]
impl Seal {
    /// Lets a packet pass that proves itself, without its proof: what the router is to see. `header` is the
    /// authentication header that was in front of the message, and `active` whether the router is Active.
    ///
    /// # Errors
    /// The rung of R8 that the packet fails.
    pub fn open<'p>(
        &mut self,
        wall: Duration,
        packet: &Packet<'p>,
        header: Option<&ah::Repr>,
        active: bool,
    ) -> Result<Packet<'p>, Ignored> {
        match (self, header) {
            (Self::None, None) => Ok(*packet),
            (Self::None, Some(_)) => Err(Ignored::AuthenticationMismatch),
            #[cfg(feature = "authentication-header")]
            (Self::Header(_), None) => Err(Ignored::AuthenticationMismatch),
            #[cfg(feature = "authentication-header")]
            (Self::Header(seal), Some(header)) => seal.open(packet, header, active).map(|()| *packet),
            #[cfg(feature = "hmac-trailer")]
            (Self::Trailer(_), Some(_)) => Err(Ignored::AuthenticationMismatch),
            #[cfg(feature = "hmac-trailer")]
            (Self::Trailer(seal), None) => seal.open(wall, packet),
        }
    }

    /// Tells that the router stays Active beside one whose advert has just passed: its next number must lie
    /// beyond that of another advert which may be on its way already (F24).
    pub fn outpace(&mut self) {
        match self {
            Self::None => {}
            #[cfg(feature = "authentication-header")]
            Self::Header(seal) => seal.outpace(),
            #[cfg(feature = "hmac-trailer")]
            Self::Trailer(_) => {}
        }
    }

    /// The seal of the next advert. One is taken for each advert, to however many peers it goes.
    pub fn stamp(&mut self, wall: Duration) -> Stamp<'_> {
        Stamp(match self {
            Self::None => Kind::None(core::marker::PhantomData),
            #[cfg(feature = "authentication-header")]
            Self::Header(seal) => Kind::Header { sequence: seal.next(wall), key: seal.key() },
            #[cfg(feature = "hmac-trailer")]
            Self::Trailer(seal) => match seal.next(wall) {
                Some((key, sequence)) => Kind::Trailer { key, sequence },
                None => Kind::None(core::marker::PhantomData),
            },
        })
    }

    /// The same seal with other settings: marks and counters stay, so that no advert counts that was heard
    /// before.
    #[must_use]
    pub fn renewed(self, other: Self) -> Self {
        match (self, other) {
            #[cfg(feature = "authentication-header")]
            (Self::Header(old), Self::Header(new)) => Self::Header(old.renewed(&new)),
            #[cfg(feature = "hmac-trailer")]
            (Self::Trailer(old), Self::Trailer(new)) => Self::Trailer(old.renewed(new)),
            (_, other) => other,
        }
    }
}

/// The seal of one advert.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'s>(Kind<'s>);

#[derive(Clone, Copy, Debug)]
enum Kind<'s> {
    None(core::marker::PhantomData<&'s ()>),
    #[cfg(feature = "authentication-header")]
    Header {
        key: &'s [u8; 8],
        sequence: u32,
    },
    #[cfg(feature = "hmac-trailer")]
    Trailer {
        key: &'s Key,
        sequence: u64,
    },
}

impl Stamp<'_> {
    /// Writes the payload of an IP packet to the start of `buffer`: `advert` with what it is sealed with. A
    /// buffer of [`MAX_LEN`] is always enough; `None` if this one is too short.
    pub fn emit(
        &self,
        advert: &advert::Repr<'_>,
        source: IpAddr,
        destination: IpAddr,
        form: ChecksumForm,
        buffer: &mut [u8],
    ) -> Option<Payload> {
        match self.0 {
            Kind::None(_) => {
                let len = advert.emit(source, destination, form, buffer)?;
                Some(Payload { protocol: checksum::PROTOCOL, identification: 0, len })
            }
            #[cfg(feature = "authentication-header")]
            Kind::Header { key, sequence } => {
                let (IpAddr::V4(from), IpAddr::V4(to)) = (source, destination) else { return None };
                let (place, rest) = buffer.split_at_mut_checked(ah::LEN)?;
                let len = advert.emit(source, destination, form, rest)?;
                // Zero would have the kernel choose one that the digest knows nothing of.
                let [.., high, low] = sequence.to_be_bytes();
                let identification = u16::from_be_bytes([high, low]).max(1);
                let blank = ah::Repr { identification, spi: from, sequence, digest: [0; ah::DIGEST] };
                let digest = blank.compute(key, from, to, rest.get(..len)?);
                place.copy_from_slice(&ah::Repr { digest, ..blank }.emit());
                Some(Payload { protocol: ah::PROTOCOL, identification, len: ah::LEN + len })
            }
            #[cfg(feature = "hmac-trailer")]
            Kind::Trailer { key, sequence } => {
                use crate::wire::trailer;

                let len = advert.emit(source, destination, form, buffer)?;
                let (message, rest) = buffer.split_at_mut_checked(len)?;
                let place = rest.get_mut(..trailer::LEN)?;
                let blank = trailer::Repr { key: key.number(), sequence, digest: [0; trailer::DIGEST] };
                let digest = blank.compute(key.bytes(), source, message);
                place.copy_from_slice(&trailer::Repr { digest, ..blank }.emit());
                Some(Payload { protocol: checksum::PROTOCOL, identification: 0, len: len + trailer::LEN })
            }
        }
    }
}

/// What to put into an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Its protocol number: that of VRRP, or of the authentication header.
    pub protocol: u8,
    /// Its identification, which an authentication header vouches for; 0: any.
    pub identification: u16,
    /// Bytes in the buffer.
    pub len: usize,
}

/// The longest payload.
pub const MAX_LEN: usize = advert::MAX_LEN + crate::wire::trailer::LEN;
