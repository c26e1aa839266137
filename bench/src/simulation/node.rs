//! One simulated host: a router, its clock's lateness, and what waits for it while it is held up.

use core::hash::{Hash, Hasher};
use core::net::IpAddr;
use core::time::Duration;
use std::collections::VecDeque;
use std::rc::Rc;

use vrrp_core::{Config, Event, Settings, State, VirtualRouter};

use super::clock::Clock;
use super::machine::Machine;
use super::mutation::Mutation;
use super::network::Frame;
use super::random::Random;
use super::replica::Replica;

/// The router of a simulated host.
pub type Router = VirtualRouter<Rc<[IpAddr]>>;
/// What it is told.
pub type Wish = Settings<Rc<[IpAddr]>>;

/// A host before it is switched on.
#[derive(Clone, Debug)]
pub struct Station {
    /// What its router is told.
    pub wish: Wish,
    /// Where its adverts come from.
    pub source: IpAddr,
    /// The link address they come from; `None` where receivers cannot see it.
    pub mac: Option<[u8; 6]>,
    /// How late its timers may fire.
    pub lateness: Duration,
    /// What tells it the time.
    pub clock: Clock,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) station: Station,
    /// `None` while it is switched off.
    pub(super) router: Option<Machine>,
    /// The mistake of the replica that runs in the place of the core.
    pub(super) replica: Option<Mutation>,
    /// The effective priority it was told.
    pub(super) priority: u8,
    /// Whether the host answers for the addresses.
    pub(super) holds: bool,
    /// It does nothing before this time.
    pub(super) held_until: Duration,
    /// What arrived meanwhile.
    pub(super) inbox: VecDeque<Frame>,
    /// Changes of state since the last mark.
    pub(super) transitions: u32,
    /// The deadline on its clock, and when its timer fires.
    wake: Option<(Duration, Duration)>,
}

impl Node {
    pub(super) fn new(station: Station) -> Self {
        let priority = station.wish.priority.get();
        Self {
            station,
            router: None,
            replica: None,
            priority,
            holds: false,
            held_until: Duration::ZERO,
            inbox: VecDeque::new(),
            transitions: 0,
            wake: None,
        }
    }

    /// Puts in a new router, not started.
    pub(super) fn switch_on(&mut self) {
        let config = Config::try_from(self.station.wish.clone()).expect("a simulated router makes sense");
        self.priority = config.priority.get();
        let replica = self.replica.map(|mutation| Replica::new(config.clone(), mutation));
        self.router = Some(Machine::new(VirtualRouter::new(config), replica));
    }

    /// The event that starts its router.
    pub(super) fn start<'a>(&self) -> Event<'a, Rc<[IpAddr]>> {
        Event::Start { source: self.station.source, mac: self.station.mac }
    }

    pub(super) fn switch_off(&mut self) {
        self.router = None;
        self.holds = false;
        self.inbox.clear();
        self.held_until = Duration::ZERO;
        self.wake = None;
    }

    pub(super) fn state(&self) -> Option<State> {
        self.router.as_ref().map(Machine::state)
    }

    pub(super) fn is_active(&self) -> bool {
        self.state() == Some(State::Active)
    }

    /// Whether it takes part in the election.
    pub(super) fn runs(&self) -> bool {
        matches!(self.state(), Some(State::Active | State::Backup))
    }

    /// Chooses when the timer for the present deadline fires.
    pub(super) fn arm(&mut self, random: &mut Random) {
        let deadline = self.router.as_ref().and_then(Machine::deadline);
        self.wake = match (self.wake, deadline) {
            (_, None) => None,
            (Some((armed, at)), Some(deadline)) if armed == deadline => Some((armed, at)),
            (_, Some(deadline)) => {
                let fires = deadline + random.up_to(self.station.lateness);
                Some((deadline, self.station.clock.at(fires)))
            }
        };
    }

    /// Fires the timer this much later than chosen.
    pub(super) fn delay_timer(&mut self, by: Duration) {
        self.wake = self.wake.map(|(deadline, at)| (deadline, at + by));
    }

    /// Feeds `hasher` with all that decides what this host will do, seen from `now`.
    pub(super) fn fingerprint(&self, now: Duration, hasher: &mut impl Hasher) {
        self.router.is_some().hash(hasher);
        if let Some(router) = &self.router {
            router.fingerprint(self.station.clock.shows(now), hasher);
        }
        let wish = &self.station.wish;
        (wish.advert_interval, wish.preempt).hash(hasher);
        (self.priority, self.holds, self.held_until.saturating_sub(now), &self.inbox).hash(hasher);
        self.wake.map(|(_, at)| (at >= now, at.abs_diff(now))).hash(hasher);
    }

    /// When it acts next of its own accord.
    pub(super) fn acts_at(&self) -> Option<Duration> {
        let listens = (!self.inbox.is_empty()).then_some(self.held_until);
        let speaks = self.wake.map(|(_, at)| at.max(self.held_until));
        [listens, speaks].into_iter().flatten().min()
    }

    /// Whether its timer has fired.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.held_until <= now && self.wake.is_some_and(|(_, at)| at <= now)
    }
}
