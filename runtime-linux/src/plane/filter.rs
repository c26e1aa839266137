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

/// The program that lets nothing through.
pub(super) fn nothing() -> Vec<Instruction> {
    vec![RETURN_NOTHING]
}

/// The program for more addresses than can be compared one by one: the director looks at every packet instead.
fn everything() -> Vec<Instruction> {
    vec![
        load(EXTENSION + PACKET_TYPE, WORD),
        equal(PACKET_TO_US, 0, 5),
        load(EXTENSION + VLAN_PRESENT, WORD),
        equal(0, 0, 3),
        load(12, HALF),
        equal(ETHERTYPE_IPV4, 2, 0),
        equal(ETHERTYPE_IPV6, 1, 0),
        RETURN_NOTHING,
        RETURN_ALL,
    ]
}

/// Builds the program for packets to one of `destinations`, from one of `sources` or with one of `marks`.
pub(super) fn program(
    destinations: &BTreeSet<IpAddr>,
    sources: &BTreeSet<IpAddr>,
    marks: &BTreeSet<u32>,
) -> Vec<Instruction> {
    if destinations.is_empty() && sources.is_empty() && marks.is_empty() {
        return nothing();
    }
    if destinations.len() + sources.len() + marks.len() > LONGEST {
        return everything();
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
    ];
    if !marks.is_empty() {
        program.push(load(EXTENSION + MARK, WORD));
        program.extend(marks.iter().flat_map(|mark| [equal(*mark, 0, 1), RETURN_ALL]));
    }
    program.extend([
        load(12, HALF),
        equal(ETHERTYPE_IPV4, 0, 1),
        jump(3),
        equal(ETHERTYPE_IPV6, 0, 1),
        jump(1 + u32::try_from(four.len()).expect("a filter is short")),
        RETURN_NOTHING,
    ]);
    program.extend(four);
    program.extend(six);
    if program.len() > LONGEST {
        return everything();
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
const MARK: u32 = 20;
const VLAN_PRESENT: u32 = 48;
/// `PACKET_HOST`
const PACKET_TO_US: u32 = 0;
const ETHERTYPE_IPV4: u32 = 0x0800;
const ETHERTYPE_IPV6: u32 = 0x86DD;
/// `BPF_MAXINSNS`
pub(super) const LONGEST: usize = 4096;

#[cfg(test)]
mod tests;
