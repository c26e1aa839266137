//! Batches of nfnetlink messages.

use ipvs_core::Family;
use ipvs_core::wire::netlink::{self, ACKNOWLEDGE, APPEND, CREATE, REQUEST, Writer};

use super::number::{
    ACCEPT, BASE_NETWORK, BASE_TRANSPORT, BATCH_BEGIN, BATCH_END, BATCH_HEADER, CHAIN_HOOK, CHAIN_NAME,
    CHAIN_POLICY, CHAIN_TABLE, CHAIN_TYPE, COMPARE_DATA, COMPARE_EQUAL, COMPARE_NOT_EQUAL, COMPARE_OPERATOR,
    COMPARE_SOURCE, COUNTER_BYTES, COUNTER_PACKETS, DATA_VALUE, DATA_VERDICT, DROP, ELEMENT_KEY,
    ELEMENTS_LIST, ELEMENTS_SET, ELEMENTS_TABLE, EXPRESSION_DATA, EXPRESSION_NAME, FAMILY_INET,
    FIRST_REGISTER, HOOK_NUMBER, HOOK_PRIORITY, IMMEDIATE_DATA, IMMEDIATE_TARGET, LIST_ELEMENT, LOOKUP_SET,
    LOOKUP_SOURCE, LOOPBACK_INDEX, META_FAMILY, META_INPUT, META_KEY, META_MARK, META_PROTOCOL, META_TARGET,
    NEW_CHAIN, NEW_RULE, NEW_SET, PAYLOAD_BASE, PAYLOAD_LENGTH, PAYLOAD_OFFSET, PAYLOAD_TARGET, RULE_CHAIN,
    RULE_EXPRESSIONS, RULE_TABLE, SET_KEY_LENGTH, SET_KEY_TYPE, SET_NAME, SET_NUMBER, SET_TABLE,
    SET_USER_DATA, SUBSYSTEM, TYPE_BITS, TYPE_IPV4, TYPE_IPV6, TYPE_MARK, TYPE_PORT, TYPE_PROTOCOL,
    USER_DATA_KEY_ORDER, VERDICT_CODE, VERDICT_REGISTER,
};
use super::{Element, Set, Side, TABLE};

/// A batch being written: nothing of it takes effect unless all of it does.
pub(super) struct Batch {
    sequence: u32,
    /// `NFPROTO_*` of the table.
    family: u8,
    bytes: Vec<u8>,
    messages: usize,
    failed: Option<netlink::Error>,
}

impl Batch {
    /// For a table of the family `inet`.
    pub(super) fn new(sequence: u32) -> Self {
        Self::of(FAMILY_INET, sequence)
    }

    /// For a table of this family.
    pub(super) fn of(family: u8, sequence: u32) -> Self {
        let mut batch = Self { sequence, family, bytes: Vec::new(), messages: 0, failed: None };
        batch.append(BATCH_BEGIN, REQUEST, BATCH_HEADER, |_| Ok(()));
        batch
    }

    pub(super) fn finish(mut self) -> Result<(Vec<u8>, usize), netlink::Error> {
        self.append(BATCH_END, REQUEST, BATCH_HEADER, |_| Ok(()));
        self.failed.map_or(Ok((self.bytes, self.messages)), Err)
    }

    pub(super) fn message(
        &mut self,
        kind: u16,
        flags: u16,
        content: impl FnOnce(&mut Writer<'_>) -> Result<(), netlink::Error>,
    ) {
        self.messages += 1;
        self.append(SUBSYSTEM << 8 | kind, REQUEST | ACKNOWLEDGE | flags, [self.family, 0, 0, 0], content);
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

    pub(super) fn chain(&mut self, table: &str, name: &str, hook: u32, priority: i32) {
        self.message(NEW_CHAIN, CREATE, |writer| {
            writer.text(CHAIN_TABLE, table)?;
            writer.text(CHAIN_NAME, name)?;
            writer.nest(CHAIN_HOOK, |hooks| {
                hooks.attribute(HOOK_NUMBER, &hook.to_be_bytes())?;
                hooks.attribute(HOOK_PRIORITY, &priority.to_be_bytes())
            })?;
            writer.attribute(CHAIN_POLICY, &ACCEPT.to_be_bytes())?;
            writer.text(CHAIN_TYPE, "filter")
        });
    }

    pub(super) fn set(&mut self, number: u32, set: Set) {
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

    pub(super) fn element(&mut self, kind: u16, flags: u16, element: Element) {
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

    /// A set of firewall marks, and the rule `iif != lo nfproto mark @set counter drop`.
    pub(super) fn marks(&mut self, number: u32, name: &str, family: Family) {
        self.message(NEW_SET, CREATE, |writer| {
            writer.text(SET_TABLE, TABLE)?;
            writer.text(SET_NAME, name)?;
            writer.attribute(SET_KEY_TYPE, &TYPE_MARK.to_be_bytes())?;
            writer.attribute(SET_KEY_LENGTH, &4_u32.to_be_bytes())?;
            writer.attribute(SET_NUMBER, &number.to_be_bytes())?;
            writer.attribute(SET_USER_DATA, &host_order())
        });
        let family = match family {
            Family::V4 => libc::AF_INET,
            Family::V6 => libc::AF_INET6,
        };
        self.message(NEW_RULE, CREATE | APPEND, |writer| {
            writer.text(RULE_TABLE, TABLE)?;
            writer.text(RULE_CHAIN, "prerouting")?;
            writer.nest(RULE_EXPRESSIONS, |rule| {
                meta(rule, META_INPUT, FIRST_REGISTER)?;
                compare(rule, COMPARE_NOT_EQUAL, &LOOPBACK_INDEX.to_ne_bytes())?;
                meta(rule, META_FAMILY, FIRST_REGISTER)?;
                compare(rule, COMPARE_EQUAL, &[u8::try_from(family).unwrap_or_default()])?;
                meta(rule, META_MARK, FIRST_REGISTER)?;
                look_up(rule, name)?;
                verdict(rule, DROP)
            })
        });
    }

    pub(super) fn mark(&mut self, kind: u16, flags: u16, set: &str, mark: u32) {
        self.message(kind, flags, |writer| {
            writer.text(ELEMENTS_TABLE, TABLE)?;
            writer.text(ELEMENTS_SET, set)?;
            writer.nest(ELEMENTS_LIST, |list| {
                list.nest(LIST_ELEMENT, |item| {
                    item.nest(ELEMENT_KEY, |data| data.attribute(DATA_VALUE, &mark.to_ne_bytes()))
                })
            })
        });
    }

    /// `[iif != lo] nfproto address . protocol [. port] @set counter drop`
    pub(super) fn rule(&mut self, set: Set) {
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
                look_up(rule, set.name)?;
                verdict(rule, DROP)
            })
        });
    }
}

/// Ends a rule.
pub(super) fn verdict(rule: &mut Writer<'_>, code: u32) -> Result<(), netlink::Error> {
    expression(rule, "immediate", |data| {
        data.attribute(IMMEDIATE_TARGET, &VERDICT_REGISTER.to_be_bytes())?;
        data.nest(IMMEDIATE_DATA, |value| {
            value.nest(DATA_VERDICT, |verdict| verdict.attribute(VERDICT_CODE, &code.to_be_bytes()))
        })
    })
}

/// Consults a set with the key in the first registers, and counts what is found.
pub(super) fn look_up(rule: &mut Writer<'_>, set: &str) -> Result<(), netlink::Error> {
    expression(rule, "lookup", |data| {
        data.text(LOOKUP_SET, set)?;
        data.attribute(LOOKUP_SOURCE, &FIRST_REGISTER.to_be_bytes())
    })?;
    expression(rule, "counter", |data| {
        data.attribute(COUNTER_BYTES, &[0; 8])?;
        data.attribute(COUNTER_PACKETS, &[0; 8])
    })
}

pub(super) fn expression(
    rule: &mut Writer<'_>,
    name: &str,
    data: impl FnOnce(&mut Writer<'_>) -> Result<(), netlink::Error>,
) -> Result<(), netlink::Error> {
    rule.nest(LIST_ELEMENT, |item| {
        item.text(EXPRESSION_NAME, name)?;
        item.nest(EXPRESSION_DATA, data)
    })
}

pub(super) fn meta(rule: &mut Writer<'_>, key: u32, register: u32) -> Result<(), netlink::Error> {
    expression(rule, "meta", |data| {
        data.attribute(META_TARGET, &register.to_be_bytes())?;
        data.attribute(META_KEY, &key.to_be_bytes())
    })
}

pub(super) fn compare(rule: &mut Writer<'_>, operator: u32, value: &[u8]) -> Result<(), netlink::Error> {
    expression(rule, "cmp", |data| {
        data.attribute(COMPARE_SOURCE, &FIRST_REGISTER.to_be_bytes())?;
        data.attribute(COMPARE_OPERATOR, &operator.to_be_bytes())?;
        data.nest(COMPARE_DATA, |operand| operand.attribute(DATA_VALUE, value))
    })
}

pub(super) fn payload(
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

/// What `nft list` looks at to show a mark as it is: type, length and value 1, for numbers in this machine's order.
fn host_order() -> [u8; 6] {
    let [a, b, c, d] = 1_u32.to_ne_bytes();
    [USER_DATA_KEY_ORDER, 4, a, b, c, d]
}
