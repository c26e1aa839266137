//! IP headers of received packets: a packet socket sees what the kernel has not checked yet.

use core::net::IpAddr;

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};
use vrrp_core::wire::{ah, envelope};

/// An IP packet that may carry VRRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// TTL or hop limit as received.
    pub ttl: u8,
    /// The authentication header, where there is one.
    pub header: Option<ah::Repr>,
    /// What follows the headers, without the padding of the link.
    pub payload: &'a [u8],
}

/// Why a packet was dropped before VRRP was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Malformed {
    /// Shorter than its header says.
    Short,
    /// Another version or header length than possible.
    Header,
    /// The checksum of the IPv4 header is wrong.
    HeaderChecksum,
    /// A fragment: an advert is never one.
    Fragment,
    /// The next header is neither VRRP nor an authentication header.
    Protocol,
    /// An authentication header that is not one around VRRP, or behind IP options.
    AuthenticationHeader,
}

impl Malformed {
    /// Name of its counter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Short => "ip_short",
            Self::Header => "ip_header",
            Self::HeaderChecksum => "ip_header_checksum",
            Self::Fragment => "ip_fragment",
            Self::Protocol => "ip_protocol",
            Self::AuthenticationHeader => "ip_authentication_header",
        }
    }
}

/// Reads a packet of either family that starts at its IP header.
pub fn parse(bytes: &[u8]) -> Result<Datagram<'_>, Malformed> {
    match bytes.first().map(|byte| byte >> 4) {
        Some(4) => ipv4(bytes),
        Some(6) => ipv6(bytes),
        Some(_) => Err(Malformed::Header),
        None => Err(Malformed::Short),
    }
}

fn ipv4(bytes: &[u8]) -> Result<Datagram<'_>, Malformed> {
    if bytes.len() < 20 {
        return Err(Malformed::Short);
    }
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|_| Malformed::Header)?;
    let start = header.slice().len();
    let payload = bytes.get(start..usize::from(header.total_len())).ok_or(Malformed::Short)?;
    if header.header_checksum() != header.to_header().calc_header_checksum() {
        return Err(Malformed::HeaderChecksum);
    }
    if header.is_fragmenting_payload() {
        return Err(Malformed::Fragment);
    }
    let (proof, payload) = match header.protocol().0 {
        VRRP => (None, payload),
        ah::PROTOCOL => {
            let proof = envelope::header(bytes).ok_or(Malformed::AuthenticationHeader)?;
            (Some(proof), payload.get(ah::LEN..).ok_or(Malformed::AuthenticationHeader)?)
        }
        _ => return Err(Malformed::Protocol),
    };
    Ok(Datagram {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.ttl(),
        header: proof,
        payload,
    })
}

fn ipv6(bytes: &[u8]) -> Result<Datagram<'_>, Malformed> {
    if bytes.len() < 40 {
        return Err(Malformed::Short);
    }
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| Malformed::Header)?;
    if header.next_header().0 != VRRP {
        return Err(Malformed::Protocol);
    }
    let payload = bytes.get(40..40 + usize::from(header.payload_length())).ok_or(Malformed::Short)?;
    Ok(Datagram {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.hop_limit(),
        header: None,
        payload,
    })
}

/// VRRP's IP protocol number.
const VRRP: u8 = 112;

#[cfg(test)]
mod tests {
    use super::*;

    /// Vector P1 of the project's packet list, padded as Ethernet pads it.
    const ADVERT: [u8; 46] = [
        0x45, 0xc0, 0x00, 0x28, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0x18, 0x88, 0xc0, 0x00, 0x02, 0x0a, 0xe0,
        0x00, 0x00, 0x12, 0x21, 0x01, 0x64, 0x01, 0x00, 0x01, 0xb8, 0xfa, 0xc0, 0x00, 0x02, 0x01, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn padding_of_the_link_is_cut_off() {
        let datagram = parse(&ADVERT).unwrap();
        assert_eq!(datagram.source, IpAddr::from([192, 0, 2, 10]));
        assert_eq!(datagram.destination, IpAddr::from([224, 0, 0, 18]));
        assert_eq!(datagram.ttl, 255);
        assert_eq!(datagram.payload, &ADVERT[20..40]);
    }

    #[test]
    fn options_are_stepped_over() {
        let mut bytes = vec![0x46, 0xc0, 0x00, 0x2c, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0, 0];
        bytes.extend(&ADVERT[12..20]);
        bytes.extend([0x94, 0x04, 0, 0]);
        bytes.extend(&ADVERT[20..40]);
        let sum = Ipv4HeaderSlice::from_slice(&bytes).unwrap().to_header().calc_header_checksum();
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(parse(&bytes).unwrap().payload, &ADVERT[20..40]);
    }

    #[test]
    fn each_fault_of_the_header_has_its_name() {
        let broken = |at: usize, value: u8, sum: [u8; 2]| {
            let mut bytes = ADVERT;
            bytes[at] = value;
            bytes[10..12].copy_from_slice(&sum);
            parse(&bytes).unwrap_err()
        };
        assert_eq!(broken(8, 254, [0x18, 0x88]), Malformed::HeaderChecksum);
        assert_eq!(broken(6, 0x20, [0xf8, 0x87]), Malformed::Fragment);
        assert_eq!(broken(3, 200, [0, 0]), Malformed::Short);
        assert_eq!(broken(0, 0x42, [0, 0]), Malformed::Header);
        assert_eq!(parse(&[]).unwrap_err(), Malformed::Short);
        assert_eq!(parse(&ADVERT[..19]).unwrap_err(), Malformed::Short);
    }

    #[test]
    fn an_ipv6_extension_header_is_not_vrrp() {
        let mut bytes = vec![0x6c, 0, 0, 0, 0, 8, 0, 255];
        bytes.extend([0; 32]);
        bytes.extend([0; 8]);
        assert_eq!(parse(&bytes).unwrap_err(), Malformed::Protocol);
        bytes[6] = 112;
        assert_eq!(parse(&bytes).unwrap().payload.len(), 8);
        bytes[5] = 9;
        assert_eq!(parse(&bytes).unwrap_err(), Malformed::Short);
    }
}
