//! A director with its memory and a clock, and the services that most tests need.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ipvs_core::{
    Arrival, Bucket, Destination, DestinationSlot, Director, Entry, Forward, Fragment, IndexNode, Locality,
    Memory, Method, Outgoing, Protocol, Service, ServiceKey, ServiceSlot, Settings, Step, TableSlot, Timer,
    Verdict,
};

pub(crate) struct Lab {
    pub(crate) director: Director<'static>,
    pub(crate) now: Duration,
}

impl Lab {
    /// Services with their destinations, the oldest first, and room for so many connections.
    pub(crate) fn new(services: &[(Service, &[Destination])], connections: usize) -> Self {
        Self::with_settings(Settings::new([9; 16]), services, connections)
    }

    pub(crate) fn with_settings(
        settings: Settings,
        services: &[(Service, &[Destination])],
        connections: usize,
    ) -> Self {
        let memory = Memory {
            services: vec![ServiceSlot::EMPTY; 8].leak(),
            destinations: vec![DestinationSlot::EMPTY; 16].leak(),
            connections: vec![Entry::EMPTY; connections].leak(),
            timers: vec![Timer::EMPTY; connections].leak(),
            buckets: vec![Bucket::EMPTY; Bucket::count_for(connections)].leak(),
            fragments: vec![Fragment::EMPTY; 8].leak(),
            index: vec![IndexNode::EMPTY; 64].leak(),
            tables: vec![TableSlot::EMPTY; 4 * 4_093].leak(),
            localities: vec![Locality::EMPTY; 8].leak(),
        };
        let mut lab = Self { director: Director::new(memory, settings), now: Duration::from_secs(100) };
        for (service, destinations) in services {
            lab.apply(Step::AddService(*service));
            for destination in *destinations {
                lab.apply(Step::AddDestination { service: service.key, destination: *destination });
            }
        }
        lab
    }

    pub(crate) fn apply(&mut self, step: Step) {
        self.director.apply(&step).unwrap();
    }

    pub(crate) fn remove(&mut self, service: ServiceKey, destination: &Destination) {
        let Destination { address, port, .. } = *destination;
        self.apply(Step::RemoveDestination { service, address, port });
    }

    /// The packet is rewritten where it is to be forwarded.
    pub(crate) fn send(&mut self, packet: &mut [u8]) -> Verdict {
        let verdict = self.director.forward(self.now, Arrival::default(), packet);
        if let Verdict::Forward(outgoing) = verdict {
            outgoing.write(packet, usize::MAX);
        }
        verdict
    }

    /// Where it was sent on to.
    pub(crate) fn sent(&mut self, packet: &mut [u8]) -> Outgoing {
        match self.send(packet) {
            Verdict::Forward(outgoing) => outgoing,
            verdict @ (Verdict::Pass | Verdict::Local | Verdict::Reject | Verdict::Drop(_)) => {
                panic!("{verdict:?}")
            }
        }
    }

    /// Which way a client's packet of one octet went.
    pub(crate) fn hop(&mut self, client: &str, packet: Made) -> IpAddr {
        let mut packet = packet.from(client);
        self.sent(&mut packet).next_hop
    }

    /// Lets time pass, with every tick at its deadline.
    pub(crate) fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(deadline) = self.director.deadline().filter(|deadline| *deadline <= end) {
            self.director.tick(deadline);
        }
        self.now = end;
    }

    /// Active and inactive connections and templates of the server with this address.
    pub(crate) fn counts(&self, service: ServiceKey, server: &Destination) -> (u32, u32, u32) {
        let mut statuses = self.director.destinations(&service);
        let found = statuses.find(|status| status.destination.address == server.address).unwrap();
        (found.active, found.inactive, found.persistent)
    }
}

/// A client's packet to a service.
#[derive(Clone, Copy)]
pub(crate) enum Made {
    /// To UDP port 53 of the virtual address.
    Udp,
    /// To TCP port 80 of the virtual address, with these flags.
    Tcp(u8),
}

impl Made {
    pub(crate) fn from(self, client: &str) -> Vec<u8> {
        let client: SocketAddr = client.parse().unwrap();
        let address = if client.is_ipv4() { VIRTUAL_V4 } else { VIRTUAL_V6 };
        match self {
            Self::Udp => crate::packet::udp(client, at(address, 53), b"?"),
            Self::Tcp(flags) => crate::packet::tcp(client, at(address, 80), flags, b""),
        }
    }
}

pub(crate) const VIRTUAL_V4: &str = "10.0.0.1";
pub(crate) const VIRTUAL_V6: &str = "2001:db8::1";

pub(crate) fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

/// A round-robin service: UDP port 53 or TCP port 80 of a virtual address.
pub(crate) fn service(protocol: Protocol, address: &str) -> Service {
    let port = if protocol == Protocol::Udp { 53 } else { 80 };
    let key = ServiceKey::Address { protocol, address: address.parse().unwrap(), port };
    Service::new(key, Method::RoundRobin)
}

pub(crate) fn server(address: &str, port: u16, forward: Forward) -> Destination {
    Destination { address: address.parse().unwrap(), port, forward, weight: 1, upper: 0, lower: 0 }
}
