//! Settings under `/proc/sys/net` that virtual interfaces need on the interfaces they lie on: changed while
//! somebody needs them, and put back afterwards as they were.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// A setting that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its path below `/proc/sys/net`.
    pub path: String,
    /// What stood there.
    pub old: String,
    /// What stands there now.
    pub new: String,
}

/// The settings that are changed now.
#[derive(Debug, Default)]
pub struct HostSettings {
    needed: BTreeMap<String, (Changed, usize)>,
    /// What the process before changed and nobody has needed yet.
    inherited: Vec<Changed>,
}

impl HostSettings {
    /// What the process before had changed: whoever needs it now finds what stood there before.
    pub fn inherit(&mut self, changed: Vec<Changed>) {
        self.inherited = changed;
    }

    /// One more needs this setting to have this value.
    ///
    /// # Errors
    /// When it cannot be read or written: `/proc/sys` may be read-only in a container.
    pub fn need(&mut self, path: &str, value: &str) -> io::Result<()> {
        if let Some((_, users)) = self.needed.get_mut(path) {
            *users += 1;
            return Ok(());
        }
        let present = read(path)?;
        let inherited = self.inherited.iter().position(|one| one.path == path);
        let old = match inherited.map(|position| self.inherited.swap_remove(position)) {
            Some(changed) if changed.new == present => changed.old,
            Some(_) | None => present.clone(),
        };
        if present != value {
            write(path, value)?;
        }
        let changed = Changed { path: path.to_owned(), old, new: value.to_owned() };
        self.needed.insert(path.to_owned(), (changed, 1));
        Ok(())
    }

    /// An interface came again whose settings were needed: they are as on any new one.
    pub fn renew(&mut self, path: &str) -> io::Result<()> {
        let Some((changed, _)) = self.needed.get_mut(path) else { return Ok(()) };
        let present = read(path)?;
        if present != changed.new {
            write(path, &changed.new)?;
            changed.old = present;
        }
        Ok(())
    }

    /// One less needs it. After the last it is as it was, unless somebody else has changed it meanwhile.
    pub fn no_longer_need(&mut self, path: &str) {
        let Some((_, users)) = self.needed.get_mut(path) else { return };
        *users -= 1;
        if *users == 0
            && let Some((changed, _)) = self.needed.remove(path)
        {
            put_back(&changed);
        }
    }

    /// Puts back what the process before changed and this one does not need.
    pub fn settle(&mut self) {
        for changed in core::mem::take(&mut self.inherited) {
            put_back(&changed);
        }
    }

    /// What is to be put back if this process dies.
    pub fn changed(&self) -> impl Iterator<Item = &Changed> {
        let needed = self.needed.values().map(|(changed, _)| changed);
        needed.filter(|changed| changed.old != changed.new).chain(&self.inherited)
    }
}

/// Puts a setting back, if it stands as it was changed. An interface that is gone has none.
pub fn put_back(changed: &Changed) {
    if changed.old != changed.new && read(&changed.path).is_ok_and(|present| present == changed.new) {
        let _ = write(&changed.path, &changed.old);
    }
}

/// A setting as it is.
pub fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(Path::new(ROOT).join(path)).map(|text| text.trim_end().to_owned())
}

/// Changes a setting for good.
pub fn write(path: &str, value: &str) -> io::Result<()> {
    fs::write(Path::new(ROOT).join(path), value)
}

const ROOT: &str = "/proc/sys/net";
