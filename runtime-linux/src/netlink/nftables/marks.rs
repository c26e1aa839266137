//! The nftables table that marks packets to the addresses of a group (`nftables_ipvs`), so that the kernel's IPVS needs
//! one service for all of them. It looks as keepalived's does:
//!
//! | family | chain `in`, input | for each protocol |
//! |---|---|---|
//! | `ip`, `ip6` | `nftables_ipvs_priority`, -1 | `meta mark set daddr . dport map @PROTOCOL_map return` |
//!
//! IPVS looks at what comes in behind all filters, so the mark is there in time. The table belongs to nobody's socket: it
//! stays as the services do when this process dies, and the next start replaces it.

use core::net::IpAddr;
use std::fs::File;
use std::thread;

use ipvs_core::wire::netlink::{self, APPEND, CREATE, Writer};
use ipvs_core::{Family, Protocol};
use netlink_sys::protocols::NETLINK_NETFILTER;
use nix::sched::{CloneFlags, setns};

use super::batch::{Batch, compare, expression, meta, payload, verdict};
use super::number::{
    BASE_NETWORK, BASE_TRANSPORT, COMPARE_EQUAL, DATA_VALUE, DELETE_TABLE, DESCRIPTION_FIELDS, ELEMENT_KEY,
    ELEMENT_KEY_END, ELEMENT_VALUE, ELEMENTS_LIST, ELEMENTS_SET, ELEMENTS_TABLE, FIELD_LENGTH,
    FIRST_REGISTER, HOOK_INPUT, LIST_ELEMENT, LOOKUP_SET, LOOKUP_SOURCE, LOOKUP_TARGET, META_KEY, META_MARK,
    META_PROTOCOL, META_SOURCE, NEW_ELEMENT, NEW_RULE, NEW_SET, NEW_TABLE, RANGES_TO_VALUES, RETURN,
    RULE_CHAIN, RULE_EXPRESSIONS, RULE_TABLE, SET_DESCRIPTION, SET_FLAGS, SET_KEY_LENGTH, SET_KEY_TYPE,
    SET_NAME, SET_NUMBER, SET_TABLE, SET_USER_DATA, SET_VALUE_LENGTH, SET_VALUE_TYPE, TABLE_NAME, TYPE_BITS,
    TYPE_IPV4, TYPE_IPV6, TYPE_MARK, TYPE_PORT, USER_DATA_VALUE_ORDER,
};
use crate::netlink::{Error, Socket};

/// Packets that are given a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Their protocol.
    pub protocol: Protocol,
    /// The first of the addresses that they are to.
    pub first: IpAddr,
    /// The last; of the same family.
    pub last: IpAddr,
    /// The port; none: every port.
    pub port: Option<u16>,
    /// The mark.
    pub mark: u32,
}

/// The tables of both families.
pub struct Tables {
    socket: Socket,
    name: String,
    priority: i32,
}

impl Tables {
    /// To be called where the kernel's IPVS is. Nothing is changed yet.
    pub fn open(name: &str, priority: i32) -> Result<Self, Error> {
        Ok(Self { socket: Socket::open(NETLINK_NETFILTER)?, name: name.to_owned(), priority })
    }

    /// The same in this network namespace.
    pub fn open_in(namespace: &File, name: &str, priority: i32) -> Result<Self, Error> {
        // A socket stays where it was opened; only the thread that opens it goes there.
        let there = || {
            setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|errno| Error::Socket(errno.into()))?;
            Self::open(name, priority)
        };
        let lost = |_| Error::Malformed("its thread panicked".to_owned());
        thread::scope(|scope| scope.spawn(there).join()).map_err(lost)?
    }

    /// The tables hold exactly this from now on; a family of which there is nothing has no table. Each family changes
    /// in one step.
    ///
    /// # Errors
    /// `EOPNOTSUPP` and others where the kernel has no nftables, or is older than Linux 5.6.
    pub fn replace(&mut self, marked: &[Marked]) -> Result<(), Error> {
        for family in [Family::V4, Family::V6] {
            let own: Vec<Marked> =
                marked.iter().filter(|marked| Family::of(marked.first) == family).copied().collect();
            self.write(family, &own)?;
        }
        Ok(())
    }

    fn write(&mut self, family: Family, marked: &[Marked]) -> Result<(), Error> {
        let name = self.name.as_str();
        let number = match family {
            Family::V4 => libc::NFPROTO_IPV4,
            Family::V6 => libc::NFPROTO_IPV6,
        };
        let mut batch = Batch::of(u8::try_from(number).expect("2 or 10"), self.socket.sequence_number());
        // Deleting what is not there fails, so it is made first.
        batch.message(NEW_TABLE, CREATE, |writer| writer.text(TABLE_NAME, name));
        batch.message(DELETE_TABLE, 0, |writer| writer.text(TABLE_NAME, name));
        if !marked.is_empty() {
            batch.message(NEW_TABLE, CREATE, |writer| writer.text(TABLE_NAME, name));
            batch.chain(name, CHAIN, HOOK_INPUT, self.priority);
        }
        for (number, (protocol, map)) in (1..).zip(MAPS) {
            if marked.iter().any(|marked| marked.protocol == protocol) {
                batch.map(name, number, map, family);
                batch.marking(name, map, family, protocol);
            }
        }
        for marked in marked {
            let map = MAPS.into_iter().find(|(protocol, _)| *protocol == marked.protocol);
            batch.marked(name, map.expect("it has every protocol").1, *marked);
        }
        let (bytes, messages) = batch.finish().map_err(|error| Error::Malformed(error.to_string()))?;
        self.socket.exchange(&bytes, messages, |_, _| {})
    }
}

impl Batch {
    /// From ranges of addresses and ports to marks.
    fn map(&mut self, table: &str, number: u32, name: &str, family: Family) {
        let (kind, length) = match family {
            Family::V4 => (TYPE_IPV4, 4_u32),
            Family::V6 => (TYPE_IPV6, 16),
        };
        self.message(NEW_SET, CREATE, |writer| {
            writer.text(SET_TABLE, table)?;
            writer.text(SET_NAME, name)?;
            writer.attribute(SET_FLAGS, &RANGES_TO_VALUES.to_be_bytes())?;
            writer.attribute(SET_KEY_TYPE, &(kind << TYPE_BITS | TYPE_PORT).to_be_bytes())?;
            writer.attribute(SET_KEY_LENGTH, &(length + 4).to_be_bytes())?;
            writer.attribute(SET_VALUE_TYPE, &TYPE_MARK.to_be_bytes())?;
            writer.attribute(SET_VALUE_LENGTH, &4_u32.to_be_bytes())?;
            writer.attribute(SET_NUMBER, &number.to_be_bytes())?;
            writer.nest(SET_DESCRIPTION, |description| {
                description.nest(DESCRIPTION_FIELDS, |fields| {
                    for length in [length, 2] {
                        fields.nest(LIST_ELEMENT, |field| {
                            field.attribute(FIELD_LENGTH, &length.to_be_bytes())
                        })?;
                    }
                    Ok(())
                })
            })?;
            let [a, b, c, d] = 1_u32.to_ne_bytes();
            writer.attribute(SET_USER_DATA, &[USER_DATA_VALUE_ORDER, 4, a, b, c, d])
        });
    }

    /// `meta mark set daddr . dport map @map return`, for one protocol.
    fn marking(&mut self, table: &str, map: &str, family: Family, protocol: Protocol) {
        // where the destination stands in the header
        let (offset, length) = match family {
            Family::V4 => (16, 4),
            Family::V6 => (24, 16),
        };
        self.message(NEW_RULE, CREATE | APPEND, |writer| {
            writer.text(RULE_TABLE, table)?;
            writer.text(RULE_CHAIN, CHAIN)?;
            writer.nest(RULE_EXPRESSIONS, |rule| {
                meta(rule, META_PROTOCOL, FIRST_REGISTER)?;
                compare(rule, COMPARE_EQUAL, &[protocol.number()])?;
                payload(rule, BASE_NETWORK, offset, length, FIRST_REGISTER)?;
                payload(rule, BASE_TRANSPORT, 2, 2, FIRST_REGISTER + length / 4)?;
                set_mark(rule, map)?;
                verdict(rule, RETURN)
            })
        });
    }

    fn marked(&mut self, table: &str, map: &str, marked: Marked) {
        let ports = marked.port.map_or((0, u16::MAX), |port| (port, port));
        self.message(NEW_ELEMENT, CREATE, |writer| {
            writer.text(ELEMENTS_TABLE, table)?;
            writer.text(ELEMENTS_SET, map)?;
            writer.nest(ELEMENTS_LIST, |list| {
                list.nest(LIST_ELEMENT, |item| {
                    item.nest(ELEMENT_KEY, |data| data.attribute(DATA_VALUE, &key(marked.first, ports.0)))?;
                    item.nest(ELEMENT_KEY_END, |data| {
                        data.attribute(DATA_VALUE, &key(marked.last, ports.1))
                    })?;
                    item.nest(ELEMENT_VALUE, |data| data.attribute(DATA_VALUE, &marked.mark.to_ne_bytes()))
                })
            })
        });
    }
}

/// Consults a map with the key in the first registers; what it says becomes the packet's mark.
fn set_mark(rule: &mut Writer<'_>, map: &str) -> Result<(), netlink::Error> {
    expression(rule, "lookup", |data| {
        data.text(LOOKUP_SET, map)?;
        data.attribute(LOOKUP_SOURCE, &FIRST_REGISTER.to_be_bytes())?;
        data.attribute(LOOKUP_TARGET, &FIRST_REGISTER.to_be_bytes())
    })?;
    expression(rule, "meta", |data| {
        data.attribute(META_KEY, &META_MARK.to_be_bytes())?;
        data.attribute(META_SOURCE, &FIRST_REGISTER.to_be_bytes())
    })
}

/// The kernel's key, in whole 32-bit registers.
fn key(address: IpAddr, port: u16) -> Vec<u8> {
    let mut key = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    key.extend(port.to_be_bytes());
    key.extend([0; 2]);
    key
}

const CHAIN: &str = "in";
const MAPS: [(Protocol, &str); 3] =
    [(Protocol::Tcp, "tcp_map"), (Protocol::Udp, "udp_map"), (Protocol::Sctp, "sctp_map")];
