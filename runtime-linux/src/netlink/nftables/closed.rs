//! The nftables table `steadfast`, or as `nftables` says: packets to virtual addresses that their router does not accept (`no_accept`,
//! strict mode).
//!
//! RFC 9568 §6.4.3: an Active router that is not the owner and has `Accept_Mode` false drops what is addressed to
//! the virtual addresses, but for neighbour solicitations and advertisements. ARP does not pass here at all. The
//! host itself may still reach them, by its loopback interface.
//!
//! | chain | what is dropped |
//! |---|---|
//! | input, priority -1 as keepalived's, or `nftables_priority` | to an IPv4 address, an IPv6 address, a link-local one of one interface |
//!
//! The table belongs to our socket (`NFT_TABLE_F_OWNER`, Linux 5.12): nobody else can remove or flush it, and the
//! kernel removes it when this process dies however it dies. An older kernel keeps it after a crash; the next start
//! replaces it.

use core::net::IpAddr;
use std::collections::BTreeSet;

use ipvs_core::wire::netlink::{APPEND, CREATE};
use netlink_sys::protocols::NETLINK_NETFILTER;
use nix::errno::Errno;

use super::batch::{Batch, compare, look_up, meta, payload, verdict};
use super::number::{
    ACCEPT, BASE_NETWORK, BASE_TRANSPORT, COMPARE_EQUAL, COMPARE_NOT_EQUAL, DATA_VALUE, DELETE_ELEMENT,
    DELETE_TABLE, DROP, ELEMENT_KEY, ELEMENTS_LIST, ELEMENTS_SET, ELEMENTS_TABLE, FIRST_REGISTER, HOOK_INPUT,
    LIST_ELEMENT, LOOPBACK_INDEX, META_FAMILY, META_INPUT, META_PROTOCOL, NEW_ELEMENT, NEW_RULE, NEW_SET,
    NEW_TABLE, RULE_CHAIN, RULE_EXPRESSIONS, RULE_TABLE, SET_KEY_LENGTH, SET_KEY_TYPE, SET_NAME, SET_NUMBER,
    SET_TABLE, TABLE_FLAGS, TABLE_NAME, TABLE_OWNED, TYPE_BITS, TYPE_INTERFACE, TYPE_IPV4, TYPE_IPV6,
};
use crate::config::model::ClosedTable;
use crate::netlink::{Error, Socket};

/// An address whose packets are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Closed {
    /// The address.
    pub address: IpAddr,
    /// The number of the one interface that it means something on: that of a link-local address.
    pub link: Option<u32>,
}

/// The table, present for as long as this value lives.
pub struct Table {
    socket: Socket,
    closed: BTreeSet<Closed>,
    place: ClosedTable,
}

impl Table {
    /// Makes the table in the family `inet`, empty, in place of one that a crash left behind.
    ///
    /// # Errors
    /// `EPERM` when another process has a table of that name, or this one may not; `EOPNOTSUPP` and others where
    /// the kernel has no nftables.
    pub fn install(place: &ClosedTable) -> Result<Self, Error> {
        let (socket, place) = (Socket::open(NETLINK_NETFILTER)?, place.clone());
        let mut table = Self { socket, closed: BTreeSet::new(), place };
        match table.create(TABLE_OWNED) {
            // before Linux 5.12
            Err(error) if error.is(Errno::EINVAL) || error.is(Errno::EOPNOTSUPP) => table.create(0)?,
            result => result?,
        }
        Ok(table)
    }

    /// Has exactly these addresses closed, in one step. After an error it is as it was, unless something else
    /// removed the table: see [`Error::is`] with `ENOENT`.
    pub fn replace(&mut self, wanted: &BTreeSet<Closed>) -> Result<(), Error> {
        let gone: Vec<Closed> = self.closed.difference(wanted).copied().collect();
        let new: Vec<Closed> = wanted.difference(&self.closed).copied().collect();
        if gone.is_empty() && new.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new(self.socket.sequence_number());
        for (kind, flags, closed) in gone
            .iter()
            .map(|it| (DELETE_ELEMENT, 0, it))
            .chain(new.iter().map(|it| (NEW_ELEMENT, CREATE, it)))
        {
            let (set, key) = (Set::of(*closed), key(*closed));
            batch.message(kind, flags, |writer| {
                writer.text(ELEMENTS_TABLE, &self.place.name)?;
                writer.text(ELEMENTS_SET, set.name)?;
                writer.nest(ELEMENTS_LIST, |list| {
                    list.nest(LIST_ELEMENT, |item| {
                        item.nest(ELEMENT_KEY, |data| data.attribute(DATA_VALUE, &key))
                    })
                })
            });
        }
        self.send(batch)?;
        self.closed.clone_from(wanted);
        Ok(())
    }

    /// Takes the table away. A kernel before Linux 5.12 would keep it.
    pub fn remove(mut self) -> Result<(), Error> {
        let mut batch = Batch::new(self.socket.sequence_number());
        batch.message(DELETE_TABLE, 0, |writer| writer.text(TABLE_NAME, &self.place.name));
        self.send(batch)
    }

    fn create(&mut self, flags: u32) -> Result<(), Error> {
        let name = &self.place.name;
        let mut batch = Batch::new(self.socket.sequence_number());
        // Deleting what is not there fails, so it is made first.
        batch.message(NEW_TABLE, CREATE, |writer| writer.text(TABLE_NAME, name));
        batch.message(DELETE_TABLE, 0, |writer| writer.text(TABLE_NAME, name));
        batch.message(NEW_TABLE, CREATE, |writer| {
            writer.text(TABLE_NAME, name)?;
            writer.attribute(TABLE_FLAGS, &flags.to_be_bytes())
        });
        batch.chain(name, CHAIN, HOOK_INPUT, self.place.priority);
        for kind in [NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT] {
            batch.message(NEW_RULE, CREATE | APPEND, |writer| {
                writer.text(RULE_TABLE, name)?;
                writer.text(RULE_CHAIN, CHAIN)?;
                writer.nest(RULE_EXPRESSIONS, |rule| {
                    meta(rule, META_FAMILY, FIRST_REGISTER)?;
                    compare(rule, COMPARE_EQUAL, &[INET6])?;
                    meta(rule, META_PROTOCOL, FIRST_REGISTER)?;
                    compare(rule, COMPARE_EQUAL, &[ICMPV6])?;
                    payload(rule, BASE_TRANSPORT, 0, 1, FIRST_REGISTER)?;
                    compare(rule, COMPARE_EQUAL, &[kind])?;
                    verdict(rule, ACCEPT)
                })
            });
        }
        for (number, set) in (1_u32..).zip(SETS) {
            batch.message(NEW_SET, CREATE, |writer| {
                writer.text(SET_TABLE, name)?;
                writer.text(SET_NAME, set.name)?;
                writer.attribute(SET_KEY_TYPE, &set.kind.to_be_bytes())?;
                writer.attribute(SET_KEY_LENGTH, &set.length.to_be_bytes())?;
                writer.attribute(SET_NUMBER, &number.to_be_bytes())
            });
            batch.message(NEW_RULE, CREATE | APPEND, |writer| {
                writer.text(RULE_TABLE, name)?;
                writer.text(RULE_CHAIN, CHAIN)?;
                writer.nest(RULE_EXPRESSIONS, |rule| {
                    meta(rule, META_INPUT, FIRST_REGISTER)?;
                    compare(rule, COMPARE_NOT_EQUAL, &LOOPBACK_INDEX.to_ne_bytes())?;
                    meta(rule, META_FAMILY, FIRST_REGISTER)?;
                    compare(rule, COMPARE_EQUAL, &[set.family])?;
                    // where the destination stands in the header
                    let (offset, length) = if set.family == INET6 { (24, 16) } else { (16, 4) };
                    payload(rule, BASE_NETWORK, offset, length, FIRST_REGISTER)?;
                    if set.length > length {
                        meta(rule, META_INPUT, FIRST_REGISTER + length / 4)?;
                    }
                    look_up(rule, set.name)?;
                    verdict(rule, DROP)
                })
            });
        }
        self.send(batch)
    }

    fn send(&mut self, batch: Batch) -> Result<(), Error> {
        let (bytes, messages) = batch.finish().map_err(|error| Error::Malformed(error.to_string()))?;
        self.socket.exchange(&bytes, messages, |_, _| {})
    }
}

/// One of the table's sets, with the rule that consults it.
#[derive(Clone, Copy, Debug)]
struct Set {
    name: &'static str,
    family: u8,
    /// Type of the key as `nft list` knows it.
    kind: u32,
    /// Length of the key in bytes.
    length: u32,
}

impl Set {
    fn of(closed: Closed) -> Self {
        match (closed.address, closed.link) {
            (IpAddr::V4(_), _) => SETS[0],
            (IpAddr::V6(_), None) => SETS[1],
            (IpAddr::V6(_), Some(_)) => SETS[2],
        }
    }
}

/// The kernel's key, in whole 32-bit registers.
fn key(closed: Closed) -> Vec<u8> {
    match (closed.address, closed.link) {
        (IpAddr::V4(address), _) => address.octets().to_vec(),
        (IpAddr::V6(address), link) => {
            let mut key = address.octets().to_vec();
            key.extend(link.into_iter().flat_map(u32::to_ne_bytes));
            key
        }
    }
}

const SETS: [Set; 3] = [
    Set { name: "closed4", family: INET, kind: TYPE_IPV4, length: 4 },
    Set { name: "closed6", family: INET6, kind: TYPE_IPV6, length: 16 },
    Set { name: "closed_link6", family: INET6, kind: TYPE_IPV6 << TYPE_BITS | TYPE_INTERFACE, length: 20 },
];
const CHAIN: &str = "input";
/// `NFPROTO_IPV4`.
const INET: u8 = 2;
/// `NFPROTO_IPV6`.
const INET6: u8 = 10;
const ICMPV6: u8 = 58;
/// RFC 4861 §4.3.
const NEIGHBOUR_SOLICITATION: u8 = 135;
/// RFC 4861 §4.4.
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_local_address_is_closed_on_its_interface_only() {
        let closed = |address: &str, link| Closed { address: address.parse().unwrap(), link };
        assert_eq!(
            (Set::of(closed("192.0.2.1", None)).name, key(closed("192.0.2.1", None))),
            ("closed4", vec![192, 0, 2, 1])
        );
        assert_eq!(Set::of(closed("2001:db8::1", None)).name, "closed6");
        let link_local = closed("fe80::1", Some(7));
        assert_eq!(Set::of(link_local).name, "closed_link6");
        assert_eq!(key(link_local)[15..], [&[1][..], &7_u32.to_ne_bytes()].concat());
    }
}
