//! VRRP-MIB (RFC 2787): routers of version 2 over IPv4 that have an address.

use core::net::{IpAddr, Ipv4Addr};

use vrrp_core::{Family, Version};

use super::found::Place;
use super::instances::Router;
use super::routers::{self, counter, names};
use super::syntax::{number, truth};
use super::tree::{Part, Table};
use crate::config::model::Instance;
use crate::snmp::{State, Value};

/// The objects in the order of the tree.
pub(super) const PARTS: &[Part] = &[
    // vrrpNodeVersion
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 68, 1, 1], |_| Some(number(2))),
    // vrrpNotificationCntl
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 68, 1, 2], |state| Some(truth(state.configuration.global.snmp.traps))),
    Part::Table(&Operations),
    Part::Table(&Addresses),
    // vrrpRouterChecksumErrors, vrrpRouterVersionErrors, vrrpRouterVrIdErrors
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 68, 2, 1], |state| Some(counter(total(state, names::CHECKSUM)))),
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 68, 2, 2], |state| Some(counter(total(state, names::VERSION)))),
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 68, 2, 3], |state| Some(counter(total(state, names::VRID)))),
    Part::Table(&Statistics),
];

/// `vrrpOperTable`.
struct Operations;

impl Table for Operations {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 2, 1, 68, 1, 3, 1];
    // The key (10) is nobody's to read.
    const COLUMNS: &'static [u32] = &[2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15];

    type Row<'r> = (&'r State<'r>, Router<'r>);

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        child(state, beginning, least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Self::Row<'r>> {
        Some((state, Router::at(state, find(state, index)?)?))
    }

    fn value((state, router): &Self::Row<'_>, column: u32) -> Option<Value> {
        let wanted = router.wanted;
        match column {
            // vrrpOperVirtualMacAddr
            2 => Some(routers::link_address(state, router)),
            // vrrpOperState
            3 => Some(number(routers::state(router))),
            // vrrpOperAdminState: up; vrrpOperProtocol: ip; vrrpOperRowStatus: active
            4 | 14 | 15 => Some(number(1)),
            // vrrpOperPriority
            5 => Some(number(wanted.priority.get())),
            // vrrpOperIpAddrCount
            6 => Some(Value::Integer(i32::try_from(wanted.addresses.len()).unwrap_or(i32::MAX))),
            // vrrpOperMasterIpAddr, vrrpOperPrimaryIpAddr
            7 => Some(ip_address(routers::active(state, router))),
            8 => Some(ip_address(routers::primary(state, router))),
            // vrrpOperAuthType: noAuthentication(1), simpleTextPassword(2), ipAuthenticationHeader(3)
            9 => Some(number(router.authentication() + 1)),
            // vrrpOperAdvertisementInterval
            11 => Some(Value::Integer(i32::try_from(wanted.advert_interval.as_secs()).unwrap_or(i32::MAX))),
            // vrrpOperPreemptMode
            12 => Some(truth(wanted.preempt)),
            // vrrpOperVirtualRouterUpTime
            13 => Some(routers::uptime(router)),
            _ => None,
        }
    }
}

/// `vrrpAssoIpAddrTable`.
struct Addresses;

impl Table for Addresses {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 2, 1, 68, 1, 4, 1];
    const COLUMNS: &'static [u32] = &[2];

    type Row<'r> = ();

    /// That of a router, and the octets of an address.
    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2 + 4
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        let Some((router, octets)) = beginning.split_at_checked(2) else {
            return child(state, beginning, least);
        };
        let router = Router::at(state, find(state, router)?)?;
        super::rfc6527::octet(routers::addresses(&router), octets, least)
    }

    fn row(state: &State<'_>, index: &[u32]) -> Option<()> {
        let (router, octets) = index.split_at_checked(2)?;
        let router = Router::at(state, find(state, router)?)?;
        routers::addresses(&router).any(|address| super::rfc6527::is(address, octets)).then_some(())
    }

    fn value((): &(), _: u32) -> Option<Value> {
        // vrrpAssoIpAddrRowStatus: active
        Some(number(1))
    }
}

/// `vrrpRouterStatsTable`.
struct Statistics;

impl Table for Statistics {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 2, 1, 68, 2, 4, 1];
    const COLUMNS: &'static [u32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    type Row<'r> = Router<'r>;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 2
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        child(state, beginning, least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Router<'r>> {
        Router::at(state, find(state, index)?)
    }

    fn value(router: &Router<'_>, column: u32) -> Option<Value> {
        let counted = match column {
            // vrrpStatsBecomeMaster
            1 => names::BECAME_ACTIVE,
            // vrrpStatsAdvertiseRcvd
            2 => names::RECEIVED,
            // vrrpStatsAdvertiseIntervalErrors
            3 => names::INTERVAL,
            // vrrpStatsAuthFailures
            4 => names::PASSWORD,
            // vrrpStatsIpTtlErrors
            5 => names::TTL,
            // vrrpStatsPriorityZeroPktsRcvd
            6 => names::ZERO_RECEIVED,
            // vrrpStatsPriorityZeroPktsSent
            7 => names::ZERO_SENT,
            // vrrpStatsInvalidTypePktsRcvd
            8 => names::TYPE,
            // vrrpStatsAddressListErrors
            9 => names::ADDRESSES,
            // vrrpStatsInvalidAuthType
            10 => names::AUTHENTICATION_UNKNOWN,
            // vrrpStatsAuthTypeMismatch
            11 => names::AUTHENTICATION_MISMATCH,
            // vrrpStatsPacketLengthErrors
            12 => names::LENGTH,
            _ => return None,
        };
        Some(counter(router.counted(counted)))
    }
}

fn suits(router: &Instance) -> bool {
    router.version == Version::V2 && router.family() == Family::V4 && !router.addresses.is_empty()
}

fn places<'r>(state: &'r State<'_>) -> &'r [Place] {
    state.found.routers(0, state, suits)
}

/// What these names were counted of all its routers together.
fn total(state: &State<'_>, names: &[&str]) -> u64 {
    let routers = places(state).iter().filter_map(|(.., place)| Router::at(state, *place));
    routers.map(|router| router.counted(names)).sum()
}

/// The first `ifIndex`, or the first VRID on an interface, from `least` on.
fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
    let places = places(state);
    match *beginning {
        [] => {
            let first = places.partition_point(|(link, ..)| *link < least);
            places.get(first).map(|(link, ..)| *link)
        }
        [link, ..] => {
            let first = places.partition_point(|(own, vrid, ..)| (*own, *vrid) < (link, least));
            places.get(first).filter(|(own, ..)| *own == link).map(|(_, vrid, ..)| *vrid)
        }
    }
}

/// The place in the configuration of the router with this `ifIndex` and VRID.
fn find(state: &State<'_>, index: &[u32]) -> Option<usize> {
    let [link, vrid] = *index else { return None };
    let places = places(state);
    let first = places.partition_point(|(own, number, ..)| (*own, *number) < (link, vrid));
    places.get(first).filter(|(own, number, ..)| (*own, *number) == (link, vrid)).map(|(.., place)| *place)
}

fn ip_address(address: IpAddr) -> Value {
    Value::IpAddress(match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    })
}
