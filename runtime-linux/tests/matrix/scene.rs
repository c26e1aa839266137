//! The stage of one cell: two hosts on one or two switches, a client, and an observer at each switch.

use core::time::Duration;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use runtime_linux::clock;
use runtime_linux::lab::{Node, Observer, Process, Switch};

use crate::ask::Client;
use crate::cell::{Cell, Family};
use crate::program::Program;
use crate::{configuration, frr};

pub(crate) struct Scene {
    pub(crate) cell: Cell,
    pub(crate) way: [Program; 2],
    /// One for each VRID.
    pub(crate) links: Vec<Link>,
    pub(crate) client: Client,
    /// What was done, and when on the wall clock.
    pub(crate) marks: Vec<(Duration, String)>,
    sides: [Side; 2],
}

pub(crate) struct Link {
    pub(crate) observer: Observer,
    pub(crate) switch: Switch,
}

struct Side {
    node: Node,
    /// What it runs; the one that speaks VRRP is the last. Kept when it has ended, for what it said.
    running: Vec<Process>,
    /// What the same side said before it was started again.
    said: Vec<String>,
}

impl Scene {
    /// Everything but the programs.
    ///
    /// Everything is built before anything is played, and goes when all is over: the kernel changes links and
    /// addresses of all namespaces one at a time, and what takes a namespace down takes long.
    pub(crate) fn new(cell: Cell, way: [Program; 2]) -> Self {
        let sides =
            NAMES.map(|name| Side { node: Node::new(name).unwrap(), running: Vec::new(), said: Vec::new() });
        let client = Node::new("client").unwrap();
        let links = (0..cell.vrids().len()).map(|link| {
            let switch = Switch::new("lan").unwrap();
            let name = format!("eth{link}");
            for (number, side) in sides.iter().enumerate() {
                side.node.link_to(&switch, &name, &[]).unwrap();
                let [host, other] = match cell.family {
                    Family::V4 => {
                        [format!("198.18.{link}.{}/24", number + 1), format!("2001:db8:{link}::1/64")]
                    }
                    Family::V6 => {
                        [format!("fe80::{}/64", number + 1), format!("2001:db8:{link}::{}/64", number + 1)]
                    }
                };
                side.node.add_address(&name, &host).unwrap();
                if cell.family == Family::V6 {
                    side.node.add_address(&name, &other).unwrap();
                }
                if cell.owner && number == 0 {
                    for address in cell.addresses(link) {
                        side.node.add_address(&name, &address).unwrap();
                    }
                }
            }
            client.link_to(&switch, &name, &[]).unwrap();
            Link { observer: Observer::new(&switch).unwrap(), switch }
        });
        let links = links.collect();
        Self { cell, way, links, client: Client::new(client, cell.vrids().len()), marks: Vec::new(), sides }
    }

    /// Starts the program of `side`. Wall clock just before.
    pub(crate) fn start(&mut self, side: usize) -> Duration {
        let _alone = alone();
        let before = self.log(side);
        let it = &mut self.sides[side];
        if !it.running.is_empty() {
            it.said = before;
            it.running.clear();
        }
        if self.way[side] == Program::Keepalived {
            clear_pid_files(&it.node);
        }
        let at = clock::wall();
        let configuration = configuration::keepalived(&self.cell, side, self.way[side]);
        it.running = match self.way[side].daemon() {
            Some(daemon) => vec![daemon.start(&it.node, configuration.as_bytes(), false).unwrap()],
            None => frr::start(&it.node, &self.cell, side),
        };
        self.mark(at, format!("{} is started", self.name(side)));
        at
    }

    /// SIGKILL to all that runs on a side, as when its machine dies. Wall clock just before.
    pub(crate) fn kill(&mut self, side: usize) -> Duration {
        let at = clock::wall();
        for process in self.sides[side].running.iter().rev() {
            process.kill();
        }
        self.mark(at, format!("{} is killed", self.name(side)));
        at
    }

    /// SIGTERM; wall clock just before, and whether it ended in time and as it should.
    pub(crate) fn stop(&mut self, side: usize, within: Duration) -> (Duration, Result<Duration, String>) {
        let at = clock::wall();
        let mut ended = Ok(Duration::ZERO);
        for (number, process) in self.sides[side].running.iter().rev().enumerate() {
            let status = process.stop(within).unwrap();
            // What stands behind it (zebra) is none of the protocol's business.
            if number == 0 {
                ended = match status {
                    Some(status) if status.success() => Ok(clock::wall().saturating_sub(at)),
                    Some(status) => Err(format!("it ended with {status}")),
                    None => Err(format!("it still runs after {within:?}")),
                };
            }
        }
        self.mark(at, format!("{} is told to stop", self.name(side)));
        (at, ended)
    }

    /// Pulls the cable of `side` out of the switch of `link`, or puts it back. Wall clock just before.
    pub(crate) fn plug(&mut self, side: usize, link: usize, plugged: bool) -> Duration {
        let at = clock::wall();
        self.links[link].switch.set_cables(&self.sides[side].node, plugged).unwrap();
        let what = if plugged { "put back" } else { "pulled out" };
        self.mark(at, format!("eth{link} of {} is {what}", self.name(side)));
        at
    }

    /// Whether the program of a side has ended that should run.
    pub(crate) fn ended(&self, side: usize) -> Option<String> {
        let ended = self.sides[side].running.last().and_then(Process::ended);
        ended.map(|status| format!("{} ended by itself: {status}", self.name(side)))
    }

    /// `better (steadfast)`.
    pub(crate) fn name(&self, side: usize) -> String {
        format!("{} ({})", NAMES[side], self.way[side])
    }

    /// What a side said so far.
    pub(crate) fn log(&self, side: usize) -> Vec<String> {
        let it = &self.sides[side];
        let lines = it.running.iter().flat_map(Process::log);
        let lines = lines.map(|line| format!("{:10.3} {}", line.at.as_secs_f64() % 1000.0, line.text));
        it.said.iter().cloned().chain(lines).collect()
    }

    pub(crate) fn mark(&mut self, at: Duration, what: String) {
        self.marks.push((at, what));
    }
}

/// A machine that starts anew has an empty /run. With the files of a killed keepalived there, another one does not start
/// as long as a process of that number is not yet reaped.
pub(crate) fn clear_pid_files(node: &Node) {
    let mut remove = Command::new("sh");
    remove.args(["-c", "rm -f /run/*.pid /run/keepalived/*.pid"]);
    let status = node.spawn(remove).unwrap().wait(Duration::from_secs(10));
    assert!(status.is_some_and(|status| status.success()));
}

/// Programs are started one after the other: at the same time, on two cores, it is the starting that would be measured.
fn alone() -> MutexGuard<'static, ()> {
    static BUSY: Mutex<()> = Mutex::new(());
    BUSY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets time pass, for what must not happen in it.
pub(crate) fn pause(span: Duration) {
    let end = clock::now() + span;
    while clock::now() < end {
        std::thread::park_timeout(end.saturating_sub(clock::now()));
    }
}

/// The hosts, as the observers name them.
pub(crate) const NAMES: [&str; 2] = ["better", "worse"];
