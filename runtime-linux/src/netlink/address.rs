//! Addresses of interfaces: what the kernel reports and what we ask for.

use core::net::{IpAddr, Ipv4Addr};

use netlink_packet_core::{Emitable, Parseable};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressProtocol, AddressScope,
    CacheInfo,
};

use crate::config::model::AddressOptions;

/// The number in `IFA_PROTO` by which addresses that steadfast put there can be told from others: that of
/// VRRP among the IP protocols. Kernels before 5.18 do not keep it.
pub const OURS: u8 = 112;

/// The same for static addresses, from which adverts may come.
pub const LASTING: u8 = 113;

/// An address that an interface has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct AddressInfo {
    /// Index of the interface.
    pub index: u32,
    /// The local address.
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
    /// It can be used as a source: not tentative, not a duplicate.
    pub usable: bool,
    /// A secondary address of its prefix (IPv4).
    pub secondary: bool,
    /// Scope number: 0 global, 253 link.
    pub scope: u8,
    /// `IFA_PROTO` is [`OURS`].
    pub ours: bool,
    /// `IFA_PROTO` is [`LASTING`].
    pub lasting: bool,
}

impl AddressInfo {
    /// Reads the body of `RTM_NEWADDR` or `RTM_DELADDR`.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let message = AddressMessage::parse(body).ok()?;
        let mut flags = AddressFlags::from_bits_retain(u32::from(message.header.flags.bits()));
        let (mut local, mut address, mut mark) = (None, None, None);
        for attribute in message.attributes {
            if let AddressAttribute::Local(value) = attribute {
                local = Some(value);
            } else if let AddressAttribute::Address(value) = attribute {
                address = Some(value);
            } else if let AddressAttribute::Flags(value) = attribute {
                flags = value;
            } else if let AddressAttribute::Protocol(value) = attribute {
                mark = Some(u8::from(value));
            }
        }
        let waiting = flags.contains(AddressFlags::Tentative) && !flags.contains(AddressFlags::Optimistic);
        Some(Self {
            index: message.header.index,
            address: local.or(address)?,
            prefix: message.header.prefix_len,
            usable: !waiting && !flags.contains(AddressFlags::Dadfailed),
            secondary: flags.contains(AddressFlags::Secondary),
            scope: message.header.scope.into(),
            ours: mark == Some(OURS),
            lasting: mark == Some(LASTING),
        })
    }
}

/// An address that an interface is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRequest {
    /// Index of the interface.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
    /// Scope number; the kernel's choice when absent (global; host for loopback addresses).
    pub scope: Option<u8>,
    /// Label, IPv4 only.
    pub label: Option<String>,
    /// Broadcast address, IPv4 only.
    pub broadcast: Option<Ipv4Addr>,
    /// Address of the other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Words behind it in the configuration.
    pub options: AddressOptions,
}

impl AddressRequest {
    /// The body of `RTM_NEWADDR` or `RTM_DELADDR`. An IPv6 address skips duplicate address detection unless that
    /// is asked for: the router that held it a moment ago may still answer (RFC 9568 §8.2.2).
    pub fn body(&self) -> Vec<u8> {
        let mut message = AddressMessage::default();
        message.header.family =
            if self.address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        message.header.prefix_len = self.prefix;
        message.header.index = self.index;
        message.header.scope =
            AddressScope::from(self.scope.unwrap_or(if self.address.is_loopback() { HOST_SCOPE } else { 0 }));
        let mark = if self.options.lasting { LASTING } else { OURS };
        message.attributes = vec![
            AddressAttribute::Local(self.address),
            AddressAttribute::Address(self.peer.unwrap_or(self.address)),
            AddressAttribute::Protocol(AddressProtocol::Other(mark)),
        ];
        let options = &self.options;
        let mut flags = AddressFlags::empty();
        flags.set(AddressFlags::Nodad, self.address.is_ipv6() && !options.detect_duplicates);
        flags.set(AddressFlags::Homeaddress, options.home);
        flags.set(AddressFlags::Managetempaddr, options.manage_temporary);
        flags.set(AddressFlags::Noprefixroute, options.no_prefix_route);
        flags.set(AddressFlags::Mcautojoin, options.autojoin);
        if !flags.is_empty() {
            message.attributes.push(AddressAttribute::Flags(flags));
        }
        if let Some(preferred) = options.preferred_lifetime {
            let mut lifetimes = CacheInfo::default();
            (lifetimes.ifa_preferred, lifetimes.ifa_valid) = (preferred, FOREVER);
            message.attributes.push(AddressAttribute::CacheInfo(lifetimes));
        }
        if self.address.is_ipv6() {
            if flags.contains(AddressFlags::Nodad) {
                message.header.flags = AddressHeaderFlags::Nodad;
            }
            if self.prefix == 128 && options.preferred_lifetime.is_none() {
                // As keepalived: deprecated from the start, so that the kernel takes no virtual address as the
                // source of what the director itself sends. A real server of a DR service holds that address
                // too, and would answer a health check from it to itself.
                let mut lifetimes = CacheInfo::default();
                (lifetimes.ifa_preferred, lifetimes.ifa_valid) = (0, FOREVER);
                message.attributes.push(AddressAttribute::CacheInfo(lifetimes));
            }
        } else {
            message.attributes.extend(self.label.clone().map(AddressAttribute::Label));
            message.attributes.extend(self.broadcast.map(AddressAttribute::Broadcast));
        }
        let mut body = vec![0; message.buffer_len()];
        message.emit(&mut body);
        body
    }
}

/// `INFINITY_LIFE_TIME`.
const FOREVER: u32 = u32::MAX;

/// `RT_SCOPE_HOST`.
const HOST_SCOPE: u8 = 254;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_ipv6_address_that_stands_alone_is_deprecated_from_the_start() {
        let lifetimes = |address: &str, prefix| {
            let address = address.parse().unwrap();
            let request = AddressRequest {
                index: 3,
                address,
                prefix,
                scope: None,
                label: None,
                broadcast: None,
                peer: None,
                options: AddressOptions::default(),
            };
            let attributes = AddressMessage::parse(&request.body()).unwrap().attributes;
            attributes.into_iter().find_map(|attribute| {
                if let AddressAttribute::CacheInfo(it) = attribute {
                    Some((it.ifa_preferred, it.ifa_valid))
                } else {
                    None
                }
            })
        };
        assert_eq!(lifetimes("2001:db8::100", 128), Some((0, u32::MAX)));
        assert_eq!(lifetimes("2001:db8::100", 64), None);
        assert_eq!(lifetimes("192.0.2.1", 32), None);
    }

    #[test]
    fn a_request_reads_back_as_an_address_of_ours() {
        let request = AddressRequest {
            index: 3,
            address: "192.0.2.1".parse().unwrap(),
            prefix: 24,
            scope: None,
            label: Some("eth0:1".into()),
            broadcast: None,
            peer: None,
            options: AddressOptions::default(),
        };
        assert_eq!(
            AddressInfo::parse(&request.body()),
            Some(AddressInfo {
                index: 3,
                address: "192.0.2.1".parse().unwrap(),
                prefix: 24,
                usable: true,
                secondary: false,
                scope: 0,
                ours: true,
                lasting: false
            })
        );
    }

    #[test]
    fn words_behind_an_address_become_flags_and_lifetimes() {
        let flags = |options: AddressOptions| {
            let request = AddressRequest {
                index: 3,
                address: "2001:db8::1".parse().unwrap(),
                prefix: 128,
                scope: None,
                label: None,
                broadcast: None,
                peer: None,
                options,
            };
            let attributes = AddressMessage::parse(&request.body()).unwrap().attributes;
            let mut found = (0, None);
            for attribute in attributes {
                if let AddressAttribute::Flags(flags) = attribute {
                    found.0 = flags.bits();
                } else if let AddressAttribute::CacheInfo(it) = attribute {
                    found.1 = Some((it.ifa_preferred, it.ifa_valid));
                }
            }
            found
        };
        // linux/if_addr.h
        let all = AddressOptions {
            detect_duplicates: true,
            home: true,
            manage_temporary: true,
            no_prefix_route: true,
            autojoin: true,
            preferred_lifetime: Some(30),
            ..AddressOptions::default()
        };
        assert_eq!(flags(all), (0x10 | 0x100 | 0x200 | 0x400, Some((30, u32::MAX))));
        let forever = AddressOptions { preferred_lifetime: Some(u32::MAX), ..AddressOptions::default() };
        assert_eq!(flags(forever), (0x02, Some((u32::MAX, u32::MAX))));
    }

    #[test]
    fn an_ipv6_address_skips_duplicate_address_detection() {
        let request = AddressRequest {
            index: 3,
            address: "2001:db8::1".parse().unwrap(),
            prefix: 64,
            scope: None,
            label: None,
            broadcast: None,
            peer: None,
            options: AddressOptions::default(),
        };
        let message = AddressMessage::parse(&request.body()[..]).unwrap();
        assert!(message.attributes.contains(&AddressAttribute::Flags(AddressFlags::Nodad)));
    }
}
