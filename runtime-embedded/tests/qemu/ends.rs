//! A machine that cannot go on says why, and ends rather than hang.

use std::process::{Command, Stdio};

use crate::board::artifact;

#[test]
#[ignore = "needs QEMU and the firmware image with two ports"]
fn a_panic_and_a_fault_are_reported_and_end_the_machine() {
    let ports = ["-device", "virtio-net-device", "-device", "virtio-net-device"];
    for (machine, devices, words) in [
        ("virt,gic-version=2", &[][..], "the machine has two virtio network devices"),
        // There is nothing where this one's interrupt controller would be, so the first access to it faults.
        ("virt,gic-version=3", &ports[..], "fault 0x96000050 at 0x"),
    ] {
        let image = artifact("GATEWAY", "firmware/aarch64-unknown-none/release/virt");
        let output = Command::new("timeout")
            .args([
                "20",
                "qemu-system-aarch64",
                "-cpu",
                "cortex-a53",
                "-m",
                "32",
                "-accel",
                "tcg",
                "-M",
                machine,
            ])
            .args([
                "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-kernel", &image,
            ])
            .args(["-semihosting-config", "enable=on,target=native"])
            .args(devices)
            .stdin(Stdio::null())
            .output()
            .expect("it can be started");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(words), "{said}");
        assert_eq!(output.status.code(), Some(1), "{said}");
    }
}
