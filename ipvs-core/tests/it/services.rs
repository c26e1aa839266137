//! Many services that come and go.

use std::collections::BTreeMap;

use ipvs_core::{Forward, Protocol, Refused, Service, ServiceKey, Step, Verdict};
use proptest::prelude::*;

use crate::lab::{Lab, VIRTUAL_V4, at, server, service};
use crate::packet::udp;

proptest! {
    #[test]
    fn each_service_is_found_by_its_port_and_by_no_other(
        changes in prop::collection::vec((any::<bool>(), 1..13_u16), 0..60),
    ) {
        let mut lab = Lab::new(&[], 64);
        let mut model = BTreeMap::new();
        for (is_added, port) in changes {
            let step = if is_added { Step::AddService(on(port)) } else { Step::RemoveService(on(port).key) };
            let expected = match (is_added, model.contains_key(&port)) {
                (true, true) => Err(Refused::ServiceExists),
                (true, false) if model.len() == 8 => Err(Refused::ServicesFull),
                (false, false) => Err(Refused::NoService),
                (true, false) | (false, true) => Ok(()),
            };
            prop_assert_eq!(lab.director.apply(&step), expected);
            if expected.is_ok() && is_added {
                let last = u8::try_from(port).unwrap();
                let destination = server(&format!("10.2.0.{last}"), 9, Forward::Direct);
                lab.apply(Step::AddDestination { service: on(port).key, destination });
                model.insert(port, destination.address);
            } else if expected.is_ok() {
                model.remove(&port);
            }
            let listed: Vec<ServiceKey> = lab.director.services().map(|status| status.service.key).collect();
            let expected: Vec<ServiceKey> = model.keys().map(|port| on(*port).key).collect();
            prop_assert_eq!(listed, expected);
        }
        for port in 1..13 {
            let mut packet = udp(at("10.9.0.7", 1_000), at(VIRTUAL_V4, port), b"?");
            match (lab.send(&mut packet), model.get(&port)) {
                (Verdict::Forward(outgoing), Some(address)) => prop_assert_eq!(outgoing.next_hop, *address),
                (verdict, found) => prop_assert_eq!((verdict, found), (Verdict::Pass, None)),
            }
        }
    }
}

fn on(port: u16) -> Service {
    let key = ServiceKey::Address { protocol: Protocol::Udp, address: VIRTUAL_V4.parse().unwrap(), port };
    Service { key, ..service(Protocol::Udp, VIRTUAL_V4) }
}
