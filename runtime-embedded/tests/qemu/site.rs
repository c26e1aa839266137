//! A network namespace with a bridge: a TAP device for a board, and a daemon.

use core::cell::Cell;
use core::time::Duration;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::board::within;

/// The namespace. It is gone with the value.
pub(crate) struct Site {
    name: String,
    directory: PathBuf,
    starts: Cell<u32>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("test").bytes().map(u32::from).sum::<u32>();
        let name = format!("firmware-{}-{test}", std::process::id());
        let directory = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&directory).expect("a directory");
        run(Command::new("ip").args(["netns", "add", &name]));
        let site = Self { name, directory, starts: Cell::new(0) };
        for words in [
            "link set lo up",
            // A TAP device has a carrier only while a board is on it, and the daemon's interface is to have one always.
            "link add lan type bridge",
            "link add other type veth peer name end",
            "link set end up",
            "tuntap add dev tap0 mode tap",
            "link set other master lan up",
            "link set tap0 master lan up",
            "address add 192.0.2.9/24 dev lan",
            "link set lan up",
        ] {
            run(site.command("ip").args(words.split(' ')));
        }
        site
    }

    /// A command to run in the namespace.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// The daemon's addresses.
    pub(crate) fn addresses(&self) -> String {
        let output = self.command("ip").args(["-4", "address", "show", "dev", "lan"]).output();
        String::from_utf8_lossy(&output.expect("ip runs").stdout).into_owned()
    }

    /// Starts a daemon with this configuration file as its last argument.
    pub(crate) fn daemon(&self, program: &str, arguments: &[&str], config: &str) -> Daemon {
        let start = self.starts.replace(self.starts.get() + 1);
        let file = self.directory.join("daemon.conf");
        std::fs::write(&file, config).expect("a file");
        let pid = self.directory.join(format!("{start}.pid"));
        let log = std::fs::File::create(self.directory.join(format!("{start}.log"))).expect("a file");
        let mut command = self.command(program);
        command.args(arguments).arg(&file).arg("-p").arg(&pid);
        let child = command
            .stdout(Stdio::null())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        Daemon { child }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A daemon that is ended with its value.
pub(crate) struct Daemon {
    child: Child,
}

impl Daemon {
    /// Asks it to stop, and waits until it has.
    pub(crate) fn terminate(mut self) {
        run(Command::new("kill").arg(self.child.id().to_string()));
        assert!(within(Duration::from_secs(10), || matches!(self.child.try_wait(), Ok(Some(_)))));
    }

    /// Ends it and its children at once, without a word.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Its children first stop being able to notice, then all go.
        let mut family = vec![self.child.id().to_string()];
        let mut next = 0;
        while next < family.len() {
            let path = format!("/proc/{0}/task/{0}/children", family[next]);
            let children = std::fs::read_to_string(path).unwrap_or_default();
            family.extend(children.split_whitespace().map(str::to_owned));
            next += 1;
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill").arg("-9").args(&family).status();
        }
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) {
    let status = command.status().expect("it can be started");
    assert!(status.success(), "{command:?}: {status}");
}
