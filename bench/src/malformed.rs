//! Adverts that no router may accept.
//!
//! Each is a good advert with one thing wrong, and with a checksum that holds unless that is what is wrong.
//! It must be dropped under the counter named, and leave the state and every timer of the router alone: a
//! router that lets rejected packets touch its advert timer can be silenced with one of them per interval.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::wire::advert::{Addresses, MAX_LEN, Repr};
use vrrp_core::wire::auth::Authentication;
use vrrp_core::wire::checksum;
use vrrp_core::{ChecksumForm, Family, Ignored, Interval, Packet, Version, Vrid};

/// The router that the adverts are meant for, and who seems to send them.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which virtual router.
    pub vrid: Vrid,
    /// What it speaks.
    pub version: Version,
    /// Its interval.
    pub interval: Interval,
    /// Its addresses; the first says which family.
    pub addresses: Vec<IpAddr>,
    /// What it proves itself with, in version 2.
    pub authentication: Authentication,
    /// Where the adverts come from.
    pub source: IpAddr,
}

impl Target {
    /// Its family.
    ///
    /// # Panics
    /// If it has no addresses.
    pub fn family(&self) -> Family {
        Family::of(self.addresses[0])
    }

    /// A good advert of priority 200, from which all others differ in one respect.
    ///
    /// # Panics
    /// If the target has no addresses or too many for an advert.
    pub fn good(&self) -> Vec<u8> {
        let repr = Repr {
            version: self.version,
            vrid: self.vrid,
            priority: 200,
            interval: self.interval,
            authentication: self.authentication,
            addresses: Addresses::new(&self.addresses),
        };
        let mut buffer = [0; MAX_LEN];
        let group = self.family().multicast_group();
        let len = repr.emit(self.source, group, ChecksumForm::Rfc9568, &mut buffer);
        buffer[..len.expect("the addresses of a router fit into an advert")].to_vec()
    }

    /// A good advert after `change`, its checksum made anew.
    fn changed(&self, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut message = self.good();
        change(&mut message);
        let version = if message[0] >> 4 == 2 { Version::V2 } else { Version::V3 };
        let group = self.family().multicast_group();
        let sum = checksum::compute(&message, version, self.source, group, ChecksumForm::Rfc9568);
        message[6..8].copy_from_slice(&sum.to_be_bytes());
        message
    }
}

/// An advert that must be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong with it.
    pub name: &'static str,
    /// The counter that it must end up in.
    pub counter: Ignored,
    /// Where it seems to come from; the target's usual sender unless that is what is wrong.
    pub source: IpAddr,
    /// Where it goes; the multicast group unless that is what is wrong.
    pub destination: IpAddr,
    /// TTL or hop limit: 255 unless that is what is wrong.
    pub ttl: u8,
    /// The payload of the IP packet.
    pub message: Vec<u8>,
}

impl Malformed {
    /// As a router sees it.
    pub fn packet(&self) -> Packet<'_> {
        Packet {
            source: self.source,
            destination: self.destination,
            ttl: self.ttl,
            link_source: None,
            message: &self.message,
        }
    }
}

/// Every malformed advert for a router in multicast operation.
pub fn all(target: &Target) -> Vec<Malformed> {
    let mut list = truncated(target);
    list.extend(enveloped(target));
    list.extend(mislabelled(target));
    list.extend(mismeasured(target));
    list.extend(corrupted(target));
    list.extend(empty_handed(target));
    match (target.version, target.family()) {
        (Version::V2, Family::V4 | Family::V6) => list.extend(version_2(target)),
        (Version::V3, Family::V4) => {}
        (Version::V3, Family::V6) => list.extend(over_ipv6(target)),
    }
    list
}

/// R1
fn truncated(target: &Target) -> Vec<Malformed> {
    let good = target.good();
    [("no bytes at all", 0), ("one byte", 1), ("four bytes", 4), ("seven bytes", 7)]
        .map(|(name, len)| bad(target, name, Ignored::TooShort, good[..len].to_vec()))
        .to_vec()
}

/// R2, R15, F17
fn enveloped(target: &Target) -> Vec<Malformed> {
    let plain = |name, counter| bad(target, name, counter, target.good());
    let mut list = Vec::new();
    for (name, ttl) in [("TTL 254", 254), ("TTL 128", 128), ("TTL 64", 64), ("TTL 1", 1), ("TTL 0", 0)] {
        list.push(Malformed { ttl, ..plain(name, Ignored::Ttl) });
    }
    let (nowhere, group, own, other) = match target.family() {
        Family::V4 => (
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1)),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ),
        Family::V6 => (
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        ),
    };
    for (name, source) in [
        ("from the unspecified address", nowhere),
        ("from a multicast address", group),
        ("from the loopback address", own),
    ] {
        // The sum must hold for this very source where there is a pseudo-header.
        let odd = Target { source, ..target.clone() };
        list.push(Malformed { source, ..bad(&odd, name, Ignored::Source, odd.good()) });
    }
    let destination = target.addresses[0];
    list.push(Malformed { destination, ..plain("to a unicast address", Ignored::UnicastForMulticast) });
    list.push(Malformed { source: other, ..plain("from the other family", Ignored::Family) });
    list
}

/// R3, R4, R5
fn mislabelled(target: &Target) -> Vec<Malformed> {
    let other = match target.version {
        Version::V2 => 3,
        Version::V3 => 2,
    };
    let vrid = target.vrid.get();
    let with = |name, counter, position: usize, byte: u8| {
        bad(target, name, counter, target.changed(|message| message[position] = byte))
    };
    let version = target.version.number() << 4;
    vec![
        with("version 0", Ignored::UnknownVersion, 0, 0x01),
        with("version 1", Ignored::UnknownVersion, 0, 0x11),
        with("version 4", Ignored::UnknownVersion, 0, 0x41),
        with("version 15", Ignored::UnknownVersion, 0, 0xf1),
        with("the other version", Ignored::VersionMismatch, 0, other << 4 | 1),
        with("type 0", Ignored::Type, 0, version),
        with("type 2", Ignored::Type, 0, version | 2),
        with("type 15", Ignored::Type, 0, version | 15),
        with("VRID 0", Ignored::Vrid, 1, 0),
        with("a VRID one greater", Ignored::Vrid, 1, vrid.wrapping_add(1)),
        with("a VRID with every bit turned", Ignored::Vrid, 1, !vrid),
    ]
}

/// R6, F29
fn mismeasured(target: &Target) -> Vec<Malformed> {
    let with = |name, change: fn(&mut Vec<u8>)| bad(target, name, Ignored::Length, target.changed(change));
    vec![
        with("a header and nothing else", |message| message.truncate(8)),
        with("half an address", |message| message.truncate(10)),
        with("one byte too few", |message| {
            message.pop();
        }),
        with("one byte too many", |message| message.push(0)),
        with("four bytes too many", |message| message.extend([0; 4])),
        with("padding of the frame left on", |message| message.resize(message.len() + 14, 0)),
        with("a trailer of 28 bytes", |message| message.extend([1; 28])),
        with("1400 bytes too many", |message| message.extend([0; 1400])),
        with("a count one too high", |message| message[3] += 1),
        with("a count of 255", |message| message[3] = 255),
        with("a count of 0 with addresses", |message| message[3] = 0),
    ]
}

/// R7
fn corrupted(target: &Target) -> Vec<Malformed> {
    let with = |name, change: fn(&mut Vec<u8>)| {
        let mut message = target.good();
        change(&mut message);
        bad(target, name, Ignored::Checksum, message)
    };
    vec![
        with("no checksum", |message| message[6..8].fill(0)),
        with("a checksum with every bit turned", |message| {
            message[6] = !message[6];
            message[7] = !message[7];
        }),
        with("a checksum one too high", |message| message[7] = message[7].wrapping_add(1)),
        with("another priority than was summed", |message| message[2] = 255),
        with("a resignation that was not summed", |message| message[2] = 0),
        with("another interval than was summed", |message| message[5] ^= 1),
        with("another address than was summed", |message| message[11] ^= 0x80),
    ]
}

/// R9, R10, F10
fn empty_handed(target: &Target) -> Vec<Malformed> {
    let family = target.family();
    let mut list = vec![bad(
        target,
        "no addresses",
        Ignored::NoAddresses,
        target.changed(|message| {
            let count = usize::from(message[3]);
            message.drain(8..8 + count * family.address_len());
            message[3] = 0;
        }),
    )];
    for (name, priority) in [
        ("an interval of zero", 200),
        ("an interval of zero from an owner", 255),
        ("an interval of zero in a resignation", 0),
    ] {
        let message = target.changed(|message| {
            message[2] = priority;
            message[5] = 0;
            if target.version == Version::V3 {
                message[4] = 0;
            }
        });
        list.push(bad(target, name, Ignored::IntervalZero, message));
    }
    if target.version == Version::V3 {
        let message = target.changed(|message| message[4..6].copy_from_slice(&[0xf0, 0]));
        list.push(bad(target, "an interval of reserved bits only", Ignored::IntervalZero, message));
    }
    list
}

/// R8, R11, R13
fn version_2(target: &Target) -> Vec<Malformed> {
    let with = |name, counter, position: usize, byte: u8| {
        bad(target, name, counter, target.changed(|message| message[position] = byte))
    };
    let seconds = u8::try_from(target.interval.centiseconds() / 100).unwrap_or(u8::MAX);
    let mut list = vec![
        with("authentication by the IP header", Ignored::AuthenticationMismatch, 4, 2),
        with("authentication type 3", Ignored::AuthenticationUnknown, 4, 3),
        with("authentication type 255", Ignored::AuthenticationUnknown, 4, 255),
        with("an interval one second longer", Ignored::IntervalMismatch, 5, seconds.wrapping_add(1).max(1)),
        with("another address", Ignored::AddressList, 11, 0xfe),
        bad(
            target,
            "no room for authentication",
            Ignored::Length,
            target.changed(|message| message.truncate(message.len() - 8)),
        ),
        bad(
            target,
            "one address more",
            Ignored::AddressList,
            target.changed(|message| {
                message[3] += 1;
                message.splice(8..8, [192, 0, 2, 250]);
            }),
        ),
    ];
    if matches!(target.authentication, Authentication::Password(_)) {
        list.push(with("no password", Ignored::AuthenticationMismatch, 4, 0));
        let message = target.changed(|message| {
            if let Some(last) = message.last_mut() {
                *last ^= 1;
            }
        });
        list.push(bad(target, "a wrong password", Ignored::Password, message));
    } else {
        list.push(with("a password where none is wanted", Ignored::AuthenticationMismatch, 4, 1));
    }
    list
}

/// P12, R14
fn over_ipv6(target: &Target) -> Vec<Malformed> {
    let mut unsummed = target.good();
    // The sum of the message alone, as version 2 has it.
    let group = target.family().multicast_group();
    let sum = checksum::compute(&unsummed, Version::V2, target.source, group, ChecksumForm::Rfc9568);
    unsummed[6..8].copy_from_slice(&sum.to_be_bytes());
    vec![
        bad(target, "a checksum without the pseudo-header", Ignored::Checksum, unsummed),
        bad(
            target,
            "a first address that is not link-local",
            Ignored::FirstAddressNotLinkLocal,
            target.changed(|message| message[8..10].copy_from_slice(&[0x20, 0x01])),
        ),
    ]
}

fn bad(target: &Target, name: &'static str, counter: Ignored, message: Vec<u8>) -> Malformed {
    Malformed {
        name,
        counter,
        source: target.source,
        destination: target.family().multicast_group(),
        ttl: u8::MAX,
        message,
    }
}
