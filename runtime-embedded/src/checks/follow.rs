//! The director follows the pools.

use core::time::Duration;

use check_core::pool::Target;
use heapless::Vec;
use ipvs_core::{Destination, Refused, plan};

use super::surroundings::Surroundings;
use super::{Checks, NewsEvent};
use crate::log::Log;

impl<const SERVICES: usize, const SERVERS: usize, const CHECKS: usize> Checks<'_, SERVICES, SERVERS, CHECKS> {
    /// Tells the director what has changed.
    pub(super) fn inform(&mut self, now: Duration, surroundings: &mut dyn Surroundings, log: &mut dyn Log) {
        if self.again_at.is_some_and(|at| at > now) {
            return;
        }
        self.again_at = None;
        for service in 0..SERVICES {
            if self.is_stale[service]
                && let Err(refused) = self.follow(service, surroundings)
            {
                self.is_stale[service] = true;
                self.again_at = Some(now.saturating_add(AGAIN));
                self.say(now, service, NewsEvent::Refused(refused), log);
            }
        }
    }

    /// Makes the director's servers those of the pool. A refused step keeps none of the others from being taken.
    pub(super) fn follow(
        &mut self,
        service: usize,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), Refused> {
        self.is_stale[service] = false;
        let configured = &self.services[service];
        let mut have = Vec::<Destination, SERVERS>::new();
        surroundings.destinations(&configured.key(), &mut |destination| {
            // It has those only that were added here, of which there are no more than there is room for.
            let _ = have.push(destination);
        });
        let wanted = self.pools[service].destinations().filter_map(|destination| {
            let server = match destination.target {
                Target::Server(server) => &configured.servers[server],
                Target::Sorry => configured.sorry.as_ref()?,
            };
            Some(configured.destination(server, destination.weight))
        });
        let want: Vec<Destination, SERVERS> = wanted.collect();
        let (have, want) = ([(configured.service(), have)], [(configured.service(), want)]);
        let mut result = Ok(());
        for step in plan(&have, &want).expect("one service is in order") {
            let taken = surroundings.apply(&step);
            result = result.and(taken);
        }
        result
    }
}

/// When to tell the director again what it refused.
const AGAIN: Duration = Duration::from_secs(1);
