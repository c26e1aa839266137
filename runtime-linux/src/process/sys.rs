//! The one place where a child changes before it runs its program.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

use super::Account;

/// Lets a command run as somebody else. The daemon has to be root.
pub(super) fn become_user(command: &mut Command, account: &Account) {
    let uid = Uid::from_raw(account.uid);
    let gid = Gid::from_raw(account.gid);
    let groups: Vec<Gid> = account.groups.iter().copied().map(Gid::from_raw).collect();
    let change = move || {
        setgroups(&groups)?;
        setgid(gid)?;
        setuid(uid)?;
        Ok::<(), io::Error>(())
    };
    // SAFETY: between fork and exec only async-signal-safe functions may run. The closure makes three system
    // calls on values made before the fork; it allocates nothing and takes no lock. Its errors are bare error
    // numbers.
    unsafe { command.pre_exec(change) };
}
