//! A director in front of the host's stack: spreads connections to virtual services over real servers.

use core::time::Duration;

use core::net::IpAddr;
use ipvs_core::{Director, Verdict};

use crate::frame::{HEADER, Mac};
use crate::gateway::Gateway;
use crate::plane::{Arrival, Destination, Network, Plane};

/// The director of `ipvs-core` on the ports of a router: NAT and direct routing, on one port or between two.
///
/// It works for virtual addresses only while they are ours. Its services are told by [`director`](Self::director), with the
/// steps of [`ipvs_core::plan()`]. What is not for a service is forwarded by the [`Gateway`] inside, if that is wanted, or left
/// to the host. A new connection that no server takes is dropped without an answer.
#[derive(Debug)]
pub struct Balancer<'m, const NEIGHBOURS: usize, const WAITING: usize> {
    director: Director<'m>,
    gateway: Gateway<NEIGHBOURS, WAITING>,
    forwards: bool,
    counters: BalancerCounters,
}

/// What a balancer did, apart from what its director and its gateway count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BalancerCounters {
    /// Packets of connections, sent on or waiting for their next hop.
    pub balanced: u64,
    /// Packets whose next hop no port leads to.
    pub unroutable: u64,
}

impl<'m, const NEIGHBOURS: usize, const WAITING: usize> Balancer<'m, NEIGHBOURS, WAITING> {
    /// A balancer; `forwards` says whether what is for no service and not for the host is forwarded too.
    pub fn new(director: Director<'m>, forwards: bool) -> Self {
        Self { director, gateway: Gateway::new(), forwards, counters: BalancerCounters::default() }
    }

    /// The director.
    pub fn director(&mut self) -> &mut Director<'m> {
        &mut self.director
    }

    /// The gateway inside, which knows the neighbours.
    pub fn gateway(&self) -> &Gateway<NEIGHBOURS, WAITING> {
        &self.gateway
    }

    /// What it did so far.
    pub fn counters(&self) -> &BalancerCounters {
        &self.counters
    }
}

impl<const NEIGHBOURS: usize, const WAITING: usize> Plane for Balancer<'_, NEIGHBOURS, WAITING> {
    const FORWARDS: bool = true;

    fn packet(&mut self, arrival: Arrival, frame: &mut [u8], network: &mut dyn Network) -> bool {
        let verdict = match (arrival.destination, frame.get_mut(HEADER..)) {
            (Destination::Own, _) | (_, None) => Verdict::Pass,
            (Destination::Virtual | Destination::Other, Some(packet)) => {
                self.director.forward(network.now(), ipvs_core::Arrival::default(), packet)
            }
        };
        match verdict {
            Verdict::Forward(outgoing) => {
                if let Some((port, next_hop)) = network.route(outgoing.next_hop) {
                    self.counters.balanced += 1;
                    outgoing.write(&mut frame[HEADER..]);
                    let length = HEADER + outgoing.length;
                    self.gateway.send(port, next_hop, &mut frame[..length], network);
                } else {
                    self.counters.unroutable += 1;
                }
                true
            }
            Verdict::Pass => self.forwards && self.gateway.packet(arrival, frame, network),
            // The director counts both.
            Verdict::Reject | Verdict::Drop(_) => true,
        }
    }

    fn learn(&mut self, port: usize, address: IpAddr, mac: Mac, network: &mut dyn Network) {
        self.gateway.learn(port, address, mac, network);
    }

    fn deadline(&self) -> Option<Duration> {
        [self.director.deadline(), self.gateway.deadline()].into_iter().flatten().min()
    }

    fn tick(&mut self, network: &mut dyn Network) {
        self.director.tick(network.now());
        self.gateway.tick(network);
    }
}
