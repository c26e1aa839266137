//! A director in front of the host's stack: spreads connections to virtual services over real servers.

use core::time::Duration;

use core::net::IpAddr;
use ipvs_core::{Complaint, Director, Fit, Outgoing, Verdict};
use vrrp_core::Family;

use crate::frame::{self, HEADER, Kind, LONGEST, Mac};
use crate::gateway::Gateway;
use crate::plane::{Arrival, Destination, Network, Plane};

/// The director of `ipvs-core` on the ports of a router: NAT, direct routing and tunnels, on one port or between two.
///
/// It works for virtual addresses only while they are ours. Its services are told by [`director`](Self::director), with the
/// steps of [`ipvs_core::plan()`]. What is not for a service is forwarded by the [`Gateway`] inside, if that is wanted, or left
/// to the host. Senders of packets that cannot go on get ICMP errors. What would have to be fragmented is dropped: a
/// frame is as long here as it can be.
#[derive(Debug)]
pub struct Balancer<'m, const NEIGHBOURS: usize, const WAITING: usize> {
    director: Director<'m>,
    gateway: Gateway<NEIGHBOURS, WAITING>,
    forwards: bool,
    counters: BalancerCounters,
    /// Where a frame of our own is made: one with an envelope, or an ICMP error.
    own: [u8; LONGEST],
}

/// What a balancer did, apart from what its director and its gateway count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BalancerCounters {
    /// Packets of connections, sent on or waiting for their next hop.
    pub balanced: u64,
    /// Packets whose next hop no port leads to.
    pub unroutable: u64,
    /// Packets that do not fit through the way to their next hop.
    pub too_big: u64,
}

impl<'m, const NEIGHBOURS: usize, const WAITING: usize> Balancer<'m, NEIGHBOURS, WAITING> {
    /// A balancer; `forwards` says whether what is for no service and not for the host is forwarded too.
    pub fn new(director: Director<'m>, forwards: bool) -> Self {
        Self {
            director,
            gateway: Gateway::new(),
            forwards,
            counters: BalancerCounters::default(),
            own: [0; LONGEST],
        }
    }

    /// The director.
    pub fn director(&mut self) -> &mut Director<'m> {
        &mut self.director
    }

    /// The gateway inside, which knows the neighbours.
    pub fn gateway(&self) -> &Gateway<NEIGHBOURS, WAITING> {
        &self.gateway
    }

    /// The same, to send by.
    #[cfg(feature = "checks")]
    pub(crate) fn neighbours(&mut self) -> &mut Gateway<NEIGHBOURS, WAITING> {
        &mut self.gateway
    }

    /// What it did so far.
    pub fn counters(&self) -> &BalancerCounters {
        &self.counters
    }

    /// A packet goes on: as it is, or in an envelope.
    fn send(&mut self, outgoing: &Outgoing, frame: &mut [u8], network: &mut dyn Network) {
        let Some((port, next_hop)) = network.route(outgoing.next_hop) else {
            self.counters.unroutable += 1;
            return;
        };
        match outgoing.fit(outgoing.length, MTU) {
            Fit::Whole => {}
            Fit::Pieces { .. } => {
                self.counters.too_big += 1;
                return;
            }
            Fit::TooBig { mtu } => {
                self.counters.too_big += 1;
                let complaint = Complaint::TooBig { mtu };
                let (place, packet) = (&mut self.own[HEADER..], &frame[HEADER..]);
                if let Some(length) = self.director.complain(network.now(), complaint, packet, place) {
                    self.send_own(length, network);
                }
                return;
            }
        }
        outgoing.write(&mut frame[HEADER..], MTU);
        let frame = &mut frame[..HEADER + outgoing.length];
        if outgoing.tunnel().is_none() {
            self.counters.balanced += 1;
            self.gateway.send(port, next_hop, frame, network);
            return;
        }
        let family = if outgoing.next_hop.is_ipv4() { Family::V4 } else { Family::V6 };
        let source = network.address(port, family);
        let envelope = source.and_then(|source| self.director.wrap(outgoing, &frame[HEADER..], source));
        let Some(envelope) = envelope else {
            self.counters.unroutable += 1;
            return;
        };
        let start = HEADER + envelope.as_ref().len();
        let length = start + outgoing.length;
        self.own[HEADER..start].copy_from_slice(envelope.as_ref());
        self.own[start..length].copy_from_slice(&frame[HEADER..]);
        self.counters.balanced += 1;
        self.dispatch(port, next_hop, length, network);
    }

    /// Sends the packet of this length in our own frame to where it is addressed.
    fn send_own(&mut self, length: usize, network: &mut dyn Network) {
        let packet = &self.own[HEADER..HEADER + length];
        let destination: Option<IpAddr> = if packet[0] >> 4 == 4 {
            packet.get(16..).and_then(|rest| rest.first_chunk::<4>()).map(|octets| (*octets).into())
        } else {
            packet.get(24..).and_then(|rest| rest.first_chunk::<16>()).map(|octets| (*octets).into())
        };
        match destination.and_then(|destination| network.route(destination)) {
            Some((port, next_hop)) => self.dispatch(port, next_hop, HEADER + length, network),
            None => self.counters.unroutable += 1,
        }
    }

    /// Sends our own frame.
    fn dispatch(&mut self, port: usize, next_hop: IpAddr, length: usize, network: &mut dyn Network) {
        let frame = &mut self.own[..length];
        let kind = if frame[HEADER] >> 4 == 4 { Kind::Ipv4 } else { Kind::Ipv6 };
        frame::label(frame, kind);
        self.gateway.send(port, next_hop, frame, network);
    }
}

/// What a port carries, in octets of IP.
const MTU: usize = LONGEST - HEADER;

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
                self.send(&outgoing, frame, network);
                true
            }
            Verdict::Local => false,
            Verdict::Pass => self.forwards && self.gateway.packet(arrival, frame, network),
            Verdict::Reject | Verdict::Drop(_) => {
                let (place, packet) = (&mut self.own[HEADER..], &frame[HEADER..]);
                if let Some(length) = self.director.answer(network.now(), verdict, packet, place) {
                    self.send_own(length, network);
                }
                true
            }
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
