//! The ladder that every received packet climbs before it may change anything.
//!
//! The rungs are in the order of what is cheap and says most about who is at fault. A packet that falls off
//! is counted under the name of its rung and has no other effect: no state and no timer is touched.

use core::net::IpAddr;

use crate::config::is_link_local;
use crate::wire::advert::{ADVERTISEMENT, Addresses, Header};
use crate::wire::auth::{self, Authentication};
use crate::wire::checksum::{self, ChecksumForm};
use crate::{Family, Interval, Packet, Peer, Settings, Version};

/// What a receiver wants of an advert. It only points at what is looked at when the rung is reached.
#[derive(Debug)]
pub struct Expectation<'a, A, P> {
    /// What the receiver was told.
    pub settings: &'a Settings<A, P>,
    /// The receiver's own source, to know its own adverts by.
    pub source: Option<&'a IpAddr>,
    /// The receiver's own link address, for the same.
    pub mac: Option<&'a [u8; 6]>,
    /// Whose list is not looked at.
    pub trusted: Option<&'a IpAddr>,
}

/// An advert that climbed the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert {
    /// Who sent it.
    pub source: IpAddr,
    /// From which link address, where known.
    pub link_source: Option<[u8; 6]>,
    /// In which version.
    pub version: Version,
    /// With which priority; 0 resigns.
    pub priority: u8,
    /// With which interval.
    pub interval: Interval,
    /// In which form its checksum holds.
    pub checksum: ChecksumForm,
    /// Whether it lists the expected addresses, in any order.
    pub addresses_match: bool,
}

/// Climbs the ladder: the advert in `packet`, or the first rung that it fails.
#[inline]
pub fn judge<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>>(
    expected: &Expectation<'_, A, P>,
    packet: &Packet<'_>,
) -> Result<Advert, Ignored> {
    let settings = expected.settings;
    // R1
    let Some(header) = Header::read(packet.message) else { return dropped(Ignored::TooShort) };
    // R2, F17
    envelope(settings, packet)?;
    // R3
    let Some(version) = header.version() else { return dropped(Ignored::UnknownVersion) };
    if version != settings.version && !settings.both_versions {
        return dropped(Ignored::VersionMismatch);
    }
    // R4
    if header.kind() != ADVERTISEMENT {
        return dropped(Ignored::Type);
    }
    // R5
    if header.vrid() != settings.vrid.get() {
        return dropped(Ignored::Vrid);
    }
    // R6
    if packet.message.len() != header.expected_len(version, settings.family) {
        return dropped(Ignored::Length);
    }
    // R7
    let Some(checksum) = checksum::verify(packet.message, version, packet.source, packet.destination) else {
        return dropped(Ignored::Checksum);
    };
    // R8
    authentication(&settings.authentication, header, version)?;
    // R9: RFC 9568 §5.2.5 has everybody ignore them, but nobody would then hear a router without addresses.
    let wanted = settings.addresses.as_ref();
    if header.count() == 0 && !wanted.is_empty() {
        return dropped(Ignored::NoAddresses);
    }
    // R10
    let Some(interval) = header.interval(version) else { return dropped(Ignored::IntervalZero) };
    // R11: version 3 only remarks on it.
    let strict = version == Version::V2 && !settings.both_versions;
    if strict && interval != settings.advert_interval {
        return dropped(Ignored::IntervalMismatch);
    }
    // R12: RFC 3768 §7.1; erratum 8298 has version 3 listen.
    if strict && settings.priority.is_owner() {
        return dropped(Ignored::Owner);
    }
    // R13
    let addresses = header.addresses(settings.family);
    let addresses_match = expected.trusted == Some(&packet.source) || same_addresses(&addresses, wanted);
    if strict && !addresses_match && header.priority() != u8::MAX {
        return dropped(Ignored::AddressList);
    }
    // R14
    if settings.require_link_local && addresses.first_v6().is_some_and(|first| !is_link_local(first)) {
        return dropped(Ignored::FirstAddressNotLinkLocal);
    }
    // R15
    if packet.source.is_unspecified() || packet.source.is_multicast() || packet.source.is_loopback() {
        return dropped(Ignored::Source);
    }
    if expected.source == Some(&packet.source)
        && let (Some(mac), Some(link_source)) = (expected.mac, packet.link_source)
        && *mac == link_source
        && !crate::is_virtual_mac(link_source)
    {
        return dropped(Ignored::Loop);
    }
    Ok(Advert {
        source: packet.source,
        link_source: packet.link_source,
        version,
        priority: header.priority(),
        interval,
        checksum,
        addresses_match,
    })
}

#[inline]
fn envelope<A, P: AsRef<[Peer]>>(settings: &Settings<A, P>, packet: &Packet<'_>) -> Result<(), Ignored> {
    if Family::of(packet.source) != settings.family || Family::of(packet.destination) != settings.family {
        return dropped(Ignored::Family);
    }
    let Some(unicast) = &settings.unicast else {
        if !packet.destination.is_multicast() {
            return dropped(Ignored::UnicastForMulticast);
        }
        return if packet.ttl == u8::MAX { Ok(()) } else { dropped(Ignored::Ttl) };
    };
    if packet.destination.is_multicast() {
        return dropped(Ignored::MulticastForUnicast);
    }
    match unicast.peers.as_ref().iter().find(|peer| peer.address == packet.source) {
        Some(peer) if (peer.least_ttl..=peer.greatest_ttl).contains(&packet.ttl) => Ok(()),
        Some(_) => dropped(Ignored::UnicastTtl),
        None if unicast.check_source => dropped(Ignored::UnicastSource),
        None => Ok(()),
    }
}

#[inline]
fn authentication(wanted: &Authentication, header: Header<'_>, version: Version) -> Result<(), Ignored> {
    match (version, wanted) {
        (Version::V3, Authentication::None) => Ok(()),
        (Version::V2 | Version::V3, wanted) => proof(*wanted, header.authentication(version)),
    }
}

/// A packet that falls off. Most do not, and the compiler is to take what they go through for the way that matters.
#[cold]
const fn dropped<T>(why: Ignored) -> Result<T, Ignored> {
    Err(why)
}

fn proof(wanted: Authentication, heard: Authentication) -> Result<(), Ignored> {
    match (wanted, heard) {
        (_, Authentication::Unknown(_)) => Err(Ignored::AuthenticationUnknown),
        (Authentication::None, Authentication::None) | (Authentication::Header, Authentication::Header) => {
            Ok(())
        }
        (Authentication::Password(own), Authentication::Password(theirs)) if auth::same(own, theirs) => {
            Ok(())
        }
        (Authentication::Password(_), Authentication::Password(_)) => Err(Ignored::Password),
        (
            Authentication::None
            | Authentication::Password(_)
            | Authentication::Header
            | Authentication::Unknown(_),
            Authentication::None | Authentication::Password(_) | Authentication::Header,
        ) => Err(Ignored::AuthenticationMismatch),
    }
}

/// Whether both hold the same addresses, in whatever order.
#[inline]
fn same_addresses(heard: &Addresses<'_>, expected: &[IpAddr]) -> bool {
    // The usual case costs one pass.
    heard.are(expected) || same_in_other_order(heard, expected)
}

#[cold]
fn same_in_other_order(heard: &Addresses<'_>, expected: &[IpAddr]) -> bool {
    heard.iter().count() == expected.len()
        && heard.iter().all(|address| expected.contains(&address))
        && expected.iter().all(|address| heard.iter().any(|other| other == *address))
}

macro_rules! ignored {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Why a packet was dropped. Every variant is a counter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Ignored {
            $($(#[$doc])* $variant,)*
        }

        impl Ignored {
            /// Every reason there is, in the order of the ladder.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name of the counter.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

ignored! {
    /// R1: fewer than eight bytes.
    TooShort = "too_short",
    /// The packet is of the other IP version.
    Family = "family",
    /// A unicast packet for a router that uses the multicast group.
    UnicastForMulticast = "unicast_for_multicast",
    /// A packet for another multicast group than the router's. The ladder knows no groups: runtimes that let one be
    /// chosen say so.
    OtherGroup = "other_group",
    /// R2: TTL or hop limit is not 255.
    Ttl = "ttl",
    /// A multicast packet for a router that uses unicast.
    MulticastForUnicast = "multicast_for_unicast",
    /// R2: TTL or hop limit is outside the range of the peer.
    UnicastTtl = "unicast_ttl",
    /// F17: not from a peer.
    UnicastSource = "unicast_source",
    /// R3: neither version 2 nor 3.
    UnknownVersion = "unknown_version",
    /// R3: the version that this router does not speak.
    VersionMismatch = "version_mismatch",
    /// R4: not an advertisement.
    Type = "type",
    /// R5: another virtual router.
    Vrid = "vrid",
    /// R6: the length does not fit the count and the version.
    Length = "length",
    /// R7: the checksum holds in no form.
    Checksum = "checksum",
    /// R8: an authentication type that is not understood.
    AuthenticationUnknown = "authentication_unknown",
    /// R8: authentication where none is wanted, or none where it is.
    AuthenticationMismatch = "authentication_mismatch",
    /// R8: a wrong password.
    Password = "password",
    /// R8: no key has made this digest over this packet.
    Digest = "digest",
    /// R8: a key of this number is not there.
    UnknownKey = "unknown_key",
    /// R8: an authentication header or trailer that is not formed as it must be.
    MalformedProof = "malformed_proof",
    /// R8: its time lies outside the window: it was held back, or two clocks differ.
    Stale = "stale",
    /// R8: it was heard before, or later ones were.
    Replay = "replay",
    /// R9: no addresses.
    NoAddresses = "no_addresses",
    /// R10: an interval of zero.
    IntervalZero = "interval_zero",
    /// R11: another interval than ours (version 2).
    IntervalMismatch = "interval_mismatch",
    /// R12: we own the addresses (version 2).
    Owner = "owner",
    /// R13: other addresses than ours, from somebody who does not own them (version 2).
    AddressList = "address_list",
    /// R14: the first IPv6 address is not link-local.
    FirstAddressNotLinkLocal = "first_address_not_link_local",
    /// R15: an address that no router can have.
    Source = "source",
    /// R15: our own advert, come back.
    Loop = "loop",
    /// S7: the router takes no part at present.
    NotRunning = "not_running",
}
