//! `use_vmac`: the virtual link address on the wire, the interface that carries it, and what becomes of both.

use core::time::Duration;

use runtime_linux::config::model::{Instance, VirtualInterface, VirtualKind};
use runtime_linux::driver::Phase;
use runtime_linux::lab::{self, Node, Raw, Switch, Wiretap};
use runtime_linux::netlink::link::LinkInfo;
use runtime_linux::netlink::link::request::Setting;
use runtime_linux::netlink::route::Route;

use crate::station::{PATIENCE, Station, address, instance, pause, wait};

pub(crate) const MAC: [u8; 6] = [0, 0, 0x5e, 0, 1, 51];
pub(crate) const MAC6: [u8; 6] = [0, 0, 0x5e, 0, 2, 51];

/// Gives an instance a macvlan of its own.
pub(crate) fn with_vmac(mut one: Instance, name: &str, mac: [u8; 6]) -> Instance {
    one.virtual_interfaces = vec![VirtualInterface {
        name: name.to_owned(),
        base: one.interface.clone(),
        kind: VirtualKind::Macvlan { mac },
    }]
    .into();
    for address in one.addresses.iter_mut().chain(&mut one.excluded) {
        address.interface.get_or_insert_with(|| name.to_owned());
    }
    one
}

pub(crate) fn vmac(priority: u8) -> Instance {
    with_vmac(instance("a", priority), "vrrp.51", MAC)
}

pub(crate) fn vmac6(priority: u8) -> Instance {
    let mut six = instance("six", priority);
    six.addresses = vec![address("fe80::51", 64), address("2001:db8::51", 64)];
    with_vmac(six, "vrrp6.51", MAC6)
}

pub(crate) fn link(node: &Node, name: &str) -> Option<LinkInfo> {
    let links = node.run(|| Route::open().unwrap().links().unwrap()).unwrap();
    links.into_iter().find(|link| link.name == name)
}

pub(crate) fn holds(node: &Node, link: &str, address: &str) -> bool {
    let address: core::net::IpAddr = address.parse().unwrap();
    node.addresses(link).is_ok_and(|all| all.iter().any(|cidr| cidr.address == address))
}

fn setting(node: &Node, path: &str) -> String {
    let path = format!("/proc/sys/net/{path}");
    node.run(|| std::fs::read_to_string(path).unwrap().trim().to_owned()).unwrap()
}

fn is_advert(raw: &Raw) -> bool {
    match raw.payload() {
        (0x0800, packet) => packet.get(9) == Some(&112),
        (0x86dd, packet) => packet.get(6) == Some(&112),
        _ => false,
    }
}

/// D1, D5.
#[test]
fn adverts_and_announcements_come_from_the_virtual_link_address_of_their_family() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let tap = Wiretap::new(&switch).unwrap();
        station.apply(&[vmac(100), vmac6(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        let sent = |mac: [u8; 6], what: &dyn Fn(&Raw) -> bool| {
            tap.wait(PATIENCE, |seen| seen.iter().find(|raw| raw.source() == mac && what(raw)).cloned())
                .unwrap()
        };
        let advert = sent(MAC, &is_advert);
        assert_eq!(advert.destination(), [1, 0, 0x5e, 0, 0, 18]);
        assert_eq!(advert.payload().1[12..16], [198, 18, 0, 1], "the source is the interface's own");
        let advert = sent(MAC6, &is_advert);
        assert_eq!(advert.destination(), [0x33, 0x33, 0, 0, 0, 0x12]);
        let source = <[u8; 16]>::try_from(&advert.payload().1[8..24]).unwrap();
        assert!(holds(&station.node, "eth0", &core::net::Ipv6Addr::from(source).to_string()));
        // D5: sender hardware address and Ethernet source are the virtual one, target is the address itself.
        let arp = sent(MAC, &|raw| raw.payload().0 == 0x0806);
        assert_eq!(arp.payload().1[8..18], [MAC.as_slice(), &[198, 18, 0, 100]].concat());
        assert_eq!(arp.payload().1[24..28], [198, 18, 0, 100]);
        let advertisement = sent(MAC6, &|raw| raw.payload().1.get(40) == Some(&136));
        assert_eq!(advertisement.payload().1[66..72], MAC6, "the target link-layer option");
        assert!(tap.frames().iter().filter(|raw| is_advert(raw)).all(|raw| raw.source()[..4] == MAC[..4]));
        assert!(holds(&station.node, "vrrp.51", "198.18.0.100") && !station.has("198.18.0.100"));
        assert!(holds(&station.node, "vrrp6.51", "2001:db8::51"));
        station.stop();
        assert_eq!((link(&station.node, "vrrp.51"), link(&station.node, "vrrp6.51")), (None, None));
    });
}

/// F28, D8: no link-local address is made from the virtual link address.
#[test]
fn a_virtual_interface_has_no_address_but_the_virtual_ones() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        station.apply(&[vmac(100), vmac6(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "IPv6 is not MASTER", || station.instance("six").state == "MASTER");
        pause(Duration::from_millis(300));
        let addresses = |name: &str| {
            let mut all: Vec<String> =
                station.node.addresses(name).unwrap().iter().map(ToString::to_string).collect();
            all.sort();
            all
        };
        assert_eq!(addresses("vrrp.51"), ["198.18.0.100/24"]);
        assert_eq!(addresses("vrrp6.51"), ["2001:db8::51/64", "fe80::51/64"]);
        // D9: nobody is asked whether the addresses are free, they can be used at once.
        let usable = station.node.run(|| {
            let all = Route::open().unwrap().addresses().unwrap();
            all.iter().filter(|info| info.ours).all(|info| info.usable)
        });
        assert!(usable.unwrap());
    });
}

/// D3.
#[test]
fn a_backup_has_the_interface_down_and_nothing_comes_from_its_port() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        high.apply(&[vmac(200), vmac6(200)]);
        low.apply(&[vmac(100), vmac6(100)]);
        high.wait_for(Phase::Master, PATIENCE);
        low.wait_for(Phase::Backup, PATIENCE);
        let made = link(&low.node, "vrrp.51").unwrap();
        assert_eq!((made.up, made.mac, made.kind.as_deref()), (false, Some(MAC), Some("macvlan")));
        assert_eq!(made.parent, link(&low.node, "eth0").map(|link| link.index));
        assert!(link(&high.node, "vrrp.51").unwrap().up);
        // Long enough for a report of memberships, which the kernel puts off for up to a second.
        let tap = Wiretap::new(&switch).unwrap();
        pause(Duration::from_millis(1_500));
        let from_low = tap.frames().into_iter().filter(|raw| raw.node == "low");
        assert_eq!(from_low.filter(|raw| raw.source()[..4] == MAC[..4]).count(), 0);
        assert_eq!(low.instance("a").state, "BACKUP");
        assert_eq!(low.instance("six").state, "BACKUP");
        assert!(low.count("adverts_received") > 10);
    });
}

/// The kernel hands frames from a virtual link address to the macvlan that has it, not to the interface below.
#[test]
fn an_active_router_hears_one_with_the_same_virtual_link_address() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let (high, low) = (Station::new(&switch, "high", 1), Station::new(&switch, "low", 2));
        low.apply(&[vmac(100)]);
        low.wait_for(Phase::Master, PATIENCE);
        high.apply(&[vmac(200)]);
        high.wait_for(Phase::Master, PATIENCE);
        low.wait_for(Phase::Backup, Duration::from_millis(300));
        wait(PATIENCE, "it stays up", || !link(&low.node, "vrrp.51").unwrap().up);
        // Both Active after a split: the lesser one gives way.
        switch.set_cables(&low.node, false).unwrap();
        low.wait_for(Phase::Fault, PATIENCE);
        switch.set_cables(&low.node, true).unwrap();
        low.wait_for(Phase::Backup, PATIENCE);
        pause(Duration::from_millis(600));
        assert_eq!((low.instance("a").state, high.instance("a").state), ("BACKUP", "MASTER"));
    });
}

#[test]
fn with_vmac_xmit_base_adverts_have_the_interface_s_own_link_address() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let tap = Wiretap::new(&switch).unwrap();
        let mut one = vmac(100);
        one.transmit_base = true;
        station.apply(&[one]);
        station.wait_for(Phase::Master, PATIENCE);
        let own = link(&station.node, "eth0").unwrap().mac.unwrap();
        let advert = tap.wait(PATIENCE, |seen| seen.iter().find(|raw| is_advert(raw)).cloned()).unwrap();
        assert_eq!(advert.source(), own);
        let arp = |raw: &&Raw| raw.payload().0 == 0x0806;
        let arp = tap.wait(PATIENCE, |seen| seen.iter().find(arp).cloned()).unwrap();
        assert_eq!(arp.source(), MAC);
        assert!(holds(&station.node, "vrrp.51", "198.18.0.100"));
    });
}

#[test]
fn what_something_else_does_to_the_interface_is_undone_counted_and_told_once() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let tap = Wiretap::new(&switch).unwrap();
        station.apply(&[vmac(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        let restored = |station: &Station| station.instance("a").virtual_interfaces[0].restored;
        for count in 1..=2 {
            let index = link(&station.node, "vrrp.51").unwrap().index;
            station.node.run(|| Route::open().unwrap().remove_link(index).unwrap()).unwrap();
            wait(PATIENCE, "it is not put back", || {
                holds(&station.node, "vrrp.51", "198.18.0.100") && link(&station.node, "vrrp.51").unwrap().up
            });
            assert_eq!(restored(&station), count);
        }
        let announced = tap.frames().iter().filter(|raw| raw.payload().0 == 0x0806).count();
        tap.wait(PATIENCE, |seen| {
            (seen.iter().filter(|raw| raw.payload().0 == 0x0806).count() > announced).then_some(())
        })
        .expect("it is not announced again");
        station.node.set_link("vrrp.51", false).unwrap();
        wait(PATIENCE, "it stays down", || link(&station.node, "vrrp.51").unwrap().up);
        let index = link(&station.node, "vrrp.51").unwrap().index;
        let other = Setting::Mac([2, 0, 0, 0, 0, 9]);
        station.node.run(|| Route::open().unwrap().set_link(index, other).unwrap()).unwrap();
        wait(PATIENCE, "it keeps a foreign link address", || {
            link(&station.node, "vrrp.51").is_some_and(|link| link.mac == Some(MAC) && link.up)
                && holds(&station.node, "vrrp.51", "198.18.0.100")
        });
        assert_eq!(restored(&station), 4);
        assert_eq!(station.lines("by something else: put back"), 1);
        assert_eq!(station.entered(), [Phase::Backup, Phase::Master]);
    });
}

#[test]
fn what_a_crash_left_is_adopted_and_what_does_not_fit_is_replaced() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut first = Station::new(&switch, "one", 1);
        first.apply(&[vmac(100)]);
        first.wait_for(Phase::Master, PATIENCE);
        let index = link(&first.node, "vrrp.51").unwrap().index;
        first.crash();
        let mut second = Station::on(first.node);
        second.apply(&[vmac(100)]);
        wait(PATIENCE, "it does not start", || second.instance("a").state == "BACKUP");
        let left = link(&second.node, "vrrp.51").unwrap();
        assert_eq!((left.index, left.up), (index, false), "a Backup answers for the address");
        second.wait_for(Phase::Master, PATIENCE);
        assert!(holds(&second.node, "vrrp.51", "198.18.0.100"));
        second.crash();
        let mut third = Station::on(second.node);
        let mac = [0, 0, 0x5e, 0, 1, 99];
        third.apply(&[with_vmac(instance("a", 100), "vrrp.51", mac)]);
        third.wait_for(Phase::Master, PATIENCE);
        let replaced = link(&third.node, "vrrp.51").unwrap();
        assert!(replaced.index != index && replaced.mac == Some(mac));
        third.stop();
        assert_eq!(link(&third.node, "vrrp.51"), None);
    });
}

#[test]
fn an_interface_of_that_name_that_is_no_macvlan_is_left_alone_and_said() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[with_vmac(instance("a", 100), "lo", MAC)]);
        wait(PATIENCE, "it runs", || station.instance("a").faults == ["address_lost"]);
        assert_eq!(station.lines("cannot make lo on eth0: there is another interface of that name"), 1);
        assert!(link(&station.node, "lo").unwrap().loopback);
    });
}

#[test]
fn a_reload_adds_removes_and_moves_virtual_interfaces() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        station.apply(&[instance("a", 100)]);
        station.wait_for(Phase::Master, PATIENCE);
        assert!(station.has("198.18.0.100"));
        station.apply(&[vmac(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        assert!(holds(&station.node, "vrrp.51", "198.18.0.100") && !station.has("198.18.0.100"));
        let index = link(&station.node, "vrrp.51").unwrap().index;
        let mut more = vmac(100);
        more.addresses.push(address("198.18.0.101", 24));
        more.addresses[1].interface = Some("vrrp.51".to_owned());
        station.apply(&[more]);
        wait(PATIENCE, "it is not added", || holds(&station.node, "vrrp.51", "198.18.0.101"));
        assert_eq!(station.instance("a").state, "MASTER");
        assert_eq!(link(&station.node, "vrrp.51").unwrap().index, index);
        station.apply(&[]);
        wait(PATIENCE, "it stays", || link(&station.node, "vrrp.51").is_none());
    });
}

#[test]
fn settings_of_the_interface_below_are_changed_and_put_back() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.node.set("ipv4/conf/all/rp_filter", "1").unwrap();
        let base = |node: &Node| {
            ["arp_ignore", "arp_announce"].map(|one| setting(node, &format!("ipv4/conf/eth0/{one}")))
        };
        let before = base(&station.node);
        let other = with_vmac(
            {
                let mut b = instance("b", 100);
                b.vrid = vrrp_core::Vrid::new(52).unwrap();
                b.addresses = vec![address("198.18.0.102", 24)];
                b
            },
            "vrrp.52",
            [0, 0, 0x5e, 0, 1, 52],
        );
        station.apply(&[vmac(100), other.clone()]);
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(base(&station.node), ["1", "2"]);
        assert_eq!(setting(&station.node, "ipv4/conf/vrrp.51/arp_ignore"), "1");
        assert_eq!(setting(&station.node, "ipv4/conf/vrrp.51/rp_filter"), "2");
        assert_eq!(setting(&station.node, "ipv4/conf/all/rp_filter"), "1", "nobody else is touched");
        assert_eq!(setting(&station.node, "ipv6/conf/vrrp.51/addr_gen_mode"), "1");
        station.apply(&[other]);
        wait(PATIENCE, "it stays", || link(&station.node, "vrrp.51").is_none());
        assert_eq!(base(&station.node), ["1", "2"], "another one needs them");
        station.stop();
        assert_eq!(base(&station.node), before);
    });
}

/// F32 with a virtual interface: the interface below goes and another one of its name comes.
#[test]
fn an_interface_that_vanishes_takes_the_virtual_one_along_and_brings_it_back() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        station.apply(&[vmac(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        let index = link(&station.node, "eth0").unwrap().index;
        station.node.run(|| Route::open().unwrap().remove_link(index).unwrap()).unwrap();
        station.wait_for(Phase::Fault, PATIENCE);
        assert_eq!(link(&station.node, "vrrp.51"), None);
        assert!(!station.instance("a").virtual_interfaces[0].exists);
        station.node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        station.wait_for(Phase::Master, PATIENCE);
        assert!(link(&station.node, "eth0").unwrap().index != index);
        assert_eq!(setting(&station.node, "ipv4/conf/eth0/arp_ignore"), "1", "the new one answers too");
        assert!(holds(&station.node, "vrrp.51", "198.18.0.100"));
        assert_eq!(station.instance("a").virtual_interfaces[0].restored, 0);
        assert_eq!(station.lines("by something else"), 0);
    });
}

#[test]
fn the_virtual_interface_takes_the_largest_packet_of_the_one_below() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        station.apply(&[vmac(100)]);
        station.wait_for(Phase::Master, PATIENCE);
        assert_eq!(link(&station.node, "vrrp.51").unwrap().mtu, 1500);
        let index = link(&station.node, "eth0").unwrap().index;
        for mtu in [1300, 1400] {
            station.node.run(|| Route::open().unwrap().set_link(index, Setting::Mtu(mtu)).unwrap()).unwrap();
            wait(PATIENCE, "it has another", || link(&station.node, "vrrp.51").unwrap().mtu == mtu);
        }
    });
}

#[test]
fn a_router_may_track_its_virtual_interface_which_is_as_well_as_the_one_below() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let station = Station::new(&switch, "one", 1);
        let mut one = vmac(100);
        one.track_interfaces = vec![runtime_linux::config::model::Tracked {
            name: "vrrp.51".to_owned(),
            weight: 0,
            reverse: false,
        }]
        .into();
        station.apply(&[one]);
        station.wait_for(Phase::Master, PATIENCE);
        station.node.set_link("eth0", false).unwrap();
        station.wait_for(Phase::Fault, PATIENCE);
        station.node.set_link("eth0", true).unwrap();
        station.wait_for(Phase::Master, PATIENCE);
    });
}

#[test]
fn with_promote_secondaries_the_other_addresses_of_a_subnet_stay() {
    lab::test(|| {
        let switch = Switch::new("lan").unwrap();
        let mut station = Station::new(&switch, "one", 1);
        let path = "ipv4/conf/eth0/promote_secondaries";
        station.node.set(path, "0").unwrap();
        let mut one = instance("a", 100);
        one.promote_secondaries = true;
        station.apply(&[one]);
        station.wait_for(Phase::Master, PATIENCE);
        wait(PATIENCE, "no address", || station.has("198.18.0.100"));
        assert_eq!(setting(&station.node, path), "1");
        station.node.add_address("eth0", "198.18.0.7/24").unwrap();
        station.node.remove_address("eth0", "198.18.0.1/24").unwrap();
        assert!(station.has("198.18.0.7") && station.has("198.18.0.100"));
        pause(Duration::from_millis(200));
        assert_eq!(station.instance("a").addresses_restored, 0);
        station.stop();
        assert_eq!(setting(&station.node, path), "0");
    });
}
