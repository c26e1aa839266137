//! Files of every format, damaged files and hostile frames.

use proptest::prelude::*;

use super::*;
use crate::capture::frame::LinkType;

/// The same frames in the other formats decode to the same lines.
#[test]
fn every_file_format_gives_the_same_lines() {
    let reference = shown("ka-2.2.7.v3-ipv4.pcap");
    let whole = std::fs::read(path("ka-2.2.7.v3-ipv4.pcap")).unwrap();
    let mut frames = Frames::new(&whole[..]).unwrap();
    let (mut big, mut nano, mut next) = (Vec::new(), Vec::new(), Vec::new());
    for field in [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65_535, 1] {
        big.extend(field.to_be_bytes());
    }
    nano.extend(0xa1b2_3c4d_u32.to_le_bytes());
    nano.extend(&whole[4..24]);
    // A section header of unknown length, and an Ethernet interface that counts nanoseconds.
    for field in [0x0a0d_0d0a_u32, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28] {
        next.extend(field.to_le_bytes());
    }
    for field in [1_u32, 32, 1, 65_535, 0x0001_0009, 9, 0, 32] {
        next.extend(field.to_le_bytes());
    }
    while let Some(Captured { time, bytes, .. }) = frames.next().unwrap() {
        let length = u32::try_from(bytes.len()).unwrap();
        let seconds = u32::try_from(time.as_secs()).unwrap();
        for field in [seconds, time.subsec_micros(), length, length] {
            big.extend(field.to_be_bytes());
        }
        big.extend(&bytes);
        for field in [seconds, time.subsec_nanos(), length, length] {
            nano.extend(field.to_le_bytes());
        }
        nano.extend(&bytes);
        let padded = length.next_multiple_of(4);
        let stamp = u64::try_from(time.as_nanos()).unwrap();
        let (high, low) = ((stamp >> 32) as u32, (stamp & 0xffff_ffff) as u32);
        for field in [6, 32 + padded, 0, high, low, length, length] {
            next.extend(field.to_le_bytes());
        }
        next.extend(&bytes);
        next.resize(next.len() + (padded - length) as usize, 0);
        next.extend((32 + padded).to_le_bytes());
    }
    for contents in [whole, big, nano, next] {
        assert_eq!(print_bytes(&contents), (reference.clone(), String::new()));
    }
}

#[test]
fn a_damaged_file_shows_what_came_before_and_the_offset() {
    let whole = std::fs::read(path("ka-2.2.7.v2-noauth.pcap")).unwrap();
    // A header of 24 bytes, two reports of 16 + 54, and one advert of which a byte is missing.
    let (shown, error) = print_bytes(&whole[..24 + 2 * 70 + 69]);
    assert_eq!(shown, "\n0 packets in 0.924 s, 2 others passed over\n");
    assert_eq!(error, "FILE: byte 164: the file ends within a record, 69 bytes into it");

    let (shown, error) = print_bytes(&whole[..24 + 3 * 70 + 5]);
    assert!(first(&shown, 1).ends_with("checksum good -- accepted\n"));
    assert_eq!(error, "FILE: byte 234: the file ends within a record, 5 bytes into it");

    let mut damaged = whole.clone();
    damaged[24 + 70 + 8..][..4].copy_from_slice(&[0xff; 4]);
    assert_eq!(print_bytes(&damaged).1, "FILE: byte 94: the file ends within a record, 2840 bytes into it");

    assert_eq!(print_bytes(b"").1, "FILE: byte 0: an empty file");
    assert_eq!(print_bytes(&whole[..20]).1, "FILE: byte 0: the file ends within a record, 20 bytes into it");
    assert_eq!(print_bytes(b"#!/bin/sh\n").1, "FILE: byte 0: neither a pcap nor a pcapng file");
    let mut strange = whole;
    strange[20] = 105;
    assert_eq!(
        print_bytes(&strange).1,
        "FILE: byte 24: link type 105 is not known here (Ethernet, Linux cooked and raw IP are)"
    );
    let missing = Options { source: Source::File("/nowhere.pcap".into()), ..file("") };
    assert_eq!(
        format!("{:#}", run_to(missing, Vec::new(), false).unwrap_err()),
        "opening /nowhere.pcap: No such file or directory (os error 2)"
    );
}

proptest! {
    #[test]
    fn any_frames_are_survived(
        frames in prop::collection::vec(
            (0_u8..4, any::<u8>(), prop::collection::vec(any::<u8>(), 0..120), 0_usize..8),
            1..12,
        ),
    ) {
        let mut decoder = Decoder::new(None, None, None);
        for (link, flavour, tail, cut) in frames {
            let link = [LinkType::Ethernet, LinkType::Cooked, LinkType::Cooked2, LinkType::Raw][usize::from(link)];
            let captured = hostile(link, flavour, &tail, cut);
            if let Some(record) = decoder.decode(&captured) {
                prop_assert!(!record.line(true).contains('\n'));
                prop_assert!(serde_json::to_string(&record).is_ok());
            }
        }
        prop_assert!(serde_json::to_string(&decoder.summary.json()).is_ok());
    }

    #[test]
    fn any_file_is_survived(
        magic in prop::sample::select(vec![0xa1b2_c3d4_u32, 0xd4c3_b2a1, 0xa1b2_3c4d, 0x4d3c_b2a1, 0x0a0d_0d0a]),
        tail in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut contents = magic.to_be_bytes().to_vec();
        contents.extend(tail);
        print_bytes(&contents);
    }

    #[test]
    fn any_damage_to_a_good_file_is_survived(
        damage in prop::collection::vec((0_usize..3000, any::<u8>()), 1..20),
        end in 0_usize..3000,
    ) {
        let mut contents = std::fs::read(path("ka-2.2.7.v2-ah.pcap")).unwrap();
        for (place, byte) in damage {
            contents[place] = byte;
        }
        contents.truncate(end);
        print_bytes(&contents);
    }

    /// pcapng blocks of every type with any contents.
    #[test]
    fn any_blocks_are_survived(
        blocks in prop::collection::vec((0_u32..12, prop::collection::vec(any::<u8>(), 0..80)), 0..8),
    ) {
        let mut contents = Vec::new();
        for field in [0x0a0d_0d0a_u32, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28, 1, 20, 1, 65_535, 20] {
            contents.extend(field.to_le_bytes());
        }
        for (kind, mut body) in blocks {
            body.resize(body.len().next_multiple_of(4), 0);
            let length = u32::try_from(body.len() + 12).unwrap();
            contents.extend(kind.to_le_bytes());
            contents.extend(length.to_le_bytes());
            contents.extend(body);
            contents.extend(length.to_le_bytes());
        }
        print_bytes(&contents);
    }
}

/// Frames that get past the first checks: the right ethertype, protocol or type before random bytes.
fn hostile(link: LinkType, flavour: u8, tail: &[u8], cut: usize) -> Captured {
    let (ether_type, start): (u16, Vec<u8>) = match flavour % 6 {
        0 => (0x0806, vec![0, 1, 8, 0, 6, 4]),
        1 => (0x0800, ip("192.0.2.10", "224.0.0.18", 255, tail.len())),
        2 => (0x86dd, ip("fe80::1", "ff02::12", 255, tail.len())),
        3 => {
            let mut header = ip("fe80::1", "ff02::1", 255, tail.len() + 2);
            header[6] = 58;
            header.extend([135 + flavour / 6 % 2, 0]);
            (0x86dd, header)
        }
        4 => {
            let mut header = ip("192.0.2.10", "192.0.2.20", 1, tail.len() + 12);
            header[9] = 51;
            header.extend([112, 4]);
            (0x0800, header)
        }
        _ => (0x8100, Vec::new()),
    };
    let mut bytes = match link {
        LinkType::Ethernet => vec![2; 12],
        LinkType::Cooked => vec![0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0],
        LinkType::Cooked2 | LinkType::Raw => Vec::new(),
    };
    if link != LinkType::Raw {
        bytes.extend(ether_type.to_be_bytes());
    }
    if link == LinkType::Cooked2 {
        bytes.extend([0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0]);
    }
    bytes.extend(start);
    bytes.extend(tail);
    bytes.truncate(bytes.len().saturating_sub(cut));
    Captured { time: core::time::Duration::ZERO, link, original: bytes.len(), bytes }
}

/// What is shown of a file with `contents`, and the error with which it ends.
fn print_bytes(contents: &[u8]) -> (String, String) {
    let mut printer = Printer {
        decoder: Decoder::new(None, None, None),
        left: u64::MAX,
        json: false,
        colour: false,
        out: Vec::new(),
    };
    let error = printer.frames(contents, "FILE").err().map(|error| format!("{error:#}"));
    (String::from_utf8(printer.out).unwrap(), error.unwrap_or_default())
}
