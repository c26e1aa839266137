//! The checked configuration: what the rest of the daemon works from.
//!
//! Everything here has been range-checked and has keepalived's defaults filled in; names refer to things
//! that exist. Spans, spelling and file names are gone: whoever has a complaint about a value makes it while
//! this is built.

use core::net::IpAddr;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

mod bfd;
mod dbus;
mod dumps;
mod fixture;
mod household;
mod lvs;
mod notice;
mod probe;
mod rare;
mod reload;
pub mod route;
pub mod rule;
mod schedule;
mod seldom;
mod server;
mod snmp;
mod tuning;
mod virtual_interface;
mod watch;

pub use bfd::BfdInstance;
pub use dbus::Dbus;
pub use dumps::Dumps;
pub use fixture::{Fixture, Fixtures};
pub use household::Household;
pub use ipvs_core::{Forward, Method};
pub use lvs::{FlushOnStop, Lvs, LvsTimeouts, Marking, SyncDaemon};
pub use notice::{Fifo, Fifos, Mail, MailSecurity, TimedScript};
pub use probe::{
    Connect, Dns, FileCheck, Http, HttpProtocol, Identity, Password, Pattern, Probe, RecordType, Smtp, Tls,
    Udp, UdpReply, Url,
};
pub use rare::{ExtraAnnouncements, OldChecksum, Rare};
pub use reload::{Reload, ReloadMark};
pub use route::Route;
pub use rule::Rule;
pub use schedule::Schedule;
pub use seldom::{Seldom, Usual};
pub use server::{Check, GroupEntry, RealServer, ServerGroup, ServerWords, ServiceWords, VirtualServer};
pub use snmp::{Snmp, SnmpSocket};
pub use tuning::{
    AutoPriority, BufferPolicy, ClosedTable, Gaps, LinkDelay, NetlinkBuffer, PaceGroup, ReceiveBuffer, Tuning,
};
pub use virtual_interface::{IpvlanFlag, VirtualInterface, VirtualKind, virtual_mac};
pub use vrrp_core::{ChecksumForm, Priority, Version, Vrid};
pub use watch::{ArgumentMatch, InitialValue, TrackFile, TrackProcess};

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// `global_defs`.
    pub global: Global,
    /// `vrrp_instance` blocks, in file order; names are unique.
    pub instances: Vec<Arc<Instance>>,
    /// `vrrp_sync_group` blocks; every member names an instance.
    pub groups: Vec<SyncGroup>,
    /// `vrrp_script` blocks; names are unique.
    pub scripts: Vec<TrackScript>,
    /// `track_file` blocks; names are unique.
    pub files: Vec<TrackFile>,
    /// `vrrp_track_process` blocks; names are unique.
    pub processes: Vec<TrackProcess>,
    /// `bfd_instance` blocks; names are unique, and so are neighbours per port.
    pub bfd: Vec<BfdInstance>,
    /// `virtual_server` blocks; no two share a service.
    pub virtual_servers: Vec<Arc<VirtualServer>>,
    /// `virtual_server_group` blocks; kept with `enable_snmp_checker` or `-x` only.
    pub server_groups: Vec<ServerGroup>,
    /// `static_ipaddress`, `static_routes` and `static_rules`.
    pub fixtures: Fixtures,
}

impl Configuration {
    /// The instances, in file order.
    pub fn routers(&self) -> impl DoubleEndedIterator<Item = &Instance> + Clone {
        self.instances.iter().map(AsRef::as_ref)
    }

    /// Whether there is anything for a data plane to do.
    pub fn needs_data_plane(&self) -> bool {
        let lvs = &self.global.lvs;
        !self.virtual_servers.is_empty() || lvs.sync.is_some() || lvs.timeouts != LvsTimeouts::default()
    }
}

/// `global_defs`: what is not a default of instances (those are already merged into them).
#[derive(Clone, Debug, PartialEq)]
pub struct Global {
    /// `router_id`, or the host name.
    pub router_id: String,
    /// `data_plane` (steadfast's own keyword).
    pub data_plane: DataPlane,
    /// `data_plane_threads` (steadfast's own keyword): threads of the user-space plane; `None`: it decides itself.
    pub data_plane_threads: Option<u8>,
    /// `script_user USER [GROUP]`: whom scripts run as when they name nobody.
    pub script_user: Option<ScriptUser>,
    /// `enable_script_security`.
    pub script_security: bool,
    /// How the VRRP thread is scheduled.
    pub schedule: Schedule,
    /// How the VRRP thread goes about its work.
    pub tuning: Tuning,
    /// The daemon's processes and threads.
    pub household: Household,
    /// `rs_init_notifies`: real servers that are up from the start are told of like those that come up.
    pub tells_first_servers: bool,
    /// The kernel's IPVS.
    pub lvs: Lvs,
    /// `vrrp_startup_delay`.
    pub startup_delay: Duration,
    /// `net_namespace`: the network namespace to live in, by its name under `/run/netns`.
    pub namespace: Option<String>,
    /// `instance`: which of several daemons in one namespace this is.
    pub instance: Option<String>,
    /// `use_pid_dir`: the pid file is in `/run/keepalived`.
    pub pid_directory: bool,
    /// `startup_script`: runs before anything else does.
    pub startup_script: Option<TimedScript>,
    /// `shutdown_script`: runs when everything has ended.
    pub shutdown_script: Option<TimedScript>,
    /// FIFOs that are told of changes.
    pub fifos: Fifos,
    /// Mail about changes.
    pub mail: Mail,
    /// What signals make it write.
    pub dumps: Dumps,
    /// The daemon on the system bus.
    pub dbus: Dbus,
    /// How this file is read again.
    pub reload: Reload,
    /// `umask`: the permissions that no file of ours gets.
    pub umask: Option<u32>,
    /// What SNMP tells.
    pub snmp: Snmp,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            router_id: String::new(),
            data_plane: DataPlane::Auto,
            data_plane_threads: None,
            script_user: None,
            script_security: false,
            schedule: Schedule::default(),
            tuning: Tuning::default(),
            household: Household::default(),
            tells_first_servers: false,
            lvs: Lvs::default(),
            startup_delay: Duration::ZERO,
            namespace: None,
            instance: None,
            pid_directory: false,
            startup_script: None,
            shutdown_script: None,
            fifos: Fifos::default(),
            mail: Mail::default(),
            dumps: Dumps::default(),
            dbus: Dbus::default(),
            reload: Reload::default(),
            umask: None,
            snmp: Snmp::default(),
        }
    }
}

/// `data_plane auto|kernel|user`: who forwards the packets of virtual servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataPlane {
    /// The kernel's IPVS where it exists, else the user-space plane.
    Auto,
    /// The kernel's IPVS or nothing.
    Kernel,
    /// The user-space plane on packet sockets.
    User,
}

/// A user, and the group to go with it, by name or number as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScriptUser {
    /// User name or number.
    pub user: String,
    /// Group name or number; the user's own group when absent.
    pub group: Option<String>,
}

/// A command to run, split into words as keepalived splits it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script {
    /// Program and arguments; never empty.
    pub words: Vec<String>,
    /// Whom to run it as, when said here.
    pub user: Option<Box<ScriptUser>>,
}

/// One `vrrp_instance`.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub struct Instance {
    /// The name after `vrrp_instance`.
    pub name: String,
    /// `interface`: where adverts are sent and heard.
    pub interface: String,
    /// Interfaces that it makes (`use_vmac`, `use_ipvlan`, `use_vmac_addr`). Where it has one of its own for its
    /// addresses, that is the first and lies on `interface`.
    pub virtual_interfaces: Seldom<Vec<VirtualInterface>>,
    /// `vmac_xmit_base`: adverts have the link address of `interface`, not the virtual one.
    pub transmit_base: bool,
    /// `virtual_router_id`.
    pub vrid: Vrid,
    /// `version`, or the global one; 3 for IPv6.
    pub version: Version,
    /// `version both` (steadfast's own): version 2 beside version 3 (RFC 9568 §8.4).
    pub both_versions: bool,
    /// `priority` (100 when not said; 255 when not said beside `state MASTER`).
    pub priority: Priority,
    /// `state MASTER`: the initial wish. It also clears `nopreempt`.
    pub wants_active: bool,
    /// `advert_int`: whole seconds for version 2, 10 ms to 40.95 s in steps of 10 ms for version 3.
    pub advert_interval: Duration,
    /// `authentication` or `auth_hmac`.
    pub authentication: Authentication,
    /// `virtual_ipaddress`: advertised, all of one family. Empty where it elects only
    /// (`no_virtual_ipaddress`).
    pub addresses: Vec<VirtualAddress>,
    /// `virtual_ipaddress_excluded`: held like the others but not advertised; any family.
    pub excluded: Seldom<Vec<VirtualAddress>>,
    /// `virtual_routes`: there while it is Active.
    pub routes: Seldom<Vec<Route>>,
    /// `virtual_rules`: there while it is Active.
    pub rules: Seldom<Vec<Rule>>,
    /// False with `nopreempt`.
    pub preempt: bool,
    /// `preempt_delay`.
    pub preempt_delay: Duration,
    /// `unicast_src_ip` or `mcast_src_ip`: the source of adverts; the interface's primary address if absent.
    pub source: Option<IpAddr>,
    /// `track_src_ip`: the interface has to have it.
    pub track_source: bool,
    /// `mcast_dst_ip` or `vrrp_mcast_group4` and `6`: another group than 224.0.0.18 and `ff02::12`.
    pub group: Option<IpAddr>,
    /// `unicast_peer`: adverts go to each of these instead of the multicast group. Empty: multicast.
    pub unicast_peers: Seldom<Vec<UnicastPeer>>,
    /// `check_unicast_src`: adverts from elsewhere than a peer are dropped.
    pub check_unicast_source: bool,
    /// `unicast_ttl`: TTL of unicast adverts.
    pub unicast_ttl: u8,
    /// Which checksum goes out in version 3 over IPv4 (`v3_checksum_as_v2`).
    pub checksum: ChecksumForm,
    /// `v3_checksum_as_v2 follow` (steadfast's own): what a better router sends instead, once one was heard.
    pub follow_checksum: bool,
    /// Announcements (`garp_master_*`).
    pub garp: Garp,
    /// `accept` or not `no_accept`: packets to the virtual addresses are taken by this host.
    pub accept: bool,
    /// `strict_mode` or `vrrp_strict`.
    pub strict: bool,
    /// `skip_check_adv_addr`.
    pub skip_address_check: bool,
    /// `lower_prio_no_advert`: stay silent when a lesser router is heard while Active.
    pub lower_priority_no_advert: bool,
    /// `higher_prio_send_advert`: send one last advert when yielding to a better router. On unless it is said to be
    /// off, or strict.
    pub higher_priority_send_advert: bool,
    /// `down_timer_adverts`: how many adverts may be missed, 3 by default.
    pub down_timer_adverts: u8,
    /// `dont_track_primary`.
    pub ignore_own_interface: bool,
    /// `promote_secondaries`: when the first address of a subnet goes from `interface`, the others stay.
    pub promote_secondaries: bool,
    /// `track_interface`.
    pub track_interfaces: Seldom<Vec<Tracked>>,
    /// `track_script`: the name is one of [`Configuration::scripts`]; the weight is the effective one.
    pub track_scripts: Seldom<Vec<Tracked>>,
    /// `track_file`: the name is one of [`Configuration::files`]; the weight is the effective one, -254..=254.
    pub track_files: Seldom<Vec<Tracked>>,
    /// `track_process`: the name is one of [`Configuration::processes`]; the weight is the effective one.
    pub track_processes: Seldom<Vec<Tracked>>,
    /// `track_bfd`: the name is one of [`Configuration::bfd`]; the weight is the effective one.
    pub track_bfd: Seldom<Vec<Tracked>>,
    /// Notify scripts.
    pub notify: Seldom<Notify>,
    /// What hardly any instance says; [`Instance::rare`] has it in any case.
    pub rare: Option<Box<Rare>>,
}

impl Instance {
    /// The family of its adverts: that of its addresses, and of its source or peers where it has none.
    pub fn family(&self) -> vrrp_core::Family {
        let addresses = self.addresses.iter().map(|address| address.address);
        let peers = self.unicast_peers.iter().map(|peer| peer.address);
        let first = addresses.chain(self.source).chain(peers).next();
        match first {
            Some(first) => vrrp_core::Family::of(first),
            None if self.rare().over_v6 => vrrp_core::Family::V6,
            None => vrrp_core::Family::V4,
        }
    }

    /// Whether `other` is the same virtual router with other settings at most: a reload keeps its state.
    pub fn is_same_router(&self, other: &Self) -> bool {
        self.other_identity(other).next().is_none()
    }

    /// In what `other` is another virtual router, in the words of the file.
    pub fn other_identity(&self, other: &Self) -> impl Iterator<Item = &'static str> {
        let differs = [
            (self.vrid != other.vrid, "virtual_router_id"),
            (self.interface != other.interface, "interface"),
            (self.virtual_interfaces != other.virtual_interfaces, "its virtual interfaces"),
            (self.group != other.group, "mcast_dst_ip"),
            (self.family() != other.family(), "the address family"),
            (self.unicast_peers.is_empty() != other.unicast_peers.is_empty(), "unicast_peer"),
        ];
        differs.into_iter().filter_map(|(differs, word)| differs.then_some(word))
    }

    /// The link address that adverts come from, where that is not the one of the interface.
    pub fn virtual_source(&self) -> Option<[u8; 6]> {
        let own = self.own_virtual_interface().filter(|_| !self.transmit_base)?;
        match own.kind {
            VirtualKind::Macvlan { mac } => Some(mac),
            VirtualKind::Ipvlan { .. } => None,
        }
    }

    /// The virtual interface on the interface of adverts, which holds what goes nowhere else.
    pub fn own_virtual_interface(&self) -> Option<&VirtualInterface> {
        self.virtual_interfaces.first().filter(|first| first.base == self.interface)
    }
}

/// How the adverts of an instance prove whom they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authentication {
    /// Not at all.
    #[default]
    None,
    /// `auth_type PASS`: the password, padded with zeros. Version 2 only.
    Password([u8; 8]),
    /// `auth_type AH`: the key, padded with zeros. Version 2 only.
    Header([u8; 8]),
    /// `auth_hmac`.
    Trailer(Box<vrrp_core::seal::Trailer>),
}

/// An address of `virtual_ipaddress` or `virtual_ipaddress_excluded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// Prefix length; 32 or 128 when not said.
    pub prefix: u8,
    /// `dev`: another interface than the instance's.
    pub interface: Option<String>,
    /// `label` (IPv4).
    pub label: Option<String>,
    /// `scope` as the kernel numbers it (global 0, site 200, link 253, host 254, nowhere 255).
    pub scope: Option<u8>,
    /// `brd ADDRESS` or `brd +`, worked out.
    pub broadcast: Option<core::net::Ipv4Addr>,
    /// `peer`.
    pub peer: Option<IpAddr>,
    /// The words behind it.
    pub options: AddressOptions,
    /// While the file is read: which of the instance's virtual interfaces is to hold it.
    pub(super) held_by: Option<usize>,
}

impl VirtualAddress {
    /// An address without options.
    pub fn new(address: IpAddr, prefix: u8) -> Self {
        Self {
            address,
            prefix,
            interface: None,
            label: None,
            scope: None,
            broadcast: None,
            peer: None,
            options: AddressOptions::default(),
            held_by: None,
        }
    }
}

/// Words behind an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub struct AddressOptions {
    /// `use_vmac`: held by a virtual interface on `dev`.
    pub own_interface: bool,
    /// `-nodad`: duplicate address detection is done, against RFC 9568 §8.2.2.
    pub detect_duplicates: bool,
    /// `home` (RFC 6275).
    pub home: bool,
    /// `mngtmpaddr`: the kernel makes temporary addresses of it (RFC 8981).
    pub manage_temporary: bool,
    /// `noprefixroute`.
    pub no_prefix_route: bool,
    /// `autojoin`: joins the group, where the address is one.
    pub autojoin: bool,
    /// `no_track`: it is not put back when something else removes it.
    pub untracked: bool,
    /// `preferred_lft`: preferred as a source for so many seconds; `u32::MAX` for ever.
    pub preferred_lifetime: Option<u32>,
    /// It stands in `static_ipaddress`: adverts may come from it, unlike from a virtual address.
    pub lasting: bool,
}

/// A peer of a unicast instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnicastPeer {
    /// Where adverts go.
    pub address: IpAddr,
    /// `min_ttl`: the least TTL accepted from it.
    pub min_ttl: u8,
    /// `max_ttl`: the greatest TTL accepted from it.
    pub max_ttl: u8,
}

/// Gratuitous ARP and unsolicited neighbour advertisements of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garp {
    /// Announcements per burst and address (`garp_master_repeat`, 5).
    pub repeat: u8,
    /// Wait before the second burst (`garp_master_delay`, 5 s); zero: no second burst.
    pub delay: Duration,
    /// Period of the refresh (`garp_master_refresh`); zero: none.
    pub refresh: Duration,
    /// Announcements per refresh (`garp_master_refresh_repeat`, 1).
    pub refresh_repeat: u8,
    /// Announcements after a lesser router was heard (`garp_lower_prio_repeat`, as `repeat`).
    pub lower_priority_repeat: u8,
    /// Wait before the second burst after that (`garp_lower_prio_delay`, as `delay`); zero: no second burst.
    pub lower_priority_delay: Duration,
}

/// Something whose health moves a priority or faults an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Name of the interface, script, file or process.
    pub name: String,
    /// 0: failure is a fault. Positive: added while good. Negative: subtracted while bad. -253..=253.
    pub weight: i16,
    /// `reverse`: what would be added is taken off, and the other way round; with weight 0, being good is the fault.
    pub reverse: bool,
}

/// What an instance or a group tracks, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracks {
    /// `track_interface`.
    pub interfaces: Vec<Tracked>,
    /// `track_script`.
    pub scripts: Vec<Tracked>,
    /// `track_file`.
    pub files: Vec<Tracked>,
    /// `track_process`.
    pub processes: Vec<Tracked>,
    /// `track_bfd`.
    pub bfd: Vec<Tracked>,
}

impl Usual for Tracks {
    const USUAL: &'static Self = &Self {
        interfaces: Vec::new(),
        scripts: Vec::new(),
        files: Vec::new(),
        processes: Vec::new(),
        bfd: Vec::new(),
    };
}

/// `notify*` of an instance or a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// `notify_master`.
    pub master: Option<Script>,
    /// `notify_backup`.
    pub backup: Option<Script>,
    /// `notify_fault`.
    pub fault: Option<Script>,
    /// `notify_stop`.
    pub stop: Option<Script>,
    /// `notify`: gets `INSTANCE|GROUP`, name, state and priority after its own arguments.
    pub any: Option<Script>,
    /// `notify_deleted`: a reload that takes the instance away is told as DELETED, not as FAULT.
    pub tells_deletion: bool,
    /// The script of `notify_deleted`.
    pub deleted: Option<Script>,
    /// `notify_master_rx_lower_pri`: a lesser router advertises while this one is Active.
    pub lower_priority: Option<Script>,
    /// `notify_priority_changes`: FIFOs are told of a changed effective priority.
    pub priority_changes: bool,
    /// `smtp_alert`: mail is sent of each transition.
    pub mail: bool,
}

impl Usual for Notify {
    const USUAL: &'static Self = &Self {
        master: None,
        backup: None,
        fault: None,
        stop: None,
        any: None,
        tells_deletion: false,
        deleted: None,
        lower_priority: None,
        priority_changes: false,
        mail: false,
    };
}

impl Notify {
    /// Every script there is.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        let Self { master, backup, fault, stop, any, deleted, lower_priority, .. } = self;
        [master, backup, fault, stop, any, deleted, lower_priority].into_iter().flatten()
    }
}

/// One `vrrp_sync_group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncGroup {
    /// The name after `vrrp_sync_group`.
    pub name: String,
    /// Names of instances, in file order.
    pub members: Vec<String>,
    /// Notify scripts of the group.
    pub notify: Notify,
    /// What the group itself tracks; its members have it among their own.
    pub tracks: Seldom<Tracks>,
}

/// One `vrrp_script`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackScript {
    /// The name after `vrrp_script`.
    pub name: String,
    /// What runs.
    pub script: Script,
    /// Start-to-start period.
    pub interval: Duration,
    /// SIGTERM after this long, SIGKILL 2 s later; the interval when not said.
    pub timeout: Duration,
    /// Weight for instances that do not say their own.
    pub weight: i16,
    /// `reverse` beside the weight.
    pub reverse: bool,
    /// Successes before it counts as good.
    pub rise: u32,
    /// Failures before it counts as bad.
    pub fall: u32,
    /// `init_fail`: bad until proven good.
    pub init_fail: bool,
}

/// Where a configuration came from, for messages and for reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Every file read, the main one first.
    pub files: Vec<PathBuf>,
}
