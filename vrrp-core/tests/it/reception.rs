//! The ladder, rung by rung: each packet differs from a good one in one respect.
//!
//! What every rung leaves untouched is tested against the longer list in `bench::malformed`.

use core::net::IpAddr;

use vrrp_core::reception::{self, Advert, Expectation, Ignored};
use vrrp_core::wire::auth::Authentication;
use vrrp_core::{ChecksumForm, Family, Packet, Peer, Priority, Settings, Statistics, Unicast, Version};

use crate::scene::{ADDRESSES_V6, host, interval, vrid};

/// Vectors T1, T2, T5, T6 and T10 for VRID 1.
const T1: [u8; 20] = *b"\x21\x01\x64\x01\x00\x01\xb8\xfa\xc0\x00\x02\x01\0\0\0\0\0\0\0\0";
const T2: [u8; 20] = *b"\x21\x01\x64\x01\x01\x01\x53\x94\xc0\x00\x02\x011234\0\0\0\0";
const T5: [u8; 12] = *b"\x31\x01\x64\x01\x00\x64\xa8\x97\xc0\x00\x02\x01";
const T6: [u8; 12] = *b"\x31\x01\x64\x01\x00\x64\x05\xfe\xc0\x00\x02\x01";
const T10: [u8; 40] = *b"\x31\x01\x64\x02\x00\x64\x40\x24\
    \xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\
    \x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01";
/// T12: interval 0 with a checksum that holds.
const T12: [u8; 12] = *b"\x31\x01\xfe\x01\x00\x00\x0e\xfb\xc0\x00\x02\x01";

const LISTED_V4: [IpAddr; 1] = [IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1))];

const PEERS: [Peer; 1] = [Peer {
    address: IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 10)),
    least_ttl: 250,
    greatest_ttl: 254,
}];

fn settings(version: Version) -> Settings<&'static [IpAddr]> {
    Settings { version, ..Settings::new(vrid(1), Family::V4, &LISTED_V4[..]) }
}

/// What a router with these settings makes of it, at .99.
fn judge(settings: &Settings<&[IpAddr]>, packet: &Packet<'_>) -> Result<Advert, Ignored> {
    let (source, mac) = (host(Family::V4, 99), [2, 0, 0, 0, 0, 99]);
    let expected = Expectation { settings, source: Some(&source), mac: Some(&mac), trusted: None };
    reception::judge(&expected, packet)
}

fn packet(message: &[u8]) -> Packet<'_> {
    Packet {
        source: host(Family::V4, 10),
        destination: Family::V4.multicast_group(),
        ttl: 255,
        link_source: None,
        message,
    }
}

/// `message` with another byte at `position` and a checksum that holds over the message alone.
fn altered<const N: usize>(message: [u8; N], position: usize, byte: u8) -> [u8; N] {
    let mut message = message;
    message[position] = byte;
    summed(message)
}

fn summed<const N: usize>(mut message: [u8; N]) -> [u8; N] {
    let version = if message[0] >> 4 == 3 { Version::V3 } else { Version::V2 };
    let (source, destination) = (host(Family::V4, 10), Family::V4.multicast_group());
    let sum =
        vrrp_core::wire::checksum::compute(&message, version, source, destination, ChecksumForm::Rfc9568);
    message[6..8].copy_from_slice(&sum.to_be_bytes());
    message
}

fn v3(message: &[u8]) -> Result<Advert, Ignored> {
    judge(&settings(Version::V3), &packet(message))
}

fn v2(message: &[u8]) -> Result<Advert, Ignored> {
    judge(&settings(Version::V2), &packet(message))
}

#[test]
fn good_adverts_reach_the_top_in_every_form() {
    let advert = Advert {
        version: Version::V2,
        source: host(Family::V4, 10),
        link_source: None,
        priority: 100,
        interval: interval(100),
        checksum: ChecksumForm::Rfc9568,
        addresses_match: true,
    };
    assert_eq!(v2(&T1), Ok(advert));
    let advert = Advert { version: Version::V3, ..advert };
    assert_eq!(v3(&T5), Ok(advert));
    // P13: both camps are understood, and told apart.
    assert_eq!(v3(&T6), Ok(Advert { checksum: ChecksumForm::PseudoHeader, ..advert }));
}

#[test]
fn the_first_rungs_look_at_length_envelope_version_type_and_identifier() {
    // R1
    assert_eq!(v3(&T5[..7]), Err(Ignored::TooShort));
    assert_eq!(v3(&[]), Err(Ignored::TooShort));
    // R2
    for ttl in [0, 1, 254] {
        let low = Packet { ttl, ..packet(&T5) };
        assert_eq!(judge(&settings(Version::V3), &low), Err(Ignored::Ttl));
    }
    // R3
    assert_eq!(v3(&altered(T5, 0, 0x41)), Err(Ignored::UnknownVersion));
    assert_eq!(v3(&T1), Err(Ignored::VersionMismatch));
    assert_eq!(v2(&T5), Err(Ignored::VersionMismatch));
    // R4
    assert_eq!(v3(&altered(T5, 0, 0x32)), Err(Ignored::Type));
    // R5
    assert_eq!(v3(&altered(T5, 1, 2)), Err(Ignored::Vrid));
    assert_eq!(v3(&altered(T5, 1, 0)), Err(Ignored::Vrid));
}

#[test]
fn the_length_must_fit_the_count_exactly() {
    // R6
    assert_eq!(v3(&altered(T5, 3, 2)), Err(Ignored::Length));
    assert_eq!(v3(&altered(T5, 3, 0)), Err(Ignored::Length));
    assert_eq!(v3(&T5[..11]), Err(Ignored::Length));
    assert_eq!(v2(&T1[..12]), Err(Ignored::Length), "authentication data is always there");
    let mut padded = [0; 26];
    padded[..12].copy_from_slice(&T5);
    assert_eq!(v3(&padded), Err(Ignored::Length), "padding is for the runtime to cut off");
}

#[test]
fn the_checksum_is_over_what_the_version_says() {
    // R7, P11, P13: every single bit counts.
    for bit in 8 * 2..8 * 12 {
        let mut damaged = T5;
        damaged[bit / 8] ^= 1 << (bit % 8);
        if bit / 8 == 3 {
            continue; // R6 comes first
        }
        assert_eq!(v3(&damaged), Err(Ignored::Checksum), "bit {bit}");
    }
    // The pseudo-header is the IPv4 one of the packet: T6 sent by somebody else does not hold.
    let elsewhere = Packet { source: host(Family::V4, 11), ..packet(&T6) };
    assert_eq!(judge(&settings(Version::V3), &elsewhere), Err(Ignored::Checksum));
}

#[test]
fn authentication_must_be_the_configured_one() {
    // R8, A1, A2
    let secret =
        Settings { authentication: Authentication::Password(*b"1234\0\0\0\0"), ..settings(Version::V2) };
    assert!(judge(&secret, &packet(&T2)).is_ok());
    assert_eq!(judge(&secret, &packet(&T1)), Err(Ignored::AuthenticationMismatch));
    assert_eq!(v2(&T2), Err(Ignored::AuthenticationMismatch));
    assert_eq!(judge(&secret, &packet(&altered(T2, 19, 1))), Err(Ignored::Password));
    assert_eq!(v2(&altered(T1, 4, 2)), Err(Ignored::AuthenticationMismatch));
    assert_eq!(v2(&altered(T1, 4, 3)), Err(Ignored::AuthenticationUnknown));
    let header = Settings { authentication: Authentication::Header, ..settings(Version::V2) };
    assert!(judge(&header, &packet(&altered(T1, 4, 2))).is_ok(), "the seal has looked at the header");
    assert_eq!(judge(&header, &packet(&T1)), Err(Ignored::AuthenticationMismatch));
    assert_eq!(judge(&header, &packet(&T2)), Err(Ignored::AuthenticationMismatch));
    assert!(v2(&altered(T1, 19, 77)).is_ok(), "the data of type 0 is not looked at");
}

#[test]
fn an_advert_lists_addresses_and_has_an_interval() {
    // R9
    assert_eq!(v3(&summed(*b"\x31\x01\x64\x00\x00\x64\0\0")), Err(Ignored::NoAddresses));
    assert_eq!(v2(&summed(*b"\x21\x01\x64\x00\x00\x01\0\0\0\0\0\0\0\0\0\0")), Err(Ignored::NoAddresses));
    // One without addresses hears others like it; in version 3 it hears any, in version 2 only its like (R13).
    let without = |version, message: &[u8]| {
        judge(&Settings { addresses: &[][..], ..settings(version) }, &packet(message))
            .map(|advert| advert.addresses_match)
    };
    assert_eq!(without(Version::V3, &summed(*b"\x31\x01\x64\x00\x00\x64\0\0")), Ok(true));
    assert_eq!(without(Version::V2, &summed(*b"\x21\x01\x64\x00\x00\x01\0\0\0\0\0\0\0\0\0\0")), Ok(true));
    assert_eq!(without(Version::V3, &T5), Ok(false));
    assert_eq!(without(Version::V2, &T1), Err(Ignored::AddressList));
    // R10, F10
    assert_eq!(v3(&T12), Err(Ignored::IntervalZero));
    assert_eq!(v3(&altered(T12, 4, 0xf0)), Err(Ignored::IntervalZero), "reserved bits are no interval");
    assert_eq!(v2(&altered(T1, 5, 0)), Err(Ignored::IntervalZero));
}

#[test]
fn another_interval_is_dropped_in_version_2_and_learned_in_version_3() {
    // R11, F7
    assert_eq!(v2(&altered(T1, 5, 2)), Err(Ignored::IntervalMismatch));
    assert_eq!(v3(&altered(T5, 5, 200)).map(|advert| advert.interval), Ok(interval(200)));
}

#[test]
fn an_owner_listens_to_nobody_in_version_2() {
    // R12
    let owner = |version| Settings { priority: Priority::OWNER, ..settings(version) };
    assert_eq!(judge(&owner(Version::V2), &packet(&T1)), Err(Ignored::Owner));
    assert!(judge(&owner(Version::V3), &packet(&T5)).is_ok());
}

#[test]
fn other_addresses_are_dropped_in_version_2_unless_their_owner_lists_them() {
    // R13, F18
    assert_eq!(v2(&altered(T1, 11, 2)), Err(Ignored::AddressList));
    let mut owner = T1;
    owner[2] = 255;
    assert_eq!(v2(&altered(owner, 11, 2)).map(|advert| advert.addresses_match), Ok(false));
    assert_eq!(v3(&altered(T5, 11, 2)).map(|advert| advert.addresses_match), Ok(false));
    let trusting = |trusted| {
        let settings = &settings(Version::V2);
        let expected = Expectation { settings, source: None, mac: None, trusted: Some(&trusted) };
        reception::judge(&expected, &packet(&altered(T1, 11, 2))).map(|advert| advert.addresses_match)
    };
    assert_eq!(trusting(host(Family::V4, 10)), Ok(true));
    assert_eq!(trusting(host(Family::V4, 11)), Err(Ignored::AddressList));
}

#[test]
fn the_order_of_the_addresses_does_not_matter_but_their_number_does() {
    // R13
    let two: [IpAddr; 2] = [host(Family::V4, 2), host(Family::V4, 1)];
    let expected = Settings { addresses: &two[..], ..settings(Version::V3) };
    let both = summed(*b"\x31\x01\x64\x02\x00\x64\0\0\xc0\x00\x02\x01\xc0\x00\x02\x02");
    assert_eq!(judge(&expected, &packet(&both)).map(|advert| advert.addresses_match), Ok(true));
    let twice = summed(*b"\x31\x01\x64\x02\x00\x64\0\0\xc0\x00\x02\x01\xc0\x00\x02\x01");
    assert_eq!(judge(&expected, &packet(&twice)).map(|advert| advert.addresses_match), Ok(false));
    assert_eq!(judge(&expected, &packet(&T5)).map(|advert| advert.addresses_match), Ok(false));
}

#[test]
fn the_first_ipv6_address_is_link_local() {
    // R14, T10
    let expected = Settings { family: Family::V6, addresses: &ADDRESSES_V6[..], ..settings(Version::V3) };
    let v6 =
        Packet { source: host(Family::V6, 10), destination: Family::V6.multicast_group(), ..packet(&T10) };
    let heard = judge(&expected, &v6).expect("T10 is good");
    assert_eq!((heard.checksum, heard.addresses_match), (ChecksumForm::PseudoHeader, false));
    // Swapping the two addresses keeps the sum.
    let mut swapped = T10;
    swapped[8..24].copy_from_slice(&T10[24..]);
    swapped[24..].copy_from_slice(&T10[8..24]);
    let swapped = Packet { message: &swapped, ..v6 };
    assert_eq!(judge(&expected, &swapped), Err(Ignored::FirstAddressNotLinkLocal));
    let lenient = Settings { require_link_local: false, ..expected };
    assert!(judge(&lenient, &swapped).is_ok());
}

#[test]
fn a_source_must_be_able_to_send() {
    // R15; the checksum of T5 does not cover the source.
    for source in ["0.0.0.0", "224.0.0.18", "127.0.0.1"] {
        let source = source.parse().expect("an address");
        let odd = Packet { source, ..packet(&T5) };
        assert_eq!(judge(&settings(Version::V3), &odd), Err(Ignored::Source));
    }
    let own = Packet { source: host(Family::V4, 99), link_source: Some([2, 0, 0, 0, 0, 99]), ..packet(&T5) };
    assert_eq!(judge(&settings(Version::V3), &own), Err(Ignored::Loop));
    let twin = Packet { link_source: Some([2, 0, 0, 0, 0, 98]), ..own };
    assert!(judge(&settings(Version::V3), &twin).is_ok(), "a twin is for the election to settle");
}

#[test]
fn unicast_has_its_own_rules() {
    // F17, P14, keepalived's min_ttl, max_ttl and check_unicast_src
    let unicast = Some(Unicast { peers: &PEERS[..], check_source: true });
    let expected = Settings { unicast, ..settings(Version::V3) };
    let direct = Packet { destination: host(Family::V4, 99), ttl: 252, ..packet(&T5) };
    assert!(judge(&expected, &direct).is_ok());
    assert_eq!(judge(&expected, &Packet { ttl: 249, ..direct }), Err(Ignored::UnicastTtl));
    assert_eq!(judge(&expected, &Packet { ttl: 255, ..direct }), Err(Ignored::UnicastTtl));
    let stranger = Packet { source: host(Family::V4, 11), ..direct };
    assert_eq!(judge(&expected, &stranger), Err(Ignored::UnicastSource));
    assert_eq!(judge(&expected, &packet(&T5)), Err(Ignored::MulticastForUnicast));
    assert_eq!(
        judge(&settings(Version::V3), &Packet { ttl: 255, ..direct }),
        Err(Ignored::UnicastForMulticast)
    );
    let unicast = Some(Unicast { peers: &PEERS[..], check_source: false });
    let expected = Settings { unicast, ..settings(Version::V3) };
    assert!(judge(&expected, &stranger).is_ok());
    let v6 = Packet { source: host(Family::V6, 10), ..packet(&T5) };
    assert_eq!(judge(&expected, &v6), Err(Ignored::Family));
}

#[test]
fn every_rung_has_its_own_counter() {
    let names: std::collections::BTreeSet<&str> = Ignored::ALL.into_iter().map(Ignored::name).collect();
    assert_eq!(names.len(), Ignored::ALL.len());
    let mut statistics = Statistics::default();
    for why in Ignored::ALL {
        statistics.record(&[vrrp_core::Action::Ignored(why)]);
    }
    for (why, count) in statistics.all_ignored() {
        assert_eq!((count, statistics.ignored(why)), (1, 1), "{}", why.name());
    }
}
