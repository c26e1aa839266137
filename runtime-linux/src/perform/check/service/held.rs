//! What the data plane should hold of a virtual server.

use check_core::pool::{self, Target};
use ipvs_core::{Destination, Family, Forward, ServiceKey};

use crate::config::model::{RealServer, VirtualServer};

/// What one of the services should hold.
pub(super) fn destinations(
    config: &VirtualServer,
    service: ServiceKey,
    pool: &[pool::Destination],
) -> Vec<Destination> {
    let mut list: Vec<Destination> = Vec::with_capacity(pool.len());
    for wanted in pool {
        let destination = match (wanted.target, config.sorry_server) {
            (Target::Server(place), _) => {
                let RealServer { address, follows_port, forward, upper_threshold, lower_threshold, .. } =
                    config.real_servers[place];
                Destination {
                    address: address.ip(),
                    port: if follows_port { service.port() } else { address.port() },
                    forward,
                    weight: wanted.weight,
                    upper: upper_threshold,
                    lower: lower_threshold,
                }
            }
            (Target::Sorry, Some((address, forward))) => Destination {
                address: address.ip(),
                port: if address.port() == 0 { service.port() } else { address.port() },
                forward,
                weight: wanted.weight,
                upper: 0,
                lower: 0,
            },
            (Target::Sorry, None) => continue,
        };
        // A group may have services of both families.
        let tunnelled = matches!(destination.forward, Forward::Tunnel(_));
        if Family::of(destination.address) != service.family() && !tunnelled {
            continue;
        }
        // The sorry server may be one of the real servers: IPVS has each once, with what it carries now.
        match list.iter_mut().find(|other| other.is_same_server(&destination)) {
            Some(other) if other.weight < destination.weight => *other = destination,
            Some(_) => {}
            None => list.push(destination),
        }
    }
    list
}
