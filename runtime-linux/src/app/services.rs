//! The services of the director: what the checks want, brought into the data plane and kept there.
//!
//! Work is done in turns that the control thread takes between other things, a few hundred real servers at most in
//! each, so that nobody waits for thousands of services. A round reads back and compares all that is ours, turn by turn.

mod damage;
mod marks;
mod ours;
mod synchronisation;
mod timeouts;

use core::fmt::Display;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipvs_core::{Destination, Service, ServiceKey, Step, plan};
use nix::errno::Errno;
use tracing::{error, info, warn};

use crate::config::model::{DataPlane, FlushOnStop, Global, Lvs, NetlinkBuffer, VirtualServer};
use crate::perform::ipvs::{self, Kernel, Plane, Present};
use damage::Damage;
use marks::Marks;
use ours::{Ours, Whole};
use synchronisation::Synchronisation;
use timeouts::Timeouts;

/// What is wanted, and who carries it.
///
/// Services that somebody else made are never touched. One with the address of ours counts as ours: two owners of
/// one service cannot both be right.
///
/// A few services that change are looked at before they are changed, so that what somebody else did to them is put
/// right with it. Where thousands change, it is believed that the data plane has what it was given last: reading
/// everything back takes longer than changing everything. A service of which a step is then refused is looked at, and
/// the next round compares them all.
#[derive(Default)]
pub(super) struct Services {
    plane: Option<Box<dyn Plane>>,
    /// Services that are wanted, or may be in the data plane because of us.
    ours: BTreeMap<ServiceKey, Ours>,
    /// Services of which something else is wanted than before.
    wishes: BTreeSet<ServiceKey>,
    /// Services that this round has yet to compare. Nothing was asked for: every difference is somebody else's doing.
    round: BTreeSet<ServiceKey>,
    /// A configuration was taken up, and what that needed can be given back once all is done.
    taken_up: bool,
    /// What somebody else did to ours.
    damage: Damage,
    timeouts: Timeouts,
    synchronisation: Synchronisation,
    marks: Marks,
    /// Complaints made already, so that a step that fails again and again fills no log.
    complaints: BTreeSet<String>,
}

/// Why a service is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Something else is wanted than before.
    Wish,
    /// Its turn has come in a round.
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

    /// How many bytes of answers wait at the socket for the kernel's IPVS.
    pub(super) fn size_buffer(&mut self, buffer: Option<NetlinkBuffer>) {
        let ipvs = self.plane.as_mut().and_then(|plane| plane.kernel());
        if let (Some(buffer), Some(ipvs)) = (buffer, ipvs)
            && let Err(error) = ipvs.size_buffer(buffer)
        {
            warn!("cannot size the socket for IPVS: {error} (lvs_netlink_cmd_rcv_bufs)");
        }
    }

    /// From now on this service shall have these destinations.
    pub(super) fn want(&mut self, service: Service, destinations: Arc<[Destination]>) {
        let ours = self.ours.entry(service.key).or_default();
        ours.wanted = Some(Arc::new(Whole { service, destinations }));
        self.wishes.insert(service.key);
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

    /// With `nftables_ipvs`, groups of addresses become services of marks. The user-space plane looks at packets before
    /// they could be marked.
    pub(super) fn mark(&mut self, lvs: &Lvs, servers: &mut [Arc<VirtualServer>]) {
        if self.plane.as_mut().and_then(|plane| plane.kernel()).is_some() {
            self.marks.apply(lvs, servers);
        } else if lvs.marking.table.is_some() && self.plane.is_some() {
            self.complain(
                &"nftables_ipvs is for the kernel's IPVS: each address of a group is a service of its own",
            );
        }
    }

    /// The service shall go.
    pub(super) fn unwant(&mut self, key: ServiceKey) {
        self.ours.entry(key).or_default().wanted = None;
        self.wishes.insert(key);
    }

    /// Everything that is ours is to be compared in the next turns.
    pub(super) fn begin_round(&mut self) {
        if let Some(ipvs) = self.plane.as_mut().and_then(|plane| plane.kernel()) {
            self.timeouts.check(ipvs);
            self.synchronisation.check(ipvs);
        }
        self.damage.end_round();
        if self.ours.values().all(|ours| !ours.is_unfinished()) {
            self.complaints.clear();
        }
        for (key, ours) in &self.ours {
            if ours.is_unfinished() {
                self.wishes.insert(*key);
            } else {
                self.round.insert(*key);
            }
        }
    }

    /// Whether there is something for a turn to do.
    pub(super) fn has_due(&self) -> bool {
        self.plane.is_some() && !(self.wishes.is_empty() && self.round.is_empty())
    }

    /// Takes the steps from what is there to what is wanted, for some of the services that are due. What was asked for
    /// does not wait until everything else has been compared.
    pub(super) fn turn(&mut self) {
        let Some(plane) = &mut self.plane else { return };
        let cause = if self.wishes.is_empty() { Cause::Round } else { Cause::Wish };
        let many = self.wishes.len() > FEW;
        let due = match cause {
            Cause::Wish => &mut self.wishes,
            Cause::Round => &mut self.round,
        };
        let some = take_some(due, &self.ours);
        let looks = |ours: &Ours| cause == Cause::Round || !many || ours.must_be_looked_at();
        let (doubted, believed): (Vec<ServiceKey>, Vec<ServiceKey>) =
            some.iter().partition(|key| self.ours.get(key).is_none_or(looks));
        let found = match plane.look(&doubted) {
            Ok(found) => found,
            Err(error) => {
                self.doubt(&some, Ours::failed);
                return self.complain(&error);
            }
        };
        let mut steps = Vec::new();
        for key in &believed {
            let Some(ours) = self.ours.get(key) else { continue };
            let have = ours.had.as_deref().map(|whole| whole.possible(&**plane));
            let want = ours.wanted.as_deref().map(|whole| whole.possible(&**plane));
            steps.extend(plan(have.as_slice(), want.as_slice()).expect("one service is in order"));
        }
        for (key, present) in doubted.iter().zip(&found) {
            let before = steps.len();
            let wanted = self.ours.get(key).and_then(|ours| ours.wanted.as_deref());
            let wanted = wanted.map(|whole| whole.possible(&**plane));
            compare(*key, wanted.as_ref(), present.as_ref(), &mut steps);
            if cause == Cause::Round {
                self.damage.note(*key, &steps[before..], present.as_ref());
            }
        }
        let outcomes = plane.apply_all(&steps);
        let refused =
            steps.iter().zip(outcomes).filter_map(|(step, outcome)| Some((step.service(), outcome.err()?)));
        let refused: Vec<(ServiceKey, ipvs::Error)> = refused.collect();
        let unfinished: BTreeSet<ServiceKey> = refused.iter().map(|(key, _)| *key).collect();
        let (good, _) = some.iter().partition::<Vec<ServiceKey>, _>(|key| !unfinished.contains(key));
        self.done(&good);
        let (mistaken, failed) =
            unfinished.iter().partition::<Vec<ServiceKey>, _>(|key| believed.binary_search(key).is_ok());
        self.doubt(&failed, Ours::failed);
        self.doubt(&mistaken, Ours::mistaken);
        for (key, error) in &refused {
            if mistaken.binary_search(key).is_err() {
                self.complain(error);
            }
        }
        // Those are looked at now.
        self.wishes.extend(mistaken);
    }

    /// These are as they are wanted.
    fn done(&mut self, keys: &[ServiceKey]) {
        for key in keys {
            if let Entry::Occupied(mut ours) = self.ours.entry(*key) {
                if ours.get().wanted.is_some() {
                    ours.get_mut().done();
                } else {
                    ours.remove();
                    self.round.remove(key);
                }
            }
        }
    }

    /// What there is under these keys is not known.
    fn doubt(&mut self, keys: &[ServiceKey], why: fn(&mut Ours)) {
        for key in keys {
            if let Some(ours) = self.ours.get_mut(key) {
                why(ours);
            }
        }
    }

    /// All has been said that a configuration asks for.
    pub(super) fn take_up(&mut self) {
        self.taken_up = true;
    }

    /// Whether all has been done that a configuration asked for; true once.
    pub(super) fn has_taken_up(&mut self) -> bool {
        self.wishes.is_empty() && core::mem::take(&mut self.taken_up)
    }

    /// Removes what is ours and ends the data plane. `keep`: leave the kernel's services as they are (`-I`), but not
    /// what stands beside them.
    pub(super) fn close(&mut self, keep: bool, flush: FlushOnStop) {
        let Some(mut plane) = self.plane.take() else { return };
        if !keep {
            self.marks.remove();
        }
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
                let steps: Vec<Step> = self.ours.keys().copied().map(Step::RemoveService).collect();
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
        let some: Vec<ServiceKey> = self.ours.keys().take(COUNTED).copied().collect();
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

    /// What the data plane has counted of this service, and perhaps of others.
    pub(super) fn counters(&mut self, key: ServiceKey) -> Vec<ipvs::ServiceStatus> {
        let counted = self.plane.as_mut().map(|plane| plane.counters(key));
        counted
            .and_then(|counted| counted.inspect_err(|error| warn!("data plane: {error}")).ok())
            .unwrap_or_default()
    }

    fn complain(&mut self, what: &dyn Display) {
        let what = what.to_string();
        if self.complaints.insert(what.clone()) {
            error!("{what}");
        }
    }
}

/// Takes out as many of the first services as one turn is for.
fn take_some(due: &mut BTreeSet<ServiceKey>, ours: &BTreeMap<ServiceKey, Ours>) -> Vec<ServiceKey> {
    let mut weight = 0;
    let some = core::iter::from_fn(|| {
        let key = (weight < TURN).then(|| due.pop_first())??;
        weight += 1 + ours.get(&key).map_or(0, Ours::size);
        Some(key)
    });
    some.collect()
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
/// Services and real servers that one turn is for, about.
const TURN: usize = 512;
/// Services that are looked at before they are changed, when no more are to be changed.
const FEW: usize = 64;

#[cfg(test)]
mod tests;
