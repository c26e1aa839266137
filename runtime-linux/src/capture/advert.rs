//! The fields of a VRRP message as they stand, sensible or not.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;
use vrrp_core::wire::checksum;
use vrrp_core::{ChecksumForm, Family, Packet, Version};

/// What a message says, whether or not a router would believe it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fields {
    /// The number in the first four bits.
    pub(super) version: u8,
    /// Message type: 1 is an advertisement.
    #[serde(rename = "type")]
    pub(super) kind: u8,
    /// Virtual router identifier.
    pub(super) vrid: u8,
    /// Priority; 0 resigns.
    pub(super) priority: u8,
    /// Advertisement interval in milliseconds.
    pub(super) interval_ms: u32,
    /// How many addresses it claims to list.
    pub(super) count: u8,
    /// The addresses there is room for.
    pub(super) addresses: Vec<IpAddr>,
    /// Authentication of version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authentication: Option<Authentication>,
    /// keepalived's trailer of version 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth_hmac: Option<HmacTrailer>,
    /// What the checksum is.
    pub(super) checksum: Checksum,
}

/// With what a version 2 advert proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Authentication {
    /// Type 0.
    None,
    /// Type 1: a password in clear text. It is not shown: captures are passed around.
    Password,
    /// Type 2, in an IP authentication header, as keepalived's `auth_type AH` does.
    Header {
        /// Security parameters index: keepalived puts the source address there.
        spi: u32,
        /// Sequence number.
        sequence: u32,
    },
    /// Any other type, or type 2 without the header.
    Unknown(u8),
}

/// The 28 bytes after the addresses that keepalived's `auth_hmac` adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct HmacTrailer {
    /// Which key it was made with.
    pub(super) key_id: u8,
}

/// In which form a checksum holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Checksum {
    /// The one form there is for this version and family.
    Good,
    /// Version 3 over IPv4, over the message alone.
    Rfc9568,
    /// Version 3 over IPv4, with a pseudo-header.
    PseudoHeader,
    /// In none.
    Wrong(u16),
    /// Nobody knows how this version does it.
    Unknown,
}

impl Fields {
    /// `None` for fewer than the eight bytes of a header. `header` is the IP authentication header's index and
    /// sequence number.
    pub(super) fn read(packet: &Packet<'_>, header: Option<(u32, u32)>) -> Option<Self> {
        let [first, vrid, priority, count, high, low, ..] = *packet.message.first_chunk::<8>()?;
        let (version, kind) = (first >> 4, first & 0x0f);
        let size = Family::of(packet.source).address_len();
        let listed = HEADER + usize::from(count) * size;
        let addresses = packet.message[HEADER..].chunks_exact(size).take(count.into()).filter_map(address);
        let auth_hmac = match packet.message.get(listed..) {
            Some([1, key_id, rest @ ..]) if version == 3 && rest.len() == HMAC_TRAILER - 2 => {
                Some(HmacTrailer { key_id: *key_id })
            }
            Some(_) | None => None,
        };
        let interval_ms = if version == 2 {
            u32::from(low) * 1000
        } else {
            u32::from(u16::from_be_bytes([high & 0x0f, low])) * 10
        };
        let authentication = (version == 2).then_some(match (high, header) {
            (0, _) => Authentication::None,
            (1, _) => Authentication::Password,
            (2, Some((spi, sequence))) => Authentication::Header { spi, sequence },
            (other, _) => Authentication::Unknown(other),
        });
        Some(Self {
            version,
            kind,
            vrid,
            priority,
            interval_ms,
            count,
            addresses: addresses.collect(),
            authentication,
            auth_hmac,
            checksum: Checksum::find(packet, version, if auth_hmac.is_some() { HMAC_TRAILER } else { 0 }),
        })
    }

    /// Bytes the message must have by its own count.
    pub(super) fn expected_len(&self, family: Family) -> usize {
        let data = if self.version == 2 { 8 } else { 0 };
        HEADER + usize::from(self.count) * family.address_len() + data
    }
}

impl Checksum {
    /// keepalived's checksum does not cover the trailer.
    fn find(packet: &Packet<'_>, version: u8, trailer: usize) -> Self {
        let version = match version {
            2 => Version::V2,
            3 => Version::V3,
            _ => return Self::Unknown,
        };
        let message = &packet.message[..packet.message.len() - trailer];
        let form = checksum::verify(message, version, packet.source, packet.destination);
        match (version, Family::of(packet.source), form) {
            (_, _, None) => Self::Wrong(u16::from_be_bytes([message[6], message[7]])),
            (Version::V2, Family::V4 | Family::V6, Some(_)) | (Version::V3, Family::V6, Some(_)) => {
                Self::Good
            }
            (Version::V3, Family::V4, Some(ChecksumForm::Rfc9568)) => Self::Rfc9568,
            (Version::V3, Family::V4, Some(ChecksumForm::PseudoHeader)) => Self::PseudoHeader,
        }
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VRRPv{} VRID {}, ", self.version, self.vrid)?;
        if self.kind != 1 {
            write!(out, "type {}, ", self.kind)?;
        }
        let priority = match self.priority {
            0 => " (resigning)",
            255 => " (owner)",
            _ => "",
        };
        write!(out, "priority {}{priority}, interval {} ms, ", self.priority, self.interval_ms)?;
        match self.addresses.as_slice() {
            [] => write!(out, "no addresses")?,
            [first, rest @ ..] => {
                write!(out, "{first}")?;
                for address in rest {
                    write!(out, " {address}")?;
                }
            }
        }
        match self.authentication {
            None => {}
            Some(Authentication::None) => write!(out, ", auth none")?,
            Some(Authentication::Password) => write!(out, ", auth PASS")?,
            Some(Authentication::Header { spi, sequence }) => {
                write!(out, ", auth AH (SPI {}, sequence {sequence})", Ipv4Addr::from(spi))?;
            }
            Some(Authentication::Unknown(kind)) => write!(out, ", auth type {kind}")?,
        }
        if let Some(HmacTrailer { key_id }) = self.auth_hmac {
            write!(out, ", auth_hmac (key {key_id})")?;
        }
        match self.checksum {
            Checksum::Good => write!(out, ", checksum good"),
            Checksum::Rfc9568 => write!(out, ", checksum of RFC 9568"),
            Checksum::PseudoHeader => write!(out, ", checksum with pseudo-header"),
            Checksum::Wrong(sum) => write!(out, ", checksum {sum:#06x} wrong"),
            Checksum::Unknown => write!(out, ", checksum unknown"),
        }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(|octets| Ipv4Addr::from(octets).into());
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(|octets| Ipv6Addr::from(octets).into())).ok()
}

const HEADER: usize = 8;
/// `draft-cassen-vrrp-auth-hmac`: type, key, reserved, time, counter and half a digest.
const HMAC_TRAILER: usize = 28;
