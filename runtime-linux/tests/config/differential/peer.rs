//! The keepalived that is installed, in a network of its own.

use std::path::Path;
use std::process::Command;

use nix::sched::{CloneFlags, unshare};

/// Runs `body` in a network namespace with the links that configurations name.
pub(super) fn among_links<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    let inside = || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        for [link, peer] in [["eth0", "eth1"], ["ens33", "enp1s0"]] {
            ip(&["link", "add", link, "type", "veth", "peer", "name", peer]);
            ip(&["link", "set", link, "up"]);
            ip(&["link", "set", peer, "up"]);
        }
        body()
    };
    std::thread::scope(|scope| match scope.spawn(inside).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().unwrap();
    assert!(status.success(), "ip {}", arguments.join(" "));
}

/// The exit code of `keepalived -t` and what it said.
pub(super) fn keepalived(path: &Path) -> (i32, String) {
    let output = Command::new("keepalived")
        .args(["-i", "node1", "-t", "-f"])
        .arg(path)
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let code = output.status.code().unwrap_or(-1);
    (code, String::from_utf8_lossy(&output.stderr).into_owned())
}
