//! Virtual servers, their real servers and how those are checked.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::{Forward, Probe, Script};

/// One `virtual_server`: a service of the director, or those of a `virtual_server_group`, with one set of servers.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub struct VirtualServer {
    /// The name of its group.
    pub group: Option<String>,
    /// The service as IPVS knows it: address or mark, scheduler, flags, persistence. Of a group the first.
    pub service: ipvs_core::Service,
    /// The other services of a group.
    pub siblings: Vec<ipvs_core::Service>,
    /// How packets reach the real servers (`lb_kind`).
    pub forward: Forward,
    /// `quorum`.
    pub quorum: u32,
    /// `hysteresis`.
    pub hysteresis: u32,
    /// `quorum_up`.
    pub quorum_up: Option<Script>,
    /// `quorum_down`.
    pub quorum_down: Option<Script>,
    /// `smtp_alert`: mail is sent when the quorum is gained or lost.
    pub mail: bool,
    /// `alpha`: real servers start down.
    pub alpha: bool,
    /// `omega`: down scripts run at stop.
    pub omega: bool,
    /// `sorry_server`, and how packets reach it. Port 0: that of each service of a group.
    pub sorry_server: Option<(SocketAddr, Forward)>,
    /// `sorry_server_inhibit`.
    pub sorry_server_inhibit: bool,
    /// `ha_suspend`: no checks while this host has none of these addresses; empty: checks are made all the time.
    pub suspended_without: Vec<IpAddr>,
    /// The real servers, in file order.
    pub real_servers: Vec<RealServer>,
    /// What SNMP tells beside all this; kept with `enable_snmp_checker` or `-x` only.
    pub words: Option<Box<ServiceWords>>,
}

/// Words of a virtual server as they stand in the file, before its checks take them up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceWords {
    /// Its own.
    pub own: ServerWords,
    /// `weight` of real servers that do not say theirs.
    pub weight: u32,
    /// `inhibit_on_failure` of real servers that do not say theirs.
    pub inhibit_on_failure: bool,
    /// Those of its real servers, in the same order.
    pub servers: Vec<ServerWords>,
}

/// Words that a virtual and a real server both have. What a real server does not say its virtual server says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerWords {
    /// `snmp_name`, its own.
    pub name: Option<String>,
    /// `virtualhost`, its own.
    pub virtual_host: Option<String>,
    /// `delay_loop`.
    pub delay_loop: Duration,
    /// `retry`.
    pub retry: Option<u32>,
    /// `delay_before_retry`.
    pub delay_before_retry: Option<Duration>,
    /// `warmup`.
    pub warmup: Option<Duration>,
    /// `connect_timeout`.
    pub connect_timeout: Duration,
    /// `alpha`.
    pub alpha: bool,
}

/// One `virtual_server_group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerGroup {
    /// The name after `virtual_server_group`.
    pub name: String,
    /// Its entries, in file order.
    pub entries: Vec<GroupEntry>,
}

/// An entry of a `virtual_server_group`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupEntry {
    /// `fwmark`.
    Mark(u32),
    /// Addresses from the first to the last, with one port.
    Addresses(IpAddr, IpAddr, u16),
}

impl VirtualServer {
    /// All its services, in the order of the file.
    pub fn services(&self) -> impl Iterator<Item = &ipvs_core::Service> {
        core::iter::once(&self.service).chain(&self.siblings)
    }
}

/// One `real_server`.
#[derive(Clone, Debug, PartialEq)]
pub struct RealServer {
    /// Address and port; the service's port for DR and TUN.
    pub address: SocketAddr,
    /// Of a group: behind each service it has that one's port, whatever `address` says. So it is without NAT, and
    /// where the file gives it no port.
    pub follows_port: bool,
    /// `weight`.
    pub weight: u32,
    /// `lvs_method`, or the virtual server's.
    pub forward: Forward,
    /// `inhibit_on_failure`: weight 0 instead of removal.
    pub inhibit_on_failure: bool,
    /// `slow_start` (steadfast's own word): how its weight rises when it comes back.
    pub slow_start: Option<check_core::pool::SlowStart>,
    /// `uthreshold`, 0: none.
    pub upper_threshold: u32,
    /// `lthreshold`, 0: none.
    pub lower_threshold: u32,
    /// `notify_up`.
    pub notify_up: Option<Box<Script>>,
    /// `notify_down`.
    pub notify_down: Option<Box<Script>>,
    /// `smtp_alert`: mail is sent when it goes up or down.
    pub mail: bool,
    /// All must pass; none: always up.
    pub checks: Vec<Check>,
}

/// A health check of one real server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// When and how often.
    pub timing: check_core::Timing,
    /// What a probe is.
    pub probe: Probe,
    /// `log_all_failures`: the log has the failures too that do not take the server down yet.
    pub log_all_failures: bool,
}

impl Check {
    /// A check whose first failures are not logged.
    pub fn new(timing: check_core::Timing, probe: Probe) -> Self {
        Self { timing, probe, log_all_failures: false }
    }
}
