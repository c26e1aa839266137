//! `sh`: the same client gets the same server while the set of servers stays.

use core::net::IpAddr;

use crate::link::Link;
use crate::schedule::table::TableSlot;
use crate::schedule::{Server, Servers};

/// The server of the client's bucket, if it is usable; with `falls_back`, that of a further bucket when it is not.
pub(super) fn pick(
    servers: Servers<'_>,
    table: Option<&[TableSlot]>,
    (address, port): (&IpAddr, u16),
    falls_back: bool,
) -> Option<usize> {
    let usable =
        |link: Link| servers.get(link).filter(|(_, server)| server.is_usable()).map(|(index, _)| index);
    let bucket = bucket(address, port);
    // The kernel adds the first bucket's number to the hash once more, as an offset, and counts on from there.
    let start = bucket * 2 % BUCKETS;
    if let Some(table) = table {
        let found = usable(table.get(bucket)?.link());
        if found.is_some() || !falls_back {
            return found;
        }
        let (before, from) = table.split_at_checked(start)?;
        return from.iter().chain(before).find_map(|slot| usable(slot.link()));
    }
    let (index, server) = owners(servers).nth(bucket)?;
    if server.is_usable() {
        return Some(index);
    }
    if !falls_back {
        return None;
    }
    let mut around = owners(servers).skip(start).chain(owners(servers).take(start));
    around.find(|(_, server)| server.is_usable()).map(|(index, _)| index)
}

pub(super) fn fill(table: &mut [TableSlot], servers: Servers<'_>) {
    for (slot, (index, _)) in table.iter_mut().zip(owners(servers)) {
        *slot = TableSlot::of(Link::to(index));
    }
}

/// Address and port hashed by the golden ratio of 32 bits: the high bits of the product number the bucket.
#[inline]
pub(super) fn bucket(address: &IpAddr, port: u16) -> usize {
    let product = folded(address).wrapping_add(u32::from(port)).wrapping_mul(GOLDEN_RATIO);
    usize::from(product.to_be_bytes()[0])
}

/// An address in 32 bits.
#[inline]
pub(super) fn folded(address: &IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let octets = address.octets();
            let (words, _) = octets.as_chunks::<4>();
            words.iter().fold(0, |folded, word| folded ^ u32::from_be_bytes(*word))
        }
    }
}

/// Who owns each bucket, from the first to the last: the servers in turn take as many as their weight says, one at
/// weight 0.
fn owners(servers: Servers<'_>) -> impl Iterator<Item = (usize, &Server)> {
    let turns = servers.iter().cycle().flat_map(|server| {
        let share = usize::try_from(server.1.weight.max(1)).unwrap_or(BUCKETS);
        core::iter::repeat_n(server, share)
    });
    turns.take(BUCKETS)
}

/// Buckets of a service: the kernel's default.
pub(super) const BUCKETS: usize = 256;

const GOLDEN_RATIO: u32 = 0x61C8_8647;
