//! `vrrpRouteNextHopTable`: the ways on of routes that have several.

use vrrp_core::Family;

use super::encapsulation;
use super::routes::{count, realm_from, realm_to, route};
use super::syntax::{address, address_type, truth, unsigned};
use super::tree::{Table, numbered, place};
use crate::config::model::route::NextHop;
use crate::snmp::{State, Value};

/// `vrrpRouteNextHopTable`.
pub(super) struct NextHops;

impl Table for NextHops {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 11, 1];
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

    /// A next hop, and the number of its interface.
    type Row<'r> = (&'r NextHop, u32);

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 3
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        match *beginning {
            [] => numbered(0, state.configuration.instances.len() + 1, least),
            [owner] => numbered(1, count(state, owner), least),
            [owner, number, ..] => numbered(1, hops(state, owner, number)?.len(), least),
        }
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>> {
        let [owner, number, hop] = *index else { return None };
        let hop = hops(state, owner, number)?.get(place(hop)?)?;
        Some((hop, hop.interface.as_deref().map_or(0, |name| state.found.link(name).index)))
    }

    fn value((hop, index): &Self::Row<'_>, column: u32) -> Option<Value> {
        match column {
            // vrrpRouteNextHopAddressType, vrrpRouteNextHopAddress
            2 => hop.via.map(|via| address_type(Family::of(via))),
            3 => hop.via.map(address),
            // vrrpRouteNextHopIfIndex, vrrpRouteNextHopIfName
            4 => hop.interface.as_ref().map(|_| Value::Integer(i32::try_from(*index).unwrap_or(i32::MAX))),
            5 => hop.interface.as_ref().map(Value::text),
            // vrrpRouteNextHopWeight; one that is not said is none
            6 => (hop.weight != 0).then(|| unsigned(u32::from(hop.weight) + 1)),
            // vrrpRouteNextHopOnlink
            7 => Some(truth(hop.on_link)),
            // vrrpRouteNextHopRealmDst, vrrpRouteNextHopRealmSrc
            8 => realm_to(hop.realms),
            9 => realm_from(hop.realms),
            // vrrpRouteNextHopEncapType and what follows
            _ => encapsulation::value(hop.encapsulation.as_ref()?, column.checked_sub(10)?),
        }
    }
}

/// The ways on of a route that has several.
fn hops<'r>(state: &'r State<'_>, owner: u32, number: u32) -> Option<&'r [NextHop]> {
    route(state, owner, number).map(|route| route.hops.as_slice()).filter(|hops| hops.len() > 1)
}
