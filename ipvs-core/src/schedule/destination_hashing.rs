//! `dh`: the same virtual address gets the same server, so this is for services by firewall mark in front of caches; a
//! service with an address of its own has all its connections on one server, here as in the kernel.

use core::net::IpAddr;

use crate::schedule::Servers;
use crate::schedule::source_hashing::{BUCKETS, bucket};

/// The server of the address's bucket, if it is usable. The buckets go to the servers in turn, whatever their weight.
pub(super) fn pick(servers: Servers<'_>, address: IpAddr) -> Option<usize> {
    let mut owners = servers.iter().cycle().take(BUCKETS);
    let (index, server) = owners.nth(bucket(address, 0))?;
    server.is_usable().then_some(index)
}
