//! The nftables table `steadfast_plane`: what the kernel's own stack must leave to the user-space data plane.
//!
//! A virtual address is an address of this host, so the kernel would answer the clients of a service itself (a
//! TCP reset, mostly), and it would route the real servers' replies past the translation. Packet sockets see
//! a frame before netfilter does; the table then drops what the plane takes:
//!
//! | hook | what is dropped |
//! |---|---|
//! | prerouting, before connection tracking | to address, protocol and port of a service, unless it came by loopback |
//! | forward | from address, protocol and port of a real server whose replies are translated |
//!
//! Changes are atomic nfnetlink batches, written here: there is no need for the `nft` binary. The table
//! belongs to our socket (`NFT_TABLE_F_OWNER`, Linux 5.12), so that the kernel removes it when this process dies
//! however it dies. An older kernel keeps a table after a crash; the next start replaces it.

use core::net::IpAddr;
use std::collections::BTreeSet;

use ipvs_core::wire::netlink::{self, ACKNOWLEDGE, APPEND, CREATE, REQUEST, Writer};
use netlink_sys::protocols::NETLINK_NETFILTER;
use nix::errno::Errno;

use super::{Error, Socket};

/// The name of the table, in the family `inet`.
pub const TABLE: &str = "steadfast_plane";

/// Which packets of an address are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Packets to a service.
    Service,
    /// Replies of a real server.
    Reply,
}

/// One thing that the kernel leaves to the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// Whose packets.
    pub side: Side,
    /// The service's or the real server's address.
    pub address: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Port, or every port.
    pub port: Option<u16>,
}

/// The table, present for as long as this value lives.
pub struct Table {
    socket: Socket,
    elements: BTreeSet<Element>,
}

impl Table {
    /// Makes the table, in place of one that a crash left behind.
    pub fn install() -> Result<Self, Error> {
        let mut table = Self { socket: Socket::open(NETLINK_NETFILTER)?, elements: BTreeSet::new() };
        match table.create(TABLE_OWNED) {
            // before Linux 5.12
            Err(error) if error.is(Errno::EINVAL) || error.is(Errno::EOPNOTSUPP) => table.create(0)?,
            result => result?,
        }
        Ok(table)
    }

    /// Makes the table hold exactly `wanted`, in one step. After an error it holds what it held before.
    pub fn replace(&mut self, wanted: &BTreeSet<Element>) -> Result<(), Error> {
        let gone: Vec<Element> = self.elements.difference(wanted).copied().collect();
        let new: Vec<Element> = wanted.difference(&self.elements).copied().collect();
        if gone.is_empty() && new.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new(self.socket.sequence_number());
        for element in &gone {
            batch.element(DELETE_ELEMENT, 0, *element);
        }
        for element in &new {
            batch.element(NEW_ELEMENT, CREATE, *element);
        }
        self.send(batch)?;
        self.elements.clone_from(wanted);
        Ok(())
    }

    /// Removes the table.
    pub fn remove(mut self) -> Result<(), Error> {
        let mut batch = Batch::new(self.socket.sequence_number());
        batch.message(DELETE_TABLE, 0, |writer| writer.text(TABLE_NAME, TABLE));
        self.send(batch)
    }

    fn create(&mut self, flags: u32) -> Result<(), Error> {
        let mut batch = Batch::new(self.socket.sequence_number());
        // Deleting what is not there fails, so it is made first.
        batch.message(NEW_TABLE, CREATE, |writer| writer.text(TABLE_NAME, TABLE));
        batch.message(DELETE_TABLE, 0, |writer| writer.text(TABLE_NAME, TABLE));
        batch.message(NEW_TABLE, CREATE, |writer| {
            writer.text(TABLE_NAME, TABLE)?;
            writer.attribute(TABLE_FLAGS, &flags.to_be_bytes())
        });
        batch.chain("prerouting", HOOK_PREROUTING, PRIORITY_RAW);
        batch.chain("forward", HOOK_FORWARD, PRIORITY_FILTER);
        for (number, set) in (1..).zip(SETS) {
            batch.set(number, set);
            batch.rule(set);
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
    side: Side,
    v6: bool,
    port: bool,
}

impl Set {
    fn of(element: Element) -> Self {
        SETS.into_iter()
            .find(|set| {
                set.side == element.side
                    && set.v6 == element.address.is_ipv6()
                    && set.port == element.port.is_some()
            })
            .expect("there is a set for every combination")
    }

    /// The kernel's key: address, protocol and perhaps port, each in whole 32-bit registers.
    fn key(element: Element) -> Vec<u8> {
        let mut key = match element.address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        key.extend([element.protocol, 0, 0, 0]);
        if let Some(port) = element.port {
            key.extend(port.to_be_bytes());
            key.extend([0, 0]);
        }
        key
    }

    fn address_length(self) -> u32 {
        if self.v6 { 16 } else { 4 }
    }
}

const SETS: [Set; 8] = [
    Set { name: "services4", side: Side::Service, v6: false, port: true },
    Set { name: "services6", side: Side::Service, v6: true, port: true },
    Set { name: "addresses4", side: Side::Service, v6: false, port: false },
    Set { name: "addresses6", side: Side::Service, v6: true, port: false },
    Set { name: "replies4", side: Side::Reply, v6: false, port: true },
    Set { name: "replies6", side: Side::Reply, v6: true, port: true },
    Set { name: "reals4", side: Side::Reply, v6: false, port: false },
    Set { name: "reals6", side: Side::Reply, v6: true, port: false },
];

/// A batch being written: nothing of it takes effect unless all of it does.
struct Batch {
    sequence: u32,
    bytes: Vec<u8>,
    messages: usize,
    failed: Option<netlink::Error>,
}

impl Batch {
    fn new(sequence: u32) -> Self {
        let mut batch = Self { sequence, bytes: Vec::new(), messages: 0, failed: None };
        batch.append(BATCH_BEGIN, REQUEST, BATCH_HEADER, |_| Ok(()));
        batch
    }

    fn finish(mut self) -> Result<(Vec<u8>, usize), netlink::Error> {
        self.append(BATCH_END, REQUEST, BATCH_HEADER, |_| Ok(()));
        self.failed.map_or(Ok((self.bytes, self.messages)), Err)
    }

    fn message(
        &mut self,
        kind: u16,
        flags: u16,
        content: impl FnOnce(&mut Writer<'_>) -> Result<(), netlink::Error>,
    ) {
        self.messages += 1;
        self.append(SUBSYSTEM << 8 | kind, REQUEST | ACKNOWLEDGE | flags, TABLE_HEADER, content);
    }

    fn append(
        &mut self,
        kind: u16,
        flags: u16,
        header: [u8; 4],
        content: impl FnOnce(&mut Writer<'_>) -> Result<(), netlink::Error>,
    ) {
        let mut buffer = [0; MESSAGE];
        let written = Writer::new(&mut buffer, kind, flags, self.sequence).and_then(|mut writer| {
            writer.raw(&header)?;
            content(&mut writer)?;
            Ok(writer.finish())
        });
        match written {
            Ok(length) => self.bytes.extend_from_slice(&buffer[..length]),
            Err(error) => self.failed = Some(error),
        }
    }

    fn chain(&mut self, name: &str, hook: u32, priority: i32) {
        self.message(NEW_CHAIN, CREATE, |writer| {
            writer.text(CHAIN_TABLE, TABLE)?;
            writer.text(CHAIN_NAME, name)?;
            writer.nest(CHAIN_HOOK, |hooks| {
                hooks.attribute(HOOK_NUMBER, &hook.to_be_bytes())?;
                hooks.attribute(HOOK_PRIORITY, &priority.to_be_bytes())
            })?;
            writer.attribute(CHAIN_POLICY, &ACCEPT.to_be_bytes())?;
            writer.text(CHAIN_TYPE, "filter")
        });
    }

    fn set(&mut self, number: u32, set: Set) {
        let address = if set.v6 { TYPE_IPV6 } else { TYPE_IPV4 };
        let mut kind = address << TYPE_BITS | TYPE_PROTOCOL;
        let mut length = set.address_length() + 4;
        if set.port {
            kind = kind << TYPE_BITS | TYPE_PORT;
            length += 4;
        }
        self.message(NEW_SET, CREATE, |writer| {
            writer.text(SET_TABLE, TABLE)?;
            writer.text(SET_NAME, set.name)?;
            writer.attribute(SET_KEY_TYPE, &kind.to_be_bytes())?;
            writer.attribute(SET_KEY_LENGTH, &length.to_be_bytes())?;
            writer.attribute(SET_NUMBER, &number.to_be_bytes())
        });
    }

    fn element(&mut self, kind: u16, flags: u16, element: Element) {
        let (set, key) = (Set::of(element), Set::key(element));
        self.message(kind, flags, |writer| {
            writer.text(ELEMENTS_TABLE, TABLE)?;
            writer.text(ELEMENTS_SET, set.name)?;
            writer.nest(ELEMENTS_LIST, |list| {
                list.nest(LIST_ELEMENT, |item| {
                    item.nest(ELEMENT_KEY, |data| data.attribute(DATA_VALUE, &key))
                })
            })
        });
    }

    /// `[iif != lo] nfproto address . protocol [. port] @set counter drop`
    fn rule(&mut self, set: Set) {
        let chain = match set.side {
            Side::Service => "prerouting",
            Side::Reply => "forward",
        };
        // where the address stands in the IP header, and the port in the transport header
        let (address, port) = match (set.side, set.v6) {
            (Side::Service, false) => (16, 2),
            (Side::Service, true) => (24, 2),
            (Side::Reply, false) => (12, 0),
            (Side::Reply, true) => (8, 0),
        };
        let words = set.address_length() / 4;
        let family = if set.v6 { libc::AF_INET6 } else { libc::AF_INET };
        self.message(NEW_RULE, CREATE | APPEND, |writer| {
            writer.text(RULE_TABLE, TABLE)?;
            writer.text(RULE_CHAIN, chain)?;
            writer.nest(RULE_EXPRESSIONS, |rule| {
                if set.side == Side::Service {
                    meta(rule, META_INPUT, FIRST_REGISTER)?;
                    compare(rule, COMPARE_NOT_EQUAL, &LOOPBACK_INDEX.to_ne_bytes())?;
                }
                meta(rule, META_FAMILY, FIRST_REGISTER)?;
                compare(rule, COMPARE_EQUAL, &[u8::try_from(family).unwrap_or_default()])?;
                payload(rule, BASE_NETWORK, address, set.address_length(), FIRST_REGISTER)?;
                meta(rule, META_PROTOCOL, FIRST_REGISTER + words)?;
                if set.port {
                    payload(rule, BASE_TRANSPORT, port, 2, FIRST_REGISTER + words + 1)?;
                }
                expression(rule, "lookup", |data| {
                    data.text(LOOKUP_SET, set.name)?;
                    data.attribute(LOOKUP_SOURCE, &FIRST_REGISTER.to_be_bytes())
                })?;
                expression(rule, "counter", |data| {
                    data.attribute(COUNTER_BYTES, &[0; 8])?;
                    data.attribute(COUNTER_PACKETS, &[0; 8])
                })?;
                expression(rule, "immediate", |data| {
                    data.attribute(IMMEDIATE_TARGET, &VERDICT_REGISTER.to_be_bytes())?;
                    data.nest(IMMEDIATE_DATA, |value| {
                        value.nest(DATA_VERDICT, |verdict| {
                            verdict.attribute(VERDICT_CODE, &DROP.to_be_bytes())
                        })
                    })
                })
            })
        });
    }
}

fn expression(
    rule: &mut Writer<'_>,
    name: &str,
    data: impl FnOnce(&mut Writer<'_>) -> Result<(), netlink::Error>,
) -> Result<(), netlink::Error> {
    rule.nest(LIST_ELEMENT, |item| {
        item.text(EXPRESSION_NAME, name)?;
        item.nest(EXPRESSION_DATA, data)
    })
}

fn meta(rule: &mut Writer<'_>, key: u32, register: u32) -> Result<(), netlink::Error> {
    expression(rule, "meta", |data| {
        data.attribute(META_TARGET, &register.to_be_bytes())?;
        data.attribute(META_KEY, &key.to_be_bytes())
    })
}

fn compare(rule: &mut Writer<'_>, operator: u32, value: &[u8]) -> Result<(), netlink::Error> {
    expression(rule, "cmp", |data| {
        data.attribute(COMPARE_SOURCE, &FIRST_REGISTER.to_be_bytes())?;
        data.attribute(COMPARE_OPERATOR, &operator.to_be_bytes())?;
        data.nest(COMPARE_DATA, |operand| operand.attribute(DATA_VALUE, value))
    })
}

fn payload(
    rule: &mut Writer<'_>,
    base: u32,
    offset: u32,
    length: u32,
    register: u32,
) -> Result<(), netlink::Error> {
    expression(rule, "payload", |data| {
        data.attribute(PAYLOAD_TARGET, &register.to_be_bytes())?;
        data.attribute(PAYLOAD_BASE, &base.to_be_bytes())?;
        data.attribute(PAYLOAD_OFFSET, &offset.to_be_bytes())?;
        data.attribute(PAYLOAD_LENGTH, &length.to_be_bytes())
    })
}

/// Room for the longest message, a rule of some 600 bytes.
const MESSAGE: usize = 1024;

// linux/netfilter/nfnetlink.h
const SUBSYSTEM: u16 = 10;
const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;
/// `struct nfgenmsg`: family unspecified, version 0, the subsystem in network order.
const BATCH_HEADER: [u8; 4] = [0, 0, 0, 10];
/// `struct nfgenmsg`: family `inet`.
const TABLE_HEADER: [u8; 4] = [1, 0, 0, 0];

// linux/netfilter/nf_tables.h: messages
const NEW_TABLE: u16 = 0;
const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
const NEW_RULE: u16 = 6;
const NEW_SET: u16 = 9;
const NEW_ELEMENT: u16 = 12;
const DELETE_ELEMENT: u16 = 14;

// linux/netfilter/nf_tables.h: attributes
const TABLE_NAME: u16 = 1;
const TABLE_FLAGS: u16 = 2;
const TABLE_OWNED: u32 = 2;
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
const LIST_ELEMENT: u16 = 1;
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;
const SET_TABLE: u16 = 1;
const SET_NAME: u16 = 2;
const SET_KEY_TYPE: u16 = 4;
const SET_KEY_LENGTH: u16 = 5;
const SET_NUMBER: u16 = 10;
const ELEMENTS_TABLE: u16 = 1;
const ELEMENTS_SET: u16 = 2;
const ELEMENTS_LIST: u16 = 3;
const ELEMENT_KEY: u16 = 1;
const DATA_VALUE: u16 = 1;
const DATA_VERDICT: u16 = 2;
const VERDICT_CODE: u16 = 1;
const META_TARGET: u16 = 1;
const META_KEY: u16 = 2;
const COMPARE_SOURCE: u16 = 1;
const COMPARE_OPERATOR: u16 = 2;
const COMPARE_DATA: u16 = 3;
const PAYLOAD_TARGET: u16 = 1;
const PAYLOAD_BASE: u16 = 2;
const PAYLOAD_OFFSET: u16 = 3;
const PAYLOAD_LENGTH: u16 = 4;
const LOOKUP_SET: u16 = 1;
const LOOKUP_SOURCE: u16 = 2;
const COUNTER_BYTES: u16 = 1;
const COUNTER_PACKETS: u16 = 2;
const IMMEDIATE_TARGET: u16 = 1;
const IMMEDIATE_DATA: u16 = 2;

// linux/netfilter/nf_tables.h: values
const META_INPUT: u32 = 4;
const META_FAMILY: u32 = 15;
const META_PROTOCOL: u32 = 16;
const COMPARE_EQUAL: u32 = 0;
const COMPARE_NOT_EQUAL: u32 = 1;
const BASE_NETWORK: u32 = 1;
const BASE_TRANSPORT: u32 = 2;
const VERDICT_REGISTER: u32 = 0;
/// `NFT_REG32_00`: registers of 32 bits; the words of a key follow each other.
const FIRST_REGISTER: u32 = 8;
const DROP: u32 = 0;
const ACCEPT: u32 = 1;
const HOOK_PREROUTING: u32 = 0;
const HOOK_FORWARD: u32 = 2;
const PRIORITY_RAW: i32 = -300;
const PRIORITY_FILTER: i32 = 0;
/// The loopback interface is the first of every network namespace.
const LOOPBACK_INDEX: u32 = 1;

// Data types as `nft list` knows them; the kernel only stores them.
const TYPE_BITS: u32 = 6;
const TYPE_IPV4: u32 = 7;
const TYPE_IPV6: u32 = 8;
const TYPE_PROTOCOL: u32 = 12;
const TYPE_PORT: u32 = 13;

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};
    use std::process::Command;

    use nix::sched::{CloneFlags, unshare};

    use super::*;

    #[test]
    fn a_key_pads_every_part_to_whole_registers() {
        assert_eq!(
            Set::key(service(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)))),
            [10, 0, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0]
        );
    }

    #[test]
    #[ignore = "needs root and nft"]
    fn the_table_drops_what_is_asked_and_is_gone_after_removal() {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let mut table = Table::install().unwrap();
        let six = service(IpAddr::V6(Ipv6Addr::LOCALHOST));
        let four = Element { port: None, side: Side::Reply, ..service(IpAddr::V4(Ipv4Addr::LOCALHOST)) };
        table.replace(&[four, six].into()).unwrap();
        table.replace(&[six].into()).unwrap();
        let listing = listing();
        assert!(listing.contains("ip6 daddr . meta l4proto . th dport @services6 counter"), "{listing}");
        assert!(listing.contains("ip saddr . meta l4proto @reals4 counter"), "{listing}");
        assert!(listing.contains("elements = { ::1 . tcp . 80 }"), "{listing}");
        assert!(!listing.contains("127.0.0.1"), "{listing}");
        table.remove().unwrap();
        assert_eq!(self::listing(), "");
    }

    #[test]
    #[ignore = "needs root and nft"]
    fn the_table_goes_with_the_process_that_made_it() {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        drop(Table::install().unwrap());
        assert_eq!(listing(), "");
    }

    #[test]
    #[ignore = "needs root and nft"]
    fn a_table_left_by_a_crash_is_replaced() {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let left = Command::new("nft").args(["add", "table", "inet", TABLE]).status().unwrap();
        assert!(left.success());
        let _table = Table::install().unwrap();
        assert!(listing().contains("chain prerouting"));
    }

    fn service(address: IpAddr) -> Element {
        Element { side: Side::Service, address, protocol: 6, port: Some(80) }
    }

    fn listing() -> String {
        let output = Command::new("nft").args(["list", "ruleset"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}
