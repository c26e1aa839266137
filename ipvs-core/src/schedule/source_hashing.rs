//! `sh`: the same client gets the same server while the set of servers stays.

use core::net::IpAddr;

use crate::schedule::{Server, Servers};
use crate::service::SchedulerFlags;

/// The server of the client's bucket, if it is usable. With [`SchedulerFlags::FLAG_2`] the client's port counts too.
/// With [`SchedulerFlags::FLAG_1`] (fallback) further buckets are tried when it is not.
pub(super) fn pick(servers: Servers<'_>, flags: SchedulerFlags, client: (IpAddr, u16)) -> Option<usize> {
    let port = if flags.contains(SchedulerFlags::FLAG_2) { client.1 } else { 0 };
    let bucket = bucket(client.0, port);
    let (index, server) = owners(servers).nth(bucket)?;
    if server.is_usable() {
        return Some(index);
    }
    if !flags.contains(SchedulerFlags::FLAG_1) {
        return None;
    }
    // The kernel adds the first bucket's number to the hash once more, as an offset, and counts on from there.
    let start = bucket * 2 % BUCKETS;
    let mut around = owners(servers).skip(start).chain(owners(servers).take(start));
    around.find(|(_, server)| server.is_usable()).map(|(index, _)| index)
}

/// Address and port hashed by the golden ratio of 32 bits: the high bits of the product number the bucket.
pub(super) fn bucket(address: IpAddr, port: u16) -> usize {
    let folded = match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let octets = address.octets();
            let (words, _) = octets.as_chunks::<4>();
            words.iter().fold(0, |folded, word| folded ^ u32::from_be_bytes(*word))
        }
    };
    let product = folded.wrapping_add(u32::from(port)).wrapping_mul(GOLDEN_RATIO);
    usize::from(product.to_be_bytes()[0])
}

/// Who owns each bucket, from the first to the last: the servers in turn take as many as their weight says, one at
/// weight 0. The kernel writes this down in a table; found by counting, it needs none.
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
