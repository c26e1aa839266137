//! What objects need beside the state, found out when the first of them is asked for: the interfaces of the host, and
//! the routers in the order of the RFCs' tables.

use core::cell::OnceCell;
use core::net::{Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use nix::ifaddrs::getifaddrs;

use crate::snmp::State;

/// What was found out for one [`State`].
#[derive(Debug, Default)]
pub struct Found {
    links: OnceCell<BTreeMap<String, Link>>,
    routers: [OnceCell<Vec<Place>>; 2],
}

/// An interface of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// `ifIndex`.
    pub index: u32,
    /// The link address.
    pub address: Option<[u8; 6]>,
    /// The primary address of IPv4: the first that the kernel tells.
    pub v4: Option<Ipv4Addr>,
    /// The link-local address of IPv6.
    pub v6: Option<Ipv6Addr>,
}

/// A router in a table of the RFCs: `ifIndex` of its interface, VRID, address type (1: IPv4, 2: IPv6), and its place
/// in the configuration.
pub(super) type Place = (u32, u32, u32, usize);

impl Found {
    /// The interface of this name; one that is not there has no numbers and no addresses.
    pub(super) fn link(&self, name: &str) -> Link {
        self.links.get_or_init(links).get(name).copied().unwrap_or_default()
    }

    /// The routers of one of the tables in its order, made of those that `all` names.
    pub(super) fn routers(
        &self,
        table: usize,
        state: &State<'_>,
        suits: fn(&crate::config::model::Instance) -> bool,
    ) -> &[Place] {
        self.routers[table].get_or_init(|| {
            let routers = state.configuration.routers().enumerate().filter(|(_, router)| suits(router));
            let place = |(place, router): (usize, &crate::config::model::Instance)| {
                let kind = match router.family() {
                    vrrp_core::Family::V4 => 1,
                    vrrp_core::Family::V6 => 2,
                };
                (self.link(&router.interface).index, u32::from(router.vrid.get()), kind, place)
            };
            let mut places: Vec<Place> = routers.map(place).collect();
            places.sort_unstable();
            places
        })
    }

    /// The interfaces are these.
    #[cfg(test)]
    pub(super) fn of(links: impl IntoIterator<Item = (&'static str, Link)>) -> Self {
        let links: BTreeMap<String, Link> =
            links.into_iter().map(|(name, link)| (name.to_owned(), link)).collect();
        Self { links: OnceCell::from(links), ..Self::default() }
    }
}

/// Every interface that the kernel tells of.
fn links() -> BTreeMap<String, Link> {
    let mut links: BTreeMap<String, Link> = BTreeMap::new();
    for interface in getifaddrs().into_iter().flatten() {
        let link = links.entry(interface.interface_name).or_default();
        let Some(address) = interface.address else { continue };
        if let Some(own) = address.as_link_addr() {
            link.index = u32::try_from(own.ifindex()).unwrap_or(0);
            link.address = own.addr();
        } else if let Some(v4) = address.as_sockaddr_in() {
            link.v4.get_or_insert(v4.ip());
        } else if let Some(v6) = address.as_sockaddr_in6().filter(|v6| v6.ip().is_unicast_link_local()) {
            link.v6.get_or_insert(v6.ip());
        }
    }
    links
}
