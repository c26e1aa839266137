//! What moves packets that are not for the host: nothing, a gateway, a director.

use core::net::IpAddr;
use core::time::Duration;

use smoltcp::phy::Device;
use vrrp_core::Family;

use crate::frame::Mac;
use crate::host::Host;
use crate::log::Log;
use crate::station::Station;

/// Something that takes packets between the filter and the host's stack.
pub trait Plane {
    /// Whether it forwards packets, so that the host is a router to its neighbours (RFC 4861 §4.4: the flag R).
    const FORWARDS: bool;

    /// A frame with an IP packet for this station came in. True if it was taken; otherwise it must be as it was.
    fn packet(&mut self, arrival: Arrival, frame: &mut [u8], network: &mut dyn Network) -> bool;

    /// A neighbour on a port says where it lives.
    fn learn(&mut self, port: usize, address: IpAddr, mac: Mac, network: &mut dyn Network);

    /// When [`tick`](Self::tick) has something to do.
    fn deadline(&self) -> Option<Duration>;

    /// Time has passed.
    fn tick(&mut self, network: &mut dyn Network);
}

/// How a packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Through the port with this number.
    pub port: usize,
    /// For whom.
    pub destination: Destination,
}

/// For whom a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A virtual address, which is ours now.
    Virtual,
    /// An address of one of the ports.
    Own,
    /// Somebody else.
    Other,
}

/// The ports, for whoever sends frames through them.
pub trait Network {
    /// The time at which all this happens.
    fn now(&self) -> Duration;

    /// The MAC of a port.
    fn mac(&self, port: usize) -> Mac;

    /// The port's own address of a family; of IPv6 the link-local one.
    fn source(&self, port: usize, family: Family) -> Option<IpAddr>;

    /// An own address of a family that is good beyond its link: the port's, or else another port's.
    fn address(&self, port: usize, family: Family) -> Option<IpAddr>;

    /// By which port, and to which neighbour there, a packet for `address` goes: itself if it is on the network of a
    /// port that is up, else a gateway. Link-local addresses have no way.
    fn route(&self, address: IpAddr) -> Option<(usize, IpAddr)>;

    /// Sends a frame; false if the port is down or has no room.
    fn send(&mut self, port: usize, frame: &[u8]) -> bool;
}

/// The ports of a router.
pub(crate) struct Wires<'a, D, H> {
    pub(crate) now: Duration,
    pub(crate) stations: &'a mut [Station<D, H>],
    pub(crate) log: &'a mut dyn Log,
}

impl<D: Device, H: Host> Network for Wires<'_, D, H> {
    fn now(&self) -> Duration {
        self.now
    }

    fn mac(&self, port: usize) -> Mac {
        self.stations[port].mac
    }

    fn source(&self, port: usize, family: Family) -> Option<IpAddr> {
        self.stations[port].source(family)
    }

    fn address(&self, port: usize, family: Family) -> Option<IpAddr> {
        let own = |station: &Station<D, H>| match family {
            Family::V4 => station.port.ipv4.map(|(address, _)| IpAddr::V4(address)),
            Family::V6 => station.port.ipv6.map(|(address, _)| IpAddr::V6(address)),
        };
        own(&self.stations[port]).or_else(|| self.stations.iter().find_map(own))
    }

    fn route(&self, address: IpAddr) -> Option<(usize, IpAddr)> {
        if matches!(address, IpAddr::V6(address) if address.is_unicast_link_local()) {
            return None;
        }
        let up = || self.stations.iter().enumerate().filter(|(_, station)| station.is_up);
        let on_link = up().find(|(_, station)| station.is_neighbour(address));
        if let Some((port, _)) = on_link {
            return Some((port, address));
        }
        up().find_map(|(port, station)| match address {
            IpAddr::V4(_) => station.port.gateway_v4.map(|gateway| (port, IpAddr::V4(gateway))),
            IpAddr::V6(_) => station.port.gateway_v6.map(|gateway| (port, IpAddr::V6(gateway))),
        })
    }

    fn send(&mut self, port: usize, frame: &[u8]) -> bool {
        self.stations[port].is_up
            && self.stations[port]
                .send(self.now, frame.len(), self.log, &mut |place| place.copy_from_slice(frame))
    }
}

/// Forwards nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPlane;

impl Plane for NoPlane {
    const FORWARDS: bool = false;

    fn packet(&mut self, _: Arrival, _: &mut [u8], _: &mut dyn Network) -> bool {
        false
    }

    fn learn(&mut self, _: usize, _: IpAddr, _: Mac, _: &mut dyn Network) {}

    fn deadline(&self) -> Option<Duration> {
        None
    }

    fn tick(&mut self, _: &mut dyn Network) {}
}
