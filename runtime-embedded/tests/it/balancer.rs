//! Connections spread over two servers: by direct routing on one port, by NAT between two.

use core::net::{IpAddr, Ipv4Addr};

use ipvs_core::{
    Destination, Director, Forward, Method, Protocol, Service, ServiceKey, Settings, Step, Storage, Tunnel,
};
use runtime_embedded::{Balancer, Config, Instance, Port};

use crate::network::{Network, mac, ms};
use crate::packets::{CLIENT, CLIENT_V4, Mac, arp_reply_frame, arp_request, datagram, udp};

const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const INSIDE: &[IpAddr] = &[IpAddr::V4(VIP)];
const VIRTUAL: Mac = [0, 0, 0x5e, 0, 1, 1];

static ONE_ARMED: Config<1, 1> = Config::new(
    [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24)],
    [Instance::v3("vip", 0, 1, INSIDE)],
);
static TWO_ARMED: Config<2, 1> = Config::new(
    [
        Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24),
        Port::new("servers").ipv4(Ipv4Addr::new(10, 0, 0, 1), 24),
    ],
    [Instance::v3("vip", 0, 1, INSIDE)],
);

const KEY: ServiceKey = ServiceKey::Address { protocol: Protocol::Udp, address: IpAddr::V4(VIP), port: 9 };

/// A director with one service on two servers. Its memory lives as long as the test program.
fn balancer<const COUNT: usize>(servers: [Ipv4Addr; COUNT], forward: Forward) -> Balancer<'static, 8, 4> {
    let storage = Box::leak(Box::new(Storage::<2, 4, 256, 256, 4>::new()));
    let mut director = Director::new(storage.lend(), Settings::new([7; 16]));
    let service = Service::new(KEY, Method::RoundRobin);
    director.apply(&Step::AddService(service)).expect("there is room");
    for server in servers {
        let destination =
            Destination { address: IpAddr::V4(server), port: 9, forward, weight: 1, upper: 0, lower: 0 };
        director.apply(&Step::AddDestination { service: KEY, destination }).expect("there is room");
    }
    Balancer::new(director, false)
}

fn server(number: u8) -> Mac {
    [2, 0, 0, 0, 0xdd, number]
}

/// Where datagrams went: to which server's MAC, to which address, with which source.
fn arrived(network: &Network) -> Vec<(Mac, IpAddr, IpAddr)> {
    let frames = network.seen.iter().map(|seen| &seen.frame);
    frames.filter(|frame| frame[..5] == [2, 0, 0, 0, 0xdd]).filter_map(|frame| udp(frame)).collect()
}

#[test]
fn direct_routing_on_one_port_spreads_clients_and_drops_a_server_that_was_taken_out() {
    let servers = [Ipv4Addr::new(192, 0, 2, 81), Ipv4Addr::new(192, 0, 2, 82)];
    let mut network = Network::new();
    let router = network.router_with(&ONE_ARMED, 2, [0], balancer(servers, Forward::Direct));
    network.run_until(ms(10_000));
    for (number, address) in (1..).zip(servers) {
        let own = Ipv4Addr::new(192, 0, 2, 2);
        network.inject(0, &arp_reply_frame(server(number), address, mac(2, 0), own));
    }
    network.run_for(ms(10));
    network.seen.clear();
    for client in 0..100 {
        network.inject(0, &datagram(CLIENT, VIRTUAL, Ipv4Addr::new(192, 0, 2, 100 + client), VIP, 64));
        network.run_for(ms(1));
    }
    let count = |network: &Network, number| {
        arrived(network)
            .iter()
            .filter(|(to, address, _)| *to == server(number) && *address == IpAddr::V4(VIP))
            .count()
    };
    assert_eq!([count(&network, 1), count(&network, 2)], [50, 50]);

    let step = Step::RemoveDestination { service: KEY, address: IpAddr::V4(servers[0]), port: 9 };
    router.borrow_mut().router.plane().director().apply(&step).expect("it is there");
    network.seen.clear();
    for client in 0..20 {
        network.inject(0, &datagram(CLIENT, VIRTUAL, Ipv4Addr::new(192, 0, 2, 200 + client), VIP, 64));
        network.run_for(ms(1));
    }
    assert_eq!([count(&network, 1), count(&network, 2)], [0, 20]);
}

#[test]
fn nat_between_two_ports_goes_to_the_server_and_comes_back_from_the_virtual_address() {
    let servers = [Ipv4Addr::new(10, 0, 0, 81), Ipv4Addr::new(10, 0, 0, 82)];
    let mut network = Network::new();
    let router = network.router_with(&TWO_ARMED, 2, [0, 1], balancer(servers, Forward::Masquerade));
    network.run_until(ms(10_000));
    for (number, address) in (1..).zip(servers) {
        network.inject(1, &arp_reply_frame(server(number), address, mac(2, 1), Ipv4Addr::new(10, 0, 0, 1)));
    }
    network.inject(0, &arp_request(VIP));
    network.run_for(ms(10));
    network.seen.clear();
    network.inject(0, &datagram(CLIENT, VIRTUAL, CLIENT_V4, VIP, 64));
    network.run_for(ms(10));
    let requests = arrived(&network);
    let [(to, address, source)] = requests[..] else { panic!("{requests:?}") };
    let number = to[5];
    assert_eq!(address, IpAddr::V4(servers[usize::from(number) - 1]));
    assert_eq!(source, IpAddr::V4(CLIENT_V4));

    network.seen.clear();
    let IpAddr::V4(address) = address else { panic!("IPv4") };
    let mut reply = datagram(server(number), mac(2, 1), address, CLIENT_V4, 64);
    // From port 9 to port 4000; both words only change places, so the checksum holds.
    let (from, to) = ([reply[34], reply[35]], [reply[36], reply[37]]);
    reply[34..36].copy_from_slice(&to);
    reply[36..38].copy_from_slice(&from);
    network.inject(1, &reply);
    network.run_for(ms(10));
    let replies: Vec<_> = network
        .seen
        .iter()
        .filter(|seen| seen.frame[..6] == CLIENT)
        .filter_map(|seen| udp(&seen.frame))
        .collect();
    assert_eq!(replies, [(CLIENT, IpAddr::V4(CLIENT_V4), IpAddr::V4(VIP))]);
    assert_eq!(router.borrow_mut().router.plane().counters().balanced, 2);
}

#[test]
fn a_tunnel_goes_from_the_port_s_own_address_and_what_does_not_fit_is_answered() {
    let real = Ipv4Addr::new(192, 0, 2, 81);
    let mut network = Network::new();
    let router = network.router_with(&ONE_ARMED, 2, [0], balancer([real], Forward::Tunnel(Tunnel::Ipip)));
    network.run_until(ms(10_000));
    for (from, address) in [(server(1), real), (CLIENT, CLIENT_V4)] {
        network.inject(0, &arp_reply_frame(from, address, mac(2, 0), Ipv4Addr::new(192, 0, 2, 2)));
    }
    network.run_for(ms(10));
    network.seen.clear();
    network.inject(0, &datagram(CLIENT, VIRTUAL, CLIENT_V4, VIP, 64));
    let mut long = Vec::new();
    let builder = etherparse::PacketBuilder::ethernet2(CLIENT, VIRTUAL);
    let builder = builder.ipv4(CLIENT_V4.octets(), VIP.octets(), 64).udp(4_000, 9);
    builder.write(&mut long, &[0; 1_472]).expect("a vector takes it");
    network.inject(0, &long);
    network.run_for(ms(10));
    let sent = |to: Mac| {
        let frames = network.seen.iter().map(|seen| seen.frame.clone());
        frames.filter(|frame| frame[..6] == to && frame[12..14] == [8, 0]).collect::<Vec<_>>()
    };
    let tunnelled = sent(server(1));
    let [frame] = &tunnelled[..] else { panic!("{tunnelled:?}") };
    assert_eq!((frame[23], &frame[26..30], &frame[30..34]), (4, &[192, 0, 2, 2][..], &real.octets()[..]));
    assert_eq!((&frame[46..50], &frame[50..54]), (&CLIENT_V4.octets()[..], &VIP.octets()[..]));
    let answers = sent(CLIENT);
    let [frame] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((&frame[26..30], &frame[34..36]), (&VIP.octets()[..], &[3, 4][..]));
    assert_eq!(frame[40..42], 1_480_u16.to_be_bytes());
    assert_eq!(router.borrow_mut().router.plane().counters().too_big, 1);
}
