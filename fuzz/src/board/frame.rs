//! What comes on a small router's cable.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{
    ArpHardwareId, ArpOperation, ArpPacket, EtherType, Icmpv4Type, Icmpv6Type, IpNumber, PacketBuilder,
};
use runtime_embedded::Mac;
use vrrp_core::wire::advert::{Addresses, MAX_LEN, Repr};
use vrrp_core::wire::auth::Authentication;
use vrrp_core::{ChecksumForm, Family, Interval, Version, Vrid};

use super::{OUTSIDE, OWN, VIRTUAL, VIRTUAL_V6};
use crate::choices::Choices;

/// A frame as it may come: noise, one of the router's own come back, one of a peer or a client; now and then damaged.
pub(super) fn frame(choices: &mut Choices<'_>, sent: &[Vec<u8>]) -> Vec<u8> {
    let mut frame = match choices.below(8) {
        0 => noise(choices),
        1 if !sent.is_empty() => sent[usize::from(choices.byte()) % sent.len()].clone(),
        1..4 => peers_advert(choices),
        4 => neighbour(choices),
        5.. => packet(choices),
    };
    if choices.below(4) == 0 && !frame.is_empty() {
        let at = usize::from(choices.short()) % frame.len();
        frame[at] ^= choices.byte();
        frame.truncate(usize::from(choices.short() | 0x40));
    }
    frame
}

fn noise(choices: &mut Choices<'_>) -> Vec<u8> {
    let to = to(choices);
    let kind = choices.one_of(&[[8, 0], [8, 6], [0x86, 0xdd], [0x81, 0], [0, 46]]);
    let len = usize::from(choices.short() % 1_600);
    [&to[..], &PEER, &kind, choices.bytes(len)].concat()
}

fn to(choices: &mut Choices<'_>) -> Mac {
    let [lan, wan] = OWN;
    let virtual_mac = |vrid| [0, 0, 0x5e, 0, 1, vrid];
    choices.one_of(&[
        lan,
        wan,
        [0xff; 6],
        virtual_mac(51),
        virtual_mac(52),
        [1, 0, 0x5e, 0, 0, 18],
        [0x33, 0x33, 0, 0, 0, 1],
    ])
}

/// An advert with a right checksum, of any priority and interval.
fn peers_advert(choices: &mut Choices<'_>) -> Vec<u8> {
    let source = choices.one_of(&PEERS);
    let (family, address) = match source {
        IpAddr::V4(_) => (Family::V4, choices.one_of(&[VIRTUAL.into(), OUTSIDE.into()])),
        IpAddr::V6(_) => (Family::V6, IpAddr::V6(VIRTUAL_V6)),
    };
    let is_old = family == Family::V4 && choices.flag();
    let password = choices.one_of(&[Authentication::None, Authentication::Password(*b"secret\0\0")]);
    let addresses = [address];
    let repr = Repr {
        version: if is_old { Version::V2 } else { Version::V3 },
        vrid: Vrid::new(choices.one_of(&[51, 52, 9])).expect("not zero"),
        priority: choices.byte(),
        interval: Interval::from_centiseconds(choices.one_of(&[100, 1, 200, LONGEST])).expect("in range"),
        authentication: if is_old { password } else { Authentication::None },
        addresses: Addresses::new(&addresses),
    };
    let form = choices.one_of(&[ChecksumForm::Rfc9568, ChecksumForm::PseudoHeader]);
    let mut message = [0; MAX_LEN];
    let len = repr.emit(source, family.multicast_group(), form, &mut message).expect("there is room");
    let link = PacketBuilder::ethernet2(PEER, [1, 0, 0x5e, 0, 0, 18]);
    let mut frame = Vec::new();
    let hops = if choices.below(8) == 0 { 254 } else { 255 };
    let written = match (source, family.multicast_group()) {
        (IpAddr::V4(source), IpAddr::V4(group)) => {
            link.ipv4(source.octets(), group.octets(), hops).write(&mut frame, IpNumber(112), &message[..len])
        }
        (IpAddr::V6(source), IpAddr::V6(group)) => {
            link.ipv6(source.octets(), group.octets(), hops).write(&mut frame, IpNumber(112), &message[..len])
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return frame,
    };
    written.expect("it fits");
    frame
}

/// Who an address belongs to, by ARP or by a neighbour advertisement, and who asks.
fn neighbour(choices: &mut Choices<'_>) -> Vec<u8> {
    let (source, target) = (choices.one_of(&PEERS), choices.one_of(&TARGETS));
    let to = to(choices);
    match (source, target) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let operation = if choices.flag() { ArpOperation::REQUEST } else { ArpOperation::REPLY };
            let arp = ArpPacket::new(
                ArpHardwareId::ETHERNET,
                EtherType::IPV4,
                operation,
                &PEER,
                &source.octets(),
                &to,
                &target.octets(),
            );
            [&to[..], &PEER, &[8, 6], &arp.expect("well formed").to_bytes()].concat()
        }
        (source, target) => {
            let IpAddr::V6(source) = source else { return noise(choices) };
            let target = match target {
                IpAddr::V4(_) => VIRTUAL_V6,
                IpAddr::V6(target) => target,
            };
            let kind = Icmpv6Type::Unknown {
                type_u8: 135 + choices.below(2),
                code_u8: 0,
                bytes5to8: [0x60, 0, 0, 0],
            };
            let option = choices.one_of(&[1, 2]);
            let body = [&target.octets()[..], &[option, 1], &PEER].concat();
            let mut frame = Vec::new();
            PacketBuilder::ethernet2(PEER, to)
                .ipv6(source.octets(), target.octets(), 255)
                .icmpv6(kind)
                .write(&mut frame, &body)
                .expect("it fits");
            frame
        }
    }
}

/// A packet to the service, to a server, through the router or to itself.
fn packet(choices: &mut Choices<'_>) -> Vec<u8> {
    let to = to(choices);
    let source = choices.one_of(&PEERS);
    let len = choices.byte().into();
    let body = choices.bytes(len);
    let mut frame = Vec::new();
    let link = PacketBuilder::ethernet2(PEER, to);
    let hops = choices.one_of(&[64, 255, 1]);
    let ports = (u16::from(choices.byte()), choices.one_of(&[9, 80]));
    let written = match (source, choices.one_of(&TARGETS)) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let ip = link.ipv4(source.octets(), target.octets(), hops);
            match choices.below(3) {
                0 => ip
                    .icmpv4(Icmpv4Type::Unknown { type_u8: 8, code_u8: 0, bytes5to8: [0; 4] })
                    .write(&mut frame, body),
                1 => ip.tcp(ports.0, ports.1, 7, 1_024).syn().write(&mut frame, body),
                2.. => ip.udp(ports.0, ports.1).write(&mut frame, body),
            }
        }
        (IpAddr::V6(source), IpAddr::V6(target)) => {
            link.ipv6(source.octets(), target.octets(), hops).udp(ports.0, ports.1).write(&mut frame, body)
        }
        (_, target) => {
            // A tunnel, or a piece of something.
            let IpAddr::V4(target) = target else { return noise(choices) };
            link.ipv4([192, 0, 2, 77], target.octets(), hops).write(
                &mut frame,
                IpNumber(choices.byte()),
                body,
            )
        }
    };
    written.expect("it fits");
    frame
}

const PEER: Mac = [2, 0, 0, 0, 0xee, 1];
const PEERS: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3)),
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 81)),
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 3)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
];
const TARGETS: [IpAddr; 6] = [
    IpAddr::V4(VIRTUAL),
    IpAddr::V4(OUTSIDE),
    IpAddr::V6(VIRTUAL_V6),
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 82)),
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5)),
];
/// In hundredths of a second.
const LONGEST: u16 = 4_095;
