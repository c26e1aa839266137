use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::format;
use std::vec::Vec;

use super::*;
use crate::rewrite;
use crate::rewrite::checksum::Difference;

#[test]
fn packets_are_wrapped_as_the_kernel_wraps_them() {
    let mut compared = 0;
    for line in CAPTURED.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split(' ');
        let tunnel = match fields.next().unwrap() {
            "ipip" => Tunnel::Ipip,
            "gue" => Tunnel::Gue { port: 5_555, checksum: TunnelChecksum::None },
            "gue-csum" => Tunnel::Gue { port: 5_555, checksum: TunnelChecksum::Full },
            "gue-remcsum" => Tunnel::Gue { port: 5_555, checksum: TunnelChecksum::Remote },
            "gre" => Tunnel::Gre { checksum: TunnelChecksum::None },
            "gre-csum" => Tunnel::Gre { checksum: TunnelChecksum::Full },
            other => panic!("{other}"),
        };
        let [mut inner, expected] = [(); 2].map(|()| octets(fields.next().unwrap()));
        let packet = Packet::parse(&inner).unwrap();
        rewrite::apply(&mut inner, &packet, crate::fragment::Change::Tunnel(tunnel));
        let is_v4 = expected[0] >> 4 == 4;
        let (source, destination) = if is_v4 {
            (IpAddr::V4(Ipv4Addr::new(198, 18, 1, 1)), IpAddr::V4(Ipv4Addr::new(198, 18, 1, 11)))
        } else {
            let address = |last| IpAddr::V6(Ipv6Addr::new(0xFD18, 1, 0, 0, 0, 0, 0, last));
            (address(1), address(0x11))
        };
        let mut entrance = Entrance::new(&[3; 16]);
        if is_v4 {
            let identification = u32::from(expected[4]) << 8 | u32::from(expected[5]);
            entrance.identification = identification.wrapping_sub(1);
        }
        let mut envelope = entrance.wrap(tunnel, &packet, &inner, source, destination).unwrap();
        assert_eq!(envelope.as_ref().len(), tunnel.overhead(Family::of(destination)));
        if let Tunnel::Gue { checksum, .. } = tunnel {
            // Which port it comes from is ours to choose.
            let udp = envelope.length - 12;
            let [ours, theirs] =
                [&envelope.octets, &expected[..]].map(|octets| [octets[udp], octets[udp + 1]]);
            assert!(u16::from_be_bytes(ours) >= 0xC000);
            envelope.put(udp, theirs);
            if checksum != TunnelChecksum::None {
                let sum = [envelope.octets[udp + 6], envelope.octets[udp + 7]];
                envelope.put(udp + 6, Difference::default().replace(&ours, &theirs).correct(sum));
            }
        }
        assert_eq!(hex(&[envelope.as_ref(), &inner].concat()), hex(&expected), "{line}");
        compared += 1;
    }
    assert_eq!(compared, CASES);
}

#[test]
fn what_cannot_be_wrapped_is_not() {
    let inner = octets("45b900211234400040119b4dc6120009c61200640fa00035000d1f9b68656c6c6f");
    let packet = Packet::parse(&inner).unwrap();
    let (four, six) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let mut entrance = Entrance::new(&[3; 16]);
    assert_eq!(entrance.wrap(Tunnel::Ipip, &packet, &inner, four, six), None);
    assert_eq!(entrance.wrap(Tunnel::Ipip, &packet, &[], four, four), None);
    let mut long = inner.clone();
    long.resize(65_516, 0);
    assert_eq!(entrance.wrap(Tunnel::Ipip, &packet, &long, four, four), None);
    assert!(entrance.wrap(Tunnel::Ipip, &packet, &long[1..], four, four).is_none());
    long.pop();
    assert!(entrance.wrap(Tunnel::Ipip, &packet, &long, four, four).is_some());
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|place| u8::from_str_radix(&hex[place * 2..place * 2 + 2], 16).unwrap()).collect()
}

fn hex(octets: &[u8]) -> Vec<std::string::String> {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

const CAPTURED: &str = include_str!("captured.txt");
const CASES: usize = 64;
