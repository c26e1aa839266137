//! A host with a VRRP thread, and what tests ask of it.

use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

use runtime_linux::clock;
use runtime_linux::config::model::{Authentication, Garp, Instance, Notify, SyncGroup, VirtualAddress};
use runtime_linux::driver::{
    self, Command, Handle, InstanceStatus, Kind, Phase, Report, Setup, Status, Verdict,
};
use runtime_linux::lab::{Node, Switch};
use runtime_linux::netlink::route::Route;
use tokio::sync::{mpsc, oneshot};
use vrrp_core::{ChecksumForm, Priority, Version, Vrid};

/// A host with a VRRP thread.
pub(crate) struct Station {
    pub(crate) node: Node,
    pub(crate) handle: Option<Handle>,
    pub(crate) reports: mpsc::Receiver<Report>,
    seen: Vec<Report>,
}

impl Station {
    /// A host on `switch` with the address 198.18.0.`number` and no instance.
    pub(crate) fn new(switch: &Switch, name: &str, number: u8) -> Self {
        Self::with(switch, name, number, Setup::default())
    }

    /// The same, set up otherwise.
    pub(crate) fn with(switch: &Switch, name: &str, number: u8, setup: Setup) -> Self {
        let node = Node::new(name).unwrap();
        node.link_to(switch, "eth0", &[&format!("198.18.0.{number}/24"), &format!("fe80::{number}/64")])
            .unwrap();
        wait(PATIENCE, "eth0 does not run", || {
            let links = node.run(|| Route::open().unwrap().links().unwrap()).unwrap();
            links.iter().any(|link| link.name == "eth0" && link.running)
        });
        Self::start(node, setup)
    }

    /// A VRRP thread on a host that is there already.
    pub(crate) fn on(node: Node) -> Self {
        Self::start(node, Setup::default())
    }

    fn start(node: Node, setup: Setup) -> Self {
        let (handle, reports) = node.run(|| driver::spawn(setup).unwrap()).unwrap();
        Self { node, handle: Some(handle), reports, seen: Vec::new() }
    }

    pub(crate) fn tell(&self, command: Command) {
        self.handle.as_ref().unwrap().send(command).unwrap();
    }

    pub(crate) fn apply(&self, instances: &[Instance]) {
        self.apply_groups(instances, &[]);
    }

    pub(crate) fn apply_groups(&self, instances: &[Instance], groups: &[SyncGroup]) {
        let instances = instances.iter().cloned().map(Arc::new).collect();
        self.tell(Command::Apply { instances, groups: groups.to_vec() });
    }

    pub(crate) fn status(&self) -> Status {
        let (ask, answer) = oneshot::channel();
        self.tell(Command::Status(ask));
        answer.blocking_recv().unwrap()
    }

    pub(crate) fn instance(&self, name: &str) -> InstanceStatus {
        self.status().instances.into_iter().find(|instance| instance.name == name).unwrap()
    }

    /// The count of one of the counters of the instance `a`.
    pub(crate) fn count(&self, counter: &str) -> u64 {
        self.instance("a").statistics[counter]
    }

    /// Waits until the instance `a` is in a state; how long it took.
    pub(crate) fn wait_for(&self, state: Phase, within: Duration) -> Duration {
        let begin = clock::now();
        let mut last = self.instance("a");
        while last.state != state.name() {
            assert!(
                clock::now().saturating_sub(begin) < within,
                "{} is not {}: {last:?}",
                self.node.name(),
                state.name()
            );
            pause(Duration::from_millis(5));
            last = self.instance("a");
        }
        clock::now().saturating_sub(begin)
    }

    /// Whether the host has an address on eth0.
    pub(crate) fn has(&self, address: &str) -> bool {
        let address: IpAddr = address.parse().unwrap();
        self.node.addresses("eth0").unwrap().iter().any(|cidr| cidr.address == address)
    }

    /// Everything reported so far.
    pub(crate) fn reports(&mut self) -> &[Report] {
        while let Ok(report) = self.reports.try_recv() {
            self.seen.push(report);
        }
        &self.seen
    }

    /// Log lines so far that contain `words`.
    pub(crate) fn lines(&mut self, words: &str) -> usize {
        let is_it = |report: &&Report| matches!(report, Report::Log { text, .. } if text.contains(words));
        self.reports().iter().filter(is_it).count()
    }

    /// Transitions so far, as states entered.
    pub(crate) fn entered(&mut self) -> Vec<Phase> {
        self.reports()
            .iter()
            .filter_map(|report| match report {
                Report::Transition { to, .. } => Some(*to),
                Report::PriorityChanged { .. }
                | Report::LesserHeard { .. }
                | Report::Log { .. }
                | Report::Applied { .. }
                | Report::Rejected { .. }
                | Report::Stopped => None,
            })
            .collect()
    }

    /// A clean stop; how long it took.
    pub(crate) fn stop(&mut self) -> Duration {
        let begin = clock::now();
        self.tell(Command::Stop);
        assert!(self.handle.take().unwrap().join(), "the VRRP thread panicked");
        clock::now().saturating_sub(begin)
    }

    /// Another thread after a crash.
    pub(crate) fn restart(&mut self) {
        let (handle, reports) = self.node.run(|| driver::spawn(Setup::default()).unwrap()).unwrap();
        (self.handle, self.reports) = (Some(handle), reports);
        self.seen.clear();
    }

    /// The thread goes as in a crash: nothing is sent, addresses stay.
    pub(crate) fn crash(&mut self) {
        self.tell(Command::Abandon);
        assert!(self.handle.take().unwrap().join(), "the VRRP thread panicked");
    }
}

/// The result of a script.
pub(crate) fn judged(script: &str, good: bool) -> Command {
    Command::Judged { kind: Kind::Script, name: script.to_owned(), verdict: Verdict::Good(good) }
}

/// Version 3 on eth0, VRID 51, an advert every 100 ms, 198.18.0.100/24.
pub(crate) fn instance(name: &str, priority: u8) -> Instance {
    Instance {
        name: name.to_owned(),
        interface: "eth0".to_owned(),
        virtual_interfaces: Vec::new().into(),
        transmit_base: false,
        vrid: Vrid::new(51).unwrap(),
        version: Version::V3,
        both_versions: false,
        priority: Priority::new(priority).unwrap(),
        wants_active: false,
        advert_interval: Duration::from_millis(100),
        authentication: Authentication::None,
        addresses: vec![address("198.18.0.100", 24)],
        excluded: Vec::new().into(),
        routes: Vec::new().into(),
        rules: Vec::new().into(),
        preempt: true,
        preempt_delay: Duration::ZERO,
        source: None,
        track_source: false,
        group: None,
        unicast_peers: Vec::new().into(),
        check_unicast_source: false,
        unicast_ttl: 255,
        checksum: ChecksumForm::PseudoHeader,
        follow_checksum: false,
        garp: Garp {
            repeat: 5,
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_priority_repeat: 5,
            lower_priority_delay: Duration::from_secs(5),
        },
        accept: true,
        strict: false,
        skip_address_check: false,
        lower_priority_no_advert: false,
        higher_priority_send_advert: true,
        down_timer_adverts: 3,
        ignore_own_interface: false,
        promote_secondaries: false,
        track_interfaces: Vec::new().into(),
        track_scripts: Vec::new().into(),
        track_files: Vec::new().into(),
        track_processes: Vec::new().into(),
        track_bfd: Vec::new().into(),
        notify: Notify::default().into(),
        rare: None,
    }
}

pub(crate) fn address(address: &str, prefix: u8) -> VirtualAddress {
    VirtualAddress::new(address.parse().unwrap(), prefix)
}

/// Waits until `condition` holds.
pub(crate) fn wait(within: Duration, complaint: &str, mut condition: impl FnMut() -> bool) {
    let end = clock::now() + within;
    while !condition() {
        assert!(clock::now() < end, "after {within:?}: {complaint}");
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

/// Long enough for anything that happens at all on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);
