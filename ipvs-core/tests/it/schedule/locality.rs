//! `lblc` and `lblcr`.

use ipvs_core::{
    Destination, Director, Locality, Memory, Method, Protocol, Service, ServiceKey, Settings, Step, Storage,
};

use super::{Lab, number, server};
use crate::packet::udp;

#[test]
fn an_address_stays_with_its_server() {
    for method in [Method::LocalityLeastConnection, Method::LocalityLeastConnectionReplicated] {
        assert_eq!(Lab::new(method, &[1, 1, 1]).new_clients(6), [3; 6], "{method}");
    }
}

#[test]
fn an_address_leaves_a_server_with_too_much_to_do_if_another_has_little() {
    let mut lab = Lab::new(Method::LocalityLeastConnection, &[1, 1]);
    // 2 of 1 is too much while the other has 0; then neither has less than half of its weight.
    assert_eq!(lab.new_tcp_clients(6), [2, 2, 1, 1, 1, 1]);
}

#[test]
fn a_replicated_address_has_more_servers_when_one_has_too_much_to_do() {
    let mut lab = Lab::new(Method::LocalityLeastConnectionReplicated, &[1, 1]);
    // From the third client on both serve, the less busy one first.
    assert_eq!(lab.new_tcp_clients(6), [2, 2, 1, 1, 1, 2]);
}

#[test]
fn the_busiest_server_of_a_replicated_address_leaves_when_none_came_for_a_day() {
    let mut lab = Lab::new(Method::LocalityLeastConnectionReplicated, &[1, 1]);
    assert_eq!(lab.new_tcp_clients(3), [2, 2, 1]);
    lab.wait(100);
    assert_eq!(lab.new_tcp_clients(2), [1, 2], "nobody is connected any more, and both serve");
    for _ in 0..24 {
        lab.wait(3_600);
        assert_eq!(lab.new_tcp_clients(1), [1]);
    }
    lab.wait(3_600);
    assert_eq!(lab.new_tcp_clients(2), [2, 2], "the other one left with the client before");
}

#[test]
fn an_address_finds_another_server_when_its_own_is_quiet_or_gone() {
    for method in [Method::LocalityLeastConnection, Method::LocalityLeastConnectionReplicated] {
        let mut lab = Lab::new(method, &[1, 1, 1]);
        assert_eq!(lab.new_clients(2), [3, 3]);
        lab.edit(3, 0);
        assert_eq!(lab.new_clients(2), [2, 2]);
        lab.remove(2);
        assert_eq!(lab.new_clients(2), [1, 1]);
    }
}

#[test]
fn a_server_that_comes_back_before_anybody_asked_has_its_addresses_again() {
    for method in [Method::LocalityLeastConnection, Method::LocalityLeastConnectionReplicated] {
        let mut lab = Lab::new(method, &[1, 1]);
        assert_eq!(lab.new_clients(1), [2]);
        lab.wait(400);
        lab.remove(2);
        lab.add(3, 1);
        lab.add(2, 0);
        lab.edit(2, 1);
        lab.add(4, 1);
        assert_eq!(lab.new_clients(2), [2, 2], "{method}");
    }
}

#[test]
fn addresses_share_the_memory_and_the_longest_unused_gives_way_after_six_minutes() {
    let mut cache = Cache::new(3, 2);
    assert_eq!([0, 1, 2].map(|service| cache.is_kept(service)), [true, true, false]);
    cache.lab.wait(200);
    assert!(cache.is_kept(0));
    cache.lab.wait(200);
    assert_eq!([0, 2, 1].map(|service| cache.is_kept(service)), [true, true, false]);
}

#[test]
fn an_address_that_nobody_asked_for_in_a_day_is_forgotten() {
    let mut cache = Cache::new(1, 2);
    assert_eq!(cache.ask(0), 2);
    cache.lab.wait(86_500);
    // The newest server is the least busy again, not the one of the day before.
    cache.add(0, 3);
    assert_eq!(cache.ask(0), 3);
}

#[test]
fn without_memory_for_addresses_the_least_busy_server_is_taken() {
    let mut cache = Cache::new(1, 0);
    assert_eq!([cache.ask(0), cache.ask(0), cache.ask(0)], [2, 1, 2]);
}

#[test]
fn a_service_that_goes_leaves_its_memory_to_others() {
    let mut cache = Cache::new(2, 1);
    assert_eq!([0, 1].map(|service| cache.is_kept(service)), [true, false]);
    cache.lab.director.apply(&Step::RemoveService(key(0))).unwrap();
    assert!(cache.is_kept(1));
}

#[test]
fn a_removed_server_that_only_an_address_remembers_makes_room_for_a_new_one() {
    let mut cache = Cache::new(8, 8);
    for service in 0..8 {
        assert_eq!(cache.ask(service), 2);
    }
    cache.lab.wait(400);
    for service in 0..8 {
        let Destination { address, port, .. } = server(2, 1);
        let step = Step::RemoveDestination { service: key(service), address, port };
        cache.lab.director.apply(&step).unwrap();
    }
    for service in 0..8 {
        cache.add(service, 3);
        assert_eq!(cache.ask(service), 3);
    }
}

/// Services by `lblc` with two servers each, and room for all their servers but no more.
struct Cache {
    lab: Lab,
}

impl Cache {
    fn new(services: u8, addresses: usize) -> Self {
        let storage = Box::leak(Box::new(Storage::<8, 16, 512, 512, 4>::new()));
        let memory = Memory { localities: vec![Locality::EMPTY; addresses].leak(), ..storage.lend() };
        let mut director = Director::new(memory, Settings::new([3; 16]));
        for number in 0..services {
            let service = Service::new(key(number), Method::LocalityLeastConnection);
            director.apply(&Step::AddService(service)).unwrap();
        }
        let mut cache = Self { lab: Lab { director, ..Lab::new(Method::RoundRobin, &[]) } };
        for service in 0..services {
            cache.add(service, 1);
            cache.add(service, 2);
        }
        cache
    }

    fn add(&mut self, service: u8, number: u8) {
        let step = Step::AddDestination { service: key(service), destination: server(number, 1) };
        self.lab.director.apply(&step).unwrap();
    }

    /// The server of a new client.
    fn ask(&mut self, service: u8) -> u8 {
        self.lab.port += 1;
        let client = format!("10.1.8.77:{}", self.lab.port);
        let packet = udp(client.parse().unwrap(), format!("10.0.1.{service}:53").parse().unwrap(), b"?");
        number(self.lab.forward(&packet))
    }

    /// Whether two clients get the same server.
    fn is_kept(&mut self, service: u8) -> bool {
        self.ask(service) == self.ask(service)
    }
}

fn key(number: u8) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Udp, address: [10, 0, 1, number].into(), port: 53 }
}
