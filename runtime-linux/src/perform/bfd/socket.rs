//! Sockets of BFD: one per session to send from, one per family and port to hear on (RFC 5881 §4, RFC 5883 §5).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::sockopt::{Ipv4RecvTtl, Ipv6RecvHopLimit};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use socket2::{Domain, Protocol, Socket, Type};

use crate::config::model::BfdInstance;

/// Where packets of one kind arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) ipv4: bool,
    pub(super) multihop: bool,
}

impl Place {
    pub(super) fn of(session: &BfdInstance) -> Self {
        Self { ipv4: session.neighbor.is_ipv4(), multihop: session.multihop }
    }

    /// The port to send to, which is the one to hear on.
    pub(super) fn port(self) -> u16 {
        if self.multihop { 4784 } else { 3784 }
    }
}

/// Hears everything that comes to a place.
#[derive(Debug)]
pub(super) struct Ear {
    socket: Socket,
}

/// A packet as it came.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) source: IpAddr,
    pub(super) ttl: u8,
    /// Bytes of it in the buffer.
    pub(super) len: usize,
}

impl Ear {
    pub(super) fn open(place: Place) -> io::Result<Self> {
        let socket = datagram(place.ipv4)?;
        if place.ipv4 {
            setsockopt(&socket, Ipv4RecvTtl, &true)?;
        } else {
            setsockopt(&socket, Ipv6RecvHopLimit, &true)?;
        }
        socket.bind(&SocketAddr::new(any(place.ipv4), place.port()).into())?;
        Ok(Self { socket })
    }

    /// The next packet that waits; `None`: none does.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<Heard>> {
        let mut control = cmsg_space!(libc::c_int);
        let mut parts = [IoSliceMut::new(buffer)];
        let fd = self.socket.as_raw_fd();
        let message = match recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), MsgFlags::empty())
        {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let address = message.address.as_ref();
        let v4 = address.and_then(|one| one.as_sockaddr_in()).map(|one| IpAddr::V4(one.ip()));
        let v6 = address.and_then(|one| one.as_sockaddr_in6()).map(|one| IpAddr::V6(one.ip()));
        // Without an address or a TTL it matches nothing.
        let source = v4.or(v6).unwrap_or(any(true));
        let mut ttl = 0;
        for information in message.cmsgs()? {
            if let ControlMessageOwned::Ipv4Ttl(value) | ControlMessageOwned::Ipv6HopLimit(value) =
                information
            {
                ttl = u8::try_from(value).unwrap_or(0);
            }
        }
        Ok(Some(Heard { source, ttl, len: message.bytes }))
    }
}

impl AsFd for Ear {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What a session sends from: a port that stays its own.
#[derive(Debug)]
pub(super) struct Mouth {
    socket: Socket,
    to: SocketAddr,
}

impl Mouth {
    /// `start`: where among the ports to begin looking for a free one.
    pub(super) fn open(session: &BfdInstance, start: u16) -> io::Result<Self> {
        let place = Place::of(session);
        let socket = datagram(place.ipv4)?;
        let ttl = u32::from(session.ttl);
        if place.ipv4 {
            socket.set_ttl_v4(ttl)?;
            socket.set_tos_v4(CONTROL)?;
        } else {
            socket.set_unicast_hops_v6(ttl)?;
            socket.set_tclass_v6(CONTROL)?;
        }
        let source = session.source.unwrap_or(any(place.ipv4));
        for attempt in 0..ATTEMPTS {
            let port = FIRST_PORT + start.wrapping_add(attempt) % (u16::MAX - FIRST_PORT);
            match socket.bind(&SocketAddr::new(source, port).into()) {
                Ok(()) => {
                    return Ok(Self { socket, to: SocketAddr::new(session.neighbor, place.port()) });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    pub(super) fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.socket.send_to(packet, &self.to.into()).map(drop)
    }
}

fn datagram(ipv4: bool) -> io::Result<Socket> {
    let domain = if ipv4 { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM.nonblocking().cloexec(), Some(Protocol::UDP))?;
    if !ipv4 {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

fn any(ipv4: bool) -> IpAddr {
    if ipv4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

/// RFC 5881 §4: 49152 through 65535.
const FIRST_PORT: u16 = 49_152;
/// Ports tried before it is given up for now.
const ATTEMPTS: u16 = 256;
/// Class selector 6, for what keeps a network together (RFC 4594 §3.1).
const CONTROL: u32 = 0xc0;
