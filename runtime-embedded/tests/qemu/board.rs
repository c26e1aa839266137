//! One board in QEMU: its image, its serial line, its end.

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::hub::Hub;
use crate::namespace::Namespace;
use crate::site::Site;

/// The board. It loses its power with the value.
pub(crate) struct Board {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Board {
    /// The board with one port that has this number, which is the last byte of its MAC, on a hub.
    pub(crate) fn on_hub(hub: &Hub, number: u8) -> Self {
        Self::with_one_port(Command::new("qemu-system-arm"), &hub.plug(), number)
    }

    /// The same on the site's TAP device.
    pub(crate) fn on_tap(site: &Site, number: u8) -> Self {
        let netdev = format!("tap,id=n0,{TAP}tap0");
        Self::with_one_port(site.namespace.command("qemu-system-arm"), &netdev, number)
    }

    /// The machine with two ports that has this number, on two TAP devices of a namespace.
    pub(crate) fn between(namespace: &Namespace, taps: [&str; 2], number: u8) -> Self {
        let image = artifact("GATEWAY", "firmware/aarch64-unknown-none/release/virt");
        let mut command = namespace.command("qemu-system-aarch64");
        command.args(["-M", "virt,gic-version=2", "-cpu", "cortex-a53", "-m", "32", "-accel", "tcg"]);
        for (port, tap) in taps.into_iter().enumerate() {
            command.args(["-netdev", &format!("tap,id=n{port},{TAP}{tap}")]);
            let mac = format!("02:00:00:00:{port:02x}:{number:02x}");
            command.args(["-device", &format!("virtio-net-device,netdev=n{port},mac={mac}")]);
        }
        Self::start(command, &image)
    }

    fn with_one_port(mut command: Command, netdev: &str, number: u8) -> Self {
        let image = artifact("FIRMWARE", "firmware/thumbv7m-none-eabi/release/mps2-an385");
        Self::mps2(&mut command, netdev, number);
        Self::start(command, &image)
    }

    /// The same board with the image that has a director and checks, on a TAP device of a namespace.
    pub(crate) fn director(namespace: &Namespace, tap: &str, number: u8) -> Self {
        let image = artifact("DIRECTOR", "firmware/thumbv7m-none-eabi/release/mps2-an385-director");
        let mut command = namespace.command("qemu-system-arm");
        Self::mps2(&mut command, &format!("tap,id=n0,{TAP}{tap}"), number);
        Self::start(command, &image)
    }

    fn mps2(command: &mut Command, netdev: &str, number: u8) {
        command.args(["-M", "mps2-an385", "-netdev", netdev]);
        command.args(["-net", &format!("nic,netdev=n0,macaddr=02:00:00:00:00:{number:02x}")]);
    }

    /// The processor time that it has used on the host.
    pub(crate) fn processor_time(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it runs");
        // Nanoseconds, waiting time, time slices.
        let times = tasks.filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(times.sum())
    }

    fn start(mut command: Command, image: &str) -> Self {
        command
            .args(["-display", "none", "-monitor", "none", "-serial", "stdio"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel", image])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("QEMU starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                heard.lock().expect("no thread panics").push(line);
            }
        });
        Self { child, lines }
    }

    /// Everything that it said.
    pub(crate) fn log(&self) -> String {
        self.lines.lock().expect("no thread panics").join("\n")
    }

    pub(crate) fn said(&self, text: &str) -> bool {
        self.log().contains(text)
    }

    /// The most bytes of stack that it says it has used.
    pub(crate) fn deepest_stack(&self) -> usize {
        let log = self.log();
        let depths =
            log.lines().filter_map(|line| line.split_once("stack: ")?.1.strip_suffix(" bytes")?.parse().ok());
        depths.max().expect("it says so")
    }

    /// Waits until it has said this.
    pub(crate) fn expect(&self, text: &str, patience: Duration) {
        assert!(within(patience, || self.said(text)), "not said: {text}\n{}", self.log());
    }

    /// The same from now on.
    pub(crate) fn expect_again(&self, text: &str, patience: Duration) {
        let before = self.log().len();
        assert!(
            within(patience, || self.log()[before..].contains(text)),
            "not said again: {text}\n{}",
            self.log()
        );
    }

    /// Tells it to stop in good order, and sees that it does.
    pub(crate) fn stop(mut self) {
        self.child.stdin.take().expect("it is piped").write_all(b"q").expect("it reads");
        assert!(
            within(Duration::from_secs(5), || matches!(self.child.try_wait(), Ok(Some(_)))),
            "{}",
            self.log()
        );
        let status = self.child.wait().expect("it has ended");
        assert!(status.success(), "{status}: {}", self.log());
    }
}

/// How QEMU takes a TAP device that is there.
const TAP: &str = "script=no,downscript=no,ifname=";

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file that another step has built: where the variable says, or in the target directory.
pub(crate) fn artifact(variable: &str, path: &str) -> String {
    let path = std::env::var(variable)
        .unwrap_or_else(|_| format!("{}/../target/{path}", env!("CARGO_MANIFEST_DIR")));
    assert!(std::path::Path::new(&path).exists(), "{path} is not built; .ci/firmware does it");
    path
}

/// Whether something comes true in time.
#[expect(clippy::disallowed_methods, reason = "the test looks on from outside, in real time")]
pub(crate) fn within(patience: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if is_true() {
            return true;
        }
        if start.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
