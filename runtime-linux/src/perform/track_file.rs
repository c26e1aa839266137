//! `track_file`: follows the numbers in files.
//!
//! What is watched is the directory, so that a file that appears, vanishes or is replaced by another of its name is
//! seen at once. Once a second every file is read besides: for directories that are not there yet, for file systems
//! that tell of nothing, for links to files elsewhere, and for whoever keeps a file open while writing to it.

mod directory;
mod number;

use core::time::Duration;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{error, warn};

use self::directory::Watch;
use self::number::Reading;
use super::track::Report;
use crate::config::model::TrackFile;
use crate::driver::{Kind, Verdict};

/// What is known of one file, for `steadfast status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Name of the `track_file`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The number that counts.
    pub value: i32,
    /// What is wrong with it.
    pub remark: Option<String>,
}

/// The numbers in all files, by the names of their definitions; of those that have been read.
pub type Numbers = BTreeMap<String, i32>;

/// Follows every `track_file`. To be used within a tokio runtime; dropping it ends that.
#[derive(Debug)]
pub struct Files {
    reports: mpsc::Sender<Report>,
    followed: Vec<TrackFile>,
    known: Arc<Mutex<BTreeMap<String, Reading>>>,
    numbers: watch::Sender<Numbers>,
    task: Option<AbortHandle>,
}

impl Files {
    /// A watcher without files, which reports changes there.
    pub fn new(reports: mpsc::Sender<Report>) -> Self {
        Self {
            reports,
            followed: Vec::new(),
            known: Arc::default(),
            numbers: watch::Sender::default(),
            task: None,
        }
    }

    /// What checks follow.
    pub fn numbers(&self) -> watch::Receiver<Numbers> {
        self.numbers.subscribe()
    }

    /// Follows these from now on; returns how each stands, unless nothing changed. Files of which that is wanted are
    /// written, if this watcher has not followed them before.
    pub async fn apply(&mut self, files: &[TrackFile]) -> Vec<Report> {
        if files == self.followed {
            return Vec::new();
        }
        for file in files.iter().filter(|file| !self.followed.contains(file)) {
            if let Err(error) = initialise(file) {
                error!("Track file `{}`: cannot write {}: {error}", file.name, file.path.display());
            }
        }
        if let Some(task) = self.task.take() {
            task.abort();
        }
        files.clone_into(&mut self.followed);
        let mut first = BTreeMap::new();
        for file in files {
            // A file system that does not answer holds up nobody; what it has to say comes later.
            if let Ok(reading) = timeout(PATIENCE, read(file)).await {
                remark(file, None, &reading);
                first.insert(file.name.clone(), reading);
            }
        }
        let reports = files.iter().filter_map(|file| Some(report(file, first.get(&file.name)?))).collect();
        self.numbers
            .send_replace(first.iter().map(|(name, reading)| (name.clone(), reading.value)).collect());
        *self.known() = first;
        if !files.is_empty() {
            let task =
                follow(files.to_vec(), Arc::clone(&self.known), self.numbers.clone(), self.reports.clone());
            self.task = Some(tokio::spawn(task).abort_handle());
        }
        reports
    }

    /// What is known of every file, in the order of the configuration.
    pub fn status(&self) -> Vec<Status> {
        let known = self.known();
        let status = |file: &TrackFile| {
            let Reading { value, remark, .. } = known.get(&file.name).cloned().unwrap_or_default();
            Status { name: file.name.clone(), path: file.path.clone(), value, remark }
        };
        self.followed.iter().map(status).collect()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Reading>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// Writes what a file shall hold at the start.
fn initialise(file: &TrackFile) -> io::Result<()> {
    let Some(initial) = file.initial else { return Ok(()) };
    let mut options = OpenOptions::new();
    options.write(true).mode(0o644).custom_flags(libc::O_NONBLOCK);
    if initial.overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    match options.open(&file.path) {
        Ok(mut file) => writeln!(file, "{}", initial.value),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !initial.overwrite => Ok(()),
        Err(error) => Err(error),
    }
}

/// Follows files for ever.
async fn follow(
    files: Vec<TrackFile>,
    known: Arc<Mutex<BTreeMap<String, Reading>>>,
    numbers: watch::Sender<Numbers>,
    reports: mpsc::Sender<Report>,
) {
    let mut watch = Watch::open().inspect_err(|error| {
        warn!("track files are read every second: the kernel tells of no changes: {error}");
    });
    let mut patrol = interval(PATROL);
    patrol.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut empty: BTreeMap<String, bool> = BTreeMap::new();
    loop {
        let changed = if let Ok(watch) = &mut watch {
            watch.attend(&files);
            tokio::select! {
                changed = watch.changed() => Some(changed),
                _ = patrol.tick() => None,
            }
        } else {
            patrol.tick().await;
            None
        };
        for file in &files {
            if changed.as_ref().is_some_and(|changed| !changed.concerns(&file.path)) {
                continue;
            }
            let reading = read(file).await;
            // Found by chance, an empty file may be one that is being written: it counts when found so twice.
            let before = empty.insert(file.name.clone(), reading.empty).unwrap_or(false);
            if changed.is_none() && reading.empty && !before {
                continue;
            }
            let old = {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(file.name.clone(), reading.clone())
            };
            remark(file, old.as_ref(), &reading);
            numbers.send_if_modified(|numbers| {
                numbers.insert(file.name.clone(), reading.value) != Some(reading.value)
            });
            if old.is_none_or(|old| old.value != reading.value)
                && reports.send(report(file, &reading)).await.is_err()
            {
                return;
            }
        }
    }
}

async fn read(file: &TrackFile) -> Reading {
    let path = file.path.clone();
    let failed = |error| Reading { remark: Some(format!("{error}")), ..Reading::default() };
    spawn_blocking(move || number::read(&path)).await.unwrap_or_else(failed)
}

/// Says what is wrong with a file, once.
fn remark(file: &TrackFile, old: Option<&Reading>, new: &Reading) {
    if let Some(remark) = new.remark.as_ref().filter(|_| old.is_none_or(|old| old.remark != new.remark)) {
        warn!("Track file `{}`: {} {remark}", file.name, file.path.display());
    }
}

fn report(file: &TrackFile, reading: &Reading) -> Report {
    let name = file.name.clone();
    let text = format!("Track file `{name}` holds {}", reading.value);
    Report { kind: Kind::File, name, verdict: Verdict::Value(reading.value), text }
}

/// How often every file is read, whatever the kernel tells.
const PATROL: Duration = Duration::from_secs(1);
/// How long the start may wait for a file.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
