//! What the control thread and the bus's task share: the objects, and the signals that the bus is still to take.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify as Bell;
use tracing::warn;

use super::Status;
use super::objects::{Objects, Place, Router};
use crate::config::model::Instance;
use crate::perform::notify;

/// A signal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Signal {
    /// Of the daemon: `VrrpStarted` and its like.
    Daemon(&'static str),
    /// `VrrpStatusChange`: a router and its state.
    Router(Arc<Instance>, u32),
}

/// The state, and bells for who waits for it.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Rung when there is something to say.
    pub(super) bell: Bell,
    /// Rung when the service ends.
    pub(super) farewell: Bell,
}

/// What is to be known on the bus.
#[derive(Debug)]
pub(super) struct State {
    pub(super) objects: Objects,
    pub(super) status: Status,
    /// The bus is to be left once it has taken everything.
    pub(super) ending: bool,
    /// Where the router is that changed last.
    last: usize,
    /// Routers that a reload took away and that have not stopped yet.
    leaving: Vec<Arc<Instance>>,
    /// `VrrpReloaded` waits until those have.
    reloaded: bool,
    queue: VecDeque<Signal>,
    /// Told of since the queue was empty last.
    complained: bool,
}

impl Shared {
    pub(super) fn new(place: Place, name: &str) -> Self {
        let state = State {
            objects: Objects { place, routers: Vec::new() },
            status: Status { name: name.to_owned(), ..Status::default() },
            ending: false,
            last: 0,
            leaving: Vec::new(),
            reloaded: false,
            queue: VecDeque::new(),
            complained: false,
        };
        Self { state: Mutex::new(state), bell: Bell::new(), farewell: Bell::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something that may leave something to say.
    pub(super) fn say(&self, does: impl FnOnce(&mut State)) {
        does(&mut self.lock());
        self.bell.notify_one();
    }

    /// Says the last word.
    pub(super) fn end(&self) {
        self.say(|state| {
            state.settled();
            state.push(Signal::Daemon("VrrpStopped"));
            state.ending = true;
        });
        self.farewell.notify_one();
    }
}

impl State {
    /// These are the routers from now on; those that nobody knew are in the state that `number` says.
    pub(super) fn want(&mut self, instances: &[Arc<Instance>], number: impl Fn(&str) -> u32) {
        let old = core::mem::take(&mut self.objects.routers);
        let places: BTreeMap<&str, usize> =
            old.iter().enumerate().map(|(place, router)| (router.instance.name.as_str(), place)).collect();
        let mut stays = vec![false; old.len()];
        for instance in instances {
            let state = match places.get(instance.name.as_str()) {
                Some(place) if old[*place].instance.is_same_router(instance) => {
                    stays[*place] = true;
                    old[*place].state
                }
                // Another router has had the name so far.
                Some(_) => INITIALIZE,
                None => number(&instance.name),
            };
            self.objects.routers.push(Router { instance: Arc::clone(instance), state });
        }
        self.last = 0;
        drop(places);
        let gone = old.into_iter().zip(stays).filter(|(_, stays)| !stays);
        self.leaving.extend(gone.map(|(router, _)| router.instance));
    }

    /// A router went to another state. One that a reload takes away goes to FAULT or is deleted; one that becomes another
    /// router under the same name stops before.
    pub(super) fn changed(&mut self, name: &str, to: notify::State) {
        let leaves = matches!(to, notify::State::Fault | notify::State::Stop | notify::State::Deleted);
        if leaves && let Some(place) = self.leaving.iter().position(|instance| instance.name == name) {
            let instance = self.leaving.remove(place);
            let state = if to == notify::State::Deleted { DELETED } else { FAULT };
            self.push(Signal::Router(instance, state));
            if self.leaving.is_empty() {
                self.settled();
            }
            return;
        }
        let state = match to {
            notify::State::Backup => BACKUP,
            notify::State::Master => MASTER,
            notify::State::Fault => FAULT,
            notify::State::Stop => STOP,
            notify::State::Deleted => DELETED,
        };
        // They mostly change one after the other, in the order of the file.
        let (before, after) = (0..self.last, self.last..self.objects.routers.len());
        let mut places = after.chain(before);
        let Some(place) = places.find(|place| self.objects.routers[*place].instance.name == name) else {
            return;
        };
        self.last = place;
        let router = &mut self.objects.routers[place];
        router.state = state;
        let signal = Signal::Router(Arc::clone(&router.instance), state);
        self.push(signal);
    }

    /// The configuration was read again.
    pub(super) fn reloaded(&mut self) {
        if core::mem::replace(&mut self.reloaded, true) {
            self.push(Signal::Daemon("VrrpReloaded"));
        }
        if self.leaving.is_empty() {
            self.settled();
        }
    }

    /// Nobody leaves any more, or is waited for.
    pub(super) fn settled(&mut self) {
        self.leaving = Vec::new();
        if core::mem::take(&mut self.reloaded) {
            self.push(Signal::Daemon("VrrpReloaded"));
        }
    }

    /// The bus has given us our name: it is told how everything stands.
    pub(super) fn connected(&mut self) {
        self.status.connected = true;
        self.push(Signal::Daemon("VrrpStarted"));
        for place in 0..self.objects.routers.len() {
            let Router { instance, state } = &self.objects.routers[place];
            // Who has no state yet says so when it has one.
            if *state != INITIALIZE {
                let signal = Signal::Router(Arc::clone(instance), *state);
                self.push(signal);
            }
        }
    }

    /// It is there no more, and what it was to be told is old by the time it comes back.
    pub(super) fn disconnected(&mut self, why: &str) {
        self.status.connected = false;
        self.status.last_error = Some(why.to_owned());
        self.queue = VecDeque::new();
        self.complained = false;
    }

    /// What is to be said next, at most `count` of it.
    pub(super) fn take(&mut self, count: usize) -> Vec<Signal> {
        let count = count.min(self.queue.len());
        let taken = self.queue.drain(..count).collect();
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
            self.complained = false;
        }
        taken
    }

    fn push(&mut self, signal: Signal) {
        if !self.status.connected {
            return;
        }
        self.queue.push_back(signal);
        if self.queue.len() > CAPACITY {
            self.queue.pop_front();
            self.status.lost += 1;
            if !core::mem::replace(&mut self.complained, true) {
                warn!("D-Bus: {CAPACITY} signals wait for the bus: the oldest are dropped, and counted");
            }
        }
    }
}

/// No state yet.
pub(super) const INITIALIZE: u32 = 0;
/// As the numbers after it, what keepalived's `VrrpStatusChange` says.
pub(super) const BACKUP: u32 = 1;
/// Active.
pub(super) const MASTER: u32 = 2;
/// Out of the election.
pub(super) const FAULT: u32 = 3;
/// A reload took it away and the file has `notify_deleted`.
const DELETED: u32 = 97;
/// The daemon ends.
pub(super) const STOP: u32 = 98;
/// Signals that may wait for the bus.
const CAPACITY: usize = 16_384;

#[cfg(test)]
mod tests;
