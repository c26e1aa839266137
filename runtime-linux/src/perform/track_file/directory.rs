//! What the kernel tells of directories.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

use crate::awaited::Awaited;
use crate::config::model::TrackFile;

/// Watches the directories that files are in.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: Inotify,
    readiness: Awaited,
    directories: BTreeMap<PathBuf, WatchDescriptor>,
}

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Changed {
    files: Vec<(PathBuf, OsString)>,
    /// It is not known which ones.
    any: bool,
}

impl Changed {
    /// Whether this file may be another now.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        let same = |(directory, name): &(PathBuf, OsString)| {
            directory_of(path) == directory && path.file_name() == Some(name)
        };
        self.any || self.files.iter().any(same)
    }
}

impl Watch {
    pub(super) fn open() -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        Ok(Self { readiness: Awaited::new(&inotify)?, inotify, directories: BTreeMap::new() })
    }

    /// Watches the directories of these files, as far as they are there and not watched already.
    pub(super) fn attend(&mut self, files: &[TrackFile]) {
        for file in files {
            let directory = directory_of(&file.path);
            if self.directories.contains_key(directory) {
                continue;
            }
            // One that cannot be watched is tried again; meanwhile its files are read once a second.
            if let Ok(descriptor) = self.inotify.add_watch(directory, EVENTS) {
                self.directories.insert(directory.to_owned(), descriptor);
            }
        }
    }

    /// Waits until something changes.
    pub(super) async fn changed(&mut self) -> Changed {
        loop {
            let Ok(mut ready) = self.readiness.readable().await else { return core::future::pending().await };
            let events = ready.try_io(|_| self.inotify.read_events().map_err(io::Error::from));
            let Ok(Ok(events)) = events else { continue };
            let mut changed = Changed::default();
            for event in events {
                let known = self.directories.iter().find(|(_, descriptor)| **descriptor == event.wd);
                let directory = known.map(|(directory, _)| directory.clone());
                let gone = AddWatchFlags::IN_IGNORED
                    | AddWatchFlags::IN_DELETE_SELF
                    | AddWatchFlags::IN_MOVE_SELF
                    | AddWatchFlags::IN_UNMOUNT;
                match (directory, event.name) {
                    (Some(directory), _) if event.mask.intersects(gone) => {
                        // What has this name from now on is another directory.
                        self.directories.remove(&directory);
                        let _ = self.inotify.rm_watch(event.wd);
                        changed.any = true;
                    }
                    (Some(directory), Some(name)) => changed.files.push((directory, name)),
                    (Some(_), None) => {}
                    (None, _) => changed.any |= event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW),
                }
            }
            return changed;
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file is looked at when somebody has finished writing to it, not while it is empty in between.
const EVENTS: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE
    .union(AddWatchFlags::IN_MOVED_TO)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_DELETE_SELF)
    .union(AddWatchFlags::IN_MOVE_SELF);
