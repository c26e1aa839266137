//! What the plane takes is dropped where it comes in.
//!
//! A packet socket gets its copy before the ingress hook. What is left to the kernel then would be dropped at
//! prerouting in any case, but only after the stack has looked at it and a set was searched. Here a few services are
//! compared one by one, which costs a fraction of that; where there are more, prerouting has to do.
//!
//! Dropped is only what the plane is sure to have: frames to this host's own link address, not those of a VLAN or a
//! macvlan on top, which come again there; and whole packets, for where connection tracking joins fragments it is to
//! see all of them.

use core::net::IpAddr;

use ipvs_core::wire::netlink::{self, APPEND, CREATE, Writer};

use super::batch::{Batch, compare, expression, meta, payload, verdict};
use super::number::{
    ACCEPT, BASE_LINK, BASE_NETWORK, BASE_TRANSPORT, BITWISE_LENGTH, BITWISE_MASK, BITWISE_SOURCE,
    BITWISE_TARGET, BITWISE_XOR, CHAIN_HOOK, CHAIN_NAME, CHAIN_POLICY, CHAIN_TABLE, CHAIN_TYPE,
    COMPARE_EQUAL, COUNTER_BYTES, COUNTER_PACKETS, DATA_VALUE, DELETE_CHAIN, DROP, FIRST_REGISTER,
    HOOK_DEVICE, HOOK_INGRESS, HOOK_NUMBER, HOOK_PRIORITY, META_PACKET_KIND, META_PROTOCOL, NEW_CHAIN,
    NEW_RULE, PRIORITY_LAST, RULE_CHAIN, RULE_EXPRESSIONS, RULE_TABLE,
};
use super::{Element, TABLE};

impl Batch {
    /// A chain at the ingress hook of an interface, with a rule for each service.
    pub(super) fn ingress(&mut self, interface: u32, device: &str, services: &[Element]) {
        let chain = chain(interface);
        self.message(NEW_CHAIN, CREATE, |writer| {
            writer.text(CHAIN_TABLE, TABLE)?;
            writer.text(CHAIN_NAME, &chain)?;
            writer.nest(CHAIN_HOOK, |hooks| {
                hooks.attribute(HOOK_NUMBER, &HOOK_INGRESS.to_be_bytes())?;
                hooks.attribute(HOOK_PRIORITY, &PRIORITY_LAST.to_be_bytes())?;
                hooks.text(HOOK_DEVICE, device)
            })?;
            writer.attribute(CHAIN_POLICY, &ACCEPT.to_be_bytes())?;
            writer.text(CHAIN_TYPE, "filter")
        });
        for service in services {
            self.message(NEW_RULE, CREATE | APPEND, |writer| {
                writer.text(RULE_TABLE, TABLE)?;
                writer.text(RULE_CHAIN, &chain)?;
                writer.nest(RULE_EXPRESSIONS, |rule| early(rule, *service))
            });
        }
    }

    /// That chain is gone.
    pub(super) fn no_ingress(&mut self, interface: u32) {
        self.message(DELETE_CHAIN, 0, |writer| {
            writer.text(CHAIN_TABLE, TABLE)?;
            writer.text(CHAIN_NAME, &chain(interface))
        });
    }
}

/// `address [port] protocol [ip frag-off & 0x3fff == 0] pkttype host ether type counter drop`: what tells most packets
/// apart and is cheap comes first.
fn early(rule: &mut Writer<'_>, service: Element) -> Result<(), netlink::Error> {
    match service.address {
        IpAddr::V4(address) => {
            payload(rule, BASE_NETWORK, 16, 4, FIRST_REGISTER)?;
            compare(rule, COMPARE_EQUAL, &address.octets())?;
        }
        IpAddr::V6(address) => {
            payload(rule, BASE_NETWORK, 24, 16, FIRST_REGISTER)?;
            compare(rule, COMPARE_EQUAL, &address.octets())?;
        }
    }
    if let Some(port) = service.port {
        payload(rule, BASE_TRANSPORT, 2, 2, FIRST_REGISTER)?;
        compare(rule, COMPARE_EQUAL, &port.to_be_bytes())?;
    }
    // A tag that the card took off stands in the link header for this.
    let ether_type = if service.address.is_ipv4() {
        meta(rule, META_PROTOCOL, FIRST_REGISTER)?;
        compare(rule, COMPARE_EQUAL, &[service.protocol])?;
        payload(rule, BASE_NETWORK, 4, 4, FIRST_REGISTER)?;
        no_fragment(rule)?;
        compare(rule, COMPARE_EQUAL, &[0; 4])?;
        [0x08, 0x00]
    } else {
        // The next header rather than the transport protocol: in a fragment it is another.
        payload(rule, BASE_NETWORK, 6, 1, FIRST_REGISTER)?;
        compare(rule, COMPARE_EQUAL, &[service.protocol])?;
        [0x86, 0xDD]
    };
    meta(rule, META_PACKET_KIND, FIRST_REGISTER)?;
    compare(rule, COMPARE_EQUAL, &[PACKET_HOST])?;
    payload(rule, BASE_LINK, 12, 2, FIRST_REGISTER)?;
    compare(rule, COMPARE_EQUAL, &ether_type)?;
    expression(rule, "counter", |data| {
        data.attribute(COUNTER_BYTES, &[0; 8])?;
        data.attribute(COUNTER_PACKETS, &[0; 8])
    })?;
    verdict(rule, DROP)
}

/// Keeps "more fragments" and the offset of the first register, which has the second word of an IPv4 header.
fn no_fragment(rule: &mut Writer<'_>) -> Result<(), netlink::Error> {
    expression(rule, "bitwise", |data| {
        data.attribute(BITWISE_SOURCE, &FIRST_REGISTER.to_be_bytes())?;
        data.attribute(BITWISE_TARGET, &FIRST_REGISTER.to_be_bytes())?;
        data.attribute(BITWISE_LENGTH, &4_u32.to_be_bytes())?;
        data.nest(BITWISE_MASK, |mask| mask.attribute(DATA_VALUE, &[0, 0, 0x3F, 0xFF]))?;
        data.nest(BITWISE_XOR, |none| none.attribute(DATA_VALUE, &[0; 4]))
    })
}

fn chain(interface: u32) -> String {
    format!("ingress{interface}")
}

/// `linux/if_packet.h`
const PACKET_HOST: u8 = 0;
