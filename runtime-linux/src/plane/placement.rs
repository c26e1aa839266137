//! Which services are on every thread, and which on the first one alone.
//!
//! On every thread a service has a scheduler and counts of connections of its own, for the clients that belong to it.
//! What needs to see all clients at once is on the first thread alone: `lblc` and `lblcr`, which remember virtual
//! addresses; `ovf` and limits, which count connections; persistence of whole networks. The other threads know nothing of
//! such a service, and pass on its packets.

use std::collections::BTreeSet;

use ipvs_core::{Method, Service, ServiceKey, Step};

use super::thread::Thread;
use super::worker::Command;
use crate::perform::ipvs::{Error, describe};

/// Services by where they are.
#[derive(Debug, Default)]
pub(super) struct Placement {
    /// On the first thread alone.
    home: BTreeSet<ServiceKey>,
}

impl Placement {
    /// Whether any service is on the first thread alone, where there are others.
    pub(super) fn has_home(&self) -> bool {
        !self.home.is_empty()
    }

    /// Takes a step on the threads that it concerns. After an error it is taken on none.
    pub(super) fn apply(&mut self, threads: &[Thread], step: &Step) -> Result<(), Error> {
        let key = step.service();
        let was_home = self.home.contains(&key);
        let Some((first, others)) = threads.split_first() else { return Ok(()) };
        match step {
            Step::AddService(service) if !others.is_empty() && needs_all_clients(service) => {
                self.home.insert(key);
            }
            Step::EditService(service) if needs_all_clients(service) => self.gather(others, key, step),
            Step::AddDestination { destination, .. } | Step::EditDestination { destination, .. }
                if destination.upper > 0 =>
            {
                self.gather(others, key, step);
            }
            Step::AddService(_)
            | Step::EditService(_)
            | Step::RemoveService(_)
            | Step::AddDestination { .. }
            | Step::EditDestination { .. }
            | Step::RemoveDestination { .. } => {}
        }
        let is_home = self.home.contains(&key);
        let concerned = core::iter::once(first).chain(others.iter().filter(|_| !is_home));
        let mut taken: Vec<&Thread> = Vec::new();
        let mut result = Ok(());
        for thread in concerned {
            result = take(thread, step);
            if result.is_err() {
                break;
            }
            taken.push(thread);
        }
        let is_unknown = match step {
            Step::AddService(_) => result.is_err() && !was_home,
            Step::RemoveService(_) => result.is_ok(),
            Step::EditService(_)
            | Step::AddDestination { .. }
            | Step::EditDestination { .. }
            | Step::RemoveDestination { .. } => false,
        };
        if is_unknown {
            self.home.remove(&key);
        }
        if result.is_err()
            && let Some(back) = inverse(step)
        {
            for thread in taken {
                let _ = take(thread, &back);
            }
        }
        result
    }

    /// Brings a service to the first thread alone, if no other one has connections of it.
    fn gather(&mut self, others: &[Thread], key: ServiceKey, step: &Step) {
        if others.is_empty() || self.home.contains(&key) {
            return;
        }
        let connections = others.iter().map(|thread| thread.ask(|answer| Command::Connections(key, answer)));
        let Ok(connections) = connections.sum::<Result<u64, Error>>() else { return };
        if connections > 0 {
            tracing::warn!(
                "{}: each of {} threads counts the service's connections for itself until it is added anew, for it has \
                 some",
                describe(step),
                others.len() + 1
            );
            return;
        }
        for thread in others {
            let _ = take(thread, &Step::RemoveService(key));
        }
        self.home.insert(key);
    }
}

fn take(thread: &Thread, step: &Step) -> Result<(), Error> {
    thread.ask(|answer| Command::Apply(*step, answer))?.map_err(|refused| Error::Unable {
        step: describe(step),
        reason: refused.to_string(),
        refused: Some(refused),
    })
}

/// What takes back a step that only some threads could take. The others are refused by all or by none.
fn inverse(step: &Step) -> Option<Step> {
    match step {
        Step::AddService(service) => Some(Step::RemoveService(service.key)),
        Step::AddDestination { service, destination } => Some(Step::RemoveDestination {
            service: *service,
            address: destination.address,
            port: destination.port,
        }),
        Step::EditService(_)
        | Step::RemoveService(_)
        | Step::EditDestination { .. }
        | Step::RemoveDestination { .. } => None,
    }
}

/// Whether the service works only where all its clients are seen.
fn needs_all_clients(service: &Service) -> bool {
    let is_of_networks =
        service.persistence.is_some_and(|persistence| persistence.granularity < service.key.family().bits());
    is_of_networks
        || match service.method {
            Method::LocalityLeastConnection
            | Method::LocalityLeastConnectionReplicated
            | Method::WeightedOverflow => true,
            Method::RoundRobin
            | Method::WeightedRoundRobin
            | Method::LeastConnection
            | Method::WeightedLeastConnection
            | Method::DestinationHashing
            | Method::SourceHashing
            | Method::Maglev
            | Method::ShortestExpectedDelay
            | Method::NeverQueue
            | Method::WeightedFailover
            | Method::TwoRandomChoices => false,
        }
}
