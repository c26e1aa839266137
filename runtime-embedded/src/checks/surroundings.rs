//! What checks stand on: the ports of a router, and its director.

use core::net::IpAddr;
use core::time::Duration;

use ipvs_core::{Destination, Refused, ServiceKey, Step};
use smoltcp::iface::Context;
use smoltcp::phy::{ChecksumCapabilities, Device};
use smoltcp::wire::{Icmpv6Packet, IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr};
use vrrp_core::Family;

use crate::balancer::Balancer;
use crate::frame::{self, HEADER, Kind};
use crate::gateway;
use crate::plane::{Network, Wires};
use crate::router::Router;

/// How a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The number of the port.
    pub(super) port: usize,
    /// Its own address there.
    pub(super) from: IpAddr,
    /// The neighbour that gets the packets.
    pub(super) next_hop: IpAddr,
}

/// A router, as checks see it.
pub(super) trait Surroundings {
    /// The way to a server.
    fn way(&mut self, server: IpAddr) -> Option<Way>;

    /// Asks where the neighbour on this way lives. The host's stack takes the answer for its own, which it would itself ask for
    /// no more than once a second, whoever is meant: too late for all but the first of several servers.
    fn ask(&mut self, now: Duration, way: Way);

    /// Whether that neighbour has answered since then.
    fn has_answered(&mut self, since: Duration, way: Way) -> bool;

    /// The host's stack on a port.
    fn context(&mut self, port: usize) -> &mut Context;

    /// Sends an ICMP message; one of `ICMPv6` gets its checksum here. False if it does not fit into a packet.
    ///
    /// It does not go through smoltcp's socket, which cannot take a message back: one to a dead neighbour would keep all others
    /// of the same line waiting.
    fn ping(&mut self, now: Duration, way: Way, server: IpAddr, message: &mut [u8]) -> bool;

    /// Changes the director's services.
    fn apply(&mut self, step: &Step) -> Result<(), Refused>;

    /// Hands the servers that the director has for a service to `take`.
    fn destinations(&mut self, service: &ServiceKey, take: &mut dyn FnMut(Destination));
}

impl<D: Device, const NEIGHBOURS: usize, const WAITING: usize, const PORTS: usize, const ROUTERS: usize>
    Surroundings for Router<D, Balancer<'_, NEIGHBOURS, WAITING>, PORTS, ROUTERS>
{
    fn way(&mut self, server: IpAddr) -> Option<Way> {
        let wires = Wires { now: Duration::ZERO, stations: self.parts().0, log: &mut () };
        let (port, next_hop) = wires.route(server)?;
        let from = match server {
            IpAddr::V4(_) => wires.source(port, Family::V4)?,
            // Adverts come from the link-local address, and a server further away could not answer that.
            IpAddr::V6(_) => IpAddr::V6(wires.stations[port].port.ipv6?.0),
        };
        Some(Way { port, from, next_hop })
    }

    fn ask(&mut self, now: Duration, way: Way) {
        let mut wires = Wires { now, stations: self.parts().0, log: &mut () };
        // RFC 4861 §7.2.2: as who the packets come from, so that the server knows where to answer.
        gateway::ask_from(way.from, way.port, way.next_hop, &mut wires);
    }

    fn has_answered(&mut self, since: Duration, way: Way) -> bool {
        self.plane().gateway().heard(way.port, way.next_hop).is_some_and(|heard| heard >= since)
    }

    fn context(&mut self, port: usize) -> &mut Context {
        self.interface(port).context()
    }

    fn ping(&mut self, now: Duration, way: Way, server: IpAddr, message: &mut [u8]) -> bool {
        let mut frame = [0; HEADER + IPV6 + ECHO];
        let Some(length) = packet(&mut frame[HEADER..], way.from, server, message) else { return false };
        let kind = if server.is_ipv4() { Kind::Ipv4 } else { Kind::Ipv6 };
        frame::label(&mut frame, kind);
        let (stations, balancer) = self.parts();
        let mut wires = Wires { now, stations, log: &mut () };
        balancer.neighbours().send(way.port, way.next_hop, &mut frame[..HEADER + length], &mut wires);
        true
    }

    fn apply(&mut self, step: &Step) -> Result<(), Refused> {
        self.plane().director().apply(step)
    }

    fn destinations(&mut self, service: &ServiceKey, take: &mut dyn FnMut(Destination)) {
        self.plane().director().destinations(service).for_each(|status| take(status.destination));
    }
}

/// Writes an IP packet with an ICMP message in it, and returns its length. `None` if the families differ or it does not fit.
fn packet(buffer: &mut [u8], from: IpAddr, to: IpAddr, message: &mut [u8]) -> Option<usize> {
    let header = match (from, to) {
        (IpAddr::V4(src_addr), IpAddr::V4(dst_addr)) => {
            let repr = Ipv4Repr {
                src_addr,
                dst_addr,
                next_header: IpProtocol::Icmp,
                payload_len: message.len(),
                hop_limit: HOPS,
            };
            let header = buffer.get_mut(..repr.buffer_len())?;
            repr.emit(&mut Ipv4Packet::new_unchecked(header), &ChecksumCapabilities::default());
            repr.buffer_len()
        }
        (IpAddr::V6(src_addr), IpAddr::V6(dst_addr)) => {
            let repr = Ipv6Repr {
                src_addr,
                dst_addr,
                next_header: IpProtocol::Icmpv6,
                payload_len: message.len(),
                hop_limit: HOPS,
            };
            let header = buffer.get_mut(..repr.buffer_len())?;
            repr.emit(&mut Ipv6Packet::new_unchecked(header));
            Icmpv6Packet::new_unchecked(&mut *message).fill_checksum(&src_addr, &dst_addr);
            repr.buffer_len()
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    buffer.get_mut(header..header + message.len())?.copy_from_slice(message);
    Some(header + message.len())
}

/// Bytes of an IPv6 header.
const IPV6: usize = 40;
/// Bytes of an ICMP echo with our token.
const ECHO: usize = 16;
/// RFC 1340: what hosts are told to send with.
const HOPS: u8 = 64;
