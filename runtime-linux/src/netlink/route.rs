//! Requests and notifications about links and addresses (`NETLINK_ROUTE`); those about routes and rules stand in
//! [`table`] and [`watch`].

pub mod message;
pub mod rule;
pub mod table;
mod vrf;
pub mod watch;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_packet_core::{Emitable, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;

use super::address::{AddressInfo, AddressRequest};
use super::batch::Request;
use super::link::LinkInfo;
use super::link::request::{self, NewLink, Setting};
use super::{Error, Heard, Monitor, Socket};

/// The request side.
pub struct Route(Socket);

impl AsFd for Route {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Route {
    /// Opens the socket in the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        Socket::open(NETLINK_ROUTE).map(Self)
    }

    /// Every interface.
    pub fn links(&mut self) -> Result<Vec<LinkInfo>, Error> {
        let mut links = Vec::new();
        let body = emitted(&LinkMessage::default());
        self.0.request(GET_LINK, NLM_F_DUMP, &body, |kind, body| {
            if kind == NEW_LINK {
                links.extend(LinkInfo::parse(body));
            }
        })?;
        Ok(links)
    }

    /// The interface of that name. It fails with `ENODEV` when there is none.
    pub fn link_named(&mut self, name: &str) -> Result<LinkInfo, Error> {
        self.one_link(&request::named(name))
    }

    /// The interface of that number. It fails with `ENODEV` when there is none.
    pub fn link(&mut self, index: u32) -> Result<LinkInfo, Error> {
        self.one_link(&request::numbered(index))
    }

    fn one_link(&mut self, which: &[u8]) -> Result<LinkInfo, Error> {
        let mut found = None;
        self.0.request(GET_LINK, 0, which, |kind, body| {
            if kind == NEW_LINK {
                found = LinkInfo::parse(body);
            }
        })?;
        found.ok_or_else(|| Error::Malformed("no answer about an interface".to_owned()))
    }

    /// Makes an interface, which is down. It fails with `EEXIST` when the name is taken.
    pub fn add_link(&mut self, request: &NewLink) -> Result<(), Error> {
        self.0.request(NEW_LINK, NLM_F_CREATE | NLM_F_EXCL, &request.body(), |_, _| {})
    }

    /// Changes an interface.
    pub fn set_link(&mut self, index: u32, setting: Setting) -> Result<(), Error> {
        let kind = match setting {
            Setting::Up(_) | Setting::Mac(_) | Setting::Mtu(_) | Setting::Group(_) => SET_LINK,
            // The kernel looks at what is special to a kind of interface in this request only.
            Setting::MacvlanMode => NEW_LINK,
        };
        self.0.request(kind, 0, &request::setting(index, setting), |_, _| {})
    }

    /// Removes an interface. It fails with `ENODEV` when there is none of that number.
    pub fn remove_link(&mut self, index: u32) -> Result<(), Error> {
        self.0.request(DELETE_LINK, 0, &request::numbered(index), |_, _| {})
    }

    /// Removes every interface of a group at once: the kernel waits once for all of them.
    pub fn remove_group(&mut self, group: u32) -> Result<(), Error> {
        self.0.request(DELETE_LINK, 0, &request::group(group), |_, _| {})
    }

    /// Every address of both families, in the kernel's order: the primary one of an interface comes first.
    pub fn addresses(&mut self) -> Result<Vec<AddressInfo>, Error> {
        let mut addresses = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut message = AddressMessage::default();
            message.header.family = family;
            let got = self.0.request(GET_ADDRESS, NLM_F_DUMP, &emitted(&message), |kind, body| {
                if kind == NEW_ADDRESS {
                    addresses.extend(AddressInfo::parse(body));
                }
            });
            match got {
                // A kernel without IPv6 has no addresses of it.
                Err(error) if error.is(nix::errno::Errno::EOPNOTSUPP) => {}
                other => other?,
            }
        }
        Ok(addresses)
    }

    /// Gives an interface an address. It fails with `EEXIST` when it has it already.
    pub fn add_address(&mut self, request: &AddressRequest) -> Result<(), Error> {
        self.0.request(NEW_ADDRESS, NLM_F_CREATE | NLM_F_EXCL, &request.body(), |_, _| {})
    }

    /// Gives interfaces many addresses at once, and says what came of each as [`add_address`](Self::add_address)
    /// does.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn add_addresses<'a>(
        &mut self,
        requests: impl Iterator<Item = &'a AddressRequest>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        let requests: Vec<Request> =
            requests.map(|request| Request { kind: NEW_ADDRESS, flags, body: request.body() }).collect();
        self.0.batch(&requests)
    }

    /// Takes many addresses away at once, and says what came of each as [`remove_address`](Self::remove_address)
    /// does.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn remove_addresses<'a>(
        &mut self,
        requests: impl Iterator<Item = &'a AddressRequest>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let requests: Vec<Request> = requests
            .map(|request| Request { kind: DELETE_ADDRESS, flags: 0, body: unlabelled(request).body() })
            .collect();
        self.0.batch(&requests)
    }

    /// Takes an address away, whatever its label. It fails with `EADDRNOTAVAIL` when it is not there.
    pub fn remove_address(&mut self, request: &AddressRequest) -> Result<(), Error> {
        self.0.request(DELETE_ADDRESS, 0, &unlabelled(request).body(), |_, _| {})
    }
}

fn unlabelled(request: &AddressRequest) -> AddressRequest {
    AddressRequest { label: None, broadcast: None, ..request.clone() }
}

/// A change that the kernel announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An interface appeared or changed.
    Link(LinkInfo),
    /// An interface is gone.
    LinkGone(LinkInfo),
    /// An address appeared or changed.
    Address(AddressInfo),
    /// An address is gone.
    AddressGone(AddressInfo),
}

/// The notification side.
pub struct Changes(Monitor);

impl Changes {
    /// Subscribes to links and addresses in the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        Monitor::open(NETLINK_ROUTE, &[GROUP_LINK, GROUP_IPV4_ADDRESS, GROUP_IPV6_ADDRESS]).map(Self)
    }

    /// Appends the changes of one datagram to `changes`.
    pub fn receive(&mut self, changes: &mut Vec<Change>) -> Result<Heard, Error> {
        self.0.receive(|kind, body| {
            changes.extend(match kind {
                NEW_LINK if !is_bridge_port(body) => LinkInfo::parse(body).map(Change::Link),
                DELETE_LINK if !is_bridge_port(body) => LinkInfo::parse(body).map(Change::LinkGone),
                NEW_ADDRESS => AddressInfo::parse(body).map(Change::Address),
                DELETE_ADDRESS => AddressInfo::parse(body).map(Change::AddressGone),
                _ => None,
            });
        })
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A bridge tells of its ports with `AF_BRIDGE` link messages: one such `RTM_DELLINK` means that a port left
/// the bridge, and the interface goes on.
fn is_bridge_port(body: &[u8]) -> bool {
    body.first().is_some_and(|&family| i32::from(family) == libc::AF_BRIDGE)
}

fn emitted(message: &impl Emitable) -> Vec<u8> {
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut body);
    body
}

const NEW_LINK: u16 = libc::RTM_NEWLINK;
const DELETE_LINK: u16 = libc::RTM_DELLINK;
const GET_LINK: u16 = libc::RTM_GETLINK;
const SET_LINK: u16 = libc::RTM_SETLINK;
const NEW_ADDRESS: u16 = libc::RTM_NEWADDR;
const DELETE_ADDRESS: u16 = libc::RTM_DELADDR;
const GET_ADDRESS: u16 = libc::RTM_GETADDR;
const GROUP_LINK: u32 = 1;
const GROUP_IPV4_ADDRESS: u32 = 5;
const GROUP_IPV6_ADDRESS: u32 = 9;
