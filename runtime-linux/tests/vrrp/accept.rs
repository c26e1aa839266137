//! `no_accept` and strict mode: packets to the virtual addresses are dropped, their neighbours still find them.

use runtime_linux::config::model::{ClosedTable, Instance};
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Node, Raw, Switch, Wiretap};
use runtime_linux::netlink::nftables::closed;

use crate::pinger::answers;
use crate::station::{PATIENCE, Station, address, instance, wait};
use crate::virtual_interface::with_vmac;

fn closed_instance(priority: u8) -> Instance {
    let mut one = instance("a", priority);
    one.accept = false;
    one.excluded = vec![address("2001:db8::100", 64), address("fe80::100", 64)].into();
    one
}

fn client(switch: &Switch) -> Node {
    let client = Node::new("client").unwrap();
    client.link_to(switch, "eth0", &["198.18.0.200/24", "2001:db8::200/64", "fe80::200/64"]).unwrap();
    client
}

/// O3, RFC 9568 §6.4.3.
#[test]
fn an_active_router_that_does_not_accept_answers_no_ping_but_is_found() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let client = client(&switch);
        let mut station = Station::new(&switch, "one", 1);
        let tap = Wiretap::new(&switch).unwrap();
        station.apply(&[closed_instance(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "addresses are missing", || station.instance("a").addresses.len() == 3);
        assert!(answers(&client, "198.18.0.1"), "the host's own address");
        assert!(!answers(&client, "198.18.0.100"));
        assert!(!answers(&client, "2001:db8::100"));
        assert!(answers(&station.node, "198.18.0.100"), "the host itself");
        // ARP and neighbour discovery answer: an ARP reply, and a solicited neighbour advertisement.
        let by_one = |what: &dyn Fn(&[u8]) -> bool| {
            tap.frames().iter().any(|raw| raw.node == "one" && what(raw.payload().1))
        };
        assert!(by_one(&|arp| arp.len() >= 28 && arp[7] == 2 && arp[14..18] == [198, 18, 0, 100]));
        let target: core::net::Ipv6Addr = "2001:db8::100".parse().unwrap();
        let solicited = |packet: &[u8]| {
            packet.len() >= 64
                && packet[40] == 136
                && packet[44] & 0x40 != 0
                && packet[48..64] == target.octets()
        };
        assert!(by_one(&solicited));
        // A reload opens the addresses of a running router, and closes them again.
        let mut open = closed_instance(100);
        open.accept = true;
        station.apply(&[open]);
        wait(PATIENCE, "it stays closed", || answers(&client, "198.18.0.100"));
        assert!(answers(&client, "2001:db8::100"));
        station.apply(&[closed_instance(100)]);
        wait(PATIENCE, "it stays open", || !answers(&client, "198.18.0.100"));
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
        station.stop();
    });
}

#[test]
fn an_owner_accepts_always() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let client = client(&switch);
        let station = Station::new(&switch, "one", 1);
        station.apply(&[closed_instance(255)]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "it is not there", || station.has("198.18.0.100"));
        assert!(answers(&client, "198.18.0.100"));
    });
}

#[test]
fn addresses_on_a_virtual_interface_are_closed_too() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let client = client(&switch);
        let station = Station::new(&switch, "one", 1);
        station.apply(&[with_vmac(closed_instance(100), "vrrp.51", [0, 0, 0x5e, 0, 1, 51])]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "addresses are missing", || station.instance("a").addresses.len() == 3);
        assert!(!answers(&client, "198.18.0.100"));
        assert!(!answers(&client, "2001:db8::100"));
    });
}

#[test]
fn nobody_else_can_remove_the_table_and_it_goes_with_the_router() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let client = client(&switch);
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[closed_instance(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "it is not there", || station.has("198.18.0.100"));
        // To make the table anew is to delete it first.
        let refused =
            station.node.run(|| closed::Table::install(&ClosedTable::default()).map(drop).unwrap_err());
        assert!(refused.unwrap().is(nix::errno::Errno::EPERM));
        assert!(!answers(&client, "198.18.0.100"));
        station.stop();
        station.node.run(|| closed::Table::install(&ClosedTable::default()).map(drop).unwrap()).unwrap();
    });
}

/// O5: what is addressed to a virtual address is neither taken nor passed on.
#[test]
fn a_router_that_does_not_accept_passes_nothing_on_that_is_for_a_virtual_address() {
    lab::test(|| {
        let (lan, wan) = (Switch::new("lan").unwrap(), Switch::new("wan").unwrap());
        let client = client(&lan);
        let station = Station::new(&lan, "one", 1);
        station.node.link_to(&wan, "wan0", &["198.19.0.1/24"]).unwrap();
        station.node.set("ipv4/ip_forward", "1").unwrap();
        let taps = [Wiretap::new(&lan).unwrap(), Wiretap::new(&wan).unwrap()];
        station.apply(&[with_vmac(closed_instance(100), "vrrp.51", [0, 0, 0x5e, 0, 1, 51])]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "addresses are missing", || station.instance("a").addresses.len() == 3);
        assert!(!answers(&client, "198.18.0.100"));
        let to_it = |raw: &&Raw| {
            let (kind, packet) = raw.payload();
            kind == 0x0800 && packet.get(16..20) == Some(&[198, 18, 0, 100])
        };
        let seen: Vec<Raw> = taps.iter().flat_map(Wiretap::frames).collect();
        let (mine, others): (Vec<&Raw>, Vec<&Raw>) =
            seen.iter().filter(to_it).partition(|raw| raw.node == "client");
        assert_eq!((mine.len(), others.len()), (5, 0));
    });
}
