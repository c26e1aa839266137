//! A host's share of the machine: its network, and a view of the files with parts of its own.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{chroot, fchdir};

use super::Error;

/// A network namespace and a mount namespace, held by descriptors.
///
/// The root directory is a memory file system: `/run` is empty and the host's own, every other directory of the
/// machine shows through, and [`Namespace::install`] adds to it. It goes with the last descriptor or process.
#[derive(Debug)]
pub(super) struct Namespace {
    /// `setns` with `CLONE_NEWNET` leads here.
    pub(super) network: OwnedFd,
    /// `setns` with `CLONE_NEWNS` leads here; then the root has to be changed to `root`.
    pub(super) mounts: OwnedFd,
    /// The root directory of the host.
    pub(super) root: OwnedFd,
}

impl Namespace {
    /// A network without links (loopback is there and down), and the machine's files.
    pub(super) fn new() -> Result<Self, Error> {
        // The thread is left behind in the namespaces and ends; the descriptors keep them.
        std::thread::scope(|scope| scope.spawn(Self::build).join().expect("build returns its errors"))
    }

    fn build() -> Result<Self, Error> {
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)
            .map_err(Error::when("making a network and a mount namespace"))?;
        let nothing = None::<&str>;
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
            .map_err(Error::when("keeping mounts from the machine"))?;
        // /run is the one directory the host must not share, so the new root may cover it.
        mount(Some("lab"), ROOT, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=755"))
            .map_err(Error::when("mounting the root of a host"))?;
        for entry in fs::read_dir("/").map_err(Error::when("reading /"))? {
            let entry = entry.map_err(Error::when("reading /"))?;
            let (from, to) = (entry.path(), Path::new(ROOT).join(entry.file_name()));
            show_through(&from, &to).map_err(Error::when(format!("showing {} to a host", from.display())))?;
        }
        let open = |path: &str| File::open(path).map_err(Error::when(format!("opening {path}")));
        Ok(Self {
            network: open("/proc/thread-self/ns/net")?.into(),
            mounts: open("/proc/thread-self/ns/mnt")?.into(),
            root: open(ROOT)?.into(),
        })
    }

    /// Runs `body` on a thread that is in this network; sockets made there stay in it.
    ///
    /// A panic of the body is passed on.
    pub(super) fn run<T: Send>(&self, body: impl FnOnce() -> T + Send) -> Result<T, Error> {
        let inside = || {
            self.enter()?;
            Ok(body())
        };
        std::thread::scope(|scope| match scope.spawn(inside).join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    /// Moves the calling thread into this network, for good.
    pub(super) fn enter(&self) -> Result<(), Error> {
        setns(&self.network, CloneFlags::CLONE_NEWNET).map_err(Error::when("entering a network namespace"))
    }

    /// Writes a setting under `/proc/sys/net`, `ipv4/ip_forward` for instance.
    pub(super) fn set(&self, setting: &str, value: &str) -> Result<(), Error> {
        let path = format!("/proc/sys/net/{setting}");
        self.run(|| fs::write(&path, value))?.map_err(Error::when(format!("writing {value} to {path}")))
    }

    /// Makes this host, and only it, see the program `other` wherever it runs `path`. Both must exist.
    pub(super) fn cover(&self, path: &Path, other: &Path) -> Result<(), Error> {
        let inside = || -> nix::Result<()> {
            // A thread shares its root and working directory with the others until it says otherwise.
            unshare(CloneFlags::CLONE_FS)?;
            setns(&self.mounts, CloneFlags::CLONE_NEWNS)?;
            fchdir(&self.root)?;
            chroot(".")?;
            mount(Some(other), path, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        };
        let covered = std::thread::scope(|scope| scope.spawn(inside).join().expect("it returns its errors"));
        covered.map_err(Error::when(format!("covering {} with {}", path.display(), other.display())))
    }

    /// Puts a file into the host's own part of its files, with its directories.
    ///
    /// Refused where the machine's files show through: nothing of the machine is ever written.
    pub(super) fn install(&self, path: &Path, contents: &[u8], mode: u32) -> Result<(), Error> {
        let here = self.own(path)?;
        let write = || {
            let parent = here.parent().expect("an own path has at least two parts");
            DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&here)?;
            fs::write(&here, contents)?;
            fs::set_permissions(&here, fs::Permissions::from_mode(mode))
        };
        write().map_err(Error::when(format!("writing {} of a host", path.display())))
    }

    /// Reads a file of the host's own part.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, Error> {
        fs::read(self.own(path)?).map_err(Error::when(format!("reading {} of a host", path.display())))
    }

    /// The path by which this process reaches `path` of the host.
    fn own(&self, path: &Path) -> Result<PathBuf, Error> {
        let mut parts = path.components();
        let (Some(Component::RootDir), Some(Component::Normal(first)), Some(_)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::new(path.display().to_string(), "wanted /directory/file"));
        };
        let shared = first != "run" && Path::new("/").join(first).symlink_metadata().is_ok();
        if shared || path.components().any(|part| part == Component::ParentDir) {
            return Err(Error::new(
                path.display().to_string(),
                "not a host's own: the machine has files there",
            ));
        }
        let relative = path.strip_prefix("/").expect("it begins with RootDir");
        Ok(Path::new(&format!("/proc/self/fd/{}", self.root.as_raw_fd())).join(relative))
    }
}

/// Makes `from` of the machine visible as `to`, below [`ROOT`].
fn show_through(from: &Path, to: &Path) -> io::Result<()> {
    let kind = from.symlink_metadata()?.file_type();
    if kind.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if !kind.is_dir() {
        return Ok(()); // a stray file in / is nobody's business
    }
    fs::create_dir(to)?;
    if from == Path::new(ROOT) {
        return Ok(());
    }
    let nothing = None::<&str>;
    Ok(mount(Some(from), to, nothing, MsFlags::MS_BIND | MsFlags::MS_REC, nothing)?)
}

/// Where a host's root is mounted, as seen in its mount namespace.
const ROOT: &str = "/run";
