//! `MISC_CHECK`.

use core::time::Duration;
use std::sync::Arc;

use check_core::Failure;
use check_core::pool::Share;
use tokio::sync::Mutex;

use super::Outcome;
use super::connect::is_want;
use crate::config::model::Script;
use crate::process::{Ending, Policy, Running, ScriptError};

/// Lets one run of a check's script go on at a time.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Gate(Arc<Mutex<()>>);

/// Runs the script. One that is not done within `limit` is terminated with all it started; that takes up to
/// [`Running::GRACE`], which the result does not wait for, but the next run does.
pub(super) async fn probe(
    script: &Script,
    policy: &Policy,
    limit: Duration,
    dynamic: bool,
    gate: Gate,
) -> Outcome {
    let turn = gate.0.lock_owned().await;
    let mut running = match Running::start(script, &[], policy) {
        Ok(running) => running,
        Err(ScriptError::Spawn { program, error }) if is_want(&error) => {
            return Outcome::Skipped(format!("cannot start {program}: {error}"));
        }
        Err(error) => {
            return Outcome::Failed { failure: Failure::NotStarted, detail: Some(error.to_string()) };
        }
    };
    match running.ended(limit).await {
        Ending::Exit(0) => Outcome::Passed,
        Ending::Exit(status @ 2..) if dynamic => Outcome::Weighed(Share::Weight(u32::from(status) - 2)),
        Ending::Exit(status) => Err(Failure::Exit(status)).into(),
        Ending::Signal(signal) => Err(Failure::Signal(signal)).into(),
        Ending::Timeout => {
            tokio::spawn(async move {
                running.terminate().await;
                drop(turn);
            });
            Err(Failure::Overrun).into()
        }
    }
}
