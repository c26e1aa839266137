//! What the RFCs' MIBs say alike of a router.

use core::net::IpAddr;

use vrrp_core::Family;

use super::instances::Router;
use crate::snmp::{State, Value};

/// Of each state its number in the RFCs: initialize(1), backup(2), master(3).
pub(super) fn state(router: &Router<'_>) -> i32 {
    match router.state() {
        state @ 1..=2 => state + 1,
        _ => 1,
    }
}

/// Where the adverts of the Active router come from: from us, or from whom we hear; nobody, if we hear none.
pub(super) fn active(state: &State<'_>, router: &Router<'_>) -> IpAddr {
    if router.state() == 2 {
        return primary(state, router);
    }
    let heard = router.status.and_then(|status| status.active.as_ref()).map(|active| active.source);
    heard.unwrap_or(unspecified(router.wanted.family()))
}

/// Where its adverts come from when it is Active; while it cannot have any, an address of its interface.
pub(super) fn primary(state: &State<'_>, router: &Router<'_>) -> IpAddr {
    if let Some(source) = router.status.and_then(|status| status.source) {
        return source;
    }
    let link = state.found.link(&router.wanted.interface);
    let family = router.wanted.family();
    let address = match family {
        Family::V4 => link.v4.map(IpAddr::V4),
        Family::V6 => link.v6.map(IpAddr::V6),
    };
    address.unwrap_or(unspecified(family))
}

/// The link address of the interface that its addresses are on.
pub(super) fn link_address(state: &State<'_>, router: &Router<'_>) -> Value {
    let address = state.found.link(router.interface()).address;
    Value::OctetString(address.map(|octets| octets.to_vec()).unwrap_or_default())
}

/// How long it has taken part, as backup or master, in hundredths of a second.
pub(super) fn uptime(router: &Router<'_>) -> Value {
    Value::TimeTicks(router.status.map_or(0, |status| status.uptime))
}

/// The addresses that it advertises, in the order of their octets.
pub(super) fn addresses<'r>(router: &Router<'r>) -> impl Iterator<Item = IpAddr> + use<'r> {
    router.wanted.addresses.iter().map(|address| address.address)
}

/// A counter of 32 bits: what is more begins at zero again.
pub(super) fn counter(count: u64) -> Value {
    Value::Counter32(u32::try_from(count % (1 << 32)).unwrap_or(0))
}

/// What is counted under these names.
pub(super) mod names {
    pub(crate) const BECAME_ACTIVE: &[&str] = &["became_active"];
    pub(crate) const RECEIVED: &[&str] = &["adverts_received"];
    pub(crate) const INTERVAL: &[&str] = &["interval_mismatch", "interval_zero"];
    pub(crate) const PASSWORD: &[&str] = &["password"];
    pub(crate) const TTL: &[&str] = &["ttl", "unicast_ttl"];
    pub(crate) const ZERO_RECEIVED: &[&str] = &["priority_zero_received"];
    pub(crate) const ZERO_SENT: &[&str] = &["priority_zero_sent"];
    pub(crate) const TYPE: &[&str] = &["type"];
    pub(crate) const ADDRESSES: &[&str] = &["address_list", "no_addresses", "first_address_not_link_local"];
    pub(crate) const AUTHENTICATION_UNKNOWN: &[&str] = &["authentication_unknown"];
    pub(crate) const AUTHENTICATION_MISMATCH: &[&str] = &["authentication_mismatch"];
    pub(crate) const LENGTH: &[&str] = &["too_short", "length"];
    pub(crate) const CHECKSUM: &[&str] = &["checksum"];
    pub(crate) const VERSION: &[&str] = &["unknown_version", "version_mismatch"];
    pub(crate) const VRID: &[&str] = &["vrid"];
}

fn unspecified(family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(core::net::Ipv6Addr::UNSPECIFIED),
    }
}
