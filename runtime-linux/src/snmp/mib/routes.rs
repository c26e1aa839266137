//! `vrrpRouteTable`: static routes as those of instance 0, then those of each instance.

use super::encapsulation;
use super::syntax::{address, address_type, number, scope, truth, unsigned};
use super::tree::{Table, numbered, place};
use crate::config::model::Route;
use crate::config::model::route::{Metric, MetricKind, NextHop, RouteKind, Table as RoutingTable};
use crate::netlink::address::OURS;
use crate::snmp::{State, Value};

/// `vrrpRouteTable`.
pub(super) struct Routes;

/// A row of [`Routes`].
pub(super) struct Row<'r> {
    route: &'r Route,
    there: bool,
    /// Of the interface of its only way on.
    index: u32,
}

impl Table for Routes {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 7, 1];
    const COLUMNS: &'static [u32] = &[
        2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
        30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54,
        55,
    ];

    type Row<'r> = Row<'r>;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        match beginning.first() {
            None => numbered(0, state.configuration.instances.len() + 1, least),
            Some(owner) => numbered(1, count(state, *owner), least),
        }
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Row<'r>> {
        let [owner, number] = *index else { return None };
        let (route, there) = (route(state, owner, number)?, there(state, owner, place(number)?));
        let interface = only(route).and_then(|hop| hop.interface.as_deref());
        let index = interface.map_or(0, |name| state.found.link(name).index);
        Some(Row { route, there, index })
    }

    fn value(row: &Row<'_>, column: u32) -> Option<Value> {
        let Row { route, there, .. } = row;
        let hop = only(route);
        let interface = hop.and_then(|hop| hop.interface.as_ref());
        match column {
            // vrrpRouteAddressType, vrrpRouteDestination, vrrpRouteDestinationMask
            2 => Some(address_type(route.family)),
            3 => Some(address(route.destination.address)),
            4 => Some(unsigned(route.destination.prefix)),
            // vrrpRouteGateway
            5 => hop.and_then(|hop| hop.via).map(address),
            // vrrpRouteSource
            7 => route.source.map(address),
            // vrrpRouteMetric
            8 => Some(unsigned(route.metric.unwrap_or(0))),
            // vrrpRouteScope
            9 => Some(scope(route.scope.unwrap_or(0))),
            // vrrpRouteType
            10 => Some(number(kind(route))),
            // vrrpRouteIfIndex, vrrpRouteIfName
            11 => interface.map(|_| Value::Integer(i32::try_from(row.index).unwrap_or(i32::MAX))),
            12 => interface.map(Value::text),
            // vrrpRouteRoutingTable
            13 => match &route.table {
                RoutingTable::Number(table) => Some(unsigned(*table)),
                // Its number is the kernel's to say.
                RoutingTable::Vrf(_) => None,
            },
            // vrrpRouteStatus
            14 => Some(truth(*there)),
            // vrrpRouteFromAddress, vrrpRouteFromAddressMask
            15 => route.from.map(|from| address(from.address)),
            16 => route.from.map(|from| unsigned(from.prefix)),
            // vrrpRouteTos
            17 => (route.tos != 0).then(|| unsigned(route.tos)),
            // vrrpRouteProtocol: keepalived(112), else the kernel's number and one
            18 => Some(number(route.protocol.map_or(i32::from(OURS), |kernel| i32::from(kernel) + 1))),
            // vrrpRouteECN
            19 => Some(truth(metric(route, MetricKind::Features).is_some_and(|flags| flags.value & 1 != 0))),
            // vrrpRouteQuickAck
            20 => Some(truth(metric(route, MetricKind::QuickAck).is_some())),
            // vrrpRouteExpires
            21 => route.expires.map(|left| Value::Integer(i32::try_from(left).unwrap_or(i32::MAX))),
            // vrrpRouteCongCtl
            42 => route.congestion_control.as_ref().map(|(name, _)| Value::text(name)),
            // vrrpRoutePref: low(1), medium(2), high(3)
            43 => route.preference.map(|kernel| {
                number(match kernel {
                    3 => 1,
                    0 => 2,
                    1 => 3,
                    _ => 0,
                })
            }),
            // vrrpRouteRealmDst, vrrpRouteRealmSrc
            44 => hop.and_then(|hop| realm_to(hop.realms)),
            45 => hop.and_then(|hop| realm_from(hop.realms)),
            // vrrpRouteEncapType and what follows
            46..=54 => encapsulation::value(hop?.encapsulation.as_ref()?, column - 46),
            _ => metric_value(route, column),
        }
    }
}

/// The columns that are a number of TCP or IP, or say whether it is locked.
fn metric_value(route: &Route, column: u32) -> Option<Value> {
    let value = |kind, divisor: u32| metric(route, kind).map(|metric| unsigned(metric.value / divisor));
    let locked = |kind| metric(route, kind).map(|metric| truth(metric.locked));
    match column {
        // vrrpRouteMTU, vrrpRouteMTULock
        22 => value(MetricKind::Mtu, 1),
        23 => locked(MetricKind::Mtu),
        // vrrpRouteHopLimit
        24 => value(MetricKind::HopLimit, 1),
        // vrrpRouteAdvmss, vrrpRouteAdvmssLock
        25 => value(MetricKind::AdvMss, 1),
        26 => locked(MetricKind::AdvMss),
        // vrrpRouteRTT, vrrpRouteRTTLock: milliseconds
        27 => value(MetricKind::Rtt, 8),
        28 => locked(MetricKind::Rtt),
        // vrrpRouteRTTvar, vrrpRouteRTTvarLock: milliseconds
        29 => value(MetricKind::RttVar, 4),
        30 => locked(MetricKind::RttVar),
        // vrrpRouteReordering, vrrpRouteReorderingLock
        31 => value(MetricKind::Reordering, 1),
        32 => locked(MetricKind::Reordering),
        // vrrpRouteWindow
        33 => value(MetricKind::Window, 1),
        // vrrpRouteCwnd, vrrpRouteCwndLock
        34 => value(MetricKind::Cwnd, 1),
        35 => locked(MetricKind::Cwnd),
        // vrrpRouteSSthresh, vrrpRouteSSthreshLock
        36 => value(MetricKind::SsThresh, 1),
        37 => locked(MetricKind::SsThresh),
        // vrrpRouteRTOMin, vrrpRouteRTOMinLock
        38 => value(MetricKind::RtoMin, 1),
        39 => locked(MetricKind::RtoMin),
        // vrrpRouteInitCwnd, vrrpRouteInitRwnd
        40 => value(MetricKind::InitCwnd, 1),
        41 => value(MetricKind::InitRwnd, 1),
        // vrrpRouteFastOpenNoCookie
        55 => metric(route, MetricKind::FastOpenNoCookie).map(|metric| truth(metric.value != 0)),
        _ => None,
    }
}

/// How many routes an instance has; instance 0 has those that are static.
pub(super) fn count(state: &State<'_>, owner: u32) -> usize {
    let configuration = state.configuration;
    match place(owner) {
        None => configuration.fixtures.routes.len(),
        Some(instance) => configuration.instances.get(instance).map_or(0, |instance| instance.routes.len()),
    }
}

/// A route of an instance, by their numbers.
pub(super) fn route<'r>(state: &'r State<'_>, owner: u32, number: u32) -> Option<&'r Route> {
    let (configuration, number) = (state.configuration, place(number)?);
    match place(owner) {
        None => configuration.fixtures.routes.get(number).map(|fixture| &fixture.wanted),
        Some(instance) => configuration.instances.get(instance)?.routes.get(number),
    }
}

/// Whether the host has what stands at this place among the routes and rules of an instance, or of what is static.
pub(super) fn there(state: &State<'_>, owner: u32, number: usize) -> bool {
    let all = match place(owner) {
        None => Some(&state.vrrp.fixtures.routing),
        Some(instance) => super::instances::Router::at(state, instance)
            .and_then(|router| router.status)
            .map(|status| &status.routes.there),
    };
    all.and_then(|all| all.get(number)).copied().unwrap_or(false)
}

/// Its way on, if it has one only.
fn only(route: &Route) -> Option<&NextHop> {
    match route.hops.as_slice() {
        [hop] => Some(hop),
        _ => None,
    }
}

fn metric(route: &Route, kind: MetricKind) -> Option<&Metric> {
    route.metrics.iter().find(|metric| metric.kind == kind)
}

fn kind(route: &Route) -> i32 {
    match route.kind {
        _ if route.hops.len() > 1 => 2,
        RouteKind::Unicast | RouteKind::Local => 1,
        RouteKind::Blackhole => 3,
        RouteKind::Anycast => 4,
        RouteKind::Multicast => 5,
        RouteKind::Broadcast => 6,
        RouteKind::Unreachable => 7,
        RouteKind::Prohibit => 8,
        RouteKind::Throw => 9,
        RouteKind::Nat => 10,
    }
}

/// The realm that packets go to.
pub(super) fn realm_to(realms: Option<u32>) -> Option<Value> {
    realms.filter(|realms| *realms != 0).map(|realms| unsigned(realms & 0xffff))
}

/// The realm that packets come from.
pub(super) fn realm_from(realms: Option<u32>) -> Option<Value> {
    realms.filter(|realms| realms >> 16 != 0).map(|realms| unsigned(realms >> 16))
}
