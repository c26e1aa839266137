//! A client, what stands between, and a server.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::os::fd::OwnedFd;
use std::process::Command;

use anyhow::{Context as _, ensure};
use ipvs_core::{Destination, Forward, Method, Protocol, Service, ServiceKey, Step};
use runtime_linux::lab::{Node, Process};
use runtime_linux::perform::ipvs::{Kernel, Plane};
use runtime_linux::plane::{Settings, User};

use crate::sys;

/// What stands between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Nothing: what the generator and the sink can do.
    Wire,
    /// The kernel as a router.
    Router,
    /// The kernel's IPVS.
    Kernel,
    /// The user-space data plane.
    User { threads: usize },
    /// Any other program.
    Other,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire => f.write_str("none: generator and sink alone"),
            Self::Router => f.write_str("the kernel, routing"),
            Self::Kernel => f.write_str("the kernel's IPVS"),
            Self::Other => f.write_str("another program"),
            Self::User { threads: 1 } => f.write_str("steadfast in user space, 1 thread"),
            Self::User { threads } => write!(f, "steadfast in user space, {threads} threads"),
        }
    }
}

/// How packets reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Direct,
    Translated,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "DR",
            Self::Translated => "NAT",
        })
    }
}

/// The namespaces, and the sockets of the generator and the sink.
pub(crate) struct Site {
    /// Sends frames.
    pub(crate) generator: OwnedFd,
    /// Gets the datagrams.
    pub(crate) sink: OwnedFd,
    /// Where frames go first.
    pub(crate) next_hop: [u8; 6],
    /// Where datagrams are addressed to.
    pub(crate) address: Ipv4Addr,
    plane: Option<Box<dyn Plane>>,
    _other: Option<Process>,
    _nodes: Vec<Node>,
}

impl Site {
    pub(crate) fn new(subject: Subject, way: Way, other: Option<&str>) -> anyhow::Result<Self> {
        let [client, director, server] =
            ["client", "director", "server"].map(|name| Node::new(name).expect("root may make namespaces"));
        cable(&client, "eth0", &director, "eth0")?;
        cable(&director, "eth1", &server, "eth0")?;
        for (node, link) in [(&client, "eth0"), (&director, "eth0"), (&director, "eth1"), (&server, "eth0")] {
            node.set_link(link, true)?;
        }
        if subject != Subject::Wire {
            director.add_address("eth0", "198.18.0.1/24")?;
            director.add_address("eth0", "198.18.0.100/32")?;
            director.add_address("eth1", "198.18.1.1/24")?;
            director.set("ipv4/ip_forward", "1")?;
            director.route_via("10.64.0.0/16", "198.18.0.9".parse()?)?;
            // The server has no address: its stack drops at once what the sink has seen.
            let mac = words(link_address(&server, "eth0")?);
            ip(&director, &format!("neighbour add 198.18.1.11 lladdr {mac} dev eth1 nud permanent"))?;
        }
        let address = match subject {
            Subject::Wire | Subject::Router | Subject::Other => Ipv4Addr::new(198, 18, 1, 11),
            Subject::Kernel | Subject::User { .. } => Ipv4Addr::new(198, 18, 0, 100),
        };
        let mut plane: Option<Box<dyn Plane>> = match subject {
            Subject::Wire | Subject::Router | Subject::Other => None,
            Subject::Kernel => Some(Box::new(director.run(Kernel::open)?.context("the kernel's IPVS")?)),
            Subject::User { threads } => {
                let settings = Settings { threads, ..Settings::default() };
                Some(Box::new(director.run(|| User::with_settings(&settings))??))
            }
        };
        if let Some(plane) = &mut plane {
            let service =
                ServiceKey::Address { protocol: Protocol::Udp, address: IpAddr::V4(address), port: PORT };
            plane.apply(Step::AddService(Service::new(service, Method::RoundRobin)))?;
            let forward = match way {
                Way::Direct => Forward::Direct,
                Way::Translated => Forward::Masquerade,
            };
            let server = IpAddr::V4(Ipv4Addr::new(198, 18, 1, 11));
            let destination =
                Destination { address: server, port: PORT, forward, weight: 1, upper: 0, lower: 0 };
            plane.apply(Step::AddDestination { service, destination })?;
        }
        let mut running = None;
        if subject == Subject::Other {
            director.set("ipv4/ip_forward", "0")?;
            let mut command = Command::new("sh");
            command.args(["-c", other.context("there is another program")?]);
            command.env("NEXT_HOP", words(link_address(&server, "eth0")?));
            running = Some(director.spawn(command)?);
            std::thread::park_timeout(Duration::from_millis(500));
        }
        let last = if subject == Subject::Wire { &director } else { &server };
        let sink = last.run(|| sys::sink("eth0"))??;
        let next_hop = link_address(&director, "eth0")?;
        let generator = client.run(|| sys::generator("eth0"))??;
        Ok(Self {
            generator,
            sink,
            next_hop,
            address,
            plane,
            _other: running,
            _nodes: vec![client, director, server],
        })
    }

    /// Counters of the plane that are not zero.
    pub(crate) fn trouble(&mut self) -> Vec<(String, u64)> {
        let Some(plane) = &mut self.plane else { return Vec::new() };
        let mut counters = plane.status().map(|status| status.counters).unwrap_or_default();
        counters.retain(|(_, count)| *count > 0);
        counters
    }
}

/// A pair of virtual interfaces between two hosts, no bridge between.
fn cable(near: &Node, link: &str, far: &Node, there: &str) -> anyhow::Result<()> {
    ip(near, &format!("link add {link} type veth peer name {there} netns {}", far.network_path()))
}

fn ip(node: &Node, words: &str) -> anyhow::Result<()> {
    let output = node.run(|| Command::new("ip").args(words.split(' ')).output())??;
    ensure!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn words(mac: [u8; 6]) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

fn link_address(node: &Node, link: &str) -> anyhow::Result<[u8; 6]> {
    let output = node.run(|| Command::new("ip").args(["-br", "link", "show", link]).output())??;
    let text = String::from_utf8(output.stdout)?;
    let mac = text.split_whitespace().nth(2).context("ip link shows a link address")?;
    let octets: Result<Vec<u8>, _> = mac.split(':').map(|octet| u8::from_str_radix(octet, 16)).collect();
    octets?.try_into().ok().context("six octets")
}

/// Of the service and of the server.
pub(crate) const PORT: u16 = 7_000;
