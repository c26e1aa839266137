//! Bytes of what not every kernel takes; what this one takes is read back in `tests/vrrp/routes_kernel.rs`.

use netlink_packet_core::NlasIterator;

use super::*;
use crate::config::model::route::{Net, Table};

#[test]
fn labels_stand_in_four_bytes_each_and_the_last_one_ends_the_stack() {
    // RFC 3032 §2.1: 20 bits of label, 3 of class, 1 for the bottom of the stack, 8 of TTL.
    let body = encapsulated(Encapsulation::Mpls(vec![100, 200]));
    assert_eq!(attribute(&body, ENCAP_TYPE), [1, 0]);
    assert_eq!(attribute(&body, ENCAP), [12, 0, 1, 0, 0, 0x06, 0x40, 0, 0, 0x0c, 0x81, 0]);
}

#[test]
fn a_locator_is_the_first_half_of_an_address() {
    let body = encapsulated(Encapsulation::Ila(0x2001_0db8_0000_0001));
    assert_eq!(attribute(&body, ENCAP_TYPE), [3, 0]);
    assert_eq!(attribute(&body, ENCAP), [12, 0, 1, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1]);
}

#[test]
fn the_propagation_of_the_ttl_is_one_byte() {
    let mut route = route();
    assert!(find(&addition(&route, 254, &vec![None]), TTL_PROPAGATE).is_none());
    for (on, byte) in [(true, 1), (false, 0)] {
        route.ttl_propagate = Some(on);
        assert_eq!(attribute(&addition(&route, 254, &vec![None]), TTL_PROPAGATE), [byte]);
    }
}

#[test]
fn a_table_that_has_no_place_in_a_byte_stands_in_an_attribute() {
    assert_eq!(addition(&route(), 255, &vec![None])[4], 255);
    let body = addition(&route(), 256, &vec![None]);
    assert_eq!(body[4], 0);
    assert_eq!(attribute(&body, TABLE), 256_u32.to_ne_bytes());
}

#[test]
fn a_removal_means_our_own_route_in_any_scope_and_no_wrapping() {
    let mut route = route();
    route.hops[0].encapsulation = Some(Encapsulation::Mpls(vec![100]));
    route.metrics = vec![Metric { kind: MetricKind::Mtu, value: 1400, locked: false }];
    let body = removal(&route, 254, &vec![Some(7)]);
    // Family, destination and source length, TOS, table, protocol, scope, type.
    assert_eq!(body[..8], [2, 24, 0, 0, 254, 112, 255, 1]);
    let kinds: Vec<u16> = NlasIterator::new(&body[12..]).map(|attribute| attribute.unwrap().kind()).collect();
    assert_eq!(kinds, [1, 5, 4]);
}

fn route() -> Route {
    let mut route = Route::new(RouteKind::Unicast, Net { address: [198, 51, 100, 0].into(), prefix: 24 });
    route.hops = vec![NextHop { via: Some([198, 18, 0, 9].into()), ..NextHop::default() }];
    assert_eq!(route.table, Table::Number(254));
    route
}

fn encapsulated(encapsulation: Encapsulation) -> Vec<u8> {
    let mut route = route();
    route.hops[0].encapsulation = Some(encapsulation);
    addition(&route, 254, &vec![None])
}

fn attribute(body: &[u8], kind: u16) -> Vec<u8> {
    find(body, kind).unwrap()
}

fn find(body: &[u8], kind: u16) -> Option<Vec<u8>> {
    let mut attributes = NlasIterator::new(&body[12..]).map(Result::unwrap);
    attributes.find(|attribute| attribute.kind() == kind).map(|attribute| attribute.value().to_vec())
}

/// `RTA_TABLE`.
const TABLE: u16 = 15;
/// `RTA_ENCAP_TYPE`.
const ENCAP_TYPE: u16 = 21;
/// `RTA_ENCAP`.
const ENCAP: u16 = 22;
/// `RTA_TTL_PROPAGATE`.
const TTL_PROPAGATE: u16 = 26;
