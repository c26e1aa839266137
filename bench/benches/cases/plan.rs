//! The difference between the services that are there and those that are wanted.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr};

use ipvs_core::{Destination, Forward, Method, Protocol, Service, ServiceKey, plan};

use super::Case;

pub(super) fn add(cases: &mut Vec<Case>) {
    cases.push(Case::new("plan/10,000 services of 4 real servers, nothing to do", || plans(0)).of(1));
    cases.push(Case::new("plan/10,000 services of 4 real servers, all weights change", || plans(1)).of(1));
}

fn plans(difference: u32) -> impl FnMut(u64) {
    let have = services(1);
    let want = services(1 + difference);
    let steps = if difference == 0 { 0 } else { 40_000 };
    move |turns| {
        for _ in 0..turns {
            let plan = plan(black_box(&have), black_box(&want)).expect("both are sorted");
            assert_eq!(plan.map(black_box).count(), steps);
        }
    }
}

fn services(weight: u32) -> Vec<(Service, [Destination; 4])> {
    let service = |number: u32| {
        let address = IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + number));
        let key = ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 };
        let destinations = core::array::from_fn(|place| Destination {
            address: IpAddr::V4(Ipv4Addr::from_bits(
                0x0B00_0000 + number * 4 + u32::try_from(place).unwrap_or(0),
            )),
            port: 80,
            forward: Forward::Masquerade,
            weight,
            upper: 0,
            lower: 0,
        });
        (Service::new(key, Method::WeightedLeastConnection), destinations)
    };
    (0..10_000).map(service).collect()
}
