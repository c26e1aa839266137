//! A host with a daemon on it that directs.

use core::time::Duration;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use runtime_linux::lab::{CONFIGURATION, Daemon, Node, Process};

use crate::machine::ipvsadm;
use crate::memory::Account;
use crate::waiting::{self, PATIENCE};

/// Debian's keepalived or steadfast on a host.
pub(crate) struct Director {
    pub(crate) node: Node,
    daemon: Daemon,
    process: Option<Process>,
}

impl Director {
    /// keepalived without its VRRP process.
    pub(crate) fn keepalived(node: Node) -> Self {
        let arguments = ["-n", "-l", "-D", "-G", "-C", "-f", "{conf}"];
        let (name, program) = ("keepalived".into(), "keepalived".into());
        let daemon = Daemon { name, program, arguments: arguments.map(str::to_owned).into() };
        Self { node, daemon, process: None }
    }

    /// The program of this workspace as it is given to others, where that was built.
    pub(crate) fn release(node: Node) -> Self {
        let program = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/steadfast"));
        if program.exists() { Self::of(node, program.into()) } else { Self::steadfast(node) }
    }

    /// The program of this workspace.
    pub(crate) fn steadfast(node: Node) -> Self {
        Self::of(node, env!("CARGO_BIN_EXE_steadfast").into())
    }

    fn of(node: Node, program: PathBuf) -> Self {
        let mut daemon = Daemon::steadfast(program);
        daemon.arguments.push("-G".to_owned());
        Self { node, daemon, process: None }
    }

    /// From its start on its memory is counted here.
    pub(crate) fn charge(&mut self, account: &Account) {
        let (program, before) = account.of(&self.daemon.program);
        self.daemon.program = program;
        self.daemon.arguments.splice(0..0, before);
    }

    /// With one flag more from the next start on.
    pub(crate) fn with(mut self, flag: &str) -> Self {
        self.daemon.arguments.push(flag.to_owned());
        self
    }

    /// With its usual flags again.
    pub(crate) fn without(&mut self, flag: &str) {
        self.daemon.arguments.retain(|argument| argument != flag);
    }

    pub(crate) fn name(&self) -> &str {
        &self.daemon.name
    }

    pub(crate) fn start(&mut self, text: &str) {
        self.process = Some(self.daemon.start(&self.node, text.as_bytes(), false).unwrap());
    }

    /// The daemon reads this file from now on.
    pub(crate) fn reload(&self, text: &str) {
        self.node.install(CONFIGURATION, text.as_bytes(), 0o644).unwrap();
        self.process().signal(Signal::SIGHUP).unwrap();
    }

    /// Ends the daemon as an administrator does; how long that took.
    pub(crate) fn stop(&mut self) -> Duration {
        let start = waiting::now();
        let ended = self.process().stop(PATIENCE).unwrap();
        assert!(ended.is_some_and(|status| status.success()), "{ended:?}{}", self.log());
        start.elapsed()
    }

    pub(crate) fn process(&self) -> &Process {
        self.process.as_ref().expect("it was started")
    }

    /// What `/proc/net/ip_vs` says: the cheapest look at services, real servers and weights.
    pub(crate) fn glance(&self) -> String {
        let read = || {
            let mut file = File::open("/proc/thread-self/net/ip_vs").unwrap();
            // The kernel fills a page at a time, and loses its place between two where another namespace has services:
            // small tables come whole from one large read.
            let (mut text, mut page) = (Vec::new(), vec![0; 1 << 16]);
            loop {
                match file.read(&mut page).unwrap() {
                    0 => return String::from_utf8(text).unwrap(),
                    length => text.extend(&page[..length]),
                }
            }
        };
        services(&self.node.run(read).unwrap())
    }

    pub(crate) fn ipvsadm(&self, arguments: &[&str]) -> String {
        self.node.run(|| ipvsadm(arguments)).unwrap()
    }

    /// What it said, for a message.
    pub(crate) fn log(&self) -> String {
        let lines = self.process().log().into_iter().map(|line| format!("\n    {}", line.text));
        format!("\n{} said:{}", self.name(), lines.collect::<String>())
    }
}

/// The services of `/proc/net/ip_vs` or an unsorted listing, in an order of their own: the kernel's depends on the
/// namespace that they are in. The order of real servers stays.
pub(crate) fn services(listing: &str) -> String {
    let mut services: Vec<String> = Vec::new();
    for line in listing.lines().skip(3) {
        match services.last_mut() {
            Some(service) if line.starts_with(' ') => service.extend([line, "\n"]),
            Some(_) | None => services.push([line, "\n"].concat()),
        }
    }
    services.sort_unstable();
    services.concat()
}
