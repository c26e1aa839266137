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

fn start(site: &mut Site, hosts: usize) {
    for host in 0..hosts {
        site.switch_on(host);
        site.start(host);
    }
}

fn states(site: &Site, host: usize, seats: usize) -> Vec<State> {
    (0..seats).map(|seat| site.router(host, seat).expect("the seat is taken").state()).collect()
}

fn seat(host: u8, vrid: u8, priority: u8, peer: Option<u8>) -> Seat {
    let address = |last: u8| -> IpAddr { Ipv4Addr::new(192, 0, 2, last).into() };
    let addresses: Box<[IpAddr]> = Box::new([address(100)]);
    let base: Settings<Box<[IpAddr]>> =
        Settings::new(Vrid::new(vrid).expect("1 to 255"), Family::V4, addresses);
    let peers = peer.map(|peer| Peer { address: address(peer), least_ttl: 255, greatest_ttl: 255 });
    let settings: Settings<Box<[IpAddr]>, Box<[Peer]>> = Settings {
        vrid: base.vrid,
        version: base.version,
        family: base.family,
        priority: Priority::new(priority).expect("1 to 255"),
        advert_interval: base.advert_interval,
        addresses: base.addresses,
        announced: base.announced,
        preempt: base.preempt,
        preempt_delay: base.preempt_delay,
        accept: base.accept,
        eager: base.eager,
        checksum: base.checksum,
        follow_checksum: base.follow_checksum,
        password: base.password,
        skip_address_check: base.skip_address_check,
        require_link_local: base.require_link_local,
        lower_priority_no_advert: base.lower_priority_no_advert,
        higher_priority_send_advert: base.higher_priority_send_advert,
        down_timer_adverts: base.down_timer_adverts,
        unicast: peers.map(|peer| Unicast { peers: Box::from([peer]), check_source: true }),
        announce: base.announce,
    };
    Seat {
        link: 0,
        config: SeatConfig::try_from(settings).expect("the settings make sense"),
        source: address(host),
        mac: [2, 0, 0, 0, 0, host],
        unicast_ttl: 255,
        group: None,
    }
}

fn perfect() -> Quality {
    Quality { loss: 0, duplication: 0, delay: Duration::from_millis(1) }
}
