//! Who is Active, and from when on.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use runtime_embedded::{Config, Instance, Port, Record, Track};
use vrrp_core::State::{Active, Backup, Initialize};

use crate::network::{Network, ms};

const VIP: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
const VIP6: &[IpAddr] = &[
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

const fn lan(host: u8) -> Port {
    Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24)
}

static ALICE: Config<1, 1> = Config::new([lan(2)], [Instance::v3("gw", 0, 51, VIP).priority(200)]);
static BOB: Config<1, 1> = Config::new([lan(3)], [Instance::v3("gw", 0, 51, VIP)]);
static CAROL: Config<1, 1> = Config::new([lan(4)], [Instance::v3("gw", 0, 51, VIP).priority(50)]);

#[test]
fn a_router_alone_takes_over_after_three_intervals_and_its_skew() {
    let mut network = Network::new();
    let bob = network.router(&BOB, 3, [0]);
    network.run_until(ms(10_000));
    let transitions = bob.borrow().log.transitions("gw");
    assert_eq!(transitions, [(Duration::ZERO, Backup), (Duration::from_nanos(3_609_375_000), Active)]);
    assert_eq!(bob.borrow().router.statistics(0).adverts_sent, 7);
}

#[test]
fn the_best_of_three_is_active_and_the_next_best_follows_it() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0]);
    let bob = network.router(&BOB, 3, [0]);
    let carol = network.router(&CAROL, 4, [0]);
    network.run_until(ms(20_000));
    assert_eq!([alice.borrow().router.state(0), bob.borrow().router.state(0)], [Active, Backup]);

    // It dies without a word right after an advert at 3.218750 s + n: Bob waits 3.609375 s from the last one.
    alice.borrow_mut().is_alive = false;
    network.run_until(ms(30_000));
    let took_over = bob.borrow().log.transitions("gw").last().copied();
    assert_eq!(took_over, Some((Duration::from_nanos(19_218_800_000 + 3_609_375_000), Active)));
    assert_eq!(carol.borrow().router.state(0), Backup);

    // Both are gone.
    bob.borrow_mut().is_alive = false;
    network.run_until(ms(40_000));
    assert_eq!(carol.borrow().router.state(0), Active);

    // It comes back and takes over from the lesser one.
    alice.borrow_mut().is_alive = true;
    network.run_until(ms(50_000));
    assert_eq!([alice.borrow().router.state(0), carol.borrow().router.state(0)], [Active, Backup]);
}

#[test]
fn a_router_that_stops_in_good_order_is_followed_within_the_skew() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0]);
    let bob = network.router(&BOB, 3, [0]);
    network.run_until(ms(10_000));
    let now = network.now;
    {
        let node = &mut *alice.borrow_mut();
        node.router.stop(now, &mut node.log);
    }
    network.run_until(ms(11_000));
    assert_eq!(alice.borrow().router.state(0), Initialize);
    let took_over = bob.borrow().log.transitions("gw").last().copied();
    assert_eq!(took_over, Some((Duration::from_nanos(10_000_050_000 + 609_375_000), Active)));
}

#[test]
fn a_router_whose_link_is_down_takes_no_part_and_comes_back_with_the_link() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0]);
    let bob = network.router(&BOB, 3, [0]);
    network.run_until(ms(10_000));
    for (at, up) in [(10_000, false), (20_000, true)] {
        network.run_until(ms(at));
        network.cut(0, !up);
        let now = network.now;
        let node = &mut *alice.borrow_mut();
        node.router.link(now, 0, up, &mut node.log);
        assert_eq!(node.router.state(0), if up { Backup } else { Initialize });
    }
    assert_eq!(bob.borrow().router.state(0), Active);
    network.run_until(ms(30_000));
    assert_eq!([alice.borrow().router.state(0), bob.borrow().router.state(0)], [Active, Backup]);
    let links = alice.borrow().log.0.iter().filter(|(_, r)| matches!(r, Record::Link { .. })).count();
    assert_eq!(links, 2);
}

#[test]
fn two_that_do_not_hear_each_other_are_both_active_and_agree_with_the_first_advert() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0]);
    let bob = network.router(&BOB, 3, [0]);
    network.cut(1, true);
    network.run_until(ms(10_000));
    assert_eq!([alice.borrow().router.state(0), bob.borrow().router.state(0)], [Active, Active]);
    network.cut(1, false);
    network.run_until(ms(11_100));
    assert_eq!([alice.borrow().router.state(0), bob.borrow().router.state(0)], [Active, Backup]);
}

#[test]
fn version_2_with_a_password_and_ipv6_elect_too() {
    static FIRST: Config<1, 2> = Config::new(
        [lan(2)],
        [
            Instance::v2("old", 0, 7, VIP).priority(150).password(*b"secret\0\0"),
            Instance::v3("six", 0, 7, VIP6).priority(150).interval(10),
        ],
    );
    static SECOND: Config<1, 2> = Config::new(
        [lan(3)],
        [
            Instance::v2("old", 0, 7, VIP).password(*b"secret\0\0"),
            Instance::v3("six", 0, 7, VIP6).interval(10),
        ],
    );
    static STRANGER: Config<1, 1> =
        Config::new([lan(4)], [Instance::v2("old", 0, 7, VIP).priority(254).password(*b"guessed\0")]);
    let mut network = Network::new();
    let first = network.router(&FIRST, 2, [0]);
    let second = network.router(&SECOND, 3, [0]);
    network.router(&STRANGER, 4, [0]);
    network.run_until(ms(10_000));
    let states = |node: &std::rc::Rc<core::cell::RefCell<crate::network::Machine<_, 1, 2>>>| {
        let node = node.borrow();
        [node.router.state(0), node.router.state(1)]
    };
    assert_eq!([states(&first), states(&second)], [[Active, Active], [Backup, Backup]]);
    let refused = second.borrow().router.statistics(0).ignored(vrrp_core::Ignored::Password);
    assert!(refused > 5, "{refused}");
    first.borrow_mut().is_alive = false;
    network.run_until(ms(11_000));
    assert_eq!(states(&second), [Backup, Active], "after a second only the fast one has taken over");
    network.run_until(ms(15_000));
    assert_eq!(states(&second), [Active, Active]);
}

#[test]
fn a_tracked_port_moves_the_priority_or_keeps_the_router_out() {
    const WAN: Port = Port::new("wan").ipv4(Ipv4Addr::new(198, 51, 100, 2), 24);
    static WEIGHTED: Config<2, 1> = Config::new(
        [lan(2), WAN],
        [Instance::v3("gw", 0, 51, VIP).priority(120).tracks(&[Track::port(1).weight(-30)])],
    );
    static STRICT: Config<2, 1> =
        Config::new([lan(2), WAN], [Instance::v3("gw", 0, 51, VIP).priority(120).tracks(&[Track::port(1)])]);
    for (config, then) in [(&WEIGHTED, Backup), (&STRICT, Initialize)] {
        let mut network = Network::new();
        let alice = network.router(config, 2, [0, 1]);
        let bob = network.router(&BOB, 3, [0]);
        network.run_until(ms(10_000));
        assert_eq!([alice.borrow().router.state(0), bob.borrow().router.state(0)], [Active, Backup]);
        {
            let node = &mut *alice.borrow_mut();
            node.router.link(network.now, 1, false, &mut node.log);
        }
        network.run_until(ms(20_000));
        assert_eq!([alice.borrow().router.state(0), bob.borrow().router.state(0)], [then, Active]);
        {
            let node = &mut *alice.borrow_mut();
            node.router.link(network.now, 1, true, &mut node.log);
        }
        network.run_until(ms(30_000));
        assert_eq!([alice.borrow().router.state(0), bob.borrow().router.state(0)], [Active, Backup]);
    }
}

#[test]
fn an_advert_that_the_device_had_no_room_for_is_sent_as_soon_as_there_is_room() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0]);
    network.run_until(ms(3_000));
    network.wire(0).fill(true);
    network.run_until(ms(3_500));
    assert_eq!(alice.borrow().router.state(0), Active);
    assert!(network.seen.iter().all(|seen| seen.frame[23] != 112), "nothing could be sent");
    let congested = |(_, record): &&(Duration, Record)| matches!(record, Record::Congested { .. });
    assert_eq!(alice.borrow().log.0.iter().filter(congested).count(), 1, "said once");
    network.wire(0).fill(false);
    network.run_until(ms(3_502));
    assert_eq!(network.seen.iter().filter(|seen| seen.frame[23] == 112).count(), 1);
}

#[test]
fn an_election_stands_where_one_frame_in_ten_is_lost() {
    let mut network = Network::new();
    network.loss = 10;
    network.watches = false;
    let alice = network.router(&ALICE, 2, [0]);
    let bob = network.router(&BOB, 3, [0]);
    network.run_until(ms(600_000));
    let changes = alice.borrow().log.transitions("gw");
    assert_eq!(changes.len(), 2, "the better one never yields: {changes:?}");
    // Three adverts in a row are lost about every thousand seconds.
    let changes = bob.borrow().log.transitions("gw");
    assert!(changes.len() <= 1 + 2 * 4, "{changes:?}");
    assert_eq!(bob.borrow().router.state(0), Backup);
}
