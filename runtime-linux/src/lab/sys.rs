//! What runs between fork and exec: the only unsafe code of the laboratory.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, Pid, Uid, chroot, fchdir, getppid};

use super::entrance::map_to_root;
use super::namespace::Namespace;

/// Makes `command` start inside `namespace`, in a process group of its own, and die with the thread that
/// starts it.
pub(super) fn inside(command: &mut Command, namespace: Arc<Namespace>) {
    let parent = Pid::this();
    command.process_group(0);
    // SAFETY: the closure makes system calls on descriptors and constants only; it allocates nothing, takes no
    // lock and does not panic, so it is sound in the child of a threaded process.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(Signal::SIGKILL)?;
            if getppid() != parent {
                return Err(io::ErrorKind::BrokenPipe.into()); // the parent died before the line above
            }
            SigSet::empty().thread_set_mask()?; // the laboratory may block what ends it, a daemon must not
            setns(&namespace.network, CloneFlags::CLONE_NEWNET)?;
            setns(&namespace.mounts, CloneFlags::CLONE_NEWNS)?;
            fchdir(&namespace.root)?;
            chroot(".")?;
            Ok(())
        });
    }
}

/// Makes `command` start in a user namespace of its own, as root of it, and die with the thread that starts it.
pub(super) fn in_user_namespace(command: &mut Command, user: Uid, group: Gid) {
    // SAFETY: `map_to_root` allocates, which is sound here because glibc and musl keep malloc usable in the
    // child of a threaded process (they take its locks around fork); the rest are bare system calls.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(Signal::SIGKILL)?;
            unshare(CloneFlags::CLONE_NEWUSER)?;
            map_to_root(user, group)
        });
    }
}
