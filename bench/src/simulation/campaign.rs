//! Random groups of routers on a link that is disturbed at random, and left alone now and then.
//!
//! While a group is disturbed the checker watches what must always hold. When it has been left alone for long
//! enough, exactly one router must be Active, the right one, and stay so.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::rc::Rc;

use vrrp_core::{ChecksumForm, Family, Fault, Interval, Priority, Settings, Version, Vrid, announce};

use super::{Clock, Quality, Random, Sabotage, Simulation, Station, Violation, Wish};
use crate::malformed::{self, Malformed, Target};

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Virtual time.
    pub time: Duration,
    /// Virtual time of groups whose intervals are one second at most.
    pub brisk: Duration,
    /// Routers that took part.
    pub routers: usize,
    /// Disturbances.
    pub disturbances: u32,
    /// Groups.
    pub groups: usize,
}

impl core::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.time += more.time;
        self.brisk += more.brisk;
        self.routers += more.routers;
        self.disturbances += more.disturbances;
        self.groups += more.groups;
    }
}

impl core::fmt::Display for Tally {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { groups, routers, disturbances, time, brisk } = self;
        let (minutes, brisk) = (time.as_secs() / 60, brisk.as_secs() / 60);
        write!(f, "{groups} groups, {routers} routers, {disturbances} disturbances, {minutes} minutes, ")?;
        write!(f, "{brisk} of them with intervals up to a second")
    }
}

/// A run that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed to have it again with.
    pub seed: u64,
    /// What went wrong.
    pub violation: Violation,
    /// What was done to the group, and when.
    pub disturbances: Vec<(Duration, String)>,
    /// The last things that routers did before.
    pub journal: Vec<super::Entry>,
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        for (at, disturbance) in &self.disturbances {
            writeln!(f, "  {at:?}: {disturbance}")?;
        }
        for entry in &self.journal {
            writeln!(f, "  {:?}: router {}: {:?}", entry.at, entry.node, entry.action)?;
        }
        write!(
            f,
            "have it again with: STEADFAST_SEED={} cargo test -p bench --test it campaign -- --nocapture",
            self.seed
        )
    }
}

/// One random group through four times of trouble and four of quiet, `sabotage`d or not.
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<Tally, Box<Failure>> {
    let mut campaign = Campaign::new(seed);
    if let Some(sabotage) = sabotage {
        campaign.simulation.sabotage(sabotage);
    }
    let outcome = (0..EPISODES).try_for_each(|_| campaign.episode());
    match outcome {
        Ok(()) => Ok(campaign.tally()),
        Err(violation) => {
            let journal = campaign.simulation.journal();
            let from = journal.len().saturating_sub(60);
            Err(Box::new(Failure {
                seed,
                violation,
                journal: journal[from..].to_vec(),
                disturbances: campaign.disturbances,
            }))
        }
    }
}

struct Campaign {
    random: Random,
    simulation: Simulation,
    stations: Vec<Station>,
    malformed: Vec<Malformed>,
    /// The longest interval of any router, now or before.
    longest: Duration,
    /// The shortest.
    shortest: Duration,
    /// The longest way of a frame in good times.
    way: Duration,
    disturbances: Vec<(Duration, String)>,
}

impl Campaign {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let stations = group(&mut random);
        let longest = stations.iter().map(interval).max().unwrap_or_default();
        let shortest = stations.iter().map(interval).min().unwrap_or_default();
        let way = random.up_to(shortest / 8);
        let first = &stations[0];
        let target = Target {
            vrid: first.wish.vrid,
            version: first.wish.version,
            interval: first.wish.advert_interval,
            addresses: first.wish.addresses.to_vec(),
            authentication: first.wish.authentication,
            source: address(first.wish.family, 200),
        };
        let quality = Quality { loss: 0, duplication: 0, delay: way };
        let simulation = Simulation::new(random.number(), quality, stations.clone());
        let malformed = malformed::all(&target);
        Self { random, simulation, stations, malformed, longest, shortest, way, disturbances: Vec::new() }
    }

    fn episode(&mut self) -> Result<(), Violation> {
        let worst = self.trouble()?;
        self.quiet(worst)
    }

    /// Some disturbances on a bad link; returns how long its frames may still be on their way.
    fn trouble(&mut self) -> Result<Duration, Violation> {
        let delay = self.random.up_to(self.longest);
        let quality = Quality { loss: self.random.below(600), duplication: self.random.below(200), delay };
        self.note(format!("{quality:?}"));
        self.simulation.set_quality(quality);
        for _ in 0..3 + self.random.below(10) {
            self.disturb();
            let pause = self.random.up_to(self.longest * 3);
            self.simulation.run_for(pause)?;
        }
        Ok(delay)
    }

    fn disturb(&mut self) {
        let node = self.random.index(self.stations.len());
        let other = self.random.index(self.stations.len());
        let kind = self.random.below(13);
        let what = match kind {
            0 | 1 => {
                self.simulation.start(node);
                format!("router {node} is started anew")
            }
            2 => {
                self.simulation.crash(node);
                format!("router {node} crashes")
            }
            3 => {
                self.simulation.stop(node);
                format!("router {node} is stopped")
            }
            4 => {
                let span = self.random.up_to(self.longest * 6);
                self.simulation.hold(node, span);
                format!("router {node} is held up for {span:?}")
            }
            5 => {
                self.simulation.cut(node, other, true);
                format!("router {other} does not hear router {node}")
            }
            6 => {
                let side = self.side();
                self.simulation.partition(&side);
                format!("{side:?} are parted from the others")
            }
            7 => {
                self.simulation.heal();
                "everybody hears everybody".to_owned()
            }
            8 => {
                let present = self.random.chance(500);
                self.simulation.fault(node, Fault::LinkDown, present);
                format!("router {node} has a fault: {present}")
            }
            9 => {
                let priority = Priority::clamped(i32::from(self.random.number().to_le_bytes()[0]));
                self.simulation.prioritize(node, priority);
                format!("router {node} has priority {priority}")
            }
            10 => {
                let malformed = &self.malformed[self.random.index(self.malformed.len())];
                self.simulation.inject(node, malformed);
                format!("router {node} gets {}", malformed.name)
            }
            11 => self.configure(node),
            _ => {
                self.simulation.announce(node);
                format!("router {node} announces")
            }
        };
        self.note(what);
    }

    fn configure(&mut self, node: usize) -> String {
        let version = self.stations[node].wish.version;
        let preempt = self.random.chance(500);
        let own = self.stations[node].wish.advert_interval;
        let interval = self.random.pick(&INTERVALS);
        // Version 2 hears no other interval than its own. An interval in which no frame arrives in time is no
        // disturbance but a mistake, and a much longer one makes every wait longer, and nothing else.
        let fits = version == Version::V3
            && interval.duration() >= self.shortest
            && interval.duration() <= self.longest * 4;
        let interval = if fits { interval } else { own };
        self.longest = self.longest.max(interval.duration());
        self.simulation.configure(node, |wish| {
            wish.advert_interval = interval;
            wish.preempt = preempt;
        });
        format!("router {node} has an interval of {:?} and preempts: {preempt}", interval.duration())
    }

    /// Nothing happens any more, on a good link that may be parted.
    fn quiet(&mut self, worst: Duration) -> Result<(), Violation> {
        self.simulation.set_quality(Quality { loss: 0, duplication: self.random.below(50), delay: self.way });
        if self.random.chance(300) {
            let side = self.side();
            self.note(format!("quiet, but {side:?} are parted from the others"));
            self.simulation.partition(&side);
        } else {
            self.note("quiet".to_owned());
            self.simulation.heal();
        }
        for node in 0..self.stations.len() {
            self.simulation.hold(node, Duration::ZERO);
            if self.simulation.router(node).is_none() && self.random.chance(700) {
                self.simulation.start(node);
            }
        }
        // Frames from the time of trouble are disturbances, too.
        self.simulation.run_for(worst)?;
        self.simulation.mark();
        self.simulation.run_for(self.settling_time())?;
        self.simulation.expect_settled()?;
        self.simulation.mark();
        let span = self.longest * 20;
        self.simulation.run_for(span)?;
        self.simulation.expect_settled()
    }

    /// The down interval, an interval and two ways; and again the down interval and the delay where
    /// preemption waits.
    fn settling_time(&self) -> Duration {
        let down = self.longest * 4 + Duration::from_secs(1);
        let delay = self.stations.iter().map(|station| station.wish.preempt_delay).max();
        down * 2 + self.longest + self.way * 2 + delay.unwrap_or_default()
    }

    fn side(&mut self) -> Vec<usize> {
        (0..self.stations.len()).filter(|_| self.random.chance(500)).collect()
    }

    fn note(&mut self, what: String) {
        self.disturbances.push((self.simulation.now(), what));
    }

    fn tally(&self) -> Tally {
        let time = self.simulation.now();
        let brisk = if self.longest <= Duration::from_secs(1) { time } else { Duration::ZERO };
        let disturbances = u32::try_from(self.disturbances.len()).unwrap_or(u32::MAX);
        Tally { time, brisk, routers: self.stations.len(), disturbances, groups: 1 }
    }
}

/// Two to five routers that belong together; now and then up to sixteen.
fn group(random: &mut Random) -> Vec<Station> {
    let (version, family) = random.pick(&[
        (Version::V2, Family::V4),
        (Version::V3, Family::V4),
        (Version::V3, Family::V4),
        (Version::V3, Family::V6),
    ]);
    let addresses: Rc<[IpAddr]> = match family {
        Family::V4 => Rc::from([address(family, 100)]),
        Family::V6 => {
            Rc::from([address(family, 100), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))])
        }
    };
    let interval = match version {
        Version::V2 => Interval::from_centiseconds(random.pick(&[100, 100, 300])).unwrap_or_default(),
        Version::V3 => random.pick(&INTERVALS),
    };
    let mixed = version == Version::V3 && random.chance(250);
    let preempt_delay =
        if random.chance(250) { random.up_to(interval.duration() * 10) } else { Duration::ZERO };
    let mut owners = 0;
    let count = if random.chance(100) { 2 + random.index(15) } else { 2 + random.index(4) };
    (0..count)
        .map(|node| {
            let mut priority = random.pick(&PRIORITIES);
            owners += u32::from(priority.is_owner());
            if owners > 1 && priority.is_owner() {
                priority = Priority::DEFAULT;
            }
            let other = Interval::from_centiseconds(interval.centiseconds() * 2).unwrap_or(interval);
            let doubled = mixed && random.chance(500) && other.centiseconds() <= 4_095;
            let wish = Wish {
                version,
                priority,
                advert_interval: if doubled { other } else { interval },
                preempt: random.chance(700),
                preempt_delay,
                checksum: random.pick(&[ChecksumForm::Rfc9568, ChecksumForm::PseudoHeader]),
                follow_checksum: random.chance(300),
                announce: announce::Settings {
                    round: interval.duration().into(),
                    ..announce::Settings::default()
                },
                ..Settings::new(VRID, family, Rc::clone(&addresses))
            };
            let host = u8::try_from(node + 1).unwrap_or(1);
            Station {
                wish,
                source: address(family, host),
                mac: random.chance(500).then_some([2, 0, 0, 0, 0, host]),
                lateness: random.up_to(interval.duration() / 50),
                clock: clock(random),
            }
        })
        .collect()
}

/// One that begins anywhere and is wrong by a thousandth at most, as no quartz is.
fn clock(random: &mut Random) -> Clock {
    let drift = i32::try_from(random.below(2_001)).unwrap_or(0) - 1_000;
    Clock { origin: random.up_to(Duration::from_secs(1_000_000)), drift }
}

fn interval(station: &Station) -> Duration {
    station.wish.advert_interval.duration()
}

fn address(family: Family, host: u8) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)),
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(host))),
    }
}

const EPISODES: usize = 4;

const VRID: Vrid = match Vrid::new(51) {
    Some(vrid) => vrid,
    None => unreachable!(),
};

const INTERVALS: [Interval; 8] = {
    const fn cs(number: u16) -> Interval {
        match Interval::from_centiseconds(number) {
            Some(interval) => interval,
            None => unreachable!(),
        }
    }
    [cs(1), cs(2), cs(3), cs(10), cs(100), cs(100), cs(300), cs(1_000)]
};

const PRIORITIES: [Priority; 7] = {
    const fn p(number: u8) -> Priority {
        match Priority::new(number) {
            Some(priority) => priority,
            None => unreachable!(),
        }
    }
    [p(1), p(99), p(100), p(100), p(200), p(254), p(255)]
};
