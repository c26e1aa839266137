//! What a data plane tells of itself.

use core::net::SocketAddr;

use ipvs_core::{Destination, Forward, Service, ServiceKey, Tunnel};
use serde::Serialize;

/// What a data plane tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// `kernel` or `user`.
    pub plane: String,
    /// Sorted by key.
    pub services: Vec<ServiceStatus>,
    /// What was dropped and why, by name. The kernel tells nothing of the kind.
    pub counters: Vec<(String, u64)>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceStatus {
    /// What it answers to.
    #[serde(skip)]
    pub key: ServiceKey,
    /// The key as keepalived writes it, `[10.0.0.1]:tcp:80`.
    pub service: String,
    /// The scheduler's name.
    pub scheduler: String,
    /// Seconds that a client stays with a real server; 0 without persistence.
    pub persistence: u64,
    /// Traffic.
    pub statistics: Statistics,
    /// Its real servers.
    pub destinations: Vec<DestinationStatus>,
}

/// One real server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DestinationStatus {
    /// Address and port.
    pub address: SocketAddr,
    /// `Masq`, `Route`, `Tunnel` or `Local`, the words of ipvsadm.
    pub forward: &'static str,
    /// Share of new connections.
    pub weight: u32,
    /// Established connections.
    pub active: u32,
    /// Other connections.
    pub inactive: u32,
    /// Clients bound by persistence.
    pub persistent: u32,
    /// Traffic.
    pub statistics: Statistics,
}

/// Totals, and what the kernel makes of them per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients that passed the director.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients that passed the director.
    pub bytes_out: u64,
    /// The kernel's estimate over some seconds; the user-space plane makes none.
    #[serde(skip)]
    pub rates: Rates,
}

/// What passes in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
}

impl ServiceStatus {
    /// Puts a service into words.
    pub fn new(service: &Service, statistics: Statistics, destinations: Vec<DestinationStatus>) -> Self {
        Self {
            key: service.key,
            service: service.key.to_string(),
            scheduler: service.method.name().to_owned(),
            persistence: service.persistence.map_or(0, |persistence| persistence.timeout.as_secs()),
            statistics,
            destinations,
        }
    }
}

impl DestinationStatus {
    /// Puts a destination into words; `connections` are active, inactive and persistent.
    pub fn new(destination: &Destination, connections: [u32; 3], statistics: Statistics) -> Self {
        let [active, inactive, persistent] = connections;
        Self {
            address: SocketAddr::new(destination.address, destination.port),
            forward: word(destination.forward),
            weight: destination.weight,
            active,
            inactive,
            persistent,
            statistics,
        }
    }
}

fn word(forward: Forward) -> &'static str {
    match forward {
        Forward::Masquerade => "Masq",
        Forward::Direct => "Route",
        Forward::Tunnel(Tunnel::Ipip | Tunnel::Gue { .. } | Tunnel::Gre { .. }) => "Tunnel",
        Forward::Local => "Local",
    }
}
