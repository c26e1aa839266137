//! Packets of clients, and what comes out where.

use core::net::SocketAddr;

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};

/// A client's packet: a datagram, or a TCP segment with these flags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) client: SocketAddr,
    pub(crate) service: SocketAddr,
    pub(crate) segment: Option<&'static str>,
}

impl Packet {
    pub(crate) fn with(self, flags: &'static str) -> Self {
        Self { segment: Some(flags), ..self }
    }

    /// As a frame to this station.
    pub(crate) fn frame(&self, station: [u8; 6]) -> Vec<u8> {
        let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 9], station);
        let builder = match (self.client, self.service) {
            (SocketAddr::V4(client), SocketAddr::V4(service)) => {
                builder.ipv4(client.ip().octets(), service.ip().octets(), 64)
            }
            (SocketAddr::V6(client), SocketAddr::V6(service)) => {
                builder.ipv6(client.ip().octets(), service.ip().octets(), 64)
            }
            (client, service) => panic!("{client} and {service} are not of one family"),
        };
        let mut frame = Vec::new();
        match self.segment {
            None => builder.udp(self.client.port(), self.service.port()).write(&mut frame, b"?").unwrap(),
            Some(flags) => {
                let mut builder = builder.tcp(self.client.port(), self.service.port(), 1_000, 4_096);
                if flags.contains('S') {
                    builder = builder.syn();
                }
                if flags.contains('A') {
                    builder = builder.ack(1);
                }
                if flags.contains('F') {
                    builder = builder.fin();
                }
                builder.write(&mut frame, &[]).unwrap();
            }
        }
        frame
    }

    /// As an IP packet.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.frame([0; 6]).split_off(14)
    }
}

/// Where a frame with a segment or a datagram comes from and goes to.
pub(crate) fn ends(frame: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let sliced = SlicedPacket::from_ethernet(frame).ok()?;
    let (source, destination) = match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(NetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(NetSlice::Arp(_)) | None => return None,
    };
    let (from, to) = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => (tcp.source_port(), tcp.destination_port()),
        Some(TransportSlice::Udp(udp)) => (udp.source_port(), udp.destination_port()),
        Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) | TransportSlice::Igmp(_)) | None => {
            return None;
        }
    };
    Some((SocketAddr::new(source, from), SocketAddr::new(destination, to)))
}

/// Whether a frame tells a client that its port is not there: ICMP type 3, `ICMPv6` type 1.
pub(crate) fn is_refusal(frame: &[u8], client: SocketAddr) -> bool {
    let Ok(sliced) = SlicedPacket::from_ethernet(frame) else { return false };
    let (quoted, header) = match &sliced.transport {
        Some(TransportSlice::Icmpv4(icmp)) if icmp.type_u8() == 3 => (icmp.payload(), 20),
        Some(TransportSlice::Icmpv6(icmp)) if icmp.type_u8() == 1 => (icmp.payload(), 40),
        Some(
            TransportSlice::Icmpv4(_)
            | TransportSlice::Icmpv6(_)
            | TransportSlice::Igmp(_)
            | TransportSlice::Tcp(_)
            | TransportSlice::Udp(_),
        )
        | None => return false,
    };
    quoted.get(header..header + 2) == Some(&client.port().to_be_bytes())
}
