//! Random networks of 2 to 16 hosts with several virtual routers each: on several links, in sync groups, with
//! tracked priorities, reloads, restarts and clocks that drift; disturbed at random, and left alone now and then.
//!
//! Where [`campaign`](super::campaign) knows to the nanosecond what a lone router must do, this one looks at whole
//! hosts: after every call, whether the members of a sync group stand together, answer only while Active, and speak
//! as often as they must and no more; and after quiet, whether of the hosts that could serve, one does, the right
//! one, and goes on doing so. Then one of those that serve is killed, and must be replaced in time.

use core::time::Duration;
use std::collections::BTreeSet;

use super::site::{Entry, Mistake, Site};
use super::{Property, Quality, Random, Violation};

mod judge;
mod plan;
mod trouble;

use judge::Right;
use plan::Plan;

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Virtual time.
    pub time: Duration,
    /// Networks.
    pub networks: usize,
    /// Hosts that took part.
    pub hosts: usize,
    /// Their virtual routers.
    pub routers: usize,
    /// Sync groups and lone routers that hosts shared.
    pub services: usize,
    /// Disturbances.
    pub disturbances: usize,
    /// Services that lost their host while all was quiet, and were taken over in time.
    pub takeovers: usize,
}

impl core::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.time += more.time;
        self.networks += more.networks;
        self.hosts += more.hosts;
        self.routers += more.routers;
        self.services += more.services;
        self.disturbances += more.disturbances;
        self.takeovers += more.takeovers;
    }
}

impl core::fmt::Display for Tally {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { time, networks, hosts, routers, services, disturbances, takeovers } = self;
        write!(f, "{networks} networks, {hosts} hosts, {routers} routers of {services} services, ")?;
        write!(
            f,
            "{disturbances} disturbances, {takeovers} takeovers in time, {} minutes",
            time.as_secs() / 60
        )
    }
}

/// A run that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed to have it again with.
    pub seed: u64,
    /// What went wrong.
    pub violation: Violation,
    /// Who there was.
    pub cast: Vec<String>,
    /// What was done, and when.
    pub disturbances: Vec<(Duration, String)>,
    /// The last things that routers did before, adverts heard left out.
    pub journal: Vec<Entry>,
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        self.cast.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        for (at, disturbance) in &self.disturbances {
            writeln!(f, "  {at:?}: {disturbance}")?;
        }
        for Entry { at, host, seat, priority, action } in &self.journal {
            writeln!(f, "  {at:?}: host {host} seat {seat} at {priority}: {action:?}")?;
        }
        write!(
            f,
            "have it again with: STEADFAST_SEED={} cargo test -p bench --test it fleet -- --nocapture",
            self.seed
        )
    }
}

/// One random network through three times of trouble and three of quiet, with a `mistake` or without.
pub fn run(seed: u64, mistake: Option<Mistake>) -> Result<Tally, Box<Failure>> {
    let mut fleet = Fleet::new(seed);
    if let Some(mistake) = mistake {
        fleet.site.mistake(mistake);
    }
    let outcome = (0..EPISODES).try_for_each(|_| fleet.episode());
    match outcome {
        Ok(()) => Ok(fleet.tally()),
        Err(violation) => Err(Box::new(Failure {
            seed,
            violation,
            cast: fleet.plan.cast(),
            disturbances: fleet.disturbances,
            journal: fleet.journal,
        })),
    }
}

struct Fleet {
    random: Random,
    site: Site,
    plan: Plan,
    /// Which hosts run.
    on: Vec<bool>,
    /// By host and link: whether the interface is up.
    up: Vec<Vec<bool>>,
    /// Pairs of hosts that do not hear each other at all.
    parted: BTreeSet<(usize, usize)>,
    /// Changes of state by host and seat since the last mark.
    changes: Vec<Vec<u32>>,
    disturbances: Vec<(Duration, String)>,
    journal: Vec<Entry>,
    takeovers: usize,
}

impl Fleet {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0xf1ee7);
        let plan = Plan::random(&mut random);
        let quality = Quality { loss: 0, duplication: 0, delay: plan.way };
        let mut site = Site::new(random.number(), quality, plan.seats());
        for (host, clock) in plan.clocks.iter().enumerate() {
            site.set_clock(host, *clock);
        }
        site.watch();
        let hosts = plan.hosts;
        let mut fleet = Self {
            random,
            site,
            on: vec![false; hosts],
            up: vec![vec![true; plan.links]; hosts],
            parted: BTreeSet::new(),
            changes: plan.seats().iter().map(|seats| vec![0; seats.len()]).collect(),
            plan,
            disturbances: Vec::new(),
            journal: Vec::new(),
            takeovers: 0,
        };
        (0..hosts).for_each(|host| fleet.switch_on(host));
        fleet
    }

    fn episode(&mut self) -> Result<(), Violation> {
        let worst = self.trouble()?;
        self.quiet(worst)?;
        self.lose_one()
    }

    /// Nothing happens any more, on good links that may be parted; some hosts stay off, some interfaces down.
    fn quiet(&mut self, worst: Duration) -> Result<(), Violation> {
        let duplication = self.random.below(50);
        self.site.set_quality(Quality { loss: 0, duplication, delay: self.plan.way });
        self.heal();
        if self.random.chance(250) {
            self.part();
        }
        for host in 0..self.plan.hosts {
            self.site.hold(host, Duration::ZERO);
            if !self.on[host] && self.random.chance(700) {
                self.switch_on(host);
            }
            for link in 0..self.plan.links {
                let up = self.random.chance(900);
                self.set_link(host, link, up);
            }
            // What changed while the host was held up.
            self.assess(host);
        }
        self.note("quiet".to_owned());
        // Frames from the time of trouble are disturbances, too.
        self.pass(worst)?;
        self.pass(self.plan.settling_time())?;
        self.judge(Right::Best)?;
        self.mark();
        self.pass(self.plan.longest() * 20)?;
        self.judge(Right::Best)?;
        self.judge_calm()
    }

    /// A host that serves loses its power; who can takes over in time.
    fn lose_one(&mut self) -> Result<(), Violation> {
        let serving: Vec<usize> = (0..self.plan.hosts).filter(|host| self.serves(*host) > 0).collect();
        if serving.is_empty() {
            return Ok(());
        }
        let host = self.random.pick(&serving);
        self.note(format!("host {host} is killed, and nothing else"));
        self.takeovers += self.serves(host);
        self.switch_off(host);
        let alike = self.plan.is_alike();
        self.pass(if alike { self.plan.takeover_time() } else { self.plan.settling_time() })?;
        // Clocks that drift by a thousandth may put the second best first; with a delay the best waits for it.
        self.judge(Right::Any)
    }

    /// Lets `span` pass.
    fn pass(&mut self, span: Duration) -> Result<(), Violation> {
        // In pieces, so that the journal stays short.
        let until = self.site.now() + span;
        while self.site.now() < until {
            let piece = (self.site.now() + PIECE).min(until);
            self.site.run_until(piece);
            for entry in self.site.take_journal() {
                match entry.action {
                    vrrp_core::Action::Heard { .. } => continue,
                    vrrp_core::Action::Transition { .. } => self.changes[entry.host][entry.seat] += 1,
                    vrrp_core::Action::Advertise { .. }
                    | vrrp_core::Action::ClaimAddresses
                    | vrrp_core::Action::ReleaseAddresses
                    | vrrp_core::Action::Announce { .. }
                    | vrrp_core::Action::Ignored(_)
                    | vrrp_core::Action::Noticed(_) => {}
                }
                self.journal.push(entry);
            }
            let surplus = self.journal.len().saturating_sub(LONGEST_JOURNAL);
            self.journal.drain(..surplus);
            self.site.violation().cloned().map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    fn mark(&mut self) {
        self.changes.iter_mut().for_each(|seats| seats.fill(0));
    }

    fn note(&mut self, what: String) {
        self.disturbances.push((self.site.now(), what));
    }

    fn blame(&self, host: usize, property: Property, what: String) -> Violation {
        Violation { at: self.site.now(), node: host, property, what }
    }

    fn tally(&self) -> Tally {
        Tally {
            time: self.site.now(),
            networks: 1,
            hosts: self.plan.hosts,
            routers: self.changes.iter().map(Vec::len).sum(),
            services: self.plan.services.len(),
            disturbances: self.disturbances.len(),
            takeovers: self.takeovers,
        }
    }
}

const EPISODES: usize = 3;
const PIECE: Duration = Duration::from_secs(5);
const LONGEST_JOURNAL: usize = 150;
