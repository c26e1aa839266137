//! keepalived's service on the system bus, `org.keepalived.Vrrp1` (keepalived.md 3.8): what 2.2.7 shows there.
//!
//! The bus has a task of its own on the control thread, and only where `enable_dbus` is said. Who talks to it waits for
//! nothing: signals are queued, and calls come back as [`Request`]s when the control thread has time for them. A bus that
//! is absent, hangs or refuses is told of once and tried again with growing pauses.
//!
//! The protocol is written out here rather than taken from a crate: of what zbus brings (47 crates, 2.4 MB of program) this
//! needs strings and numbers in both directions, on a socket.

mod address;
mod answer;
mod connection;
mod introspection;
mod objects;
pub mod policy;
mod session;
mod state;
mod wire;

use core::future;
use core::time::Duration;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::address::Address;
pub use self::answer::Request;
pub use self::objects::Place;
use self::state::Shared;
use crate::config::model::Instance;
use crate::driver::Phase;
use crate::perform::notify::State;

/// The message that these octets are, as this service writes it; its body stands as it stood. `None`: they are none.
pub fn rewritten(octets: &[u8]) -> Option<Vec<u8>> {
    let length = wire::frame(octets).ok()??;
    let message = wire::Message::parse(octets).ok().filter(|_| length == octets.len())?;
    Some(wire::Message { big_endian: false, ..message }.emit())
}

/// What is known of the bus, for `steadfast status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The name of the service.
    pub name: String,
    /// It has that name on the bus.
    pub connected: bool,
    /// Signals that the bus has taken.
    pub sent: u64,
    /// Signals that were dropped because the bus took none.
    pub lost: u64,
    /// Why it is not on the bus, or was not last.
    pub last_error: Option<String>,
}

/// Something that a process on the bus asks for; it gets its answer when `done` is told, or dropped.
#[derive(Debug)]
pub struct Asked {
    /// What it is.
    pub request: Request,
    /// Told when it has been done.
    pub done: oneshot::Sender<()>,
}

/// The daemon's place on the bus, if it has one. To be used within a tokio runtime.
#[derive(Debug, Default)]
pub struct Service {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    name: String,
    shared: Arc<Shared>,
    asked: mpsc::Receiver<Asked>,
    task: JoinHandle<()>,
}

impl Service {
    /// Is on the bus under `name` from now on, with these routers, or not at all. A name that did not change is not given
    /// back in between.
    pub fn apply(
        &mut self,
        name: Option<&str>,
        place: impl FnOnce() -> Place,
        instances: &[Arc<Instance>],
        phase: impl Fn(&str) -> Option<Phase>,
    ) {
        if let Some(running) = self.running.take_if(|running| Some(running.name.as_str()) != name) {
            running.shared.end();
        }
        let Some(name) = name else { return };
        let running = self.running.get_or_insert_with(|| Running::start(name, Shared::new(place(), name)));
        running.shared.lock().want(instances, |name| number(phase(name)));
    }

    /// A router went to another state.
    pub fn changed(&self, name: &str, to: State) {
        if let Some(running) = &self.running {
            running.shared.say(|state| state.changed(name, to));
        }
    }

    /// The configuration was read again. Routers that go are told of before that, as far as they still have a state.
    pub fn reloaded(&self) {
        if let Some(running) = &self.running {
            running.shared.say(state::State::reloaded);
        }
    }

    /// Every router that was to go has gone.
    pub fn settled(&self) {
        if let Some(running) = &self.running {
            running.shared.say(state::State::settled);
        }
    }

    /// What somebody asks for next.
    pub async fn asked(&mut self) -> Asked {
        let asked = match &mut self.running {
            Some(running) => running.asked.recv().await,
            None => None,
        };
        match asked {
            Some(asked) => asked,
            None => future::pending().await,
        }
    }

    /// What is known of the bus; nothing where none is wanted.
    pub fn status(&self) -> Option<Status> {
        self.running.as_ref().map(|running| running.shared.lock().status.clone())
    }

    /// The daemon ends: the bus has a moment to take what was said last.
    pub async fn stop(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        running.shared.end();
        if timeout(TIME_AT_STOP, &mut running.task).await.is_err() {
            running.task.abort();
        }
    }
}

impl Running {
    fn start(name: &str, shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let (asks, asked) = mpsc::channel(REQUESTS);
        let task = tokio::spawn(session::run(Address::system(), name.to_owned(), Arc::clone(&shared), asks));
        Self { name: name.to_owned(), shared, asked, task }
    }
}

/// A state as keepalived numbers it.
fn number(phase: Option<Phase>) -> u32 {
    match phase {
        None | Some(Phase::Initialize) => state::INITIALIZE,
        Some(Phase::Backup) => state::BACKUP,
        Some(Phase::Master) => state::MASTER,
        Some(Phase::Fault) => state::FAULT,
        Some(Phase::Stop) => state::STOP,
    }
}

/// Calls that may wait for the daemon; only `ReloadConfig` does not hold up the next.
const REQUESTS: usize = 16;
/// What the daemon's end waits for the bus at most.
const TIME_AT_STOP: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
