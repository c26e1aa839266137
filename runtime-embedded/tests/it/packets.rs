//! Frames as a client sends them, made by a library that the router does not use for this.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{ArpHardwareId, ArpOperation, ArpPacket, EtherType, IpNumber, Ipv6FlowLabel, PacketBuilder};

pub(crate) type Mac = [u8; 6];
pub(crate) const CLIENT: Mac = [2, 0, 0, 0, 0xee, 1];
pub(crate) const CLIENT_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
pub(crate) const CLIENT_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x77);

/// "Who has `address`?"
pub(crate) fn arp_request(address: Ipv4Addr) -> Vec<u8> {
    let arp = ArpPacket::new(
        ArpHardwareId::ETHERNET,
        EtherType::IPV4,
        ArpOperation::REQUEST,
        &CLIENT,
        &CLIENT_V4.octets(),
        &[0; 6],
        &address.octets(),
    )
    .expect("well formed");
    [&[0xff; 6][..], &CLIENT, &[0x08, 0x06], &arp.to_bytes()].concat()
}

/// Who asks by ARP for `address`.
pub(crate) fn arp_for(frame: &[u8], address: Ipv4Addr) -> Option<Mac> {
    let is_question = frame[12..14] == [8, 6] && frame[20..22] == [0, 1] && frame[38..42] == address.octets();
    (is_question && frame[28..32] != address.octets()).then(|| frame[22..28].try_into().expect("six bytes"))
}

/// "`address` is at `mac`", for `to`.
pub(crate) fn arp_reply_frame(mac: Mac, address: Ipv4Addr, to: Mac, asker: Ipv4Addr) -> Vec<u8> {
    let arp = ArpPacket::new(
        ArpHardwareId::ETHERNET,
        EtherType::IPV4,
        ArpOperation::REPLY,
        &mac,
        &address.octets(),
        &to,
        &asker.octets(),
    )
    .expect("well formed");
    [&to[..], &mac, &[0x08, 0x06], &arp.to_bytes()].concat()
}

/// A datagram with five bytes in it.
pub(crate) fn datagram(from: Mac, to: Mac, source: Ipv4Addr, destination: Ipv4Addr, ttl: u8) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(from, to)
        .ipv4(source.octets(), destination.octets(), ttl)
        .udp(4000, 9)
        .write(&mut frame, b"hello")
        .expect("well formed");
    frame
}

/// Who says by ARP that `address` lives where: the source of the frame and the MAC in the body.
pub(crate) fn arp_reply(frame: &[u8], address: Ipv4Addr) -> Option<(Mac, Mac)> {
    let (ethernet, rest) = frame.split_at(14);
    if ethernet[12..14] != [0x08, 0x06] {
        return None;
    }
    let arp = etherparse::ArpPacketSlice::from_slice(rest).ok()?;
    let is_answer = arp.operation() == ArpOperation::REPLY && arp.sender_protocol_addr() == address.octets();
    is_answer.then(|| {
        (
            ethernet[6..12].try_into().expect("well formed"),
            arp.sender_hw_addr().try_into().expect("well formed"),
        )
    })
}

/// "Who has `address`?" over IPv6.
pub(crate) fn neighbour_solicitation(address: Ipv6Addr) -> Vec<u8> {
    let [.., a, b, c] = address.octets();
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]));
    let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
    message.extend(address.octets());
    message.extend([1, 1]);
    message.extend(CLIENT);
    icmp6([CLIENT, [0x33, 0x33, 0xff, a, b, c]], [CLIENT_V6, group], 255, message)
}

/// Who asks for `address` over IPv6: where the frame comes from, and the MAC in its body.
pub(crate) fn solicitation_for(frame: &[u8], address: Ipv6Addr) -> Option<(Mac, Mac)> {
    let is_one = frame.len() >= 86 && frame[12..14] == [0x86, 0xdd] && frame[20] == 58 && frame[54] == 135;
    (is_one && frame[62..78] == address.octets())
        .then(|| (frame[6..12].try_into().expect("six bytes"), frame[80..86].try_into().expect("six bytes")))
}

/// "`address` is at `mac`", for `to` at `asker`.
pub(crate) fn advertisement(mac: Mac, address: Ipv6Addr, to: Mac, asker: Ipv6Addr) -> Vec<u8> {
    let mut message = vec![136, 0, 0, 0, 0x60, 0, 0, 0];
    message.extend(address.octets());
    message.extend([2, 1]);
    message.extend(mac);
    icmp6([mac, to], [address, asker], 255, message)
}

/// A message of `ICMPv6`; its checksum is put in.
pub(crate) fn icmp6(
    [from, to]: [Mac; 2],
    [source, destination]: [Ipv6Addr; 2],
    hop_limit: u8,
    mut message: Vec<u8>,
) -> Vec<u8> {
    let sum = etherparse::checksum::Sum16BitWords::new()
        .add_16bytes(source.octets())
        .add_16bytes(destination.octets())
        .add_4bytes(u32::try_from(message.len()).expect("well formed").to_be_bytes())
        .add_2bytes([0, 58])
        .add_slice(&message)
        .ones_complement()
        .to_ne_bytes();
    message[2..4].copy_from_slice(&sum);
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(from, to)
        .ip(etherparse::IpHeaders::Ipv6(
            etherparse::Ipv6Header {
                traffic_class: 0,
                flow_label: Ipv6FlowLabel::ZERO,
                payload_length: 0,
                next_header: IpNumber::IPV6_ICMP,
                hop_limit,
                source: source.octets(),
                destination: destination.octets(),
            },
            etherparse::Ipv6Extensions::default(),
        ))
        .write(&mut frame, IpNumber::IPV6_ICMP, &message)
        .expect("well formed");
    frame
}

/// A datagram over IPv6 with five bytes in it.
pub(crate) fn datagram6(macs: [Mac; 2], ends: [Ipv6Addr; 2], hop_limit: u8) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(macs[0], macs[1])
        .ipv6(ends[0].octets(), ends[1].octets(), hop_limit)
        .udp(4000, 9)
        .write(&mut frame, b"hello")
        .expect("well formed");
    frame
}

/// The flags and the MAC of a neighbour advertisement for `address`.
pub(crate) fn neighbour_advertisement(frame: &[u8], address: Ipv6Addr) -> Option<(u8, Mac)> {
    let is_one = frame.len() >= 86 && frame[12..14] == [0x86, 0xdd] && frame[20] == 58 && frame[54] == 136;
    (is_one && frame[62..78] == address.octets())
        .then(|| (frame[58], frame[80..86].try_into().expect("well formed")))
}

/// A ping from the client.
pub(crate) fn ping(to: Mac, address: Ipv4Addr) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(CLIENT, to)
        .ipv4(CLIENT_V4.octets(), address.octets(), 64)
        .icmpv4_echo_request(1, 1)
        .write(&mut frame, b"hello")
        .expect("well formed");
    frame
}

/// Where the answer to a ping comes from.
pub(crate) fn pong(frame: &[u8]) -> Option<(Mac, IpAddr)> {
    let packet = etherparse::SlicedPacket::from_ethernet(frame).ok()?;
    let Some(etherparse::TransportSlice::Icmpv4(icmp)) = packet.transport else { return None };
    let Some(etherparse::NetSlice::Ipv4(ip)) = packet.net else { return None };
    (icmp.type_u8() == 0)
        .then(|| (frame[6..12].try_into().expect("well formed"), IpAddr::V4(ip.header().source_addr())))
}

/// The MAC that a datagram goes to, its destination and its source, if its checksums hold.
pub(crate) fn udp(frame: &[u8]) -> Option<(Mac, IpAddr, IpAddr)> {
    let packet = etherparse::SlicedPacket::from_ethernet(frame).ok()?;
    let (Some(etherparse::NetSlice::Ipv4(ip)), Some(etherparse::TransportSlice::Udp(udp))) =
        (packet.net, packet.transport)
    else {
        return None;
    };
    let header = ip.header().to_header();
    assert_eq!(header.header_checksum, header.calc_header_checksum());
    let sum = udp.to_header().calc_checksum_ipv4(&header, udp.payload()).expect("short");
    assert_eq!(udp.checksum(), sum);
    let to = frame[..6].try_into().expect("six bytes");
    Some((to, IpAddr::V4(header.destination.into()), IpAddr::V4(header.source.into())))
}
