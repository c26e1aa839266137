//! Requests about routes and rules (`NETLINK_ROUTE`).

use std::io;

use netlink_packet_core::{Emitable, NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, Parseable};
use netlink_packet_route::route::{RouteAttribute, RouteHeader, RouteMessage, RouteProtocol};
use netlink_packet_route::rule::RuleMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::errno::Errno;
use vrrp_core::Family;

use super::message::address_family;
use crate::config::model::route::Place;
use crate::netlink::{Error, Socket};

/// The request side, with a socket of its own.
pub struct RouteTable(Socket);

/// A removal that can be asked for without knowing what it removes: type and body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// `RTM_DELROUTE` or `RTM_DELRULE`.
    pub kind: u16,
    /// Its body.
    pub body: Vec<u8>,
}

impl Removal {
    /// Of a route.
    pub fn of_route(body: Vec<u8>) -> Self {
        Self { kind: libc::RTM_DELROUTE, body }
    }

    /// Of a rule.
    pub fn of_rule(body: Vec<u8>) -> Self {
        Self { kind: libc::RTM_DELRULE, body }
    }
}

impl RouteTable {
    /// Opens the socket in the network namespace of the calling thread.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open() -> io::Result<Self> {
        let socket = Socket::open(NETLINK_ROUTE)?;
        // Kernels before 4.20 do not filter; what is read is compared anyway.
        let _ = socket.inner.set_netlink_get_strict_chk(true);
        Ok(Self(socket))
    }

    /// Puts a route there. It fails with `EEXIST` when the very same one is there, or with [`Place::Add`] any
    /// that is like it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn add_route(&mut self, body: &[u8], place: Place) -> Result<(), Error> {
        let flags = match place {
            Place::Prepend => NLM_F_CREATE,
            Place::Add => NLM_F_CREATE | NLM_F_EXCL,
            Place::Append => NLM_F_CREATE | NLM_F_APPEND,
        };
        self.0.request(libc::RTM_NEWROUTE, flags, body, |_, _| {})
    }

    /// Puts a rule there. It fails with `EEXIST` when the very same one is there, whoever put it there.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn add_rule(&mut self, body: &[u8]) -> Result<(), Error> {
        self.0.request(libc::RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, body, |_, _| {})
    }

    /// Takes a route or a rule away. False: it was not there.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn remove(&mut self, removal: &Removal) -> Result<bool, Error> {
        match self.0.request(removal.kind, 0, &removal.body, |_, _| {}) {
            Ok(()) => Ok(true),
            // A route, a rule, an interface, a table that is not there any more.
            Err(error) if [Errno::ESRCH, Errno::ENOENT, Errno::ENODEV].iter().any(|none| error.is(*none)) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The routes of a family in a table that carry a mark.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn routes(&mut self, family: Family, table: u32, protocol: u8) -> Result<Vec<RouteMessage>, Error> {
        let mut wanted = RouteMessage::default();
        wanted.header.address_family = address_family(family);
        wanted.header.protocol = RouteProtocol::from(protocol);
        wanted.attributes = vec![RouteAttribute::Table(table)];
        let mut body = vec![0; wanted.buffer_len()];
        wanted.emit(&mut body);
        let mut routes = Vec::new();
        let read = self.0.request(libc::RTM_GETROUTE, NLM_F_DUMP, &body, |kind, body| {
            if kind == libc::RTM_NEWROUTE {
                routes.extend(RouteMessage::parse(body));
            }
        });
        match read {
            // A table without routes.
            Err(error) if error.is(Errno::ENOENT) => {}
            other => other?,
        }
        routes.retain(|route| route.header.protocol == wanted.header.protocol && table_of(route) == table);
        Ok(routes)
    }

    /// The rules of a family.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn rules(&mut self, family: Family) -> Result<Vec<RuleMessage>, Error> {
        let mut wanted = RuleMessage::default();
        wanted.header.family = address_family(family);
        let mut body = vec![0; wanted.buffer_len()];
        wanted.emit(&mut body);
        let mut rules = Vec::new();
        self.0.request(libc::RTM_GETRULE, NLM_F_DUMP, &body, |kind, body| {
            if kind == libc::RTM_NEWRULE {
                rules.extend(RuleMessage::parse(body));
            }
        })?;
        Ok(rules)
    }

    /// The table of a VRF interface.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn table_of_vrf(&mut self, index: u32) -> Result<Option<u32>, Error> {
        // `struct ifinfomsg`: the family, a blank, the type, the number, flags and their change.
        let mut body = vec![0; 16];
        body[4..8].copy_from_slice(&index.to_ne_bytes());
        let mut table = None;
        self.0.request(libc::RTM_GETLINK, 0, &body, |_, body| table = super::vrf::table(body).or(table))?;
        Ok(table)
    }
}

/// The number of a route's table, wherever it stands.
pub fn table_of(route: &RouteMessage) -> u32 {
    let attribute = route
        .attributes
        .iter()
        .find_map(|attribute| if let RouteAttribute::Table(table) = attribute { Some(*table) } else { None });
    attribute.unwrap_or_else(|| match route.header.table {
        RouteHeader::RT_TABLE_UNSPEC => u32::from(RouteHeader::RT_TABLE_MAIN),
        table => u32::from(table),
    })
}
