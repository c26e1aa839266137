//! Writing into a packet on its way through.
//!
//! A director is a router: as in the kernel, the TTL or hop limit of whatever it forwards falls by one, so that two
//! directors which take each other for real servers do not send a packet in circles. Apart from that, direct routing
//! leaves a packet as it came and NAT changes one address and one port.
//!
//! Checksums are corrected by the difference (RFC 1624), never computed anew: a packet that was damaged on its way to
//! the director arrives as damaged.

use crate::fragment::Change;
use crate::packet::Packet;

mod checksum;
mod direct;
mod nat;

/// Rewrites `bytes`, of which `packet` was parsed and whose TTL is above 1.
pub(crate) fn apply(bytes: &mut [u8], packet: &Packet, change: Change) {
    direct::hop(bytes, packet);
    match change {
        Change::None | Change::Local => {}
        Change::Destination(address, port) => nat::set_destination(bytes, packet, address, port),
        Change::Source(address, port) => nat::set_source(bytes, packet, address, port),
    }
}
