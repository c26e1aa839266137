//! Kernel modules, which only another program can load.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Why a module is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// No program to load it.
    #[error(
        "this system has no `modprobe` to load {0}: a container gets its modules from its host, so load it there"
    )]
    NoProgram(String),
    /// The program failed.
    #[error("`modprobe {module}` failed: {words}")]
    Refused {
        /// Which.
        module: String,
        /// What it said.
        words: String,
    },
}

/// Asks the system's own program to load a module, and waits for it: some ten milliseconds.
///
/// The kernel asks by itself for schedulers and engines, but not for a family that is not there; and not where its own
/// setting names no program.
pub fn load(module: &str) -> Result<(), Missing> {
    let named = fs::read_to_string("/proc/sys/kernel/modprobe").unwrap_or_default();
    let program = [named.trim(), "/usr/sbin/modprobe", "/sbin/modprobe"]
        .into_iter()
        .find(|path| Path::new(path).is_file())
        .ok_or_else(|| Missing::NoProgram(module.to_owned()))?;
    let refused = |words: String| Missing::Refused { module: module.to_owned(), words };
    let output = Command::new(program)
        .arg(module)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .map_err(|error| refused(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Err(refused(last.map_or_else(|| output.status.to_string(), str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_nobody_has_is_refused_by_name() {
        let missing = load("no_such_module_of_steadfast").unwrap_err();
        assert!(missing.to_string().contains("no_such_module_of_steadfast"), "{missing}");
    }
}
