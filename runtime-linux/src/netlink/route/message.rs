//! Routes as the kernel is told of them (`struct rtmsg` and its attributes).

use core::net::IpAddr;

use netlink_packet_core::{DefaultNla, Emitable};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{
    MplsLabel, RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteIp6Tunnel, RouteIp6TunnelFlags,
    RouteIpTunnel, RouteIpTunnelFlags, RouteLwEnCapType, RouteLwTunnelEncap, RouteMessage, RouteMetric,
    RouteMplsIpTunnel, RouteMplsTtlPropagation, RouteNextHop, RouteNextHopFlags, RoutePreference,
    RouteProtocol, RouteRealm, RouteScope, RouteType, RouteVia,
};
use vrrp_core::Family;

use crate::config::model::route::{Encapsulation, Metric, MetricKind, NextHop, Route, RouteKind, Tunnel};
use crate::netlink::address::OURS;

/// Interface numbers of a route's next hops, in their order; none where it names no interface.
pub type HopIndices = Vec<Option<u32>>;

/// The body of `RTM_NEWROUTE` for a route in table number `table`.
pub fn addition(route: &Route, table: u32, indices: &HopIndices) -> Vec<u8> {
    let mut message = identity(route, table, indices);
    message.header.scope = RouteScope::from(scope(route));
    let attributes = &mut message.attributes;
    let metrics = metrics(route);
    if !metrics.is_empty() {
        attributes.push(RouteAttribute::Metrics(metrics));
    }
    attributes.extend(route.expires.map(RouteAttribute::Expires));
    attributes.extend(route.preference.map(|value| RouteAttribute::Preference(RoutePreference::from(value))));
    attributes.extend(route.ttl_propagate.map(|on| {
        RouteAttribute::TtlPropagate(if on {
            RouteMplsTtlPropagation::Enabled
        } else {
            RouteMplsTtlPropagation::Disabled
        })
    }));
    emitted(&message)
}

/// The body of `RTM_DELROUTE` for it: of routes to the same place only that which is ours is meant.
pub fn removal(route: &Route, table: u32, indices: &HopIndices) -> Vec<u8> {
    let mut message = identity(route, table, indices);
    // Any scope: what the kernel made of it may be another one.
    message.header.scope = RouteScope::NoWhere;
    let bare = |attribute: &RouteAttribute| {
        !matches!(attribute, RouteAttribute::Encap(_) | RouteAttribute::EncapType(_))
    };
    message.attributes.retain(bare);
    for attribute in &mut message.attributes {
        if let RouteAttribute::MultiPath(hops) = attribute {
            for hop in hops {
                hop.attributes.retain(bare);
            }
        }
    }
    emitted(&message)
}

/// What tells a route from others.
fn identity(route: &Route, table: u32, indices: &HopIndices) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: address_family(route.family),
        destination_prefix_length: route.destination.prefix,
        source_prefix_length: route.from.map_or(0, |from| from.prefix),
        tos: route.tos,
        // A table that has no place in 8 bits stands in an attribute.
        table: u8::try_from(table).unwrap_or(RouteHeader::RT_TABLE_UNSPEC),
        protocol: RouteProtocol::from(route.protocol.unwrap_or(OURS)),
        scope: RouteScope::Universe,
        kind: kind(route.kind),
        flags: RouteFlags::empty(),
    };
    let attributes = &mut message.attributes;
    if table > u32::from(u8::MAX) {
        attributes.push(RouteAttribute::Table(table));
    }
    if route.destination.prefix > 0 {
        attributes.push(RouteAttribute::Destination(RouteAddress::from(route.destination.address)));
    }
    let from = route.from.filter(|from| from.prefix > 0);
    attributes.extend(from.map(|from| RouteAttribute::Source(RouteAddress::from(from.address))));
    attributes.extend(route.source.map(|source| RouteAttribute::PrefSource(RouteAddress::from(source))));
    attributes.extend(route.metric.map(RouteAttribute::Priority));
    let index = |position: usize| indices.get(position).copied().flatten();
    match route.hops.as_slice() {
        [] => {}
        [hop] => {
            attributes.extend(onward(hop, route.family));
            attributes.extend(index(0).map(RouteAttribute::Oif));
            if hop.on_link {
                message.header.flags |= RouteFlags::Onlink;
            }
        }
        hops => {
            let hops = hops.iter().enumerate().map(|(position, hop)| {
                let mut result = RouteNextHop::default();
                if hop.on_link {
                    result.flags |= RouteNextHopFlags::Onlink;
                }
                result.hops = hop.weight;
                result.interface_index = index(position).unwrap_or(0);
                result.attributes = onward(hop, route.family);
                result
            });
            attributes.push(RouteAttribute::MultiPath(hops.collect()));
        }
    }
    message
}

/// The gateway of a next hop, and what packets to it are wrapped into.
fn onward(hop: &NextHop, family: Family) -> Vec<RouteAttribute> {
    let mut attributes = Vec::new();
    attributes.extend(hop.via.map(|via| match (via, family) {
        (IpAddr::V4(_), Family::V4) | (IpAddr::V6(_), Family::V6) => {
            RouteAttribute::Gateway(RouteAddress::from(via))
        }
        (IpAddr::V6(_), Family::V4) | (IpAddr::V4(_), Family::V6) => RouteAttribute::Via(RouteVia::from(via)),
    }));
    attributes.extend(hop.realms.map(|realms| RouteAttribute::Realm(realm(realms))));
    if let Some(encapsulation) = &hop.encapsulation {
        let (kind, wrapped) = wrapped(encapsulation);
        attributes.push(RouteAttribute::EncapType(kind));
        attributes.push(RouteAttribute::Encap(wrapped));
    }
    attributes
}

fn wrapped(encapsulation: &Encapsulation) -> (RouteLwEnCapType, Vec<RouteLwTunnelEncap>) {
    match encapsulation {
        Encapsulation::Ip(Tunnel { id, destination, source, traffic_class, hop_limit, flags }) => {
            let mut parts = Vec::new();
            parts.extend(id.map(RouteIpTunnel::Id));
            parts.extend(destination.map(RouteIpTunnel::Destination));
            parts.extend(source.map(RouteIpTunnel::Source));
            parts.extend(traffic_class.map(RouteIpTunnel::Tos));
            parts.extend(hop_limit.map(RouteIpTunnel::Ttl));
            parts.extend(flags.map(|bits| RouteIpTunnel::Flags(RouteIpTunnelFlags::from_bits_retain(bits))));
            (RouteLwEnCapType::Ip, parts.into_iter().map(RouteLwTunnelEncap::Ip).collect())
        }
        Encapsulation::Ip6(Tunnel { id, destination, source, traffic_class, hop_limit, flags }) => {
            let mut parts = Vec::new();
            parts.extend(id.map(RouteIp6Tunnel::Id));
            parts.extend(destination.map(RouteIp6Tunnel::Destination));
            parts.extend(source.map(RouteIp6Tunnel::Source));
            parts.extend(traffic_class.map(RouteIp6Tunnel::Tc));
            parts.extend(hop_limit.map(RouteIp6Tunnel::Hoplimit));
            parts
                .extend(flags.map(|bits| RouteIp6Tunnel::Flags(RouteIp6TunnelFlags::from_bits_retain(bits))));
            (RouteLwEnCapType::Ip6, parts.into_iter().map(RouteLwTunnelEncap::Ip6).collect())
        }
        Encapsulation::Mpls(labels) => {
            let last = labels.len().saturating_sub(1);
            let stack = labels.iter().enumerate().map(|(position, label)| MplsLabel {
                label: *label,
                traffic_class: 0,
                bottom_of_stack: position == last,
                ttl: 0,
            });
            let stack = RouteMplsIpTunnel::Destination(stack.collect());
            (RouteLwEnCapType::Mpls, vec![RouteLwTunnelEncap::Mpls(stack)])
        }
        Encapsulation::Ila(locator) => {
            let locator = DefaultNla::new(ILA_LOCATOR, locator.to_be_bytes().to_vec());
            (RouteLwEnCapType::Ila, vec![RouteLwTunnelEncap::Other(locator)])
        }
    }
}

fn metrics(route: &Route) -> Vec<RouteMetric> {
    let mut metrics: Vec<RouteMetric> = route.metrics.iter().copied().map(metric).collect();
    let mut locks = route
        .metrics
        .iter()
        .filter(|metric| metric.locked)
        .fold(0, |locks, metric| locks | 1_u32 << metric.kind as u32);
    if let Some((name, locked)) = &route.congestion_control {
        metrics.push(RouteMetric::CcAlgo(name.clone()));
        locks |= u32::from(*locked) << CONGESTION_CONTROL;
    }
    if locks != 0 {
        metrics.insert(0, RouteMetric::Lock(locks));
    }
    metrics
}

fn metric(metric: Metric) -> RouteMetric {
    let value = metric.value;
    match metric.kind {
        MetricKind::Mtu => RouteMetric::Mtu(value),
        MetricKind::Window => RouteMetric::Window(value),
        MetricKind::Rtt => RouteMetric::Rtt(value),
        MetricKind::RttVar => RouteMetric::RttVar(value),
        MetricKind::SsThresh => RouteMetric::SsThresh(value),
        MetricKind::Cwnd => RouteMetric::Cwnd(value),
        MetricKind::AdvMss => RouteMetric::Advmss(value),
        MetricKind::Reordering => RouteMetric::Reordering(value),
        MetricKind::HopLimit => RouteMetric::Hoplimit(value),
        MetricKind::InitCwnd => RouteMetric::InitCwnd(value),
        MetricKind::Features => RouteMetric::Features(value),
        MetricKind::RtoMin => RouteMetric::RtoMin(value),
        MetricKind::InitRwnd => RouteMetric::InitRwnd(value),
        MetricKind::QuickAck => RouteMetric::QuickAck(value),
        MetricKind::FastOpenNoCookie => RouteMetric::FastopenNoCookie(value),
    }
}

/// The scope that was asked for, or the widest that the kernel takes with this kind of route.
fn scope(route: &Route) -> u8 {
    route.scope.unwrap_or(match route.kind {
        RouteKind::Local | RouteKind::Nat => HOST_SCOPE,
        RouteKind::Broadcast | RouteKind::Anycast => LINK_SCOPE,
        RouteKind::Unicast
        | RouteKind::Multicast
        | RouteKind::Blackhole
        | RouteKind::Unreachable
        | RouteKind::Prohibit
        | RouteKind::Throw => UNIVERSE_SCOPE,
    })
}

fn kind(kind: RouteKind) -> RouteType {
    match kind {
        RouteKind::Unicast => RouteType::Unicast,
        RouteKind::Local => RouteType::Local,
        RouteKind::Broadcast => RouteType::Broadcast,
        RouteKind::Anycast => RouteType::Anycast,
        RouteKind::Multicast => RouteType::Multicast,
        RouteKind::Blackhole => RouteType::BlackHole,
        RouteKind::Unreachable => RouteType::Unreachable,
        RouteKind::Prohibit => RouteType::Prohibit,
        RouteKind::Throw => RouteType::Throw,
        RouteKind::Nat => RouteType::Nat,
    }
}

/// The two halves of what the language writes as one number.
pub(super) fn realm(realms: u32) -> RouteRealm {
    let [high, low] = [realms >> 16, realms & 0xffff].map(|half| u16::try_from(half).unwrap_or(u16::MAX));
    RouteRealm { source: high, destination: low }
}

pub(super) fn address_family(family: Family) -> AddressFamily {
    match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    }
}

fn emitted(message: &RouteMessage) -> Vec<u8> {
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut body);
    body
}

/// `ILA_ATTR_LOCATOR`.
const ILA_LOCATOR: u16 = 1;
/// `RTAX_CC_ALGO`.
const CONGESTION_CONTROL: u32 = 16;
/// `RT_SCOPE_UNIVERSE`.
const UNIVERSE_SCOPE: u8 = 0;
/// `RT_SCOPE_LINK`.
const LINK_SCOPE: u8 = 253;
/// `RT_SCOPE_HOST`.
const HOST_SCOPE: u8 = 254;

#[cfg(test)]
mod tests;
