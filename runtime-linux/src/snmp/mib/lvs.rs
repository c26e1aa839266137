//! `lvsSyncDaemon` and `lvsTimeouts`.

use vrrp_core::Family;

use super::syntax::{address, address_type, number, truth};
use super::tree::Part;
use crate::config::model::SyncDaemon;
use crate::snmp::{State, Value};

/// The objects in the order of the tree. Without a synchronisation daemon most are not there, and no timeout that is
/// the kernel's own is.
pub(super) const PARTS: &[Part] = &[
    // lvsSyncDaemonEnabled
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 1], |state| Some(truth(sync(state).is_some()))),
    // lvsSyncDaemonInterface
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 2], |state| {
        sync(state).map(|sync| Value::text(&sync.interface))
    }),
    // lvsSyncDaemonVrrpInstance
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 3], |state| {
        sync(state).and_then(|sync| sync.instance.as_ref()).map(Value::text)
    }),
    // lvsSyncDaemonSyncId
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 4], |state| sync(state).map(|sync| number(sync.id))),
    // lvsSyncDaemonMaxLen
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 5], |state| {
        sync(state).map(|sync| number(sync.longest))
    }),
    // lvsSyncDaemonPort
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 6], |state| {
        sync(state).map(|sync| number(sync.port))
    }),
    // lvsSyncDaemonTTL
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 7], |state| {
        sync(state).map(|sync| number(sync.ttl))
    }),
    // lvsSyncDaemonMcastGroupAddrType, lvsSyncDaemonMcastGroupAddrValue
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 8], |state| {
        sync(state).and_then(|sync| sync.group).map(|group| address_type(Family::of(group)))
    }),
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 6, 9], |state| {
        sync(state).and_then(|sync| sync.group).map(address)
    }),
    // lvsTimeoutTcp, lvsTimeoutTcpFin, lvsTimeoutUdp: seconds
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 7, 1], |state| {
        timeout(state.configuration.global.lvs.timeouts.tcp)
    }),
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 7, 2], |state| {
        timeout(state.configuration.global.lvs.timeouts.tcp_fin)
    }),
    Part::Scalar(&[1, 3, 6, 1, 4, 1, 9586, 100, 5, 3, 7, 3], |state| {
        timeout(state.configuration.global.lvs.timeouts.udp)
    }),
];

fn sync<'r>(state: &'r State<'_>) -> Option<&'r SyncDaemon> {
    state.configuration.global.lvs.sync.as_ref()
}

fn timeout(seconds: u32) -> Option<Value> {
    (seconds != 0).then(|| Value::Integer(i32::try_from(seconds).unwrap_or(i32::MAX)))
}
