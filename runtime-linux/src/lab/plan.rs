//! What a laboratory is built from: who directs, what is served, and how long each change may take.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::path::PathBuf;

use super::{Cidr, skew_time, takeover_time};

/// A laboratory before it is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The directors, the one with the highest priority first.
    pub directors: Vec<Director>,
    /// `virtual_router_id` of the instance that the story is about.
    pub vrid: u8,
    /// Its version, 2 or 3.
    pub version: u8,
    /// Its advert interval.
    pub interval: Duration,
    /// Whether a better director takes over from a lesser one.
    pub preempt: bool,
    /// Its virtual addresses.
    pub addresses: Vec<Cidr>,
    /// What the directors serve on one of those addresses, if anything.
    pub service: Option<Service>,
}

/// One director.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Director {
    /// Its configuration file, as it is.
    pub configuration: Vec<u8>,
    /// The link that the story's instance speaks on.
    pub interface: String,
    /// Other links that the configuration names, for them to exist.
    pub other_interfaces: Vec<String>,
    /// Priority of the story's instance.
    pub priority: u8,
    /// Programs that the configuration runs. They mean the user's machine, so the laboratory stands in for them.
    pub programs: Vec<PathBuf>,
}

/// A virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where clients knock.
    pub address: SocketAddr,
    /// The real servers, in the order of the configuration.
    pub real_servers: Vec<SocketAddr>,
    /// Answers go back by way of the director (`lb_kind NAT`) instead of straight to the client.
    pub through_director: bool,
    /// One client's requests go to the servers in turn (`lb_algo rr` without persistence, equal weights).
    pub in_turn: bool,
    /// From the death of a server's port to the end of its share, by the timing of its check:
    /// `delay_loop` + `retry` × `delay_before_retry`.
    pub leaves_within: Duration,
    /// From the return of the port to the first request: `delay_loop`.
    pub returns_within: Duration,
}

impl Plan {
    /// The pair of configurations that `steadfast lab` brings along.
    pub fn published() -> Self {
        let director = |configuration: &[u8], priority| Director {
            configuration: configuration.to_vec(),
            interface: "enp1s0".into(),
            other_interfaces: Vec::new(),
            priority,
            programs: Vec::new(),
        };
        let address = |last| IpAddr::V4(Ipv4Addr::new(172, 17, 13, last));
        Self {
            directors: vec![director(MASTER, 200), director(BACKUP, 150)],
            vrid: 62,
            version: 2,
            interval: Duration::from_secs(1),
            preempt: true,
            addresses: vec![Cidr { address: address(252), prefix: 32 }],
            service: Some(Service {
                address: (address(252), 80).into(),
                real_servers: vec![(address(173), 80).into(), (address(142), 80).into()],
                through_director: false,
                in_turn: true,
                leaves_within: Duration::from_secs(12),
                returns_within: Duration::from_secs(3),
            }),
        }
    }

    /// How long after the last advert it heard director `next` takes over.
    pub fn takeover(&self, next: usize) -> Duration {
        takeover_time(self.version, self.interval, self.directors[next].priority)
    }

    /// How long after a goodbye (priority 0) director `next` takes over.
    pub fn skew(&self, next: usize) -> Duration {
        skew_time(self.version, self.interval, self.directors[next].priority)
    }

    /// The networks that the virtual addresses and the real servers lie in, each once.
    ///
    /// A virtual address without a prefix length counts as one of a /24 (IPv6: /64), which is what the
    /// published configurations mean.
    pub fn networks(&self) -> Vec<Network> {
        let real_servers = self.service.iter().flat_map(|service| &service.real_servers);
        let all = self.addresses.iter().copied().chain(real_servers.map(|server| alone(server.ip())));
        let mut networks: Vec<Network> = Vec::new();
        for cidr in all {
            if !networks.iter().any(|network| network.contains(cidr.address)) {
                networks.push(Network::around(cidr));
            }
        }
        networks
    }

    /// Addresses that are spoken for: virtual ones and those of real servers.
    pub fn taken(&self) -> Vec<IpAddr> {
        let service = self.service.iter();
        let served =
            service.flat_map(|it| it.real_servers.iter().map(SocketAddr::ip).chain([it.address.ip()]));
        self.addresses.iter().map(|cidr| cidr.address).chain(served).collect()
    }
}

/// A network by its first address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(Cidr);

impl Network {
    /// The network that `cidr` lies in; see [`Plan::networks`].
    fn around(cidr: Cidr) -> Self {
        let (alone, usual) = if cidr.address.is_ipv4() { (32, 24) } else { (128, 64) };
        let prefix = if cidr.prefix == alone { usual } else { cidr.prefix };
        let address = match cidr.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Self(Cidr { address, prefix })
    }

    /// The IPv4 network that begins with `bytes`.
    pub fn v4(bytes: [u8; 4], prefix: u8) -> Self {
        Self::around(Cidr { address: bytes.into(), prefix })
    }

    /// `address` with the length of this network.
    pub fn with(self, address: IpAddr) -> Cidr {
        Cidr { address, prefix: self.0.prefix }
    }

    /// Whether `address` lies in it.
    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.0.address.is_ipv4()
            && Self::around(Cidr { address, prefix: self.0.prefix }) == self
    }

    /// The first host address that is not among `taken`.
    pub fn free(self, taken: &[IpAddr]) -> Option<Cidr> {
        let host = |number: u8| match self.0.address {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() + u32::from(number))),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() + u128::from(number))),
        };
        let inside = (1..=254).map(host).filter(|address| self.contains(*address));
        let address = inside.into_iter().find(|address| !taken.contains(address))?;
        Some(Cidr { address, prefix: self.0.prefix })
    }
}

fn alone(address: IpAddr) -> Cidr {
    Cidr { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
}

const MASTER: &[u8] = include_bytes!("../../config/lab-master.conf");
const BACKUP: &[u8] = include_bytes!("../../config/lab-backup.conf");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_pair_lives_in_one_network() {
        let plan = Plan::published();
        let networks = plan.networks();
        assert_eq!(networks, [Network("172.17.13.0/24".parse().unwrap())]);
        assert_eq!(
            networks[0].free(&["172.17.13.1".parse().unwrap()]),
            Some("172.17.13.2/24".parse().unwrap())
        );
        assert!(!networks[0].contains("172.17.14.1".parse().unwrap()));
    }

    #[test]
    fn a_prefix_that_is_said_is_kept() {
        let network = Network::around("192.168.171.160/20".parse().unwrap());
        assert_eq!(network, Network("192.168.160.0/20".parse().unwrap()));
        let network = Network::around("2001:db8::ff/128".parse().unwrap());
        assert_eq!(network.free(&[]), Some("2001:db8::1/64".parse().unwrap()));
    }
}
