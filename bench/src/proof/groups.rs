//! Small groups of routers for the explorer: short intervals, timers that fire on time, one announcement.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::rc::Rc;

use vrrp_core::{Family, Interval, Priority, Settings, Version, Vrid, announce, virtual_mac};

use crate::simulation::{Clock, Station, Wish};

/// Version 3 over IPv4 for 192.0.2.100, sent from 192.0.2.`host`. With one announcement only there are no states that
/// differ only in what is still to be announced.
///
/// # Panics
/// If the priority or the interval is zero.
pub fn quick(host: u8, priority: u8, centiseconds: u16) -> Station {
    let address = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
    let addresses: Rc<[IpAddr]> = Rc::from([address(100)]);
    let vrid = Vrid::new(51).expect("51 is a VRID");
    Station {
        wish: Wish {
            priority: Priority::new(priority).expect("a priority of a test is not zero"),
            advert_interval: Interval::from_centiseconds(centiseconds)
                .expect("an interval of a test is in range"),
            announce: announce::Settings {
                repeat: 1,
                lower_priority_repeat: 1,
                delay: Duration::ZERO,
                lower_priority_delay: announce::Pause::default(),
                ..announce::Settings::default()
            },
            ..Settings::new(vrid, Family::V4, addresses)
        },
        source: address(host),
        mac: Some([2, 0, 0, 0, 0, host]),
        lateness: Duration::ZERO,
        clock: Clock::default(),
    }
}

/// With preemption off.
pub fn shy(station: Station) -> Station {
    Station { wish: Wish { preempt: false, ..station.wish }, ..station }
}

/// In version 2.
pub fn old(station: Station) -> Station {
    Station { wish: Wish { version: Version::V2, ..station.wish }, ..station }
}

/// Sending from elsewhere.
pub fn at(station: Station, source: [u8; 4]) -> Station {
    Station { source: IpAddr::from(source), ..station }
}

/// Two that nothing on the wire tells apart: same priority, same address, and the virtual MAC (E3).
pub fn twins() -> Vec<Station> {
    let twin = quick(7, 100, 1);
    let mac = Some(virtual_mac(twin.wish.family, twin.wish.vrid));
    let twin = Station { mac, ..twin };
    vec![twin.clone(), twin]
}
