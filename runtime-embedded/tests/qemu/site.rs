//! A network namespace with a bridge: a TAP device for a board, and a daemon.

use core::cell::Cell;
use core::time::Duration;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::board::within;
use crate::namespace::{Namespace, run};

/// The namespace. It is gone with the value.
pub(crate) struct Site {
    pub(crate) namespace: Namespace,
    directory: PathBuf,
    starts: Cell<u32>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let namespace = Namespace::new();
        let directory = std::env::temp_dir().join(namespace.name());
        std::fs::create_dir_all(&directory).expect("a directory");
        namespace.ip(&[
            // A TAP device has a carrier only while a board is on it, and the daemon's interface is to have one always.
            "link add lan type bridge",
            "link add other type veth peer name end",
            "link set end up",
            "tuntap add dev tap0 mode tap",
            "link set other master lan up",
            "link set tap0 master lan up",
            "address add 192.0.2.9/24 dev lan",
            "link set lan up",
        ]);
        Self { namespace, directory, starts: Cell::new(0) }
    }

    /// Starts a daemon with this configuration file as its last argument.
    pub(crate) fn daemon(&self, program: &str, arguments: &[&str], config: &str) -> Daemon {
        let start = self.starts.replace(self.starts.get() + 1);
        let file = self.directory.join("daemon.conf");
        std::fs::write(&file, config).expect("a file");
        // One of its own for each process of keepalived, or it takes another play's for its own.
        let pid = |of| self.directory.join(format!("{start}{of}.pid"));
        let log = self.directory.join(format!("{start}.log"));
        let mut command = self.namespace.command(program);
        command.args(arguments).arg(&file).arg("-p").arg(pid("")).arg("-r").arg(pid("-vrrp"));
        let child = command
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a file"))
            .stdin(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        Daemon { child, log }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A daemon. It and its children are killed with the value, all at once and without a word.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Everything that it said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn terminate(mut self) {
        run(Command::new("kill").arg(self.child.id().to_string()));
        assert!(within(Duration::from_secs(10), || matches!(self.child.try_wait(), Ok(Some(_)))));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Whoever watches over the others is held first and goes last: nobody has the time to resign.
        let mut family = vec![self.child.id().to_string()];
        let mut next = 0;
        while next < family.len() {
            let path = format!("/proc/{0}/task/{0}/children", family[next]);
            let children = std::fs::read_to_string(path).unwrap_or_default();
            family.extend(children.split_whitespace().map(str::to_owned));
            next += 1;
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill").args(["-STOP", &family[0]]).status();
            let _ = Command::new("kill").arg("-KILL").args(family.iter().rev()).status();
        }
        let _ = self.child.wait();
    }
}
