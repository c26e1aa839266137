//! A host that puts adverts on the wire that no router has sent.

use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, sendto};
use runtime_linux::lab::{Node, Switch};
use runtime_linux::netlink::route::Route;
use runtime_linux::sys::link_address;
use socket2::{Domain, Protocol, Socket, Type};

use crate::ask::checksum;

pub(super) struct Forger {
    socket: Socket,
    index: u32,
    _node: Node,
}

/// An advert of version 3 over IPv4 for VRID 51 and the address 198.18.0.100, from 198.18.0.66.
#[derive(Clone, Copy)]
pub(super) struct Forged {
    pub(super) priority: u8,
    /// Hundredths of a second.
    pub(super) interval: u16,
    pub(super) ttl: u8,
    /// Added to the right checksum.
    pub(super) error: u16,
}

/// A valid one that would win any election.
pub(super) const VALID: Forged = Forged { priority: 254, interval: 10, ttl: 255, error: 0 };

impl Forger {
    pub(super) fn new(switch: &Switch) -> Self {
        let node = Node::new("forger").unwrap();
        node.link_to(switch, "eth0", &["198.18.0.66/24"]).unwrap();
        let open = || {
            let links = Route::open().unwrap().links().unwrap();
            let index = links.iter().find(|link| link.name == "eth0").unwrap().index;
            (Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(0))).unwrap(), index)
        };
        let (socket, index) = node.run(open).unwrap();
        Self { socket, index, _node: node }
    }

    pub(super) fn send(&self, forged: Forged) {
        let to = link_address(self.index, 0x0800, [0x01, 0, 0x5e, 0, 0, 18]);
        sendto(self.socket.as_raw_fd(), &forged.packet(), &to, MsgFlags::empty()).unwrap();
    }
}

impl Forged {
    fn packet(self) -> Vec<u8> {
        let [high, low] = self.interval.to_be_bytes();
        let mut message = vec![0x31, 51, self.priority, 1, high, low, 0, 0, 198, 18, 0, 100];
        // The pseudo-header that keepalived demands (RFC 5798 §5.2.8).
        let pseudo = [&SOURCE[..], &GROUP, &[0, 112, 0, 12], &message].concat();
        let sum = checksum(&pseudo).wrapping_add(self.error);
        message[6..8].copy_from_slice(&sum.to_be_bytes());
        let mut packet = vec![0x45, 0xc0, 0, 32, 0, 1, 0, 0, self.ttl, 112, 0, 0];
        packet.extend(SOURCE);
        packet.extend(GROUP);
        let sum = checksum(&packet);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.extend(message);
        packet
    }
}

const SOURCE: [u8; 4] = [198, 18, 0, 66];
const GROUP: [u8; 4] = [224, 0, 0, 18];
