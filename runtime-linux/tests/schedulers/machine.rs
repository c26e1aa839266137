//! The virtual machine that has IPVS.

use std::io;
use std::process::Command;
use std::sync::LazyLock;

/// Runs the body of a test in the virtual machine; outside, looks at what became of it there.
pub(crate) fn inside(body: impl FnOnce()) {
    if std::env::var_os("VMRUN_GUEST").is_some() {
        return body();
    }
    let log = LOG.as_ref().unwrap();
    let thread = std::thread::current();
    let name = thread.name().unwrap();
    // What a test prints stands between its name and its result.
    let result = log
        .split(&format!("test {name} ... "))
        .nth(1)
        .and_then(|rest| rest.lines().find(|line| ["ok", "FAILED"].contains(line)));
    assert_eq!(result, Some("ok"), "{log}");
    log.lines().filter(|line| line.contains("to the same servers")).for_each(|line| println!("{line}"));
}

/// What `ipvsadm` prints.
pub(crate) fn ipvsadm(arguments: &[&str]) -> String {
    let output = Command::new("ipvsadm").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What every test of this binary said in the virtual machine, in one boot.
static LOG: LazyLock<io::Result<String>> = LazyLock::new(|| {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/vm-run"))
        .args(["--timeout", "300", "--"])
        .arg(std::env::current_exe()?)
        .args(["--include-ignored", "--test-threads=1", "--color=never", "--nocapture"])
        .output()?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(format!("{out}{err}"))
});
