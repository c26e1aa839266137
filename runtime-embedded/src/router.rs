//! The router as a whole: ports, virtual routers, the host's stack, and whatever moves packets between them.

use core::time::Duration;

use smoltcp::iface::Interface;
use smoltcp::phy::Device;
use vrrp_core::{Faults, State, Statistics};

use crate::config::Config;
use crate::election::Election;
use crate::frame::neighbour::{self, Talk};
use crate::frame::{self, Mac};
use crate::host::{Host, Stack};
use crate::log::{Log, Record};
use crate::plane::{Arrival, Destination, NoPlane, Plane, Wires};
use crate::station::{PortCounters, Station};

/// A whole router on `PORTS` network devices, with `ROUTERS` virtual routers.
///
/// It is driven by one loop: [`poll`](Self::poll) it whenever a frame may wait or [`deadline`](Self::deadline) has come. It
/// reads no clock: the caller does, in one place.
pub struct Router<D, P, const PORTS: usize, const ROUTERS: usize, H = Stack> {
    stations: [Station<D, H>; PORTS],
    election: Election<ROUTERS>,
    plane: P,
    turn: usize,
}

/// A device and the MAC it was given.
pub struct Nic<D> {
    /// The device.
    pub device: D,
    /// Its own MAC.
    pub mac: Mac,
}

impl<D: Device, const PORTS: usize, const ROUTERS: usize> Router<D, NoPlane, PORTS, ROUTERS> {
    /// A router that forwards nothing: virtual addresses with the host behind them. Nothing runs before
    /// [`start`](Self::start). `seed` is to be random: sequence numbers of the host's stack come from it.
    pub fn new(
        config: &'static Config<PORTS, ROUTERS>,
        nics: [Nic<D>; PORTS],
        seed: u64,
        now: Duration,
    ) -> Self {
        Self::with_plane(config, nics, NoPlane, seed, now)
    }
}

impl<D: Device, P: Plane, const PORTS: usize, const ROUTERS: usize> Router<D, P, PORTS, ROUTERS> {
    /// A router with something that moves packets between the ports, or spreads them over servers.
    pub fn with_plane(
        config: &'static Config<PORTS, ROUTERS>,
        nics: [Nic<D>; PORTS],
        plane: P,
        seed: u64,
        now: Duration,
    ) -> Self {
        Self::with_host(config, nics, plane, seed, now)
    }

    /// smoltcp's stack on a port, for its sockets.
    pub fn interface(&mut self, port: usize) -> &mut Interface {
        &mut self.stations[port].host.interface
    }

    /// The ports and what moves packets between them, for who sends through both.
    #[cfg(feature = "checks")]
    pub(crate) fn parts(&mut self) -> (&mut [Station<D, Stack>; PORTS], &mut P) {
        (&mut self.stations, &mut self.plane)
    }
}

impl<D: Device, P: Plane, const PORTS: usize, const ROUTERS: usize, H: Host> Router<D, P, PORTS, ROUTERS, H> {
    /// A router whose own addresses are answered for by any [`Host`].
    #[expect(clippy::missing_panics_doc, reason = "two arrays of PORTS are equally long")]
    pub fn with_host(
        config: &'static Config<PORTS, ROUTERS>,
        nics: [Nic<D>; PORTS],
        plane: P,
        seed: u64,
        now: Duration,
    ) -> Self {
        let mut nics = nics.into_iter();
        let stations = config.ports().each_ref().map(|port| {
            let nic = nics.next().expect("there are as many devices as ports");
            Station::new(port, nic.device, nic.mac, seed.wrapping_add(nics.len() as u64), now)
        });
        let election = Election::new(config.instances(), P::FORWARDS);
        Self { stations, election, plane, turn: 0 }
    }

    /// Begins: every virtual router listens, and then takes part.
    pub fn start(&mut self, now: Duration, log: &mut dyn Log) {
        self.election.start(now, &mut self.stations, log);
    }

    /// Ends in good order: Active virtual routers resign, so that a Backup takes over at once.
    pub fn stop(&mut self, now: Duration, log: &mut dyn Log) {
        self.election.stop(now, &mut self.stations, log);
    }

    /// A port's link went down or came back.
    pub fn link(&mut self, now: Duration, port: usize, up: bool, log: &mut dyn Log) {
        let Some(station) = self.stations.get_mut(port) else { return };
        if core::mem::replace(&mut station.is_up, up) == up {
            return;
        }
        log.record(now, &Record::Link { port: station.port.name, up });
        self.election.links(now, &mut self.stations, log);
        if up {
            self.election.announce(now, port, &mut self.stations, log);
        }
    }

    /// Takes in the frames that wait, then does what is due. `sockets` are the host's, one set for each port.
    ///
    /// At most [`BUDGET`] frames are taken at once, so that no flood keeps an Active router from advertising; whether
    /// more wait is for the caller to see: true if so.
    pub fn poll(&mut self, now: Duration, sockets: &mut [H::Sockets<'_>; PORTS], log: &mut dyn Log) -> bool {
        let more = self.listen(now, sockets, log);
        self.election.tick(now, &mut self.stations, log);
        let Self { stations, election, plane, .. } = self;
        plane.tick(&mut Wires { now, stations, log });
        for (port, (station, sockets)) in stations.iter_mut().zip(sockets).enumerate() {
            if station.is_up {
                let residents = election.residents(port, station);
                station.speak(now, sockets, &residents);
            }
        }
        more
    }

    /// When to [`poll`](Self::poll) if no frame comes before.
    pub fn deadline(&mut self, now: Duration, sockets: &[H::Sockets<'_>; PORTS]) -> Option<Duration> {
        let hosts = self.stations.iter_mut().zip(sockets).filter(|(station, _)| station.is_up);
        let hosts = hosts.filter_map(|(station, sockets)| station.host.deadline(now, sockets));
        let owed = self.election.is_owing().then(|| now.saturating_add(RETRY));
        let due = [self.election.deadline(), self.plane.deadline(), owed];
        hosts.chain(due.into_iter().flatten()).min()
    }

    /// Where a virtual router stands.
    pub fn state(&self, index: usize) -> State {
        self.election.machine(index).state()
    }

    /// What keeps a virtual router from taking part.
    pub fn faults(&self, index: usize) -> Faults {
        self.election.machine(index).faults()
    }

    /// What a virtual router did and heard.
    pub fn statistics(&self, index: usize) -> &Statistics {
        self.election.statistics(index)
    }

    /// What a port did.
    pub fn counters(&self, port: usize) -> &PortCounters {
        &self.stations[port].counters
    }

    /// The device of a port.
    pub fn device(&mut self, port: usize) -> &mut D {
        &mut self.stations[port].device
    }

    /// The devices of all ports.
    pub fn devices(&mut self) -> impl Iterator<Item = &mut D> {
        self.stations.iter_mut().map(|station| &mut station.device)
    }

    /// What moves packets.
    pub fn plane(&mut self) -> &mut P {
        &mut self.plane
    }

    /// Takes in the frames that wait, from all ports in turn; whether more wait.
    fn listen(&mut self, now: Duration, sockets: &mut [H::Sockets<'_>; PORTS], log: &mut dyn Log) -> bool {
        let mut buffer = [0; frame::LONGEST];
        let mut silent = 0;
        for _ in 0..BUDGET {
            let port = self.turn;
            self.turn = (port + 1) % PORTS;
            if let Some(length) = self.stations[port].receive(now, &mut buffer) {
                silent = 0;
                if self.stations[port].is_up {
                    self.take(now, port, &mut buffer, length, sockets, log);
                }
            } else {
                silent += 1;
                if silent == PORTS {
                    return false;
                }
            }
        }
        true
    }

    /// Decides about the frame in hand.
    fn take(
        &mut self,
        now: Duration,
        port: usize,
        buffer: &mut [u8; frame::LONGEST],
        length: usize,
        sockets: &mut [H::Sockets<'_>; PORTS],
        log: &mut dyn Log,
    ) {
        let Self { stations, election, plane, .. } = self;
        let frame = &mut buffer[..length];
        let own = stations[port].mac;
        let (Some(to), Some(kind)) = (frame::destination(frame), frame::kind(frame)) else {
            stations[port].counters.dropped += 1;
            return;
        };
        let to_virtual = election.holds_mac(port, to);
        if !frame::is_group(to) && to != own && !to_virtual {
            stations[port].counters.foreign += 1;
            return;
        }
        if let Some(talk) = Talk::parse(frame) {
            self.converse(now, port, buffer, length, talk, &mut sockets[port], log);
            return;
        }
        let ip = match (kind, frame::ip(frame)) {
            (frame::Kind::Ipv4 | frame::Kind::Ipv6, Some(ip)) => ip,
            (frame::Kind::Arp, _) | (frame::Kind::Ipv4 | frame::Kind::Ipv6, None) => {
                stations[port].counters.dropped += 1;
                return;
            }
        };
        if ip.protocol == VRRP {
            election.hear(now, port, frame, stations, log);
            return;
        }
        let group = frame::is_group(to) || ip.destination.is_multicast();
        let destination = match election.instance_of(port, ip.destination) {
            Some(index) if election.holds(index) => Destination::Virtual,
            // RFC 9568 §6.4.2: a Backup takes nothing for the virtual address, by whatever MAC it came.
            Some(_) => {
                stations[port].counters.dropped += 1;
                return;
            }
            None if stations.iter().any(|station| station.owns(ip.destination)) => Destination::Own,
            None => Destination::Other,
        };
        let arrival = Arrival { port, destination };
        if !group && plane.packet(arrival, frame, &mut Wires { now, stations, log }) {
            return;
        }
        let is_for_host = match destination {
            Destination::Own => true,
            Destination::Virtual => election.residents(port, &stations[port]).answers(ip.destination),
            Destination::Other => group,
        };
        if !is_for_host {
            stations[port].counters.dropped += 1;
            return;
        }
        if to_virtual {
            // The host's stack knows its own MAC only.
            frame[..6].copy_from_slice(&own);
        }
        let residents = election.residents(port, &stations[port]);
        stations[port].deliver(now, buffer, length, &mut sockets[port], &residents);
    }

    #[expect(clippy::too_many_arguments, reason = "the frame in hand, and all that it may touch")]
    /// ARP and neighbour discovery: virtual addresses are answered for here, all else by the host's stack.
    fn converse(
        &mut self,
        now: Duration,
        port: usize,
        buffer: &mut [u8; frame::LONGEST],
        length: usize,
        talk: Talk,
        sockets: &mut H::Sockets<'_>,
        log: &mut dyn Log,
    ) {
        let Self { stations, election, plane, .. } = self;
        if let Some((speaker, mac)) = talk.speaker
            && !frame::is_group(mac)
            && election.instance_of(port, speaker).is_none_or(|index| !election.holds(index))
        {
            plane.learn(port, speaker, mac, &mut Wires { now, stations, log });
        }
        let wanted = talk.asked.and_then(|wanted| Some((wanted, election.instance_of(port, wanted)?)));
        let Some((wanted, index)) = wanted else {
            let residents = election.residents(port, &stations[port]);
            stations[port].deliver(now, buffer, length, sockets, &residents);
            return;
        };
        let Some(asker) = talk.asker(&buffer[..length]).filter(|_| election.holds(index)) else {
            // RFC 9568 §6.4.2: a Backup answers nobody.
            stations[port].counters.dropped += 1;
            return;
        };
        let own = stations[port].mac;
        let mac = election.residents(port, &stations[port]).virtual_mac(wanted).unwrap_or(own);
        if let Some(length) = neighbour::answer(buffer, &asker, wanted, mac, own, election.forwards()) {
            let answer = &buffer[..length];
            stations[port].send(now, length, log, &mut |place| place.copy_from_slice(answer));
        }
    }
}

/// The most frames that one call of [`Router::poll`] takes in.
pub const BUDGET: usize = 64;
/// When to try again to send what the device had no room for.
const RETRY: Duration = Duration::from_millis(1);
/// VRRP's protocol number (RFC 9568 §5.1.1.4).
const VRRP: u8 = 112;
