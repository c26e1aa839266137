//! `reload_file`: a file that is there, empty, while a configuration is read, so that who changes files can wait for
//! the end of it.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::config::model::ReloadMark;

/// The file; it goes with this value.
#[derive(Debug)]
pub(super) struct Mark(PathBuf);

impl Mark {
    /// Makes it, or empties it. One that cannot be made is told of and keeps nobody from reading.
    pub(super) fn make(mark: &ReloadMark, pid_file: &Path) -> Option<Self> {
        let path = match mark {
            ReloadMark::Usual => pid_file.with_extension("reload"),
            ReloadMark::At(path) => path.clone(),
        };
        match empty(&path) {
            Ok(()) => Some(Self(path)),
            Err(error) => {
                warn!("{}: {error} (reload_file)", path.display());
                None
            }
        }
    }
}

fn empty(path: &Path) -> io::Result<()> {
    // It may lie where others can write.
    let flags = libc::O_NOFOLLOW;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).custom_flags(flags).open(path)?;
    Ok(())
}

impl Drop for Mark {
    fn drop(&mut self) {
        // Gone already is as good as removed.
        let _ = fs::remove_file(&self.0);
    }
}
