//! The state of all services, for `steadfast status`.

use core::time::Duration;

use check_core::pool::Duty;
use check_core::{Verdict, pool};
use serde::Serialize;

use super::prober::Prober;
use super::roster::{Roster, Slot};
use super::service::Served;
use super::told::Told;

/// One virtual server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceStatus {
    /// `[198.51.100.1]:tcp:80`, `FWM 7` or, of a group, `[NAME]:0`.
    pub service: String,
    /// Of a group: the services in it.
    pub services: Vec<String>,
    /// Scheduler.
    pub method: String,
    /// Whether enough weight is alive.
    pub quorum: bool,
    /// Weight at which the quorum is gained.
    pub quorum_gained_at: u64,
    /// Weight below which it is lost.
    pub quorum_lost_below: u64,
    /// Total weight of the servers alive.
    pub weight: u64,
    /// The sorry server, if there is one.
    pub sorry_server: Option<SorryStatus>,
    /// The real servers, in the order of the file.
    pub real_servers: Vec<ServerStatus>,
}

/// The sorry server of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SorryStatus {
    /// Address and port.
    pub address: String,
    /// Whether it stands in now.
    pub on_duty: bool,
}

/// One real server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServerStatus {
    /// Address and port.
    pub address: String,
    /// Whether all its checks pass.
    pub up: bool,
    /// Its weight in the data plane; absent: it is not there.
    pub weight: Option<u32>,
    /// Its full weight, where it is in a slow start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_weight: Option<u32>,
    /// Milliseconds to the end of its slow start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_start_left_ms: Option<u64>,
    /// The weight that the operator ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered_weight: Option<u32>,
    /// Whether the operator wants it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<DrainStatus>,
    /// Its checks; none: it is always up.
    pub checks: Vec<CheckStatus>,
}

/// A real server that the operator wants out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DrainStatus {
    /// It gets nothing new.
    Draining {
        /// Its connections when they were last counted.
        connections: Option<u64>,
        /// Milliseconds until it goes even with connections.
        left_ms: Option<u64>,
    },
    /// It is out.
    Drained,
}

/// One check of a real server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct CheckStatus {
    /// What it does.
    pub check: String,
    /// Whether it counts as passing.
    pub up: bool,
    /// Whether a probe said so; false while it is only assumed.
    pub proven: bool,
    /// Why it fails.
    pub reason: Option<String>,
    /// Why the last probe failed, even while the check counts as passing; absent after one that passed.
    pub last_failure: Option<String>,
    /// Milliseconds since the last probe that had a result; absent before it.
    pub last_ms_ago: Option<u64>,
    /// Milliseconds that it took; absent for a check that asks nothing but is told.
    pub took_ms: Option<f64>,
    /// What it adds to the weight of the server.
    pub adds_weight: i64,
    /// How many checks of servers this probe is made for.
    pub shared_by: usize,
    /// It asks nothing but is told.
    pub told: bool,
    /// No probes are made while the address of the service is elsewhere (`ha_suspend`).
    pub suspended: bool,
    /// Attempts in a row that may still fail before the server goes down; absent when it is down, and before
    /// the first probe.
    pub retries_left: Option<u32>,
    /// Probes in a row that must pass before it counts as passing again; absent when it passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successes_missing: Option<u32>,
    /// Milliseconds to the next probe; absent while one is under way.
    pub next_in_ms: Option<u64>,
}

/// The state of everything at this time.
pub(super) fn of(roster: &Roster, now: Duration) -> Vec<ServiceStatus> {
    let mut slots = roster.slots.iter().peekable();
    let services = roster.services.iter().enumerate().map(|(place, service)| {
        let mut status = service_status(service, now);
        // The checks stand in the order of their services and servers.
        while let Some(slot) = slots.next_if(|slot| slot.service == place) {
            let check = check_status(service, slot, &roster.probers[slot.prober], now);
            status.real_servers[slot.server].checks.push(check);
        }
        status
    });
    services.collect()
}

fn service_status(service: &Served, now: Duration) -> ServiceStatus {
    let pool = &service.pool;
    let mut real_servers: Vec<ServerStatus> = (service.config.real_servers.iter().zip(pool.servers()))
        .map(|(real, server)| ServerStatus {
            address: real.address.to_string(),
            up: server.alive(),
            weight: None,
            full_weight: server.slow_start_left(now).map(|_| server.weight()),
            slow_start_left_ms: server.slow_start_left(now).map(milliseconds),
            ordered_weight: server.ordered_weight(),
            drain: drain_status(server.duty(), now),
            checks: Vec::with_capacity(real.checks.len()),
        })
        .collect();
    for destination in pool.destinations() {
        match destination.target {
            pool::Target::Server(place) => real_servers[place].weight = Some(destination.weight),
            pool::Target::Sorry => {}
        }
    }
    ServiceStatus {
        service: service.name().to_string(),
        services: match &service.config.group {
            Some(_) => service.config.services().map(|service| service.key.to_string()).collect(),
            None => Vec::new(),
        },
        method: service.config.service.method.to_string(),
        quorum: pool.has_quorum(),
        quorum_gained_at: pool.quorum().gained_at(),
        quorum_lost_below: pool.quorum().lost_below(),
        weight: pool.weight(),
        sorry_server: service
            .config
            .sorry_server
            .map(|(address, _)| SorryStatus { address: address.to_string(), on_duty: !pool.has_quorum() }),
        real_servers,
    }
}

fn drain_status(duty: Duty, now: Duration) -> Option<DrainStatus> {
    match duty {
        Duty::Serving => None,
        Duty::Drained => Some(DrainStatus::Drained),
        Duty::Draining { until, connections } => Some(DrainStatus::Draining {
            connections,
            left_ms: until.map(|until| milliseconds(until.saturating_sub(now))),
        }),
    }
}

fn check_status(service: &Served, slot: &Slot, prober: &Prober, now: Duration) -> CheckStatus {
    let core = &prober.core;
    let reason = match core.verdict() {
        Verdict::Up => None,
        Verdict::Down(failure) => failure.map(|failure| prober.reason(failure)),
    };
    CheckStatus {
        check: service.name_of_check(slot.server, &prober.config.probe),
        up: slot.up,
        proven: core.proven(),
        reason: reason.filter(|_| !slot.up),
        last_failure: (prober.last).and_then(|last| last.failure).map(|failure| prober.reason(failure)),
        last_ms_ago: prober.last.map(|last| milliseconds(now.saturating_sub(last.at))),
        took_ms: prober
            .last
            .filter(|_| !Told::knows(&prober.config.probe))
            .map(|last| last.took.as_secs_f64() * 1e3),
        adds_weight: slot.offset,
        shared_by: prober.slots.len(),
        retries_left: core.retries_left(),
        successes_missing: core.successes_missing(),
        next_in_ms: core.deadline().map(|deadline| milliseconds(deadline.saturating_sub(now))),
        told: Told::knows(&prober.config.probe),
        suspended: prober.suspended,
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
