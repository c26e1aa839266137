//! What is written into packets, measured with sums that share no code with the director.

use core::net::{IpAddr, SocketAddr};

use ipvs_core::{Forward, Protocol, Verdict};
use proptest::prelude::*;

use crate::lab::{Lab, VIRTUAL_V4, VIRTUAL_V6, at, server, service};
use crate::packet::{SYN, crc32c, error, sctp, tcp, udp};

proptest! {
    #[test]
    fn what_was_right_is_right_what_was_wrong_stays_wrong_and_nothing_else_is_written(
        shape in shape(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        padding in prop::collection::vec(any::<u8>(), 0..20),
        is_nat in any::<bool>(),
    ) {
        let forward = if is_nat { Forward::Masquerade } else { Forward::Direct };
        let (mut lab, mut before) = shape.packet(forward);
        for (place, octet) in damage {
            let place = place.index(before.len());
            before[place] ^= octet;
        }
        before.extend(&padding);
        let mut after = before.clone();
        let Verdict::Forward(outgoing) = lab.send(&mut after) else {
            prop_assert_eq!(before, after);
            return Ok(());
        };
        prop_assert_eq!(&before[outgoing.length..], &after[outgoing.length..]);
        let (before, after) = (&before[..outgoing.length], &after[..outgoing.length]);
        let (before, after) = (Sums::of(before), Sums::of(after));
        if before.is_missing {
            prop_assert!(after.is_missing || after.transport == Some(true));
        } else {
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn whole_packets_arrive_with_right_sums(shape in shape(), is_nat in any::<bool>()) {
        let forward = if is_nat { Forward::Masquerade } else { Forward::Direct };
        let (mut lab, mut packet) = shape.packet(forward);
        let Verdict::Forward(_) = lab.send(&mut packet) else {
            // With direct routing, a server's side of a connection is not seen.
            prop_assert!(!is_nat && shape.kind == Kind::ErrorOfServer);
            return Ok(());
        };
        let sums = Sums::of(&packet);
        prop_assert!(sums.header && sums.transport != Some(false));
        if is_nat {
            prop_assert!(sums.quoted_header != Some(false) && sums.quoted_transport != Some(false));
        }
    }

    #[test]
    fn nat_out_is_the_inverse_of_nat_in(shape in shape()) {
        let shape = Shape { kind: if shape.kind.is_error() { Kind::Tcp } else { shape.kind }, ..shape };
        let (mut lab, before) = shape.packet(Forward::Masquerade);
        let mut packet = before.clone();
        lab.sent(&mut packet);
        prop_assert_ne!(&mirrored(&before), &packet);
        let mut packet = mirrored(&packet);
        lab.sent(&mut packet);
        let mut packet = mirrored(&packet);
        // Two hops, and the checksum that covers them.
        let hops = if shape.is_v6 { 7..8 } else { 8..12 };
        prop_assert_eq!(u32::from(packet[hops.start]) + 2, u32::from(before[hops.start]));
        packet[hops.clone()].copy_from_slice(&before[hops]);
        prop_assert_eq!(packet, before);
    }
}

#[derive(Clone, Debug)]
struct Shape {
    is_v6: bool,
    kind: Kind,
    client_port: u16,
    server_port: u16,
    /// Octets of IPv4 options or IPv6 extension headers, by eight.
    options: u8,
    payload: Vec<u8>,
    /// How much of the payload an error quotes.
    quoted: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tcp,
    Udp,
    UdpWithoutChecksum,
    Sctp,
    /// About what a client sent.
    ErrorOfServer,
    /// About what a server sent.
    ErrorOfClient,
}

impl Kind {
    fn is_error(self) -> bool {
        matches!(self, Self::ErrorOfServer | Self::ErrorOfClient)
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let kinds = vec![
        Kind::Tcp,
        Kind::Udp,
        Kind::UdpWithoutChecksum,
        Kind::Sctp,
        Kind::ErrorOfServer,
        Kind::ErrorOfClient,
    ];
    let ports = (1..u16::MAX, 1..u16::MAX);
    let payload = prop::collection::vec(any::<u8>(), 0..60);
    (any::<bool>(), prop::sample::select(kinds), ports, 0..3_u8, payload, 0..60_usize).prop_map(
        |(is_v6, kind, (client_port, server_port), options, payload, quoted)| Shape {
            is_v6,
            kind,
            client_port,
            server_port,
            options,
            payload,
            quoted,
        },
    )
}

impl Shape {
    /// A packet with right sums, and a director that knows what it is about.
    fn packet(&self, forward: Forward) -> (Lab, Vec<u8>) {
        let (virtual_address, client, real) = if self.is_v6 {
            (VIRTUAL_V6, "2001:db8:9::7", "2001:db8:2::1")
        } else {
            (VIRTUAL_V4, "10.9.0.7", "10.2.0.1")
        };
        let servers = [server(real, self.server_port, forward)];
        let services = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp]
            .map(|protocol| (service(protocol, virtual_address), &servers[..]));
        let mut lab = Lab::new(&services, 16);
        let client = at(client, self.client_port);
        let plain = |source: SocketAddr, destination: SocketAddr| match self.kind {
            Kind::Tcp => tcp(source, destination, SYN, &self.payload),
            Kind::Sctp => sctp(source, destination, &[&[1, 0, 0, 4][..], &self.payload].concat()),
            Kind::Udp | Kind::UdpWithoutChecksum | Kind::ErrorOfServer | Kind::ErrorOfClient => {
                udp(source, destination, &self.payload)
            }
        };
        let called = at(virtual_address, if matches!(self.kind, Kind::Tcp | Kind::Sctp) { 80 } else { 53 });
        let mut request = with_options(plain(client, called), self.options);
        if self.kind == Kind::UdpWithoutChecksum {
            let transport = transport(&request);
            request[transport + 6..transport + 8].fill(0);
        }
        if !self.kind.is_error() {
            return (lab, request);
        }
        lab.sent(&mut request);
        let (quoted, to) = match (self.kind, forward) {
            (Kind::ErrorOfServer, _) => (request, client.ip()),
            (_, Forward::Masquerade) => {
                let mut reply = with_options(plain(at(real, self.server_port), client), self.options);
                lab.sent(&mut reply);
                (reply, called.ip())
            }
            _ => (with_options(plain(called, client), self.options), called.ip()),
        };
        let shortest = transport(&quoted) + 8;
        let quoted = &quoted[..quoted.len().min(shortest + self.quoted)];
        let packet = with_options(error(at(real, 0).ip(), to, quoted), self.options);
        (lab, packet)
    }
}

/// With options of eight octets behind the IP header, before what it carries.
fn with_options(mut packet: Vec<u8>, options: u8) -> Vec<u8> {
    let octets = usize::from(options) * 8;
    if packet[0] >> 4 == 4 {
        packet.splice(20..20, vec![1; octets]);
        packet[0] += options * 2;
        let length = u16::try_from(packet.len()).unwrap();
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet[10..12].fill(0);
        let sum = !ones(&packet[..20 + octets]);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    } else {
        for _ in 0..options {
            let next = core::mem::replace(&mut packet[6], 60);
            packet.splice(40..40, [next, 0, 1, 4, 0, 0, 0, 0]);
        }
        let length = u16::try_from(packet.len() - 40).unwrap();
        packet[4..6].copy_from_slice(&length.to_be_bytes());
    }
    packet
}

/// Addresses and ports of the two sides exchanged; sums do not change, but for SCTP's.
fn mirrored(packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    let (first, second) = if packet[0] >> 4 == 4 { (12..16, 16..20) } else { (8..24, 24..40) };
    let ports = transport(&packet);
    for (one, other) in [(first, second), (ports..ports + 2, ports + 2..ports + 4)] {
        let kept = packet[one.clone()].to_vec();
        packet.copy_within(other.clone(), one.start);
        packet[other].copy_from_slice(&kept);
    }
    if protocol(&packet) == 132 {
        packet[ports + 8..ports + 12].fill(0);
        let sum = crc32c(&packet[ports..]);
        packet[ports + 8..ports + 12].copy_from_slice(&sum.to_le_bytes());
    }
    packet
}

/// Which sums of a packet are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sums {
    header: bool,
    /// `None` in a later fragment.
    transport: Option<bool>,
    /// UDP or SCTP without a sum.
    is_missing: bool,
    quoted_header: Option<bool>,
    quoted_transport: Option<bool>,
}

impl Sums {
    fn of(packet: &[u8]) -> Self {
        let is_v4 = packet[0] >> 4 == 4;
        let header = !is_v4 || ones(&packet[..usize::from(packet[0] & 15) * 4]) == u16::MAX;
        let mut sums =
            Self { header, transport: None, is_missing: false, quoted_header: None, quoted_transport: None };
        if is_v4 && u16::from_be_bytes([packet[6], packet[7]]) & 0x1FFF != 0 {
            return sums;
        }
        let offset = transport(packet);
        let body = &packet[offset..];
        let (from, to) = addresses(packet);
        sums.transport = Some(match protocol(packet) {
            17 if body[6..8] == [0, 0] => {
                sums.is_missing = true;
                true
            }
            132 => {
                sums.is_missing = body[8..12] == [0; 4];
                let mut covered = body.to_vec();
                covered[8..12].fill(0);
                crc32c(&covered).to_le_bytes() == body[8..12]
            }
            1 => ones(body) == u16::MAX,
            number => with_pseudo_header(from, to, number, body) == u16::MAX,
        });
        if matches!(protocol(packet), 1 | 58) {
            let quoted = &body[8..];
            if is_v4 {
                sums.quoted_header =
                    quoted.get(..usize::from(quoted[0] & 15) * 4).map(|header| ones(header) == u16::MAX);
            }
            let offset = transport(quoted);
            let (from, to) = addresses(quoted);
            let number = protocol(quoted);
            let checksum = if number == 6 { 16 } else { 6 };
            // A sum over the part that is there says nothing by itself, but it must not change.
            sums.quoted_transport = quoted
                .get(offset..)
                .filter(|body| {
                    body.len() >= checksum + 2 && whole(quoted) && body[checksum..checksum + 2] != [0, 0]
                })
                .filter(|_| matches!(number, 6 | 17))
                .map(|body| with_pseudo_header(from, to, number, body) == u16::MAX);
        }
        sums
    }
}

/// Whether all of a quoted packet is there.
fn whole(packet: &[u8]) -> bool {
    let length = if packet[0] >> 4 == 4 {
        usize::from(u16::from_be_bytes([packet[2], packet[3]]))
    } else {
        40 + usize::from(u16::from_be_bytes([packet[4], packet[5]]))
    };
    packet.len() == length
}

fn addresses(packet: &[u8]) -> (IpAddr, IpAddr) {
    if packet[0] >> 4 == 4 {
        let at = |from: usize| IpAddr::from(<[u8; 4]>::try_from(&packet[from..from + 4]).unwrap());
        (at(12), at(16))
    } else {
        let at = |from: usize| IpAddr::from(<[u8; 16]>::try_from(&packet[from..from + 16]).unwrap());
        (at(8), at(24))
    }
}

/// Where the transport header is, and of which protocol: these packets have no extension headers but options.
fn walk(packet: &[u8]) -> (usize, u8) {
    if packet[0] >> 4 == 4 {
        return (usize::from(packet[0] & 15) * 4, packet[9]);
    }
    let (mut offset, mut next) = (40, packet[6]);
    while [0, 43, 44, 60].contains(&next) && offset + 8 <= packet.len() {
        let size = if next == 44 { 8 } else { 8 + usize::from(packet[offset + 1]) * 8 };
        next = packet[offset];
        offset += size;
    }
    (offset, next)
}

fn transport(packet: &[u8]) -> usize {
    walk(packet).0
}

fn protocol(packet: &[u8]) -> u8 {
    walk(packet).1
}

/// RFC 9293 §3.1, RFC 8200 §8.1.
fn with_pseudo_header(from: IpAddr, to: IpAddr, protocol: u8, body: &[u8]) -> u16 {
    let mut covered = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => [from.octets(), to.octets()].concat(),
        (IpAddr::V6(from), IpAddr::V6(to)) => [from.octets(), to.octets()].concat(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => unreachable!(),
    };
    covered.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    covered.extend([0, 0, 0, protocol]);
    covered.extend(body);
    ones(&covered)
}

/// RFC 1071, word by word.
fn ones(octets: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for word in octets.chunks(2) {
        sum += u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0));
        if sum > 0xFFFF {
            sum -= 0xFFFF;
        }
    }
    u16::try_from(sum).unwrap()
}
