//! A client that asks the network where an address is, and who answers.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::collections::BTreeMap;
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, sendto};
use runtime_linux::clock;
use runtime_linux::lab::{Frame, Node, Observer};
use runtime_linux::netlink::route::Route;
use runtime_linux::sys::link_address;
use socket2::{Domain, Protocol, Socket, Type};

use crate::scene::{NAMES, pause};

/// A host that only asks; it has no address, but says that it has one.
pub(crate) struct Client {
    socket: Socket,
    indices: Vec<u32>,
    _node: Node,
}

impl Client {
    /// With its links `eth0`, `eth1` and so on.
    pub(crate) fn new(node: Node, links: usize) -> Self {
        let open = || {
            let all = Route::open().unwrap().links().unwrap();
            let index = |link: usize| all.iter().find(|it| it.name == format!("eth{link}")).unwrap().index;
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0))).unwrap();
            (socket, (0..links).map(index).collect())
        };
        let (socket, indices) = node.run(open).unwrap();
        Self { socket, indices, _node: node }
    }

    /// Asks three times for `address` on a link: which sides answered, and with which link address.
    pub(crate) fn ask(&self, link: usize, address: IpAddr, observer: &Observer) -> BTreeMap<usize, [u8; 6]> {
        let since = clock::wall();
        for _ in 0..3 {
            let (kind, frame) = match address {
                IpAddr::V4(address) => (0x0806, arp(address, link)),
                IpAddr::V6(address) => (0x86dd, solicitation(address)),
            };
            let to = link_address(self.indices[link], kind, frame[..6].try_into().unwrap());
            sendto(self.socket.as_raw_fd(), &frame, &to, MsgFlags::empty()).unwrap();
            pause(APART);
        }
        let mut answers = BTreeMap::new();
        for seen in observer.seen().into_iter().filter(|seen| seen.at > since) {
            let Frame::Answer { address: about, mac } = seen.frame else { continue };
            let side = NAMES.iter().position(|name| *name == seen.node);
            if let Some(side) = side.filter(|_| about == address) {
                answers.insert(side, mac);
            }
        }
        answers
    }
}

/// A question by broadcast (RFC 826).
fn arp(address: Ipv4Addr, link: usize) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend(MAC);
    frame.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend(MAC);
    frame.extend([198, 18, u8::try_from(link).unwrap(), 9]);
    frame.extend([0; 6]);
    frame.extend(address.octets());
    frame
}

/// A neighbour solicitation (RFC 4861 §4.3) to the group of the address.
fn solicitation(address: Ipv6Addr) -> Vec<u8> {
    let tail = &address.octets()[13..];
    let source: Ipv6Addr = "fe80::9".parse().unwrap();
    let mut group = "ff02::1:ff00:0".parse::<Ipv6Addr>().unwrap().octets();
    group[13..].copy_from_slice(tail);
    let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
    message.extend(address.octets());
    message.extend([1, 1]);
    message.extend(MAC);
    // RFC 8200 §8.1: the pseudo-header, then the message.
    let summed = [&source.octets()[..], &group, &[0, 0, 0, 32, 0, 0, 0, 58], &message].concat();
    let sum = checksum(&summed);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let mut frame = vec![0x33, 0x33, 0xff];
    frame.extend(tail);
    frame.extend(MAC);
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255]);
    frame.extend(source.octets());
    frame.extend(group);
    frame.extend(message);
    frame
}

/// RFC 1071, for an even number of bytes.
pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];
/// Long enough for an answer, and for the next question to be another one.
const APART: Duration = Duration::from_millis(50);
