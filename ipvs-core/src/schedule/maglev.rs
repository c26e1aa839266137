//! `mh`: Maglev hashing. Most clients keep their server when the set of servers changes.
//!
//! Each server has its own order of the table's slots, made from its address and port, and the servers take free slots
//! in turn, as often as their weight says (Eisenbud et al., Maglev, NSDI 2016, §3.4). The kernel's form of it is
//! known to everybody: its keys are constants, address and port are one sum, and a table of 4,093 slots shares
//! unevenly among more than about 40 servers. The improved form has a secret key, hashes whole addresses, and has
//! 65,537 slots.
//!
//! The weights that count are the last ones that were not 0, so that a server which gets no new connections for a
//! while leaves the table as it is. Any other change of a weight (slow start makes many) makes the table anew and moves
//! some clients that have no connection.

use core::hash::Hasher as _;
use core::net::IpAddr;

use siphasher::sip::SipHasher13;

use crate::director::DestinationSlot;
use crate::hash::Hasher;
use crate::link::Link;
use crate::schedule::Servers;
use crate::schedule::source_hashing::folded;
use crate::schedule::table::TableSlot;
use crate::schedule::weighted_round_robin::greatest_common_divisor;
use crate::service::Mode;

/// How addresses become slots where it is not the kernel's way: by these keys, for clients and servers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maglev {
    clients: Hasher,
    servers: Hasher,
}

/// How far a server has come in its own order of the slots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permutation {
    slot: u32,
    skip: u32,
    /// Slots that it takes each time.
    turns: u32,
}

impl Permutation {
    pub(crate) const NONE: Self = Self { slot: 0, skip: 0, turns: 0 };
}

impl Maglev {
    pub(super) fn new(seed: &[u8; 16]) -> Self {
        let derived = |purpose: u8| {
            let mut hasher = SipHasher13::new_with_key(seed);
            hasher.write(&[b'm', b'h', purpose]);
            let half = hasher.finish();
            hasher.write(b"+");
            Hasher::with_halves(half, hasher.finish())
        };
        Self { clients: derived(0), servers: derived(1) }
    }

    /// Slots in the table, more than which there must not be servers.
    pub(super) fn slots(mode: Mode) -> usize {
        match mode {
            Mode::Exact => EXACT_SLOTS,
            Mode::Improved => IMPROVED_SLOTS,
        }
    }

    /// The client's slot in the kernel's table.
    #[inline]
    pub(super) fn home(address: &IpAddr, port: u16) -> usize {
        kernel(sum(address, port), KERNEL_START) as usize % EXACT_SLOTS
    }

    /// The client's slot in a table of the improved form.
    #[inline]
    pub(super) fn improved_home(&self, address: &IpAddr, port: u16) -> usize {
        halves(whole(&self.clients, address, port, 0)).0 as usize % IMPROVED_SLOTS
    }

    /// The server of the client's slot, if it is usable; with `falls_back` the client is hashed again until a usable
    /// server is met.
    pub(super) fn pick(
        &self,
        mode: Mode,
        servers: Servers<'_>,
        table: &[TableSlot],
        (address, port): (&IpAddr, u16),
        falls_back: bool,
    ) -> Option<usize> {
        let len = u32::try_from(table.len()).ok()?;
        let slot = |offset: u32| self.client(mode, address, port, offset) % len;
        let owner = |slot: u32| servers.get(table.get(slot as usize)?.link());
        let home = slot(0);
        let (index, server) = owner(home)?;
        if server.is_usable() {
            return Some(index);
        }
        // Asked first, or a client would be hashed thousands of times in vain.
        if !falls_back || !servers.iter().any(|(_, server)| server.is_usable()) {
            return None;
        }
        // The kernel's offsets begin at the number of the first slot.
        let mut others = (0..len).filter_map(|offset| owner(slot((offset + home) % len)));
        others.find(|(_, server)| server.is_usable()).map(|(index, _)| index)
    }

    /// Fills a table. Where all servers came with weight 0 it stays empty.
    pub(super) fn fill(
        &self,
        mode: Mode,
        table: &mut [TableSlot],
        slots: &mut [DestinationSlot],
        first: Link,
    ) {
        let Ok(len) = u32::try_from(table.len()) else { return };
        let weights = || Servers { slots, first }.iter().map(|(_, server)| server.last_weight);
        let Some(step) = weights().filter(|weight| *weight > 0).reduce(greatest_common_divisor) else {
            return;
        };
        let heaviest = weights().max().unwrap_or(0) / step;
        // Half the bits of the table's size are enough to tell weights apart.
        let bits = match mode {
            Mode::Exact => 6,
            Mode::Improved => 8,
        };
        let shift = (u32::BITS - heaviest.leading_zeros()).saturating_sub(bits);
        let mut link = first;
        while let Some(slot) = link.index().and_then(|index| slots.get_mut(index)) {
            let (start, skip) = self.order(mode, slot, len);
            let turns = match (slot.server.last_weight / step) >> shift {
                0 => u32::from(slot.server.last_weight > 0),
                turns => turns,
            };
            slot.server.permutation = Permutation { slot: start, skip, turns };
            link = slot.server.next;
        }
        let mut free = len;
        let mut link = first;
        while free > 0 {
            let Some(slot) = link.index().and_then(|index| slots.get_mut(index)) else {
                link = first;
                continue;
            };
            let Permutation { slot: place, skip, turns } = &mut slot.server.permutation;
            for _ in 0..(*turns).min(free) {
                while let Some(taken) = table.get_mut(*place as usize) {
                    if *taken == TableSlot::EMPTY {
                        *taken = TableSlot::of(link);
                        free -= 1;
                        break;
                    }
                    // Both are below the size, which is below 2^31.
                    *place = (*place + *skip) % len;
                }
            }
            link = slot.server.next;
        }
    }

    /// Where a server's order of the slots begins, and how far it is from each to the next.
    fn order(&self, mode: Mode, slot: &DestinationSlot, len: u32) -> (u32, u32) {
        let (address, port) = slot.address();
        let (start, skip) = match mode {
            Mode::Exact => {
                let sum = sum(&address, port);
                (kernel(sum, KERNEL_START), kernel(sum, KERNEL_SKIP))
            }
            Mode::Improved => halves(whole(&self.servers, &address, port, 0)),
        };
        (start % len, skip % (len - 1) + 1)
    }

    fn client(&self, mode: Mode, address: &IpAddr, port: u16, offset: u32) -> u32 {
        match mode {
            Mode::Exact => kernel(sum(address, port).wrapping_add(offset), KERNEL_START),
            Mode::Improved => halves(whole(&self.clients, address, port, offset)).0,
        }
    }
}

/// What the kernel hashes.
#[inline]
fn sum(address: &IpAddr, port: u16) -> u32 {
    folded(address).wrapping_add(u32::from(port))
}

/// SipHash-1-3 of one number, of which the kernel takes the low half.
#[inline]
fn kernel(value: u32, key: u64) -> u32 {
    halves(Hasher::with_halves(key, key).hash([], value.into(), 4)).0
}

/// The hash of the address as it is on the wire, the port and the offset with their lowest octets first. An offset of 0,
/// which nearly all are, is left out of what can be one block without it.
#[inline]
fn whole(hasher: &Hasher, address: &IpAddr, port: u16, offset: u32) -> u64 {
    let (port, offset) = (u64::from(port), u64::from(offset));
    match address {
        IpAddr::V4(address) => {
            let address = u64::from(u32::from_le_bytes(address.octets()));
            if offset == 0 {
                return hasher.hash([], port << 32 | address, 6);
            }
            hasher.hash([offset << 48 | port << 32 | address], offset >> 16, 2)
        }
        IpAddr::V6(address) => {
            let octets = address.octets();
            let (halves, _) = octets.as_chunks::<8>();
            hasher.hash([halves[0], halves[1]].map(u64::from_le_bytes), offset << 16 | port, 6)
        }
    }
}

/// Low and high.
#[inline]
fn halves(hash: u64) -> (u32, u32) {
    let bytes = hash.to_le_bytes();
    let (words, _) = bytes.as_chunks::<4>();
    (u32::from_le_bytes(words[0]), u32::from_le_bytes(words[1]))
}

const EXACT_SLOTS: usize = 4_093;
const IMPROVED_SLOTS: usize = 65_537;

/// The kernel's keys, twice the same 64 bits.
const KERNEL_START: u64 = 2_654_435_761;
const KERNEL_SKIP: u64 = 2_654_446_892;
