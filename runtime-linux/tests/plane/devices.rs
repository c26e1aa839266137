//! What a director sends into a tunnel, taken out by the kernel's own tunnel devices.
//!
//! Most machines' kernels have no such devices: the test runs itself in a virtual machine, by `.ci/vm-run`.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::net::UdpSocket;
use std::process::Command;

use etherparse::PacketBuilder;
use ipvs_core::{
    Arrival, Destination, Director, Family, Forward, Method, Protocol, Service, ServiceKey, Settings, Step,
    Storage, Tunnel, TunnelChecksum, Verdict,
};
use runtime_linux::lab::{self, Node, Switch};
use socket2::{Domain, Socket, Type};

use crate::network::virtual_address;

#[test]
#[ignore = "needs root and user-mode-linux"]
fn the_kernel_s_own_tunnels_take_what_a_director_sends() {
    if std::env::var_os("VMRUN_GUEST").is_none() {
        let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/vm-run"))
            .args(["--timeout", "300", "--"])
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "devices::the_kernel_s_own_tunnels_take_what_a_director_sends"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    let modules = ["sit", "ipip", "ip6_tunnel", "ip_gre", "ip6_gre", "fou", "fou6"];
    assert!(Command::new("modprobe").arg("-a").args(modules).status().unwrap().success());
    lab::test(|| {
        let gue = |checksum| Tunnel::Gue { port: 5_555, checksum };
        let gre = |checksum| Tunnel::Gre { checksum };
        for (tunnel, outers) in [
            (Tunnel::Ipip, &[Family::V4, Family::V6][..]),
            // The kernel's own end takes no UDP over IPv6 without a checksum.
            (gue(TunnelChecksum::None), &[Family::V4]),
            (gue(TunnelChecksum::Full), &[Family::V4, Family::V6]),
            (gre(TunnelChecksum::None), &[Family::V4, Family::V6]),
            (gre(TunnelChecksum::Full), &[Family::V4, Family::V6]),
        ] {
            for outer in outers {
                arrives(tunnel, *outer);
            }
        }
    });
}

/// A datagram to the service goes through a director of the core and the tunnel, and comes out at the server.
fn arrives(tunnel: Tunnel, outer: Family) {
    let switch = Switch::new("back").unwrap();
    let [director, server] = ["director", "server"].map(|name| Node::new(name).unwrap());
    director.link_to(&switch, "eth0", &["198.18.1.1/24", "fd18:1::1/64"]).unwrap();
    server.link_to(&switch, "eth0", &["198.18.1.11/24", "fd18:1::11/64"]).unwrap();
    add_device(&server, tunnel, outer);
    let (own, real): (IpAddr, IpAddr) = match outer {
        Family::V4 => ("198.18.1.1".parse().unwrap(), "198.18.1.11".parse().unwrap()),
        Family::V6 => ("fd18:1::1".parse().unwrap(), "fd18:1::11".parse().unwrap()),
    };
    let raw = director.run(|| {
        let domain = if outer == Family::V4 { Domain::IPV4 } else { Domain::IPV6 };
        Socket::new(domain, Type::RAW, Some(socket2::Protocol::from(libc::IPPROTO_RAW))).unwrap()
    });
    let raw = raw.unwrap();
    for family in [Family::V4, Family::V6] {
        let address = virtual_address(family);
        let cidr = if family == Family::V4 { "198.18.0.100/32" } else { "fd18::100/128" };
        server.add_address("lo", cidr).unwrap();
        // The way back, without which the kernel takes no packet from there.
        let route = match family {
            Family::V4 => "route add 198.18.0.0/24 dev eth0",
            Family::V6 => "-6 route add fd18::/64 dev eth0",
        };
        server.run(|| ip(route)).unwrap();
        let socket = server.run(|| UdpSocket::bind((address, 53))).unwrap().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();

        let mut packet = Vec::new();
        let builder = match family {
            Family::V4 => PacketBuilder::ipv4([198, 18, 0, 9], [198, 18, 0, 100], 64),
            Family::V6 => {
                let octets = |address: &str| address.parse::<Ipv6Addr>().unwrap().octets();
                PacketBuilder::ipv6(octets("fd18::9"), octets("fd18::100"), 64)
            }
        };
        builder.udp(4_000, 53).write(&mut packet, b"which way?").unwrap();
        let mut storage = Box::new(Storage::<1, 1, 1, 1, 1>::new());
        let mut core = Director::new(storage.lend(), Settings::new([7; 16]));
        let service = ServiceKey::Address { protocol: Protocol::Udp, address, port: 53 };
        core.apply(&Step::AddService(Service::new(service, Method::RoundRobin))).unwrap();
        let forward = Forward::Tunnel(tunnel);
        let destination = Destination { address: real, port: 53, forward, weight: 1, upper: 0, lower: 0 };
        core.apply(&Step::AddDestination { service, destination }).unwrap();
        let Verdict::Forward(outgoing) = core.forward(Duration::ZERO, Arrival::default(), &packet) else {
            panic!("not forwarded")
        };
        outgoing.write(&mut packet, 1_500);
        let envelope = core.wrap(&outgoing, &packet, own).unwrap();
        let sent = [envelope.as_ref(), &packet].concat();
        raw.send_to(&sent, &SocketAddr::new(outgoing.next_hop, 0).into()).unwrap();
        let mut received = [0; 100];
        let (length, from) = socket
            .recv_from(&mut received)
            .unwrap_or_else(|error| panic!("{family:?} in {tunnel:?} over {outer:?}: {error}"));
        assert_eq!((&received[..length], from.port()), (&b"which way?"[..], 4_000));
    }
}

fn add_device(server: &Node, tunnel: Tunnel, outer: Family) {
    let (kind, director) = match (tunnel, outer) {
        (Tunnel::Ipip | Tunnel::Gue { .. }, Family::V4) => ("sit mode any", "198.18.1.1"),
        (Tunnel::Ipip | Tunnel::Gue { .. }, Family::V6) => ("ip6tnl mode any encaplimit none", "fd18:1::1"),
        (Tunnel::Gre { .. }, Family::V4) => ("gre", "198.18.1.1"),
        (Tunnel::Gre { .. }, Family::V6) => ("ip6gre encaplimit none", "fd18:1::1"),
    };
    let mut own = server.addresses("eth0").unwrap().into_iter().map(|cidr| cidr.address);
    let own = own.rfind(|own| Family::of(*own) == outer && !own.to_string().starts_with("fe80")).unwrap();
    let more = match tunnel {
        // What the port takes out goes to the device of what is left.
        Tunnel::Ipip | Tunnel::Gue { .. } | Tunnel::Gre { checksum: TunnelChecksum::None } => "",
        Tunnel::Gre { checksum: TunnelChecksum::Full | TunnelChecksum::Remote } => "icsum",
    };
    server
        .run(|| {
            if let Tunnel::Gue { port, .. } = tunnel {
                let family = if outer == Family::V4 { "" } else { "-6" };
                ip(&format!("fou add port {port} gue {family}"));
            }
            ip(&format!("link add tunnel type {kind} local {own} remote {director} {more}"));
            ip("link set tunnel up");
        })
        .unwrap();
}

fn ip(arguments: &str) {
    assert!(
        Command::new("ip").args(arguments.split_whitespace()).status().unwrap().success(),
        "ip {arguments}"
    );
}
