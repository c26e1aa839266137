//! Links that change, and ways through routers.

use core::net::IpAddr;

use ipvs_core::{Family, Protocol};
use netlink_packet_core::Emitable;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteMetric, RouteProtocol, RouteScope,
    RouteType,
};
use nix::net::if_::if_nametoindex;
use runtime_linux::lab::{self, Node, Switch};
use runtime_linux::netlink::Socket;

use crate::network::Network;

#[test]
fn a_link_with_a_smaller_mtu_is_told_to_the_sender() {
    lab::test(|| {
        let mut network = Network::nat();
        for family in [Family::V4, Family::V6] {
            network.serve(family, Protocol::Tcp, false);
        }
        for node in [&network.director, &network.servers[0], &network.servers[1]] {
            let link = if node.name() == "director" { "eth1" } else { "eth0" };
            node.run(|| set_mtu(link, 1_300)).unwrap();
        }
        // The servers claim more than they can take, as hosts behind a tunnel do: only what the plane tells the
        // client keeps its segments small.
        for server in &network.servers {
            let link = server.run(|| if_nametoindex("eth0")).unwrap().unwrap();
            for (network, gateway, size) in [("0.0.0.0", "198.18.1.1", 1_460), ("::", "fd18:1::1", 1_440)] {
                let claim = [RouteAttribute::Metrics(vec![RouteMetric::Advmss(size)])];
                server.run(|| replace_route(network, 0, gateway, link, &claim)).unwrap();
            }
        }
        for family in [Family::V4, Family::V6] {
            assert_eq!(network.transfer(family, 1 << 20).unwrap(), "rs2");
        }
        let trouble = network.trouble();
        assert!(trouble.iter().any(|(name, _)| name == "too_big"), "{trouble:?}");
    });
}

#[test]
fn a_cable_pulled_and_put_back_costs_nothing_but_the_time_between() {
    lab::test(|| {
        let mut network = Network::nat();
        network.serve(Family::V4, Protocol::Tcp, false);
        assert_eq!(network.requests(Family::V4, Protocol::Tcp, 2).len(), 2);
        for switch in &network.switches {
            switch.set_cables(&network.director, false).unwrap();
        }
        for switch in &network.switches {
            switch.set_cables(&network.director, true).unwrap();
        }
        let answers = network.requests(Family::V4, Protocol::Tcp, 2);
        assert_eq!(answers.keys().collect::<Vec<_>>(), ["rs1", "rs2"]);
    });
}

#[test]
fn an_interface_that_comes_after_the_start_is_served_too() {
    lab::test(|| {
        let mut network = Network::nat();
        network.serve(Family::V4, Protocol::Tcp, false);
        let switch = Switch::new("side").unwrap();
        network.director.link_to(&switch, "eth2", &["198.18.2.1/24"]).unwrap();
        let client = Node::new("side").unwrap();
        client.link_to(&switch, "eth0", &["198.18.2.9/24"]).unwrap();
        client.route_via("198.18.0.0/24", "198.18.2.1".parse().unwrap()).unwrap();
        network.client = client;
        network.switches.push(switch);
        let answers = network.requests(Family::V4, Protocol::Tcp, 2);
        assert_eq!(answers.keys().collect::<Vec<_>>(), ["rs1", "rs2"]);
    });
}

#[test]
fn clients_behind_a_router_are_served_and_so_is_a_route_that_moves() {
    lab::test(|| {
        let mut network = Network::nat();
        network.serve(Family::V4, Protocol::Tcp, false);
        let far = Switch::new("far").unwrap();
        let client = Node::new("far").unwrap();
        client.link_to(&far, "eth0", &["198.18.9.9/24"]).unwrap();
        client.route_via("0.0.0.0/0", "198.18.9.1".parse().unwrap()).unwrap();
        let mut routers = Vec::new();
        for number in [253, 254] {
            let router = Node::new(&format!("router{number}")).unwrap();
            router.set("ipv4/ip_forward", "1").unwrap();
            let address = format!("198.18.0.{number}/24");
            router.link_to(&network.switches[0], "eth0", &[&address]).unwrap();
            router.link_to(&far, "eth1", &[]).unwrap();
            routers.push(router);
        }
        network.client = client;
        for (router, gateway) in routers.iter().zip(["198.18.0.253", "198.18.0.254"]) {
            router.add_address("eth1", "198.18.9.1/24").unwrap();
            let index = network.director.run(|| if_nametoindex("eth0")).unwrap().unwrap();
            network.director.run(|| replace_route("198.18.9.0", 24, gateway, index, &[])).unwrap();
            network.client.set_link("eth0", false).unwrap();
            network.client.set_link("eth0", true).unwrap();
            network.client.route_via("0.0.0.0/0", "198.18.9.1".parse().unwrap()).unwrap();
            let answers = network.requests(Family::V4, Protocol::Tcp, 2);
            assert_eq!(answers.keys().collect::<Vec<_>>(), ["rs1", "rs2"], "by {gateway}");
            router.remove_address("eth1", "198.18.9.1/24").unwrap();
        }
        network.switches.push(far);
    });
}

fn set_mtu(link: &str, mtu: u32) {
    let mut message = LinkMessage::default();
    message.header.index = if_nametoindex(link).unwrap();
    message.attributes.push(LinkAttribute::Mtu(mtu));
    request(libc::RTM_SETLINK, 0, &message);
}

/// The route to a network goes by `gateway` from now on.
pub(crate) fn replace_route(
    network: &str,
    prefix: u8,
    gateway: &str,
    interface: u32,
    more: &[RouteAttribute],
) {
    let (network, gateway): (IpAddr, IpAddr) = (network.parse().unwrap(), gateway.parse().unwrap());
    let mut message = RouteMessage::default();
    message.header.address_family =
        if network.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    message.header.destination_prefix_length = prefix;
    message.header.table = RouteHeader::RT_TABLE_MAIN;
    message.header.protocol = RouteProtocol::Static;
    message.header.scope = RouteScope::Universe;
    message.header.kind = RouteType::Unicast;
    message.attributes =
        vec![RouteAttribute::Gateway(RouteAddress::from(gateway)), RouteAttribute::Oif(interface)];
    if prefix > 0 {
        message.attributes.push(RouteAttribute::Destination(RouteAddress::from(network)));
    }
    message.attributes.extend_from_slice(more);
    request(libc::RTM_NEWROUTE, CREATE_OR_REPLACE, &message);
}

fn request(kind: u16, flags: u16, message: &impl Emitable) {
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut body);
    Socket::open(netlink_sys::protocols::NETLINK_ROUTE)
        .unwrap()
        .request(kind, flags, &body, |_, _| {})
        .unwrap();
}

/// `NLM_F_CREATE | NLM_F_REPLACE`
const CREATE_OR_REPLACE: u16 = 0x500;
