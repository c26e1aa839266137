//! Whether anything in a process group is alive.

use std::fs;

use nix::sys::signal::killpg;
use nix::unistd::Pid;

/// Whether a process of the group is alive.
///
/// The kernel alone would count the dead too, until their parent has looked at them. That parent is process 1
/// for what a script left behind, and in containers process 1 often takes long, or never looks.
pub(super) fn lives(group: Pid) -> bool {
    if killpg(group, None).is_err() {
        return false;
    }
    // Without /proc only the kernel's answer is left.
    let Ok(processes) = fs::read_dir("/proc") else { return true };
    processes
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().first().is_some_and(u8::is_ascii_digit))
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .any(|stat| is_alive_in(group, &stat))
}

/// Reads a line of `/proc/PID/stat`: state and group are the first and third fields behind the name, which ends
/// with the last parenthesis (`proc_pid_stat(5)`).
fn is_alive_in(group: Pid, stat: &str) -> bool {
    let Some((_, fields)) = stat.rsplit_once(") ") else { return false };
    let mut fields = fields.split(' ');
    let state = fields.next().unwrap_or_default();
    fields.nth(1).and_then(|field| field.parse().ok()) == Some(group.as_raw()) && !["Z", "X"].contains(&state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_alive_in_its_group_unless_it_waits_to_be_reaped() {
        let group = Pid::from_raw(70);
        assert!(is_alive_in(group, "71 (sh) S 1 70 70 0 -1"));
        assert!(is_alive_in(group, "71 (odd ) Z 1 name) R 1 70 70 0 -1"));
        assert!(!is_alive_in(group, "71 (sh) Z 1 70 70 0 -1"));
        assert!(!is_alive_in(group, "71 (sh) S 70 1 1 0 -1"));
        assert!(!is_alive_in(group, "nonsense"));
    }

    #[test]
    fn our_own_group_is_alive_and_one_that_cannot_be_is_not() {
        assert!(lives(nix::unistd::getpgrp()));
        assert!(!lives(Pid::from_raw(i32::MAX)));
    }
}
