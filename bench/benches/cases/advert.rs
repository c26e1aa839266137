//! An advert as bytes.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr};

use vrrp_core::wire::advert::{Addresses, MAX_LEN, Repr};
use vrrp_core::wire::auth::Authentication;
use vrrp_core::wire::checksum;
use vrrp_core::{ChecksumForm, Family, Interval, Version, Vrid};

use super::Case;

pub(super) fn add(cases: &mut Vec<Case>) {
    cases.push(Case::new("advert/emit", || {
        let mut buffer = [0; MAX_LEN];
        move |turns| {
            for _ in 0..turns {
                black_box(emit(&mut buffer, 100));
            }
        }
    }));
    cases.push(Case::new("advert/parse", || {
        let mut buffer = [0; MAX_LEN];
        let len = emit(&mut buffer, 100);
        move |turns| {
            for _ in 0..turns {
                let message = black_box(&buffer[..len]);
                let advert = Repr::parse(message, Family::V4).expect("it was emitted");
                black_box((advert.priority, checksum::verify(message, advert.version, PEER, GROUP)));
            }
        }
    }));
}

/// Version 3 over IPv4 with one address.
pub(super) fn emit(buffer: &mut [u8], priority: u8) -> usize {
    let advert = Repr {
        version: Version::V3,
        vrid: Vrid::new(51).expect("it is not zero"),
        priority,
        interval: Interval::DEFAULT,
        authentication: Authentication::None,
        addresses: Addresses::new(&ADDRESSES),
    };
    black_box(advert).emit(PEER, GROUP, ChecksumForm::Rfc9568, buffer).expect("there is room")
}

pub(super) static ADDRESSES: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100))];
pub(super) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 20));
pub(super) const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
