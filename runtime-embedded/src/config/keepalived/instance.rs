//! `vrrp_instance`: one virtual router.

use core::time::Duration;

use vrrp_core::{ChecksumForm, Version};

use super::fault::fault;
use super::value::{address, centiseconds, number};
use super::words::{Reader, Word};
use super::{Parsed, Span, UNKNOWN};
use crate::config::check::is_same_text;
use crate::config::{Instance, Port, Track};

/// Reads the block of an instance with this name into its drawer; its addresses and tracks into theirs.
pub(super) const fn read<const ROUTERS: usize, const ADDRESSES: usize, const TRACKS: usize>(
    reader: &mut Reader,
    keyword: Word,
    ports: &[Port],
    parsed: &mut Parsed<ROUTERS, ADDRESSES, TRACKS>,
) {
    let name = reader.value(keyword);
    reader.open(keyword);
    // As keepalived has it: its checksum, the interface's own MAC, and the host answers at the addresses.
    let mut instance = Instance::v3(name.text, 0, 0, &[]).pseudo_header().accept().real_mac();
    let mut interface = None;
    let mut version = parsed.version;
    let mut is_ipv6 = false;
    let mut addresses = Span { first: parsed.addresses.length, length: 0 };
    let mut tracks = Span { first: parsed.tracks.length, length: 0 };
    while let Some(word) = reader.inside(keyword) {
        match word.text.as_bytes() {
            b"authentication" => instance.password = authentication(reader, word),
            b"virtual_ipaddress" => {
                reader.open(word);
                while let Some(value) = reader.inside(word) {
                    let address = address(value);
                    is_ipv6 |= address.is_ipv6();
                    parsed.addresses.put(address);
                    addresses.length += 1;
                    device(reader, interface);
                }
            }
            b"track_interface" => {
                reader.open(word);
                while let Some(value) = reader.inside(word) {
                    parsed.tracks.put(track(reader, value, ports));
                    tracks.length += 1;
                }
            }
            b"interface" => {
                let value = reader.value(word);
                interface = Some(value);
                instance.port = port(value, ports);
                reader.end_of_line();
            }
            b"version" => {
                version = Some(version_of(reader.value(word)));
                reader.end_of_line();
            }
            _ => {
                setting(reader, word, &mut instance);
                reader.end_of_line();
            }
        }
    }
    if interface.is_none() {
        fault(name, "an instance needs an interface");
    }
    if instance.vrid == 0 {
        fault(name, "an instance needs a virtual_router_id");
    }
    if addresses.length == 0 {
        fault(name, "an instance needs a virtual_ipaddress");
    }
    // Version 2 is keepalived's default, where it can be.
    instance.version = match version {
        Some(version) => version,
        None if is_ipv6 => Version::V3,
        None => Version::V2,
    };
    let mut index = 0;
    while index < ROUTERS && index < parsed.routers.length {
        if name.is(parsed.routers.things[index].name) {
            fault(name, "another instance has this name");
        }
        index += 1;
    }
    parsed.routers.put(instance);
    parsed.spans.put((addresses, tracks));
}

/// What is one word, or one and its value.
const fn setting(reader: &mut Reader, word: Word, instance: &mut Instance) {
    match word.text.as_bytes() {
        b"virtual_router_id" => {
            instance.vrid = byte(reader.value(word), "a virtual_router_id is 1 to 255");
        }
        b"priority" => instance.priority = byte(reader.value(word), "a priority is 1 to 255"),
        b"advert_int" => {
            let what = "an advert_int is 0.01 to 255 seconds, with at most two decimals";
            #[expect(clippy::cast_possible_truncation, reason = "it is at most 25,500")]
            let interval = centiseconds(reader.value(word), 25_500, what) as u16;
            instance.centiseconds = interval;
        }
        b"state" => {
            let value = reader.value(word);
            if !value.is("MASTER") && !value.is("BACKUP") {
                fault(value, "a state is MASTER or BACKUP");
            }
        }
        b"preempt" => instance.preempt = true,
        b"nopreempt" => instance.preempt = false,
        b"preempt_delay" => {
            let what = "a preempt_delay is 0 to 1000 seconds, with at most two decimals";
            let delay = centiseconds(reader.value(word), 100_000, what);
            instance.preempt_delay = Duration::from_millis(delay as u64 * 10);
        }
        b"accept" => instance.accept = true,
        b"no_accept" => instance.accept = false,
        b"use_vmac" => {
            // The name that keepalived gives the interface it makes.
            let _ = reader.more();
            instance.uses_virtual_mac = true;
        }
        b"v3_checksum_as_v2" => instance.checksum = ChecksumForm::Rfc9568,
        _ => fault(word, UNKNOWN),
    }
}

/// The block with a password.
const fn authentication(reader: &mut Reader, keyword: Word) -> Option<[u8; 8]> {
    let mut is_wanted = false;
    let mut found = None;
    reader.open(keyword);
    while let Some(word) = reader.inside(keyword) {
        let value = reader.value(word);
        match word.text.as_bytes() {
            b"auth_type" if value.is("PASS") => is_wanted = true,
            b"auth_type" => fault(value, "the only auth_type here is PASS"),
            b"auth_pass" => found = Some(password(value)),
            _ => fault(word, UNKNOWN),
        }
        reader.end_of_line();
    }
    if is_wanted != found.is_some() {
        fault(keyword, "auth_type PASS and auth_pass go together");
    }
    found
}

/// What may follow an address: the interface that it is on anyway.
const fn device(reader: &mut Reader, interface: Option<Word>) {
    while let Some(word) = reader.more() {
        if !word.is("dev") {
            fault(word, "an address has nothing here but a prefix length and dev");
        }
        let device = reader.value(word);
        if !matches!(interface, Some(interface) if device.is(interface.text)) {
            fault(device, "the addresses of an instance are on its interface, which stands before them");
        }
    }
}

/// An interface to track, and its weight.
const fn track(reader: &mut Reader, name: Word, ports: &[Port]) -> Track {
    let mut track = Track::port(port(name, ports));
    while let Some(word) = reader.more() {
        if !word.is("weight") {
            fault(word, UNKNOWN);
        }
        track = track.weight(weight(reader.value(word)));
    }
    track
}

#[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
const fn byte(word: Word, what: &str) -> u8 {
    number(word, 1, 255, what) as u8
}

/// The number of the port that is called so.
const fn port(word: Word, ports: &[Port]) -> usize {
    let mut index = 0;
    while index < ports.len() {
        if is_same_text(ports[index].name, word.text) {
            return index;
        }
        index += 1;
    }
    fault(word, "no port has this name")
}

/// `2` or `3`.
pub(super) const fn version_of(word: Word) -> Version {
    match word.text.as_bytes() {
        b"2" => Version::V2,
        b"3" => Version::V3,
        _ => fault(word, "a version is 2 or 3"),
    }
}

const fn weight(word: Word) -> i16 {
    const WHAT: &str = "a weight is -253 to 253";
    let (is_negative, digits) = match word.text.as_bytes() {
        [b'-', ..] => (true, word.text.split_at(1).1),
        _ => (false, word.text),
    };
    #[expect(clippy::cast_possible_truncation, reason = "it is at most 253")]
    let weight = number(Word { text: digits, ..word }, 0, 253, WHAT) as i16;
    if is_negative { -weight } else { weight }
}

/// Up to eight bytes; keepalived would cut a longer one.
const fn password(word: Word) -> [u8; 8] {
    let bytes = word.text.as_bytes();
    if bytes.is_empty() || bytes.len() > 8 {
        fault(word, "an auth_pass has 1 to 8 characters");
    }
    let mut password = [0; 8];
    let mut index = 0;
    while index < bytes.len() {
        password[index] = bytes[index];
        index += 1;
    }
    password
}
