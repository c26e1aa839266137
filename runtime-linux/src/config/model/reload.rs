//! `global_defs`: how the configuration is read again (keepalived.md 2.3).

use std::path::PathBuf;

/// What the `reload_*` words say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reload {
    /// `reload_check_config`: a file that `-t` complains of is not taken.
    pub check: bool,
    /// Its file: what a check has to say is written there.
    pub log: Option<PathBuf>,
    /// `reload_time_file`: what holds the time of the next reload.
    pub time_file: Option<PathBuf>,
    /// `reload_repeat`: that file stays, and a time without a date comes every day.
    pub repeat: bool,
    /// `reload_file`: what is there, empty, while a configuration is read.
    pub mark: Option<ReloadMark>,
}

/// Where the file of `reload_file` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadMark {
    /// Beside the pid file, with the ending `reload`.
    Usual,
    /// Here.
    At(PathBuf),
}
