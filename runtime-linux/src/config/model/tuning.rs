//! How the VRRP thread goes about its work where it does not depend on one instance: pacing, patience, buffers, names.

use core::time::Duration;

/// Words of `global_defs` and of the root that the VRRP thread works by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// `vrrp_garp_interval` and `vrrp_gna_interval`.
    pub gaps: Gaps,
    /// `garp_group`: interfaces that share one pace.
    pub pace_groups: Vec<PaceGroup>,
    /// `interface_up_down_delays`.
    pub link_delays: Vec<LinkDelay>,
    /// `log_unknown_vrids`: an advert of a virtual router that nobody here belongs to is told once.
    pub log_unknown_vrids: bool,
    /// `vrrp_rx_bufs_policy` and `vrrp_rx_bufs_multiplier`; absent: the thread's own choice.
    pub receive_buffer: Option<ReceiveBuffer>,
    /// `vrrp_netlink_cmd_rcv_bufs`: of the socket for requests.
    pub request_buffer: Option<NetlinkBuffer>,
    /// `vrrp_netlink_monitor_rcv_bufs`: of the socket that hears of changes.
    pub monitor_buffer: Option<NetlinkBuffer>,
    /// `nftables` and its like: the table of addresses that take no packets.
    pub closed_table: ClosedTable,
    /// `disable_local_igmp`: nobody is told who listens to 224.0.0.0/24.
    pub no_local_reports: bool,
    /// `max_auto_priority` and `min_auto_priority_delay`.
    pub auto_priority: Option<AutoPriority>,
}

/// The least time between two announcements on one interface; zero: no gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Gratuitous ARP (`vrrp_garp_interval`).
    pub arp: Duration,
    /// Unsolicited neighbour advertisements (`vrrp_gna_interval`).
    pub ndisc: Duration,
}

/// One `garp_group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceGroup {
    /// The gaps between announcements on all of its interfaces together.
    pub gaps: Gaps,
    /// The names of its interfaces; no other group has one of them.
    pub interfaces: Vec<String>,
}

/// How long an interface has to be down, or up, before that counts. Zero: it counts at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkDelay {
    /// The interface.
    pub interface: String,
    /// Until it is down, up to 255 s.
    pub down: Duration,
    /// Until it is up, up to 255 s.
    pub up: Duration,
}

/// How large the receive buffer of a socket for adverts is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveBuffer {
    /// What there is room for.
    pub policy: BufferPolicy,
    /// How many of them for each instance; 3 by default. It counts for nothing beside a number of bytes.
    pub multiplier: u32,
}

/// What a receive buffer is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferPolicy {
    /// The largest packet of the interface.
    Mtu,
    /// The advert of the instance.
    Advert,
    /// So many bytes for each instance.
    Bytes(u32),
}

/// The receive buffer of a netlink socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetlinkBuffer {
    /// How many bytes of messages it takes.
    pub bytes: u32,
    /// `…_force`: beyond the limit of the host, `net.core.rmem_max`.
    pub force: bool,
}

/// The table of nftables that drops what is addressed to a closed address, and counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedTable {
    /// `nftables NAME`.
    pub name: String,
    /// `nftables_priority`: where among the chains of the input hook it is.
    pub priority: i32,
}

impl Default for ClosedTable {
    fn default() -> Self {
        Self { name: "steadfast".to_owned(), priority: -1 }
    }
}

/// `max_auto_priority`: who is late runs in real time, and more urgently each time that it is late again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoPriority {
    /// The greatest priority of `SCHED_RR` that it takes, 1 to 99.
    pub most: u8,
    /// `min_auto_priority_delay`: what is so late is late.
    pub delay: Duration,
}
