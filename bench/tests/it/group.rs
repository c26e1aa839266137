//! Small groups for hand-written scenarios.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::rc::Rc;

use bench::simulation::{Clock, Quality, Simulation, Station, Wish};
use vrrp_core::{Action, Family, Interval, Priority, Settings, State, Vrid};

/// Version 3 over IPv4, one second, for 192.0.2.100; sent from 192.0.2.`host`, timers up to [`LATE`] late.
pub(crate) fn station(host: u8, priority: u8) -> Station {
    let addresses: Rc<[IpAddr]> = Rc::from([address(100)]);
    let vrid = Vrid::new(51).expect("not zero");
    Station {
        wish: Wish {
            priority: Priority::new(priority).expect("not zero"),
            ..Settings::new(vrid, Family::V4, addresses)
        },
        source: address(host),
        mac: Some([2, 0, 0, 0, 0, host]),
        lateness: LATE,
        clock: Clock::default(),
    }
}

pub(crate) fn with(station: Station, change: impl FnOnce(&mut Wish)) -> Station {
    let mut station = station;
    change(&mut station.wish);
    station
}

/// All started, on a good link, and settled.
pub(crate) fn running(seed: u64, stations: Vec<Station>) -> Simulation {
    let count = stations.len();
    let mut simulation = stopped(seed, stations);
    (0..count).for_each(|node| simulation.start(node));
    run(&mut simulation, s(20));
    simulation
}

/// On a good link, all switched off.
pub(crate) fn stopped(seed: u64, stations: Vec<Station>) -> Simulation {
    Simulation::new(seed, Quality { loss: 0, duplication: 0, delay: WAY }, stations)
}

pub(crate) fn run(simulation: &mut Simulation, span: Duration) {
    if let Err(violation) = simulation.run_for(span) {
        panic!("{violation}\n{:#?}", simulation.journal());
    }
}

/// Every change of state at or after `from`: when, who, and to what.
pub(crate) fn changes(simulation: &Simulation, from: Duration) -> Vec<(Duration, usize, State)> {
    let entries = simulation.journal().iter().filter(|entry| entry.at >= from);
    entries
        .filter_map(|entry| match entry.action {
            Action::Transition { to, .. } => Some((entry.at, entry.node, to)),
            Action::Advertise { .. }
            | Action::ClaimAddresses
            | Action::ReleaseAddresses
            | Action::Announce { .. }
            | Action::Heard { .. }
            | Action::Ignored(_)
            | Action::Noticed(_) => None,
        })
        .collect()
}

/// When `node` did something that `wanted` accepts, at or after `from`.
pub(crate) fn times(
    simulation: &Simulation,
    from: Duration,
    node: usize,
    wanted: impl Fn(Action) -> bool,
) -> Vec<Duration> {
    let entries = simulation.journal().iter().filter(|entry| entry.at >= from && entry.node == node);
    entries.filter(|entry| wanted(entry.action)).map(|entry| entry.at).collect()
}

pub(crate) fn adverts(simulation: &Simulation, from: Duration, node: usize) -> Vec<Duration> {
    times(simulation, from, node, |action| matches!(action, Action::Advertise { .. }))
}

pub(crate) fn announcements(simulation: &Simulation, from: Duration, node: usize) -> Vec<Duration> {
    times(simulation, from, node, |action| matches!(action, Action::Announce { .. }))
}

pub(crate) fn interval(centiseconds: u16) -> Interval {
    Interval::from_centiseconds(centiseconds).expect("in range")
}

pub(crate) fn address(host: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, host))
}

pub(crate) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) const fn s(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The longest way of a frame.
pub(crate) const WAY: Duration = ms(1);
/// How late timers may fire.
pub(crate) const LATE: Duration = Duration::from_micros(100);
