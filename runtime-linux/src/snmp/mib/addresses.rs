//! `vrrpAddressTable`: static addresses as those of instance 0, then those of each instance, the advertised ones first.

use core::net::{IpAddr, Ipv4Addr};

use vrrp_core::Family;

use super::instances::Router;
use super::syntax::{address, address_type, scope, truth, unsigned};
use super::tree::{Table, numbered, place};
use crate::config::model::VirtualAddress;
use crate::snmp::{State, Value};

/// `vrrpAddressTable`.
pub(super) struct Addresses;

/// A row of [`Addresses`].
pub(super) struct Address<'r> {
    wanted: &'r VirtualAddress,
    interface: &'r str,
    index: u32,
    held: bool,
    advertised: bool,
}

impl Table for Addresses {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 6, 1];
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    type Row<'r> = Address<'r>;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        let configuration = state.configuration;
        match beginning.first() {
            None => numbered(0, configuration.instances.len() + 1, least),
            Some(0) => numbered(1, configuration.fixtures.addresses.len(), least),
            Some(instance) => {
                let instance = configuration.instances.get(place(*instance)?)?;
                numbered(1, instance.addresses.len() + instance.excluded.len(), least)
            }
        }
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Address<'r>> {
        let [instance, number] = *index else { return None };
        let number = place(number)?;
        let (address, interface, held, advertised) = if instance == 0 {
            let address = &state.configuration.fixtures.addresses.get(number)?.wanted;
            (address, "", state.vrrp.fixtures.addresses.get(number), false)
        } else {
            let router = Router::at(state, place(instance)?)?;
            let (wanted, interface) = (router.wanted, router.interface());
            let mut all = wanted.addresses.iter().chain(&*wanted.excluded);
            let held = router.status.and_then(|status| status.held.get(number));
            (all.nth(number)?, interface, held, number < wanted.addresses.len())
        };
        let interface = address.interface.as_deref().unwrap_or(interface);
        let index = state.found.link(interface).index;
        Some(Address { wanted: address, interface, index, held: held == Some(&true), advertised })
    }

    fn value(row: &Address<'_>, column: u32) -> Option<Value> {
        let wanted = row.wanted;
        match column {
            // vrrpAddressType, vrrpAddressValue
            2 => Some(address_type(Family::of(wanted.address))),
            3 => Some(address(wanted.address)),
            // vrrpAddressBroadcast, of IPv4 only
            4 => wanted
                .address
                .is_ipv4()
                .then(|| address(IpAddr::V4(wanted.broadcast.unwrap_or(Ipv4Addr::UNSPECIFIED)))),
            // vrrpAddressMask
            5 => Some(unsigned(wanted.prefix)),
            // vrrpAddressScope
            6 => Some(scope(wanted.scope.unwrap_or(0))),
            // vrrpAddressIfIndex, vrrpAddressIfName
            7 => Some(Value::Integer(i32::try_from(row.index).unwrap_or(i32::MAX))),
            8 => Some(Value::text(row.interface)),
            // vrrpAddressIfAlias
            9 => wanted.label.as_ref().map(Value::text),
            // vrrpAddressStatus
            10 => Some(truth(row.held)),
            // vrrpAddressAdvertising
            11 => Some(truth(row.advertised)),
            // vrrpAddressPeer
            12 => wanted.peer.map(address),
            _ => None,
        }
    }
}
