//! What the director can tell about itself.

use core::net::SocketAddr;
use core::time::Duration;

use crate::director::verdict::{Direction, Reason};
use crate::service::{Destination, Protocol, Service};

/// Traffic of a service or of a destination, counted as the kernel does: octets of whole IP packets as they arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub in_packets: u64,
    /// Packets from real servers; seen with NAT only.
    pub out_packets: u64,
    /// Octets from clients.
    pub in_bytes: u64,
    /// Octets from real servers.
    pub out_bytes: u64,
}

impl Statistics {
    /// Nothing counted.
    pub const ZERO: Self = Self { connections: 0, in_packets: 0, out_packets: 0, in_bytes: 0, out_bytes: 0 };

    /// Counts a packet of so many octets.
    #[inline]
    pub(super) fn add(&mut self, direction: Direction, length: usize) {
        let (packets, bytes) = match direction {
            Direction::Request => (&mut self.in_packets, &mut self.in_bytes),
            Direction::Reply => (&mut self.out_packets, &mut self.out_bytes),
        };
        *packets += 1;
        *bytes += length as u64;
    }
}

/// A service and what it has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceStatus {
    /// As configured.
    pub service: Service,
    /// Traffic since it was added.
    pub statistics: Statistics,
}

/// A destination and what it has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DestinationStatus {
    /// As configured.
    pub destination: Destination,
    /// TCP connections that are being or are established.
    pub active: u32,
    /// All others, UDP included.
    pub inactive: u32,
    /// Clients that persistence binds to it.
    pub persistent: u32,
    /// Gets no new connections because of its thresholds.
    pub overloaded: bool,
    /// Traffic since it was added.
    pub statistics: Statistics,
}

/// A connection, or the template of a persistent client; a template has no client port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionStatus {
    /// Transport protocol.
    pub protocol: Protocol,
    /// The client, or its network.
    pub client: SocketAddr,
    /// What the client calls; of a template the service's port.
    pub virtual_server: SocketAddr,
    /// Who answers.
    pub server: SocketAddr,
    /// The kernel's name of the state: `ESTABLISHED`, `UDP`; of a template `ASSURED` or `NONE`.
    pub state: &'static str,
    /// Time left without another packet, in steps of an eighth of a second.
    pub expires_in: Duration,
}

/// What happened to packets that were not simply forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// New connections refused for want of a usable destination.
    pub rejected: u64,
    /// Connections that went without persistence because the table had no room for it.
    pub persistence_refused: u64,
    /// Unverified connections given up for new ones.
    pub evicted: u64,
    /// ICMP errors made for senders of packets that did not go on.
    pub answered: u64,
    /// ICMP errors not made because there were too many.
    pub unanswered: u64,
    /// Packets from clients sent on by lot, because the table had no room for their connection.
    pub stateless: u64,
    dropped: [u64; Reason::ALL.len()],
}

impl Counters {
    /// Packets dropped for this reason.
    pub fn dropped(&self, reason: Reason) -> u64 {
        self.dropped[reason as usize]
    }

    pub(super) fn count(&mut self, reason: Reason) {
        self.dropped[reason as usize] += 1;
    }
}
