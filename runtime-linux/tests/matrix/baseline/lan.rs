//! Some hosts on a switch, a client, and an observer.

use core::net::IpAddr;
use core::time::Duration;

use nix::sys::signal::Signal;
use runtime_linux::clock;
use runtime_linux::lab::{Node, Observer, Process, Seen, Switch};

use crate::program::Program;
use crate::scene::{clear_pid_files, pause};

/// Hosts 198.18.0.1, .2 and so on, whose daemons share the virtual address [`ADDRESS`]; the client is 198.18.0.9.
pub(super) struct Lan {
    pub(super) program: Program,
    pub(super) hosts: Vec<Host>,
    pub(super) observer: Observer,
    pub(super) client: Node,
    pub(super) switch: Switch,
}

pub(super) struct Host {
    pub(super) node: Node,
    configuration: String,
    process: Option<Process>,
}

impl Lan {
    /// One host for each priority, their daemons not yet started. `more` goes into every instance.
    pub(super) fn new(program: Program, priorities: &[u8], interval: &str, more: &str) -> Self {
        let configuration = |priority: &u8| {
            format!(
                "global_defs {{\n vrrp_version 3\n}}\nvrrp_instance a {{\n interface eth0\n state BACKUP\n \
                 virtual_router_id 51\n priority {priority}\n advert_int {interval}\n {more}\n \
                 virtual_ipaddress {{\n {ADDRESS}/24\n }}\n}}\n"
            )
        };
        Self::with(program, priorities.iter().map(configuration).collect())
    }

    /// The same with the whole text for each host.
    pub(super) fn with(program: Program, configurations: Vec<String>) -> Self {
        let switch = Switch::new("lan").unwrap();
        let host = |(number, configuration)| {
            let node = Node::new(&format!("n{number}")).unwrap();
            node.link_to(&switch, "eth0", &[&format!("198.18.0.{number}/24")]).unwrap();
            Host { node, configuration, process: None }
        };
        let hosts = (1..).zip(configurations).map(host).collect();
        let client = Node::new("client").unwrap();
        client.link_to(&switch, "eth0", &["198.18.0.9/24"]).unwrap();
        let observer = Observer::new(&switch).unwrap();
        Self { program, hosts, observer, client, switch }
    }

    /// Starts the daemon of a host. Wall clock just before.
    pub(super) fn start(&mut self, host: usize) -> Duration {
        let program = self.program;
        let it = &mut self.hosts[host];
        it.process = None;
        if program == Program::Keepalived {
            clear_pid_files(&it.node);
        }
        let daemon = program.daemon().expect("one that reads a keepalived.conf");
        let at = clock::wall();
        it.process = Some(daemon.start(&it.node, it.configuration.as_bytes(), false).unwrap());
        at
    }

    pub(super) fn process(&self, host: usize) -> &Process {
        self.hosts[host].process.as_ref().expect("it was started")
    }

    /// Starts every daemon, the best first, and waits until the first host is Active and no other.
    pub(super) fn elect(&mut self) {
        for host in 0..self.hosts.len() {
            let at = self.start(host);
            if host == 0 {
                self.heard(0, at);
            }
        }
        pause(SETTLE);
    }

    /// SIGKILL to all that a host runs. Wall clock just before.
    pub(super) fn kill(&self, host: usize) -> Duration {
        self.process(host).kill()
    }

    /// Stops a host's daemon in its tracks, or lets it go on.
    pub(super) fn freeze(&self, host: usize, frozen: bool) -> Duration {
        let at = clock::wall();
        let signal = if frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
        self.process(host).signal_group(signal).unwrap();
        at
    }

    /// Waits for an advert of a host after `since` that is no goodbye; when it was.
    pub(super) fn heard(&self, host: usize, since: Duration) -> Duration {
        let name = self.hosts[host].node.name();
        let is_it = |seen: &&Seen| {
            seen.node == name && seen.at > since && seen.advert().is_some_and(|advert| advert.priority > 0)
        };
        let found = self.observer.wait(PATIENCE, |seen| seen.iter().find(is_it).map(|seen| seen.at));
        found.unwrap_or_else(|| panic!("{} of {name} does not speak{}", self.program, self.logs()))
    }

    /// Adverts of a host between two moments: when, and their priority.
    pub(super) fn adverts(&self, host: usize, from: Duration, to: Duration) -> Vec<(Duration, u8)> {
        let name = self.hosts[host].node.name();
        let seen = self.observer.seen();
        let its = seen.iter().filter(|seen| seen.node == name && seen.at > from && seen.at <= to);
        its.filter_map(|seen| seen.advert().map(|advert| (seen.at, advert.priority))).collect()
    }

    /// Whether a host has the virtual address, on any link.
    pub(super) fn has_address(&self, host: usize) -> bool {
        let address: IpAddr = ADDRESS.parse().unwrap();
        let route = || runtime_linux::netlink::route::Route::open().unwrap().addresses().unwrap();
        self.hosts[host].node.run(route).unwrap().iter().any(|it| it.address == address)
    }

    /// What every daemon said, for a failed assertion.
    pub(super) fn logs(&self) -> String {
        let mut text = String::new();
        for host in &self.hosts {
            let Some(process) = &host.process else { continue };
            text = format!("{text}\n--- {} {}\n", self.program, host.node.name());
            let log = process.log();
            for line in &log[log.len().saturating_sub(40)..] {
                text = format!("{text}{:10.3} {}\n", line.at.as_secs_f64() % 1000.0, line.text);
            }
        }
        text
    }
}

/// Waits until `condition` holds.
pub(super) fn wait(within: Duration, complaint: impl Fn() -> String, mut condition: impl FnMut() -> bool) {
    let end = clock::now() + within;
    while !condition() {
        assert!(clock::now() < end, "after {within:?}: {}", complaint());
        pause(Duration::from_millis(5));
    }
}

/// The virtual address.
pub(super) const ADDRESS: &str = "198.18.0.100";
/// Long enough for anything that happens at all on a loaded machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(12);
/// What scheduling may add to a protocol's time.
pub(super) const ALLOWANCE: Duration = Duration::from_millis(50);
/// What the other daemons may take to start.
const SETTLE: Duration = Duration::from_millis(1500);
