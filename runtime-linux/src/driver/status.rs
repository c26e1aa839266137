//! What `steadfast status` is told about the VRRP thread.

use core::net::IpAddr;
use std::collections::BTreeMap;

use serde::Serialize;

use super::standing::Flaw;
use super::trackers::Kind;
use crate::snmp::trap::ActiveReason;

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
    /// What is static.
    #[serde(skip)]
    pub fixtures: FixturesStatus,
}

/// Of what is static, whether this host has it; each in the order of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixturesStatus {
    /// Of each address.
    pub addresses: Vec<bool>,
    /// Of each route, then of each rule.
    pub routing: Vec<bool>,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InstanceStatus {
    /// Its name in the configuration.
    pub name: String,
    /// INIT, MASTER, BACKUP or FAULT.
    pub state: &'static str,
    /// How long it has been in this state, in milliseconds.
    pub since_ms: u64,
    /// Why it is in this state, in words.
    pub why: String,
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
    /// The sync group that it moves with.
    pub group: Option<GroupStatus>,
    /// Whether it would take over, were it not for the others of its sync group.
    pub ready: bool,
    /// Whether it takes over from a lesser router.
    pub preempt: bool,
    /// What it tracks, interfaces first.
    pub trackers: Vec<TrackerStatus>,
    /// The faults that keep it out, by name.
    pub faults: Vec<String>,
    /// The same in words.
    pub fault_reasons: Vec<String>,
    /// Addresses this host holds for it, with prefix lengths.
    pub addresses: Vec<String>,
    /// The same of each address in the order of the configuration, the advertised ones first.
    #[serde(skip)]
    pub held: Vec<bool>,
    /// How often each address was put back after something else removed it.
    pub addresses_restored: u64,
    /// Its routes and rules.
    pub routes: RoutesStatus,
    /// The interfaces that it made.
    pub virtual_interfaces: Vec<VirtualInterfaceStatus>,
    /// Time to its next timer, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// The timers that run.
    pub timers: TimersStatus,
    /// What happened to it last, the oldest first.
    pub history: Vec<MomentStatus>,
    /// For how long it has been BACKUP or MASTER, in hundredths of a second, as far as 32 bits go.
    #[serde(skip)]
    pub uptime: u32,
    /// Why it last became MASTER.
    #[serde(skip)]
    pub active_reason: ActiveReason,
    /// What was last wrong with a packet.
    #[serde(skip)]
    pub flaw: Flaw,
    /// Counters by name.
    pub statistics: BTreeMap<&'static str, u64>,
}

/// The routes and rules of an instance at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoutesStatus {
    /// Those that this host has for it.
    pub held: Vec<String>,
    /// Those that an Active instance is to have and has not.
    pub missing: Vec<String>,
    /// How often one was put back after something else removed it.
    pub restored: u64,
    /// Of each route, then of each rule, in the order of the configuration, whether this host has it.
    #[serde(skip)]
    pub there: Vec<bool>,
}

/// An interface that an instance made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VirtualInterfaceStatus {
    /// Its name.
    pub name: String,
    /// The interface it lies on.
    pub base: String,
    /// `macvlan` or `ipvlan`.
    pub kind: &'static str,
    /// Its link address, where it has one of its own.
    pub mac: Option<String>,
    /// Whether it is there.
    pub exists: bool,
    /// Whether it is to be up: while the instance is MASTER.
    pub up: bool,
    /// How often it was put back after something else removed or changed it.
    pub restored: u64,
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

/// Something that an instance tracks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrackerStatus {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Whether it is well; absent while it has not been judged, and for files.
    pub good: Option<bool>,
    /// The number in a file; absent while it has not been read, and for everything else.
    pub value: Option<i32>,
    /// Its weight; 0: being bad is a fault.
    pub weight: i16,
    /// What would be added is taken off, and the other way round; with weight 0, being good is the fault.
    pub reverse: bool,
    /// What it does to the priority now.
    pub adds: i16,
    /// Whether it keeps the instance out now.
    pub fault: bool,
}

/// The timers of an instance that run, in milliseconds from now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimersStatus {
    /// A Backup takes over unless it hears from the Active router.
    pub down_ms: Option<u64>,
    /// A Backup lets a lesser Active router be for so long (`preempt_delay`).
    pub preempt_delay_ms: Option<u64>,
    /// An Active router sends its next advert.
    pub advert_ms: Option<u64>,
    /// An Active router announces its addresses again.
    pub announcement_ms: Option<u64>,
}

/// Something that happened to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MomentStatus {
    /// How long ago, in milliseconds.
    pub ago_ms: u64,
    /// What, in words.
    pub text: String,
}
