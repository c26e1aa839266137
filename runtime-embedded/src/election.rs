//! The virtual routers of a device, and the deeds that they ask for.

use core::net::IpAddr;
use core::time::Duration;

use smoltcp::phy::Device;
use vrrp_core::track::{Tracker, effective};
use vrrp_core::wire::advert::{Addresses, Repr};
use vrrp_core::wire::{arp, envelope, ndisc};
use vrrp_core::{Action, Event, Family, Fault, Group, Interval, Priority, State, Statistics, VirtualRouter};

use crate::config::Instance;
use crate::frame::checksum::Sum;
use crate::frame::{self, Mac};
use crate::host::{Host, Residents};
use crate::log::{Log, Record};
use crate::station::Station;

/// A virtual router as the state machine has it.
pub(crate) type Machine = VirtualRouter<&'static [IpAddr]>;

/// All virtual routers.
pub(crate) struct Election<const ROUTERS: usize> {
    instances: &'static [Instance; ROUTERS],
    machines: [Machine; ROUTERS],
    members: [Member; ROUTERS],
    forwards: bool,
}

/// What a virtual router has beside its state machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    /// Whether the addresses are ours.
    pub(crate) holds: bool,
    /// An advert that the device had no room for.
    owed: Option<u8>,
    /// Numbers the packets.
    identification: u16,
    statistics: Statistics,
}

impl<const ROUTERS: usize> Election<ROUTERS> {
    pub(crate) fn new(instances: &'static [Instance; ROUTERS], forwards: bool) -> Self {
        Self {
            instances,
            machines: core::array::from_fn(|index| Machine::new(instances[index].settings())),
            members: core::array::from_fn(|_| Member::default()),
            forwards,
        }
    }

    pub(crate) fn machine(&self, index: usize) -> &Machine {
        &self.machines[index]
    }

    pub(crate) fn statistics(&self, index: usize) -> &Statistics {
        &self.members[index].statistics
    }

    pub(crate) fn forwards(&self) -> bool {
        self.forwards
    }

    /// When something is to be done.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.machines.iter().filter_map(Machine::deadline).min()
    }

    /// Whether an advert waits for room in a device.
    pub(crate) fn is_owing(&self) -> bool {
        self.members.iter().any(|member| member.owed.is_some())
    }

    /// Whose address this is on the port with this number, whatever its state.
    pub(crate) fn instance_of(&self, port: usize, address: IpAddr) -> Option<usize> {
        self.instances
            .iter()
            .position(|instance| instance.port == port && instance.addresses.contains(&address))
    }

    /// Whether the virtual router holds its addresses now.
    pub(crate) fn holds(&self, index: usize) -> bool {
        self.members[index].holds
    }

    /// Whether packets to this MAC are for an Active virtual router of this port.
    pub(crate) fn holds_mac(&self, port: usize, mac: Mac) -> bool {
        vrrp_core::is_virtual_mac(mac)
            && self.instances.iter().zip(&self.members).any(|(instance, member)| {
                member.holds
                    && instance.port == port
                    && instance.uses_virtual_mac
                    && instance.virtual_mac() == mac
            })
    }

    /// Who lives on the port with this number now.
    pub(crate) fn residents<D, H>(&self, number: usize, station: &Station<D, H>) -> Residents<'_> {
        Residents {
            port: station.port,
            number,
            mac: station.mac,
            forwards: self.forwards,
            instances: self.instances,
            members: &self.members,
        }
    }

    /// Starts all virtual routers.
    pub(crate) fn start<D: Device, H: Host>(
        &mut self,
        now: Duration,
        stations: &mut [Station<D, H>],
        log: &mut dyn Log,
    ) {
        for (number, station) in stations.iter_mut().enumerate() {
            station.host.settle(now, &self.residents(number, station));
        }
        for index in 0..ROUTERS {
            let instance = &self.instances[index];
            let station = &stations[instance.port];
            let Some(source) = station.source(instance.family()) else { continue };
            let mac = Some(instance.mac(station.mac));
            self.tell(now, index, Event::Start { source, mac }, stations, log);
        }
    }

    /// Stops all virtual routers; those that are Active resign.
    pub(crate) fn stop<D: Device, H: Host>(
        &mut self,
        now: Duration,
        stations: &mut [Station<D, H>],
        log: &mut dyn Log,
    ) {
        for index in 0..ROUTERS {
            self.tell(now, index, Event::Stop, stations, log);
        }
    }

    /// Tells all virtual routers which ports are up.
    pub(crate) fn links<D: Device, H: Host>(
        &mut self,
        now: Duration,
        stations: &mut [Station<D, H>],
        log: &mut dyn Log,
    ) {
        for index in 0..ROUTERS {
            let instance = &self.instances[index];
            let trackers = instance.tracks.iter().map(|track| Tracker {
                weight: track.weight,
                reverse: false,
                good: stations[track.port].is_up,
            });
            let base = Priority::new(instance.priority).unwrap_or(Priority::DEFAULT);
            let tracked = effective(base, trackers);
            let down = !stations[instance.port].is_up;
            let event = Event::Priority(tracked.priority);
            if self.machines[index].priority() != tracked.priority {
                self.tell(now, index, event, stations, log);
            }
            for (fault, present) in [(Fault::LinkDown, down), (Fault::Tracker, tracked.fault)] {
                if self.machines[index].faults().contains(fault) != present {
                    self.tell(now, index, Event::Fault { fault, present }, stations, log);
                }
            }
        }
    }

    /// The port was down, or the neighbours may have forgotten: announces what is held there.
    pub(crate) fn announce<D: Device, H: Host>(
        &mut self,
        now: Duration,
        port: usize,
        stations: &mut [Station<D, H>],
        log: &mut dyn Log,
    ) {
        for index in 0..ROUTERS {
            if self.instances[index].port == port && self.members[index].holds {
                self.tell(now, index, Event::Announce, stations, log);
            }
        }
    }

    /// Hands an IP packet with protocol 112 to the virtual router it names.
    pub(crate) fn hear<D: Device, H: Host>(
        &mut self,
        now: Duration,
        port: usize,
        received: &[u8],
        stations: &mut [Station<D, H>],
        log: &mut dyn Log,
    ) {
        let Some(packet) = received.get(frame::HEADER..) else { return };
        // Nothing in a version 3 message covers the addresses of the IPv4 header but the header's own checksum.
        if let [first @ 0x40..=0x4f, ..] = *packet
            && !packet
                .get(..4 * usize::from(first & 0xf))
                .is_some_and(|header| Sum::default().add(header).holds())
        {
            stations[port].counters.dropped += 1;
            return;
        }
        let Ok(packet) = envelope::parse(packet, frame::source(received)) else { return };
        let Some(vrid) = packet.message.get(1) else { return };
        let family = Family::of(packet.source);
        let found = self.instances.iter().position(|instance| {
            instance.port == port && instance.family() == family && instance.vrid == *vrid
        });
        if let Some(index) = found {
            self.tell(now, index, Event::Packet(packet), stations, log);
        }
    }

    /// Sends what is owed and ticks whoever is due.
    pub(crate) fn tick<D: Device, H: Host>(
        &mut self,
        now: Duration,
        stations: &mut [Station<D, H>],
        log: &mut dyn Log,
    ) {
        for index in 0..ROUTERS {
            if let Some(priority) = self.members[index].owed.take() {
                let sent =
                    advertise(now, &self.instances[index], &mut self.members[index], priority, stations, log);
                if !sent {
                    self.members[index].owed = Some(priority);
                }
            }
            if self.machines[index].deadline().is_some_and(|deadline| deadline <= now) {
                self.tell(now, index, Event::Tick, stations, log);
            }
        }
    }

    /// Tells a virtual router, through its sync group if it is in one, and does what comes of it.
    fn tell<D: Device, H: Host>(
        &mut self,
        now: Duration,
        index: usize,
        event: Event<'_, &'static [IpAddr]>,
        stations: &mut [Station<D, H>],
        log: &mut dyn Log,
    ) {
        let Self { instances, machines, members, .. } = self;
        let mut moved = heapless::Vec::<usize, ROUTERS>::new();
        let mut perform = |index: usize, actions: &[Action]| {
            let before = members[index].holds;
            perform(now, &instances[index], &mut members[index], actions, stations, log);
            if members[index].holds != before {
                // It is full only once all are in it.
                let _ = moved.push(index);
            }
        };
        if let Some(group) = instances[index].group {
            let mut positions = heapless::Vec::<usize, ROUTERS>::new();
            let mut together = heapless::Vec::<&mut Machine, ROUTERS>::new();
            for (number, machine) in machines.iter_mut().enumerate() {
                if instances[number].group == Some(group) {
                    // There is room for all.
                    let _ = positions.push(number);
                    let _ = together.push(machine);
                }
            }
            let position = positions.iter().position(|number| *number == index).unwrap_or(0);
            Group::new(&mut together)
                .handle(now, position, event, |position, actions| perform(positions[position], &actions));
        } else {
            let actions = machines[index].handle(now, event);
            perform(index, &actions);
        }
        for index in moved {
            let port = self.instances[index].port;
            let residents = self.residents(port, &stations[port]);
            stations[port].host.settle(now, &residents);
        }
    }
}

fn perform<D: Device, H: Host>(
    now: Duration,
    instance: &'static Instance,
    member: &mut Member,
    actions: &[Action],
    stations: &mut [Station<D, H>],
    log: &mut dyn Log,
) {
    member.statistics.record(actions);
    for action in actions {
        match *action {
            Action::Advertise { priority } => {
                member.owed =
                    (!advertise(now, instance, member, priority, stations, log)).then_some(priority);
            }
            Action::ClaimAddresses => member.holds = true,
            Action::ReleaseAddresses => member.holds = false,
            Action::Announce { first, count } => {
                let addresses = instance.addresses.iter().skip(first.into()).take(count.into());
                for address in addresses {
                    announce(now, instance, *address, stations, log);
                }
            }
            Action::Transition { from, to, reason } => {
                if to != State::Active {
                    // Whoever asks from now on is told by somebody else.
                    member.holds = false;
                }
                log.record(now, &Record::Transition { instance: instance.name, from, to, reason });
            }
            Action::Heard { .. } | Action::Ignored(_) => {}
            Action::Noticed(notice) => log.record(now, &Record::Notice { instance: instance.name, notice }),
        }
    }
}

/// Sends an advert; false if the device has no room.
fn advertise<D: Device, H: Host>(
    now: Duration,
    instance: &Instance,
    member: &mut Member,
    priority: u8,
    stations: &mut [Station<D, H>],
    log: &mut dyn Log,
) -> bool {
    let family = instance.family();
    let station = &mut stations[instance.port];
    let (Some(source), Some(interval)) =
        (station.source(family), Interval::from_centiseconds(instance.centiseconds))
    else {
        return true;
    };
    let group = family.multicast_group();
    let advert = Repr {
        version: instance.version,
        vrid: instance.identifier(),
        priority,
        interval,
        authentication: instance.authentication(),
        addresses: Addresses::new(instance.addresses),
    };
    let mac = instance.mac(station.mac);
    let header = frame::HEADER + envelope::len(family);
    member.identification = member.identification.wrapping_add(1);
    let identification = member.identification;
    station.send(now, header + advert.len(), log, &mut |buffer| {
        let kind = match family {
            Family::V4 => frame::Kind::Ipv4,
            Family::V6 => frame::Kind::Ipv6,
        };
        let (ethernet, packet) = buffer.split_at_mut(frame::HEADER);
        frame::address(ethernet, family.multicast_mac(), mac);
        frame::label(ethernet, kind);
        let (ip, message) = packet.split_at_mut(envelope::len(family));
        envelope::emit(source, group, 255, identification, advert.len(), ip);
        advert.emit(source, group, instance.checksum, message);
    })
}

fn announce<D: Device, H: Host>(
    now: Duration,
    instance: &Instance,
    address: IpAddr,
    stations: &mut [Station<D, H>],
    log: &mut dyn Log,
) {
    let station = &mut stations[instance.port];
    let mac = instance.mac(station.mac);
    match address {
        IpAddr::V4(address) => {
            let frame = arp::Repr { mac, address }.emit();
            station.send(now, frame.len(), log, &mut |buffer| buffer.copy_from_slice(&frame));
        }
        IpAddr::V6(target) => {
            let source = match instance.addresses {
                [IpAddr::V6(first), ..] => *first,
                [] | [IpAddr::V4(_), ..] => target,
            };
            let frame = ndisc::Repr { mac, source, target, router: true }.emit();
            station.send(now, frame.len(), log, &mut |buffer| buffer.copy_from_slice(&frame));
        }
    }
}
