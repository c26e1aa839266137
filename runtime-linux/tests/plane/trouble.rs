//! What is refused, and what is left to the kernel.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use ipvs_core::{Destination, Family, Forward, Method, Persistence, Protocol, Service, ServiceKey, Step};
use runtime_linux::lab;
use runtime_linux::perform::ipvs::Plane;

use crate::network::{Network, virtual_address};

#[test]
fn a_service_without_servers_refuses_at_once() {
    lab::test(|| {
        for mut network in [Network::nat(), Network::direct()] {
            for family in [Family::V4, Family::V6] {
                let service = network.serve(family, Protocol::Tcp, false);
                for name in crate::network::SERVERS {
                    let Destination { address, port, .. } = network.destination(family, name);
                    network.apply(Step::RemoveDestination { service, address, port }).unwrap();
                }
                let refused = network.transfer(family, 0).unwrap_err();
                assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            }
        }
    });
}

#[test]
fn a_real_server_that_nobody_has_is_looked_for_and_then_told_of_as_unreachable() {
    lab::test(|| {
        let mut network = Network::direct();
        let service = network.serve(Family::V4, Protocol::Tcp, false);
        for name in crate::network::SERVERS {
            let Destination { address, port, .. } = network.destination(Family::V4, name);
            network.apply(Step::RemoveDestination { service, address, port }).unwrap();
        }
        let nobody = "198.18.0.77".parse().unwrap();
        let destination = Destination { address: nobody, ..network.destination(Family::V4, "rs1") };
        network.apply(Step::AddDestination { service, destination }).unwrap();
        let failed = network.transfer(Family::V4, 0).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::HostUnreachable);
        let trouble = network.trouble();
        let count =
            |name: &str| trouble.iter().find(|(counter, _)| counter == name).map_or(0, |(_, count)| *count);
        assert!(count("no_neighbour") >= 2 && count("icmp_sent") >= 1, "{trouble:?}");
    });
}

#[test]
fn the_host_keeps_its_own_ports_of_the_virtual_address() {
    lab::test(|| {
        let mut network = Network::nat();
        network.serve(Family::V4, Protocol::Tcp, false);
        let own = SocketAddr::new(virtual_address(Family::V4), 22);
        let _listener = network.director.run(|| TcpListener::bind(own)).unwrap().unwrap();
        network.client.run(|| TcpStream::connect_timeout(&own, Duration::from_secs(5))).unwrap().unwrap();
    });
}

#[test]
fn after_the_stop_the_kernel_answers_for_the_address_again() {
    lab::test(|| {
        let mut network = Network::direct();
        network.serve(Family::V4, Protocol::Tcp, false);
        let to = network.to(Family::V4);
        let _listener = network.director.run(|| TcpListener::bind(to)).unwrap().unwrap();
        let answered = network.requests(Family::V4, Protocol::Tcp, 2);
        assert_eq!(answered.keys().collect::<Vec<_>>(), ["rs1", "rs2"]);
        network.plane.take().unwrap().stop().unwrap();
        assert!(network.director.run(|| TcpStream::connect(to)).unwrap().is_ok());
        let connected =
            network.client.run(|| TcpStream::connect_timeout(&to, Duration::from_secs(5))).unwrap();
        assert_eq!(connected.unwrap().peer_addr().unwrap(), to);
        let mut again = network.director.run(runtime_linux::plane::User::start).unwrap().unwrap();
        assert_eq!(again.read().unwrap(), []);
    });
}

#[test]
fn nat_to_the_director_itself_is_refused_in_words() {
    lab::test(|| {
        let mut network = Network::nat();
        let service = network.serve(Family::V4, Protocol::Tcp, false);
        for address in ["127.0.0.1", "198.18.1.1"] {
            let address = address.parse().unwrap();
            let destination = Destination { address, ..network.destination(Family::V4, "rs1") };
            let error = network.apply(Step::AddDestination { service, destination }).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "adding real server {address}:8080 to service [198.18.0.100]:tcp:80: it is this host itself, \
                     whose replies the user-space data plane cannot translate: use direct routing (`lb_kind DR`), \
                     which leaves packets to the service's port as they are, or the kernel's IPVS \
                     (`data_plane kernel`)"
                )
            );
        }
    });
}

#[test]
fn what_the_director_cannot_do_is_refused_and_leaves_nothing() {
    lab::test(|| {
        let mut network = Network::nat();
        let key = network.serve(Family::V4, Protocol::Tcp, false);
        let plane = network.plane.as_mut().unwrap();
        let before = plane.read().unwrap();
        let (service, _) = before[0].clone();
        let mark = ServiceKey::Mark { mark: 7, family: Family::V4 };
        let other = Destination { address: "fd18:1::13".parse().unwrap(), ..before[0].1[0] };
        let steps = [
            Step::AddService(service),
            Step::AddDestination { service: key, destination: other },
            Step::RemoveService(mark),
        ];
        let refusals = steps.map(|step| plane.apply(step).unwrap_err().to_string());
        assert_eq!(
            refusals,
            [
                "adding service [198.18.0.100]:tcp:80: the service already exists",
                "adding real server [fd18:1::13]:8080 to service [198.18.0.100]:tcp:80: the real server is of another \
                 address family than the service",
                "removing service FWM 7: no such service",
            ]
        );
        assert_eq!(plane.read().unwrap(), before);
        assert_eq!(network.requests(Family::V4, Protocol::Tcp, 2).len(), 2);
    });
}

#[test]
fn every_port_of_an_address_is_balanced_by_direct_routing_and_refused_with_nat() {
    lab::test(|| {
        for mut network in [Network::nat(), Network::direct()] {
            let key = ServiceKey::Address {
                protocol: Protocol::Tcp,
                address: virtual_address(Family::V4),
                port: 0,
            };
            let persistence = Some(Persistence { timeout: Duration::from_secs(300), granularity: 32 });
            let service = Service { persistence, ..Service::new(key, Method::RoundRobin) };
            network.apply(Step::AddService(service)).unwrap();
            let destination = Destination { port: 0, ..network.destination(Family::V4, "rs1") };
            let added = network.apply(Step::AddDestination { service: key, destination });
            match added {
                Ok(()) => assert_eq!(network.transfer(Family::V4, 0).unwrap(), "rs1"),
                Err(error) => assert_eq!(
                    error.to_string(),
                    "adding real server 198.18.1.11:0 to service [198.18.0.100]:tcp:0: the user-space data plane does \
                     not translate every port of an address: name the ports, use direct routing (`lb_kind DR`), or the \
                     kernel's IPVS (`data_plane kernel`)"
                ),
            }
            assert_eq!(
                network.plane.as_mut().unwrap().read().unwrap()[0].1.len(),
                usize::from(destination.forward == Forward::Direct)
            );
        }
    });
}
