//! A director: the daemon under observation, as a real process on a node with its own configuration.

use core::time::Duration;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use super::{Error, Node, Process};

/// Which program directs, and how it is called. `{conf}` in an argument stands for the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// For people: `steadfast`, `keepalived`.
    pub name: String,
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl Daemon {
    /// The running program itself.
    pub fn this() -> io::Result<Self> {
        Ok(Self::steadfast(std::env::current_exe()?))
    }

    /// steadfast at `program`: in the foreground, logging to standard error.
    pub fn steadfast(program: PathBuf) -> Self {
        let arguments = ["-n", "-l", "-D", "-f", CONF];
        Self { name: "steadfast".into(), program, arguments: arguments.map(str::to_owned).into() }
    }

    /// The installed keepalived, VRRP only (`-P`): in the foreground, logging to standard error.
    pub fn keepalived() -> Self {
        let arguments = ["-n", "-l", "-D", "-P", "-f", CONF];
        let (name, program) = ("keepalived".into(), "keepalived".into());
        Self { name, program, arguments: arguments.map(str::to_owned).into() }
    }

    /// Starts it on `node` with `configuration`, which is kept as [`CONFIGURATION`] there. With `echo`, what it
    /// says is printed on standard error as it comes.
    pub fn start(&self, node: &Node, configuration: &[u8], echo: bool) -> Result<Process, Error> {
        // keepalived refuses a configuration that others may write or run.
        node.install(CONFIGURATION, configuration, 0o644)?;
        let mut command = Command::new(&self.program);
        command.args(self.arguments.iter().map(|argument| argument.replace(CONF, CONFIGURATION)));
        if echo { node.spawn_aloud(command) } else { node.spawn(command) }
    }
}

/// 3 × `interval` plus the skew time of `priority`: how long a Backup waits after the last advert it heard
/// (RFC 3768 §6.1; RFC 9568 §6.1).
pub fn takeover_time(version: u8, interval: Duration, priority: u8) -> Duration {
    interval * 3 + skew_time(version, interval, priority)
}

/// How long a Backup of `priority` waits after an advert of priority 0. In version 2 it is a part of a second
/// whatever the interval is.
pub fn skew_time(version: u8, interval: Duration, priority: u8) -> Duration {
    let base = if version == 2 { Duration::from_secs(1) } else { interval };
    base * (256 - u32::from(priority)) / 256
}

/// Where a director's configuration lies on its node.
pub const CONFIGURATION: &str = "/run/lab/keepalived.conf";

const CONF: &str = "{conf}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_pair_takes_over_in_three_seconds_and_a_bit() {
        assert_eq!(takeover_time(2, Duration::from_secs(1), 150), Duration::from_nanos(3_414_062_500));
        assert_eq!(skew_time(2, Duration::from_secs(5), 80), Duration::from_micros(687_500));
        assert_eq!(skew_time(3, Duration::from_millis(100), 150), Duration::from_nanos(41_406_250));
    }
}
