//! The file of `-g`, which may come to stand on a full disk.

use core::sync::atomic::Ordering;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::LOST;
use super::syslog::Syslog;

/// Takes lines. Those that cannot be written are counted; the other logs are told of the first, and the file says how
/// many it lost once there is room again.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    syslog: Option<Syslog>,
    /// Since the last line that could be written.
    lost: u64,
    /// The file does not end with the end of a line.
    torn: bool,
}

impl LogFile {
    /// Opens the file, or makes it. It may lie where others can write, so a link is not followed.
    pub(super) fn open(path: &Path, syslog: Option<Syslog>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(path)?;
        Ok(Self { path: path.to_owned(), file, syslog, lost: 0, torn: false })
    }

    /// Takes whole lines.
    pub(super) fn take(&mut self, lines: &[u8]) {
        let mut left = lines;
        let Err(error) = self.put(&mut left) else { return };
        let missing = left.split_inclusive(|byte| *byte == b'\n').count() as u64;
        LOST.fetch_add(missing, Ordering::Relaxed);
        let first = self.lost == 0;
        self.lost += missing;
        if first {
            let path = self.path.display();
            let text = format!(
                "{path}: the log cannot be written: {error}; lines are lost, and counted, until there is room"
            );
            if let Some(syslog) = &self.syslog {
                syslog.say(4, &text);
            }
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Writes lines, after what is to be said of those before; `lines` is what is left of them.
    fn put(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        if self.torn {
            self.append(&mut &b"\n"[..])?;
            self.torn = false;
        }
        if self.lost > 0 {
            let text = format!("{} lines could not be written here\n", self.lost);
            self.append(&mut text.as_bytes())?;
            self.lost = 0;
        }
        self.append(lines)
    }

    fn append(&mut self, bytes: &mut &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.torn = bytes[written - 1] != b'\n';
                    *bytes = &bytes[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_find_no_room_are_counted_and_none_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = LogFile::open(&path, None).unwrap();
        log.take(b"first\n");
        // Whatever is written there finds no room.
        let file =
            core::mem::replace(&mut log.file, OpenOptions::new().write(true).open("/dev/full").unwrap());
        let before = super::super::lost();
        log.take(b"second\nthird\n");
        assert!(super::super::lost() >= before + 2);
        log.file = file;
        // As after half a line.
        log.file.write_all(b"for").unwrap();
        log.torn = true;
        log.take(b"last\n");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "first\nfor\n2 lines could not be written here\nlast\n"
        );
    }
}
