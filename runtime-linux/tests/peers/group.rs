//! A group of directors out of published files, and who runs which.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use runtime_linux::lab::{Cidr, Daemon, Director, Plan, Service, Stage, skew_time, takeover_time};

use crate::watch::Watch;

/// What a published group is, said once more by hand: the tests must not believe the reader they test.
#[derive(Clone, Copy)]
pub(crate) struct Group {
    pub(crate) files: &'static [&'static str],
    pub(crate) interface: &'static str,
    pub(crate) vrid: u8,
    pub(crate) interval: Duration,
    /// In the order of the files: the best first.
    pub(crate) priorities: &'static [u8],
    /// The first virtual address.
    pub(crate) address: &'static str,
}

pub(crate) const A: Group = Group {
    files: &["a-master.conf", "a-backup.conf"],
    interface: "eth0",
    vrid: 51,
    interval: Duration::from_secs(1),
    priorities: &[100, 90],
    address: "192.168.0.201",
};

pub(crate) const B: Group = Group {
    files: &["b-master.conf", "b-backup.conf"],
    interface: "ens33",
    vrid: 52,
    interval: Duration::from_secs(1),
    priorities: &[100, 90],
    address: "192.168.216.250",
};

pub(crate) const C: Group = Group {
    files: &["c-master.conf", "c-backup.conf"],
    interface: "ens33",
    vrid: 51,
    interval: Duration::from_secs(5),
    priorities: &[90, 80],
    address: "192.168.171.160/24",
};

pub(crate) const D: Group = Group {
    files: &["d-master.conf", "d-backup.conf"],
    interface: "enp1s0",
    vrid: 62,
    interval: Duration::from_secs(1),
    priorities: &[200, 150],
    address: "172.17.13.252",
};

/// The address `WEB` of the symmetric pair; `DB` is the same with the nodes exchanged.
pub(crate) const E_SYMMETRIC: Group = Group {
    files: &["e-symmetric-a.conf", "e-symmetric-b.conf"],
    interface: "eth0",
    vrid: 61,
    interval: Duration::from_secs(1),
    priorities: &[150, 100],
    address: "192.0.2.61/24",
};

pub(crate) const E_SEVERAL: Group = Group {
    files: &["e-several-1.conf", "e-several-2.conf", "e-several-3.conf", "e-several-4.conf"],
    interface: "eth0",
    vrid: 70,
    interval: Duration::from_secs(1),
    priorities: &[200, 170, 140, 110],
    address: "192.0.2.70/24",
};

/// Which program a director runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Steadfast,
    Keepalived,
}

impl Who {
    pub(crate) fn daemon(self) -> Daemon {
        match self {
            Self::Steadfast => Daemon::steadfast(PathBuf::from(env!("CARGO_BIN_EXE_steadfast"))),
            Self::Keepalived => Daemon::keepalived(),
        }
    }
}

/// First and second director in turn.
pub(crate) const COMBINATIONS: [[Who; 2]; 3] =
    [[Who::Steadfast, Who::Steadfast], [Who::Steadfast, Who::Keepalived], [Who::Keepalived, Who::Steadfast]];

impl Group {
    /// The plan of this group, with nothing served.
    pub(crate) fn plan(self) -> Plan {
        self.plan_with(|text| text)
    }

    /// The same with the text of every configuration changed.
    pub(crate) fn plan_with(self, change: impl Fn(String) -> String) -> Plan {
        let director = |(file, priority): (&&str, &u8)| Director {
            configuration: change(published(file)).into_bytes(),
            interface: self.interface.to_owned(),
            other_interfaces: Vec::new(),
            priority: *priority,
            programs: Vec::new(),
        };
        Plan {
            directors: self.files.iter().zip(self.priorities).map(director).collect(),
            vrid: self.vrid,
            version: 2,
            interval: self.interval,
            preempt: true,
            addresses: vec![self.cidr()],
            service: None,
        }
    }

    pub(crate) fn cidr(self) -> Cidr {
        self.address.parse().expect("a constant")
    }

    /// How long director `next` waits after the last advert.
    pub(crate) fn takeover(self, next: usize) -> Duration {
        takeover_time(2, self.interval, self.priorities[next])
    }

    /// How long director `next` waits after a goodbye.
    pub(crate) fn skew(self, next: usize) -> Duration {
        skew_time(2, self.interval, self.priorities[next])
    }

    /// Whom to expect in place of a director that died.
    pub(crate) fn name(number: usize) -> String {
        format!("director{}", number + 1)
    }
}

/// The service of the `d-*` pair.
pub(crate) fn d_service(through_director: bool, in_turn: bool) -> Service {
    let address = |text: &str| text.parse().expect("a constant");
    Service {
        address: address("172.17.13.252:80"),
        real_servers: vec![address("172.17.13.173:80"), address("172.17.13.142:80")],
        through_director,
        in_turn,
        leaves_within: Duration::from_secs(12),
        returns_within: Duration::from_secs(3),
    }
}

/// A published file as it is.
pub(crate) fn published(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/published").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The stage of a plan, watched, with the directors not yet started.
pub(crate) struct Scene {
    pub(crate) plan: Plan,
    pub(crate) stage: Stage,
    pub(crate) watch: Watch,
    daemons: Vec<Daemon>,
}

impl Scene {
    pub(crate) fn new(plan: Plan, who: &[Who]) -> Self {
        let _alone = alone();
        let stage = Stage::build(&plan).expect("the stage can be built");
        for post in &stage.directors {
            for (path, script) in [("/scripts/check_m.sh", CHECK), ("/scripts/notify.sh", NOTIFY)] {
                post.node.install(path, script, 0o755).expect("it is the node's own directory");
            }
        }
        let watch = Watch::new(&plan, &stage);
        let daemons = plan.directors.iter().zip(who.iter().cycle()).map(|(_, who)| who.daemon()).collect();
        Self { plan, stage, watch, daemons }
    }

    /// Starts director `number`. Wall clock just before.
    pub(crate) fn start(&mut self, number: usize) -> Duration {
        let at = runtime_linux::clock::wall();
        self.stage.directors[number].start(&self.daemons[number], false).expect("the daemon can be started");
        self.watch.lives(number, at);
        at
    }

    pub(crate) fn start_all(&mut self) -> Duration {
        let _alone = alone();
        let at = runtime_linux::clock::wall();
        for number in 0..self.plan.directors.len() {
            self.start(number);
        }
        at
    }

    /// SIGKILL. Wall clock just before.
    pub(crate) fn kill(&mut self, number: usize) -> Duration {
        let at = self.process(number).kill();
        self.watch.died(number, at);
        at
    }

    pub(crate) fn process(&self, number: usize) -> &runtime_linux::lab::Process {
        self.stage.directors[number].process.as_ref().expect("it was started")
    }

    /// What every director said, for the message of a failed assertion.
    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        for post in &self.stage.directors {
            let Some(process) = &post.process else { continue };
            let lines = process.log().into_iter();
            let lines: Vec<_> =
                lines.map(|line| format!("{:.3} {}", line.at.as_secs_f64() % 1000.0, line.text)).collect();
            let (name, ended) = (post.node.name(), process.ended());
            text = format!("{text}\n--- {name} ({ended:?})\n{}\n", lines.join("\n"));
        }
        text
    }
}

/// Scenes are built and daemons started one after the other: done by forty at once, on two cores, it is the
/// starting that would be measured.
fn alone() -> MutexGuard<'static, ()> {
    static BUSY: Mutex<()> = Mutex::new(());
    BUSY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plays a scenario for every combination of programs at the same time; fails if one fails.
pub(crate) fn for_every_combination(play: impl Fn([Who; 2]) + Sync) {
    let failed: Vec<_> = thread::scope(|scope| {
        let play = &play;
        let running: Vec<_> = COMBINATIONS.iter().map(|who| (who, scope.spawn(move || play(*who)))).collect();
        running.into_iter().filter_map(|(who, thread)| thread.join().is_err().then_some(who)).collect()
    });
    assert!(failed.is_empty(), "failed for {failed:?}; see above");
}

/// What scheduling may add to a protocol's time.
pub(crate) const ALLOWANCE: Duration = Duration::from_millis(50);
/// What a program may take from exec to its first packet on a machine that has other things to do.
pub(crate) const START: Duration = Duration::from_secs(2);
/// How much longer than allowed to wait, to tell late from never.
pub(crate) const MERCY: Duration = Duration::from_secs(5);

/// In place of the published script, which asks for a process named httpd: here the test says whether it runs.
const CHECK: &[u8] = b"#!/bin/sh\n[ ! -e /run/httpd-is-gone ] || [ -e /run/httpd-is-back ]\n";

/// In place of the published script, which starts and stops httpd and sends mail.
const NOTIFY: &[u8] = b"#!/bin/sh\necho \"$@\" >>/run/notified\n";
