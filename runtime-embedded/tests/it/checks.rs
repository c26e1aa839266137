//! Virtual servers whose real servers are checked: a client on one segment, a director, servers on another.

mod client;
mod configuration;
mod director;
mod flood;
mod kinds;
mod server;
mod service;
mod sharing;
mod six;

use core::net::{IpAddr, Ipv4Addr};

use runtime_embedded::{Config, Instance, Port, Probe, RealServer, VirtualServer};

const VIRTUAL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ADDRESSES: &[IpAddr] = &[IpAddr::V4(VIRTUAL)];
/// The director's own address on the servers' segment, and their gateway.
const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const ONE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 81);
const TWO: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 82);
const SORRY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 90);

static CONFIG: Config<2, 1> = Config::new(
    [Port::new("lan").ipv4(Ipv4Addr::new(192, 0, 2, 2), 24), Port::new("servers").ipv4(INSIDE, 24)],
    [Instance::v3("vip", 0, 1, ADDRESSES).interval(10)],
);

/// A web service with these servers.
const fn web(servers: &'static [RealServer]) -> VirtualServer {
    VirtualServer::tcp("web", IpAddr::V4(VIRTUAL), 80).servers(servers)
}

const fn real(name: &'static str, address: Ipv4Addr, checks: &'static [Probe]) -> RealServer {
    RealServer::new(name, IpAddr::V4(address), 80).checks(checks)
}
