//! The pid file: tools find the daemon by it, and it keeps a second daemon from starting.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use tracing::warn;

/// A pid file that is ours, locked as long as this value lives and removed with it.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    _file: Flock<File>,
}

/// Why there is no pid file of ours.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// Another daemon holds it.
    #[error(
        "{path}: another daemon runs with this pid file (pid {pid}); stop it, or give this one another with -p"
    )]
    Held {
        /// The file.
        path: PathBuf,
        /// What the other one wrote into it.
        pid: String,
    },
    /// It cannot be written.
    #[error("{path}: cannot write the pid file: {error}; give another path with -p")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
}

impl PidFile {
    /// Writes the number of this process into `path` and locks it.
    pub fn create(path: &Path) -> Result<Self, PidFileError> {
        let failed = |error| PidFileError::Io { path: path.to_owned(), error };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((mut file, Errno::EWOULDBLOCK)) => {
                let mut pid = String::new();
                // What cannot be read is shown as nothing; the lock alone decides.
                let _ = file.read_to_string(&mut pid);
                return Err(PidFileError::Held { path: path.to_owned(), pid: pid.trim().to_owned() });
            }
            Err((_, errno)) => return Err(failed(errno.into())),
        };
        let mut pid = String::new();
        // What cannot be read is nobody's number.
        let _ = file.read_to_string(&mut pid);
        if is_keepalived(pid.trim()) {
            return Err(PidFileError::Held { path: path.to_owned(), pid: pid.trim().to_owned() });
        }
        let write = |file: &mut File| {
            // Tools of other users look for the daemon by it, whatever umask this one has.
            file.set_permissions(Permissions::from_mode(0o644))?;
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", process::id())
        };
        match write(&mut file) {
            // The lock holds all the same, and a router is worth more than the number of its process.
            Err(error) if is_full(&error) => warn!(
                "{}: cannot write the pid file: {error}; the daemon runs without its number there ({}): make room and \
                 restart it",
                path.display(),
                process::id()
            ),
            written => written.map_err(failed)?,
        }
        Ok(Self { path: path.to_owned(), _file: file })
    }
}

/// Whether there is no room for what was to be written.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// keepalived does not lock its pid file, so it is looked for by its name.
fn is_keepalived(pid: &str) -> bool {
    pid.parse::<u32>().is_ok_and(|pid| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "keepalived")
    })
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Gone already is as good as removed.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_told_who_holds_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("steadfast.pid");
        let first = PidFile::create(&path).unwrap();
        let text = PidFile::create(&path).unwrap_err().to_string();
        assert!(text.contains(&format!("(pid {})", process::id())), "{text}");
        drop(first);
        assert!(!path.exists());
        PidFile::create(&path).unwrap();
    }

    #[test]
    fn a_stale_file_of_a_crashed_daemon_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("steadfast.pid");
        std::fs::write(&path, "99999999 and more\n").unwrap();
        let _held = PidFile::create(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", process::id()));
    }

    #[test]
    fn a_directory_that_does_not_exist_is_named() {
        let text = PidFile::create(Path::new("/nowhere/at/all.pid")).unwrap_err().to_string();
        assert!(text.starts_with("/nowhere/at/all.pid: cannot write the pid file: No such file"), "{text}");
    }
}
