//! From configuration files to hosts: which routers there are, which of them share a link, and where their adverts
//! come from.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use bench::simulation::site::Seat;
use vrrp_core::Family;

use crate::config::model::{Authentication, Configuration, Instance};
use crate::driver::translate::{self, RouterConfig};

/// A host.
#[derive(Clone, Debug)]
pub struct Node {
    /// A, B, C in the order of the files.
    pub letter: String,
    /// What its file says.
    pub configuration: Configuration,
    /// Its routers.
    pub routers: Vec<Router>,
}

/// A router of a host.
#[derive(Clone, Debug)]
pub struct Router {
    /// What the file says.
    pub instance: Instance,
    /// What it is in the simulation.
    pub seat: Seat,
}

/// What stands in for the seals of an instance: an authentication header with another key is dropped just as
/// another password is.
fn in_simulation(instance: &Instance, letter: &str, remarks: &mut Vec<String>) -> Instance {
    let authentication = match &instance.authentication {
        Authentication::Header(key) => Authentication::Password(*key),
        Authentication::Trailer(_) => {
            let name = &instance.name;
            remarks.push(format!("{letter}: {name} is simulated without its auth_hmac"));
            Authentication::None
        }
        other @ (Authentication::None | Authentication::Password(_)) => other.clone(),
    };
    Instance { authentication, ..instance.clone() }
}

/// The hosts of these configurations, and what an operator should know about how they were understood.
pub fn nodes(configurations: Vec<(String, Configuration)>) -> (Vec<Node>, Vec<String>) {
    let mut remarks = Vec::new();
    let mut wanted: Vec<Vec<(Instance, RouterConfig)>> = Vec::new();
    for (letter, configuration) in &configurations {
        let mut routers: Vec<(Instance, RouterConfig)> = Vec::new();
        for instance in configuration.routers() {
            let name = &instance.name;
            let instance = &in_simulation(instance, letter, &mut remarks);
            match translate::config(instance) {
                Err(error) => {
                    remarks.push(format!("{letter}: {name} cannot run as it is configured: {error}"));
                }
                Ok(config) if routers.iter().any(|(other, _)| identity(other) == identity(instance)) => {
                    let vrid = config.vrid.get();
                    let text =
                        format!("{letter}: {name} does not run, VRID {vrid} is used twice on its interface");
                    remarks.push(text);
                }
                Ok(config) => routers.push((instance.clone(), config)),
            }
        }
        wanted.push(routers);
    }
    let links = Links::new(&wanted);
    let mut nodes = Vec::new();
    for (number, (letter, configuration)) in configurations.into_iter().enumerate() {
        let routers = wanted[number].iter().map(|(instance, config)| {
            let groups = &configuration.groups;
            let seat = Seat {
                link: links.of(instance),
                config: config.clone(),
                source: source(instance, number, &wanted, &mut remarks, &letter),
                mac: [2, 0, 0, 0, 0, position(number)],
                unicast_ttl: instance.unicast_ttl,
                group: groups.iter().position(|group| group.members.contains(&instance.name)),
            };
            Router { instance: instance.clone(), seat }
        });
        let routers = routers.collect();
        nodes.push(Node { letter, configuration, routers });
    }
    (nodes, remarks)
}

fn identity(instance: &Instance) -> (u8, Family, &str) {
    (instance.vrid.get(), translate::family(instance), &instance.interface)
}

/// Which instances share a link. One VRID stands for one link, whatever its interface is called on each host;
/// where a host has it on several interfaces, those of one name go together.
struct Links {
    numbers: BTreeMap<(u8, bool, String), usize>,
    /// VRID and whether it is IPv6, where interfaces matter.
    several: Vec<(u8, bool)>,
}

impl Links {
    fn new(nodes: &[Vec<(Instance, RouterConfig)>]) -> Self {
        let mut several = Vec::new();
        for routers in nodes {
            for (number, (instance, _)) in routers.iter().enumerate() {
                if routers[..number].iter().any(|(other, _)| kind(other) == kind(instance)) {
                    several.push(kind(instance));
                }
            }
        }
        let mut links = Self { numbers: BTreeMap::new(), several };
        for (instance, _) in nodes.iter().flatten() {
            let next = links.numbers.len();
            let key = links.key(instance);
            links.numbers.entry(key).or_insert(next);
        }
        links
    }

    fn key(&self, instance: &Instance) -> (u8, bool, String) {
        let (vrid, six) = kind(instance);
        let matters = self.several.contains(&(vrid, six));
        (vrid, six, if matters { instance.interface.clone() } else { String::new() })
    }

    fn of(&self, instance: &Instance) -> usize {
        self.numbers.get(&self.key(instance)).copied().unwrap_or(0)
    }
}

fn kind(instance: &Instance) -> (u8, bool) {
    (instance.vrid.get(), translate::family(instance) == Family::V6)
}

/// Where the adverts of an instance come from: what the file says; or what the other files call their peer; or an
/// address made up, higher for later files.
fn source(
    instance: &Instance,
    number: usize,
    nodes: &[Vec<(Instance, RouterConfig)>],
    remarks: &mut Vec<String>,
    letter: &str,
) -> IpAddr {
    if let Some(source) = instance.source {
        return source;
    }
    if !instance.unicast_peers.is_empty() {
        let ours = |address: &IpAddr| !instance.unicast_peers.iter().any(|peer| peer.address == *address);
        let others = nodes.iter().enumerate().filter(|(other, _)| *other != number);
        let mut called: Vec<IpAddr> = others
            .flat_map(|(_, routers)| routers)
            .filter(|(other, _)| kind(other) == kind(instance))
            .flat_map(|(other, _)| other.unicast_peers.iter().map(|peer| peer.address))
            .filter(ours)
            .collect();
        called.sort_unstable();
        called.dedup();
        match called.as_slice() {
            [source] => return *source,
            _ => remarks.push(format!(
                "{letter}: the address of {} is not known: say unicast_src_ip, or its peers do not hear it",
                instance.name
            )),
        }
    }
    let last = position(number);
    match translate::family(instance) {
        Family::V4 => Ipv4Addr::new(192, 0, 2, last).into(),
        Family::V6 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(last)).into(),
    }
}

/// 1 for the first node.
fn position(number: usize) -> u8 {
    u8::try_from(number + 1).unwrap_or(u8::MAX)
}
