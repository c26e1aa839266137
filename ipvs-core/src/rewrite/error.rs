//! ICMP errors through NAT: the quoted packet is turned back into the one that its sender knows (RFC 5508 §4).

use core::net::IpAddr;
use core::ops::Range;

use crate::packet::{Error, Packet};
use crate::rewrite::checksum::Difference;
use crate::rewrite::nat::{self, correct, replace};
use crate::service::Protocol;

/// Sends the error to a server, about a packet that the server sent from there.
pub(super) fn set_destination(bytes: &mut [u8], packet: &Packet, error: &Error, server: (IpAddr, u16)) {
    let field = if server.0.is_ipv4() { 12..16 } else { 8..24 };
    let outer = nat::set_destination_address(bytes, packet, server.0);
    quote(bytes, packet, error, outer, (field, 0..2), server);
}

/// Sends the error to a client as from a virtual service, about a packet that the client sent there.
pub(super) fn set_source(bytes: &mut [u8], packet: &Packet, error: &Error, service: (IpAddr, u16)) {
    let field = if service.0.is_ipv4() { 16..20 } else { 24..40 };
    let outer = nat::set_source_address(bytes, packet, service.0);
    quote(bytes, packet, error, outer, (field, 2..4), service);
}

/// Changes an end of the quoted packet; `outer` is what has changed of the addresses of the error itself.
fn quote(
    bytes: &mut [u8],
    packet: &Packet,
    error: &Error,
    outer: Difference,
    (address_field, port_field): (Range<usize>, Range<usize>),
    (address, port): (IpAddr, u16),
) {
    let Some(bytes) = bytes.get_mut(..packet.length) else { return };
    // An ICMPv6 checksum covers the addresses, the one of ICMP does not (RFC 4443 §2.3).
    let mut all = if address.is_ipv4() { Difference::default() } else { outer };
    let Some(quoted) = bytes.get_mut(error.quoted()..) else { return };
    let addresses = match address {
        IpAddr::V4(address) => {
            let addresses = replace(quoted, address_field, &address.octets(), Difference::default());
            all = all.with(addresses).with(corrected(quoted, IPV4_CHECKSUM, addresses));
            addresses
        }
        IpAddr::V6(address) => {
            let addresses = replace(quoted, address_field, &address.octets(), Difference::default());
            all = all.with(addresses);
            addresses
        }
    };
    let Some(transport) = bytes.get_mut(error.transport..) else { return };
    let ports = replace(transport, port_field, &port.to_be_bytes(), Difference::default());
    all = all.with(ports);
    let checksum = match packet.protocol {
        Protocol::Tcp => Some(16..18),
        Protocol::Udp => Some(6..8).filter(|field| transport.get(field.clone()) != Some(&[0, 0])),
        // It covers more than is quoted.
        Protocol::Sctp => None,
    };
    if let Some(checksum) = checksum {
        all = all.with(corrected(transport, checksum, addresses.with(ports)));
    }
    correct(bytes, error.header + 2..error.header + 4, all);
}

/// Corrects a checksum, if so much is quoted, and says what that changed.
fn corrected(bytes: &mut [u8], field: Range<usize>, difference: Difference) -> Difference {
    let Some(old) = bytes.get(field.clone()).and_then(|field| field.first_chunk::<2>().copied()) else {
        return Difference::default();
    };
    let new = correct(bytes, field, difference);
    Difference::default().replace(&old, &new)
}

const IPV4_CHECKSUM: Range<usize> = 10..12;
