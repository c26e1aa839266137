//! The interfaces of this network namespace and their addresses, as last heard from the kernel.

use core::net::IpAddr;
use std::collections::BTreeMap;

use vrrp_core::Family;

use crate::netlink::address::AddressInfo;
use crate::netlink::link::LinkInfo;
use crate::netlink::route::{Change, Route};

/// An interface with its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The interface.
    pub info: LinkInfo,
    /// Its addresses, the oldest first.
    pub addresses: Vec<AddressInfo>,
}

/// Every interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    by_index: BTreeMap<u32, Link>,
}

impl Links {
    /// Reads everything from the kernel.
    pub fn read(route: &mut Route) -> Result<Self, crate::netlink::Error> {
        let mut links = Self::default();
        for info in route.links()? {
            links.apply(&Change::Link(info));
        }
        for address in route.addresses()? {
            links.apply(&Change::Address(address));
        }
        Ok(links)
    }

    /// Takes a change in.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Link(info) => {
                self.by_index
                    .entry(info.index)
                    .and_modify(|link| link.info = info.clone())
                    .or_insert_with(|| Link { info: info.clone(), addresses: Vec::new() });
            }
            Change::LinkGone(info) => {
                self.by_index.remove(&info.index);
            }
            Change::Address(info) => {
                let Some(link) = self.by_index.get_mut(&info.index) else { return };
                match link.addresses.iter_mut().find(|known| same(known, info)) {
                    Some(known) => *known = info.clone(),
                    None => link.addresses.push(info.clone()),
                }
            }
            Change::AddressGone(info) => {
                if let Some(link) = self.by_index.get_mut(&info.index) {
                    link.addresses.retain(|known| !same(known, info));
                }
            }
        }
    }

    /// The interface of that name.
    pub fn named(&self, name: &str) -> Option<&Link> {
        self.by_index.values().find(|link| link.info.name == name)
    }

    /// The interface of that number.
    pub fn numbered(&self, index: u32) -> Option<&Link> {
        self.by_index.get(&index)
    }

    /// Notes that an interface was set up or down by ourselves, before the kernel announces it.
    pub fn note_up(&mut self, index: u32, up: bool) {
        if let Some(link) = self.by_index.get_mut(&index) {
            link.info.up = up;
        }
    }

    /// Forgets an interface that was removed by ourselves, before the kernel announces it.
    pub fn forget(&mut self, index: u32) {
        self.by_index.remove(&index);
    }

    /// The changes that lead from `self` to `new`.
    pub fn differences(&self, new: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for old in self.iter() {
            match new.numbered(old.info.index) {
                None => changes.push(Change::LinkGone(old.info.clone())),
                Some(link) => {
                    let gone = old.addresses.iter().filter(|info| !link.has(info.address, info.prefix));
                    changes.extend(gone.cloned().map(Change::AddressGone));
                }
            }
        }
        for link in new.iter() {
            let old = self.numbered(link.info.index);
            if old.is_none_or(|old| old.info != link.info) {
                changes.push(Change::Link(link.info.clone()));
            }
            let known = |info| old.is_some_and(|old| old.addresses.contains(info));
            changes.extend(link.addresses.iter().filter(|info| !known(info)).cloned().map(Change::Address));
        }
        changes
    }

    /// Every interface.
    pub fn iter(&self) -> impl Iterator<Item = &Link> {
        self.by_index.values()
    }
}

impl Link {
    /// Where adverts of a family come from when nothing else is configured: the primary IPv4 address (RFC 9568
    /// §5.1.1.1), the link-local IPv6 address (§5.1.2.1). `passed_over` names addresses that are not this
    /// router's own: the virtual ones.
    pub fn source(&self, family: Family, passed_over: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
        let mut usable = self.addresses.iter().filter(|info| info.usable && !passed_over(info.address));
        match family {
            Family::V4 => {
                let mut primary = usable.filter(|info| info.address.is_ipv4() && !info.ours);
                let first = primary.next()?;
                let better = |info: &&AddressInfo| !info.secondary && info.scope == GLOBAL;
                Some(Some(first).filter(better).or_else(|| primary.find(better)).unwrap_or(first).address)
            }
            Family::V6 => usable.find(|info| is_link_local(info.address)).map(|info| info.address),
        }
    }

    /// True when the interface has this address with this prefix length.
    pub fn has(&self, address: IpAddr, prefix: u8) -> bool {
        self.addresses.iter().any(|info| info.address == address && info.prefix == prefix)
    }
}

fn same(one: &AddressInfo, other: &AddressInfo) -> bool {
    one.address == other.address && one.prefix == other.prefix
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// `RT_SCOPE_UNIVERSE`.
const GLOBAL: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_the_first_primary_address_that_is_not_virtual() {
        let link = link(&[("192.0.2.1", false), ("192.0.2.9", true), ("192.0.2.10", false)]);
        let virtual_address = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(
            link.source(Family::V4, |address| address == virtual_address),
            Some(IpAddr::from([192, 0, 2, 10]))
        );
    }

    #[test]
    fn ipv6_adverts_come_from_a_link_local_address_that_is_not_tentative() {
        let mut link = link(&[("2001:db8::1", false), ("fe80::1", false), ("fe80::2", false)]);
        link.addresses[1].usable = false;
        assert_eq!(link.source(Family::V6, |_| false), Some("fe80::2".parse().unwrap()));
    }

    #[test]
    fn a_link_that_goes_takes_its_addresses_along() {
        let gone = link(&[("192.0.2.1", false)]);
        let mut links = Links::default();
        links.apply(&Change::Link(gone.info.clone()));
        links.apply(&Change::Address(gone.addresses[0].clone()));
        assert!(links.named("eth0").unwrap().has(IpAddr::from([192, 0, 2, 1]), 24));
        links.apply(&Change::LinkGone(gone.info.clone()));
        links.apply(&Change::Address(gone.addresses[0].clone()));
        assert_eq!(links.named("eth0"), None);
    }

    #[test]
    fn the_differences_between_two_readings_lead_from_one_to_the_other() {
        let before =
            [link(&[("192.0.2.1", false), ("192.0.2.2", false)]), numbered(3, link(&[("192.0.2.9", false)]))];
        let mut after = [link(&[("192.0.2.2", true), ("192.0.2.3", false)]), numbered(4, link(&[]))];
        after[0].info.running = false;
        let (mut old, new) = (reading(&before), reading(&after));
        let changes = old.differences(&new);
        for change in &changes {
            old.apply(change);
        }
        // Positions of addresses do not matter here, their presence does.
        assert_eq!(old.differences(&new), []);
        assert_eq!(changes.len(), 6);
    }

    fn reading(found: &[Link]) -> Links {
        let mut links = Links::default();
        for link in found {
            links.apply(&Change::Link(link.info.clone()));
            for address in &link.addresses {
                links.apply(&Change::Address(address.clone()));
            }
        }
        links
    }

    fn numbered(index: u32, mut link: Link) -> Link {
        link.info.index = index;
        link.addresses.iter_mut().for_each(|address| address.index = index);
        link
    }

    fn link(addresses: &[(&str, bool)]) -> Link {
        let info = LinkInfo {
            index: 2,
            name: "eth0".into(),
            mac: None,
            mtu: 1500,
            running: true,
            arp: true,
            loopback: false,
            up: true,
            parent: None,
            controller: None,
            kind: None,
        };
        let addresses = addresses
            .iter()
            .map(|(address, secondary)| AddressInfo {
                index: 2,
                address: address.parse().unwrap(),
                prefix: 24,
                usable: true,
                secondary: *secondary,
                scope: 0,
                ours: false,
                lasting: false,
            })
            .collect();
        Link { info, addresses }
    }
}
