//! Hosts with several routers.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use bench::simulation::Quality;
use bench::simulation::site::{Seat, SeatConfig, Site};
use vrrp_core::{Action, Family, Peer, Priority, Settings, State, Unicast, Vrid};

#[test]
fn unicast_routers_hear_their_peers_and_a_killed_one_is_replaced() {
    let mut site =
        Site::new(1, perfect(), vec![vec![seat(1, 51, 200, Some(2))], vec![seat(2, 51, 100, Some(1))]]);
    start(&mut site, 2);
    site.run_until(Duration::from_secs(10));
    assert_eq!(states(&site, 0, 1), [State::Active]);
    assert_eq!(states(&site, 1, 1), [State::Backup]);
    site.switch_off(0);
    site.run_until(Duration::from_secs(20));
    assert_eq!(states(&site, 1, 1), [State::Active]);
}

#[test]
fn a_router_that_is_nobodys_peer_is_not_heard() {
    let mut site =
        Site::new(1, perfect(), vec![vec![seat(1, 51, 200, Some(9))], vec![seat(2, 51, 100, Some(1))]]);
    start(&mut site, 2);
    site.run_until(Duration::from_secs(10));
    assert_eq!((states(&site, 0, 1), states(&site, 1, 1)), (vec![State::Active], vec![State::Active]));
}

#[test]
fn the_members_of_a_group_take_over_at_the_same_time() {
    let group = |host, priority| -> Vec<Seat> {
        let seat = |(link, vrid)| Seat { link, group: Some(0), ..seat(host, vrid, priority, None) };
        [(0, 51), (1, 52)].map(seat).to_vec()
    };
    let mut site = Site::new(1, perfect(), vec![group(1, 200), group(2, 100)]);
    start(&mut site, 2);
    site.run_until(Duration::from_secs(10));
    assert_eq!(states(&site, 0, 2), [State::Active; 2]);
    site.take_journal();
    site.switch_off(0);
    site.run_until(Duration::from_secs(20));
    let claims: Vec<Duration> = (site.take_journal().iter())
        .filter(|entry| entry.action == Action::ClaimAddresses)
        .map(|entry| entry.at)
        .collect();
    assert!(claims.len() == 2 && claims[0] == claims[1], "{claims:?}");
}

#[test]
fn a_host_that_is_held_takes_in_what_waited_before_it_speaks() {
    let mut site = Site::new(1, perfect(), vec![vec![seat(1, 51, 200, None)], vec![seat(2, 51, 100, None)]]);
    start(&mut site, 2);
    site.run_until(Duration::from_secs(10));
    site.hold(1, Duration::from_secs(30));
    assert_eq!(site.held_until(1), Some(Duration::from_secs(40)));
    site.take_journal();
    site.run_until(Duration::from_secs(50));
    let moved = site.take_journal().iter().any(|entry| matches!(entry.action, Action::Transition { .. }));
    assert!(!moved, "a Backup that heard the Active router took over");
}

pub(crate) fn start(site: &mut Site, hosts: usize) {
    for host in 0..hosts {
        site.switch_on(host);
        site.start(host);
    }
}

pub(crate) fn states(site: &Site, host: usize, seats: usize) -> Vec<State> {
    (0..seats).map(|seat| site.router(host, seat).expect("the seat is taken").state()).collect()
}

/// On link 0, with its peer or for the group; adverts carry 255.
pub(crate) fn seat(host: u8, vrid: u8, priority: u8, peer: Option<u8>) -> Seat {
    let peers: Vec<u8> = peer.into_iter().collect();
    made(host, vrid, priority, &peers, 255)
}

/// VRID 51 with unicast peers, who must send 255; its own adverts carry `ttl`.
pub(crate) fn unicast(host: u8, priority: u8, peers: &[u8], ttl: u8) -> Seat {
    made(host, 51, priority, peers, ttl)
}

fn made(host: u8, vrid: u8, priority: u8, peers: &[u8], unicast_ttl: u8) -> Seat {
    let address = |last: u8| -> IpAddr { Ipv4Addr::new(192, 0, 2, last).into() };
    let addresses: Box<[IpAddr]> = Box::new([address(100)]);
    let vrid = Vrid::new(vrid).expect("1 to 255");
    let peer = |host: &u8| Peer { address: address(*host), least_ttl: 255, greatest_ttl: 255 };
    let peers: Box<[Peer]> = peers.iter().map(peer).collect();
    let settings: Settings<Box<[IpAddr]>, Box<[Peer]>> = Settings {
        priority: Priority::new(priority).expect("1 to 255"),
        unicast: (!peers.is_empty()).then_some(Unicast { peers, check_source: true }),
        ..Settings::new(vrid, Family::V4, addresses)
    };
    Seat {
        link: 0,
        config: SeatConfig::try_from(settings).expect("the settings make sense"),
        source: address(host),
        mac: [2, 0, 0, 0, 0, host],
        unicast_ttl,
        group: None,
    }
}

pub(crate) fn perfect() -> Quality {
    Quality { loss: 0, duplication: 0, delay: Duration::from_millis(1) }
}
