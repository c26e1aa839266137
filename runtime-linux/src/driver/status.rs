//! What `steadfast status` is told about the VRRP thread.

use core::net::IpAddr;
use std::collections::BTreeMap;

use serde::Serialize;

/// The VRRP thread at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// Every instance, in the order of the configuration.
    pub instances: Vec<InstanceStatus>,
    /// Every sync group, in the order of the configuration.
    pub groups: Vec<GroupStatus>,
    /// How late the thread was for its last due timer, in microseconds.
    pub lateness_last_us: u64,
    /// The latest it ever was, in microseconds.
    pub lateness_max_us: u64,
    /// Reports that were dropped because nobody read them.
    pub reports_dropped: u64,
    /// Packets and events per interface that belong to no instance, by counter name.
    pub interfaces: BTreeMap<String, BTreeMap<&'static str, u64>>,
}

/// One sync group at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupStatus {
    /// Its name in the configuration.
    pub name: String,
    /// INIT, MASTER, BACKUP or FAULT: that of all of its members.
    pub state: &'static str,
    /// Names of its members.
    pub members: Vec<String>,
    /// What keeps it from being MASTER: faults by member, or whom a member hears.
    pub why: Option<String>,
}

/// One instance at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InstanceStatus {
    /// Its name in the configuration.
    pub name: String,
    /// INIT, MASTER, BACKUP or FAULT.
    pub state: &'static str,
    /// How long it has been in this state, in milliseconds.
    pub since_ms: u64,
    /// Configured priority.
    pub priority_base: u8,
    /// Priority after tracking.
    pub priority: u8,
    /// Interface of adverts.
    pub interface: String,
    /// Virtual router identifier, 1-255.
    pub vrid: u8,
    /// VRRP version, 2 or 3.
    pub version: u8,
    /// 4 or 6.
    pub family: u8,
    /// Interval of its own adverts, in milliseconds.
    pub advert_interval_ms: u64,
    /// Source address of its adverts, when it has one.
    pub source: Option<IpAddr>,
    /// Who is Active, when that is somebody else who is heard.
    pub active: Option<PeerStatus>,
    /// The faults that keep it out, by name.
    pub faults: Vec<String>,
    /// Addresses this host holds for it, with prefix lengths.
    pub addresses: Vec<String>,
    /// How often each address was put back after something else removed it.
    pub addresses_restored: u64,
    /// Time to its next timer, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// Counters by name.
    pub statistics: BTreeMap<&'static str, u64>,
}

/// The router that is Active.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerStatus {
    /// Source address of its adverts.
    pub source: IpAddr,
    /// Priority in them.
    pub priority: u8,
    /// Interval in them, in milliseconds.
    pub advert_interval_ms: u64,
}
