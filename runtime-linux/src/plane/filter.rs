//! The filter that the kernel runs on every frame before it wakes the plane.
//!
//! It lets through what is addressed to this host's link address and concerns a service: packets to a virtual
//! address, packets from a real server whose replies are translated, and ICMP errors (they may be about either).
//! Of an IPv6 address the last 32 bits are compared: what passes by mistake the director leaves to the stack.

use core::net::IpAddr;
use std::collections::BTreeSet;

use socket2::SockFilter;

/// One instruction of the classic packet filter (linux/filter.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    code: u16,
    /// How many to skip when the comparison holds.
    then: u8,
    /// How many to skip when it does not.
    otherwise: u8,
    operand: u32,
}

impl From<Instruction> for SockFilter {
    fn from(instruction: Instruction) -> Self {
        Self::new(instruction.code, instruction.then, instruction.otherwise, instruction.operand)
    }
}

/// Builds the program for packets to one of `destinations` or from one of `sources`.
pub(super) fn program(destinations: &BTreeSet<IpAddr>, sources: &BTreeSet<IpAddr>) -> Vec<Instruction> {
    if destinations.is_empty() && sources.is_empty() {
        return vec![RETURN_NOTHING];
    }
    let four = section(&FOUR, &words(destinations, false), &words(sources, false));
    let six = section(&SIX, &words(destinations, true), &words(sources, true));
    let mut program = vec![
        load(EXTENSION + PACKET_TYPE, WORD),
        equal(PACKET_TO_US, 1, 0),
        RETURN_NOTHING,
        load(EXTENSION + VLAN_PRESENT, WORD),
        equal(0, 1, 0),
        RETURN_NOTHING,
        load(12, HALF),
        equal(ETHERTYPE_IPV4, 0, 1),
        jump(3),
        equal(ETHERTYPE_IPV6, 0, 1),
        jump(1 + u32::try_from(four.len()).expect("a filter is short")),
        RETURN_NOTHING,
    ];
    program.extend(four);
    program.extend(six);
    if program.len() > LONGEST {
        // Too many addresses to compare one by one: the director looks at every packet instead.
        return vec![
            load(EXTENSION + PACKET_TYPE, WORD),
            equal(PACKET_TO_US, 0, 5),
            load(EXTENSION + VLAN_PRESENT, WORD),
            equal(0, 0, 3),
            load(12, HALF),
            equal(ETHERTYPE_IPV4, 2, 0),
            equal(ETHERTYPE_IPV6, 1, 0),
            RETURN_NOTHING,
            RETURN_ALL,
        ];
    }
    program
}

/// Where things stand in a frame of one family.
struct Layout {
    protocol: u32,
    icmp: u32,
    destination: u32,
    source: u32,
    v6: bool,
}

const FOUR: Layout = Layout { protocol: 23, icmp: 1, destination: 30, source: 26, v6: false };
const SIX: Layout = Layout { protocol: 20, icmp: 58, destination: 50, source: 34, v6: true };

fn section(layout: &Layout, destinations: &[u32], sources: &[u32]) -> Vec<Instruction> {
    let mut section = vec![load(layout.protocol, BYTE)];
    if layout.v6 {
        // ICMPv6 errors have types below 128
        section.push(equal(layout.icmp, 0, 4));
        section.push(load(54, BYTE));
        section.push(at_least(128, 1, 0));
        section.push(RETURN_ALL);
        section.push(RETURN_NOTHING);
    } else {
        section.push(equal(layout.icmp, 0, 7));
        section.push(LOAD_HEADER_LENGTH);
        section.push(load(14, INDEXED_BYTE));
        // unreachable, time exceeded, parameter problem
        section.push(equal(3, 2, 0));
        section.push(equal(11, 1, 0));
        section.push(equal(12, 0, 1));
        section.push(RETURN_ALL);
        section.push(RETURN_NOTHING);
    }
    for (offset, words) in [(layout.destination, destinations), (layout.source, sources)] {
        section.push(load(offset, WORD));
        for word in words {
            section.push(equal(*word, 0, 1));
            section.push(RETURN_ALL);
        }
    }
    section.push(RETURN_NOTHING);
    section
}

/// The last 32 bits of the addresses of one family, each once.
fn words(addresses: &BTreeSet<IpAddr>, v6: bool) -> Vec<u32> {
    let words: BTreeSet<u32> = addresses
        .iter()
        .filter(|address| address.is_ipv6() == v6)
        .map(|address| match address {
            IpAddr::V4(address) => address.to_bits(),
            #[expect(clippy::cast_possible_truncation, reason = "only the last 32 bits are wanted")]
            IpAddr::V6(address) => address.to_bits() as u32,
        })
        .collect();
    words.into_iter().collect()
}

const fn instruction(code: u16, then: u8, otherwise: u8, operand: u32) -> Instruction {
    Instruction { code, then, otherwise, operand }
}

const fn load(offset: u32, code: u16) -> Instruction {
    instruction(code, 0, 0, offset)
}

const fn equal(value: u32, then: u8, otherwise: u8) -> Instruction {
    instruction(0x15, then, otherwise, value)
}

const fn at_least(value: u32, then: u8, otherwise: u8) -> Instruction {
    instruction(0x35, then, otherwise, value)
}

const fn jump(over: u32) -> Instruction {
    instruction(0x05, 0, 0, over)
}

// Instructions of the classic packet filter (linux/filter.h).
const WORD: u16 = 0x20;
const HALF: u16 = 0x28;
const BYTE: u16 = 0x30;
const INDEXED_BYTE: u16 = 0x50;
/// X := length of the IPv4 header
const LOAD_HEADER_LENGTH: Instruction = instruction(0xB1, 0, 0, 14);
const RETURN_NOTHING: Instruction = instruction(0x06, 0, 0, 0);
const RETURN_ALL: Instruction = instruction(0x06, 0, 0, u32::MAX);

/// `SKF_AD_OFF`: from here on, loads ask the kernel about the packet instead of reading it.
const EXTENSION: u32 = 0xFFFF_F000;
const PACKET_TYPE: u32 = 4;
const VLAN_PRESENT: u32 = 48;
/// `PACKET_HOST`
const PACKET_TO_US: u32 = 0;
const ETHERTYPE_IPV4: u32 = 0x0800;
const ETHERTYPE_IPV6: u32 = 0x86DD;
/// `BPF_MAXINSNS`
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use etherparse::{Icmpv4Type, Icmpv6Type, PacketBuilder, icmpv4, icmpv6};

    use super::*;

    #[test]
    fn packets_to_services_and_from_real_servers_pass() {
        let program = some();
        assert!(passes(&program, 0, 0, &tcp4([9, 9, 9, 9], VIP4)));
        assert!(passes(&program, 0, 0, &tcp4(REAL4, [9, 9, 9, 9])));
        assert!(passes(&program, 0, 0, &tcp6([9; 16], VIP6)));
        assert!(passes(&program, 0, 0, &tcp6(REAL6, [9; 16])));
    }

    #[test]
    fn other_packets_do_not() {
        let program = some();
        assert!(!passes(&program, 0, 0, &tcp4(VIP4, [9, 9, 9, 9])));
        assert!(!passes(&program, 0, 0, &tcp4([9, 9, 9, 9], REAL4)));
        assert!(!passes(&program, 0, 0, &tcp6(VIP6, REAL6)));
        let mut arp = tcp4([9, 9, 9, 9], VIP4);
        arp[13] = 6;
        assert!(!passes(&program, 0, 0, &arp));
        assert!(!passes(&super::program(&[].into(), &[].into()), 0, 0, &tcp4([9, 9, 9, 9], VIP4)));
    }

    #[test]
    fn packets_for_other_stations_and_with_a_vlan_tag_do_not() {
        for program in [some(), many()] {
            for (packet_type, vlan, wanted) in
                [(0, 0, true), (1, 0, false), (3, 0, false), (4, 0, false), (0, 1, false)]
            {
                assert_eq!(passes(&program, packet_type, vlan, &tcp4([9, 9, 9, 9], VIP4)), wanted);
            }
        }
    }

    #[test]
    fn icmp_errors_pass_and_pings_do_not() {
        let four = |kind| {
            let mut frame = Vec::new();
            let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4([9, 9, 9, 9], VIP4, 64);
            builder.icmpv4(kind).write(&mut frame, &[0; 28]).unwrap();
            frame
        };
        let six = |kind| {
            let mut frame = Vec::new();
            let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv6([9; 16], VIP6, 64);
            builder.icmpv6(kind).write(&mut frame, &[0; 48]).unwrap();
            frame
        };
        let echo = etherparse::IcmpEchoHeader { id: 1, seq: 1 };
        let port = icmpv4::DestUnreachableHeader::Port;
        let cases = [
            (four(Icmpv4Type::DestinationUnreachable(port)), true),
            (four(Icmpv4Type::TimeExceeded(icmpv4::TimeExceededCode::TtlExceededInTransit)), true),
            (four(Icmpv4Type::EchoRequest(echo)), false),
            (four(Icmpv4Type::EchoReply(echo)), false),
            (six(Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port)), true),
            (six(Icmpv6Type::PacketTooBig { mtu: 1280 }), true),
            (six(Icmpv6Type::EchoRequest(echo)), false),
        ];
        for (frame, wanted) in cases {
            assert_eq!(passes(&some(), 0, 0, &frame), wanted, "{frame:?}");
        }
    }

    #[test]
    fn with_too_many_addresses_every_ip_packet_passes() {
        let program = many();
        assert_eq!(program.len(), 9);
        assert!(passes(&program, 0, 0, &tcp4([9, 9, 9, 9], [8, 8, 8, 8])));
        assert!(passes(&program, 0, 0, &tcp6([9; 16], [8; 16])));
        let mut arp = tcp4([9, 9, 9, 9], VIP4);
        arp[13] = 6;
        assert!(!passes(&program, 0, 0, &arp));
    }

    #[test]
    fn hundreds_of_addresses_are_compared_one_by_one() {
        let addresses: BTreeSet<IpAddr> = (0..800_u32).map(|n| IpAddr::V4(n.into())).collect();
        let program = super::program(&addresses, &addresses);
        assert!(program.len() > 3_200);
        assert!(passes(&program, 0, 0, &tcp4([9, 9, 9, 9], [0, 0, 3, 31])));
        assert!(passes(&program, 0, 0, &tcp4([0, 0, 3, 31], [9, 9, 9, 9])));
        assert!(!passes(&program, 0, 0, &tcp4([9, 9, 9, 9], [0, 0, 3, 32])));
    }

    const VIP4: [u8; 4] = [192, 0, 2, 1];
    const REAL4: [u8; 4] = [198, 51, 100, 1];
    const VIP6: [u8; 16] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    const REAL6: [u8; 16] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];

    fn some() -> Vec<Instruction> {
        program(&[VIP4.into(), VIP6.into()].into(), &[REAL4.into(), REAL6.into()].into())
    }

    fn many() -> Vec<Instruction> {
        program(&(0..2_100_u32).map(|n| IpAddr::V4(n.into())).collect(), &[].into())
    }

    fn tcp4(source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4(source, destination, 64);
        builder.tcp(1, 2, 3, 4).write(&mut frame, &[]).unwrap();
        frame
    }

    fn tcp6(source: [u8; 16], destination: [u8; 16]) -> Vec<u8> {
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv6(source, destination, 64);
        builder.tcp(1, 2, 3, 4).write(&mut frame, &[]).unwrap();
        frame
    }

    /// Runs a program as the kernel does; a load beyond the frame ends it with nothing.
    fn passes(program: &[Instruction], packet_type: u32, vlan: u32, frame: &[u8]) -> bool {
        let (mut at, mut a, mut x) = (0, 0_u32, 0_usize);
        let byte = |offset: usize| frame.get(offset).copied().map(u32::from);
        loop {
            let Instruction { code, then, otherwise, operand } = program[at];
            at += 1;
            let offset = usize::try_from(operand).unwrap();
            let loaded = match code {
                WORD if operand == EXTENSION + PACKET_TYPE => Some(packet_type),
                WORD if operand == EXTENSION + VLAN_PRESENT => Some(vlan),
                WORD => (0..4).try_fold(0, |word, n| byte(offset + n).map(|byte| word << 8 | byte)),
                HALF => (0..2).try_fold(0, |word, n| byte(offset + n).map(|byte| word << 8 | byte)),
                BYTE => byte(offset),
                INDEXED_BYTE => byte(x + offset),
                0xB1 => {
                    x = usize::from(frame[offset] & 15) * 4;
                    Some(a)
                }
                0x05 => {
                    at += offset;
                    Some(a)
                }
                0x15 => {
                    at += usize::from(if a == operand { then } else { otherwise });
                    Some(a)
                }
                0x35 => {
                    at += usize::from(if a >= operand { then } else { otherwise });
                    Some(a)
                }
                0x06 => return operand > 0,
                code => panic!("{code:#x}"),
            };
            let Some(value) = loaded else { return false };
            a = value;
        }
    }
}
