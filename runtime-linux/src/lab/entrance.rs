//! The way in: what this process needs before it may make namespaces.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid};

use super::{Error, sys};

/// Makes this process able to build a laboratory. Call it before any other thread exists.
///
/// A process that may make network namespaces (root) stays as it is. Any other one moves into a user namespace
/// of its own, where it is root over what it makes and nothing else. Fails with the name of the setting that
/// stands in the way.
pub fn enter() -> Result<Place, Error> {
    if may_make_namespaces() {
        return Ok(Place::Machine);
    }
    let (user, group) = (Uid::effective(), Gid::effective());
    unshare(CloneFlags::CLONE_NEWUSER)
        .map_err(|errno| Error::new("entering a user namespace", obstacle(&errno.into())))?;
    map_to_root(user, group).map_err(Error::when("becoming root of the new user namespace"))?;
    if may_make_namespaces() {
        Ok(Place::UserNamespace)
    } else {
        Err(Error::new("making a network namespace", obstacle(&io::ErrorKind::PermissionDenied.into())))
    }
}

/// Where a process is once it may build a laboratory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where it was.
    Machine,
    /// In a user namespace of its own.
    UserNamespace,
}

/// Runs the body of a test that needs namespaces, as root or as anybody who may have user namespaces.
///
/// Tests share a process with threads, so it cannot enter a user namespace itself: as an ordinary user the
/// test's binary is started once more, with only this test, in a child that is in one. The test is told by the
/// name of its thread, as libtest sets it.
///
/// # Panics
///
/// When the body panics, or the child's did, or neither root nor user namespaces are to be had.
pub fn test(body: impl FnOnce()) {
    if may_make_namespaces() {
        return body();
    }
    assert!(std::env::var_os(INSIDE).is_none(), "{}", obstacle(&io::ErrorKind::PermissionDenied.into()));
    let thread = std::thread::current();
    let name = thread.name().expect("libtest names the thread of a test");
    let mut command = Command::new("/proc/self/exe");
    command.args([name, "--exact", "--include-ignored", "--nocapture"]).env(INSIDE, "1").stdin(Stdio::null());
    sys::in_user_namespace(&mut command, Uid::effective(), Gid::effective());
    match command.status() {
        Ok(status) => assert!(status.success(), "{name} failed in its user namespace: {status}"),
        Err(refusal) => panic!("{}", obstacle(&refusal)),
    }
}

/// Maps `user` and `group` to 0 in the user namespace this process has just entered.
pub(super) fn map_to_root(user: Uid, group: Gid) -> io::Result<()> {
    // Without this an ordinary user may not map a group: user_namespaces(7), "Writing to /proc/PID/gid_map".
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1"))
}

/// Whether this process has the capabilities that networks of namespaces take.
///
/// It is read, not tried: a thread that tries might still count as one when the user namespace is entered.
fn may_make_namespaces() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    NEEDED.iter().all(|capability| effective & (1 << capability) != 0)
}

/// What stands between this user and a namespace, as exactly as the machine tells.
fn obstacle(refusal: &io::Error) -> String {
    let setting = |path: &str| fs::read_to_string(path).ok().map(|value| value.trim().to_owned());
    let reason = if setting("/proc/sys/user/max_user_namespaces").as_deref() == Some("0") {
        "user.max_user_namespaces is 0"
    } else if setting("/proc/sys/user/max_net_namespaces").as_deref() == Some("0") {
        "user.max_net_namespaces is 0"
    } else if setting("/proc/sys/kernel/unprivileged_userns_clone").as_deref() == Some("0") {
        "kernel.unprivileged_userns_clone is 0"
    } else if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1") {
        "kernel.apparmor_restrict_unprivileged_userns is 1"
    } else if !std::path::Path::new("/proc/self/ns/user").exists() {
        "this kernel is built without user namespaces (CONFIG_USER_NS)"
    } else {
        "something (a container's seccomp filter, a security module) forbids unshare"
    };
    format!("{refusal}: not root, and {reason}; run as root, or allow user namespaces")
}

/// Set in a child that `test` has started, so that it does not start another.
const INSIDE: &str = "STEADFAST_LAB_INSIDE";

/// `CAP_NET_ADMIN`, `CAP_NET_RAW`, `CAP_SYS_CHROOT` and `CAP_SYS_ADMIN` (linux/capability.h).
const NEEDED: [u32; 4] = [12, 13, 18, 21];
