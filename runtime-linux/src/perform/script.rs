//! `vrrp_script`: runs the scripts whose results move priorities.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::clock;
use crate::config::model::TrackScript;
use crate::process::{Ending, Policy, Running};

/// The state of a script changed, or was found for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Name of the `vrrp_script`.
    pub name: String,
    /// Whether it counts as good from now on.
    pub good: bool,
    /// Why: how the last run ended.
    pub why: String,
}

/// What is known of one script, for `steadfast status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Name of the `vrrp_script`.
    pub name: String,
    /// Whether it counts as good; absent before the first result.
    pub good: Option<bool>,
    /// How the last run ended.
    pub last: Option<String>,
    /// Runs since it was configured this way.
    pub runs: u64,
}

/// Runs every `vrrp_script` at its interval, one run of each at a time.
///
/// To be used within a tokio runtime. Dropping it ends all scripts.
#[derive(Debug)]
pub struct Scripts {
    reports: mpsc::UnboundedSender<Report>,
    running: BTreeMap<String, Tracker>,
}

#[derive(Debug)]
struct Tracker {
    config: TrackScript,
    policy: Policy,
    known: Arc<Mutex<Known>>,
    task: AbortHandle,
}

/// What a tracker's task has found so far.
#[derive(Debug)]
struct Known {
    tally: Tally,
    last: Option<String>,
    runs: u64,
}

impl Scripts {
    /// A runner without scripts, and where it reports: once for every change, so that nothing piles up unless
    /// scripts flap while nobody reads.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Report>) {
        let (reports, receiver) = mpsc::unbounded_channel();
        (Self { reports, running: BTreeMap::new() }, receiver)
    }

    /// Runs these from now on. Scripts that did not change are not touched, those that are no longer wanted
    /// are ended. One that changed starts anew and keeps its last result until it has another.
    pub fn apply(&mut self, scripts: &[TrackScript], policy: &Policy) {
        let mut old = core::mem::take(&mut self.running);
        for script in scripts {
            let tracker = match old.remove(&script.name) {
                Some(same) if same.config == *script && same.policy == *policy => same,
                Some(changed) => self.start(script, policy, changed.known().tally.good),
                None => self.start(script, policy, None),
            };
            self.running.insert(script.name.clone(), tracker);
        }
    }

    /// What is known of every script, by name.
    pub fn status(&self) -> Vec<Status> {
        let statuses = self.running.iter().map(|(name, tracker)| {
            let known = tracker.known();
            Status { name: name.clone(), good: known.tally.good, last: known.last.clone(), runs: known.runs }
        });
        statuses.collect()
    }

    fn start(&self, script: &TrackScript, policy: &Policy, good: Option<bool>) -> Tracker {
        let tally = Tally::new(script.rise, script.fall, good, script.init_fail);
        if let (None, Some(good)) = (good, tally.good) {
            let why = "not run yet (init_fail)".to_owned();
            // Nobody listens any more only when the daemon ends.
            let _ = self.reports.send(Report { name: script.name.clone(), good, why });
        }
        let known = Arc::new(Mutex::new(Known { tally, last: None, runs: 0 }));
        let task =
            tokio::spawn(track(script.clone(), policy.clone(), Arc::clone(&known), self.reports.clone()));
        Tracker { config: script.clone(), policy: policy.clone(), known, task: task.abort_handle() }
    }
}

impl Tracker {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        // The run under way is killed with its group as it is dropped.
        self.task.abort();
    }
}

/// Runs one script for ever.
async fn track(
    script: TrackScript,
    policy: Policy,
    known: Arc<Mutex<Known>>,
    reports: mpsc::UnboundedSender<Report>,
) {
    let mut start = clock::now();
    loop {
        let (good, why, left_over) = match Running::start(&script.script, &[], &policy) {
            Ok(mut running) => {
                let ending = running.ended(script.timeout).await;
                let left_over = (ending == Ending::Timeout).then_some(running);
                (ending.good(), ending.to_string(), left_over)
            }
            Err(error) => (false, error.to_string(), None),
        };
        let change = {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            known.runs += 1;
            known.last = Some(why.clone());
            known.tally.count(good)
        };
        if let Some(good) = change {
            let name = script.name.clone();
            if good {
                info!("Script `{name}` now returning 0");
            } else {
                warn!("Script `{name}` failed: {why}");
            }
            if reports.send(Report { name, good, why }).is_err() {
                return;
            }
        }
        // The result is out: only then comes the time that a script takes which does not want to end.
        if let Some(running) = left_over {
            running.terminate().await;
        }
        start = next_start(start, script.interval, clock::now());
        sleep(start.saturating_sub(clock::now())).await;
    }
}

/// The next start after one at `start`: whole intervals later, and not before `now`.
fn next_start(start: Duration, interval: Duration, now: Duration) -> Duration {
    let interval = interval.max(Duration::from_millis(1)).as_nanos();
    let intervals = now.saturating_sub(start).as_nanos().div_ceil(interval).max(1);
    let ahead = u64::try_from(interval.saturating_mul(intervals)).unwrap_or(u64::MAX);
    start.saturating_add(Duration::from_nanos(ahead))
}

/// `rise` and `fall`: how many results in a row change the mind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tally {
    rise: u32,
    fall: u32,
    /// Absent before the first result.
    good: Option<bool>,
    /// A script has run: until then one result is enough, whatever `rise` and `fall` say.
    proven: bool,
    /// Results in a row that contradict `good`.
    against: u32,
}

impl Tally {
    /// `good`: the result carried over from before a reload.
    fn new(rise: u32, fall: u32, good: Option<bool>, init_fail: bool) -> Self {
        Self { rise, fall, good: good.or(init_fail.then_some(false)), proven: good.is_some(), against: 0 }
    }

    /// Counts a result, and returns the new mind if it changes.
    fn count(&mut self, good: bool) -> Option<bool> {
        let needed = match (self.proven, good) {
            (false, _) => 1,
            (true, true) => self.rise,
            (true, false) => self.fall,
        };
        self.proven = true;
        if self.good == Some(good) {
            self.against = 0;
            return None;
        }
        self.against += 1;
        if self.against < needed {
            return None;
        }
        self.against = 0;
        self.good = Some(good);
        self.good
    }
}

#[cfg(test)]
mod tests;
