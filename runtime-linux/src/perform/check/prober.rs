//! Who makes the probes of all checks that are the same.

use core::net::SocketAddr;
use core::time::Duration;

use check_core::pool::Share;
use check_core::{Check, Failure, Verdict, check};
use tokio::task::{AbortHandle, Id};

use super::probe::{Gate, Outcome};
use crate::config::model::{self, Probe};

/// Makes the probes of checks that ask the same in the same rhythm, whichever servers they are of.
///
/// Their verdict is one. What each server makes of it, and has been told of it, is its own: see
/// [`Slot`](super::roster::Slot).
#[derive(Debug)]
pub(super) struct Prober {
    /// The server that it is for, where that is not in the probe.
    server: Option<SocketAddr>,
    pub(super) config: model::Check,
    pub(super) core: Check,
    /// Places of the checks; never empty.
    pub(super) slots: Vec<usize>,
    /// The probe under way.
    pub(super) run: Option<Run>,
    /// Makes no probes: every server it is for waits for its service's address (`ha_suspend`).
    pub(super) suspended: bool,
    /// Waits to be told, where nothing is asked.
    pub(super) listening: bool,
    /// What was told last.
    pub(super) heard: Option<Outcome>,
    /// Lets one run of a script go on at a time.
    pub(super) gate: Gate,
    /// What a passed probe said of the weight.
    pub(super) share: Share,
    /// More about the last failure than its name says.
    pub(super) detail: Option<String>,
    /// The last probe that had a result.
    pub(super) last: Option<Last>,
    /// Probes made.
    pub(super) probes: u64,
}

/// A probe that had a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Last {
    /// When.
    pub(super) at: Duration,
    /// How long it took.
    pub(super) took: Duration,
    /// What it failed with, if it failed.
    pub(super) failure: Option<Failure>,
}

/// A probe under way. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Run(pub(super) AbortHandle);

impl Run {
    pub(super) fn id(&self) -> Id {
        self.0.id()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What checks must have in common to share their probes. A script may mean one server without naming it: those of
/// different servers are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key<'c> {
    server: Option<SocketAddr>,
    check: &'c model::Check,
}

impl<'c> Key<'c> {
    pub(super) fn new(server: SocketAddr, check: &'c model::Check) -> Self {
        let own = matches!(check.probe, Probe::Misc { .. });
        Self { server: own.then_some(server), check }
    }
}

impl Prober {
    /// One that begins `offset` from now. A server that was down before stays so until a probe passes.
    pub(super) fn begin(now: Duration, key: Key<'_>, offset: Duration, was_down: bool) -> Self {
        let Key { server, check: config } = key;
        let mut core = if was_down { Check::doubted(config.timing) } else { Check::new(config.timing) };
        let none = core.handle(now, check::Event::Start { offset });
        debug_assert!(none.is_empty(), "a check that begins only waits");
        Self {
            server,
            config: config.clone(),
            core,
            slots: Vec::new(),
            run: None,
            suspended: false,
            listening: false,
            heard: None,
            gate: Gate::default(),
            share: Share::Silent,
            detail: None,
            last: None,
            probes: 0,
        }
    }

    /// The same with another timing and the probe under way.
    pub(super) fn turned(mut self, now: Duration, key: Key<'_>) -> Self {
        let timing = key.check.timing;
        if self.config.timing != timing {
            let none = self.core.handle(now, check::Event::Configure(timing));
            debug_assert!(none.is_empty(), "another timing changes no verdict");
        }
        (self.server, self.config) = (key.server, key.check.clone());
        self
    }

    /// A second one that knows what this one knows, for checks that part from those that stay.
    pub(super) fn parted(&self, now: Duration, key: Key<'_>) -> Self {
        let mut other = Self::begin(now, key, Duration::ZERO, false);
        other.core = self.core.clone();
        if self.run.is_some() || self.listening {
            // The probe under way stays with the others.
            let none = other.core.handle(now, check::Event::Skipped);
            debug_assert!(none.is_empty(), "what was skipped changes no verdict");
        }
        (other.share, other.last, other.suspended) = (self.share, self.last, self.suspended);
        other.detail.clone_from(&self.detail);
        other.config.timing = self.config.timing;
        other.turned(now, key)
    }

    /// What it is found by.
    pub(super) fn key(&self) -> Key<'_> {
        Key { server: self.server, check: &self.config }
    }

    /// Whether the checks of this key are its checks.
    pub(super) fn serves(&self, key: Key<'_>) -> bool {
        self.key() == key
    }

    /// What the probes say of the server; nothing while there was none.
    pub(super) fn says(&self) -> Option<Verdict> {
        self.core.proven().then(|| self.core.verdict())
    }

    /// A failure in words.
    pub(super) fn reason(&self, failure: Failure) -> String {
        self.detail.clone().unwrap_or_else(|| failure.to_string())
    }
}
