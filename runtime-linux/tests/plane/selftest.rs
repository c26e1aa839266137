//! The topology and the assertions of the kernel's own test of IPVS (tools/testing/selftests/netfilter/ipvs.sh), for
//! the user-space plane: a client, a director and a real server in three network namespaces; a file that is fetched
//! through the service is the file that the server has.
//!
//! Its director has one address towards each neighbour and the service on the one towards the client; the real server
//! has a link of its own to the client for direct routing and tunnels.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use ipvs_core::{Destination, Forward, Method, Protocol, Service, ServiceKey, Step, Tunnel};
use runtime_linux::lab::{self, Node, Switch};
use runtime_linux::perform::ipvs::Plane;
use runtime_linux::plane::User;

#[test]
fn a_file_crosses_a_director_that_translates() {
    lab::test(|| {
        let site = Site::new();
        site.server.route_via("0.0.0.0/0", "10.0.1.2".parse().unwrap()).unwrap();
        assert_eq!(site.fetch(Forward::Masquerade), Site::file());
    });
}

#[test]
fn a_file_crosses_a_director_that_routes_directly_to_a_server_on_another_link() {
    lab::test(|| {
        let site = Site::new();
        site.answer_beside_the_director();
        assert_eq!(site.fetch(Forward::Direct), Site::file());
    });
}

#[test]
fn a_file_crosses_a_director_that_tunnels() {
    lab::test(|| {
        let site = Site::new();
        site.answer_beside_the_director();
        crate::unwrapping::unwrap(&site.server, Tunnel::Ipip, ipvs_core::Family::V4);
        assert_eq!(site.fetch(Forward::Tunnel(Tunnel::Ipip)), Site::file());
    });
}

struct Site {
    client: Node,
    director: Node,
    server: Node,
    _switches: [Switch; 3],
}

impl Site {
    fn new() -> Self {
        let switches = ["left", "right", "around"].map(|name| Switch::new(name).unwrap());
        let [client, director, server] =
            ["client", "director", "server"].map(|name| Node::new(name).unwrap());
        client.link_to(&switches[0], "veth10", &["10.0.0.1/24"]).unwrap();
        client.link_to(&switches[2], "veth20", &["10.0.2.1/24"]).unwrap();
        director.link_to(&switches[0], "veth01", &["10.0.0.2/24", SERVICE_CIDR]).unwrap();
        director.link_to(&switches[1], "veth12", &["10.0.1.2/24"]).unwrap();
        director.set("ipv4/ip_forward", "1").unwrap();
        server.link_to(&switches[1], "veth21", &["10.0.1.3/24"]).unwrap();
        server.link_to(&switches[2], "veth02", &["10.0.2.3/24"]).unwrap();
        client.route_via("207.175.44.0/24", "10.0.0.2".parse().unwrap()).unwrap();
        Self { client, director, server, _switches: switches }
    }

    fn answer_beside_the_director(&self) {
        self.server.hold_quietly(service()).unwrap();
        self.server.route_via("10.0.0.0/24", "10.0.2.1".parse().unwrap()).unwrap();
    }

    /// What the server has: as the kernel's test, a megabyte of noise.
    fn file() -> Vec<u8> {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let noise = core::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()
        });
        noise.take(1 << 17).flatten().collect()
    }

    /// What the client gets through the service, which is there only now.
    fn fetch(&self, forward: Forward) -> Vec<u8> {
        let mut plane = self.director.run(User::start).unwrap().unwrap();
        let key = ServiceKey::Address { protocol: Protocol::Tcp, address: service(), port: PORT };
        plane.apply(Step::AddService(Service::new(key, Method::RoundRobin))).unwrap();
        let address = "10.0.1.3".parse().unwrap();
        let destination = Destination { address, port: PORT, forward, weight: 1, upper: 0, lower: 0 };
        plane.apply(Step::AddDestination { service: key, destination }).unwrap();
        let listener = self.server.run(|| TcpListener::bind(("0.0.0.0", PORT))).unwrap().unwrap();
        let file = Self::file();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&file).unwrap();
        });
        let fetched = self.client.run(|| {
            let patience = Duration::from_secs(5);
            let to = SocketAddr::new(service(), PORT);
            let mut stream = TcpStream::connect_timeout(&to, patience).unwrap();
            stream.set_read_timeout(Some(patience)).unwrap();
            let mut fetched = Vec::new();
            stream.read_to_end(&mut fetched).unwrap();
            fetched
        });
        served.join().unwrap();
        let status = plane.status().unwrap();
        assert_eq!(status.services[0].statistics.connections, 1, "the director was passed by");
        fetched.unwrap()
    }
}

fn service() -> IpAddr {
    "207.175.44.110".parse().unwrap()
}

const SERVICE_CIDR: &str = "207.175.44.110/32";
const PORT: u16 = 8080;
