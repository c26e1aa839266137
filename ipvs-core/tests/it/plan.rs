//! From what is there to what is wanted.

use std::collections::BTreeMap;

use core::net::IpAddr;
use core::time::Duration;

use ipvs_core::{
    Destination, Disorder, Forward, Method, Persistence, Protocol, Service, ServiceKey, Step, plan,
};
use proptest::prelude::*;

use crate::lab::{VIRTUAL_V4, server, service};

#[test]
fn a_service_is_added_before_its_destinations_and_they_in_the_order_wanted() {
    let web = service(Protocol::Tcp, VIRTUAL_V4);
    let want = [(web, vec![real(2, 1), real(1, 1)])];
    assert_eq!(
        steps(&[], &want),
        [
            Step::AddService(web),
            Step::AddDestination { service: web.key, destination: real(2, 1) },
            Step::AddDestination { service: web.key, destination: real(1, 1) },
        ]
    );
}

#[test]
fn a_removed_service_needs_one_step() {
    let web = service(Protocol::Tcp, VIRTUAL_V4);
    assert_eq!(steps(&[(web, vec![real(1, 1), real(2, 1)])], &[]), [Step::RemoveService(web.key)]);
}

#[test]
fn other_settings_are_edits() {
    let web = service(Protocol::Tcp, VIRTUAL_V4);
    let persistence = Some(Persistence { timeout: Duration::from_mins(5), granularity: 24 });
    for changed in [
        Service { method: Method::SourceHashing, ..web },
        Service { persistence, ..web },
        Service { flags: ipvs_core::SchedulerFlags::FLAG_1, ..web },
    ] {
        let have = [(web, vec![real(1, 1)])];
        assert_eq!(steps(&have, &[(changed, vec![real(1, 1)])]), [Step::EditService(changed)]);
    }
    let limited = Destination { upper: 100, ..real(1, 1) };
    assert_eq!(
        steps(&[(web, vec![real(1, 1)])], &[(web, vec![limited])]),
        [Step::EditDestination { service: web.key, destination: limited }]
    );
}

#[test]
fn servers_come_and_rise_before_others_fall_and_go() {
    let web = service(Protocol::Tcp, VIRTUAL_V4);
    let have = [(web, vec![real(1, 1), real(2, 0), real(3, 1)])];
    let want = [(web, vec![real(1, 0), real(2, 1), real(4, 1)])];
    let service = web.key;
    let Destination { address, port, .. } = real(3, 1);
    assert_eq!(
        steps(&have, &want),
        [
            Step::AddDestination { service, destination: real(4, 1) },
            Step::EditDestination { service, destination: real(2, 1) },
            Step::EditDestination { service, destination: real(1, 0) },
            Step::RemoveDestination { service, address, port },
        ]
    );
}

#[test]
fn services_go_after_everything_else() {
    let (web, name) = (service(Protocol::Tcp, VIRTUAL_V4), service(Protocol::Udp, VIRTUAL_V4));
    assert_eq!(
        steps(&[(web, vec![])], &[(name, vec![])]),
        [Step::AddService(name), Step::RemoveService(web.key)]
    );
}

#[test]
fn unsorted_services_are_refused() {
    let (web, name) = (service(Protocol::Tcp, VIRTUAL_V4), service(Protocol::Udp, VIRTUAL_V4));
    let none: &[(Service, Vec<Destination>)] = &[];
    let disordered = [(name, vec![]), (web, vec![])];
    assert_eq!(plan(none, &disordered).err(), Some(Disorder));
    assert_eq!(plan(&disordered, none).err(), Some(Disorder));
    assert_eq!(plan(none, &[(web, vec![]), (web, vec![])]).err(), Some(Disorder));
}

#[test]
fn two_thousand_services_that_are_as_wanted_need_no_step_in_either_order() {
    let services = |reversed: bool| {
        let one = |number: u16| {
            let key =
                ServiceKey::Address { protocol: Protocol::Tcp, address: [10, 0, 0, 1].into(), port: number };
            let mut servers: Vec<Destination> = (1..=4).map(|last| real(last, 1)).collect();
            if reversed {
                servers.reverse();
            }
            (Service { key, ..service(Protocol::Tcp, VIRTUAL_V4) }, servers)
        };
        (1..=2_000).map(one).collect::<Vec<_>>()
    };
    assert_eq!(steps(&services(false), &services(false)), []);
    assert_eq!(steps(&services(true), &services(false)), []);
}

proptest! {
    #[test]
    fn the_steps_lead_to_what_is_wanted_and_then_there_are_none(have in services(), want in services()) {
        let mut kernel = Kernel::default();
        for step in plan::<Vec<Destination>, _>(&[], &have).unwrap() {
            kernel.apply(&step);
        }
        for step in plan(&have, &want).unwrap() {
            kernel.apply(&step);
        }
        prop_assert_eq!(kernel.sorted(), sorted(&want));
        let reached = kernel.list();
        prop_assert_eq!(plan(&reached, &want).unwrap().next(), None);
    }

    #[test]
    fn a_service_with_a_usable_server_before_and_after_has_one_all_the_time(have in services(), want in services()) {
        let usable = |servers: &[Destination]| servers.iter().any(|server| server.weight > 0);
        let served = |all: &[(Service, Vec<Destination>)], key| {
            all.iter().any(|(service, servers)| service.key == key && usable(servers))
        };
        let mut kernel = Kernel { services: have.iter().map(|(s, d)| (s.key, (*s, d.clone()))).collect() };
        for step in plan(&have, &want).unwrap() {
            kernel.apply(&step);
            for (service, _) in &have {
                if served(&have, service.key) && served(&want, service.key) {
                    prop_assert!(usable(&kernel.services[&service.key].1), "after {:?}", step);
                }
            }
        }
    }

    #[test]
    fn there_is_one_step_for_each_difference(have in services(), want in services()) {
        let mut differences = 0;
        for (service, servers) in &want {
            let present = have.iter().find(|(present, _)| present.key == service.key);
            differences += usize::from(present.is_none_or(|(present, _)| present != service));
            let nobody = Vec::new();
            let present = present.map_or(&nobody, |(_, servers)| servers);
            differences += servers.iter().filter(|server| !present.contains(server)).count();
            let is_gone = |server: &&Destination| !servers.iter().any(|other| other.is_same_server(server));
            differences += present.iter().filter(is_gone).count();
        }
        let is_gone = |key| !want.iter().any(|(service, _)| service.key == key);
        differences += have.iter().filter(|(service, _)| is_gone(service.key)).count();
        prop_assert_eq!(plan(&have, &want).unwrap().count(), differences);
    }
}

/// What the kernel does with a step; it panics where the kernel would answer with an error.
#[derive(Default)]
struct Kernel {
    services: BTreeMap<ServiceKey, (Service, Vec<Destination>)>,
}

impl Kernel {
    fn apply(&mut self, step: &Step) {
        let at = |servers: &[Destination], address: IpAddr, port| {
            servers.iter().position(|server| server.address == address && server.port == port)
        };
        match *step {
            Step::AddService(service) => {
                assert!(self.services.insert(service.key, (service, Vec::new())).is_none(), "EEXIST");
            }
            Step::EditService(service) => self.services.get_mut(&service.key).expect("ESRCH").0 = service,
            Step::RemoveService(key) => assert!(self.services.remove(&key).is_some(), "ESRCH"),
            Step::AddDestination { service, destination } => {
                let servers = &mut self.services.get_mut(&service).expect("ESRCH").1;
                assert_eq!(at(servers, destination.address, destination.port), None, "EEXIST");
                servers.insert(0, destination);
            }
            Step::EditDestination { service, destination } => {
                let servers = &mut self.services.get_mut(&service).expect("ESRCH").1;
                let place = at(servers, destination.address, destination.port).expect("ENOENT");
                servers[place] = destination;
            }
            Step::RemoveDestination { service, address, port } => {
                let servers = &mut self.services.get_mut(&service).expect("ESRCH").1;
                servers.remove(at(servers, address, port).expect("ENOENT"));
            }
        }
    }

    fn list(&self) -> Vec<(Service, Vec<Destination>)> {
        self.services.values().cloned().collect()
    }

    fn sorted(&self) -> Vec<(Service, Vec<Destination>)> {
        sorted(&self.list())
    }
}

fn sorted(services: &[(Service, Vec<Destination>)]) -> Vec<(Service, Vec<Destination>)> {
    let mut services = services.to_vec();
    for (_, servers) in &mut services {
        servers.sort_by_key(|server| (server.address, server.port));
    }
    services
}

fn services() -> impl Strategy<Value = Vec<(Service, Vec<Destination>)>> {
    let servers = prop::sample::subsequence((1..=6).collect::<Vec<u8>>(), 0..=6).prop_shuffle();
    let destinations = (servers, prop::collection::vec(0..3_u32, 6)).prop_map(|(servers, weights)| {
        servers.into_iter().zip(weights).map(|(last, weight)| real(last, weight)).collect::<Vec<_>>()
    });
    let one = (0..6_u16, any::<bool>(), destinations).prop_map(|(port, is_hashed, destinations)| {
        let method = if is_hashed { Method::SourceHashing } else { Method::RoundRobin };
        let key = ServiceKey::Address { protocol: Protocol::Tcp, address: [10, 0, 0, 1].into(), port };
        (key, (Service { key, method, ..service(Protocol::Tcp, VIRTUAL_V4) }, destinations))
    });
    let all = prop::collection::vec(one, 0..6);
    all.prop_map(|all| all.into_iter().collect::<BTreeMap<_, _>>().into_values().collect())
}

fn steps(have: &[(Service, Vec<Destination>)], want: &[(Service, Vec<Destination>)]) -> Vec<Step> {
    plan(have, want).unwrap().collect()
}

fn real(last: u8, weight: u32) -> Destination {
    Destination { weight, ..server(&format!("10.2.0.{last}"), 80, Forward::Direct) }
}
