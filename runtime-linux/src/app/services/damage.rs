//! What somebody else did to our services, in the log: each thing once, and not thousands of them.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;

use ipvs_core::{Destination, Service, ServiceKey, Step};
use tracing::warn;

use crate::perform::ipvs::Present;

/// What was found damaged.
#[derive(Default)]
pub(super) struct Damage {
    /// In the round before, and in this one.
    before: BTreeMap<ServiceKey, String>,
    now: BTreeMap<ServiceKey, String>,
    /// Services of this round that the log names.
    named: usize,
}

impl Damage {
    /// Something else than we made these steps necessary. What was the same in the round before is not told again.
    pub(super) fn note(&mut self, key: ServiceKey, steps: &[Step], present: Option<&Present>) {
        if steps.is_empty() {
            return;
        }
        let text = describe(steps, present);
        if self.before.get(&key) != Some(&text) {
            if self.named < NAMED {
                warn!("data plane: something else changed service {key}, it is put right: {text}");
            }
            self.named += 1;
        }
        self.now.insert(key, text);
    }

    /// All that is ours was looked at.
    pub(super) fn end_round(&mut self) {
        if self.named > NAMED {
            warn!(
                "data plane: {} more services were changed by something else and put right",
                self.named - NAMED
            );
        }
        self.named = 0;
        self.before = core::mem::take(&mut self.now);
    }
}

/// What the steps mend.
fn describe(steps: &[Step], present: Option<&Present>) -> String {
    let Some(present) = present else { return "it was gone".to_owned() };
    let mut parts: Vec<String> = Vec::new();
    for step in steps {
        let part = match step {
            Step::AddService(_) => "it was gone".to_owned(),
            Step::RemoveService(_) => "it was back".to_owned(),
            Step::EditService(wanted) => settings(wanted, present.service.as_ref()),
            Step::AddDestination { destination, .. } => {
                if present.misshapen.contains(&(destination.address, destination.port)) {
                    continue;
                }
                format!("real server {} was gone", name(destination.address, destination.port))
            }
            Step::EditDestination { destination, .. } => server(destination, &present.destinations),
            Step::RemoveDestination { address, port, .. } => {
                let verb = if present.misshapen.contains(&(*address, *port)) { "changed" } else { "added" };
                format!("real server {} was {verb}", name(*address, *port))
            }
        };
        if parts.len() == PARTS {
            parts.push("and more".to_owned());
            break;
        }
        parts.push(part);
    }
    parts.join(", ")
}

/// Which settings of a service are not as wanted.
fn settings(wanted: &Service, present: Option<&Service>) -> String {
    let Some(present) = present else {
        return "it had a scheduler or persistence of its own kind".to_owned();
    };
    let differing = [
        ("scheduler", wanted.method != present.method),
        ("flags", wanted.flags != present.flags),
        ("persistence", wanted.persistence != present.persistence),
        ("persistence engine", wanted.engine != present.engine),
        ("one-packet scheduling", wanted.one_packet != present.one_packet),
    ];
    let names: Vec<&str> = differing.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    format!("its {} was changed", names.join(" and "))
}

fn server(wanted: &Destination, present: &[Destination]) -> String {
    let name = name(wanted.address, wanted.port);
    match present.iter().find(|present| present.is_same_server(wanted)) {
        Some(present) if present.weight != wanted.weight => {
            format!("real server {name} had weight {} instead of {}", present.weight, wanted.weight)
        }
        Some(_) | None => format!("real server {name} was changed"),
    }
}

fn name(address: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(address, port)
}

/// Services that are named in one round.
const NAMED: usize = 16;
/// Things that are named of one service.
const PARTS: usize = 8;

#[cfg(test)]
mod tests {
    use ipvs_core::{Forward, Method, Protocol};

    use super::*;

    #[test]
    fn what_was_wrong_is_named() {
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let key = ServiceKey::Address { protocol: Protocol::Tcp, address: address(1), port: 80 };
        let wanted = Service::new(key, Method::WeightedRoundRobin);
        let server = |last, weight| Destination {
            address: address(last),
            port: 80,
            forward: Forward::Direct,
            weight,
            upper: 0,
            lower: 0,
        };
        let present = Present {
            service: Some(Service { one_packet: true, method: Method::RoundRobin, ..wanted }),
            destinations: vec![server(11, 7), server(13, 1)],
            misshapen: vec![(address(14), 80)],
        };
        let steps = [
            Step::RemoveDestination { service: key, address: address(14), port: 80 },
            Step::EditService(wanted),
            Step::AddDestination { service: key, destination: server(12, 1) },
            Step::AddDestination { service: key, destination: server(14, 1) },
            Step::EditDestination { service: key, destination: server(11, 1) },
            Step::RemoveDestination { service: key, address: address(13), port: 80 },
        ];
        assert_eq!(
            describe(&steps, Some(&present)),
            "real server 192.0.2.14:80 was changed, its scheduler and one-packet scheduling was changed, \
             real server 192.0.2.12:80 was gone, real server 192.0.2.11:80 had weight 7 instead of 1, \
             real server 192.0.2.13:80 was added"
        );
        assert_eq!(describe(&[Step::AddService(wanted)], None), "it was gone");
    }
}
