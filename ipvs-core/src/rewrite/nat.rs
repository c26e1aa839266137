//! NAT: another address and port in place, and every checksum that covers them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Range;

use crate::packet::{Content, Packet};
use crate::rewrite::checksum::Difference;
use crate::rewrite::{direct, sctp};
use crate::service::Protocol;

/// Makes it a packet to this address and port that has come one hop further. A later fragment has no port and no transport
/// checksum.
#[inline]
pub(super) fn set_destination(bytes: &mut [u8], packet: &Packet, address: IpAddr, port: u16) {
    let difference = match address {
        IpAddr::V4(address) => route_v4::<16>(bytes, address),
        IpAddr::V6(address) => route_v6::<24>(bytes, address),
    };
    set_port::<2>(bytes, packet, difference, port);
}

/// Makes it a packet from this address and port that has come one hop further.
#[inline]
pub(super) fn set_source(bytes: &mut [u8], packet: &Packet, address: IpAddr, port: u16) {
    let difference = match address {
        IpAddr::V4(address) => route_v4::<12>(bytes, address),
        IpAddr::V6(address) => route_v6::<8>(bytes, address),
    };
    set_port::<0>(bytes, packet, difference, port);
}

/// The address that begins at this octet of the header, and one hop less; both with one correction of the checksum.
#[inline]
fn route_v4<const AT: usize>(bytes: &mut [u8], address: Ipv4Addr) -> Difference {
    let Some(header) = bytes.first_chunk_mut::<20>() else { return Difference::default() };
    let difference = put::<4>(header, AT, address.octets(), Difference::default());
    let hop = direct::hop_v4(header);
    let checksum = difference.with(hop).correct([header[10], header[11]]);
    [header[10], header[11]] = checksum;
    difference
}

/// The address that begins at this octet of the header, and one hop less.
#[inline]
fn route_v6<const AT: usize>(bytes: &mut [u8], address: Ipv6Addr) -> Difference {
    let Some(header) = bytes.first_chunk_mut::<40>() else { return Difference::default() };
    direct::hop_v6(header);
    put::<16>(header, AT, address.octets(), Difference::default())
}

/// Writes octets in a place that is there.
#[inline]
fn put<const LENGTH: usize>(
    header: &mut [u8],
    at: usize,
    new: [u8; LENGTH],
    difference: Difference,
) -> Difference {
    let Some(field) = header.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<LENGTH>()) else {
        return difference;
    };
    let difference = difference.replace(field, &new);
    *field = new;
    difference
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

/// The port that begins at this octet of the transport header.
#[inline]
fn set_port<const AT: usize>(bytes: &mut [u8], packet: &Packet, difference: Difference, port: u16) {
    let Content::Transport { offset, .. } = packet.content else { return };
    let Some(transport) = bytes.get_mut(offset..packet.length) else { return };
    match packet.protocol {
        Protocol::Tcp => {
            let Some(header) = transport.first_chunk_mut::<20>() else { return };
            let difference = put(header, AT, port.to_be_bytes(), difference);
            [header[16], header[17]] = difference.correct([header[16], header[17]]);
        }
        Protocol::Udp => {
            let Some(header) = transport.first_chunk_mut::<8>() else { return };
            let difference = put(header, AT, port.to_be_bytes(), difference);
            // RFC 768: 0 says that there is none, and a computed 0 is sent as all ones.
            if [header[6], header[7]] != [0, 0] {
                let checksum = difference.correct([header[6], header[7]]);
                [header[6], header[7]] = if checksum == [0, 0] { [0xFF, 0xFF] } else { checksum };
            }
        }
        Protocol::Sctp => sctp::replace_port(transport, AT..AT + 2, port),
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
