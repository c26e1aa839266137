//! How long a service's address is with nobody: by kind of failure, version and interval.

use core::time::Duration;

use runtime_linux::clock;
use runtime_linux::lab::{self, Daemon, Node, Process, Switch, skew_time, takeover_time};

use crate::bed::{daemons, pause, window};
use crate::configuration;
use crate::listener::{Heard, Listener};
use crate::table::{Table, ms, quantile};
use crate::watch::Watch;

#[test]
#[ignore = "needs root, keepalived and a release build"]
fn every_failover_ends_and_none_comes_before_its_time() {
    lab::test(|| {
        let columns = [
            "failure",
            "version",
            "interval",
            "daemon",
            "rounds",
            "first advert, ms min/median/max",
            "theory, ms",
            "address there, ms min/median/max",
        ];
        let title = "Failover, from the last advert of the one that fails; a clean stop from its resignation";
        let mut table = Table::new(title, &columns);
        for speed in SPEEDS {
            // Side by side, so that all meet the same moods of the machine.
            let daemons = daemons();
            let samples: Vec<[Vec<Sample>; 3]> = std::thread::scope(|scope| {
                let threads: Vec<_> =
                    daemons.iter().map(|daemon| scope.spawn(move || measure(daemon, speed))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            for (kind, failure) in FAILURES.into_iter().enumerate() {
                for (position, (daemon, samples)) in daemons.iter().zip(&samples).enumerate() {
                    let samples = &samples[kind];
                    table.row(row(failure, speed, daemon, samples));
                    let (theory, earliest) =
                        (failure.theory(speed), samples.iter().map(|sample| sample.spoke).min());
                    let is_in_time = earliest.is_some_and(|earliest| earliest + EARLY >= theory);
                    assert!(position > 0 || is_in_time, "{failure:?}: {earliest:?} of {theory:?}");
                }
            }
        }
        table.print();
    });
}

/// What happens to the Active router.
#[derive(Clone, Copy, Debug)]
enum Failure {
    /// SIGKILL to the daemon and all its processes, as a host that loses power.
    Crash,
    /// SIGTERM.
    Stop,
    /// Its cable is pulled.
    Cable,
}

const FAILURES: [Failure; 3] = [Failure::Crash, Failure::Stop, Failure::Cable];

impl Failure {
    /// How long the Backup waits after the last advert that it heard.
    fn theory(self, speed: Speed) -> Duration {
        match self {
            Self::Crash | Self::Cable => takeover_time(speed.version, speed.interval, LOW),
            Self::Stop => skew_time(speed.version, speed.interval, LOW),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Crash => "SIGKILL",
            Self::Stop => "SIGTERM",
            Self::Cable => "link down",
        }
    }
}

#[derive(Clone, Copy)]
struct Speed {
    version: u8,
    interval: Duration,
    /// As the configuration spells it.
    word: &'static str,
    /// For one round's worth of the long window, this many.
    rounds: u32,
}

const SPEEDS: [Speed; 3] = [
    Speed { version: 2, interval: Duration::from_secs(1), word: "1", rounds: 1 },
    Speed { version: 3, interval: Duration::from_millis(100), word: "0.1", rounds: 3 },
    Speed { version: 3, interval: Duration::from_millis(10), word: "0.01", rounds: 3 },
];

/// Since the last word of the one that failed.
struct Sample {
    spoke: Duration,
    claimed: Duration,
}

/// Two hosts and somebody who listens, on one switch.
struct Site<'a> {
    switch: Switch,
    hosts: [Node; 2],
    watches: [Watch; 2],
    daemon: &'a Daemon,
    speed: Speed,
    high: Option<Process>,
    low: Process,
    listener: Node,
}

fn measure(daemon: &Daemon, speed: Speed) -> [Vec<Sample>; 3] {
    let switch = Switch::new("switch").unwrap();
    let node = |name: &str, host: u8| {
        let node = Node::new(name).unwrap();
        node.link_to(&switch, "e0", &[&format!("198.18.0.{host}/24")]).unwrap();
        node
    };
    let (hosts, listener) = ([node("high", 1), node("low", 2)], node("listener", 9));
    let watches = hosts.each_ref().map(Watch::new);
    let low = start(daemon, &hosts[1], LOW, speed);
    let mut site = Site { switch, hosts, watches, daemon, speed, high: None, low, listener };
    let mut is_whole = site.go_back();
    let rounds = u64::from(speed.rounds) * (window().as_secs() / 15).max(1);
    FAILURES.map(|failure| {
        let mut samples = Vec::new();
        for _ in 0..rounds {
            if is_whole {
                samples.push(site.round(failure));
                is_whole = site.go_back();
            }
        }
        samples
    })
}

impl Site<'_> {
    fn round(&mut self, failure: Failure) -> Sample {
        let listener = Listener::on(&self.listener, &["e0".to_owned()]);
        // Two adverts at least, and never twice at the same moment of an interval.
        pause(self.speed.interval * 2 + Duration::from_millis(clock::wall().subsec_micros().into()) / 10_000);
        let (wall, mono) = (clock::wall(), clock::now());
        match failure {
            Failure::Crash => drop(self.high.take().map(|process| process.kill())),
            Failure::Stop => {
                let process = self.high.take().expect("it runs");
                process.stop(Duration::from_secs(5)).unwrap().expect("it ends");
            }
            Failure::Cable => self.switch.set_cables(&self.hosts[0], false).unwrap(),
        }
        let end = mono + self.speed.interval * 4 + Duration::from_secs(5);
        while self.watches[1].held() == 0 || self.watches[1].last() < Some(mono) {
            assert!(clock::now() < end, "{}, {}: nobody takes over", self.daemon.name, failure.name());
            pause(Duration::from_millis(1));
        }
        let claimed = self.watches[1].last().expect("it came").saturating_sub(mono) + wall;
        // The advert may follow the address.
        pause(self.speed.interval / 10);
        let heard = listener.finish();
        if matches!(failure, Failure::Cable) {
            self.switch.set_cables(&self.hosts[0], true).unwrap();
        }
        let is_last =
            |one: &&Heard| one.from == 1 && (one.priority == 0 || !matches!(failure, Failure::Stop));
        let last = heard.iter().rfind(is_last).expect("it said something").at;
        let first = heard.iter().find(|one| one.from == 2 && one.at > wall).expect("somebody takes over").at;
        Sample { spoke: first.saturating_sub(last), claimed: claimed.saturating_sub(last) }
    }

    /// The better host has the address again, and the other one has let go of it. False where that does not happen,
    /// which is only told of a daemon that others made.
    fn go_back(&mut self) -> bool {
        if self.high.is_none() {
            self.high = Some(start(self.daemon, &self.hosts[0], HIGH, self.speed));
        }
        let end = clock::now() + self.speed.interval * 5 + Duration::from_secs(5);
        while (self.watches[0].held(), self.watches[1].held()) != (1, 0) {
            // keepalived ends where it finds the pid file of the one that was killed, and has removed it by then.
            if self.high.as_ref().is_some_and(|process| process.ended().is_some()) {
                self.high = Some(start(self.daemon, &self.hosts[0], HIGH, self.speed));
            }
            if clock::now() > end {
                let log = [self.high.as_ref(), Some(&self.low)].map(|process| process.map(Process::log));
                assert!(self.daemon.name != "steadfast", "it does not come back: {log:#?}");
                println!("{}: it does not come back: {log:#?}", self.daemon.name);
                return false;
            }
            pause(Duration::from_millis(5));
        }
        pause(Duration::from_millis(300));
        true
    }
}

fn start(daemon: &Daemon, node: &Node, priority: u8, speed: Speed) -> Process {
    let instance = configuration::instance(0, priority, speed.word, &[configuration::address(0)]);
    let instance = instance.replace("version 3", &format!("version {}", speed.version));
    daemon.start(node, (configuration::head() + &instance).as_bytes(), false).unwrap()
}

fn row(failure: Failure, speed: Speed, daemon: &Daemon, samples: &[Sample]) -> Vec<String> {
    let spread = |time: fn(&Sample) -> Duration| {
        let mut times: Vec<Duration> = samples.iter().map(time).collect();
        times.sort_unstable();
        [0.0, 0.5, 1.0].map(|share| ms(quantile(&times, share))).join("/")
    };
    vec![
        failure.name().to_owned(),
        speed.version.to_string(),
        format!("{} s", speed.word),
        daemon.name.clone(),
        samples.len().to_string(),
        spread(|sample| sample.spoke),
        ms(failure.theory(speed)),
        spread(|sample| sample.claimed),
    ]
}

const HIGH: u8 = 200;
const LOW: u8 = 100;
/// The listener and the Backup stamp the same advert at two moments.
const EARLY: Duration = Duration::from_millis(2);
