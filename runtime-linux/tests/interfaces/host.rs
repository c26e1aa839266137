//! One host with one daemon, alone on its link.

use core::time::Duration;
use std::path::Path;

use runtime_linux::clock;
use runtime_linux::lab::{CONFIGURATION, Daemon, Node, Process, Switch};

/// A host on a switch of its own.
pub(crate) struct Host {
    pub(crate) node: Node,
    _switch: Switch,
}

impl Host {
    pub(crate) fn new() -> Self {
        let switch = Switch::new("lan").unwrap();
        let node = Node::new("host").unwrap();
        node.link_to(&switch, "eth0", &["198.18.0.1/24"]).unwrap();
        Self { node, _switch: switch }
    }

    /// Starts a daemon with more flags, and waits until it is MASTER.
    pub(crate) fn start(&self, global: &str, arguments: &[&str]) -> Process {
        let mut daemon = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        daemon.arguments.extend(arguments.iter().map(ToString::to_string));
        let process = daemon.start(&self.node, configuration(global, ADDRESS).as_bytes(), false).unwrap();
        process.wait_for("Entering MASTER STATE", PATIENCE).unwrap_or_else(|| panic!("{:?}", process.log()));
        wait(|| format!("{:?}", process.log()), || self.has(ADDRESS));
        process
    }

    pub(crate) fn write(&self, text: &str) {
        self.node.install(CONFIGURATION, text.as_bytes(), 0o644).unwrap();
    }

    pub(crate) fn has(&self, address: &str) -> bool {
        let held = self.node.addresses("eth0").unwrap();
        held.iter().any(|cidr| cidr.address.to_string() == address)
    }

    /// What a file there holds; nothing if it is not there.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        self.node.read(path).ok().map(|bytes| String::from_utf8(bytes).unwrap())
    }
}

/// A router of version 3 that is MASTER at once, with these lines in `global_defs`.
pub(crate) fn configuration(global: &str, address: &str) -> String {
    format!(
        "global_defs {{\n vrrp_version 3\n{global}\n}}\nvrrp_instance a {{\n interface eth0\n state MASTER\n \
         virtual_router_id 51\n priority 200\n advert_int 0.1\n virtual_ipaddress {{\n {address}/24\n }}\n}}\n"
    )
}

/// Waits until `condition` holds.
pub(crate) fn wait(complaint: impl Fn() -> String, mut condition: impl FnMut() -> bool) {
    let end = clock::now() + PATIENCE;
    while !condition() {
        assert!(clock::now() < end, "after {PATIENCE:?}: {}", complaint());
        pause(Duration::from_millis(5));
    }
}

/// Lets time pass, for what must not happen in it.
pub(crate) fn pause(span: Duration) {
    let end = clock::now() + span;
    while clock::now() < end {
        std::thread::park_timeout(end.saturating_sub(clock::now()));
    }
}

/// What it holds from the start.
pub(crate) const ADDRESS: &str = "198.18.0.100";
/// What a reload gives it instead.
pub(crate) const OTHER: &str = "198.18.0.101";
/// Long enough for anything that happens at all on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
