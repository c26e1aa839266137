//! `vrrpInstanceTable`.

use core::net::IpAddr;

use vrrp_core::{Family, Version};

use super::syntax::{address, address_type, command, number, seconds, truth, unsigned};
use super::tracked;
use super::tree::{Table, numbered, place};
use crate::config::model::{Authentication, Instance, SyncDaemon, SyncGroup};
use crate::driver::InstanceStatus;
use crate::snmp::{State, Value};

/// `vrrpInstanceTable`.
pub(super) struct Instances;

/// An instance: what it is to be, and what it is, where the VRRP thread knows it already.
pub(super) struct Router<'r> {
    pub(super) wanted: &'r Instance,
    pub(super) status: Option<&'r InstanceStatus>,
    group: Option<&'r SyncGroup>,
    sync: Option<&'r SyncDaemon>,
}

impl Table for Instances {
    const ENTRY: &'static [u32] = &[1, 3, 6, 1, 4, 1, 9586, 100, 5, 2, 3, 1];
    const COLUMNS: &'static [u32] = &[
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
        29, 30, 31, 32, 33, 34, 35,
    ];

    type Row<'r> = Router<'r>;

    fn is_whole(index: &[u32]) -> bool {
        index.len() == 1
    }

    fn child(state: &State<'_>, _: &[u32], least: u32) -> Option<u32> {
        numbered(1, state.configuration.instances.len(), least)
    }

    fn row<'r>(state: &'r State<'_>, index: &[u32]) -> Option<Router<'r>> {
        let [instance] = *index else { return None };
        Router::at(state, place(instance)?)
    }

    fn value(row: &Router<'_>, column: u32) -> Option<Value> {
        let Router { wanted, status, .. } = row;
        let notify = &wanted.notify;
        match column {
            // vrrpInstanceName
            2 => Some(Value::text(&wanted.name)),
            // vrrpInstanceVirtualRouterId
            3 => Some(unsigned(wanted.vrid.get())),
            // vrrpInstanceState
            4 => Some(number(row.state())),
            // vrrpInstanceInitialState
            5 => Some(number(if wanted.wants_active { 2 } else { 1 })),
            // vrrpInstanceWantedState
            6 => Some(number(match row.state() {
                state @ 1..=3 => state,
                _ if wanted.wants_active => 2,
                _ => 1,
            })),
            // vrrpInstanceBasePriority
            7 => Some(number(wanted.priority.get())),
            // vrrpInstanceEffectivePriority
            8 => Some(number(status.map_or(wanted.priority.get(), |status| status.priority))),
            // vrrpInstanceVipsStatus
            9 => Some(truth(row.state() == 2)),
            // vrrpInstancePrimaryInterface
            10 => Some(Value::text(row.interface())),
            // vrrpInstanceTrackPrimaryIf, which is 1 where any interface is tracked
            11 => {
                let own = tracked::own(&wanted.track_interfaces, row.group, |tracks| &tracks.interfaces);
                Some(truth(own.count() > 0))
            }
            // vrrpInstanceAdvertisementsInt: seconds in version 2, centiseconds in version 3
            12 => Some(match wanted.version {
                Version::V2 => seconds(wanted.advert_interval),
                Version::V3 => unsigned(wanted.advert_interval.as_millis() / 10),
            }),
            // vrrpInstancePreempt
            13 => Some(truth(wanted.preempt)),
            // vrrpInstancePreemptDelay
            14 => Some(seconds(wanted.preempt_delay)),
            // vrrpInstanceAuthType
            15 => Some(number(row.authentication())),
            // vrrpInstanceLvsSyncDaemon, vrrpInstanceLvsSyncInterface
            16 => Some(truth(row.sync.is_some())),
            17 => row.sync.map(|sync| Value::text(&sync.interface)),
            // vrrpInstanceSyncGroup
            18 => row.group.map(|group| Value::text(&group.name)),
            // vrrpInstanceGarpDelay
            19 => Some(seconds(wanted.garp.delay)),
            // vrrpInstanceSmtpAlert
            20 => Some(truth(notify.mail)),
            // vrrpInstanceNotifyExec
            21 => Some(truth(notify.scripts().next().is_some())),
            // vrrpInstanceScriptMaster, …Backup, …Fault, …Stop
            22 => notify.master.as_ref().map(command),
            23 => notify.backup.as_ref().map(command),
            24 => notify.fault.as_ref().map(command),
            25 => notify.stop.as_ref().map(command),
            // vrrpInstanceScript
            26 => notify.any.as_ref().map(command),
            // vrrpInstanceAccept, of version 3 only
            27 => Some(match wanted.version {
                Version::V2 => number(0),
                Version::V3 => truth(wanted.accept),
            }),
            // vrrpInstancePromoteSecondaries
            28 => Some(truth(wanted.promote_secondaries)),
            // vrrpInstanceUseLinkbeat: the kernel tells of every change
            29 => Some(truth(false)),
            // vrrpInstanceVrrpVersion
            30 => Some(number(wanted.version.number())),
            // vrrpInstanceScriptMstrRxLowerPri
            31 => notify.lower_priority.as_ref().map(command),
            // vrrpInstanceScriptDeleted
            32 => notify.deleted.as_ref().map(command),
            // vrrpInstanceNotifyDeleted
            33 => Some(truth(notify.tells_deletion)),
            // vrrpInstanceMulticastAddressType, vrrpInstanceMulticastAddress
            34 => row.multicast().map(|group| address_type(Family::of(group))),
            35 => row.multicast().map(address),
            _ => None,
        }
    }
}

impl<'r> Router<'r> {
    /// The instance at this place of the configuration.
    pub(super) fn at(state: &'r State<'_>, place: usize) -> Option<Self> {
        let wanted: &Instance = state.configuration.instances.get(place)?;
        let known = &state.vrrp.instances;
        let named = |status: &&InstanceStatus| status.name == wanted.name;
        let groups = &state.configuration.groups;
        let sync = state.configuration.global.lvs.sync.as_ref();
        Some(Self {
            wanted,
            status: known.get(place).filter(named).or_else(|| known.iter().find(named)),
            group: groups.iter().find(|group| group.members.contains(&wanted.name)),
            sync: sync.filter(|sync| sync.instance.as_deref() == Some(wanted.name.as_str())),
        })
    }

    /// `VrrpState`.
    pub(super) fn state(&self) -> i32 {
        state_number(self.status.map_or("INIT", |status| status.state))
    }

    /// The interface that its addresses are on.
    pub(super) fn interface(&self) -> &'r str {
        self.wanted.own_virtual_interface().map_or(&self.wanted.interface, |own| &own.name)
    }

    /// none(0), password(1), ah(2).
    pub(super) fn authentication(&self) -> i32 {
        match self.wanted.authentication {
            Authentication::None | Authentication::Trailer(_) => 0,
            Authentication::Password(_) => 1,
            Authentication::Header(_) => 2,
        }
    }

    /// Where its adverts go; nowhere if it has peers.
    fn multicast(&self) -> Option<IpAddr> {
        let wanted = self.wanted;
        let multicast = wanted.unicast_peers.is_empty();
        multicast.then(|| wanted.group.unwrap_or(wanted.family().multicast_group()))
    }

    /// How often something of these names was counted.
    pub(super) fn counted(&self, names: &[&str]) -> u64 {
        let counters = self.status.map(|status| &status.statistics);
        names.iter().filter_map(|name| counters?.get(name)).sum()
    }
}

/// init(0), backup(1), master(2), fault(3), unknown(4).
pub(super) fn state_number(state: &str) -> i32 {
    match state {
        "INIT" => 0,
        "BACKUP" => 1,
        "MASTER" => 2,
        "FAULT" => 3,
        _ => 4,
    }
}
