//! Persistence: which part of a client's address binds it to a server, and until when.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use crate::connection::{Flow, Kind, Ticks, widened};
use crate::service::{Persistence, Protocol, Service, ServiceKey};

impl Persistence {
    /// What counts of a client's address: the first `granularity` bits, the others 0.
    pub fn network(&self, client: IpAddr) -> IpAddr {
        let granularity = u32::from(self.granularity);
        match client {
            IpAddr::V4(client) => {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(granularity)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(client.to_bits() & mask))
            }
            IpAddr::V6(client) => {
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub(granularity)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(client.to_bits() & mask))
            }
        }
    }
}

/// Under what the template of a client is found: its network, and the service's own port, so that a service for every
/// port has one template for all of them. That of a firewall mark has one for all addresses and protocols too: the
/// mark stands for the address.
pub(crate) fn template(service: &Service, persistence: &Persistence, request: &Flow, client: IpAddr) -> Flow {
    let source = widened(persistence.network(client));
    match service.key {
        ServiceKey::Address { port, .. } => {
            Flow { source, source_port: 0, destination_port: port, ..*request }
        }
        ServiceKey::Mark { mark, family } => Flow {
            family,
            protocol: Protocol::Tcp,
            source,
            source_port: 0,
            destination: Ipv4Addr::from_bits(mark).to_ipv6_mapped(),
            destination_port: 0,
        },
    }
}

/// What happens to a template whose time is up: while it has connections it stays for another minute, as in the
/// kernel.
pub(crate) fn extended(kind: Kind, now: Ticks) -> Option<Ticks> {
    match kind {
        Kind::Template { connections: 1.., .. } => Some(now.after(EXTENSION)),
        Kind::Template { connections: 0, .. } | Kind::Connection { .. } | Kind::Free => None,
    }
}

const EXTENSION: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_granularity_is_a_prefix_length() {
        let network = |granularity, client: &str| {
            let persistence = Persistence { timeout: Duration::from_mins(5), granularity };
            persistence.network(client.parse().unwrap())
        };
        assert_eq!(network(32, "192.0.2.77"), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77)));
        assert_eq!(network(24, "192.0.2.77"), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 0)));
        assert_eq!(network(0, "192.0.2.77"), IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        assert_eq!(network(64, "2001:db8::1:2:3:4"), "2001:db8::".parse::<IpAddr>().unwrap());
        assert_eq!(network(128, "2001:db8::1"), "2001:db8::1".parse::<IpAddr>().unwrap());
    }
}
