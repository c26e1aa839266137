//! VRRPV3-MIB (RFC 6527): routers that have an address. keepalived has those of version 2 in it, too.

use core::net::IpAddr;

use super::found::Place;
use super::instances::Router;
use super::routers::{self, counter, names};
use super::syntax::{address, number, octets, truth, unsigned};
use super::tree::{Part, Table};
use crate::config::model::Instance;
use crate::snmp::{State, Value};

/// The objects in the order of the tree.
pub(super) const PARTS: &[Part] = &[
    Part::Table(&Operations),
    Part::Table(&Addresses),
    // vrrpv3RouterChecksumErrors, vrrpv3RouterVersionErrors, vrrpv3RouterVrIdErrors
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 207, 1, 2, 1], |state| {
        Some(Value::Counter64(total(state, names::CHECKSUM)))
    }),
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 207, 1, 2, 2], |state| {
        Some(Value::Counter64(total(state, names::VERSION)))
    }),
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 207, 1, 2, 3], |state| {
        Some(Value::Counter64(total(state, names::VRID)))
    }),
    // vrrpv3GlobalStatisticsDiscontinuityTime: never
    Part::Scalar(&[1, 3, 6, 1, 2, 1, 207, 1, 2, 4], |_| Some(Value::TimeTicks(0))),
    Part::Table(&Statistics),
];

/// `vrrpv3OperationsTable`.
struct Operations;

impl Table for Operations {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 2, 1, 207, 1, 1, 1, 1];
    const COLUMNS: &'static [u32] = &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

    type Row<'r> = (&'r State<'r>, Router<'r>);

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 3
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
            // vrrpv3OperationsMasterIpAddr, vrrpv3OperationsPrimaryIpAddr
            3 => Some(address(routers::active(state, router))),
            4 => Some(address(routers::primary(state, router))),
            // vrrpv3OperationsVirtualMacAddr
            5 => Some(routers::link_address(state, router)),
            // vrrpv3OperationsStatus
            6 => Some(number(routers::state(router))),
            // vrrpv3OperationsPriority
            7 => Some(unsigned(wanted.priority.get())),
            // vrrpv3OperationsAddrCount
            8 => Some(Value::Integer(i32::try_from(wanted.addresses.len()).unwrap_or(i32::MAX))),
            // vrrpv3OperationsAdvInterval: centiseconds
            9 => {
                let centiseconds = wanted.advert_interval.as_millis() / 10;
                Some(Value::Integer(i32::try_from(centiseconds).unwrap_or(i32::MAX)))
            }
            // vrrpv3OperationsPreemptMode, vrrpv3OperationsAcceptMode
            10 => Some(truth(wanted.preempt)),
            11 => Some(truth(wanted.accept)),
            // vrrpv3OperationsUpTime
            12 => Some(routers::uptime(router)),
            // vrrpv3OperationsRowStatus: active
            13 => Some(number(1)),
            _ => None,
        }
    }
}

/// `vrrpv3AssociatedIpAddrTable`.
struct Addresses;

impl Table for Addresses {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 2, 1, 207, 1, 1, 2, 1];
    const COLUMNS: &'static [u32] = &[2];

    type Row<'r> = ();

    /// That of a router, and the octets of an address, as many as its type has.
    fn is_whole(index: &[u32]) -> bool {
        matches!((index.get(2), index.len()), (Some(1), 7) | (Some(2), 19))
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        let Some((router, octets)) = beginning.split_at_checked(3) else {
            return child(state, beginning, least);
        };
        let router = Router::at(state, find(state, router)?)?;
        octet(routers::addresses(&router), octets, least)
    }

    fn row(state: &State<'_>, index: &[u32]) -> Option<()> {
        let (router, octets) = index.split_at_checked(3)?;
        let router = Router::at(state, find(state, router)?)?;
        routers::addresses(&router).any(|address| is(address, octets)).then_some(())
    }

    fn value((): &(), _: u32) -> Option<Value> {
        // vrrpv3AssociatedIpAddrRowStatus: active
        Some(number(1))
    }
}

/// `vrrpv3StatisticsTable`.
struct Statistics;

impl Table for Statistics {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 2, 1, 207, 1, 2, 5, 1];
    const COLUMNS: &'static [u32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

    type Row<'r> = Router<'r>;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 3
    }

    fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
        child(state, beginning, least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Router<'r>> {
        Router::at(state, find(state, index)?)
    }

    fn value(router: &Router<'_>, column: u32) -> Option<Value> {
        let counted = match column {
            // vrrpv3StatisticsMasterTransitions
            1 => return Some(counter(router.counted(names::BECAME_ACTIVE))),
            // vrrpv3StatisticsNewMasterReason
            2 => return Some(number(router.status.map_or(0, |status| status.active_reason as u8))),
            // vrrpv3StatisticsRcvdAdvertisements
            3 => names::RECEIVED,
            // vrrpv3StatisticsAdvIntervalErrors
            4 => names::INTERVAL,
            // vrrpv3StatisticsIpTtlErrors
            5 => names::TTL,
            // vrrpv3StatisticsProtoErrReason
            6 => return Some(number(router.status.map_or(0, |status| status.flaw as u8))),
            // vrrpv3StatisticsRcvdPriZeroPackets
            7 => names::ZERO_RECEIVED,
            // vrrpv3StatisticsSentPriZeroPackets
            8 => names::ZERO_SENT,
            // vrrpv3StatisticsRcvdInvalidTypePackets
            9 => names::TYPE,
            // vrrpv3StatisticsAddressListErrors
            10 => names::ADDRESSES,
            // vrrpv3StatisticsPacketLengthErrors
            11 => names::LENGTH,
            // vrrpv3StatisticsRowDiscontinuityTime: never
            12 => return Some(Value::TimeTicks(0)),
            // vrrpv3StatisticsRefreshRate: milliseconds
            13 => return Some(unsigned(router.wanted.advert_interval.as_millis())),
            _ => return None,
        };
        Some(Value::Counter64(router.counted(counted)))
    }
}

fn places<'r>(state: &'r State<'_>) -> &'r [Place] {
    state.found.routers(1, state, |router: &Instance| !router.addresses.is_empty())
}

/// What these names were counted of all its routers together.
fn total(state: &State<'_>, names: &[&str]) -> u64 {
    let routers = places(state).iter().filter_map(|(.., place)| Router::at(state, *place));
    routers.map(|router| router.counted(names)).sum()
}

/// The first `ifIndex`, the first VRID on an interface, or its first type of addresses, from `least` on.
fn child(state: &State<'_>, beginning: &[u32], least: u32) -> Option<u32> {
    let places = places(state);
    match *beginning {
        [] => {
            let first = places.partition_point(|(link, ..)| *link < least);
            places.get(first).map(|(link, ..)| *link)
        }
        [link] => {
            let first = places.partition_point(|(own, vrid, ..)| (*own, *vrid) < (link, least));
            places.get(first).filter(|(own, ..)| *own == link).map(|(_, vrid, ..)| *vrid)
        }
        [link, vrid, ..] => {
            let first =
                places.partition_point(|(own, number, kind, _)| (*own, *number, *kind) < (link, vrid, least));
            let found = places.get(first).filter(|(own, number, ..)| (*own, *number) == (link, vrid));
            found.map(|(_, _, kind, _)| *kind)
        }
    }
}

/// The place in the configuration of the router with this `ifIndex`, VRID and type of addresses.
fn find(state: &State<'_>, index: &[u32]) -> Option<usize> {
    let [link, vrid, kind] = *index else { return None };
    let places = places(state);
    let first = places.partition_point(|(own, number, of, _)| (*own, *number, *of) < (link, vrid, kind));
    let found = places.get(first).filter(|(own, number, of, _)| (*own, *number, *of) == (link, vrid, kind));
    found.map(|(.., place)| *place)
}

/// The first octet, from `least` on, that one of these addresses has behind these octets.
pub(super) fn octet(addresses: impl Iterator<Item = IpAddr>, beginning: &[u32], least: u32) -> Option<u32> {
    let next = addresses.filter_map(|address| {
        let octets = octets(address);
        let (same, rest) = octets.split_at_checked(beginning.len())?;
        let goes_on = same.iter().zip(beginning).all(|(own, other)| u32::from(*own) == *other);
        rest.first().filter(|_| goes_on).map(|octet| u32::from(*octet))
    });
    next.filter(|octet| *octet >= least).min()
}

/// Whether these are the octets of the address.
pub(super) fn is(address: IpAddr, index: &[u32]) -> bool {
    octets(address).into_iter().map(u32::from).eq(index.iter().copied())
}
