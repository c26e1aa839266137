//! Packets for the tests, built and checked by etherparse, which shares no code with the director.

use core::net::{IpAddr, SocketAddr};

use etherparse::{
    IpHeaders, IpNumber, Ipv4Header, Ipv6Header, NetSlice, SlicedPacket, TcpHeader, TransportSlice, UdpHeader,
};

/// Flags of a TCP segment.
pub(crate) const SYN: u8 = 0x02;
pub(crate) const ACK: u8 = 0x10;
pub(crate) const FIN_ACK: u8 = 0x11;
pub(crate) const SYN_ACK: u8 = 0x12;
pub(crate) const RST: u8 = 0x04;

/// A whole IP packet with correct checksums.
pub(crate) fn udp(source: SocketAddr, destination: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len();
    let ip = headers(source.ip(), destination.ip(), IpNumber::UDP, length);
    let header = match &ip {
        IpHeaders::Ipv4(header, _) => {
            UdpHeader::with_ipv4_checksum(source.port(), destination.port(), header, payload)
        }
        IpHeaders::Ipv6(header, _) => {
            UdpHeader::with_ipv6_checksum(source.port(), destination.port(), header, payload)
        }
    };
    assemble(&ip, &header.unwrap().to_bytes(), payload)
}

pub(crate) fn tcp(source: SocketAddr, destination: SocketAddr, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = TcpHeader::new(source.port(), destination.port(), 1_000, 4_096);
    header.syn = flags & 0x02 != 0;
    header.ack = flags & 0x10 != 0;
    header.fin = flags & 0x01 != 0;
    header.rst = flags & 0x04 != 0;
    let ip = headers(source.ip(), destination.ip(), IpNumber::TCP, 20 + payload.len());
    header.checksum = match &ip {
        IpHeaders::Ipv4(ip, _) => header.calc_checksum_ipv4(ip, payload),
        IpHeaders::Ipv6(ip, _) => header.calc_checksum_ipv6(ip, payload),
    }
    .unwrap();
    assemble(&ip, &header.to_bytes(), payload)
}

/// A whole SCTP packet with these chunks.
pub(crate) fn sctp(source: SocketAddr, destination: SocketAddr, chunks: &[u8]) -> Vec<u8> {
    let ports = [source.port().to_be_bytes(), destination.port().to_be_bytes()].concat();
    let mut packet = [&ports[..], &[0xC0, 0xFF, 0xEE, 1, 0, 0, 0, 0], chunks].concat();
    let sum = crc32c(&packet);
    packet[8..12].copy_from_slice(&sum.to_le_bytes());
    let ip = headers(source.ip(), destination.ip(), IpNumber::SCTP, packet.len());
    assemble(&ip, &packet, &[])
}

/// Where an SCTP packet without IP options comes from and goes to, if its checksums are right.
pub(crate) fn sctp_ends(packet: &[u8]) -> (SocketAddr, SocketAddr) {
    let sliced = SlicedPacket::from_ip(packet).unwrap();
    let (source, destination, offset): (IpAddr, IpAddr, usize) = match sliced.net.as_ref().unwrap() {
        NetSlice::Ipv4(ip) => {
            let header = ip.header().to_header();
            assert_eq!(header.header_checksum, header.calc_header_checksum(), "IPv4 header checksum");
            (ip.header().source_addr().into(), ip.header().destination_addr().into(), 20)
        }
        NetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into(), 40),
        NetSlice::Arp(_) => panic!("not an IP packet"),
    };
    let mut sctp = packet[offset..].to_vec();
    let found = u32::from_le_bytes(sctp[8..12].try_into().unwrap());
    sctp[8..12].fill(0);
    assert_eq!(found, crc32c(&sctp), "SCTP checksum");
    let port = |at: usize| u16::from_be_bytes([sctp[at], sctp[at + 1]]);
    (SocketAddr::new(source, port(0)), SocketAddr::new(destination, port(2)))
}

/// RFC 9260 appendix A, bit by bit.
pub(crate) fn crc32c(octets: &[u8]) -> u32 {
    let bits = octets.iter().flat_map(|octet| (0..8).map(move |bit| u32::from(octet >> bit & 1)));
    !bits.fold(u32::MAX, |sum, bit| sum >> 1 ^ if (sum ^ bit) & 1 == 1 { 0x82F6_3B78 } else { 0 })
}

/// An ICMP error that quotes a packet, of the type that says that a port or host cannot be reached.
pub(crate) fn error(source: IpAddr, destination: IpAddr, quoted: &[u8]) -> Vec<u8> {
    icmp([if source.is_ipv4() { 3 } else { 1 }, 1, 0, 0, 0, 0, 0, 0], source, destination, quoted)
}

/// An ICMP message with this header, its checksum left out.
pub(crate) fn icmp(header: [u8; 8], source: IpAddr, destination: IpAddr, quoted: &[u8]) -> Vec<u8> {
    let is_v4 = source.is_ipv4();
    let mut icmp = [&header, quoted].concat();
    let sum = !icmp_sum(source, destination, &icmp);
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
    let protocol = if is_v4 { IpNumber::ICMP } else { IpNumber::IPV6_ICMP };
    assemble(&headers(source, destination, protocol, icmp.len()), &icmp, &[])
}

/// Where an ICMP error without IP options comes from and goes to, and what it quotes, if its checksums are right.
pub(crate) fn error_ends(packet: &[u8]) -> (IpAddr, IpAddr, Vec<u8>) {
    let (source, destination, icmp): (IpAddr, IpAddr, &[u8]) =
        match SlicedPacket::from_ip(packet).unwrap().net.as_ref().unwrap() {
            NetSlice::Ipv4(ip) => {
                let header = ip.header().to_header();
                assert_eq!(header.header_checksum, header.calc_header_checksum(), "IPv4 header checksum");
                (ip.header().source_addr().into(), ip.header().destination_addr().into(), &packet[20..])
            }
            NetSlice::Ipv6(ip) => {
                (ip.header().source_addr().into(), ip.header().destination_addr().into(), &packet[40..])
            }
            NetSlice::Arp(_) => panic!("not an IP packet"),
        };
    assert_eq!(icmp_sum(source, destination, icmp), u16::MAX, "ICMP checksum");
    (source, destination, icmp[8..].to_vec())
}

/// RFC 792; RFC 4443 §2.3 with the pseudo-header.
fn icmp_sum(source: IpAddr, destination: IpAddr, icmp: &[u8]) -> u16 {
    let mut covered = Vec::new();
    if let (IpAddr::V6(source), IpAddr::V6(destination)) = (source, destination) {
        covered.extend([source.octets(), destination.octets()].concat());
        covered.extend(u32::try_from(icmp.len()).unwrap().to_be_bytes());
        covered.extend([0, 0, 0, 58]);
    }
    covered.extend(icmp);
    if covered.len() % 2 == 1 {
        covered.push(0);
    }
    let words = covered.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum = words.fold(0, |sum, word| if sum + word > 0xFFFF { sum + word - 0xFFFF } else { sum + word });
    u16::try_from(sum).unwrap()
}

/// Where a packet comes from and goes to, if it is whole and all its checksums are right.
pub(crate) fn ends(packet: &[u8]) -> (SocketAddr, SocketAddr) {
    let sliced = SlicedPacket::from_ip(packet).unwrap();
    let (source, destination): (IpAddr, IpAddr) = match sliced.net.as_ref().unwrap() {
        NetSlice::Ipv4(ip) => {
            let header = ip.header().to_header();
            assert_eq!(header.header_checksum, header.calc_header_checksum(), "IPv4 header checksum");
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        NetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        NetSlice::Arp(_) => panic!("not an IP packet"),
    };
    let (source_port, destination_port, found, right) = match sliced.transport.as_ref().unwrap() {
        TransportSlice::Udp(udp) => {
            let header = udp.to_header();
            let right = match (source, destination) {
                (IpAddr::V4(from), IpAddr::V4(to)) => {
                    header.calc_checksum_ipv4_raw(from.octets(), to.octets(), udp.payload())
                }
                (IpAddr::V6(from), IpAddr::V6(to)) => {
                    header.calc_checksum_ipv6_raw(from.octets(), to.octets(), udp.payload())
                }
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => unreachable!(),
            };
            let right = if header.checksum == 0 { 0 } else { right.unwrap() };
            (header.source_port, header.destination_port, header.checksum, right)
        }
        TransportSlice::Tcp(tcp) => {
            let header = tcp.to_header();
            let right = match (source, destination) {
                (IpAddr::V4(from), IpAddr::V4(to)) => {
                    header.calc_checksum_ipv4_raw(from.octets(), to.octets(), tcp.payload())
                }
                (IpAddr::V6(from), IpAddr::V6(to)) => {
                    header.calc_checksum_ipv6_raw(from.octets(), to.octets(), tcp.payload())
                }
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => unreachable!(),
            };
            (header.source_port, header.destination_port, header.checksum, right.unwrap())
        }
        TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) | TransportSlice::Igmp(_) => {
            panic!("not TCP or UDP")
        }
    };
    assert_eq!(found, right, "transport checksum");
    (SocketAddr::new(source, source_port), SocketAddr::new(destination, destination_port))
}

fn headers(source: IpAddr, destination: IpAddr, protocol: IpNumber, length: usize) -> IpHeaders {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let length = u16::try_from(length).unwrap();
            let mut header =
                Ipv4Header::new(length, 64, protocol, source.octets(), destination.octets()).unwrap();
            header.header_checksum = header.calc_header_checksum();
            IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default())
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let header = Ipv6Header {
                payload_length: u16::try_from(length).unwrap(),
                next_header: protocol,
                hop_limit: 64,
                source: source.octets(),
                destination: destination.octets(),
                ..Ipv6Header::default()
            };
            IpHeaders::Ipv6(header, etherparse::Ipv6Extensions::default())
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
            panic!("two families in one packet")
        }
    }
}

fn assemble(ip: &IpHeaders, transport: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = match ip {
        IpHeaders::Ipv4(header, _) => header.to_bytes().to_vec(),
        IpHeaders::Ipv6(header, _) => header.to_bytes().to_vec(),
    };
    [&header, transport, payload].concat()
}
