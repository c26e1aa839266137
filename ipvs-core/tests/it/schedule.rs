//! Which server gets the next connection.

use core::time::Duration;

use ipvs_core::{
    Arrival, Destination, Director, Forward, Locality, Memory, Method, Mode, Protocol, SchedulerFlags,
    Service, ServiceKey, Settings, Step, Storage, TableSlot, Verdict,
};

use crate::packet::{SYN, tcp, udp};

mod exact;
mod improved;
mod index;
mod locality;
mod maglev;

/// A director with one UDP and one TCP service, each with servers 10.2.0.1, 10.2.0.2, … added in that order.
struct Lab {
    director: Director<'static>,
    now: Duration,
    port: u16,
}

impl Lab {
    pub(super) fn new(method: Method, weights: &[u32]) -> Self {
        Self::with_flags(method, SchedulerFlags::NONE, weights)
    }

    pub(super) fn with_flags(method: Method, flags: SchedulerFlags, weights: &[u32]) -> Self {
        Self::with_service(method, weights, |service| Service { flags, ..service })
    }

    pub(super) fn improved(method: Method, weights: &[u32]) -> Self {
        Self::with_service(method, weights, |service| Service { mode: Mode::Improved, ..service })
    }

    pub(super) fn with_service(method: Method, weights: &[u32], change: impl Fn(Service) -> Service) -> Self {
        let storage = Box::leak(Box::new(Storage::<2, 16, 512, 512, 4>::new()));
        let memory = Memory {
            tables: vec![TableSlot::EMPTY; 2 * 65_537].leak(),
            localities: vec![Locality::EMPTY; 4].leak(),
            ..storage.lend()
        };
        let mut director = Director::new(memory, Settings::new([3; 16]));
        for key in services() {
            let service = change(Service::new(key, method));
            director.apply(&Step::AddService(service)).unwrap();
        }
        let mut lab = Self { director, now: Duration::from_secs(10), port: 5_000 };
        for (number, weight) in (1..).zip(weights) {
            lab.add(number, *weight);
        }
        lab
    }

    pub(super) fn add(&mut self, number: u8, weight: u32) {
        for service in services() {
            let destination = server(number, weight);
            self.director.apply(&Step::AddDestination { service, destination }).unwrap();
        }
    }

    pub(super) fn edit(&mut self, number: u8, weight: u32) {
        for service in services() {
            let destination = server(number, weight);
            self.director.apply(&Step::EditDestination { service, destination }).unwrap();
        }
    }

    pub(super) fn limit(&mut self, number: u8, upper: u32) {
        for service in services() {
            let statuses: Vec<_> = self.director.destinations(&service).collect();
            let found =
                statuses.iter().find(|status| status.destination.address == server(number, 1).address);
            let destination = Destination { upper, ..found.unwrap().destination };
            self.director.apply(&Step::EditDestination { service, destination }).unwrap();
        }
    }

    pub(super) fn remove(&mut self, number: u8) {
        for service in services() {
            let Destination { address, port, .. } = server(number, 1);
            self.director.apply(&Step::RemoveDestination { service, address, port }).unwrap();
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(deadline) = self.director.deadline().filter(|deadline| *deadline <= end) {
            self.director.tick(deadline);
        }
        self.now = end;
    }

    /// The servers of so many UDP clients, each with another port.
    pub(super) fn new_clients(&mut self, count: usize) -> Vec<u8> {
        let clients = (0..count).map(|_| {
            self.port += 1;
            self.udp_from(&format!("10.1.8.77:{}", self.port))
        });
        clients.collect()
    }

    /// The servers of so many TCP clients that stay connected.
    pub(super) fn new_tcp_clients(&mut self, count: usize) -> Vec<u8> {
        let clients = (0..count).map(|_| {
            self.port += 1;
            self.tcp_from(&format!("10.1.8.77:{}", self.port), SYN)
        });
        clients.collect()
    }

    pub(super) fn udp_from(&mut self, client: &str) -> u8 {
        number(self.udp(client))
    }

    pub(super) fn udp(&mut self, client: &str) -> Verdict {
        let packet = udp(client.parse().unwrap(), "10.0.0.1:53".parse().unwrap(), b"?");
        self.forward(&packet)
    }

    pub(super) fn tcp_from(&mut self, client: &str, flags: u8) -> u8 {
        let packet = tcp(client.parse().unwrap(), "10.0.0.1:80".parse().unwrap(), flags, b"");
        number(self.forward(&packet))
    }

    fn forward(&mut self, packet: &[u8]) -> Verdict {
        self.director.forward(self.now, Arrival::default(), packet)
    }
}

fn services() -> [ServiceKey; 2] {
    let address = "10.0.0.1".parse().unwrap();
    [
        ServiceKey::Address { protocol: Protocol::Udp, address, port: 53 },
        ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 },
    ]
}

fn server(number: u8, weight: u32) -> Destination {
    Destination {
        address: [10, 2, 0, number].into(),
        port: 9_000,
        forward: Forward::Masquerade,
        weight,
        upper: 0,
        lower: 0,
    }
}

fn number(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Forward(outgoing) => match outgoing.next_hop {
            core::net::IpAddr::V4(address) => address.octets()[3],
            core::net::IpAddr::V6(_) => panic!("not a server of this test"),
        },
        Verdict::Pass | Verdict::Local | Verdict::Reject | Verdict::Drop(_) => panic!("{verdict:?}"),
    }
}
