//! The command line, in its two forms: keepalived's (`steadfast -nlD -f FILE`) and subcommands
//! (`steadfast check FILE`).
//!
//! It is read twice: [`said`] holds what was written, flag by flag; [`Invocation`] holds what it means. A
//! command line whose first argument is missing or starts with a dash is keepalived's form.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use self::server::Obey;
use crate::{capture, config, genhash, lab, realserver, simulate};

pub mod command;
pub mod digest;
pub mod flag;
pub mod said;
pub mod server;
pub mod version;

/// Where the configuration is looked for when nobody says otherwise.
pub const DEFAULT_CONFIG: &str = "/etc/keepalived/keepalived.conf";

/// What the program was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Be the daemon.
    Run(Run),
    /// Read configurations, report and exit (`steadfast check`, `-t`).
    Check(Check),
    /// Say what a reload from one configuration to another would do.
    Diff(config::difference::Files),
    /// Indent configurations by their blocks.
    Format(config::format::Format),
    /// Print a configuration with everything worked out.
    Show(config::show::Show),
    /// Ask the running daemon how it is.
    Status(Status),
    /// Ask the running daemon why something is as it is.
    Why(Why),
    /// Tell the running daemon what shall become of real servers.
    Obey(Obey),
    /// Run configurations on virtual time and show what happens when something fails.
    Simulate(simulate::Options),
    /// Make this host a direct-routing real server, or undo it.
    RealServer(realserver::Options),
    /// Decode VRRP from a link or a capture file.
    Capture(capture::Options),
    /// Build the laboratory of network namespaces and show a failover.
    Lab(lab::Options),
    /// Print the digest of a web page.
    Digest(genhash::Options),
    /// Print this on standard output and exit with 0.
    Say(String),
    /// Print this on standard error, where keepalived prints it, and exit with 0.
    SayAside(String),
}

/// `steadfast run`, or keepalived's form without `-t`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Run {
    /// `-f`: the configuration file.
    pub config: PathBuf,
    /// How it is read.
    pub options: config::Options,
    /// `-n`, or the subcommand `run`: stay in the foreground.
    pub foreground: bool,
    /// `-l`: log to standard error too.
    pub log_console: bool,
    /// Log to the system log; unless `-G`, and unless said as `steadfast run`.
    pub log_syslog: bool,
    /// `-S`: its facility (RFC 5424 §6.2.1); `daemon` when not said.
    pub log_facility: Option<u8>,
    /// `-I`: the kernel's virtual servers stay when the daemon stops.
    pub keep_services: bool,
    /// `-V`: addresses, routes and rules stay when the daemon stops, and peers are told nothing.
    pub keep_addresses: bool,
    /// `-d`: the configuration is logged.
    pub dump_conf: bool,
    /// `-g`: where the log goes besides.
    pub log_file: Option<PathBuf>,
    /// `-u`: goes before the file's `umask`.
    pub umask: Option<u32>,
    /// `-m`: core files are allowed.
    pub core_dump: bool,
    /// `-R`: the daemon does not go on when its worker process dies.
    pub only_one_worker: bool,
    /// How often `-D` was said: 0 terse, 1 detailed, 2 everything.
    pub log_detail: u8,
    /// `-p`: where the process id is written.
    pub pid_file: Option<PathBuf>,
    /// `--socket`: where `steadfast status` finds the daemon.
    pub socket: Option<PathBuf>,
    /// `-s`: the network namespace to run in, whatever the configuration says.
    pub namespace: Option<String>,
    /// What was accepted without effect, one sentence each, to be logged once at start.
    pub remarks: Vec<String>,
}

/// `steadfast check`, or keepalived's `-t`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Check {
    /// The files to check, one configuration each, which are compared with each other.
    pub files: Vec<PathBuf>,
    /// How they are read.
    pub options: config::Options,
    /// `--host`, and always with `-t`: also look at the interfaces, addresses and scripts of this host.
    pub host: bool,
    /// `--compat`: also list what is accepted without effect.
    pub compat: bool,
    /// `--json`: one JSON document instead of text.
    pub json: bool,
    /// Said as `-t`: nothing is printed for a good file, and a missing interface counts as fatal, as with
    /// keepalived.
    pub as_keepalived: bool,
    /// `--config-test=FILE`: the report goes to this file.
    pub log: Option<PathBuf>,
}

/// `steadfast status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// `--json`.
    pub json: bool,
    /// `--socket`: the daemon's socket, when it is not the usual one.
    pub socket: Option<PathBuf>,
}

/// `steadfast why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What is asked about.
    pub name: String,
    /// `--json`.
    pub json: bool,
    /// `--socket`: the daemon's socket, when it is not the usual one.
    pub socket: Option<PathBuf>,
}

/// The command line made no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What to print on standard error.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

/// Reads a command line with the name that the program was called by: as `genhash` it is that tool, and as `keepalived`
/// it says its version as that does.
///
/// # Errors
///
/// [`Usage`] with the text for standard error when the command line is not understood.
pub fn parse_as(name: &OsStr, arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Usage> {
    let name = Path::new(name).file_name();
    if name == Some(OsStr::new("genhash")) {
        return digest::parse(arguments);
    }
    let invocation = parse(arguments)?;
    let is_version = invocation == Invocation::Say(version::text());
    if is_version && name == Some(OsStr::new("keepalived")) {
        return Ok(Invocation::SayAside(version::as_keepalived()));
    }
    Ok(invocation)
}

/// Reads a command line, without the program's own name.
///
/// # Errors
///
/// [`Usage`] with the text for standard error when the command line is not understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Usage> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match arguments.first().map(OsString::as_os_str) {
        Some(first) if first == OsStr::new("run") => {
            let mut said = said::parse(arguments.into_iter().skip(1))?;
            said.subcommand = true;
            said.meaning()
        }
        Some(first)
            if [OsStr::new("genhash"), OsStr::new("-T"), OsStr::new("--genhash")].contains(&first) =>
        {
            digest::parse(arguments.into_iter().skip(1))
        }
        Some(first) if !first.as_encoded_bytes().starts_with(b"-") => command::parse(arguments),
        Some(_) | None => said::parse(arguments)?.meaning(),
    }
}

#[cfg(test)]
mod tests;
