//! The services of the director: what the checks want, brought into the data plane and kept there.
//!
//! Work is done in turns that the control thread takes between other things, a few hundred real servers at most in
//! each, so that nobody waits for thousands of services. A round compares all that is ours, turn by turn.

mod damage;
mod synchronisation;
mod timeouts;

use core::fmt::Display;
use std::collections::{BTreeMap, BTreeSet};

use ipvs_core::{Destination, Service, ServiceKey, Step, plan};
use nix::errno::Errno;
use tracing::{error, info};

use crate::config::model::{DataPlane, FlushOnStop, Global, Lvs};
use crate::perform::ipvs::{self, Kernel, Plane, Present};
use damage::Damage;
use synchronisation::Synchronisation;
use timeouts::Timeouts;

/// What is wanted, and who carries it.
///
/// Services that somebody else made are never touched. One with the address of ours counts as ours: two owners of
/// one service cannot both be right.
#[derive(Default)]
pub(super) struct Services {
    plane: Option<Box<dyn Plane>>,
    wanted: BTreeMap<ServiceKey, (Service, Vec<Destination>)>,
    /// Services that may be in the data plane because of us.
    ours: BTreeSet<ServiceKey>,
    /// What the next turns compare, and why.
    due: BTreeMap<ServiceKey, Cause>,
    /// Services with a step that failed, so that they are not as they were wanted because of us.
    unfinished: BTreeSet<ServiceKey>,
    /// What somebody else did to ours.
    damage: Damage,
    timeouts: Timeouts,
    synchronisation: Synchronisation,
    /// Complaints made already, so that a step that fails again and again fills no log.
    complaints: BTreeSet<String>,
}

/// Why a service is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Something else is wanted than before.
    Wish,
    /// Nothing was asked for: every difference is somebody else's doing.
    Round,
}

impl Services {
    /// Opens the data plane. Without one the routers go on, and the log says what is missing.
    ///
    /// `configured` are the services that this daemon will want, where it starts for the first time: with `lvs_flush`
    /// all others go. Those that stay keep their connections.
    pub(super) fn open(&mut self, global: &Global, configured: Option<&BTreeSet<ServiceKey>>) {
        if self.plane.is_some() {
            return;
        }
        let opened = match &global.lvs.namespace {
            Some(name) if global.data_plane != DataPlane::User => {
                Kernel::open_in(name).map(|kernel| Box::new(kernel) as Box<dyn Plane>)
            }
            Some(_) | None => ipvs::choose(global.data_plane, global.data_plane_threads),
        };
        match opened {
            Ok(mut plane) => {
                info!("data plane: {}", plane.name());
                if let Some(configured) = configured.filter(|_| global.lvs.flush)
                    && let Err(error) = flush_others(&mut *plane, configured)
                {
                    error!("lvs_flush: {error}");
                }
                self.plane = Some(plane);
            }
            Err(error) => self.complain(&format_args!("virtual servers get no traffic: {error}")),
        }
    }

    /// From now on this service shall have these destinations.
    pub(super) fn want(&mut self, service: Service, destinations: Vec<Destination>) {
        self.ours.insert(service.key);
        self.due.insert(service.key, Cause::Wish);
        self.wanted.insert(service.key, (service, destinations));
    }

    /// What the configuration says of the kernel's IPVS beside services. `active`: the instance is that the
    /// synchronisation follows.
    pub(super) fn configure(&mut self, lvs: &Lvs, active: bool) {
        let Some(plane) = &mut self.plane else { return };
        if let Some(ipvs) = plane.kernel() {
            self.timeouts.apply(ipvs, lvs.timeouts);
            self.synchronisation.apply(ipvs, lvs.sync.as_ref(), active);
        } else if lvs.sync.is_some() {
            self.complain(&"lvs_sync_daemon: the user-space data plane has no synchronisation daemon");
        }
    }

    /// The service shall go.
    pub(super) fn unwant(&mut self, key: ServiceKey) {
        self.wanted.remove(&key);
        self.due.insert(key, Cause::Wish);
    }

    /// Everything that is ours is to be compared in the next turns.
    pub(super) fn begin_round(&mut self) {
        if let Some(ipvs) = self.plane.as_mut().and_then(|plane| plane.kernel()) {
            self.timeouts.check(ipvs);
            self.synchronisation.check(ipvs);
        }
        self.damage.end_round();
        if self.unfinished.is_empty() {
            self.complaints.clear();
        }
        for key in &self.ours {
            let cause = if self.unfinished.contains(key) { Cause::Wish } else { Cause::Round };
            self.due.entry(*key).or_insert(cause);
        }
    }

    /// Whether there is something for a turn to do.
    pub(super) fn has_due(&self) -> bool {
        self.plane.is_some() && !self.due.is_empty()
    }

    /// Reads some of what is due and takes the steps from there to what is wanted.
    pub(super) fn turn(&mut self) {
        let Some(plane) = &mut self.plane else { return };
        let mut weight = 0;
        // What was asked for does not wait until everything else has been compared.
        let because =
            |cause| self.due.iter().filter(move |(_, because)| **because == cause).map(|(key, _)| key);
        let some: Vec<ServiceKey> = because(Cause::Wish)
            .chain(because(Cause::Round))
            .take_while(|key| {
                let fits = weight < TURN;
                weight += 1 + self.wanted.get(key).map_or(0, |(_, destinations)| destinations.len());
                fits
            })
            .copied()
            .collect();
        let causes: Vec<Cause> = some.iter().filter_map(|key| self.due.remove(key)).collect();
        let found = match plane.look(&some) {
            Ok(found) => found,
            Err(error) => {
                self.unfinished.extend(some);
                return self.complain(&error);
            }
        };
        let mut steps = Vec::new();
        for ((key, cause), present) in some.iter().zip(causes).zip(&found) {
            let before = steps.len();
            let wanted = self.wanted.get(key);
            let wanted = wanted.map(|(service, servers)| (plane.possible(*service), servers.as_slice()));
            compare(*key, wanted.as_ref(), present.as_ref(), &mut steps);
            if cause == Cause::Round {
                self.damage.note(*key, &steps[before..], present.as_ref());
            }
            self.unfinished.remove(key);
        }
        let outcomes = plane.apply_all(&steps);
        let mut failures = Vec::new();
        for (step, outcome) in steps.iter().zip(outcomes) {
            if let Err(error) = outcome {
                self.unfinished.insert(step.service());
                failures.push(error);
            }
        }
        for key in &some {
            if !self.wanted.contains_key(key) && !self.unfinished.contains(key) {
                self.ours.remove(key);
            }
        }
        for failure in failures {
            self.complain(&failure);
        }
    }

    /// Removes what is ours and ends the data plane. `keep`: leave the kernel's services as they are (`-I`), but not
    /// what stands beside them.
    pub(super) fn close(&mut self, keep: bool, flush: FlushOnStop) {
        let Some(mut plane) = self.plane.take() else { return };
        if let Some(ipvs) = plane.kernel() {
            self.synchronisation.stop(ipvs);
            self.timeouts.restore(ipvs);
        }
        match flush {
            _ if keep => {}
            FlushOnStop::Everything => {
                if let Err(error) = plane.flush() {
                    error!("lvs_flush_on_stop: {error}");
                }
            }
            FlushOnStop::Ours => {
                // Real servers go with their services.
                let steps: Vec<Step> = self.ours.iter().copied().map(Step::RemoveService).collect();
                for outcome in plane.apply_all(&steps) {
                    match outcome {
                        Ok(()) | Err(ipvs::Error::Refused { errno: Errno::ESRCH, .. }) => {}
                        Err(error) => self.complain(&error),
                    }
                }
            }
        }
        if let Err(error) = plane.stop() {
            error!("data plane: {error}");
        }
    }

    /// How many connections our services have, or so many of them as are quickly asked.
    pub(super) fn connections(&mut self) -> u64 {
        let some: Vec<ServiceKey> = self.ours.iter().take(COUNTED).copied().collect();
        let counted = self.plane.as_mut().map_or(Ok(0), |plane| plane.connections(&some));
        counted.inspect_err(|error| tracing::warn!("data plane: {error}")).unwrap_or(0)
    }

    /// `kernel`, `user` or `none`.
    pub(super) fn plane_name(&self) -> &'static str {
        self.plane.as_ref().map_or("none", |plane| plane.name())
    }

    /// What the data plane tells of itself.
    pub(super) fn status(&mut self) -> Option<ipvs::Status> {
        self.plane.as_mut()?.status().inspect_err(|error| tracing::warn!("data plane: {error}")).ok()
    }

    fn complain(&mut self, what: &dyn Display) {
        let what = what.to_string();
        if self.complaints.insert(what.clone()) {
            error!("{what}");
        }
    }
}

/// The steps from what is there under a key to what is wanted there.
fn compare(
    key: ServiceKey,
    wanted: Option<&(Service, &[Destination])>,
    present: Option<&Present>,
    steps: &mut Vec<Step>,
) {
    let Some(wanted) = wanted else {
        steps.extend(present.map(|_| Step::RemoveService(key)));
        return;
    };
    let have = present.map(|present| {
        let gone = present.misshapen.iter().map(|(address, port)| Step::RemoveDestination {
            service: key,
            address: *address,
            port: *port,
        });
        steps.extend(gone);
        let service = present.service.unwrap_or_else(|| {
            steps.push(Step::EditService(wanted.0));
            wanted.0
        });
        (service, present.destinations.as_slice())
    });
    let steps_to = plan(have.as_slice(), core::slice::from_ref(wanted)).expect("one service is in order");
    steps.extend(steps_to);
}

/// Removes the services that this daemon will not want.
fn flush_others(plane: &mut dyn Plane, configured: &BTreeSet<ServiceKey>) -> Result<(), ipvs::Error> {
    let keys = plane.keys()?;
    let others: Vec<Step> =
        keys.into_iter().filter(|key| !configured.contains(key)).map(Step::RemoveService).collect();
    plane.apply_all(&others).into_iter().collect()
}

/// Services whose connections stand for those of all.
const COUNTED: usize = 128;
/// Services and real servers that one turn looks at, about.
const TURN: usize = 512;

#[cfg(test)]
mod tests;
