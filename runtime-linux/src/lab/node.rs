//! Hosts and the switches between them.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use core::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};

use super::link::{self, Cidr};
use super::namespace::Namespace;
use super::{Error, Process};
use crate::netlink::link::LinkInfo;

/// A switch: a bridge in a namespace of its own, where nothing else runs.
#[derive(Debug)]
pub struct Switch {
    name: String,
    pub(super) namespace: Namespace,
    ports: Mutex<Vec<String>>,
}

impl Switch {
    /// A switch without ports.
    pub fn new(name: &str) -> Result<Self, Error> {
        let namespace = Namespace::new()?;
        // The switch is no host: without this its ports would speak IPv6.
        for which in ["all", "default"] {
            namespace.set(&format!("ipv6/conf/{which}/disable_ipv6"), "1")?;
        }
        // Nor does it look into packets: with br_netfilter loaded it would drop damaged ones.
        for which in ["iptables", "ip6tables", "arptables"] {
            let _ = namespace.set(&format!("bridge/bridge-nf-call-{which}"), "0");
        }
        namespace.run(|| link::add_bridge(BRIDGE))?.map_err(Error::when(format!("making switch {name}")))?;
        Ok(Self { name: name.to_owned(), namespace, ports: Mutex::default() })
    }

    /// Pulls out every cable of `node`, or puts them back.
    pub fn set_cables(&self, node: &Node, plugged: bool) -> Result<(), Error> {
        let ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for port in ports.iter().filter(|port| node_of(port) == node.name) {
            self.namespace
                .run(|| link::set_up(port, plugged))?
                .map_err(Error::when(format!("port {port}")))?;
        }
        Ok(())
    }

    /// The ports, each named after the node at its other end.
    pub(super) fn ports(&self) -> Result<Vec<LinkInfo>, Error> {
        let mut links = self.namespace.run(link::links)?.map_err(Error::when("listing ports"))?;
        let ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|link| ports.contains(&link.name));
        Ok(links)
    }

    /// A name for one more port towards `node`.
    fn new_port(&self, node: &str) -> String {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = ports.iter().filter(|port| node_of(port) == node).count();
        let port = if taken == 0 { node.to_owned() } else { format!("{node}{MORE}{taken}") };
        ports.push(port.clone());
        port
    }
}

/// A host: a network, and files that are the machine's but for `/run` and what is installed.
#[derive(Debug)]
pub struct Node {
    name: String,
    namespace: Arc<Namespace>,
}

impl Node {
    /// A host with nothing but its loopback. `name`: at most 12 characters.
    ///
    /// Reverse-path filtering and duplicate address detection are off, so that what a test builds is what it gets.
    pub fn new(name: &str) -> Result<Self, Error> {
        let namespace = Namespace::new()?;
        for (setting, value) in SETTINGS {
            namespace.set(setting, value)?;
        }
        let node = Self { name: name.to_owned(), namespace: Arc::new(namespace) };
        node.set_link("lo", true)?;
        Ok(node)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Lays a cable to `switch`: `link` gets `addresses` (`198.18.0.1/24`) and is up.
    pub fn link_to(&self, switch: &Switch, link: &str, addresses: &[&str]) -> Result<(), Error> {
        let port = switch.new_port(&self.name);
        let there = self.namespace.network.as_fd();
        switch.namespace.run(|| link::add_cable(&port, BRIDGE, link, there))?.map_err(Error::when(
            format!("laying a cable from {} {link} to switch {}", self.name, switch.name),
        ))?;
        for address in addresses {
            self.add_address(link, address)?;
        }
        self.set_link(link, true)
    }

    /// Runs `body` on a fresh thread inside this host's network; sockets made there stay in it.
    pub fn run<T: Send>(&self, body: impl FnOnce() -> T + Send) -> Result<T, Error> {
        self.namespace.run(body)
    }

    /// Runs `body` on a thread of its own inside this host's network, and returns at once.
    ///
    /// # Panics
    ///
    /// On that thread, when the kernel no longer lets it into the namespace that this process has made.
    pub fn keep_running<T: Send + 'static>(
        &self,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let namespace = Arc::clone(&self.namespace);
        std::thread::spawn(move || {
            namespace.enter().expect("whoever made a namespace may enter it");
            body()
        })
    }

    /// Starts a process inside this host, its output kept line by line.
    ///
    /// It is killed when the [`Process`] goes, or when the thread that called this ends.
    pub fn spawn(&self, command: Command) -> Result<Process, Error> {
        Process::start(command, Arc::clone(&self.namespace), None)
    }

    /// The same, and prints its output on standard error as it comes, each line after the host's name.
    pub fn spawn_aloud(&self, command: Command) -> Result<Process, Error> {
        Process::start(command, Arc::clone(&self.namespace), Some(self.name.clone()))
    }

    /// Where `nsenter --net=PATH` finds this host's network while this process lives.
    pub fn network_path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.namespace.network.as_raw_fd())
    }

    /// The addresses of a link now.
    pub fn addresses(&self, link: &str) -> Result<Vec<Cidr>, Error> {
        self.on(link, "reading the addresses", || link::addresses(link))
    }

    /// Adds an address, `198.18.0.1/24`; without duplicate address detection.
    pub fn add_address(&self, link: &str, address: &str) -> Result<(), Error> {
        let cidr: Cidr = address.parse()?;
        self.on(link, address, || link::add_address(link, cidr))
    }

    /// Takes an address away.
    pub fn remove_address(&self, link: &str, address: &str) -> Result<(), Error> {
        let cidr: Cidr = address.parse()?;
        self.on(link, address, || link::remove_address(link, cidr))
    }

    /// Sets a link up or down.
    pub fn set_link(&self, link: &str, up: bool) -> Result<(), Error> {
        self.on(link, "setting it up or down", || link::set_up(link, up))
    }

    /// Adds a route by way of `gateway`; `0.0.0.0/0` is the default route.
    pub fn route_via(&self, destination: &str, gateway: IpAddr) -> Result<(), Error> {
        let cidr: Cidr = destination.parse()?;
        self.on("route", destination, || link::add_route(cidr, Some(gateway), None))
    }

    /// Adds a route by way of `gateway`, which is a neighbour on `link` whatever its address.
    pub fn route_beside(&self, destination: &str, gateway: IpAddr, link: &str) -> Result<(), Error> {
        let cidr: Cidr = destination.parse()?;
        self.on(link, destination, || link::add_route(cidr, Some(gateway), Some(link)))
    }

    /// Adds a route straight out of `link`.
    pub fn route_out(&self, destination: &str, link: &str) -> Result<(), Error> {
        let cidr: Cidr = destination.parse()?;
        self.on(link, destination, || link::add_route(cidr, None, Some(link)))
    }

    /// Writes a setting under `/proc/sys/net`, `ipv4/ip_forward` for instance.
    pub fn set(&self, setting: &str, value: &str) -> Result<(), Error> {
        self.namespace.set(setting, value)
    }

    /// Takes packets for `address` without answering ARP for it, as a real server of a DR director must.
    pub fn hold_quietly(&self, address: IpAddr) -> Result<(), Error> {
        for (setting, value) in [("arp_ignore", "1"), ("arp_announce", "2")] {
            self.set(&format!("ipv4/conf/all/{setting}"), value)?;
        }
        self.add_address("lo", &address.to_string())
    }

    /// Gives the host a file of its own: under `/run`, or under a directory that the machine does not have.
    pub fn install(&self, path: impl AsRef<Path>, contents: &[u8], mode: u32) -> Result<(), Error> {
        self.namespace.install(path.as_ref(), contents, mode)
    }

    /// Lets every run of the program `path` on this host do nothing and succeed; the machine's own copy is left
    /// as it is. Fails where the machine has no such file and the host cannot have one.
    pub fn stand_in(&self, path: &Path) -> Result<(), Error> {
        if path.exists() {
            self.namespace.cover(path, Path::new(TRUE))
        } else {
            self.install(path, b"#!/bin/sh\nexit 0\n", 0o755)
        }
    }

    /// Reads such a file.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>, Error> {
        self.namespace.read(path.as_ref())
    }

    fn on<T: Send>(
        &self,
        link: &str,
        doing: &str,
        body: impl FnOnce() -> std::io::Result<T> + Send,
    ) -> Result<T, Error> {
        self.run(body)?.map_err(Error::when(format!("{} {link}: {doing}", self.name)))
    }
}

/// Which node a port leads to.
pub(super) fn node_of(port: &str) -> &str {
    port.split_once(MORE).map_or(port, |(node, _)| node)
}

/// The program that does nothing, successfully.
const TRUE: &str = "/usr/bin/true";

const BRIDGE: &str = "switch";

/// Stands between the node's name and the number in the name of its second port.
const MORE: char = '~';

const SETTINGS: [(&str, &str); 8] = [
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
    ("ipv6/conf/all/accept_dad", "0"),
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/dad_transmits", "0"),
    ("ipv6/conf/default/router_solicitations", "0"),
];
