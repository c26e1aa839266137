//! Where a packet goes next: the kernel's decision about the route, and its table of neighbours.

use core::net::IpAddr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_packet_core::{Emitable, NLM_F_CREATE, Parseable};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteType, RouteVia};
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::errno::Errno;

use super::{Error, Heard, Monitor, Socket};

/// What the kernel would do with a packet to some address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Send it out.
    Out {
        /// Index of the interface.
        interface: u32,
        /// The neighbour that gets it: a router, or the address itself.
        neighbour: IpAddr,
        /// The address of this host that goes with it.
        source: Option<IpAddr>,
    },
    /// Keep it: the address is this host's.
    Local,
    /// Nothing: there is no way, or a route that forbids it.
    None,
}

/// One entry of the neighbour table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Index of the interface.
    pub interface: u32,
    /// Whose.
    pub address: IpAddr,
    /// What is known.
    pub reach: Reach,
}

/// What the kernel knows about a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its link address, confirmed lately or being confirmed.
    Known([u8; 6]),
    /// Its link address, to be confirmed once it is used again.
    Stale([u8; 6]),
    /// Nothing yet: it is being asked for, or nobody has asked.
    Unknown,
    /// It does not answer.
    Failed,
}

/// Questions about routes and neighbours.
pub struct Lookup(Socket);

impl Lookup {
    /// Opens the socket in the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        Socket::open(NETLINK_ROUTE).map(Self)
    }

    /// The kernel's decision for a packet of this host to `destination`.
    pub fn route(&mut self, destination: IpAddr) -> Result<Route, Error> {
        let mut message = RouteMessage::default();
        message.header.address_family = family(destination);
        message.header.destination_prefix_length = if destination.is_ipv4() { 32 } else { 128 };
        message.attributes.push(RouteAttribute::Destination(RouteAddress::from(destination)));
        let mut route = Route::None;
        let result = self.0.request(libc::RTM_GETROUTE, 0, &emitted(&message), |kind, body| {
            if kind == libc::RTM_NEWROUTE
                && let Ok(message) = RouteMessage::parse(body)
            {
                route = decision(&message, destination);
            }
        });
        match result {
            Err(Error::Refused { errno, .. }) if NO_ROUTE.contains(&errno) => Ok(Route::None),
            other => other.map(|()| route),
        }
    }

    /// What the neighbour table says.
    pub fn neighbour(&mut self, interface: u32, address: IpAddr) -> Result<Reach, Error> {
        let message = question(interface, address);
        let mut reach = Reach::Unknown;
        let result = self.0.request(libc::RTM_GETNEIGH, 0, &emitted(&message), |kind, body| {
            if kind == libc::RTM_NEWNEIGH
                && let Some(neighbour) = Neighbour::parse(body)
            {
                reach = neighbour.reach;
            }
        });
        match result {
            Err(error) if error.is(Errno::ENOENT) => Ok(Reach::Unknown),
            other => other.map(|()| reach),
        }
    }

    /// Tells the kernel that the neighbour is in use: it asks for a link address that it does not know, and
    /// confirms one that it has not heard of for long. The answer comes as a notification.
    pub fn resolve(&mut self, interface: u32, address: IpAddr) -> Result<(), Error> {
        let mut message = question(interface, address);
        message.header.flags = NeighbourFlags::Use;
        self.0.request(libc::RTM_NEWNEIGH, NLM_F_CREATE, &emitted(&message), |_, _| {})
    }
}

/// A change that moves packets elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A route or an address: every decision is to be asked for again.
    Routes,
    /// An interface.
    Links,
    /// A neighbour.
    Neighbour(Neighbour),
}

/// Notifications about everything that moves packets elsewhere.
pub struct Changes(Monitor);

impl Changes {
    /// Subscribes in the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        Monitor::open(NETLINK_ROUTE, &GROUPS).map(Self)
    }

    /// Hands the changes of one datagram to `each`.
    pub fn receive(&mut self, mut each: impl FnMut(Change)) -> Result<Heard, Error> {
        self.0.receive(|kind, body| match kind {
            libc::RTM_NEWNEIGH => {
                if let Some(neighbour) = Neighbour::parse(body) {
                    each(Change::Neighbour(neighbour));
                }
            }
            libc::RTM_DELNEIGH => {
                if let Some(neighbour) = Neighbour::parse(body) {
                    each(Change::Neighbour(Neighbour { reach: Reach::Unknown, ..neighbour }));
                }
            }
            libc::RTM_NEWLINK | libc::RTM_DELLINK => each(Change::Links),
            _ => each(Change::Routes),
        })
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Neighbour {
    fn parse(body: &[u8]) -> Option<Self> {
        let message = NeighbourMessage::parse(body).ok()?;
        let mut address = None;
        let mut mac = None;
        for attribute in &message.attributes {
            if let NeighbourAttribute::Destination(destination) = attribute {
                if let NeighbourAddress::Inet(four) = destination {
                    address = Some(IpAddr::V4(*four));
                } else if let NeighbourAddress::Inet6(six) = destination {
                    address = Some(IpAddr::V6(*six));
                }
            } else if let NeighbourAttribute::LinkLayerAddress(bytes) = attribute {
                mac = <[u8; 6]>::try_from(bytes.as_slice()).ok();
            }
        }
        let reach = match (message.header.state, mac) {
            (NeighbourState::Failed, _) => Reach::Failed,
            (NeighbourState::Stale, Some(mac)) => Reach::Stale(mac),
            (NeighbourState::Incomplete | NeighbourState::None, _) | (_, None) => Reach::Unknown,
            (_, Some(mac)) => Reach::Known(mac),
        };
        Some(Self { interface: message.header.ifindex, address: address?, reach })
    }
}

fn decision(message: &RouteMessage, destination: IpAddr) -> Route {
    if message.header.kind == RouteType::Local {
        return Route::Local;
    }
    if message.header.kind != RouteType::Unicast {
        return Route::None;
    }
    let mut interface = None;
    let mut neighbour = destination;
    let mut source = None;
    for attribute in &message.attributes {
        if let RouteAttribute::Oif(index) = attribute {
            interface = Some(*index);
        } else if let RouteAttribute::Gateway(gateway) = attribute {
            if let RouteAddress::Inet(address) = gateway {
                neighbour = IpAddr::V4(*address);
            } else if let RouteAddress::Inet6(address) = gateway {
                neighbour = IpAddr::V6(*address);
            }
        } else if let RouteAttribute::Via(RouteVia::Inet6(address)) = attribute {
            neighbour = IpAddr::V6(*address);
        } else if let RouteAttribute::PrefSource(RouteAddress::Inet(address)) = attribute {
            source = Some(IpAddr::V4(*address));
        } else if let RouteAttribute::PrefSource(RouteAddress::Inet6(address)) = attribute {
            source = Some(IpAddr::V6(*address));
        }
    }
    interface.map_or(Route::None, |interface| Route::Out { interface, neighbour, source })
}

fn question(interface: u32, address: IpAddr) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    message.header.family = family(address);
    message.header.ifindex = interface;
    message.attributes.push(NeighbourAttribute::Destination(match address {
        IpAddr::V4(address) => NeighbourAddress::Inet(address),
        IpAddr::V6(address) => NeighbourAddress::Inet6(address),
    }));
    message
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

fn emitted(message: &impl Emitable) -> Vec<u8> {
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut body);
    body
}

/// How the kernel says that it has no way to send a packet.
const NO_ROUTE: [Errno; 5] =
    [Errno::ENETUNREACH, Errno::EHOSTUNREACH, Errno::EACCES, Errno::EINVAL, Errno::EAFNOSUPPORT];

/// `RTNLGRP_LINK`, `_NEIGH`, `_IPV4_IFADDR`, `_IPV4_ROUTE`, `_IPV6_IFADDR`, `_IPV6_ROUTE`.
const GROUPS: [u32; 6] = [1, 3, 5, 7, 9, 11];
