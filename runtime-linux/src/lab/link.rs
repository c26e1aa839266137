//! Links, addresses and routes of one network namespace: each call acts where its thread is.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{Emitable, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeader, AddressHeaderFlags, AddressMessage,
};
use netlink_packet_route::link::{
    InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkHeader, LinkInfo, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::net::if_::if_nametoindex;

use super::Error;
use crate::netlink::link::LinkInfo as Link;
use crate::netlink::route::Route;
use crate::netlink::{self, Socket};

/// An address with the length of its prefix, `198.18.0.1/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    /// The address.
    pub address: IpAddr,
    /// Bits of the network part.
    pub prefix: u8,
}

impl FromStr for Cidr {
    type Err = Error;

    /// Without a prefix length the address stands alone (32 or 128).
    fn from_str(text: &str) -> Result<Self, Error> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let wrong = || Error::new(format!("reading {text:?}"), "not an address with a prefix length");
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if prefix > most { Err(wrong()) } else { Ok(Self { address, prefix }) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix)
    }
}

/// Makes a bridge that forwards at once: no spanning tree, no delay, no snooping of multicast groups.
pub(super) fn add_bridge(name: &str) -> io::Result<()> {
    let data = InfoData::Bridge(vec![InfoBridge::ForwardDelay(0), InfoBridge::MulticastSnooping(false)]);
    let mut message = LinkMessage::default();
    up(&mut message.header);
    message.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge), LinkInfo::Data(data)]),
    ];
    change(libc::RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &message)
}

/// Lays a cable from port `port` of `bridge` here to link `far` in the namespace `there`; the port is up.
pub(super) fn add_cable(port: &str, bridge: &str, far: &str, there: BorrowedFd<'_>) -> io::Result<()> {
    let mut peer = LinkMessage::default();
    peer.attributes = vec![LinkAttribute::IfName(far.to_owned()), LinkAttribute::NetNsFd(there.as_raw_fd())];
    let mut message = LinkMessage::default();
    up(&mut message.header);
    message.attributes = vec![
        LinkAttribute::IfName(port.to_owned()),
        LinkAttribute::Controller(if_nametoindex(bridge)?),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]),
    ];
    change(libc::RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &message)
}

/// Sets a link up or down.
pub(super) fn set_up(name: &str, wanted: bool) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = if_nametoindex(name)?;
    message.header.change_mask = LinkFlags::Up;
    if wanted {
        message.header.flags = LinkFlags::Up;
    }
    change(libc::RTM_SETLINK, 0, &message)
}

/// Adds an address, usable at once (no duplicate address detection).
pub(super) fn add_address(link: &str, cidr: Cidr) -> io::Result<()> {
    change(libc::RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &address_message(if_nametoindex(link)?, cidr))
}

/// Takes an address away.
pub(super) fn remove_address(link: &str, cidr: Cidr) -> io::Result<()> {
    change(libc::RTM_DELADDR, 0, &address_message(if_nametoindex(link)?, cidr))
}

/// Adds a route to `destination`: by way of `gateway`, or straight out of `link`, or both: the gateway is then a
/// neighbour on that link whatever its address.
pub(super) fn add_route(destination: Cidr, gateway: Option<IpAddr>, link: Option<&str>) -> io::Result<()> {
    let mut message = RouteMessage::default();
    message.header.address_family = family(destination.address);
    message.header.destination_prefix_length = destination.prefix;
    message.header.table = RouteHeader::RT_TABLE_MAIN;
    message.header.protocol = RouteProtocol::Static;
    message.header.scope = if gateway.is_some() { RouteScope::Universe } else { RouteScope::Link };
    message.header.kind = RouteType::Unicast;
    if gateway.is_some() && link.is_some() {
        message.header.flags = RouteFlags::Onlink;
    }
    if destination.prefix > 0 {
        message.attributes.push(RouteAttribute::Destination(RouteAddress::from(destination.address)));
    }
    if let Some(gateway) = gateway {
        message.attributes.push(RouteAttribute::Gateway(RouteAddress::from(gateway)));
    }
    if let Some(link) = link {
        message.attributes.push(RouteAttribute::Oif(if_nametoindex(link)?));
    }
    change(libc::RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &message)
}

/// The addresses of a link, in the kernel's order.
pub(super) fn addresses(link: &str) -> io::Result<Vec<Cidr>> {
    let index = if_nametoindex(link)?;
    let all = Route::open()?.addresses().map_err(refused)?.into_iter();
    let here = all.filter(|entry| entry.index == index);
    Ok(here.map(|entry| Cidr { address: entry.address, prefix: entry.prefix }).collect())
}

/// All links here.
pub(super) fn links() -> io::Result<Vec<Link>> {
    Route::open()?.links().map_err(refused)
}

/// Asks for a change and waits for the kernel's word.
fn change(kind: u16, flags: u16, message: &impl Emitable) -> io::Result<()> {
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut body);
    Socket::open(NETLINK_ROUTE)?.request(kind, flags, &body, |_, _| {}).map_err(refused)
}

fn refused(error: netlink::Error) -> io::Error {
    let kind = match &error {
        netlink::Error::Refused { errno, .. } => io::Error::from(*errno).kind(),
        netlink::Error::Socket(cause) => cause.kind(),
        netlink::Error::Malformed(_) => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}

fn address_message(index: u32, cidr: Cidr) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header = AddressHeader::default();
    message.header.family = family(cidr.address);
    message.header.prefix_len = cidr.prefix;
    message.header.flags = AddressHeaderFlags::Permanent;
    message.header.index = index;
    message.attributes = vec![
        AddressAttribute::Local(cidr.address),
        AddressAttribute::Address(cidr.address),
        AddressAttribute::Flags(AddressFlags::Permanent | AddressFlags::Nodad),
    ];
    message
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

fn up(header: &mut LinkHeader) {
    header.flags = LinkFlags::Up;
    header.change_mask = LinkFlags::Up;
}
