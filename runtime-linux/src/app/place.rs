//! Where a daemon lives: its network namespace, and where its pid file and control socket are.
//!
//! As with keepalived, several daemons can live beside each other on one host. One in a network namespace sees the
//! directory `/run/keepalived/NAME` as `/run/keepalived`.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use tracing::info;

use crate::args::Run;
use crate::config::model::Global;

/// Goes to where the configuration and the command line say; returns the command line with what follows from that.
/// The process must have one thread.
///
/// # Errors
/// The namespace does not exist, or may not be entered.
pub(super) fn settle(run: &Run, global: &Global) -> anyhow::Result<Run> {
    let mut run = run.clone();
    if let Some(name) = run.namespace.clone().or_else(|| global.namespace.clone()) {
        enter(&name).with_context(|| format!("network namespace {name}"))?;
        info!("runs in network namespace {name}; {DIRECTORY} is {DIRECTORY}/{name} there");
        run.namespace = Some(name);
    }
    if run.pid_file.is_none()
        && let Some(path) =
            pid_path(run.namespace.is_some() || global.pid_directory, global.instance.as_deref())
    {
        make(Path::new(DIRECTORY)).with_context(|| format!("cannot make {DIRECTORY}"))?;
        run.pid_file = Some(path);
    }
    Ok(run)
}

/// The pid file, where it is not the usual one.
fn pid_path(apart: bool, instance: Option<&str>) -> Option<PathBuf> {
    match (instance, apart) {
        (Some(instance), _) => Some(Path::new(DIRECTORY).join(format!("keepalived_{instance}.pid"))),
        (None, true) => Some(Path::new(DIRECTORY).join("keepalived.pid")),
        (None, false) => None,
    }
}

fn enter(name: &str) -> anyhow::Result<()> {
    let path = Path::new(NAMESPACES).join(name);
    let network = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let own = Path::new(DIRECTORY).join(name);
    make(Path::new(DIRECTORY))
        .and_then(|()| make(&own))
        .with_context(|| format!("cannot make {}", own.display()))?;
    unshare(CloneFlags::CLONE_NEWNS).context("cannot have mounts of its own (CAP_SYS_ADMIN)")?;
    let nothing = None::<&str>;
    // What others mount is seen here; what is mounted here, nobody else sees.
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_SLAVE, nothing)
        .context("cannot keep mounts apart")?;
    mount(Some(&own), DIRECTORY, nothing, MsFlags::MS_BIND, nothing)
        .with_context(|| format!("cannot mount {} on {DIRECTORY}", own.display()))?;
    setns(&network, CloneFlags::CLONE_NEWNET).context("cannot enter it (CAP_SYS_ADMIN)")
}

fn make(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o755).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Whatever umask the daemon has, a directory must be passable.
        made => made.and_then(|()| fs::set_permissions(directory, Permissions::from_mode(0o755))),
    }
}

/// Where daemons that are not the only one keep their pid files.
const DIRECTORY: &str = "/run/keepalived";
/// Where `ip netns` keeps network namespaces.
const NAMESPACES: &str = "/run/netns";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_files_are_called_as_keepalived_calls_them() {
        let path = |apart, instance| pid_path(apart, instance).map(|path| path.display().to_string());
        assert_eq!(path(false, None), None);
        assert_eq!(path(true, None).as_deref(), Some("/run/keepalived/keepalived.pid"));
        assert_eq!(path(false, Some("x")).as_deref(), Some("/run/keepalived/keepalived_x.pid"));
        assert_eq!(path(true, Some("x")).as_deref(), Some("/run/keepalived/keepalived_x.pid"));
    }

    #[test]
    fn a_namespace_that_does_not_exist_is_named() {
        let error = format!("{:#}", enter("no such namespace").unwrap_err());
        assert_eq!(error, "cannot open /run/netns/no such namespace: No such file or directory (os error 2)");
    }
}
