//! A gateway: forwards packets between the ports, so that the virtual address has a router behind it.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use ipvs_core::{Complaint, Complaints};
use vrrp_core::Family;

use crate::frame::{self, HEADER, Mac, neighbour};
use crate::plane::{Arrival, Destination, Network, Plane};

/// Forwards IPv4 and IPv6 packets by the networks of the ports and their gateways, with room for `NEIGHBOURS` neighbours.
/// Of those that are looked for, `WAITING` are asked at the same time, with one packet kept for each.
///
/// It forwards whenever it is asked to by its own MAC or by a virtual one that is its own now (RFC 9568 §6.4.3). Senders of
/// packets whose TTL or hop limit ends here, that no port leads to, or whose next hop does not answer get an ICMP error
/// from the address of the port that they came by (RFC 1812 §5.2.7, RFC 4443 §3), not too many at once. No packet is too big: what
/// came in by one port fits through the other. What it does not do: it sends no redirects (RFC 9568 §8.1.1, §8.2.1) and no
/// router advertisements, fragments nothing, and gives up the oldest neighbour when there is no room.
#[derive(Clone, Debug)]
pub struct Gateway<const NEIGHBOURS: usize, const WAITING: usize> {
    neighbours: heapless::Vec<Neighbour, NEIGHBOURS>,
    waiting: heapless::Vec<Waiting, WAITING>,
    counters: GatewayCounters,
    complaints: Complaints,
}

/// What a gateway did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GatewayCounters {
    /// Packets sent on, those of a director and our own errors included.
    pub forwarded: u64,
    /// Packets whose TTL or hop limit ended here.
    pub expired: u64,
    /// Packets that no port leads to, or that no router may forward: from or to a link-local, loopback or group address.
    pub unroutable: u64,
    /// Packets damaged on the way: an IPv4 header whose checksum does not hold, or lengths that do not fit.
    pub malformed: u64,
    /// Packets given up because their next hop did not answer, or too many waited.
    pub unanswered: u64,
    /// Packets that the device had no room for.
    pub refused: u64,
    /// ICMP errors made for senders of packets that did not go on.
    pub complained: u64,
}

#[derive(Clone, Copy, Debug)]
struct Neighbour {
    port: usize,
    address: IpAddr,
    mac: Mac,
    /// When it said so.
    heard: Duration,
    /// When it was asked whether it still does.
    asked: Duration,
}

#[derive(Clone, Debug)]
struct Waiting {
    port: usize,
    address: IpAddr,
    asked: u8,
    ask_at: Duration,
    /// The port that the packet came by, if its sender is to be told when nobody answers.
    origin: Option<usize>,
    frame: heapless::Vec<u8, { frame::LONGEST }>,
}

impl<const NEIGHBOURS: usize, const WAITING: usize> Gateway<NEIGHBOURS, WAITING> {
    /// A gateway that knows nobody yet.
    pub const fn new() -> Self {
        Self {
            neighbours: heapless::Vec::new(),
            waiting: heapless::Vec::new(),
            counters: GatewayCounters {
                forwarded: 0,
                expired: 0,
                unroutable: 0,
                malformed: 0,
                unanswered: 0,
                refused: 0,
                complained: 0,
            },
            complaints: Complaints::new(),
        }
    }

    /// What it did so far.
    pub fn counters(&self) -> &GatewayCounters {
        &self.counters
    }

    /// When a neighbour last said where it lives.
    #[cfg(feature = "checks")]
    pub(crate) fn heard(&self, port: usize, address: IpAddr) -> Option<Duration> {
        let mut known = self.neighbours.iter();
        Some(known.find(|neighbour| neighbour.port == port && neighbour.address == address)?.heard)
    }

    /// Sends a packet on to a neighbour, or looks for that first. Nobody is told if it does not answer.
    pub(crate) fn send(
        &mut self,
        port: usize,
        next_hop: IpAddr,
        frame: &mut [u8],
        network: &mut dyn Network,
    ) {
        self.pass(None, port, next_hop, frame, network);
    }

    fn pass(
        &mut self,
        origin: Option<usize>,
        port: usize,
        next_hop: IpAddr,
        frame: &mut [u8],
        network: &mut dyn Network,
    ) {
        let now = network.now();
        let known = self.neighbours.iter_mut().find(|neighbour| {
            neighbour.port == port
                && neighbour.address == next_hop
                && now.saturating_sub(neighbour.heard) < FORGOTTEN
        });
        if let Some(neighbour) = known {
            let mac = neighbour.mac;
            let is_doubtful = now.saturating_sub(neighbour.heard) >= DOUBTFUL
                && now.saturating_sub(neighbour.asked) >= PATIENCE;
            if is_doubtful {
                // Asked while it is still used, so that no packet has to wait for the answer.
                neighbour.asked = now;
                ask(port, next_hop, network);
            }
            frame::address(frame, mac, network.mac(port));
            if network.send(port, frame) {
                self.counters.forwarded += 1;
            } else {
                self.counters.refused += 1;
            }
            return;
        }
        let is_asked = self.waiting.iter().any(|waiting| waiting.port == port && waiting.address == next_hop);
        let copy = heapless::Vec::from_slice(frame).ok().filter(|_| !is_asked && !self.waiting.is_full());
        let Some(frame) = copy else {
            self.counters.unanswered += 1;
            return;
        };
        ask(port, next_hop, network);
        let ask_at = now.saturating_add(PATIENCE);
        let waiting = Waiting { port, address: next_hop, asked: 1, ask_at, origin, frame };
        let refused = self.waiting.push(waiting);
        debug_assert!(refused.is_ok(), "there was room");
    }

    /// Tells the sender of a packet that came by this port what is wrong.
    // Never part of its caller, on whose stack the frame would stay.
    #[inline(never)]
    fn complain(&mut self, port: usize, complaint: Complaint, packet: &[u8], network: &mut dyn Network) {
        let mut frame = [0; HEADER + LONGEST_COMPLAINT];
        let (kind, family) = match packet.first() {
            Some(first) if first >> 4 == 4 => (frame::Kind::Ipv4, Family::V4),
            Some(_) => (frame::Kind::Ipv6, Family::V6),
            None => return,
        };
        let Some(from) = network.address(port, family) else { return };
        let written = self.complaints.write(network.now(), complaint, packet, from, &mut frame[HEADER..]);
        let Some(length) = written else { return };
        let frame = &mut frame[..HEADER + length];
        frame::label(frame, kind);
        let sender = frame::ip(frame).map(|ip| ip.destination);
        if let Some((port, next_hop)) = sender.and_then(|sender| network.route(sender)) {
            self.counters.complained += 1;
            self.send(port, next_hop, frame, network);
        }
    }
}

impl<const NEIGHBOURS: usize, const WAITING: usize> Default for Gateway<NEIGHBOURS, WAITING> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const NEIGHBOURS: usize, const WAITING: usize> Plane for Gateway<NEIGHBOURS, WAITING> {
    const FORWARDS: bool = true;

    fn packet(&mut self, arrival: Arrival, frame: &mut [u8], network: &mut dyn Network) -> bool {
        match arrival.destination {
            Destination::Virtual | Destination::Own => return false,
            Destination::Other => {}
        }
        let Some(ip) = frame::ip(frame) else { return false };
        if !is_forwardable(ip.source) || !is_forwardable(ip.destination) {
            self.counters.unroutable += 1;
            return true;
        }
        let Some((length, ttl)) = whole(frame) else {
            self.counters.malformed += 1;
            return true;
        };
        // Padding of the link stays behind.
        let frame = &mut frame[..HEADER + length];
        let Some((port, next_hop)) = network.route(ip.destination) else {
            self.counters.unroutable += 1;
            self.complain(arrival.port, Complaint::NoRoute, &frame[HEADER..], network);
            return true;
        };
        if ttl <= 1 {
            self.counters.expired += 1;
            self.complain(arrival.port, Complaint::Expired, &frame[HEADER..], network);
            return true;
        }
        hop(frame);
        self.pass(Some(arrival.port), port, next_hop, frame, network);
        true
    }

    fn learn(&mut self, port: usize, address: IpAddr, mac: Mac, network: &mut dyn Network) {
        let now = network.now();
        let known = self.neighbours.iter_mut().find(|known| known.port == port && known.address == address);
        let news = Neighbour { port, address, mac, heard: now, asked: now };
        if let Some(known) = known {
            *known = news;
        } else {
            // Link-local addresses, which are on every port, are of use only where a gateway has one.
            let is_here = match address {
                IpAddr::V6(address) if address.is_unicast_link_local() => {
                    self.waiting.iter().any(|waiting| waiting.port == port && waiting.address == address)
                }
                IpAddr::V4(_) | IpAddr::V6(_) => network.route(address) == Some((port, address)),
            };
            if !is_here {
                return;
            }
            if let Err(news) = self.neighbours.push(news)
                && let Some(oldest) = self.neighbours.iter_mut().min_by_key(|known| known.heard)
            {
                *oldest = news;
            }
        }
        let found =
            self.waiting.iter().position(|waiting| waiting.port == port && waiting.address == address);
        if let Some(index) = found {
            let mut waiting = self.waiting.swap_remove(index);
            self.pass(None, port, address, &mut waiting.frame, network);
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.waiting.iter().map(|waiting| waiting.ask_at).min()
    }

    fn tick(&mut self, network: &mut dyn Network) {
        let now = network.now();
        let mut index = 0;
        while let Some(waiting) = self.waiting.get_mut(index) {
            if waiting.ask_at > now {
                index += 1;
            } else if waiting.asked < QUESTIONS {
                waiting.asked += 1;
                waiting.ask_at = now.saturating_add(PATIENCE);
                ask(waiting.port, waiting.address, network);
            } else {
                let waiting = self.waiting.swap_remove(index);
                self.counters.unanswered += 1;
                if let Some(origin) = waiting.origin {
                    // RFC 4861 §7.2.2
                    self.complain(origin, Complaint::Unreachable, &waiting.frame[HEADER..], network);
                }
            }
        }
    }
}

/// Asks where a neighbour lives; [`Plane::learn`] is told.
fn ask(port: usize, address: IpAddr, network: &mut dyn Network) {
    if let Some(source) = network.source(port, Family::of(address)) {
        ask_from(source, port, address, network);
    }
}

/// Asks where a neighbour lives, as `source`; [`Plane::learn`] is told.
pub(crate) fn ask_from(source: IpAddr, port: usize, address: IpAddr, network: &mut dyn Network) {
    let mut question = [0; 86];
    if let Some(length) = neighbour::question(&mut question, address, source, network.mac(port)) {
        network.send(port, &question[..length]);
    }
}

/// RFC 1812 §5.3.7, RFC 4291 §2.5.6: what a router leaves on its link.
fn is_forwardable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !address.is_link_local()
                && !address.is_loopback()
                && !address.is_multicast()
                && !address.is_unspecified()
                && address != Ipv4Addr::BROADCAST
        }
        IpAddr::V6(address) => {
            !address.is_unicast_link_local()
                && !address.is_loopback()
                && !address.is_multicast()
                && !address.is_unspecified()
        }
    }
}

/// The length of the IP packet in a frame and its TTL, if it is whole.
fn whole(frame: &[u8]) -> Option<(usize, u8)> {
    let packet = frame.get(HEADER..)?;
    match frame::kind(frame)? {
        frame::Kind::Arp => None,
        frame::Kind::Ipv4 => {
            let ip = smoltcp::wire::Ipv4Packet::new_checked(packet).ok()?;
            ip.verify_checksum().then(|| (usize::from(ip.total_len()), ip.hop_limit()))
        }
        frame::Kind::Ipv6 => {
            let ip = smoltcp::wire::Ipv6Packet::new_checked(packet).ok()?;
            Some((ip.total_len(), ip.hop_limit()))
        }
    }
}

/// One hop further (RFC 1812 §5.3.1, RFC 8200 §3).
fn hop(frame: &mut [u8]) {
    match frame::kind(frame) {
        Some(frame::Kind::Ipv4) => {
            let mut ip = smoltcp::wire::Ipv4Packet::new_unchecked(&mut frame[HEADER..]);
            ip.set_hop_limit(ip.hop_limit().saturating_sub(1));
            ip.fill_checksum();
        }
        Some(frame::Kind::Ipv6) => {
            let mut ip = smoltcp::wire::Ipv6Packet::new_unchecked(&mut frame[HEADER..]);
            ip.set_hop_limit(ip.hop_limit().saturating_sub(1));
        }
        Some(frame::Kind::Arp) | None => {}
    }
}

/// A neighbour that has not spoken for so long is asked again (RFC 4861 §10: `REACHABLE_TIME`).
const DOUBTFUL: Duration = Duration::from_secs(30);
/// One that has not spoken for so long is no longer believed to be there.
const FORGOTTEN: Duration = Duration::from_secs(60);
/// The longest ICMP error, in octets of IP (RFC 4443 §3.1).
const LONGEST_COMPLAINT: usize = 1_280;
/// How long a question waits for its answer (RFC 4861 §10: `RETRANS_TIMER`).
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is asked (RFC 4861 §10: `MAX_MULTICAST_SOLICIT`).
const QUESTIONS: u8 = 3;
