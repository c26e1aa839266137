//! Sending adverts: one raw socket per interface and family.
//!
//! The same socket holds the membership of the VRRP group, so that the interface lets it through, and stands
//! for protocol 112, so that the kernel does not answer a unicast advert with "protocol unreachable".

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, RawFd};

use etherparse::{IpNumber, Ipv4Header};
use nix::sys::socket::{self, ControlMessage, MsgFlags, SockaddrIn, SockaddrIn6};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use vrrp_core::Family;
use vrrp_core::seal::Payload;

use super::filter;

/// Sends VRRP messages of one family on one interface.
#[derive(Debug)]
pub struct Sender {
    socket: Socket,
    index: u32,
    joined: Vec<IpAddr>,
}

impl Sender {
    /// Opens the socket on an interface given by number and name.
    pub fn open(index: u32, name: &str, family: Family) -> io::Result<Self> {
        let mut sender = Self::open_anywhere(family)?;
        sender.index = index;
        sender.socket.bind_device(Some(name.as_bytes()))?;
        match family {
            Family::V4 => {}
            Family::V6 => sender.socket.set_multicast_if_v6(index)?,
        }
        Ok(sender)
    }

    /// Opens a socket that is told with every message by which interface it goes: [`send_by`](Self::send_by).
    pub fn open_anywhere(family: Family) -> io::Result<Self> {
        let domain = match family {
            Family::V4 => Domain::IPV4,
            Family::V6 => Domain::IPV6,
        };
        let socket = Socket::new_raw(
            domain,
            Type::RAW.nonblocking().cloexec(),
            Some(Protocol::from(i32::from(VRRP))),
        )?;
        socket.attach_filter(&filter::nothing())?;
        match family {
            Family::V4 => {
                socket.set_header_included_v4(true)?;
                socket.set_multicast_loop_v4(false)?;
            }
            Family::V6 => {
                socket.set_multicast_loop_v6(false)?;
                socket.set_tclass_v6(u32::from(CLASS))?;
            }
        }
        Ok(Self { socket, index: 0, joined: Vec::new() })
    }

    /// Joins a group on the interface, once.
    pub fn join(&mut self, group: IpAddr) -> io::Result<()> {
        if self.joined.contains(&group) {
            return Ok(());
        }
        match group {
            IpAddr::V4(group) => {
                self.socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(self.index))
            }
            IpAddr::V6(group) => self.socket.join_multicast_v6(&group, self.index),
        }
        .or_else(|error| if error.kind() == io::ErrorKind::AddrInUse { Ok(()) } else { Err(error) })?;
        self.joined.push(group);
        Ok(())
    }

    /// Sends one VRRP message by the interface of number `index`, checksum already in place, with DSCP CS6.
    ///
    /// # Errors
    /// What the kernel says: `ENETDOWN`, `ENODEV`, `ENETUNREACH`, `EPERM` (a firewall), `ENOBUFS`, …; `EINVAL`
    /// when the addresses are not of this family.
    pub fn send_by(
        &self,
        index: u32,
        source: IpAddr,
        destination: IpAddr,
        ttl: u8,
        message: &[u8],
    ) -> io::Result<()> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.send_v4(index, source, destination, ttl, message)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                self.send_v6(index, source, destination, ttl, message)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
                Err(io::ErrorKind::InvalidInput.into())
            }
        }
    }

    /// We write the IP header: the source of an advert is our choice and need not be the kernel's.
    fn send_v4(
        &self,
        index: u32,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        ttl: u8,
        message: &[u8],
    ) -> io::Result<()> {
        let payload = Payload { protocol: VRRP, identification: 0, len: message.len() };
        let header = ipv4_header(source, destination, ttl, payload)?;
        let to = SockaddrIn::from(SocketAddrV4::new(destination, 0));
        let information = libc::in_pktinfo {
            ipi_ifindex: index.cast_signed(),
            ipi_spec_dst: libc::in_addr { s_addr: 0 },
            ipi_addr: libc::in_addr { s_addr: 0 },
        };
        let parts = [IoSlice::new(&header), IoSlice::new(message)];
        let control = [ControlMessage::Ipv4PacketInfo(&information)];
        // A bound socket needs not be told.
        let control = if index == self.index { &[][..] } else { &control[..] };
        socket::sendmsg(self.socket.as_raw_fd(), &parts, control, MsgFlags::empty(), Some(&to))?;
        Ok(())
    }

    fn send_v6(
        &self,
        index: u32,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        ttl: u8,
        message: &[u8],
    ) -> io::Result<()> {
        let information =
            libc::in6_pktinfo { ipi6_addr: libc::in6_addr { s6_addr: source.octets() }, ipi6_ifindex: index };
        let limit = libc::c_int::from(ttl);
        let control = [ControlMessage::Ipv6PacketInfo(&information), ControlMessage::Ipv6HopLimit(&limit)];
        let to = SockaddrIn6::from(SocketAddrV6::new(destination, 0, 0, index));
        let parts = [IoSlice::new(message)];
        socket::sendmsg(self.socket.as_raw_fd(), &parts, &control, MsgFlags::empty(), Some(&to))?;
        Ok(())
    }
}

impl AsRawFd for Sender {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// An IPv4 header in front of a payload. The kernel fills in an identification of zero.
pub(super) fn ipv4_header(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    ttl: u8,
    payload: Payload,
) -> io::Result<[u8; IPV4_HEADER]> {
    let length = u16::try_from(payload.len).map_err(io::Error::other)?;
    let protocol = IpNumber(payload.protocol);
    let mut header = Ipv4Header::new(length, ttl, protocol, source.octets(), destination.octets())
        .map_err(io::Error::other)?;
    header.identification = payload.identification;
    header.dscp = DSCP.try_into().expect("CS6 is a DSCP value");
    header.dont_fragment = false;
    header.header_checksum = header.calc_header_checksum();
    header.to_bytes().as_slice().try_into().map_err(io::Error::other)
}

/// Length of an IPv4 header without options.
const IPV4_HEADER: usize = 20;

/// VRRP's IP protocol number.
const VRRP: u8 = 112;
/// CS6, "internetwork control".
const DSCP: u8 = 48;
/// The traffic class byte that carries it.
const CLASS: u8 = DSCP << 2;
