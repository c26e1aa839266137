//! The messages of VRRP and around it.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use vrrp_core::seal::{Header, Key, Mode, Seal, Trailer};
use vrrp_core::wire::{
    advert as message, ah as header, arp as announcement, checksum, envelope as packet,
    ndisc as solicitation, trailer,
};
use vrrp_core::{ChecksumForm, Family, Packet, Version};

/// An advert; its first byte says which family brought it. What is understood is written again as it came.
pub fn advert(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let family = if first & 1 == 0 { Family::V4 } else { Family::V6 };
    let source = match family {
        Family::V4 => IpAddr::from([192, 0, 2, 10]),
        Family::V6 => IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 10]),
    };
    let group = family.multicast_group();
    seals(source, group, bytes);
    let Ok(repr) = message::Repr::parse(bytes, family) else { return };
    assert_eq!(repr.len(), bytes.len());
    let form = checksum::verify(bytes, repr.version, source, group);
    let mut buffer = vec![0xaa; bytes.len()];
    let len = repr.emit(source, group, form.unwrap_or(ChecksumForm::Rfc9568), &mut buffer);
    assert_eq!(len, Some(bytes.len()));
    assert_eq!(message::Repr::parse(&buffer, family), Ok(repr));
    assert!(checksum::verify(&buffer, repr.version, source, group).is_some());
    // What a sender is free to choose: reserved bits, and what fills an authentication field that holds nothing.
    let is_plain = match repr.version {
        Version::V2 => repr.authentication.data() == bytes[bytes.len() - 8..],
        Version::V3 => bytes[4] >> 4 == 0,
    };
    if is_plain && form.is_some() {
        // A sum of zero has two spellings, and a receiver takes either.
        if bytes[6..8] == [0xff, 0xff] {
            buffer[6..8].copy_from_slice(&[0xff, 0xff]);
        }
        assert_eq!(buffer, bytes);
    }
    let short = repr.len() - 1;
    assert_eq!(repr.emit(source, group, ChecksumForm::PseudoHeader, &mut buffer[..short]), None);
}

/// The bytes as an advert behind an authentication header and with a trailer: nothing opens that no key has
/// sealed, what opens is the message without its seal, and what is read is written again as it came.
fn seals(source: IpAddr, group: IpAddr, bytes: &[u8]) {
    if let Some((repr, message)) = header::Repr::parse(bytes, 7) {
        let [a, b, _, _, rest @ ..] = repr.emit();
        // Two bytes are reserved.
        assert_eq!(
            (&[a, b][..], &rest[..], message),
            (&bytes[..2], &bytes[4..header::LEN], &bytes[header::LEN..])
        );
        let packet = Packet { source, destination: group, ttl: 255, link_source: None, message };
        let opened = Seal::Header(Header::new(*b"password")).open(Duration::ZERO, &packet, Some(&repr), true);
        assert!(opened.is_err(), "no key has sealed it");
    }
    if let Some(trailer) = bytes.last_chunk()
        && let Some(repr) = trailer::Repr::parse(trailer)
    {
        assert_eq!(repr.emit(), *trailer);
    }
    let key = Key::new(1, &[7; 32]).expect("long enough");
    for mode in [Mode::Enforce, Mode::Permissive, Mode::ReceiveOnly] {
        let sealed = || Trailer::new(core::slice::from_ref(&key), 1, mode, None).map(Seal::Trailer);
        let (mut sender, mut receiver) = (sealed().expect("sensible"), sealed().expect("sensible"));
        let packet = Packet { source, destination: group, ttl: 255, link_source: None, message: bytes };
        if let Ok(opened) = receiver.open(Duration::ZERO, &packet, None, false) {
            assert_eq!(opened, packet, "only what has no seal passes");
        }
        let Ok(repr) = message::Repr::parse(bytes, Family::of(source)) else { continue };
        let mut buffer = vec![0; bytes.len() + trailer::LEN];
        let payload = sender
            .stamp(Duration::from_secs(1))
            .emit(&repr, source, group, ChecksumForm::Rfc9568, &mut buffer)
            .expect("there is room");
        let packet = Packet { message: &buffer[..payload.len], ..packet };
        let opened = receiver.open(Duration::from_secs(1), &packet, None, false);
        assert_eq!(opened.map(|opened| opened.message.len()), Ok(bytes.len()));
    }
}

/// A gratuitous ARP frame.
pub fn arp(bytes: &[u8]) {
    let Some(repr) = announcement::Repr::parse(bytes) else { return };
    let frame = repr.emit();
    assert_eq!(announcement::Repr::parse(&frame), Some(repr));
    // Sender, announced address and format are the same bytes; the rest is the sender's to choose.
    assert_eq!(
        (&frame[12..20], &frame[22..32], &frame[38..42]),
        (&bytes[12..20], &bytes[22..32], &bytes[38..42])
    );
}

/// An unsolicited neighbour advertisement.
pub fn ndisc(bytes: &[u8]) {
    // Nearly no frame has a valid checksum by chance, so it is put right.
    let mut mended = bytes.to_vec();
    if let Some(frame) = mended.get_mut(..solicitation::LEN) {
        frame[56..58].fill(0);
        let icmp = [&frame[22..54], &[0, 32, 0, 58], &frame[54..86]].concat();
        let sum = !crate::director::ones_complement_sum(&icmp);
        frame[56..58].copy_from_slice(&sum.to_be_bytes());
    }
    for bytes in [bytes, &mended] {
        let Some(repr) = solicitation::Repr::parse(bytes) else { continue };
        let frame = repr.emit();
        assert_eq!(solicitation::Repr::parse(&frame), Some(repr));
        assert_eq!((&frame[22..38], &frame[62..86]), (&bytes[22..38], &bytes[62..86]));
    }
}

/// An IP packet, perhaps around an advert.
pub fn envelope(bytes: &[u8]) {
    let Ok(inside) = packet::parse(bytes, None) else { return };
    if let Some(header) = packet::header(bytes) {
        assert_eq!(bytes[9], header::PROTOCOL);
        assert!(bytes.len() >= packet::len(Family::V4) + header::LEN + inside.message.len());
        assert_eq!(header.emit()[4..], bytes[24..44]);
    }
    assert!(inside.message.len() <= bytes.len());
    let family = Family::of(inside.source);
    assert_eq!(family, Family::of(inside.destination));
    let mut buffer = [0; 40];
    let len = inside.message.len();
    let Some(header) = packet::emit(inside.source, inside.destination, inside.ttl, 7, len, &mut buffer)
    else {
        // Only extension headers can leave room for more than fits behind an ordinary one.
        assert!(len + packet::len(Family::V4) > usize::from(u16::MAX));
        return;
    };
    assert_eq!(header, packet::len(family));
    let whole = [&buffer[..header], inside.message].concat();
    assert_eq!(packet::parse(&whole, None), Ok(inside));
    let other = match family {
        Family::V4 => IpAddr::from([0; 16]),
        Family::V6 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    };
    assert_eq!(packet::emit(inside.source, other, inside.ttl, 7, len, &mut buffer), None);
}
