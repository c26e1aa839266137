//! What `up` remembers until `down`: one small file for each network namespace.

use core::net::IpAddr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::setting::Setting;

/// Everything that was set up in one network namespace and not yet undone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Which namespace this is about: inode numbers of dead namespaces are given to new ones, cookies are not.
    pub(super) cookie: Option<u64>,
    /// The addresses.
    pub(super) addresses: Vec<Held>,
    /// The settings that they share.
    pub(super) settings: Vec<Changed>,
}

impl State {
    /// True when there is nothing to undo.
    pub(super) fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.settings.is_empty()
    }
}

/// An address that this host takes packets for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// The virtual address.
    pub(super) address: IpAddr,
    /// The interface that has it.
    pub(super) interface: String,
    /// False: it was there before, and stays.
    pub(super) added: bool,
    /// The kernel kept our mark on it, so that one put there by somebody else can be told from it.
    pub(super) marked: bool,
}

/// A setting that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Changed {
    /// Which.
    pub(super) setting: Setting,
    /// What it was.
    pub(super) previous: i32,
    /// What it was set to.
    pub(super) ours: i32,
}

/// The file, locked against other processes for as long as this lives.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    cookie: Option<u64>,
    _lock: Flock<File>,
}

impl Store {
    /// Opens the store of the namespace with inode number `inode` in `directory`, which is made if need be.
    /// Waits while another process has it.
    pub(super) fn open(directory: &Path, inode: u64, cookie: Option<u64>) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
        let lock = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join("realserver.lock"))?;
        let lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
        Ok(Self { path: directory.join(format!("realserver-{inode}.json")), cookie, _lock: lock })
    }

    /// Opens it where this user may: `/run/steadfast`, else below `$XDG_RUNTIME_DIR`.
    pub(super) fn open_usual(inode: u64, cookie: Option<u64>) -> anyhow::Result<Self> {
        let refused = match Self::open(Path::new(DIRECTORY), inode, cookie) {
            Ok(store) => return Ok(store),
            Err(error) => error,
        };
        let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR").filter(|value| !value.is_empty()) else {
            bail!(
                "cannot keep what is changed in {DIRECTORY} ({refused}), and XDG_RUNTIME_DIR is not set; \
                 run it with sudo"
            );
        };
        let directory = Path::new(&runtime).join("steadfast");
        Self::open(&directory, inode, cookie).with_context(|| {
            format!("cannot keep what is changed in {DIRECTORY} ({refused}) nor in {}", directory.display())
        })
    }

    /// What is remembered; nothing if there is no file, or one of a namespace that is gone.
    pub(super) fn load(&self) -> anyhow::Result<State> {
        let nothing = State { cookie: self.cookie, ..State::default() };
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(nothing),
            Err(error) => return Err(error).with_context(|| format!("reading {}", self.path.display())),
        };
        let state: State = serde_json::from_slice(&text).with_context(|| {
            format!("{} is damaged: delete it, and undo by hand what it named", self.path.display())
        })?;
        let gone = state.cookie.is_some() && self.cookie.is_some() && state.cookie != self.cookie;
        Ok(if gone { nothing } else { state })
    }

    /// Remembers `state`: the file is the old one or the new one, at any moment.
    pub(super) fn save(&self, state: &State) -> anyhow::Result<()> {
        let write = || {
            if state.is_empty() {
                return match fs::remove_file(&self.path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    Ok(()) | Err(_) => Ok(()),
                };
            }
            let beside = self.path.with_extension("json.new");
            let mut file = File::create(&beside)?;
            file.write_all(&serde_json::to_vec_pretty(state)?)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)
        };
        write().with_context(|| format!("writing {}", self.path.display()))
    }
}

const DIRECTORY: &str = "/run/steadfast";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_comes_back_and_an_empty_state_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("deep/er"), 7, Some(3)).unwrap();
        assert!(store.load().unwrap().is_empty());
        let state = some_state();
        store.save(&state).unwrap();
        assert_eq!(store.load().unwrap(), state);
        store.save(&State::default()).unwrap();
        store.save(&State::default()).unwrap();
        assert!(!store.path.exists());
    }

    #[test]
    fn the_state_of_a_namespace_that_is_gone_is_not_ours() {
        let directory = tempfile::tempdir().unwrap();
        Store::open(directory.path(), 7, Some(3)).unwrap().save(&some_state()).unwrap();
        assert!(Store::open(directory.path(), 7, Some(4)).unwrap().load().unwrap().is_empty());
        assert_eq!(Store::open(directory.path(), 7, None).unwrap().load().unwrap(), some_state());
    }

    #[test]
    fn a_damaged_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), 7, None).unwrap();
        fs::write(&store.path, "{\"cookie\":").unwrap();
        let error = format!("{:#}", store.load().unwrap_err());
        assert!(error.contains("realserver-7.json is damaged: delete it"), "{error}");
    }

    fn some_state() -> State {
        State {
            cookie: Some(3),
            addresses: vec![Held {
                address: [198, 18, 0, 100].into(),
                interface: "lo".into(),
                added: true,
                marked: true,
            }],
            settings: vec![Changed { setting: Setting::ignore("all"), previous: 0, ours: 1 }],
        }
    }
}
