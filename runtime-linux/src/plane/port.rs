//! The interfaces that the plane listens on.
//!
//! All Ethernet interfaces that are up take part, but for the ports of a bridge, a bond or a team (their frames come
//! again by the interface on top), VRF devices (theirs come by the interfaces inside) and loopback.

use std::collections::BTreeMap;
use std::io;

use ipvs_core::wire::netlink::Attributes;
use netlink_packet_core::{Emitable, NLM_F_DUMP};
use netlink_packet_route::link::LinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;

use super::filter::Instruction;
use super::sys::{Hears, PacketSocket, Receiver, Sender};
use crate::netlink::link::LinkInfo;
use crate::netlink::{Error, Socket};

/// An interface with a packet socket on it.
#[derive(Debug)]
pub(super) struct Port {
    /// As the kernel describes it.
    pub(super) link: LinkInfo,
    /// Its link address.
    pub(super) mac: [u8; 6],
    /// Where its frames go.
    pub(super) sender: Sender,
    /// Where its frames come: everything as it comes from the link, and instead, while there are services of firewall
    /// marks, IPv4 and IPv6 packets with the marks that they got. A receiver is taken out while its frames are looked at.
    pub(super) receivers: Vec<Option<Box<Receiver>>>,
    /// The socket failed in a way that only opening it again mends.
    pub(super) broken: bool,
    /// Bytes of a receiver's ring; that of frames that leave has a fraction of them.
    ring: usize,
}

/// The interfaces of this network namespace that take part.
pub(super) fn discover() -> Result<Vec<LinkInfo>, Error> {
    let message = LinkMessage::default();
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut body);
    let mut links = Vec::new();
    Socket::open(NETLINK_ROUTE)?.request(libc::RTM_GETLINK, NLM_F_DUMP, &body, |_, body| {
        links.extend(LinkInfo::parse(body).filter(|link| link.running && !link.loopback && !is_part(body)));
    })?;
    links.retain(|link| link.mac.is_some());
    Ok(links)
}

/// The names of interfaces, by their numbers.
pub(super) fn names(ports: &BTreeMap<u32, Port>) -> BTreeMap<u32, String> {
    ports.iter().map(|(index, port)| (*index, port.link.name.clone())).collect()
}

impl Port {
    /// Opens sockets on an interface that [`discover`] found.
    pub(super) fn open(
        link: LinkInfo,
        filter: &[Instruction],
        has_marks: bool,
        ring: usize,
    ) -> io::Result<Self> {
        let mac = link.mac.ok_or(io::ErrorKind::Unsupported)?;
        let sender = Sender::open(link.index, link.mtu as usize + LINK_HEADER, ring / OUT)?;
        let mut port = Self { link, mac, sender, receivers: Vec::new(), broken: false, ring };
        port.listen(filter, has_marks)?;
        Ok(port)
    }

    /// Hears what `filter` lets through from now on, with marks where they are wanted.
    pub(super) fn listen(&mut self, filter: &[Instruction], has_marks: bool) -> io::Result<()> {
        let wanted: &[Hears] =
            if has_marks { &[Hears::MarkedV4, Hears::MarkedV6] } else { &[Hears::Everything] };
        if self.receivers.len() == wanted.len() {
            return self.receivers.iter().flatten().try_for_each(|receiver| receiver.socket.filter(filter));
        }
        // The others first, so that no packet is taken twice.
        self.receivers.clear();
        for hears in wanted {
            let longest = self.link.mtu as usize + LINK_HEADER;
            let (receiver, failure) = Receiver::open(self.link.index, *hears, filter, longest, self.ring)?;
            if let Some(failure) = failure {
                tracing::info!(
                    "no packet ring on {}: {failure}; its frames are asked for instead, which takes more time",
                    self.link.name
                );
            }
            self.receivers.push(Some(Box::new(receiver)));
        }
        Ok(())
    }

    /// All its sockets that hear.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &PacketSocket> {
        self.receivers.iter().flatten().map(|receiver| &receiver.socket)
    }
}

/// Whether its frames are seen on another interface too.
fn is_part(body: &[u8]) -> bool {
    let attributes = Attributes::new(body.get(HEADER..).unwrap_or_default()).flatten();
    let info = attributes.filter(|attribute| attribute.kind == LINK_INFO);
    info.flat_map(|info| info.attributes().flatten()).any(|attribute| match attribute.kind {
        KIND => attribute.text() == Some("vrf"),
        // A member of a VRF is the one place where its frames are taken.
        MEMBER_KIND => attribute.text() != Some("vrf"),
        _ => false,
    })
}

/// An Ethernet header, with room for a VLAN tag.
const LINK_HEADER: usize = 18;
/// Frames leave as soon as they are in the ring: it need not hold as many.
const OUT: usize = 4;
/// Length of `struct ifinfomsg`.
const HEADER: usize = 16;
/// `IFLA_LINKINFO`, `IFLA_INFO_KIND`, `IFLA_INFO_SLAVE_KIND`.
const LINK_INFO: u16 = 18;
const KIND: u16 = 1;
const MEMBER_KIND: u16 = 4;
