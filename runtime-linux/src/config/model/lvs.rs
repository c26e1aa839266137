//! `global_defs`: the kernel's IPVS beside its services.

use core::net::IpAddr;
use core::time::Duration;

/// What the `lvs_*` words say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lvs {
    /// `lvs_flush`: at the first start every service goes that this configuration does not have.
    pub flush: bool,
    /// `lvs_flush_on_stop`.
    pub flush_on_stop: FlushOnStop,
    /// `lvs_timeouts`.
    pub timeouts: LvsTimeouts,
    /// `lvs_reconcile_interval` (steadfast's own): how often all that is ours is compared with what is there; zero: when
    /// something changes here only.
    pub reconcile_interval: Duration,
    /// `lvs_sync_daemon`.
    pub sync: Option<SyncDaemon>,
    /// `net_namespace_ipvs`: the network namespace whose IPVS it is, by its name under `/run/netns`; empty: the one
    /// that the daemon was started in.
    pub namespace: Option<String>,
    /// `nftables_ipvs` and its like.
    pub marking: Marking,
}

/// How packets to the addresses of a group are given one firewall mark, so that one service takes them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marking {
    /// `nftables_ipvs NAME`: the table of nftables that does it. None: each address is a service of its own.
    pub table: Option<String>,
    /// `nftables_ipvs_priority`: where among the chains of the input hook it is.
    pub priority: i32,
    /// `nftables_ipvs_start_fwmark`: the first mark; each virtual server has the next.
    pub first: u32,
}

impl Default for Marking {
    fn default() -> Self {
        Self { table: None, priority: -1, first: 1000 }
    }
}

impl Default for Lvs {
    fn default() -> Self {
        Self {
            flush: false,
            flush_on_stop: FlushOnStop::Ours,
            timeouts: LvsTimeouts::default(),
            reconcile_interval: Duration::from_secs(10),
            sync: None,
            namespace: None,
            marking: Marking::default(),
        }
    }
}

impl Lvs {
    /// The instance that waits for connections before it preempts, and for how long at most.
    pub fn sync_wait(&self) -> Option<(&str, Duration)> {
        let sync = self.sync.as_ref().filter(|sync| !sync.wait.is_zero())?;
        Some((sync.instance.as_deref()?, sync.wait))
    }
}

/// What goes from the kernel at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushOnStop {
    /// The services of this daemon; `lvs_flush_on_stop VS` says no more.
    Ours,
    /// `lvs_flush_on_stop`: every service, whoever made it.
    Everything,
}

/// `lvs_timeouts`, in seconds; 0: as the kernel has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LvsTimeouts {
    /// `tcp`: established connections.
    pub tcp: u32,
    /// `tcpfin`: connections after a FIN.
    pub tcp_fin: u32,
    /// `udp`.
    pub udp: u32,
}

/// `lvs_sync_daemon`: connections are sent to the other director, or taken over from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncDaemon {
    /// Where.
    pub interface: String,
    /// The router that it follows: it sends while that is Active and hears while it is not. None: it always does both.
    pub instance: Option<String>,
    /// `id`, or the VRID of the instance, or 0.
    pub id: u8,
    /// `maxlen`: longest message in bytes; 0: what fits the interface.
    pub longest: u16,
    /// `port`; 0: 8848.
    pub port: u16,
    /// `ttl`; 0: 1.
    pub ttl: u8,
    /// `group`; none: 224.0.0.81.
    pub group: Option<IpAddr>,
    /// `lvs_sync_wait` (steadfast's own): for how long at most its instance, after a start, leaves the other director
    /// in charge until connections have arrived; zero: it does not wait.
    pub wait: Duration,
}
