//! The virtual machine that has IPVS.

use core::time::Duration;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

/// Runs the body of a test in the virtual machine.
pub(crate) fn inside(body: impl FnOnce()) {
    if std::env::var_os("VMRUN_GUEST").is_some() {
        // Namespaces that are made before a module is there have none of its files.
        if !Path::new("/proc/net/ip_vs").exists() {
            assert!(Command::new("modprobe").args(["-a", "ipv6", "ip_vs"]).status().unwrap().success());
        }
        return body();
    }
    let log = LOG.as_ref().unwrap();
    let thread = std::thread::current();
    let name = thread.name().unwrap();
    assert!(log.contains(&format!("test {name} ... ok\n")), "{log}");
}

/// What `ipvsadm` prints where the calling thread is.
pub(crate) fn ipvsadm(arguments: &[&str]) -> String {
    let output = Command::new("ipvsadm").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Looks again and again until it sees something.
pub(crate) fn until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if start.elapsed() > patience {
            return None;
        }
        std::thread::park_timeout(PAUSE);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test measures what passes outside of the daemon")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(30);

/// What every test of this binary said in the virtual machine.
static LOG: LazyLock<io::Result<String>> = LazyLock::new(|| {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/vm-run"))
        .args(["--timeout", "600", "--"])
        .arg(std::env::current_exe()?)
        .args(["--include-ignored", "--test-threads=1", "--color=never"])
        .output()?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(format!("{out}{err}"))
});
