//! What the command line asks of the process before it is a daemon.

use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use tracing::{info, warn};

use crate::args::Run;
use crate::config::model::Global;

/// `-u`, or `umask`.
pub(super) fn limit(run: &Run, global: &Global) {
    if let Some(mask) = run.umask.or(global.umask) {
        umask(Mode::from_bits_truncate(mask));
    }
}

/// `-m`, and what the log begins with: the configuration, with `-d`.
pub(super) fn begin(run: &Run, dump: Option<String>) {
    if run.core_dump
        && let Err(error) = setrlimit(Resource::RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY)
    {
        warn!("no core files of any size (-m): {error}");
    }
    if let Some(dump) = dump {
        dump.lines().for_each(|line| info!("{line}"));
    }
}
