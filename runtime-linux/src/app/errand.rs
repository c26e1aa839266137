//! A script that runs before everything else, or after it (`startup_script`, `shutdown_script`).

use std::process;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::waitpid;
use tracing::{error, info, warn};

use crate::config::model::TimedScript;
use crate::guardian::sys;
use crate::process::{Ending, Policy, run as run_script};

/// Runs it to its end, or until its time is over; what becomes of it is logged and changes nothing.
///
/// It is waited for by a process of its own: the one that calls has one thread and keeps no runtime.
pub(super) fn run(word: &str, timed: &TimedScript, policy: &Policy) {
    match sys::fork() {
        Ok(None) => {
            // The daemon's signals are the daemon's.
            let _ = SigSet::empty().thread_set_mask();
            let _ = set_pdeathsig(Signal::SIGTERM);
            attend(word, timed, policy);
            process::exit(0);
        }
        Ok(Some(pid)) => {
            // Interrupted only by signals that end the daemon anyway.
            let _ = waitpid(pid, None);
        }
        Err(error) => error!("{word}: cannot fork: {error}"),
    }
}

fn attend(word: &str, timed: &TimedScript, policy: &Policy) {
    let program = timed.script.words.join(" ");
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return error!("{word}: {error}"),
    };
    match runtime.block_on(run_script(&timed.script, policy, timed.timeout)) {
        Ok(Ending::Exit(0)) => info!("{word}: {program} done"),
        Ok(Ending::Timeout) => {
            warn!("{word}: {program} is not done within {} s, killed", timed.timeout.as_secs());
        }
        Ok(ending @ (Ending::Exit(_) | Ending::Signal(_))) => warn!("{word}: {program} {ending}"),
        Err(error) => error!("{word}: {error}"),
    }
}
