//! The virtual machine that has IPVS.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

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
    // What it printed there.
    let own = log.split_once(&format!("---- {name} stdout ----\n")).map_or("", |(_, rest)| rest);
    print!("{}", own.split_once("\n\n\n").map_or(own, |(own, _)| own));
}

/// What `ipvsadm` prints where the calling thread is.
pub(crate) fn ipvsadm(arguments: &[&str]) -> String {
    let output = Command::new("ipvsadm").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What every test of this binary said in the virtual machine.
static LOG: LazyLock<io::Result<String>> = LazyLock::new(|| {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/vm-run"))
        .args(["--timeout", "600", "--"])
        .arg(std::env::current_exe()?)
        .args(["--include-ignored", "--test-threads=1", "--color=never", "--show-output"])
        .output()?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(format!("{out}{err}"))
});
