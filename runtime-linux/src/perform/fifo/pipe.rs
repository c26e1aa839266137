//! A FIFO that is open.

use core::time::Duration;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, fchown, mkfifo};
use tokio::time::sleep;

use crate::awaited::Awaited;
use crate::config::model::ScriptUser;
use crate::process::Account;
use crate::sys;

/// A FIFO, open for both directions: so it is never without a reader as far as the kernel knows, and a line that was
/// written stays until somebody comes.
#[derive(Debug)]
pub(super) struct Pipe {
    path: PathBuf,
    file: File,
    readiness: Awaited,
    /// We made it, and it goes with us.
    ours: bool,
}

impl Pipe {
    /// Opens the FIFO at `path`, and makes it if there is nothing.
    ///
    /// # Errors
    /// Something else is there, or a FIFO of somebody else's.
    pub(super) fn open(path: &Path, user: Option<&ScriptUser>) -> io::Result<Self> {
        let account = user.map(Account::find).transpose().map_err(io::Error::other)?;
        let ours = match mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(()) => true,
            Err(Errno::EEXIST) => false,
            Err(errno) => return Err(errno.into()),
        };
        let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.file_type().is_fifo() {
            return Err(io::Error::other("it is not a FIFO"));
        }
        if ours {
            if let Some(account) = &account {
                fchown(&file, Some(Uid::from_raw(account.uid)), Some(Gid::from_raw(account.gid)))?;
            }
            file.set_permissions(Permissions::from_mode(0o644))?;
        } else {
            let own = Uid::effective().as_raw();
            let allowed = [Some(own), account.as_ref().map(|account| account.uid)];
            if !allowed.contains(&Some(metadata.uid())) {
                return Err(io::Error::other(format!("it belongs to user {}, not to us", metadata.uid())));
            }
        }
        Ok(Self { path: path.to_owned(), readiness: Awaited::new(&file)?, file, ours })
    }

    /// Whether it still stands where it stood.
    pub(super) fn is_there(&self) -> bool {
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let open = self.file.metadata().map(identity);
        fs::symlink_metadata(&self.path).map(identity).is_ok_and(|there| open.is_ok_and(|open| open == there))
    }

    /// Writes a line, all of it or nothing.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when the pipe is full.
    pub(super) fn write(&self, line: &[u8]) -> io::Result<()> {
        // Lines are shorter than PIPE_BUF, and so are written as a whole (pipe(7)).
        (&self.file).write(line).map(|_| ())
    }

    /// Waits until there may be room.
    pub(super) async fn writable(&self) {
        match self.readiness.writable().await {
            // It was found full: what the kernel said before does not count.
            Ok(mut guard) => guard.clear_ready(),
            Err(_) => core::future::pending().await,
        }
    }

    /// Waits until somebody has read everything.
    pub(super) async fn emptied(&self) {
        while sys::bytes_to_read(&self.file).is_ok_and(|left| left > 0) {
            sleep(LOOK).await;
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if self.ours && self.is_there() {
            // Gone already is as good as removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// From one look at what is left in the pipe to the next.
const LOOK: Duration = Duration::from_millis(10);
