//! Sealed adverts: the bytes of keepalived, and what is refused.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use vrrp_core::seal::{Header, Key, MAX_LEN, Mode, Payload, Seal, Trailer, TrailerError};
use vrrp_core::wire::advert::{Addresses, Repr};
use vrrp_core::wire::auth::Authentication;
use vrrp_core::wire::{ah, envelope};
use vrrp_core::{ChecksumForm, Family, Ignored, Interval, Packet, Version};

use crate::scene::vrid;

/// Vector P2, behind the IP header; the digest of P3, RFC 2402's form, differs.
const P2: [u8; 44] = *b"\x70\x04\0\0\xc0\0\x02\x0a\0\0\0\x01\xcd\x8c\xe5\x07\x1e\x54\x46\x78\xac\xa6\x34\xa2\
    \x21\x01\x64\x01\x02\x01\xb6\xfa\xc0\0\x02\x01\0\0\0\0\0\0\0\0";
const P2_IP: [u8; 20] = *b"\x45\xc0\0\x40\0\x01\0\0\xff\x33\x18\xad\xc0\0\x02\x0a\xe0\0\0\x12";
const P3_DIGEST: [u8; 12] = *b"\xf1\x35\x93\x29\xe1\x76\x75\x6d\x0a\x45\x9b\x71";
/// The first two adverts of a keepalived 2.2.7 with the password `s3cretpw`.
const CAPTURED_AH: [&[u8]; 2] = [
    b"\x45\xc0\0\x40\0\x01\0\0\xff\x33\x14\xa3\xc6\x12\0\x02\xe0\0\0\x12\
      \x70\x04\0\0\xc6\x12\0\x02\0\0\0\x01\xda\xbf\xcc\x14\x4c\xcd\x67\x6a\x4b\x01\x4c\x61\
      \x21\x33\x64\x01\x02\x01\xb2\x53\xc6\x12\0\x64\0\0\0\0\0\0\0\0",
    b"\x45\xc0\0\x40\0\x02\0\0\xff\x33\x14\xa2\xc6\x12\0\x02\xe0\0\0\x12\
      \x70\x04\0\0\xc6\x12\0\x02\0\0\0\x02\xe1\x80\x4c\xfd\x56\xb6\xb9\x12\xe2\x4c\x21\x39\
      \x21\x33\x64\x01\x02\x01\xb2\x53\xc6\x12\0\x64\0\0\0\0\0\0\0\0",
];
/// A7: three adverts of a keepalived 2.4.3, key 1, bytes 00 to 1f.
const A7: [&[u8; 40]; 3] = [
    b"\x31\x33\x64\x01\0\x64\xfd\x4c\xc6\x12\0\x64\
      \x01\x01\0\0\x6b\x02\x2a\x5b\x0e\x2b\0\0\xb2\x24\x9a\xa9\x4c\x59\x44\x06\x88\xbb\xd4\xb1\xd2\xd8\x57\x8d",
    b"\x31\x33\x64\x01\0\x64\xfd\x4c\xc6\x12\0\x64\
      \x01\x01\0\0\x6b\x02\x2a\x5c\x0e\x99\0\0\xa1\x90\xc8\x60\x45\xf5\x59\xe6\x5d\x1b\xc4\x8c\xf4\xbf\x69\x8f",
    b"\x31\x33\x64\x01\0\x64\xfd\x4c\xc6\x12\0\x64\
      \x01\x01\0\0\x6b\x02\x2a\x5d\x0e\x9f\0\0\xa4\xf2\xcc\x8e\xd6\xd9\x3c\x1f\x76\xbb\xaf\xe4\x71\xbc\xeb\x40",
];

const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
const KEEPALIVED: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 0, 2));
/// 0x6b022a5b seconds and 0x0e2b 65536ths: when the first advert of A7 was sent.
const THEN: Duration = Duration::new(0x6b02_2a5b, 55_344_000);

fn packet(source: IpAddr, message: &[u8]) -> Packet<'_> {
    Packet { source, destination: GROUP, ttl: 255, link_source: None, message }
}

fn advert(version: Version, number: u8, addresses: &[IpAddr]) -> Repr<'_> {
    let authentication = match version {
        Version::V2 => Authentication::Header,
        Version::V3 => Authentication::None,
    };
    Repr {
        version,
        vrid: vrid(number),
        priority: 100,
        interval: Interval::DEFAULT,
        authentication,
        addresses: Addresses::new(addresses),
    }
}

fn written(seal: &mut Seal, wall: Duration, advert: &Repr<'_>, source: IpAddr) -> (Payload, Vec<u8>) {
    let mut buffer = [0xaa; MAX_LEN];
    let stamp = seal.stamp(wall);
    let payload =
        stamp.emit(advert, source, GROUP, ChecksumForm::PseudoHeader, &mut buffer).expect("there is room");
    assert_eq!(
        stamp.emit(advert, source, GROUP, ChecksumForm::PseudoHeader, &mut buffer[..payload.len - 1]),
        None
    );
    let mut buffer = [0xaa; MAX_LEN];
    stamp.emit(advert, source, GROUP, ChecksumForm::PseudoHeader, &mut buffer).expect("there is room");
    (payload, buffer[..payload.len].to_vec())
}

fn header(password: [u8; 8]) -> Seal {
    Seal::Header(Header::new(password))
}

/// Opens a whole IP packet.
fn open<'p>(seal: &mut Seal, bytes: &'p [u8], active: bool) -> Result<Packet<'p>, Ignored> {
    let packet = envelope::parse(bytes, None).expect("it is a packet");
    seal.open(Duration::ZERO, &packet, envelope::header(bytes).as_ref(), active)
}

#[test]
fn an_authentication_header_is_the_vector() {
    // P2, A4
    let source = IpAddr::from([192, 0, 2, 10]);
    let addresses = [IpAddr::from([192, 0, 2, 1])];
    let mut seal = header(*b"1234\0\0\0\0");
    let (payload, bytes) = written(&mut seal, Duration::ZERO, &advert(Version::V2, 1, &addresses), source);
    assert_eq!(payload, Payload { protocol: 51, identification: 1, len: 44 });
    assert_eq!(bytes, P2);
    let mut ip = [0; 20];
    assert_eq!(envelope::around(source, GROUP, 255, &payload, &mut ip), Some(20));
    assert_eq!(ip, P2_IP);
}

#[test]
fn the_form_of_rfc_2402_is_another_digest() {
    // P3: never mixed with keepalived's.
    let mut bytes = [&P2_IP[..], &P2].concat();
    bytes[32..44].copy_from_slice(&P3_DIGEST);
    assert_eq!(open(&mut header(*b"1234\0\0\0\0"), &bytes, false), Err(Ignored::Digest));
}

#[test]
fn what_keepalived_sealed_opens_once_and_in_order() {
    // A4, F23
    let mut seal = header(*b"s3cretpw");
    let first = open(&mut seal, CAPTURED_AH[0], false).expect("it is authentic");
    assert_eq!(first.message, &CAPTURED_AH[0][44..]);
    assert_eq!(open(&mut seal, CAPTURED_AH[0], false), Err(Ignored::Replay));
    assert!(open(&mut seal, CAPTURED_AH[1], false).is_ok());
    assert_eq!(open(&mut seal, CAPTURED_AH[0], false), Err(Ignored::Replay));
    assert_eq!(open(&mut header(*b"s3cretpW"), CAPTURED_AH[0], false), Err(Ignored::Digest));
}

#[test]
fn every_byte_of_a_sealed_packet_counts_but_those_that_routers_change() {
    // TOS, flags, TTL and the header's checksum are not sealed.
    let free = [1, 6, 7, 8, 10, 11];
    for at in 0..CAPTURED_AH[0].len() {
        let mut bytes = CAPTURED_AH[0].to_vec();
        bytes[at] ^= 1;
        let Ok(packet) = envelope::parse(&bytes, None) else { continue };
        let opened =
            header(*b"s3cretpw").open(Duration::ZERO, &packet, envelope::header(&bytes).as_ref(), false);
        // What is reserved in the header is not looked at: it goes into no digest as it came.
        let is_free = free.contains(&at) || matches!(at, 22 | 23);
        assert_eq!(opened.is_ok(), is_free, "byte {at}: {opened:?}");
    }
}

#[test]
fn a_header_is_wanted_or_it_is_not() {
    let message = &CAPTURED_AH[0][44..];
    let plain = packet(KEEPALIVED, message);
    let sealed = envelope::header(CAPTURED_AH[0]).expect("it has one");
    let mismatch = Err(Ignored::AuthenticationMismatch);
    assert_eq!(header(*b"s3cretpw").open(Duration::ZERO, &plain, None, false), mismatch);
    assert_eq!(Seal::None.open(Duration::ZERO, &plain, Some(&sealed), false), mismatch);
    assert_eq!(Seal::None.open(Duration::ZERO, &plain, None, false), Ok(plain));
    let borrowed = ah::Repr { spi: Ipv4Addr::new(198, 18, 0, 1), ..sealed };
    assert_eq!(
        header(*b"s3cretpw").open(Duration::ZERO, &plain, Some(&borrowed), false),
        Err(Ignored::MalformedProof)
    );
}

#[test]
fn what_is_not_authentic_moves_no_number() {
    let mut seal = header(*b"s3cretpw");
    let mut forged = CAPTURED_AH[1].to_vec();
    forged[28..32].fill(0xff);
    assert_eq!(open(&mut seal, &forged, false), Err(Ignored::Digest));
    assert!(open(&mut seal, CAPTURED_AH[0], false).is_ok());
}

#[test]
fn a_trailer_is_the_vector() {
    // A7
    let addresses = [IpAddr::from([198, 18, 0, 100])];
    let (payload, bytes) =
        written(&mut trailer(Mode::Enforce, Some(5)), THEN, &advert(Version::V3, 51, &addresses), KEEPALIVED);
    assert_eq!(payload, Payload { protocol: 112, identification: 0, len: 40 });
    assert_eq!(bytes, A7[0]);
}

#[test]
fn what_keepalived_sealed_with_a_trailer_opens_once_and_in_order() {
    let mut seal = trailer(Mode::Enforce, Some(5));
    let heard = |seal: &mut Seal, number: usize| {
        seal.open(THEN, &packet(KEEPALIVED, A7[number]), None, false).map(|packet| packet.message.to_vec())
    };
    assert_eq!(heard(&mut seal, 1), Ok(A7[1][..12].to_vec()));
    assert_eq!(heard(&mut seal, 1), Err(Ignored::Replay));
    assert_eq!(heard(&mut seal, 0), Err(Ignored::Replay));
    assert_eq!(heard(&mut seal, 2), Ok(A7[2][..12].to_vec()));
}

#[test]
fn every_byte_of_an_advert_with_a_trailer_counts_but_its_checksum() {
    for at in 0..A7[0].len() {
        let mut bytes = *A7[0];
        bytes[at] ^= 1;
        let mut seal = trailer(Mode::Enforce, Some(5));
        let opened =
            seal.open(THEN, &packet(KEEPALIVED, &bytes), None, false).map(|opened| opened.message.len());
        let expected = match at {
            // Another type or count has another length, which the router finds out.
            3 => Ok(40),
            0 | 1 | 2 | 4 | 5 | 8..=11 | 19..=39 => Err(Ignored::Digest),
            6 | 7 => Ok(12),
            12 | 14 | 15 => Err(Ignored::MalformedProof),
            13 => Err(Ignored::UnknownKey),
            16..=18 => Err(Ignored::Stale),
            _ => unreachable!("there are 40 bytes"),
        };
        assert_eq!(opened, expected, "byte {at}");
    }
    let elsewhere = packet(IpAddr::from([198, 18, 0, 3]), A7[0]);
    assert_eq!(trailer(Mode::Enforce, Some(5)).open(THEN, &elsewhere, None, false), Err(Ignored::Digest));
}

#[test]
fn a_time_outside_the_window_is_stale_on_both_sides() {
    // F23: not even a receiver that has just started takes it.
    let open = |seconds_later: i64, window| {
        let wall = Duration::from_secs(THEN.as_secs().checked_add_signed(seconds_later).expect("in range"));
        trailer(Mode::Enforce, window).open(wall, &packet(KEEPALIVED, A7[0]), None, false).map(drop)
    };
    assert_eq!((open(5, Some(5)), open(6, Some(5))), (Ok(()), Err(Ignored::Stale)));
    assert_eq!((open(-5, Some(5)), open(-6, Some(5))), (Ok(()), Err(Ignored::Stale)));
    assert_eq!(open(100_000, None), Ok(()), "without a window only the order counts");
}

#[test]
fn a_sender_whose_clock_was_put_back_is_heard_once_its_mark_is_out_of_the_window() {
    let mut seal = trailer(Mode::Enforce, Some(5));
    assert!(seal.open(THEN, &packet(KEEPALIVED, A7[2]), None, false).is_ok());
    assert_eq!(seal.open(THEN, &packet(KEEPALIVED, A7[0]), None, false), Err(Ignored::Replay));
    let earlier = THEN.saturating_sub(Duration::from_secs(4));
    assert!(seal.open(earlier, &packet(KEEPALIVED, A7[0]), None, false).is_ok());
}

#[test]
fn a_clock_that_stands_still_still_counts() {
    let addresses = [IpAddr::from([198, 18, 0, 100])];
    let advert = advert(Version::V3, 51, &addresses);
    let (mut sender, mut receiver) = (trailer(Mode::Enforce, Some(5)), trailer(Mode::Enforce, Some(5)));
    for wall in [THEN, THEN, THEN.saturating_sub(Duration::from_secs(2)), THEN] {
        let (_, bytes) = written(&mut sender, wall, &advert, KEEPALIVED);
        assert!(receiver.open(THEN, &packet(KEEPALIVED, &bytes), None, false).is_ok());
    }
    let (_, bytes) = written(&mut sender, THEN, &advert, KEEPALIVED);
    assert_eq!(bytes[22..24], [0, 4], "the fifth at the same time");
}

#[test]
fn the_sender_unheard_for_longest_is_forgotten_first() {
    let addresses = [IpAddr::from([198, 18, 0, 100])];
    let advert = advert(Version::V3, 51, &addresses);
    let host = |number: u8| IpAddr::from([198, 18, 0, number]);
    let sealed: Vec<_> = (1..=9_u8)
        .map(|number| written(&mut trailer(Mode::Enforce, Some(5)), THEN, &advert, host(number)).1)
        .collect();
    let mut seal = trailer(Mode::Enforce, Some(5));
    let mut heard = |number: u8| {
        let bytes = &sealed[usize::from(number) - 1];
        seal.open(THEN, &packet(host(number), bytes), None, false).is_ok()
    };
    assert!((1..=9).all(&mut heard));
    assert!(!heard(9) && !heard(2));
    assert!(heard(1), "the ninth took its place");
}

#[test]
fn a_group_is_sealed_and_its_keys_change_without_a_moment_of_deafness() {
    // F25: each step, from any router that has made it to any that has not and back.
    let none = || Seal::None;
    let old = || key(1, 0);
    let new = || key(2, 7);
    let of = |keys: &[Key], active, mode| {
        Trailer::new(keys, active, mode, Some(5)).map(Seal::Trailer).expect("sensible")
    };
    let steps: [Box<dyn Fn() -> Seal>; 7] = [
        Box::new(none),
        Box::new(|| of(&[old()], 1, Mode::ReceiveOnly)),
        Box::new(|| of(&[old()], 1, Mode::Permissive)),
        Box::new(|| of(&[old()], 1, Mode::Enforce)),
        Box::new(|| of(&[old(), new()], 1, Mode::Enforce)),
        Box::new(|| of(&[old(), new()], 2, Mode::Enforce)),
        Box::new(|| of(&[new()], 2, Mode::Enforce)),
    ];
    let addresses = [IpAddr::from([198, 18, 0, 100])];
    let advert = advert(Version::V3, 51, &addresses);
    let hears = |from: &dyn Fn() -> Seal, to: &dyn Fn() -> Seal| {
        let (_, bytes) = written(&mut from(), THEN, &advert, KEEPALIVED);
        let opened =
            to().open(THEN, &packet(KEEPALIVED, &bytes), None, false).map(|packet| packet.message.len());
        opened == Ok(12)
    };
    for pair in steps.windows(2) {
        assert!(hears(&*pair[0], &*pair[1]) && hears(&*pair[1], &*pair[0]));
    }
    // Two steps at once would not do.
    assert!(
        !hears(&*steps[2], &*steps[0]) && !hears(&*steps[1], &*steps[3]) && !hears(&*steps[5], &*steps[3])
    );
}

#[test]
fn a_seal_that_does_not_hold_counts_in_no_mode() {
    let mut bytes = *A7[0];
    bytes[39] ^= 1;
    for mode in [Mode::Enforce, Mode::Permissive, Mode::ReceiveOnly] {
        let opened = trailer(mode, Some(5)).open(THEN, &packet(KEEPALIVED, &bytes), None, false);
        assert_eq!(opened, Err(Ignored::Digest), "{mode:?}");
    }
    let plain = packet(KEEPALIVED, &A7[0][..12]);
    assert_eq!(
        trailer(Mode::Enforce, Some(5)).open(THEN, &plain, None, false),
        Err(Ignored::AuthenticationMismatch)
    );
}

#[test]
fn other_settings_keep_the_marks() {
    let mut seal = trailer(Mode::Enforce, Some(5));
    assert!(seal.open(THEN, &packet(KEEPALIVED, A7[1]), None, false).is_ok());
    let mut seal = seal.renewed(trailer(Mode::Permissive, Some(9)));
    assert_eq!(seal.open(THEN, &packet(KEEPALIVED, A7[1]), None, false), Err(Ignored::Replay));
    let mut seal = header(*b"s3cretpw");
    assert!(open(&mut seal, CAPTURED_AH[0], false).is_ok());
    let mut seal = seal.renewed(header(*b"s3cretpw"));
    assert_eq!(open(&mut seal, CAPTURED_AH[0], false), Err(Ignored::Replay));
}

#[test]
fn keys_are_checked() {
    assert_eq!(Key::new(1, &[0; 31]).err(), Some(TrailerError::KeyLength));
    assert_eq!(Key::new(1, &[0; 65]).err(), Some(TrailerError::KeyLength));
    assert!(Key::new(0, &[0; 64]).is_ok());
    let error = |keys: &[Key], active| Trailer::new(keys, active, Mode::Enforce, None).err();
    assert_eq!(error(&[key(1, 0)], 2), Some(TrailerError::NoKey { number: 2 }));
    assert_eq!(error(&[key(1, 0), key(1, 1)], 1), Some(TrailerError::DuplicateKey { number: 1 }));
    let many: Vec<Key> = (0..9).map(|number| key(number, 0)).collect();
    assert_eq!(error(&many, 0), Some(TrailerError::TooManyKeys));
    assert_eq!(format!("{:?}", key(1, 0)), "Key { number: 1, .. }");
}

#[test]
fn what_is_no_advert_is_left_to_the_ladder() {
    for bytes in [&b""[..], b"\x31\x33\x64", b"\x41\x33\x64\x01\0\x64\0\0\xc6\x12\0\x64", &A7[0][..20]] {
        let packet = packet(KEEPALIVED, bytes);
        assert_eq!(trailer(Mode::Permissive, Some(5)).open(THEN, &packet, None, false), Ok(packet));
    }
}

#[test]
fn a_seal_says_how_large_it_is() {
    println!("a seal takes {} bytes, one of a header {}", size_of::<Seal>(), size_of::<Header>());
    assert!(size_of::<Header>() <= 12);
    assert!(size_of::<Seal>() <= 1024);
    assert_eq!(Family::of(KEEPALIVED), Family::V4);
}

/// Number and bytes counting up from `first`: those of the captures are 1 and 0.
fn key(number: u8, first: u8) -> Key {
    let mut bytes = [0; 32];
    for (byte, value) in bytes.iter_mut().zip(first..) {
        *byte = value;
    }
    Key::new(number, &bytes).expect("long enough")
}

fn trailer(mode: Mode, window: Option<u16>) -> Seal {
    Seal::Trailer(Trailer::new(&[key(1, 0)], 1, mode, window).expect("sensible"))
}
