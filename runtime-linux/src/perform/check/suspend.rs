//! `ha_suspend`: which addresses this host has.

use core::net::IpAddr;
use std::collections::BTreeSet;

use nix::ifaddrs::getifaddrs;

/// Every address of this host; none where the kernel does not say.
pub(super) fn addresses() -> BTreeSet<IpAddr> {
    let all = getifaddrs().into_iter().flatten().filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
    });
    all.collect()
}
