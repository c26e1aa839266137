//! What the operator says about real servers while the daemon runs: `steadfast drain`, `enable` and `weight`.

use core::fmt::Write as _;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;

use check_core::pool::{self, Duty};
use ipvs_core::ServiceKey;
use serde::{Deserialize, Serialize};

use super::Task;
use super::service::Served;
use crate::why::is_meant;

/// Which real servers are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meant {
    /// The address of a real server, with or without its port, or what a virtual server is called: all of its.
    pub name: String,
    /// Only those of this virtual server.
    pub service: Option<String>,
}

/// What shall become of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// They get nothing new, and go when they are empty.
    Drain {
        /// After so many milliseconds even with connections.
        within_ms: Option<u64>,
        /// Even if nobody is left to serve.
        force: bool,
    },
    /// They take part again.
    Enable,
    /// They get this weight; `None`: what the file and the checks say.
    Weight(Option<u32>),
}

/// Connections by service and real server, as a data plane counts them, with the weight it knows.
pub type Counted = BTreeMap<ServiceKey, BTreeMap<SocketAddr, Count>>;

/// One real server of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The weight with which the data plane holds it.
    pub weight: u32,
    /// Active and inactive connections.
    pub connections: u64,
}

impl Task {
    /// Does what the operator wishes; returns a line for each server. All or none: one that cannot be spared keeps
    /// the others from being drained.
    pub(super) fn obey(&mut self, meant: &Meant, wish: Wish) -> Result<Vec<String>, String> {
        let chosen = self.choose(meant)?;
        if let Wish::Drain { force: false, .. } = wish {
            for (place, servers) in &chosen {
                let service = &self.roster.services[*place];
                if service.pool.cannot_spare(servers) {
                    return Err(format!(
                        "{} would have nobody left to serve it, and has no sorry server; say --force if that is \
                         meant",
                        service.name()
                    ));
                }
            }
        }
        let mut lines = Vec::new();
        for (place, servers) in chosen {
            for server in servers {
                let event = match wish {
                    Wish::Drain { within_ms, force: _ } => {
                        pool::Event::Drain { server, within: within_ms.map(Duration::from_millis) }
                    }
                    Wish::Enable => pool::Event::Enable { server },
                    Wish::Weight(weight) => pool::Event::Weight { server, weight },
                };
                let voice = &self.voice;
                let service = &mut self.roster.services[place];
                service.handle(event, None, &mut |event| voice.say(event));
                lines.push(line(service, server));
            }
            self.changed.insert(place);
        }
        Ok(lines)
    }

    /// Takes what the data plane has counted. A server counts as empty only where the data plane knows already that
    /// it gets nothing new.
    pub(super) fn counted(&mut self, counted: &Counted) {
        for (place, service) in self.roster.services.iter_mut().enumerate() {
            for server in 0..service.pool.servers().len() {
                let draining = matches!(service.pool.servers()[server].duty(), Duty::Draining { .. });
                let Some(count) = draining.then(|| connections(service, server, counted)).flatten() else {
                    continue;
                };
                let event = pool::Event::Connections { server, count };
                let voice = &self.voice;
                service.handle(event, None, &mut |event| voice.say(event));
                self.changed.insert(place);
            }
        }
    }

    /// The servers that are meant, by place of their service.
    fn choose(&self, meant: &Meant) -> Result<Vec<(usize, Vec<usize>)>, String> {
        let services = self.roster.services.iter().enumerate();
        let within = services
            .filter(|(_, served)| meant.service.as_ref().is_none_or(|service| is_called(served, service)));
        let chosen: Vec<(usize, Vec<usize>)> = within
            .map(|(place, served)| {
                let whole = is_called(served, &meant.name);
                let reals = served.config.real_servers.iter().enumerate();
                let servers =
                    reals.filter(|(_, real)| whole || is_meant(&meant.name, &real.address.to_string()));
                (place, servers.map(|(server, _)| server).collect())
            })
            .filter(|(_, servers): &(usize, Vec<usize>)| !servers.is_empty())
            .collect();
        if chosen.is_empty() { Err(self.unknown(meant)) } else { Ok(chosen) }
    }

    fn unknown(&self, meant: &Meant) -> String {
        let mut text = format!("there is no real server or virtual server `{}`", meant.name);
        // Writing to memory does not fail; here and below.
        if let Some(service) = &meant.service {
            let _ = write!(text, " in `{service}`");
        }
        for served in &self.roster.services {
            let _ = write!(text, "\n  {}:", served.name());
            for real in &served.config.real_servers {
                let _ = write!(text, " {}", real.address);
            }
        }
        text
    }
}

fn is_called(served: &Served, name: &str) -> bool {
    served.config.group.as_deref() == Some(name)
        || is_meant(name, &served.name().to_string())
        || served.config.services().any(|service| is_meant(name, &service.key.to_string()))
}

/// What a server's connections are; nothing while a service is not there or does not know of the drain yet.
fn connections(service: &Served, server: usize, counted: &Counted) -> Option<u64> {
    let real = &service.config.real_servers[server];
    let counts = service.config.services().map(|one| {
        let port = if real.follows_port { one.key.port() } else { real.address.port() };
        match counted.get(&one.key)?.get(&SocketAddr::new(real.address.ip(), port)) {
            Some(count) => (count.weight == 0).then_some(count.connections),
            None => Some(0),
        }
    });
    counts.sum()
}

/// How a server stands now.
fn line(service: &Served, server: usize) -> String {
    let entry = &service.pool.servers()[server];
    let address = service.address_of(server);
    let state = match (entry.duty(), entry.alive()) {
        (Duty::Draining { until: None, .. }, _) => "is being drained until it is empty".to_owned(),
        (Duty::Draining { until: Some(until), .. }, _) => {
            let left = until.saturating_sub(crate::clock::now());
            let left = crate::why::span(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
            format!("is being drained for at most {left}")
        }
        (Duty::Drained, _) => "is drained".to_owned(),
        (Duty::Serving, false) => format!("takes part with weight {} when it is up again", entry.weight()),
        (Duty::Serving, true) if entry.carried() != entry.weight() => {
            format!("takes part, with weight {} rising to {}", entry.carried(), entry.weight())
        }
        (Duty::Serving, true) => format!("takes part with weight {}", entry.weight()),
    };
    format!("{address} of {} {state}", service.name())
}
