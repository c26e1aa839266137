//! Hearing adverts: one packet socket per interface and family.
//!
//! A packet socket gives the link address of the sender, which the last step of the election needs, and the
//! whole IP header. It is bound to one Ethernet protocol, so that the kernel hands packets over behind VLAN and
//! bonding, where the interface is the one that is configured, and never those that this host sends.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::sys::socket::{self, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::Family;

use super::filter::{self, Vrids};
use super::sys::Inbox;
use crate::sys;

/// Hears the VRRP packets of one family on one interface.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    family: Family,
}

impl Listener {
    /// Opens the socket; it hears adverts of every VRID until it is told which. Nothing arrives before its filter is
    /// in place.
    pub fn open(index: u32, family: Family) -> io::Result<Self> {
        // Protocol 0 receives nothing until the socket is bound.
        let kind = Type::DGRAM.nonblocking().cloexec();
        let socket = Socket::new_raw(Domain::PACKET, kind, Some(Protocol::from(0)))?;
        socket.attach_filter(&filter::vrrp(family, None))?;
        // Without CAP_NET_ADMIN in the first namespace the ordinary limit holds.
        if socket::setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).is_err() {
            let _ = socket.set_recv_buffer_size(BUFFER);
        }
        let protocol = match family {
            Family::V4 => ETHERNET_IPV4,
            Family::V6 => ETHERNET_IPV6,
        };
        socket::bind(socket.as_raw_fd(), &sys::link_address(index, protocol, [0; 6]))?;
        Ok(Self { socket, family })
    }

    /// Hears adverts of these virtual routers from now on; `None`: of all. The kernel exchanges the filter at once: each
    /// packet is judged by the old or by the new one.
    pub fn hear(&self, vrids: Option<&Vrids>) -> io::Result<()> {
        self.socket.attach_filter(&filter::vrrp(self.family, vrids))
    }

    /// Gives the receive buffer another size, beyond the limit of the host where that is permitted.
    pub fn size_buffer(&self, bytes: usize) -> io::Result<()> {
        socket::setsockopt(&self.socket, sockopt::RcvBufForce, &bytes)
            .map_err(io::Error::from)
            .or_else(|_| self.socket.set_recv_buffer_size(bytes))
    }

    /// Takes what waits, up to a batch: how many packets. Fewer than [`BATCH`](super::sys::BATCH): nothing more waits.
    ///
    /// # Errors
    /// `ENETDOWN` once when the interface goes down; the socket goes on working when it comes back.
    pub fn receive(&self, inbox: &mut Inbox) -> io::Result<usize> {
        match inbox.receive(&self.socket) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(0)
            }
            other => other,
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
