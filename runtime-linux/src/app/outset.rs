//! What the command line asks of the process before it is a daemon.

use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use tracing::{info, warn};

use crate::args::Run;
use crate::config::model::Global;

/// `-u`, or `umask`, or what keepalived has: scripts get it too, and what they write may be nobody else's business.
pub(super) fn limit(run: &Run, global: &Global) {
    let mask = run.umask.or(global.umask).map_or(PRIVATE, Mode::from_bits_truncate);
    umask(mask);
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

/// Files are for their owner, and not to be run (keepalived.md 2.3, `umask`).
const PRIVATE: Mode = Mode::S_IXUSR.union(Mode::S_IRWXG).union(Mode::S_IRWXO);
