//! What packets of a route are wrapped into: the columns that routes and next hops share.

use core::net::IpAddr;

use super::syntax::{address, number, unsigned};
use crate::config::model::route::{Encapsulation, Tunnel};
use crate::snmp::Value;

/// The columns in their order, from that of the kind on.
pub(super) fn value(wrapped: &Encapsulation, column: u32) -> Option<Value> {
    match (wrapped, column) {
        // EncapType: the kernel's number and one
        (Encapsulation::Mpls(_), 0) => Some(number(2)),
        (Encapsulation::Ip(_), 0) => Some(number(3)),
        (Encapsulation::Ila(_), 0) => Some(number(4)),
        (Encapsulation::Ip6(_), 0) => Some(number(5)),
        // EncapMplsLabels
        (Encapsulation::Mpls(labels), 1) => {
            let labels: Vec<String> = labels.iter().map(u32::to_string).collect();
            Some(Value::text(labels.join("/")))
        }
        (Encapsulation::Ip(tunnel), 2..=7) => of_tunnel(tunnel, column),
        (Encapsulation::Ip6(tunnel), 2..=7) => of_tunnel(tunnel, column),
        // EncapIlaLocator
        (Encapsulation::Ila(locator), 8) => Some(Value::Counter64(*locator)),
        (
            Encapsulation::Mpls(_) | Encapsulation::Ip(_) | Encapsulation::Ip6(_) | Encapsulation::Ila(_),
            _,
        ) => None,
    }
}

fn of_tunnel<A: Copy + Into<IpAddr>>(tunnel: &Tunnel<A>, column: u32) -> Option<Value> {
    match column {
        // EncapId
        2 => tunnel.id.map(Value::Counter64),
        // EncapDstAddress, EncapSrcAddress
        3 => tunnel.destination.map(|to| address(to.into())),
        4 => tunnel.source.map(|from| address(from.into())),
        // EncapTOS
        5 => tunnel.traffic_class.map(unsigned),
        // EncapTTL
        6 => tunnel.hop_limit.map(unsigned),
        // EncapFlags
        7 => tunnel.flags.map(unsigned),
        _ => None,
    }
}
