//! The far end of a tunnel, for kernels without tunnel devices: takes packets out of their envelopes and gives them to
//! its own stack.
//!
//! Raw and UDP sockets receive them, so that the kernel has checked the outer headers, and answers none of them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::io::Read;

use ipvs_core::{Family, Tunnel, TunnelChecksum};
use runtime_linux::lab::Node;
use socket2::{Domain, Protocol, Socket, Type};

pub(crate) fn unwrap(node: &Node, tunnel: Tunnel, outer: Family) {
    let domain = if outer == Family::V4 { Domain::IPV4 } else { Domain::IPV6 };
    let sockets = node
        .run(|| {
            let raw = |number| Socket::new(domain, Type::RAW, Some(Protocol::from(number))).unwrap();
            match tunnel {
                Tunnel::Ipip => vec![raw(4), raw(41)],
                Tunnel::Gre { .. } => vec![raw(47)],
                // The kernel's UDP takes no datagram without a checksum over IPv6, unless it is asked to.
                Tunnel::Gue { checksum: TunnelChecksum::None, .. } if outer == Family::V6 => {
                    vec![raw(17)]
                }
                Tunnel::Gue { port, .. } => {
                    let socket = Socket::new(domain, Type::DGRAM, None).unwrap();
                    let any: IpAddr = match outer {
                        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
                        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
                    };
                    socket.bind(&SocketAddr::new(any, port).into()).unwrap();
                    vec![socket]
                }
            }
        })
        .unwrap();
    for socket in sockets {
        let stack = node
            .run(|| {
                let four =
                    Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(libc::IPPROTO_RAW))).unwrap();
                let six =
                    Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::from(libc::IPPROTO_RAW))).unwrap();
                [four, six]
            })
            .unwrap();
        std::thread::spawn(move || {
            let mut socket = socket;
            let mut buffer = vec![0; 65_536];
            while let Ok(length) = socket.read(&mut buffer) {
                let bytes = &buffer[..length];
                let Some(inner) = inside(tunnel, outer, bytes) else { continue };
                let (stack, to): (_, SocketAddr) = if inner[0] >> 4 == 4 {
                    let to: [u8; 4] = inner[16..20].try_into().unwrap();
                    (&stack[0], (to, 0).into())
                } else {
                    let to: [u8; 16] = inner[24..40].try_into().unwrap();
                    (&stack[1], (to, 0).into())
                };
                // One that is refused is lost, as on a link.
                let _ = stack.send_to(inner, &to.into());
            }
        });
    }
}

/// The packet in an envelope. Raw sockets keep the outer header of IPv4, not that of IPv6.
fn inside(tunnel: Tunnel, outer: Family, bytes: &[u8]) -> Option<&[u8]> {
    match tunnel {
        Tunnel::Ipip if outer == Family::V4 => bytes.get(20..),
        Tunnel::Ipip => Some(bytes),
        Tunnel::Gue { port, checksum } => {
            let is_raw = checksum == TunnelChecksum::None && outer == Family::V6;
            let is_ours = is_raw && bytes.get(2..4) == Some(&port.to_be_bytes());
            let bytes = if is_ours { &bytes[8..] } else { bytes };
            bytes.strip_prefix(&[0, 4, 0, 0]).or_else(|| bytes.strip_prefix(&[0, 41, 0, 0]))
        }
        Tunnel::Gre { checksum } => {
            let gre = if outer == Family::V4 { bytes.get(20..)? } else { bytes };
            if checksum == TunnelChecksum::None {
                return gre.strip_prefix(&[0, 0, 8, 0]).or_else(|| gre.strip_prefix(&[0, 0, 0x86, 0xDD]));
            }
            let mut sum: u32 = gre
                .chunks(2)
                .map(|word| {
                    u32::from(u16::from_be_bytes([word[0], word.get(1).copied().unwrap_or_default()]))
                })
                .sum();
            while sum > 0xFFFF {
                sum = (sum & 0xFFFF) + (sum >> 16);
            }
            (sum == 0xFFFF && gre[0] == 0x80).then(|| &gre[8..])
        }
    }
}
