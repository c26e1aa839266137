//! A network namespace, and threads of the test that look out from inside it.

use core::sync::atomic::{AtomicU32, Ordering};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

/// The namespace. It is gone with the value.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// A new one, with its loopback interface up.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("firmware-{}-{number}", std::process::id());
        run(Command::new("ip").args(["netns", "add", &name]));
        let namespace = Self { name };
        namespace.ip(&["link set lo up"]);
        namespace
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A command to run in it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// `ip` with each of these lines.
    pub(crate) fn ip(&self, lines: &[&str]) {
        for line in lines {
            run(self.command("ip").args(line.split(' ')));
        }
    }

    /// A thread of the test that sees the namespace's network.
    pub(crate) fn thread<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let place = std::fs::File::open(format!("/run/netns/{}", self.name)).expect("the namespace is there");
        std::thread::spawn(move || {
            nix::sched::setns(&place, nix::sched::CloneFlags::CLONE_NEWNET).expect("root may enter it");
            work()
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).stderr(Stdio::null()).status();
    }
}

pub(crate) fn run(command: &mut Command) {
    let status = command.status().expect("it can be started");
    assert!(status.success(), "{command:?}: {status}");
}
