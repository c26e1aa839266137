//! Sync groups: a gateway is of use only on both of its sides.

use core::net::{IpAddr, Ipv4Addr};

use runtime_embedded::{Config, Instance, Port};
use vrrp_core::State::{Active, Backup, Initialize};

use crate::network::{Network, ms};

const INSIDE: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
const OUTSIDE: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1))];

const fn gateway(host: u8, priority: u8) -> Config<2, 2> {
    Config::new(
        [
            Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, host), 24),
            Port::new("wan").ipv4(Ipv4Addr::new(198, 51, 100, host), 24),
        ],
        [
            Instance::v3("inside", 0, 1, INSIDE).priority(priority).group("gateway"),
            Instance::v3("outside", 1, 2, OUTSIDE).priority(priority).group("gateway"),
        ],
    )
}

static ALICE: Config<2, 2> = gateway(2, 200);
static BOB: Config<2, 2> = gateway(3, 100);

#[test]
fn both_sides_move_together_when_one_loses_its_link() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0, 1]);
    let bob = network.router(&BOB, 3, [0, 1]);
    let states = || {
        let (alice, bob) = (alice.borrow(), bob.borrow());
        [[alice.router.state(0), alice.router.state(1)], [bob.router.state(0), bob.router.state(1)]]
    };
    network.run_until(ms(10_000));
    assert_eq!(states(), [[Active, Active], [Backup, Backup]]);
    let link = |network: &Network, up| {
        let node = &mut *alice.borrow_mut();
        node.router.link(network.now, 1, up, &mut node.log);
    };
    link(&network, false);
    assert_eq!(states()[0], [Initialize, Initialize], "at once, not one after the other");
    network.run_until(ms(20_000));
    assert_eq!(states(), [[Initialize, Initialize], [Active, Active]]);
    link(&network, true);
    network.run_until(ms(30_000));
    assert_eq!(states(), [[Active, Active], [Backup, Backup]]);
}

#[test]
fn silence_on_one_side_only_moves_nobody() {
    let mut network = Network::new();
    let alice = network.router(&ALICE, 2, [0, 1]);
    let bob = network.router(&BOB, 3, [0, 1]);
    network.run_until(ms(10_000));
    // The cable between Alice's second port and the switch is cut, but her device does not see it.
    network.cut(1, true);
    network.run_until(ms(30_000));
    assert_eq!(alice.borrow().router.state(0), Active);
    assert_eq!([bob.borrow().router.state(0), bob.borrow().router.state(1)], [Backup, Backup]);
}
