//! A client, a director with the plane on it, and two real servers.

use core::net::{IpAddr, SocketAddr};
use core::sync::atomic::{AtomicU16, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};

use ipvs_core::{
    Destination, Family, Forward, Method, Persistence, Protocol, Service, ServiceKey, Step, Tunnel,
};
use runtime_linux::lab::{Node, Switch};
use runtime_linux::perform::ipvs::{Error, Plane};
use runtime_linux::plane::{Settings, User};
use socket2::{Domain, Socket, Type};

/// The names of the real servers.
pub(crate) const SERVERS: [&str; 2] = ["rs1", "rs2"];

/// How long a connection may take in a test.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Network {
    pub(crate) client: Node,
    pub(crate) director: Node,
    pub(crate) plane: Option<Box<User>>,
    forward: Forward,
    /// The family of the real servers where they are behind tunnels.
    outer: Family,
    /// The port of the next client: each is used once, or two connections might be one to the director.
    next: AtomicU16,
    pub(crate) switches: Vec<Switch>,
    pub(crate) servers: Vec<Node>,
}

impl Network {
    /// NAT: the real servers are on a network of their own, the director is their way out, and it routes.
    pub(crate) fn nat() -> Self {
        let (front, back) = (Switch::new("front").unwrap(), Switch::new("back").unwrap());
        let client = Node::new("client").unwrap();
        client.link_to(&front, "eth0", &["198.18.0.9/24", "fd18::9/64"]).unwrap();
        let director = Node::new("director").unwrap();
        director
            .link_to(&front, "eth0", &["198.18.0.1/24", "fd18::1/64", "198.18.0.100/32", "fd18::100/128"])
            .unwrap();
        director.link_to(&back, "eth1", &["198.18.1.1/24", "fd18:1::1/64"]).unwrap();
        director.set("ipv4/ip_forward", "1").unwrap();
        director.set("ipv6/conf/all/forwarding", "1").unwrap();
        let mut servers = Vec::new();
        for (number, name) in (11..).zip(SERVERS) {
            let server = Node::new(name).unwrap();
            let addresses = [format!("198.18.1.{number}/24"), format!("fd18:1::{number}/64")];
            server.link_to(&back, "eth0", &addresses.each_ref().map(String::as_str)).unwrap();
            server.route_via("0.0.0.0/0", "198.18.1.1".parse().unwrap()).unwrap();
            server.route_via("::/0", "fd18:1::1".parse().unwrap()).unwrap();
            serve(&server, name, &addresses.each_ref().map(|cidr| cidr.split('/').next().unwrap()));
            servers.push(server);
        }
        Self::start(client, director, Forward::Masquerade, vec![front, back], servers)
    }

    /// Direct routing: everybody is on one network, the real servers have the virtual address in secret.
    pub(crate) fn direct() -> Self {
        let switch = Switch::new("lan").unwrap();
        let client = Node::new("client").unwrap();
        client.link_to(&switch, "eth0", &["198.18.0.9/24", "fd18::9/64"]).unwrap();
        let director = Node::new("director").unwrap();
        director
            .link_to(&switch, "eth0", &["198.18.0.1/24", "fd18::1/64", "198.18.0.100/32", "fd18::100/128"])
            .unwrap();
        let mut servers = Vec::new();
        for (number, name) in (11..).zip(SERVERS) {
            let server = Node::new(name).unwrap();
            let addresses = [format!("198.18.0.{number}/24"), format!("fd18::{number}/64")];
            server.link_to(&switch, "eth0", &addresses.each_ref().map(String::as_str)).unwrap();
            server.hold_quietly("198.18.0.100".parse().unwrap()).unwrap();
            server.add_address("lo", "fd18::100/128").unwrap();
            serve(&server, name, &["198.18.0.100", "fd18::100"]);
            servers.push(server);
        }
        Self::start(client, director, Forward::Direct, vec![switch], servers)
    }

    /// Tunnels: the real servers are behind the director, take packets out of their envelopes, and answer the client on
    /// a link that the director is not on. The tunnels are of the family `outer`.
    pub(crate) fn tunnelled(tunnel: Tunnel, outer: Family) -> Self {
        let switches = ["front", "back", "side"].map(|name| Switch::new(name).unwrap());
        let [front, back, side] = &switches;
        let client = Node::new("client").unwrap();
        client.link_to(front, "eth0", &["198.18.0.9/24", "fd18::9/64"]).unwrap();
        client.link_to(side, "eth1", &["198.18.2.9/24", "fd18:2::9/64"]).unwrap();
        let director = Node::new("director").unwrap();
        director
            .link_to(front, "eth0", &["198.18.0.1/24", "fd18::1/64", "198.18.0.100/32", "fd18::100/128"])
            .unwrap();
        director.link_to(back, "eth1", &["198.18.1.1/24", "fd18:1::1/64"]).unwrap();
        let mut servers = Vec::new();
        for (number, name) in (11..).zip(SERVERS) {
            let server = Node::new(name).unwrap();
            let addresses = [format!("198.18.1.{number}/24"), format!("fd18:1::{number}/64")];
            server.link_to(back, "eth0", &addresses.each_ref().map(String::as_str)).unwrap();
            let addresses = [format!("198.18.2.{number}/24"), format!("fd18:2::{number}/64")];
            server.link_to(side, "eth1", &addresses.each_ref().map(String::as_str)).unwrap();
            server.route_via("198.18.0.0/24", "198.18.2.9".parse().unwrap()).unwrap();
            server.route_via("fd18::/64", "fd18:2::9".parse().unwrap()).unwrap();
            server.hold_quietly("198.18.0.100".parse().unwrap()).unwrap();
            server.add_address("lo", "fd18::100/128").unwrap();
            serve(&server, name, &["198.18.0.100", "fd18::100"]);
            crate::unwrapping::unwrap(&server, tunnel, outer);
            servers.push(server);
        }
        let mut network = Self::start(client, director, Forward::Tunnel(tunnel), switches.into(), servers);
        network.outer = outer;
        network
    }

    fn start(
        client: Node,
        director: Node,
        forward: Forward,
        switches: Vec<Switch>,
        servers: Vec<Node>,
    ) -> Self {
        let plane = director.run(User::start).unwrap().unwrap();
        Self {
            client,
            director,
            plane: Some(Box::new(plane)),
            forward,
            outer: Family::V4,
            next: AtomicU16::new(20_000),
            switches,
            servers,
        }
    }

    /// The plane has this many threads from now on; it starts anew, without services.
    pub(crate) fn with_threads(self, threads: usize) -> Self {
        self.with_settings(&Settings { threads, ..Settings::default() })
    }

    /// The plane is like this from now on; it starts anew, without services.
    pub(crate) fn with_settings(mut self, settings: &Settings) -> Self {
        self.plane.take().expect("the plane runs").stop().unwrap();
        let plane = self.director.run(|| User::with_settings(settings)).unwrap().unwrap();
        self.plane = Some(Box::new(plane));
        self
    }

    pub(crate) fn apply(&mut self, step: Step) -> Result<(), Error> {
        self.plane.as_mut().expect("the plane runs").apply(step)
    }

    /// A service with both real servers.
    pub(crate) fn serve(&mut self, family: Family, protocol: Protocol, persistent: bool) -> ServiceKey {
        let key = ServiceKey::Address { protocol, address: virtual_address(family), port: self.port() };
        let persistence =
            persistent.then(|| Persistence { timeout: Duration::from_secs(300), granularity: family.bits() });
        let service = Service { persistence, ..Service::new(key, Method::RoundRobin) };
        self.apply(Step::AddService(service)).unwrap();
        for name in SERVERS {
            let destination = self.destination(family, name);
            self.apply(Step::AddDestination { service: key, destination }).unwrap();
        }
        key
    }

    /// A real server, as a destination.
    pub(crate) fn destination(&self, family: Family, name: &str) -> Destination {
        let number = 11 + SERVERS.iter().position(|server| *server == name).unwrap();
        let family = if let Forward::Tunnel(_) = self.forward { self.outer } else { family };
        let address = match (self.forward, family) {
            (Forward::Masquerade | Forward::Tunnel(_), Family::V4) => format!("198.18.1.{number}"),
            (Forward::Masquerade | Forward::Tunnel(_), Family::V6) => format!("fd18:1::{number}"),
            (_, Family::V4) => format!("198.18.0.{number}"),
            (_, Family::V6) => format!("fd18::{number}"),
        };
        let address = address.parse().unwrap();
        Destination { address, port: SERVER_PORT, forward: self.forward, weight: 1, upper: 0, lower: 0 }
    }

    /// Makes the director a server like the real ones.
    pub(crate) fn serve_on_director(&self, family: Family) {
        serve(&self.director, "dir", &[&virtual_address(family).to_string()]);
    }

    /// The port of the service: NAT translates it, direct routing cannot.
    fn port(&self) -> u16 {
        if self.forward == Forward::Masquerade { 80 } else { SERVER_PORT }
    }

    /// Where clients connect to.
    pub(crate) fn to(&self, family: Family) -> SocketAddr {
        SocketAddr::new(virtual_address(family), self.port())
    }

    /// Sends `bytes` bytes over one connection and gets as many back; says who answered.
    pub(crate) fn transfer(&self, family: Family, bytes: usize) -> io::Result<String> {
        let to = self.to(family);
        self.client.run(|| transfer(self.port_for(to), to, bytes)).unwrap()
    }

    /// An address of the client's that nothing came from before.
    pub(crate) fn port_for(&self, to: SocketAddr) -> SocketAddr {
        let any = if to.is_ipv4() { "0.0.0.0" } else { "::" };
        SocketAddr::new(any.parse().unwrap(), self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes `count` requests, one connection or socket each; how many each server answered.
    pub(crate) fn requests(
        &self,
        family: Family,
        protocol: Protocol,
        count: usize,
    ) -> BTreeMap<String, usize> {
        let to = self.to(family);
        let one = |_| match protocol {
            Protocol::Udp => ask(self.port_for(to), to, 1),
            Protocol::Tcp | Protocol::Sctp => transfer(self.port_for(to), to, 0),
        };
        let ask = || (0..count).map(one).collect::<Vec<_>>();
        let mut answers = BTreeMap::new();
        for answer in self.client.run(ask).unwrap() {
            *answers.entry(answer.unwrap_or_else(|error| error.kind().to_string())).or_default() += 1;
        }
        answers
    }

    /// Sends a datagram of `bytes` bytes and gets it back; says who answered.
    pub(crate) fn datagram(&self, family: Family, bytes: usize) -> io::Result<String> {
        let to = self.to(family);
        self.client.run(|| ask(self.port_for(to), to, bytes)).unwrap()
    }

    /// Counters of the plane that are not zero.
    pub(crate) fn trouble(&mut self) -> Vec<(String, u64)> {
        let mut counters = self.plane.as_mut().expect("the plane runs").status().unwrap().counters;
        counters.retain(|(_, count)| *count > 0);
        counters
    }
}

/// The director's own address, which is no service's.
pub(crate) fn address_of_director(family: Family) -> IpAddr {
    match family {
        Family::V4 => "198.18.0.1".parse().unwrap(),
        Family::V6 => "fd18::1".parse().unwrap(),
    }
}

pub(crate) fn virtual_address(family: Family) -> IpAddr {
    match family {
        Family::V4 => "198.18.0.100".parse().unwrap(),
        Family::V6 => "fd18::100".parse().unwrap(),
    }
}

/// Where the real servers listen.
const SERVER_PORT: u16 = 8080;

/// A real server: over TCP it takes a count and that many bytes, and returns its name and the same bytes; over UDP it
/// returns its name and the datagram.
fn serve(node: &Node, name: &'static str, own: &[&str]) {
    let listener = node.run(|| TcpListener::bind(("::", SERVER_PORT))).unwrap().unwrap();
    // Bound to the address asked, or the answer would come from another one.
    let sockets =
        own.iter().map(|address| node.run(|| UdpSocket::bind((*address, SERVER_PORT))).unwrap().unwrap());
    let sockets: Vec<UdpSocket> = sockets.collect();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || -> io::Result<()> {
                let mut count = [0; 8];
                stream.read_exact(&mut count)?;
                let mut bytes = vec![0; usize::try_from(u64::from_be_bytes(count)).unwrap()];
                stream.read_exact(&mut bytes)?;
                stream.write_all(name.as_bytes())?;
                stream.write_all(&bytes)
            });
        }
    });
    for socket in sockets {
        std::thread::spawn(move || {
            let mut buffer = [0; 8_192];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if socket.send_to(&[name.as_bytes(), &buffer[..length]].concat(), from).is_err() {
                    return;
                }
            }
        });
    }
}

pub(crate) fn transfer(from: SocketAddr, to: SocketAddr, bytes: usize) -> io::Result<String> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
    socket.bind(&from.into())?;
    socket.connect_timeout(&to.into(), PATIENCE)?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let sent: Vec<u8> = (0..bytes).map(|at| (at % 251).to_be_bytes()[7]).collect();
    stream.write_all(&(bytes as u64).to_be_bytes())?;
    stream.write_all(&sent)?;
    let mut name = [0; 3];
    stream.read_exact(&mut name)?;
    let mut returned = Vec::new();
    stream.read_to_end(&mut returned)?;
    assert!(returned == sent, "{} bytes came back damaged", returned.len());
    Ok(String::from_utf8_lossy(&name).into_owned())
}

pub(crate) fn ask(from: SocketAddr, to: SocketAddr, bytes: usize) -> io::Result<String> {
    let socket = UdpSocket::bind(from)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    // Connected, so that an answer from another address than the service's does not count.
    socket.connect(to)?;
    let sent: Vec<u8> = (0..bytes).map(|at| (at % 251).to_be_bytes()[7]).collect();
    socket.send(&sent)?;
    let mut answer = [0; 8_192];
    let length = socket.recv(&mut answer)?;
    let (name, returned) = answer[..length].split_at(3);
    assert!(returned == sent, "{} bytes came back damaged", returned.len());
    Ok(String::from_utf8_lossy(name).into_owned())
}
