//! The whole director: services, schedulers, connections and rewriting behind one entrance for packets.

use core::time::Duration;

use crate::plan::Step;
use crate::service::ServiceKey;

mod memory;
mod status;
mod verdict;

pub use memory::{DestinationSlot, Memory, ServiceSlot, Storage};
pub use status::{Counters, DestinationStatus, ServiceStatus, Statistics};
pub use verdict::{Direction, Outgoing, Reason, Verdict};

/// Balances packets over real servers.
#[derive(Debug)]
pub struct Director<'m> {
    memory: Memory<'m>,
    settings: Settings,
    counters: Counters,
}

/// How a director behaves apart from its services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Key of the hash over connections. To be random and secret, so that nobody can aim at one chain.
    pub seed: [u8; 16],
    /// After how long without a packet a connection ends.
    pub timeouts: Timeouts,
    /// The kernel's `expire_nodest_conn`: a connection whose real server was removed ends at its next packet,
    /// which is treated as a new one, instead of being dropped until its timeout.
    pub expire_without_destination: bool,
    /// The kernel's `expire_quiescent_template`: persistent clients leave a real server of weight 0 with their next
    /// connection.
    pub expire_quiescent_template: bool,
}

/// The timeouts that can be set; those of the other TCP states are the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP, established: 900 s.
    pub tcp: Duration,
    /// TCP, after a FIN: 120 s.
    pub tcp_fin: Duration,
    /// UDP: 300 s.
    pub udp: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp: Duration::from_secs(900),
            tcp_fin: Duration::from_secs(120),
            udp: Duration::from_secs(300),
        }
    }
}

/// Why [`Director::apply`] did not take a step; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is there already.
    #[error("the service already exists")]
    ServiceExists,
    /// It is not there.
    #[error("no such service")]
    NoService,
    /// It is there already.
    #[error("the destination already exists")]
    DestinationExists,
    /// It is not there.
    #[error("no such destination")]
    NoDestination,
    /// Every slot lent for services is taken.
    #[error("no room for another service")]
    ServicesFull,
    /// Every slot lent for destinations is taken, some perhaps by removed ones that still have connections.
    #[error("no room for another destination")]
    DestinationsFull,
    /// Firewall marks are set by the kernel's packet filter and not seen here.
    #[error("the user-space data plane sees no firewall marks")]
    Mark,
    /// SCTP.
    #[error("the user-space data plane does not balance SCTP")]
    Protocol,
    /// Not one that [`Method::in_user_space`](crate::Method::in_user_space) names.
    #[error("the user-space data plane does not have this scheduler")]
    Method,
    /// A tunnel.
    #[error("the user-space data plane does not build tunnels")]
    Tunnel,
    /// Only tunnels reach a real server of the other family.
    #[error("the real server is of another address family than the service")]
    Family,
    /// Port 0 stands for every port, which works with persistence only, as in the kernel.
    #[error("port 0 needs persistence")]
    WildcardPort,
    /// The lower threshold is above the upper one.
    #[error("the lower threshold is above the upper one")]
    Thresholds,
}

impl<'m> Director<'m> {
    /// A director without services.
    pub fn new(memory: Memory<'m>, settings: Settings) -> Self {
        Self { memory, settings, counters: Counters::default() }
    }

    /// Takes one step of [`plan`](crate::plan()).
    pub fn apply(&mut self, now: Duration, step: &Step) -> Result<(), Refused> {
        let _ = (now, step, &self.memory, &self.settings);
        Err(Refused::ServicesFull)
    }

    /// Decides about an IP packet (link header stripped), rewriting it in place where it is to be forwarded.
    pub fn forward(&mut self, now: Duration, packet: &mut [u8]) -> Verdict {
        let _ = (now, packet);
        Verdict::Pass
    }

    /// When to call [`tick`](Self::tick); `None` while there is no connection.
    pub fn deadline(&self) -> Option<Duration> {
        None
    }

    /// Ends connections whose time is up: a bounded share of the table per call.
    pub fn tick(&mut self, now: Duration) {
        let _ = now;
    }

    /// The services, sorted by key.
    pub fn services(&self) -> impl Iterator<Item = ServiceStatus> {
        core::iter::empty()
    }

    /// The destinations of a service, newest first; none when there is no such service.
    pub fn destinations(&self, service: &ServiceKey) -> impl Iterator<Item = DestinationStatus> {
        let _ = service;
        core::iter::empty()
    }

    /// What was refused and dropped.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}
