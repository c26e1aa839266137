//! Hearing adverts: one packet socket per interface and family.
//!
//! A packet socket gives the link address of the sender, which the last step of the election needs, and the
//! whole IP header. It is bound to one Ethernet protocol, so that the kernel hands packets over behind VLAN and
//! bonding, where the interface is the one that is configured, and never those that this host sends.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{self, LinkAddr, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::Family;

use super::filter;
use crate::sys;

/// Hears the VRRP packets of one family on one interface.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
}

impl Listener {
    /// Opens the socket. Nothing arrives before its filter is in place.
    pub fn open(index: u32, family: Family) -> io::Result<Self> {
        // Protocol 0 receives nothing until the socket is bound.
        let kind = Type::DGRAM.nonblocking().cloexec();
        let socket = Socket::new_raw(Domain::PACKET, kind, Some(Protocol::from(0)))?;
        let (program, protocol) = match family {
            Family::V4 => (filter::vrrp_over_ipv4(), ETHERNET_IPV4),
            Family::V6 => (filter::vrrp_over_ipv6(), ETHERNET_IPV6),
        };
        socket.attach_filter(&program)?;
        // Without CAP_NET_ADMIN in the first namespace the ordinary limit holds.
        if socket::setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).is_err() {
            let _ = socket.set_recv_buffer_size(BUFFER);
        }
        socket::bind(socket.as_raw_fd(), &sys::link_address(index, protocol, [0; 6]))?;
        Ok(Self { socket })
    }

    /// Takes the next packet: its length in `buffer`, which starts at the IP header, and the link address it
    /// came from. None: nothing waits.
    ///
    /// # Errors
    /// `ENETDOWN` once when the interface goes down; the socket goes on working when it comes back.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, Option<[u8; 6]>)>> {
        match socket::recvfrom::<LinkAddr>(self.socket.as_raw_fd(), buffer) {
            Ok((length, sender)) => {
                Ok(Some((length, sender.filter(|s| s.halen() == 6).and_then(|s| s.addr()))))
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// `ETH_P_IP`.
const ETHERNET_IPV4: u16 = 0x0800;
/// `ETH_P_IPV6`.
const ETHERNET_IPV6: u16 = 0x86dd;
/// Adverts of 255 routers at 10 ms for a third of a second, as the kernel counts buffers.
const BUFFER: usize = 8 * 1024 * 1024;
