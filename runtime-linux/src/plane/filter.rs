//! The filter that the kernel runs on every frame before it wakes the plane.
//!
//! It lets through what is addressed to this host's link address and concerns a service: packets to a virtual
//! address, packets from a real server whose replies are translated, and ICMP errors (they may be about either).
//! Of an IPv6 address the last 32 bits are compared: what passes by mistake the director leaves to the stack.

//!
//! With several threads each has sockets of its own, and the filter lets through what is of the thread's own clients
//! ([`Share`]): the source of a packet to a virtual address, the destination of a reply. ICMP errors go by their source
//! to any thread, which passes on what it knows nothing of.

use core::net::IpAddr;
use std::collections::BTreeSet;

use socket2::SockFilter;

use super::share::{SHIFT, Share};

/// What is to be let through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    /// Virtual addresses.
    pub(super) destinations: BTreeSet<IpAddr>,
    /// Real servers whose replies are translated.
    pub(super) sources: BTreeSet<IpAddr>,
    /// Firewall marks.
    pub(super) marks: BTreeSet<u32>,
}

impl Selection {
    /// Whether the addresses are too many to be compared one by one: then everything is let through by its source, and a
    /// reply may come to a thread that does not know its client.
    pub(super) fn is_everything(&self) -> bool {
        2 * (self.destinations.len() + self.sources.len() + self.marks.len()) + OTHERS > LONGEST
    }
}

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
fn everything(share: Share) -> Vec<Instruction> {
    let mut program = vec![
        load(EXTENSION + PACKET_TYPE, WORD),
        equal(PACKET_TO_US, 0, 5),
        load(EXTENSION + VLAN_PRESENT, WORD),
        equal(0, 0, 3),
        load(12, HALF),
        equal(ETHERTYPE_IPV4, 2, 0),
        equal(ETHERTYPE_IPV6, 2, 0),
        RETURN_NOTHING,
    ];
    let four = own(FOUR.source, share);
    program.push(jump(1));
    program.push(jump(length(&four)));
    program.extend(four);
    program.extend(own(SIX.source, share));
    program
}

/// Builds the program for packets to one of the destinations, from one of the sources or with one of the marks, as far
/// as their clients belong to a thread.
pub(super) fn program(selection: &Selection, share: Share) -> Vec<Instruction> {
    let Selection { destinations, sources, marks } = selection;
    if destinations.is_empty() && sources.is_empty() && marks.is_empty() {
        return nothing();
    }
    if selection.is_everything() {
        return everything(share);
    }
    let four = Section::new(&FOUR, &words(destinations, false), &words(sources, false), share);
    let six = Section::new(&SIX, &words(destinations, true), &words(sources, true), share);
    let mut program = vec![
        load(EXTENSION + PACKET_TYPE, WORD),
        equal(PACKET_TO_US, 1, 0),
        RETURN_NOTHING,
        load(EXTENSION + VLAN_PRESENT, WORD),
        equal(0, 1, 0),
        RETURN_NOTHING,
    ];
    let main = [
        load(12, HALF),
        equal(ETHERTYPE_IPV4, 0, 1),
        jump(3),
        equal(ETHERTYPE_IPV6, 0, 1),
        jump(1 + length(&four.code)),
        RETURN_NOTHING,
    ];
    if !marks.is_empty() {
        program.push(load(EXTENSION + MARK, WORD));
        for (after, mark) in
            marks.iter().enumerate().map(|(number, mark)| (2 * (marks.len() - number - 1), mark))
        {
            program.push(equal(*mark, 0, 1));
            // Over the other marks, and over the jump that ends them.
            program.push(jump(1 + u32::try_from(after).expect("a filter is short")));
        }
        let found = [load(12, HALF), equal(ETHERTYPE_IPV4, 0, 1)];
        program.push(jump(6));
        program.extend(found);
        program.push(jump(3 + length(&main) + four.source));
        program.push(equal(ETHERTYPE_IPV6, 0, 1));
        program.push(jump(1 + length(&main) + length(&four.code) + six.source));
        program.push(RETURN_NOTHING);
    }
    program.extend(main);
    program.extend(four.code);
    program.extend(six.code);
    program
}

/// Where things stand in a frame of one family.
struct Layout {
    protocol: u32,
    icmp: u32,
    /// The words of each address; the last one is compared.
    destination: &'static [u32],
    source: &'static [u32],
    v6: bool,
}

const FOUR: Layout = Layout { protocol: 23, icmp: 1, destination: &[30], source: &[26], v6: false };
const SIX: Layout =
    Layout { protocol: 20, icmp: 58, destination: &[38, 42, 46, 50], source: &[22, 26, 30, 34], v6: true };

/// The instructions for packets of one family.
struct Section {
    code: Vec<Instruction>,
    /// Where it lets through what is of the thread's own clients, who are the sources.
    source: u32,
}

impl Section {
    fn new(layout: &Layout, destinations: &[u32], sources: &[u32], share: Share) -> Self {
        let by_source = own(layout.source, share);
        let by_destination = own(layout.destination, share);
        let head = if layout.v6 { 6 } else { 9 };
        let start = head + 2 * (destinations.len() + sources.len()) + 2 + 1;
        let (source, destination) = (start, start + by_source.len());
        let mut code = vec![load(layout.protocol, BYTE)];
        let go = |code: &Vec<Instruction>, to: usize| {
            jump(u32::try_from(to - code.len() - 1).expect("a filter is short"))
        };
        if layout.v6 {
            // ICMPv6 errors have types below 128
            code.push(equal(layout.icmp, 0, 4));
            code.push(load(54, BYTE));
            code.push(at_least(128, 1, 0));
            code.push(go(&code, source));
            code.push(RETURN_NOTHING);
        } else {
            code.push(equal(layout.icmp, 0, 7));
            code.push(LOAD_HEADER_LENGTH);
            code.push(load(14, INDEXED_BYTE));
            // unreachable, time exceeded, parameter problem
            code.push(equal(3, 2, 0));
            code.push(equal(11, 1, 0));
            code.push(equal(12, 0, 1));
            code.push(go(&code, source));
            code.push(RETURN_NOTHING);
        }
        for (offsets, words, client) in
            [(layout.destination, destinations, source), (layout.source, sources, destination)]
        {
            code.extend(offsets.last().map(|offset| load(*offset, WORD)));
            for word in words {
                code.push(equal(*word, 0, 1));
                code.push(go(&code, client));
            }
        }
        code.push(RETURN_NOTHING);
        debug_assert_eq!(code.len(), source, "the jumps were computed before");
        code.extend(by_source);
        code.extend(by_destination);
        Self { code, source: u32::try_from(source).expect("a filter is short") }
    }
}

/// Lets through what is of the thread's own clients, whose address is at these offsets.
fn own(client: &[u32], share: Share) -> Vec<Instruction> {
    if share.threads == 1 {
        return vec![RETURN_ALL];
    }
    let mut code = Vec::new();
    for (number, offset) in client.iter().enumerate() {
        code.push(load(*offset, WORD));
        if number > 0 {
            code.push(XOR_OTHER);
        }
        if number + 1 < client.len() {
            code.push(TO_OTHER);
        }
    }
    code.extend([
        instruction(MULTIPLY, 0, 0, share.key),
        instruction(SHIFT_RIGHT, 0, 0, SHIFT),
        instruction(REMAINDER, 0, 0, share.threads),
        equal(share.number, 0, 1),
        RETURN_ALL,
        RETURN_NOTHING,
    ]);
    code
}

fn length(code: &[Instruction]) -> u32 {
    u32::try_from(code.len()).expect("a filter is short")
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
const MULTIPLY: u16 = 0x24;
const SHIFT_RIGHT: u16 = 0x74;
const REMAINDER: u16 = 0x94;
/// X := A
const TO_OTHER: Instruction = instruction(0x07, 0, 0, 0);
/// A := A xor X
const XOR_OTHER: Instruction = instruction(0xAC, 0, 0, 0);
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
/// Instructions beside those for the addresses, at most.
const OTHERS: usize = 100;

#[cfg(test)]
mod tests;
