//! The whole director: services, schedulers, connections and rewriting behind one entrance for packets.

use core::net::SocketAddr;
use core::time::Duration;

use crate::complaint::Limit;
use crate::connection::{Kind, Spans, Table, Ticks, Timeouts, narrowed};
use crate::fragment::Fragments;
use crate::plan::Step;
use crate::schedule::Workshop;
use crate::service::ServiceKey;
use crate::tunnel::Entrance;

mod answer;
mod error;
mod established;
mod flow;
mod forward;
mod memory;
mod open;
pub mod parts;
mod preview;
mod rendezvous;
mod servers;
mod services;
mod stateless;
mod status;
mod tunnel;
mod verdict;

pub use memory::{Memory, Storage};
pub use preview::Preview;
use services::Services;
pub use services::{DestinationSlot, ServiceSlot};
pub use status::{ConnectionStatus, Counters, DestinationStatus, ServiceStatus, Statistics};
pub use verdict::{Arrival, Direction, Fit, Outgoing, Reason, Verdict};

/// Balances packets over real servers, as the kernel's IPVS does.
///
/// When its table of connections is full, new ones take the place of those whose time is up, then of those whose client
/// has not shown that it is there, the oldest first. Where there is none of either, they are served without an entry:
/// their server is drawn by lot, the same for every packet while the weights stay.
///
/// What it does not do: FTP data connections get no special treatment; fragments that overtake the first one of their
/// packet are dropped, and so are fragments of SCTP through NAT; ICMP errors are passed that come in fragments or are
/// about a packet without an entry, and so are replies to such a packet of a service by firewall mark; what a server
/// sends without having been asked is passed, be it behind NAT or not.
#[derive(Debug)]
pub struct Director<'m> {
    services: Services<'m>,
    connections: Table<'m>,
    fragments: Fragments<'m>,
    settings: Settings,
    spans: Spans,
    counters: Counters,
    tunnels: Entrance,
    complaints: Limit,
    /// When the table last had no room for a new connection.
    shortage: Option<Ticks>,
    /// When [`tick`](Self::tick) goes on with what it has left.
    resumes: Duration,
}

/// How a director behaves apart from its services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Key of the hash over connections, of the improved `mh`, and of what `twos` draws. To be random and secret, so
    /// that nobody can aim at one chain or one server.
    pub seed: [u8; 16],
    /// After how long without a packet a connection ends.
    pub timeouts: Timeouts,
    /// The kernel's `expire_nodest_conn`: a connection whose real server was removed ends at its next packet,
    /// which is treated as a new one, instead of being dropped until its timeout.
    pub expire_without_destination: bool,
    /// The kernel's `expire_quiescent_template`: persistent clients leave a real server of weight 0 with their next
    /// connection.
    pub expire_quiescent_template: bool,
    /// Lower the maximum segment size in SYNs and their answers to what fits through the links on both sides and the
    /// tunnel. It bounds what comes back to who sent the SYN: replies that do not come by here are the servers' to bound.
    pub clamp_mss: bool,
}

impl Settings {
    /// The kernel's defaults.
    pub fn new(seed: [u8; 16]) -> Self {
        Self {
            seed,
            timeouts: Timeouts::default(),
            expire_without_destination: false,
            expire_quiescent_template: false,
            clamp_mss: false,
        }
    }
}

/// Why [`Director::apply`] did not take a step; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    /// The memory lent for tables has no room for that of `mh`.
    #[error("no room for the table of another service by mh")]
    TablesFull,
    /// `mh` has as many servers as slots in its table.
    #[error("mh takes no more servers than its table has slots")]
    TooManyServers,
    /// A persistence engine.
    #[error("the user-space data plane has no persistence engines")]
    Engine,
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
        let Memory {
            services,
            destinations,
            connections,
            timers,
            buckets,
            fragments,
            index,
            tables,
            localities,
        } = memory;
        let workshop = Workshop::new(index, tables, localities, &settings.seed);
        Self {
            services: Services::new(services, destinations, workshop),
            connections: Table::new(connections, timers, buckets, &settings.seed),
            fragments: Fragments::new(fragments, &settings.seed),
            tunnels: Entrance::new(&settings.seed),
            complaints: Limit::FULL,
            spans: Spans::of(&settings.timeouts),
            settings,
            counters: Counters::default(),
            shortage: None,
            resumes: Duration::ZERO,
        }
    }

    /// Takes one step of [`plan`](crate::plan()). Connections stay with their destinations.
    ///
    /// As in the kernel, the packets of a removed destination's connections are dropped until those time out, or
    /// until the destination is added to the service again and has them back. With
    /// [`Settings::expire_without_destination`] they find another destination instead. A removed service does not get
    /// its connections back (in the kernel it does, and finds its servers overloaded with them).
    pub fn apply(&mut self, step: &Step) -> Result<(), Refused> {
        match step {
            Step::AddService(service) => self.services.add_service(service),
            Step::EditService(service) => self.services.edit_service(service),
            Step::RemoveService(key) => self.services.remove_service(key),
            Step::AddDestination { service, destination } => {
                self.services.add_destination(service, destination)
            }
            Step::EditDestination { service, destination } => {
                self.services.edit_destination(service, destination)
            }
            Step::RemoveDestination { service, address, port } => {
                self.services.remove_destination(service, *address, *port)
            }
        }
    }

    /// Decides about an IP packet (link header stripped). Nothing is written until the way is known and
    /// [`Outgoing::write`] is called, so that what cannot be sent is still as it came.
    ///
    /// Its checksums must be complete: what a sender on the same host left to the hardware is not filled in here.
    pub fn forward(&mut self, now: Duration, arrival: Arrival, packet: &[u8]) -> Verdict {
        self.forward_previewed(now, arrival, packet, &self.preview_one(packet))
    }

    /// When to call [`tick`](Self::tick); `None` while there is no connection.
    pub fn deadline(&self) -> Option<Duration> {
        if self.connections.is_behind() {
            return Some(self.resumes);
        }
        self.connections.due().map(|second| Duration::from_secs(second.into()))
    }

    /// Ends connections whose time is up, a bounded number per call. One that is met by a packet ends on time in any
    /// case; what the counts of its server lag behind is about a second.
    pub fn tick(&mut self, now: Duration) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let ticks = Ticks::at(now);
        let second = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
        let mut budget = SHARE;
        while let Some(index) = self.connections.take_expired(ticks, second, &mut budget) {
            self.expire(ticks, index);
        }
        self.resumes = now.saturating_add(PAUSE);
    }

    /// The services, sorted by key.
    pub fn services(&self) -> impl Iterator<Item = ServiceStatus> {
        self.services
            .iter()
            .map(|(service, statistics)| ServiceStatus { service: *service, statistics: *statistics })
    }

    /// The destinations of a service, newest first; none when there is no such service.
    pub fn destinations(&self, service: &ServiceKey) -> impl Iterator<Item = DestinationStatus> {
        self.services.destinations(service).map(|slot| DestinationStatus {
            destination: slot.destination,
            active: slot.server.active,
            inactive: slot.server.inactive,
            persistent: slot.persistent,
            overloaded: slot.server.overloaded,
            statistics: slot.statistics,
        })
    }

    /// The connections and the templates of persistent clients, in no particular order.
    pub fn connections(&self, now: Duration) -> impl Iterator<Item = ConnectionStatus> {
        let now = Ticks::at(now);
        let entries = (0..self.connections.extent()).filter_map(|index| self.connections.get(index));
        entries.filter_map(move |entry| {
            let server = self.services.destination(entry.destination)?.destination.address;
            let address = |address| narrowed(entry.family, address);
            Some(ConnectionStatus {
                protocol: entry.protocol,
                client: SocketAddr::new(address(entry.client), entry.client_port),
                virtual_server: SocketAddr::new(address(entry.virtual_address), entry.virtual_port),
                server: SocketAddr::new(server, entry.server_port),
                state: match entry.kind {
                    Kind::Connection { state, .. } => state.name(),
                    Kind::Template { assured: true, .. } => "ASSURED",
                    Kind::Template { assured: false, .. } | Kind::Free => "NONE",
                },
                expires_in: entry.expires.until(now),
            })
        })
    }

    /// What was refused and dropped.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

/// Entries looked at in one call.
const SHARE: usize = 1024;

/// How long packets come first, when that was not enough.
const PAUSE: Duration = Duration::from_millis(1);
