//! What neighbours see of a virtual link address: rows D2, D4, D7, D10 and D11 of the project's VRRP checklist.

use core::net::Ipv6Addr;
use core::time::Duration;

use runtime_linux::config::model::Instance;
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Node, Raw, Switch, Wiretap};
use runtime_linux::net::frame::FrameSender;
use runtime_linux::netlink::neighbour::{Lookup, Reach};
use vrrp_core::wire::ndisc;

use crate::pinger::answers;
use crate::station::{PATIENCE, Station, address, instance, wait};
use crate::virtual_interface::{MAC, MAC6, holds, link, vmac, with_vmac};

/// D2, D3: RFC 9568 §8.1.2.
#[test]
fn an_arp_reply_for_a_virtual_address_has_the_virtual_link_address_only() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let client = Node::new("client").unwrap();
        client.link_to(&switch, "eth0", &["198.18.0.200/24"]).unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        high.apply(&[vmac(200)]);
        low.apply(&[vmac(100)]);
        high.wait_for(Phase::Master, PATIENCE);
        low.wait_for(Phase::Backup, PATIENCE);
        wait(PATIENCE, "no address", || holds(&high.node, "vrrp.51", "198.18.0.100"));
        let tap = Wiretap::new(&switch).unwrap();
        assert!(answers(&client, "198.18.0.1") && answers(&client, "198.18.0.100"));
        let replies = |of: [u8; 4]| -> Vec<Raw> {
            let is_reply = |raw: &&Raw| {
                let (kind, arp) = raw.payload();
                kind == 0x0806 && arp.get(7) == Some(&2) && arp.get(14..18) == Some(&of)
            };
            tap.frames().iter().filter(is_reply).cloned().collect()
        };
        let own = link(&high.node, "eth0").unwrap().mac.unwrap();
        for (of, mac) in [([198, 18, 0, 100], MAC), ([198, 18, 0, 1], own)] {
            let replies = replies(of);
            assert!(!replies.is_empty(), "{of:?}");
            for reply in replies {
                assert_eq!((reply.node.as_str(), &reply.payload().1[8..14]), ("high", &mac[..]), "{of:?}");
            }
        }
        // Nor is a virtual address named as the sender of the host's own requests from another interface.
        let from_eth0 = |raw: &&Raw| raw.source() == own && raw.payload().0 == 0x0806;
        let named =
            tap.frames().iter().filter(from_eth0).any(|raw| raw.payload().1[14..18] == [198, 18, 0, 100]);
        assert!(!named);
    });
}

/// D4, D10: RFC 9568 §6.4.3, §8.1.1.
#[test]
fn what_is_sent_to_the_virtual_link_address_is_forwarded_and_nobody_is_redirected() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let nodes = [("client", "198.18.0.200/24"), ("other", "198.18.0.77/24")].map(|(name, address)| {
            let node = Node::new(name).unwrap();
            node.link_to(&switch, "eth0", &[address]).unwrap();
            node
        });
        let [client, other] = &nodes;
        let station = Station::new(&switch, "one", 1);
        station.node.set("ipv4/ip_forward", "1").unwrap();
        for which in ["all", "default", "eth0"] {
            station.node.set(&format!("ipv4/conf/{which}/send_redirects"), "1").unwrap();
        }
        other.add_address("lo", "10.9.0.1/32").unwrap();
        station.node.route_via("10.9.0.0/16", [198, 18, 0, 77].into()).unwrap();
        client.route_via("10.9.0.0/16", [198, 18, 0, 100].into()).unwrap();
        station.apply(&[vmac(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "no address", || holds(&station.node, "vrrp.51", "198.18.0.100"));
        let tap = Wiretap::new(&switch).unwrap();
        assert!(answers(client, "10.9.0.1"));
        let frames = tap.frames();
        let icmp = |kind: u8| {
            move |raw: &&Raw| {
                let (ethernet, packet) = raw.payload();
                ethernet == 0x0800 && packet.get(9) == Some(&1) && packet.get(20) == Some(&kind)
            }
        };
        let asked: Vec<&Raw> = frames.iter().filter(icmp(8)).collect();
        assert!(asked.iter().any(|raw| raw.node == "client" && raw.destination() == MAC));
        assert!(asked.iter().any(|raw| raw.node == "one"), "it is not forwarded");
        assert_eq!(
            frames.iter().filter(icmp(5)).count(),
            0,
            "a redirect from an address that is no gateway's"
        );
    });
}

/// D7: RFC 9568 §8.2.2.
#[test]
fn a_neighbour_solicitation_of_the_active_router_names_the_virtual_link_address() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let tap = Wiretap::new(&switch).unwrap();
        let mut six = instance("a", 100);
        six.addresses = vec![address("fe80::51", 64), address("2001:db8:51::1", 64)];
        station.apply(&[with_vmac(six, "vrrp6.51", MAC6)]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "no address", || holds(&station.node, "vrrp6.51", "2001:db8:51::1"));
        let target: Ipv6Addr = "2001:db8:51::9".parse().unwrap();
        assert!(!answers(&station.node, "2001:db8:51::9"));
        let solicits = |raw: &&Raw| {
            let (kind, packet) = raw.payload();
            kind == 0x86dd && packet.get(40) == Some(&135) && packet.get(48..64) == Some(&target.octets())
        };
        let sent: Vec<Raw> = tap.frames().iter().filter(solicits).cloned().collect();
        assert!(!sent.is_empty());
        for raw in sent {
            assert_eq!(raw.source(), MAC6);
            // The option: type 1, one unit of 8 bytes.
            assert_eq!(raw.payload().1[64..72], [&[1, 1][..], &MAC6].concat());
        }
    });
}

/// D11: RFC 9568 §8.2.4.
#[test]
fn unsolicited_neighbour_advertisements_are_taken_by_active_and_backup() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let client = Node::new("client").unwrap();
        client.link_to(&switch, "eth0", &["fe80::200/64"]).unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        let six = |priority| -> Instance {
            let mut six = instance("a", priority);
            six.addresses = vec![address("fe80::51", 64)];
            with_vmac(six, "vrrp6.51", MAC6)
        };
        high.apply(&[six(200)]);
        low.apply(&[six(100)]);
        high.wait_for(Phase::Master, PATIENCE);
        low.wait_for(Phase::Backup, PATIENCE);
        let target: Ipv6Addr = "fe80::200".parse().unwrap();
        let known = |node: &Node| {
            let index = link(node, "eth0").unwrap().index;
            let body = move || Lookup::open().unwrap().neighbour(index, target.into()).unwrap();
            node.run(body).unwrap()
        };
        for station in [&high, &low] {
            let index = link(&station.node, "eth0").unwrap().index;
            let body = move || Lookup::open().unwrap().resolve(index, target.into()).unwrap();
            station.node.run(body).unwrap();
            wait(PATIENCE, "the neighbour is not found", || {
                matches!(known(&station.node), Reach::Known(_) | Reach::Stale(_))
            });
        }
        let moved = [2, 0, 0, 0, 0, 0x77];
        let frame = ndisc::Repr { mac: moved, source: target, target, router: false }.emit();
        let index = link(&client, "eth0").unwrap().index;
        client.run(|| FrameSender::open().unwrap().send(index, &frame).unwrap()).unwrap();
        for station in [&high, &low] {
            wait(
                Duration::from_secs(2),
                "the cache is not updated",
                || matches!(known(&station.node), Reach::Known(mac) | Reach::Stale(mac) if mac == moved),
            );
        }
    });
}
