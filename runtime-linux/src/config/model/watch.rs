//! Things outside VRRP whose state moves priorities: files with a number in them, and processes.

use core::time::Duration;
use std::path::PathBuf;

/// One `track_file`: the first number in the file, times the weight, is added to priorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackFile {
    /// The name after `track_file`.
    pub name: String,
    /// `file`.
    pub path: PathBuf,
    /// Weight for instances that do not say their own, -254..=254; 1 when not said.
    pub weight: i16,
    /// `reverse` beside the weight.
    pub reverse: bool,
    /// `init_file`: what the file shall hold at the start.
    pub initial: Option<InitialValue>,
}

/// `init_file [VALUE] [overwrite]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitialValue {
    /// What is written, 0 when not said.
    pub value: i32,
    /// Written even if the file is there.
    pub overwrite: bool,
}

/// One `vrrp_track_process`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackProcess {
    /// The name after `vrrp_track_process`.
    pub name: String,
    /// `process`: its name, or the program as its command line has it.
    pub program: String,
    /// Arguments behind it.
    pub arguments: Vec<String>,
    /// How the arguments are compared; `None`: they do not matter.
    pub arguments_match: Option<ArgumentMatch>,
    /// The command line is looked at and not the name: `full_command`, or because arguments matter, or because the
    /// program is longer than a name can be.
    pub command_line: bool,
    /// Weight for instances that do not say their own.
    pub weight: i16,
    /// `reverse` beside the weight.
    pub reverse: bool,
    /// `quorum`: as many must run, 1 when not said.
    pub quorum: u32,
    /// `quorum_max`: more must not run.
    pub quorum_max: Option<u32>,
    /// `fork_delay` or `delay`: how long the number must have been right before it counts.
    pub fork_delay: Duration,
    /// `terminate_delay` or `delay`: how long the number must have been wrong before it counts.
    pub terminate_delay: Duration,
}

/// How the arguments of a process are compared with those wanted (`param_match`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentMatch {
    /// They are the same.
    Exact,
    /// The wanted ones come first; more may follow.
    Partial,
    /// They are the same, but that the last one may go on.
    Initial,
}
