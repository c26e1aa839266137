//! Two hosts joined by as many cables as it takes, and the daemons on them.

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::process::Command;

use runtime_linux::clock;
use runtime_linux::lab::{CONFIGURATION, Daemon, Node, Process};

use crate::configuration;
use crate::listener::Listener;
use crate::watch::Watch;

/// Two hosts, `high` with 198.18.K.1 and `low` with 198.18.K.2 on segment K.
pub(crate) struct Bed {
    pub(crate) high: Node,
    pub(crate) low: Node,
    pub(crate) segments: usize,
}

impl Bed {
    pub(crate) fn new(segments: usize) -> Self {
        let (high, low) = (Node::new("high").unwrap(), Node::new("low").unwrap());
        let there = low.network_path();
        let cable = |k| format!("link add e{k} type veth peer name e{k} netns {there}\n");
        ip(&high, (0..segments).map(cable));
        for (node, host) in [(&high, 1), (&low, 2)] {
            let address = |k| format!("addr add 198.18.{k}.{host}/24 dev e{k}\nlink set e{k} up\n");
            ip(node, (0..segments).map(address));
        }
        Self { high, low, segments }
    }

    /// Starts `daemon` on both, `high` first and until it holds everything, and waits until all is calm: announcements
    /// are repeated after five seconds.
    pub(crate) fn pair(&self, daemon: &Daemon, count: usize, interval: &str) -> Option<Pair> {
        let watches = [Watch::new(&self.high), Watch::new(&self.low)];
        let start = |node: &Node, priority| {
            let text = configuration::many(count, priority, interval);
            daemon.start(node, text.as_bytes(), false).unwrap()
        };
        let high = start(&self.high, 200);
        let end = clock::now() + Duration::from_secs(30);
        while watches[0].held() < count {
            if clock::now() > end || high.ended().is_some() {
                println!("{}: {} of {count} addresses after 30 s", daemon.name, watches[0].held());
                return None;
            }
            pause(Duration::from_millis(5));
        }
        let low = start(&self.low, 100);
        pause(Duration::from_secs(6));
        Some(Pair { high, low, watches })
    }

    /// Hears what `high` sends.
    pub(crate) fn listen(&self) -> Listener {
        Listener::new(&self.low, self.segments)
    }

    /// Hears what `low` sends.
    pub(crate) fn listen_back(&self) -> Listener {
        Listener::new(&self.high, self.segments)
    }
}

/// Both daemons.
pub(crate) struct Pair {
    pub(crate) high: Process,
    pub(crate) low: Process,
    /// What happens to the addresses of `high` and of `low`.
    pub(crate) watches: [Watch; 2],
}

/// A busy loop on each processor while it lives.
pub(crate) struct Busy(#[expect(dead_code, reason = "they end with it")] Vec<Process>);

impl Busy {
    pub(crate) fn new(node: &Node) -> Self {
        let loops = (0..processors()).map(|_| {
            let mut command = Command::new("sh");
            command.args(["-c", "while :; do :; done"]);
            node.spawn(command).unwrap()
        });
        Self(loops.collect())
    }
}

/// How many processors there are.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, core::num::NonZero::get)
}

/// The daemons to compare, the one under test first.
pub(crate) fn daemons() -> Vec<Daemon> {
    if let Ok(told) = std::env::var("STEADFAST_SCALE_DAEMONS") {
        return told.split(';').map(daemon).collect();
    }
    let steadfast = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/steadfast");
    assert!(steadfast.exists(), "{} is missing: cargo build --release", steadfast.display());
    let keepalived = Daemon { arguments: words("-n -l -D -G -f {conf}"), ..Daemon::keepalived() };
    vec![Daemon { arguments: words("-n -l -D -f {conf}"), ..Daemon::steadfast(steadfast) }, keepalived]
}

fn daemon(told: &str) -> Daemon {
    let (name, line) = told.split_once('=').expect("NAME=COMMAND LINE");
    let mut arguments = words(line);
    assert!(!arguments.is_empty(), "{name} has no command line");
    Daemon { name: name.trim().to_owned(), program: arguments.remove(0).into(), arguments }
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// Gives a running daemon another configuration, without telling it.
pub(crate) fn rewrite(node: &Node, text: &str) {
    node.install(CONFIGURATION, text.as_bytes(), 0o644).unwrap();
}

/// The long windows.
pub(crate) fn window() -> Duration {
    let seconds = std::env::var("STEADFAST_SCALE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

/// Packets that a host received and sent on its segments so far.
pub(crate) fn traffic(node: &Node) -> (u64, u64) {
    let text = node.run(|| fs::read_to_string("/proc/thread-self/net/dev").unwrap()).unwrap();
    let lines = text.lines().filter_map(|line| line.trim().split_once(':'));
    lines.filter(|(name, _)| name.starts_with('e')).fold((0, 0), |(received, sent), (_, numbers)| {
        let number = |at: usize| numbers.split_whitespace().nth(at).and_then(|text| text.parse().ok());
        (received + number(1).unwrap_or(0_u64), sent + number(9).unwrap_or(0_u64))
    })
}

fn ip(node: &Node, lines: impl Iterator<Item = String>) {
    node.install("/run/lab/ip", lines.collect::<Vec<_>>().concat().as_bytes(), 0o644).unwrap();
    let mut command = Command::new("ip");
    command.args(["-batch", "/run/lab/ip"]);
    let process = node.spawn(command).unwrap();
    let ended = process.wait(Duration::from_secs(30)).expect("ip does not end");
    assert!(ended.success(), "{:?}", process.log());
}

/// Lets time pass.
pub(crate) fn pause(span: Duration) {
    let end = clock::now() + span;
    while clock::now() < end {
        std::thread::park_timeout(end.saturating_sub(clock::now()));
    }
}
