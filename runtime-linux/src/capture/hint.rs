//! What a dropped advert means, and what to do about it, in words.

use core::net::IpAddr;

use vrrp_core::wire::{auth, checksum};
use vrrp_core::{ChecksumForm, Family, Ignored, Packet, Settings, Version};

use super::advert::{Authentication, Checksum, Fields};

/// Explains why `packet` fell from the ladder. `from` is the router whose advert set the expectation.
pub(super) fn ignored(
    why: Ignored,
    packet: &Packet<'_>,
    fields: Option<&Fields>,
    expected: &Settings<&[IpAddr]>,
    from: Option<IpAddr>,
) -> String {
    let Packet { source, destination, ttl, .. } = packet;
    let wanted = from.map_or_else(|| "is expected".to_owned(), |from| format!("comes from {from}"));
    let (version, vrid) = (fields.map_or(0, |f| f.version), fields.map_or(0, |f| f.vrid));
    match why {
        Ignored::TooShort => format!("{} bytes are too few for a VRRP header", packet.message.len()),
        Ignored::Family => "its two addresses are not of one IP version".to_owned(),
        Ignored::UnicastForMulticast => {
            format!("sent to {destination} where multicast {wanted}: unicast_peer is set on one side only")
        }
        Ignored::MulticastForUnicast => {
            format!(
                "sent to the multicast group where unicast {wanted}: unicast_peer is set on one side only"
            )
        }
        Ignored::Ttl => format!("TTL {ttl}: crossed a router or forged"),
        Ignored::UnicastTtl => format!("TTL {ttl} is not what this peer may have"),
        Ignored::UnicastSource => format!("{source} is no unicast peer"),
        Ignored::UnknownVersion => {
            format!("there is no VRRP version {version}: damaged, or another protocol")
        }
        Ignored::VersionMismatch => format!(
            "version {version} where version {} {wanted}: set vrrp_version alike on all routers, or each side is Active",
            expected.version.number()
        ),
        Ignored::OtherGroup => {
            "another multicast group: only routers that are told to listen there do".to_owned()
        }
        Ignored::Type => "VRRP has one message type, 1: damaged, or another protocol".to_owned(),
        Ignored::Vrid => format!("VRID {vrid} is not expected; 0 does not exist"),
        Ignored::Length => length(packet, fields),
        Ignored::Checksum => wrong_checksum(packet, expected.version, fields),
        Ignored::AuthenticationUnknown => {
            "an authentication type that steadfast does not know: use AH, PASS or none on all routers"
                .to_owned()
        }
        Ignored::AuthenticationMismatch => {
            let has = match fields.and_then(|fields| fields.authentication) {
                Some(Authentication::Password) => "a password",
                Some(Authentication::Header { .. }) => "an authentication header",
                Some(Authentication::None | Authentication::Unknown(_)) | None => {
                    match expected.authentication {
                        auth::Authentication::Header => "no authentication header",
                        auth::Authentication::None
                        | auth::Authentication::Password(_)
                        | auth::Authentication::Unknown(_) => "no password",
                    }
                }
            };
            let lacks = match expected.authentication {
                auth::Authentication::None | auth::Authentication::Unknown(_) => "none",
                auth::Authentication::Password(_) if has == "no password" => "one",
                auth::Authentication::Header if has == "no authentication header" => "one",
                auth::Authentication::Password(_) => "a password",
                auth::Authentication::Header => "an authentication header",
            };
            format!("{has} where {lacks} {wanted}: set authentication alike on all routers")
        }
        Ignored::Digest
        | Ignored::UnknownKey
        | Ignored::MalformedProof
        | Ignored::Stale
        | Ignored::Replay => "its seal does not hold: only a router with the key finds that out".to_owned(),
        Ignored::Password => {
            format!("another password than {wanted}: set auth_pass alike on all routers (8 characters count)")
        }
        Ignored::NoAddresses => {
            "it lists no address, so every router that has some ignores it (RFC 9568 §5.2.5)".to_owned()
        }
        Ignored::IntervalZero => {
            "an interval of zero would make every Backup take over at once: forged, or a broken sender"
                .to_owned()
        }
        Ignored::IntervalMismatch => format!(
            "another interval than the {} ms that {wanted}: version 2 drops it and each side is Active; set advert_int alike",
            expected.advert_interval.duration().as_millis()
        ),
        Ignored::Owner => "the receiver owns the addresses and listens to nobody (RFC 3768 §7.1)".to_owned(),
        Ignored::AddressList => format!(
            "other addresses than {} that {wanted}: two groups share VRID {vrid}, or their virtual_ipaddress differs",
            list(expected.addresses)
        ),
        Ignored::FirstAddressNotLinkLocal => {
            "the first IPv6 address has to be link-local: put one (fe80::…) first in virtual_ipaddress"
                .to_owned()
        }
        Ignored::Source => format!("{source} cannot be the address of a router"),
        Ignored::Loop => "the receiver's own advert came back: look for a loop in the network".to_owned(),
        Ignored::NotRunning => "the receiver takes no part at present".to_owned(),
    }
}

/// Addresses in a row.
pub(super) fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    texts.join(" ")
}

fn length(packet: &Packet<'_>, fields: Option<&Fields>) -> String {
    let have = packet.message.len();
    let Some(fields) = fields else { return format!("{have} bytes are too few for a VRRP header") };
    if let Some(trailer) = fields.auth_hmac {
        return format!(
            "28 bytes more: keepalived's auth_hmac (key {}): a router without auth_hmac drops it; configure it on all, at first with `mode receive-only`",
            trailer.key_id
        );
    }
    if fields.version == 2 && fields.count == 7 && have == 36 {
        return "CARP, not VRRP (OpenBSD, FreeBSD, pfSense): it shares protocol number 112".to_owned();
    }
    let want = fields.expected_len(Family::of(packet.source));
    format!("{have} bytes where {} addresses make {want}: cut short, or something was added", fields.count)
}

fn wrong_checksum(packet: &Packet<'_>, version: Version, fields: Option<&Fields>) -> String {
    let group = Family::of(packet.source).multicast_group();
    // keepalived up to 1.3.6, over unicast (P14).
    if packet.destination != group
        && checksum::verify(packet.message, version, packet.source, group).is_some()
    {
        return format!(
            "the checksum was made for {group}: an old keepalived (up to 1.3.6) does so over unicast"
        );
    }
    let right = |form| checksum::compute(packet.message, version, packet.source, packet.destination, form);
    let stated = match fields.map(|fields| fields.checksum) {
        Some(Checksum::Wrong(stated)) => format!("{stated:#06x}"),
        Some(Checksum::Good | Checksum::Rfc9568 | Checksum::PseudoHeader | Checksum::Unknown) | None => {
            "it".to_owned()
        }
    };
    let (plain, pseudo) = (right(ChecksumForm::Rfc9568), right(ChecksumForm::PseudoHeader));
    if plain == pseudo {
        format!("{stated} should be {plain:#06x}: damaged on the way")
    } else {
        format!("{stated} should be {plain:#06x}, or {pseudo:#06x} with pseudo-header: damaged on the way")
    }
}
