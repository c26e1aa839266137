//! NAT: another address and port in place, and every checksum that covers them.

use core::net::IpAddr;
use core::ops::Range;

use crate::packet::{Content, Packet};
use crate::rewrite::checksum::Difference;
use crate::rewrite::sctp;
use crate::service::Protocol;

/// Makes it a packet to this address and port. A later fragment has no port and no transport checksum.
pub(super) fn set_destination(bytes: &mut [u8], packet: &Packet, address: IpAddr, port: u16) {
    let difference = set_destination_address(bytes, packet, address);
    set_port(bytes, packet, difference, 2..4, port);
}

/// Makes it a packet from this address and port.
pub(super) fn set_source(bytes: &mut [u8], packet: &Packet, address: IpAddr, port: u16) {
    let difference = set_source_address(bytes, packet, address);
    set_port(bytes, packet, difference, 0..2, port);
}

/// Only the address, and the checksum of the IP header.
pub(super) fn set_destination_address(bytes: &mut [u8], packet: &Packet, address: IpAddr) -> Difference {
    let field = match packet.destination {
        IpAddr::V4(_) => 16..20,
        IpAddr::V6(_) => 24..40,
    };
    set_address(bytes, field, address)
}

/// Only the address, and the checksum of the IP header.
pub(super) fn set_source_address(bytes: &mut [u8], packet: &Packet, address: IpAddr) -> Difference {
    let field = match packet.source {
        IpAddr::V4(_) => 12..16,
        IpAddr::V6(_) => 8..24,
    };
    set_address(bytes, field, address)
}

fn set_address(bytes: &mut [u8], field: Range<usize>, address: IpAddr) -> Difference {
    match address {
        IpAddr::V4(address) => {
            let difference = replace(bytes, field, &address.octets(), Difference::default());
            correct(bytes, IPV4_CHECKSUM, difference);
            difference
        }
        IpAddr::V6(address) => replace(bytes, field, &address.octets(), Difference::default()),
    }
}

fn set_port(bytes: &mut [u8], packet: &Packet, difference: Difference, field: Range<usize>, port: u16) {
    let Content::Transport { offset, .. } = packet.content else { return };
    let Some(transport) = bytes.get_mut(offset..packet.length) else { return };
    if packet.protocol == Protocol::Sctp {
        sctp::replace_port(transport, field, port);
        return;
    }
    let difference = replace(transport, field, &port.to_be_bytes(), difference);
    match packet.protocol {
        Protocol::Tcp => {
            correct(transport, TCP_CHECKSUM, difference);
        }
        Protocol::Udp => {
            // RFC 768: 0 says that there is none, and a computed 0 is sent as all ones.
            if transport.get(UDP_CHECKSUM) != Some(&[0, 0])
                && correct(transport, UDP_CHECKSUM, difference) == [0, 0]
            {
                replace(transport, UDP_CHECKSUM, &[0xFF, 0xFF], difference);
            }
        }
        Protocol::Sctp => {}
    }
}

/// Writes `new`, which is as long as the field.
pub(super) fn replace(
    bytes: &mut [u8],
    field: Range<usize>,
    new: &[u8],
    difference: Difference,
) -> Difference {
    let Some(field) = bytes.get_mut(field).filter(|field| field.len() == new.len()) else {
        return difference;
    };
    let difference = difference.replace(field, new);
    field.copy_from_slice(new);
    difference
}

/// Corrects a checksum, if it is there.
pub(super) fn correct(bytes: &mut [u8], field: Range<usize>, difference: Difference) -> [u8; 2] {
    let Some(field) = bytes.get_mut(field).and_then(|field| field.first_chunk_mut::<2>()) else {
        return [0, 0];
    };
    *field = difference.correct(*field);
    *field
}

const IPV4_CHECKSUM: Range<usize> = 10..12;
const TCP_CHECKSUM: Range<usize> = 16..18;
const UDP_CHECKSUM: Range<usize> = 6..8;
