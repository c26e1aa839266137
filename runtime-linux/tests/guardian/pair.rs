//! Two hosts on a switch: `high`, whose daemon is killed in every way, and `low`, which would take over.

use core::net::IpAddr;
use core::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime_linux::clock;
use runtime_linux::lab::{CONFIGURATION, Daemon, Node, Observer, Process, Seen, Switch};

/// Both hosts, their daemons running and `high` Active.
pub(crate) struct Pair {
    pub(crate) high: Node,
    pub(crate) observer: Observer,
    pub(crate) daemon: Process,
    pub(crate) peer: Process,
    _low: Node,
    _switch: Switch,
}

impl Pair {
    /// With adverts every `interval` seconds.
    pub(crate) fn new(interval: &str) -> Self {
        Self::with(interval, &[])
    }

    /// The same, the daemon of `high` with more arguments.
    pub(crate) fn with(interval: &str, arguments: &[&str]) -> Self {
        let texts = [200, 100].map(|priority| configuration(priority, interval, ADDRESS));
        Self::of(&texts[0], &texts[1], arguments)
    }

    /// With these configurations.
    pub(crate) fn of(of_high: &str, of_low: &str, arguments: &[&str]) -> Self {
        let switch = Switch::new("lan").unwrap();
        let (high, low) = (Node::new("high").unwrap(), Node::new("low").unwrap());
        high.link_to(&switch, "eth0", &["198.18.0.1/24", "fe80::1/64"]).unwrap();
        low.link_to(&switch, "eth0", &["198.18.0.2/24", "fe80::2/64"]).unwrap();
        let observer = Observer::new(&switch).unwrap();
        let mut program = Daemon::steadfast(env!("CARGO_BIN_EXE_steadfast").into());
        let peer = program.start(&low, of_low.as_bytes(), false).unwrap();
        program.arguments.extend(arguments.iter().map(ToString::to_string));
        let daemon = program.start(&high, of_high.as_bytes(), false).unwrap();
        let pair = Self { high, observer, daemon, peer, _low: low, _switch: switch };
        let twice = |seen: &[Seen]| {
            let spoken = seen.iter().filter(|one| is_alive(one, "high")).count();
            (spoken >= 2 && !seen.iter().rev().take(2).any(|one| is_alive(one, "low"))).then_some(())
        };
        pair.observer.wait(PATIENCE, twice).unwrap_or_else(|| panic!("high is not Active{}", pair.logs()));
        pair
    }

    /// The number of the worker of `high`, once there is one other than `last`.
    pub(crate) fn worker(&self, last: Option<i32>) -> i32 {
        let mut found = None;
        wait(
            PATIENCE,
            || format!("there is no other worker{}", self.logs()),
            || {
                found = self.daemon.children().into_iter().find(|child| Some(*child) != last);
                found.is_some()
            },
        );
        found.unwrap()
    }

    /// SIGKILL to the worker of `high`: its number, and the wall clock just before.
    pub(crate) fn kill_worker(&self, last: Option<i32>) -> (i32, Duration) {
        let worker = self.worker(last);
        let at = clock::wall();
        kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
        (worker, at)
    }

    /// Adverts of a host since `since`: when, and their priority.
    pub(crate) fn adverts(&self, node: &str, since: Duration) -> Vec<(Duration, u8)> {
        let seen = self.observer.seen();
        let its = seen.iter().filter(|one| one.node == node && one.at > since);
        its.filter_map(|one| one.advert().map(|advert| (one.at, advert.priority))).collect()
    }

    /// Waits until a host sends an advert of this kind after `since`; when it was.
    pub(crate) fn heard(&self, node: &str, goodbye: bool, since: Duration) -> Duration {
        let is_it = |one: &&Seen| {
            let fits = one.advert().is_some_and(|advert| (advert.priority == 0) == goodbye);
            one.node == node && one.at > since && fits
        };
        let found = self.observer.wait(PATIENCE, |seen| seen.iter().find(is_it).map(|one| one.at));
        found.unwrap_or_else(|| panic!("{node} does not say that (goodbye: {goodbye}){}", self.logs()))
    }

    /// Whether `high` has its virtual address.
    pub(crate) fn has_address(&self) -> bool {
        self.has(ADDRESS)
    }

    /// Whether `high` has an address.
    pub(crate) fn has(&self, address: &str) -> bool {
        let address: IpAddr = address.parse().unwrap();
        self.high.addresses("eth0").unwrap().iter().any(|cidr| cidr.address == address)
    }

    /// Gives `high` another configuration file.
    pub(crate) fn write(&self, text: &str) {
        self.high.install(CONFIGURATION, text.as_bytes(), 0o644).unwrap();
    }

    /// What both said, for a failed assertion.
    pub(crate) fn logs(&self) -> String {
        let lines = |process: &Process| {
            let log = process.log().into_iter();
            let lines = log.map(|line| format!("{:.3} {}", line.at.as_secs_f64() % 1000.0, line.text));
            lines.collect::<Vec<_>>().join("\n")
        };
        format!("\n--- high\n{}\n--- low\n{}", lines(&self.daemon), lines(&self.peer))
    }
}

/// Version 3, VRID 51, one address.
pub(crate) fn configuration(priority: u8, interval: &str, address: &str) -> String {
    format!(
        "global_defs {{\n vrrp_version 3\n}}\nvrrp_instance a {{\n interface eth0\n state BACKUP\n \
         virtual_router_id 51\n priority {priority}\n advert_int {interval}\n \
         virtual_ipaddress {{\n {address}/24\n }}\n}}\n"
    )
}

fn is_alive(seen: &Seen, node: &str) -> bool {
    seen.node == node && seen.advert().is_some_and(|advert| advert.priority > 0)
}

/// Waits until `condition` holds.
pub(crate) fn wait(within: Duration, complaint: impl Fn() -> String, mut condition: impl FnMut() -> bool) {
    let end = clock::now() + within;
    while !condition() {
        assert!(clock::now() < end, "after {within:?}: {}", complaint());
        pause(Duration::from_millis(2));
    }
}

/// Lets time pass, for what must not happen in it.
pub(crate) fn pause(span: Duration) {
    let end = clock::now() + span;
    while clock::now() < end {
        std::thread::park_timeout(end.saturating_sub(clock::now()));
    }
}

/// The virtual address.
pub(crate) const ADDRESS: &str = "198.18.0.100";
/// Long enough for anything that happens at all on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// What scheduling may add to a protocol's time.
pub(crate) const ALLOWANCE: Duration = Duration::from_millis(50);
