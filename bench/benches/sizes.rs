//! How much memory things take.

use core::net::IpAddr;

use ipvs_core::{Bucket, Entry, Timer};
use vrrp_core::{Peer, VirtualRouter};

/// Octets of a thing.
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) octets: usize,
    /// The most that they should be.
    pub(crate) target: Option<usize>,
}

pub(crate) fn all() -> [Size; 4] {
    [
        Size {
            name: "a router, its addresses and peers apart",
            octets: size_of::<VirtualRouter<Box<[IpAddr]>, Box<[Peer]>>>(),
            target: Some(300),
        },
        Size { name: "a connection's entry", octets: size_of::<Entry>(), target: Some(64) },
        Size {
            name: "what a connection is found by: a tag for each side",
            octets: 2 * size_of::<Bucket>(),
            target: None,
        },
        Size {
            name: "a connection's place in the order of timeouts",
            octets: size_of::<Timer>(),
            target: None,
        },
    ]
}
