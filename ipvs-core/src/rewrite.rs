//! Writing into a packet on its way through.
//!
//! A director is a router: as in the kernel, the TTL or hop limit of whatever it forwards falls by one, so that two
//! directors which take each other for real servers do not send a packet in circles. Apart from that, direct routing
//! leaves a packet as it came and NAT changes one address and one port.
//!
//! Checksums are corrected by the difference (RFC 1624), never computed anew: a packet that was damaged on its way to
//! the director arrives as damaged. Only an SCTP packet that has none yet gets one: nobody further on can tell that it
//! was left to the hardware.

use crate::fragment::Change;
use crate::packet::{Content, Packet};
use crate::service::Protocol;

pub(crate) mod checksum;
mod direct;
mod error;
mod nat;
pub(crate) mod sctp;
mod segment_size;

pub(crate) use segment_size::clamp;

/// Rewrites `bytes`, of which `packet` was parsed and whose TTL is above 1.
#[inline]
pub(crate) fn apply(bytes: &mut [u8], packet: &Packet, change: Change) {
    if packet.protocol == Protocol::Sctp {
        fill_in(bytes, packet);
    }
    match change {
        Change::None | Change::Tunnel(_) | Change::Local => direct::hop(bytes, packet),
        Change::Destination(..) | Change::Source(..) if matches!(packet.content, Content::Error(_)) => {
            apply_to_error(bytes, packet, change);
        }
        Change::Destination(address, port) => nat::set_destination(bytes, packet, address, port),
        Change::Source(address, port) => nat::set_source(bytes, packet, address, port),
    }
}

/// Apart, because there are few.
#[inline(never)]
fn apply_to_error(bytes: &mut [u8], packet: &Packet, change: Change) {
    let Content::Error(error) = packet.content else { return };
    direct::hop(bytes, packet);
    match change {
        Change::Destination(address, port) => error::set_destination(bytes, packet, &error, (address, port)),
        Change::Source(address, port) => error::set_source(bytes, packet, &error, (address, port)),
        Change::None | Change::Tunnel(_) | Change::Local => {}
    }
}

#[inline(never)]
fn fill_in(bytes: &mut [u8], packet: &Packet) {
    let Content::Transport { offset, .. } = packet.content else { return };
    if packet.fragment.is_some() {
        return;
    }
    if let Some(transport) = bytes.get_mut(offset..packet.length).filter(|octets| sctp::is_missing(octets)) {
        sctp::fill(transport);
    }
}
