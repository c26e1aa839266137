//! Running other programs: scripts of trackers, checks and notifications.
//!
//! Every script is the leader of a process group of its own, so that all it started can be ended with it. It
//! reads from and writes to /dev/null and gets the daemon's environment without the variables that change how a
//! shell or the linker works.

pub mod account;
mod group;
pub mod program;
mod sys;

use core::fmt;
use core::time::Duration;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::time::{sleep, timeout};

pub use account::{Account, AccountError};
pub use program::{Program, ProgramError};

use crate::config::model::{Global, Script, ScriptUser};

/// Whom scripts run as when they do not say so themselves, and which are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// `script_user`. When absent: the user `keepalived_script` if there is one, else the daemon's own.
    pub user: Option<ScriptUser>,
    /// `enable_script_security`: what would run as root must not be open to change by anybody else.
    pub security: bool,
}

impl From<&Global> for Policy {
    fn from(global: &Global) -> Self {
        Self { user: global.script_user.clone(), security: global.script_security }
    }
}

/// Why a script cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The operator named nobody we know.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The operator named no program that could run.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The kernel refused.
    #[error("cannot start {program}: {error}")]
    Spawn {
        /// What was to be started.
        program: String,
        /// The kernel's reason.
        error: io::Error,
    },
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exit(u8),
    /// By this signal.
    Signal(u8),
    /// It did not within its time.
    Timeout,
}

impl Ending {
    /// Whether it ended by itself with status 0.
    pub fn good(self) -> bool {
        self == Self::Exit(0)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "exited with status {status}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::Timeout => f.write_str("timed out"),
        }
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exit(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, signal) => Self::Signal(signal.and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX)),
        }
    }
}

/// Says why a script could not run under this policy, without running it: for the check of a configuration.
pub fn validate(script: &Script, policy: &Policy) -> Result<(), ScriptError> {
    prepare(script, policy).map(|_| ())
}

/// A script that runs.
///
/// Dropped before its end it is killed with all its group; see [`Running::detach`].
#[derive(Debug)]
pub struct Running {
    child: tokio::process::Child,
    group: Option<Pid>,
}

impl Running {
    /// How long a group has to end between SIGTERM and SIGKILL.
    pub const GRACE: Duration = Duration::from_secs(2);

    /// Starts a script with `arguments` after its own. To be called within a tokio runtime with I/O.
    ///
    /// The words run directly when the first is an executable file, by path or in `PATH`; otherwise they are
    /// a command line for `sh -c`.
    pub fn start(script: &Script, arguments: &[String], policy: &Policy) -> Result<Self, ScriptError> {
        let (program, account) = prepare(script, policy)?;
        let (path, words) = match program {
            Program::File(path) => (path, [&script.words[1..], arguments].concat()),
            Program::Shell(line) => shell(&line, arguments),
        };
        let child = match spawn(&path, &words, account.as_ref()) {
            // A script without a `#!` line is for the shell, as execvp(3) has it.
            Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) => {
                let words = [&[path.to_string_lossy().into_owned()], words.as_slice()].concat();
                spawn(Path::new(program::SHELL), &words, account.as_ref())
            }
            other => other,
        };
        let child =
            child.map_err(|error| ScriptError::Spawn { program: path.display().to_string(), error })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Ok(Self { child, group })
    }

    /// Waits until the script ends, but not longer than `limit`; after [`Ending::Timeout`] it still runs.
    pub async fn ended(&mut self, limit: Duration) -> Ending {
        match timeout(limit, self.child.wait()).await {
            Ok(Ok(status)) => {
                self.group = None;
                Ending::from(status)
            }
            // Somebody else waited for our child: how it ended cannot be known.
            Ok(Err(_)) => {
                self.group = None;
                Ending::Exit(u8::MAX)
            }
            Err(_) => Ending::Timeout,
        }
    }

    /// Ends the whole group: SIGTERM, and SIGKILL to what is left of it [`Running::GRACE`] later. Returns when
    /// nothing is left.
    pub async fn terminate(mut self) {
        let Some(group) = self.group else { return };
        signal(group, Signal::SIGTERM);
        if timeout(Self::GRACE, self.gone(group)).await.is_err() {
            signal(group, Signal::SIGKILL);
            // Nothing survives that, but it takes its time.
            let _ = timeout(Self::GRACE, self.gone(group)).await;
        }
        self.group = None;
    }

    /// Kills the whole group at once.
    pub async fn kill(mut self) {
        if let Some(group) = self.group.take() {
            signal(group, Signal::SIGKILL);
        }
        let _ = self.child.wait().await;
    }

    /// Waits until nothing in the group is alive.
    async fn gone(&mut self, group: Pid) {
        // The leader alone says nothing: what it started may outlive it, and has no parent to tell us.
        let _ = self.child.wait().await;
        let mut patrol = Self::PATROL;
        while group::lives(group) {
            sleep(patrol).await;
            patrol *= 2;
        }
    }

    /// Lets the script run on by itself; it is reaped when it ends.
    pub fn detach(mut self) {
        self.group = None;
    }

    /// How soon a group that was told to end is looked at again; twice as long every time.
    const PATROL: Duration = Duration::from_millis(10);
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            signal(group, Signal::SIGKILL);
        }
    }
}

/// Runs a script to its end. One that is not done within `limit` is terminated with all it started before this
/// returns.
pub async fn run(script: &Script, policy: &Policy, limit: Duration) -> Result<Ending, ScriptError> {
    let mut running = Running::start(script, &[], policy)?;
    let ending = running.ended(limit).await;
    if ending == Ending::Timeout {
        running.terminate().await;
    }
    Ok(ending)
}

fn prepare(script: &Script, policy: &Policy) -> Result<(Program, Option<Account>), ScriptError> {
    let account = match script.user.as_deref().or(policy.user.as_ref()) {
        Some(user) => Some(Account::find(user)?),
        None => Account::default_for_scripts(),
    };
    let program = Program::find(&script.words, account.as_ref(), policy.security)?;
    // Who is not root can only be who it is.
    let account = account.filter(|_| nix::unistd::geteuid().is_root());
    Ok((program, account))
}

fn shell(line: &str, arguments: &[String]) -> (std::path::PathBuf, Vec<String>) {
    let line = if arguments.is_empty() { line.to_owned() } else { format!("{line} \"$@\"") };
    let words = [&["-c".to_owned(), line, "sh".to_owned()], arguments].concat();
    (program::SHELL.into(), words)
}

fn spawn(path: &Path, words: &[String], account: Option<&Account>) -> io::Result<tokio::process::Child> {
    let mut command = std::process::Command::new(path);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    clean_environment(&mut command);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    if let Some(account) = account {
        sys::become_user(&mut command, account);
    }
    tokio::process::Command::from(command).spawn()
}

fn clean_environment(command: &mut std::process::Command) {
    for variable in ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
}

/// A group that is gone has had its signal.
fn signal(group: Pid, signal: Signal) {
    let _ = killpg(group, signal);
}

#[cfg(test)]
mod tests;
