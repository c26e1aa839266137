//! The IP packet around an advert, for runtimes that see or send whole packets (RFC 9568 §5.1).

use core::net::IpAddr;

use etherparse::{IpDscp, IpNumber, IpSlice, Ipv4Header, Ipv4HeaderSlice, Ipv6FlowLabel, Ipv6Header};

use super::{ah, checksum};
use crate::seal::Payload;
use crate::{Family, Packet};

/// Reads a packet that starts with its IP header: options and extension headers are passed over, an
/// authentication header among them ([`header`] has it), and padding behind the IP length is cut off.
pub fn parse(packet: &[u8], link_source: Option<[u8; 6]>) -> Result<Packet<'_>, Error> {
    let ip = IpSlice::from_slice(packet).map_err(|_| Error::Malformed)?;
    if ip.is_fragmenting_payload() {
        return Err(Error::Fragment);
    }
    if ip.payload_ip_number() != IpNumber::VRRP {
        return Err(Error::OtherProtocol);
    }
    let ttl = match &ip {
        IpSlice::Ipv4(ip) => ip.header().ttl(),
        IpSlice::Ipv6(ip) => ip.header().hop_limit(),
    };
    Ok(Packet {
        source: ip.source_addr(),
        destination: ip.destination_addr(),
        ttl,
        link_source,
        message: ip.payload().payload,
    })
}

/// The authentication header of a packet that starts with its IPv4 header, if that is what follows it.
pub fn header(packet: &[u8]) -> Option<ah::Repr> {
    let ip = Ipv4HeaderSlice::from_slice(packet).ok()?;
    // With options the digest would be over more than anyone makes it over.
    if ip.protocol() != IpNumber::AUTHENTICATION_HEADER || ip.slice().len() != len(Family::V4) {
        return None;
    }
    let payload = packet.get(ip.slice().len()..usize::from(ip.total_len()))?;
    ah::Repr::parse(payload, ip.identification()).map(|(header, _)| header)
}

/// Writes the header of a packet with an advert of `len` bytes to the start of `buffer`; returns its length.
///
/// TTL `ttl` is 255 but for unicast peers that ask for another; the traffic class is CS6, as routing
/// protocols have it. `identification` numbers IPv4 packets. `None` if the families differ or the buffer is
/// too short.
pub fn emit(
    source: IpAddr,
    destination: IpAddr,
    ttl: u8,
    identification: u16,
    len: usize,
    buffer: &mut [u8],
) -> Option<usize> {
    around(source, destination, ttl, &Payload { protocol: checksum::PROTOCOL, identification, len }, buffer)
}

/// The same for a sealed advert ([`Stamp::emit`](crate::seal::Stamp::emit)).
pub fn around(
    source: IpAddr,
    destination: IpAddr,
    ttl: u8,
    payload: &Payload,
    buffer: &mut [u8],
) -> Option<usize> {
    let len = u16::try_from(payload.len).ok()?;
    let protocol = IpNumber(payload.protocol);
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header =
                Ipv4Header::new(len, ttl, protocol, source.octets(), destination.octets()).ok()?;
            header.identification = payload.identification;
            header.dont_fragment = false;
            header.dscp = IpDscp::CS6;
            header.header_checksum = header.calc_header_checksum();
            let bytes = header.to_bytes();
            buffer.get_mut(..bytes.len())?.copy_from_slice(&bytes);
            Some(bytes.len())
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let bytes = Ipv6Header {
                traffic_class: IpDscp::CS6.value() << 2,
                flow_label: Ipv6FlowLabel::ZERO,
                payload_length: len,
                next_header: protocol,
                hop_limit: ttl,
                source: source.octets(),
                destination: destination.octets(),
            }
            .to_bytes();
            buffer.get_mut(..bytes.len())?.copy_from_slice(&bytes);
            Some(bytes.len())
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// Bytes of the header that [`emit`] writes.
pub const fn len(family: Family) -> usize {
    match family {
        Family::V4 => 20,
        Family::V6 => 40,
    }
}

/// Why a packet holds no VRRP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No IP packet, or cut short.
    #[error("not a whole IP packet")]
    Malformed,
    /// Adverts are never fragmented.
    #[error("a fragment")]
    Fragment,
    /// Not protocol 112.
    #[error("another protocol")]
    OtherProtocol,
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    /// Vector P1: the IPv4 header, then T1.
    const P1: [u8; 40] = *b"\x45\xc0\x00\x28\x00\x01\x00\x00\xff\x70\x18\x88\xc0\x00\x02\x0a\xe0\x00\x00\x12\
        \x21\x01\x64\x01\x00\x01\xb8\xfa\xc0\x00\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00";
    const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
    const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));

    #[test]
    fn the_header_is_the_one_on_the_wire() {
        // P1, P4, P5
        let mut header = [0; 20];
        assert_eq!(emit(SOURCE, GROUP, 255, 1, 20, &mut header), Some(20));
        assert_eq!(header, P1[..20]);
        assert_eq!(emit(SOURCE, GROUP, 255, 1, 20, &mut header[..19]), None);
    }

    #[test]
    fn padding_and_options_are_not_part_of_the_message() {
        // R6, F29
        let mut padded = [0; 60];
        padded[..40].copy_from_slice(&P1);
        let packet = parse(&padded, None).expect("P1 is a packet");
        assert_eq!((packet.source, packet.destination, packet.ttl), (SOURCE, GROUP, 255));
        assert_eq!(packet.message, &P1[20..]);

        let mut with_options = [0; 44];
        with_options[..20].copy_from_slice(&P1[..20]);
        with_options[0] = 0x46;
        with_options[3] = 44;
        with_options[20..24].copy_from_slice(&[148, 4, 0, 0]);
        with_options[24..].copy_from_slice(&P1[20..]);
        assert_eq!(parse(&with_options, None).map(|packet| packet.message), Ok(&P1[20..]));
    }

    #[test]
    fn what_is_not_a_whole_vrrp_packet_is_refused() {
        assert_eq!(parse(&P1[..39], None), Err(Error::Malformed));
        let mut other = P1;
        other[9] = 17;
        assert_eq!(parse(&other, None), Err(Error::OtherProtocol));
        let mut fragment = P1;
        fragment[6] = 0x20;
        assert_eq!(parse(&fragment, None), Err(Error::Fragment));
    }

    #[test]
    fn an_ipv6_header_comes_back_as_it_went() {
        let source = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xa));
        let group = Family::V6.multicast_group();
        let mut packet = [7; 48];
        assert_eq!(emit(source, group, 255, 0, 8, &mut packet), Some(40));
        assert_eq!(
            parse(&packet, None),
            Ok(Packet { source, destination: group, ttl: 255, link_source: None, message: &[7; 8] })
        );
        assert_eq!(emit(source, GROUP, 255, 0, 8, &mut packet), None);
    }
}
