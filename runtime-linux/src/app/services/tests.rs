use core::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use ipvs_core::{Forward, Method, Protocol, Step};

use super::*;

/// A data plane that others can reach into.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Table>>);

type Table = BTreeMap<ServiceKey, (Service, Vec<Destination>)>;

impl Plane for Shared {
    fn name(&self) -> &'static str {
        "test"
    }

    fn read(&mut self) -> Result<Vec<(Service, Vec<Destination>)>, ipvs::Error> {
        Ok(self.0.lock().unwrap().values().cloned().collect())
    }

    fn apply(&mut self, step: Step) -> Result<(), ipvs::Error> {
        let mut services = self.0.lock().unwrap();
        if services.contains_key(&step.service()) == matches!(step, Step::AddService(_)) {
            let (step, reason) = (ipvs::describe(&step), "there is one already, or none".to_owned());
            return Err(ipvs::Error::Unable { step, reason, refused: None });
        }
        let present = services.entry(step.service()).or_insert((service(0), Vec::new()));
        match step {
            Step::AddService(service) | Step::EditService(service) => present.0 = service,
            Step::RemoveService(key) => {
                services.remove(&key);
            }
            Step::AddDestination { destination, .. } | Step::EditDestination { destination, .. } => {
                present.1.retain(|other| !other.is_same_server(&destination));
                present.1.push(destination);
            }
            Step::RemoveDestination { address, port, .. } => {
                present.1.retain(|other| (other.address, other.port) != (address, port));
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ipvs::Error> {
        self.0.lock().unwrap().clear();
        Ok(())
    }

    fn status(&mut self) -> Result<ipvs::Status, ipvs::Error> {
        Ok(ipvs::Status::default())
    }

    fn stop(self: Box<Self>) -> Result<(), ipvs::Error> {
        Ok(())
    }
}

#[test]
fn what_others_own_stays_and_what_they_damage_is_repaired() {
    let plane = Shared::default();
    let foreign = service(99);
    plane.0.lock().unwrap().insert(foreign.key, (foreign, Vec::new()));
    let mut services = Services { plane: Some(Box::new(plane.clone())), ..Services::default() };
    let ours = service(1);
    services.want(ours, [server(1), server(2)].into());
    settle(&mut services);
    plane.0.lock().unwrap().get_mut(&ours.key).unwrap().1.pop();
    services.begin_round();
    settle(&mut services);
    let present = plane.0.lock().unwrap().clone();
    assert_eq!(present[&ours.key].1, [server(1), server(2)]);
    assert!(present.contains_key(&foreign.key));
    services.close(false, FlushOnStop::Ours);
    assert_eq!(plane.0.lock().unwrap().keys().copied().collect::<Vec<_>>(), [foreign.key]);
}

#[test]
fn a_service_that_a_reload_took_away_goes_and_its_key_is_forgotten() {
    let plane = Shared::default();
    let mut services = Services { plane: Some(Box::new(plane.clone())), ..Services::default() };
    let ours = service(1);
    services.want(ours, [server(1)].into());
    settle(&mut services);
    services.unwant(ours.key);
    settle(&mut services);
    assert!(plane.0.lock().unwrap().is_empty());
    plane.0.lock().unwrap().insert(ours.key, (ours, Vec::new()));
    settle(&mut services);
    assert!(plane.0.lock().unwrap().contains_key(&ours.key), "by now it is somebody else's");
}

#[test]
fn thousands_of_services_are_brought_in_turns_of_a_few_hundred() {
    let plane = Shared::default();
    let mut services = Services { plane: Some(Box::new(plane.clone())), ..Services::default() };
    for number in 0..2_000_u16 {
        services.want(numbered(number), (1..=4).map(server).collect());
    }
    services.turn();
    assert_eq!(plane.0.lock().unwrap().len(), 103, "five hundred real servers and services");
    settle(&mut services);
    assert_eq!(plane.0.lock().unwrap().values().map(|(_, servers)| servers.len()).sum::<usize>(), 8_000);
    services.close(false, FlushOnStop::Ours);
    assert!(plane.0.lock().unwrap().is_empty());
}

#[test]
fn where_thousands_change_what_they_had_is_believed_and_what_is_refused_is_looked_at() {
    let plane = Shared::default();
    let stranger = server(200);
    let (there, gone, grown) = (numbered(3), numbered(5), numbered(7));
    plane.0.lock().unwrap().insert(there.key, (there, vec![stranger]));
    let mut services = Services { plane: Some(Box::new(plane.clone())), ..Services::default() };
    let want = |services: &mut Services, weight| {
        for number in 0..2_000_u16 {
            services.want(numbered(number), [Destination { weight, ..server(1) }].into());
        }
        settle(services);
    };
    let held = |service: Service| plane.0.lock().unwrap()[&service.key].1.clone();
    want(&mut services, 1);
    assert_eq!(held(there), [server(1)]);
    plane.0.lock().unwrap().remove(&gone.key);
    plane.0.lock().unwrap().get_mut(&grown.key).unwrap().1.push(stranger);
    want(&mut services, 2);
    let wanted = Destination { weight: 2, ..server(1) };
    assert_eq!(held(gone), [wanted]);
    assert_eq!(held(grown), [stranger, wanted], "not read back");
    services.begin_round();
    settle(&mut services);
    assert_eq!(held(grown), [wanted]);
    assert!(services.complaints.is_empty());
}

#[test]
fn what_is_asked_for_does_not_wait_for_a_round() {
    let plane = Shared::default();
    let mut services = Services { plane: Some(Box::new(plane.clone())), ..Services::default() };
    for number in 0..2_000_u16 {
        services.want(numbered(number), (1..=4).map(server).collect());
    }
    settle(&mut services);
    services.begin_round();
    let last = numbered(1_999);
    services.want(last, [server(1)].into());
    services.turn();
    assert_eq!(plane.0.lock().unwrap()[&last.key].1, [server(1)]);
}

#[test]
fn a_service_of_a_foreign_kind_under_our_key_is_made_ours() {
    let servers = [server(1), server(2)];
    let ours = (service(1), &servers[..]);
    let present = Present {
        service: None,
        destinations: vec![server(1)],
        misshapen: vec![(server(2).address, server(2).port)],
    };
    let mut steps = Vec::new();
    compare(ours.0.key, Some(&ours), Some(&present), &mut steps);
    let Destination { address, port, .. } = server(2);
    assert_eq!(
        steps,
        [
            Step::RemoveDestination { service: ours.0.key, address, port },
            Step::EditService(ours.0),
            Step::AddDestination { service: ours.0.key, destination: server(2) },
        ]
    );
}

#[test]
fn what_stays_at_a_stop_is_said_by_the_configuration() {
    for (keep, flush, left) in [
        (false, FlushOnStop::Ours, vec![service(99).key]),
        (false, FlushOnStop::Everything, vec![]),
        (true, FlushOnStop::Everything, vec![service(1).key, service(99).key]),
    ] {
        let plane = Shared::default();
        let foreign = service(99);
        plane.0.lock().unwrap().insert(foreign.key, (foreign, Vec::new()));
        let mut services = Services { plane: Some(Box::new(plane.clone())), ..Services::default() };
        services.want(service(1), [server(1)].into());
        settle(&mut services);
        services.close(keep, flush);
        assert_eq!(plane.0.lock().unwrap().keys().copied().collect::<Vec<_>>(), left);
    }
}

#[test]
fn a_flush_at_the_start_spares_what_is_configured() {
    let plane = Shared::default();
    for last in [1, 2, 99] {
        plane.0.lock().unwrap().insert(service(last).key, (service(last), vec![server(1)]));
    }
    let configured = BTreeSet::from([service(1).key, service(2).key]);
    flush_others(&mut plane.clone(), &configured).unwrap();
    assert_eq!(plane.0.lock().unwrap().keys().copied().collect::<BTreeSet<_>>(), configured);
}

/// Takes turns until nothing is due.
fn settle(services: &mut Services) {
    while services.has_due() {
        services.turn();
    }
}

fn numbered(number: u16) -> Service {
    let address = IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + u32::from(number)));
    Service::new(ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 }, Method::RoundRobin)
}

fn service(last: u8) -> Service {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
    Service::new(ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 }, Method::RoundRobin)
}

fn server(last: u8) -> Destination {
    Destination {
        address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, last)),
        port: 80,
        forward: Forward::Direct,
        weight: 1,
        upper: 0,
        lower: 0,
    }
}
