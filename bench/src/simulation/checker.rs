//! Watches every step of every router and says which property it broke.
//!
//! The properties Σ1 to Σ5 and Λ1 to Λ7 are those of the project's specification of VRRP. The checker keeps a
//! model of its own, in arithmetic of its own (half nanoseconds), of when each Backup must take over and when
//! each Active router must be heard: not before, and not later than the lateness of its timers allows. With
//! that, "no false take-over" (Σ3) and the take-over bounds (Λ1, Λ2, Λ5) are one and the same comparison.

use core::hash::{Hash, Hasher};
use core::time::Duration;

use vrrp_core::{Action, Ignored, Notice, Reason, State, Version};

use super::machine::Machine;
use super::node::Node;

mod together;

/// What a router did wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When; of something that one router did, on its clock.
    pub at: Duration,
    /// Which router, or the lowest of those involved.
    pub node: usize,
    /// Against what.
    pub property: Property,
    /// How it showed.
    pub what: String,
}

impl core::fmt::Display for Violation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "at {:?} router {} broke {:?}: {}", self.at, self.node, self.property, self.what)
    }
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// Σ1: once things are quiet, one router of those that hear each other is Active, and it is the right
    /// one.
    OneActive,
    /// Σ2: nobody answers for the addresses unless Active.
    AnswersOnlyActive,
    /// Σ3: a Backup that hears adverts does not take over.
    NoFalseTakeover,
    /// Σ4: timers run in the states they belong to, and a tick moves the deadline on.
    TimerRoles,
    /// A packet that is rejected touches nothing.
    RejectedChangesNothing,
    /// F3: what has arrived is handled before anything is sent, and who was held up for longer than a Backup waits,
    /// and does not preempt, makes way before it speaks.
    ListensFirst,
    /// D12: an advert goes before the addresses are claimed, and they are let go of before a resignation.
    Order,
    /// Λ3: a Backup does not take over beside an Active router of its rank that it had time to hear.
    SingleTakeover,
    /// Λ1, Λ2, Λ5: a Backup that should take over does, in time.
    TakesOverInTime,
    /// Λ4: two Active routers that hear each other do not stay both.
    OverlapEnds,
    /// Λ6: at most two changes of state per router after the last disturbance.
    Quiescence,
    /// Λ7: an Active router is heard at least once per interval, and not without limit.
    AdvertRate,
    /// F22: the members of a sync group are Active together or not at all.
    GroupsMoveTogether,
}

/// Why a router was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A tick.
    Tick,
    /// A valid advert.
    Heard { priority: u8, interval: u16 },
    /// A packet that must be dropped, and the state and deadline before it.
    Rejected { counter: Ignored, state: State, deadline: Option<Duration> },
    /// Another priority than before.
    Priority { before: u8 },
    /// Other settings; whether its interval changed.
    Configure { retimed: bool },
    /// Anything else.
    Command,
}

/// Instants in half nanoseconds: in them every timer of VRRP is a whole number.
type Halves = u64;

#[derive(Clone, Copy, Debug)]
enum Model {
    Gone,
    /// `from`: when the wait until `due` began; `resigned`: it is the skew alone.
    Backup {
        from: Halves,
        due: Halves,
        resigned: bool,
        interval: u16,
        learned: bool,
        hold: Option<Duration>,
    },
    /// `due`: the next regular advert; `owes`: an answer was held back; `spent`: until when all that was sent
    /// would have taken at the greatest rate, in ninths of a nanosecond.
    Active {
        due: Duration,
        owes: bool,
        spent: u128,
    },
}

/// The checker of one simulation.
#[derive(Clone, Debug)]
pub(super) struct Checker {
    models: Vec<Model>,
    /// Since when two Active routers have heard each other; `[lower][higher]`.
    overlaps: Vec<Vec<Option<Duration>>>,
    tolerates_overlap: bool,
    /// When something happened last after which a Backup may be right to take over beside another.
    stirred: Duration,
    /// When each Active router became so.
    rose: Vec<Option<Duration>>,
    /// Which of them were not looked at since.
    unjudged: Vec<bool>,
    violation: Option<Violation>,
}

impl Checker {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            models: vec![Model::Gone; nodes],
            overlaps: vec![vec![None; nodes]; nodes],
            violation: None,
            tolerates_overlap: false,
            stirred: Duration::ZERO,
            rose: vec![None; nodes],
            unjudged: vec![false; nodes],
        }
    }

    /// From now on two routers may stay Active side by side.
    pub(super) fn tolerate_overlap(&mut self) {
        self.tolerates_overlap = true;
    }

    /// What went wrong first.
    pub(super) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    pub(super) fn blame(&mut self, at: Duration, node: usize, property: Property, what: String) {
        self.violation.get_or_insert(Violation { at, node, property, what });
    }

    /// A router was switched off.
    pub(super) fn gone(&mut self, node: usize) {
        self.models[node] = Model::Gone;
        self.rose[node] = None;
    }

    /// The link or a host changed: overlaps are counted from now on.
    pub(super) fn disturbed(&mut self, now: Duration) {
        self.overlaps.iter_mut().for_each(|row| row.fill(None));
        self.stirred(now);
    }

    /// A router is Active from now on.
    pub(super) fn rose(&mut self, now: Duration, node: usize) {
        (self.rose[node], self.unjudged[node]) = (Some(now), true);
    }

    /// Somebody resigned, or was told another priority or other settings.
    pub(super) fn stirred(&mut self, now: Duration) {
        self.stirred = self.stirred.max(now);
    }

    /// Feeds `hasher` with all that decides what will be blamed on whom, seen from `now`.
    /// `hearing` is how long it takes at most until a router has been heard.
    pub(super) fn fingerprint(
        &self,
        now: Duration,
        longest: Duration,
        hearing: Duration,
        hasher: &mut impl Hasher,
    ) {
        for model in &self.models {
            match *model {
                Model::Gone => 0_u8.hash(hasher),
                Model::Backup { from, due, resigned, interval, learned, hold } => {
                    let hold = hold.map(|until| until.saturating_sub(now));
                    let seen = |at: Halves| at.wrapping_sub(halves(now));
                    (1_u8, seen(from), seen(due), resigned, interval, learned, hold).hash(hasher);
                }
                Model::Active { due, owes, spent } => {
                    let due = nanoseconds(due).wrapping_sub(nanoseconds(now));
                    (2_u8, due, owes, spent.saturating_sub(ninths(now))).hash(hasher);
                }
            }
        }
        for since in self.overlaps.iter().flatten() {
            // What lasts for longer is either blamed or tolerated.
            since.map(|since| now.saturating_sub(since).min(longest)).hash(hasher);
        }
        // From then on it makes no difference when it was.
        let seen = |at: Duration| now.saturating_sub(at).min(hearing);
        seen(self.stirred).hash(hasher);
        for rose in &self.rose {
            rose.map(|at| if at > self.stirred { seen(at) } else { hearing }).hash(hasher);
        }
    }

    /// Takes in what a router was called for and what came of it.
    pub(super) fn observe(
        &mut self,
        now: Duration,
        index: usize,
        node: &Node,
        cause: Cause,
        actions: &[Action],
    ) {
        let Some(router) = &node.router else { return };
        match cause {
            Cause::Rejected { counter, state, deadline } => {
                // An operator is told of another version once (F27).
                let told = match actions {
                    [ignored, Action::Noticed(Notice::VersionMismatch { .. })]
                        if counter == Ignored::VersionMismatch =>
                    {
                        core::slice::from_ref(ignored)
                    }
                    _ => actions,
                };
                if *told != [Action::Ignored(counter)]
                    || router.state() != state
                    || router.deadline() != deadline
                {
                    let what = format!("{actions:?} for a packet that belongs under {}", counter.name());
                    self.blame(now, index, Property::RejectedChangesNothing, what);
                }
            }
            Cause::Priority { before } => self.prioritized(index, node, router, before),
            Cause::Configure { retimed } => self.configured(now, index, node, router, retimed),
            Cause::Tick | Cause::Heard { .. } | Cause::Command => {}
        }
        for action in actions {
            match *action {
                Action::Heard { .. } => {
                    if let Cause::Heard { priority, interval } = cause {
                        self.heard(now, index, node, router, priority, interval);
                    }
                }
                Action::Advertise { .. } => self.advertised(now, index, node, cause),
                Action::Transition { from, to, reason } => {
                    let resigns = actions.contains(&Action::Advertise { priority: 0 });
                    if (from, to) == (State::Active, State::Initialize) && !resigns {
                        let what = "was Active, and left without resigning".to_owned();
                        self.blame(now, index, Property::TakesOverInTime, what);
                    }
                    self.ordered(now, index, node.priority, actions, (from, to));
                    self.changed(now, index, node, router, (to, reason), cause);
                }
                Action::Announce { .. } => {
                    if router.state() != State::Active {
                        let what = "an announcement by a router that is not Active".to_owned();
                        self.blame(now, index, Property::AnswersOnlyActive, what);
                    }
                }
                Action::ClaimAddresses
                | Action::ReleaseAddresses
                | Action::Ignored(_)
                | Action::Noticed(_) => {}
            }
        }
        if node.holds != (router.state() == State::Active) {
            let what = format!("holds the addresses: {}, but is {:?}", node.holds, router.state());
            self.blame(now, index, Property::AnswersOnlyActive, what);
        }
        let moved_on = cause != Cause::Tick || router.deadline().is_none_or(|deadline| deadline > now);
        if router.deadline().is_some() != (router.state() != State::Initialize) || !moved_on {
            let what = format!("the deadline is {:?} in {:?}", router.deadline(), router.state());
            self.blame(now, index, Property::TimerRoles, what);
        }
    }

    fn changed(
        &mut self,
        now: Duration,
        index: usize,
        node: &Node,
        router: &Machine,
        (to, reason): (State, Reason),
        cause: Cause,
    ) {
        let own = router.config().advert_interval.centiseconds();
        if to != State::Active {
            self.rose[index] = None;
        }
        self.models[index] = match to {
            State::Initialize => Model::Gone,
            State::Backup => {
                let (interval, learned) = match (reason, cause) {
                    (Reason::Outranked { .. }, Cause::Heard { interval, .. }) => (interval, true),
                    _ => (own, false),
                };
                Model::Backup {
                    from: halves(now),
                    due: due(now, router, node.priority, interval),
                    resigned: false,
                    interval,
                    learned,
                    hold: None,
                }
            }
            State::Active => {
                if !node.station.wish.priority.is_owner() || reason != Reason::Owner {
                    self.took_over(now, index);
                }
                let period = router.config().advert_interval.duration();
                Model::Active { due: now + period, owes: false, spent: ninths(now) + period.as_nanos() }
            }
        };
    }

    /// D12
    fn ordered(
        &mut self,
        now: Duration,
        index: usize,
        priority: u8,
        actions: &[Action],
        (from, to): (State, State),
    ) {
        let place = |wanted: Action| actions.iter().position(|action| *action == wanted);
        let in_order = |first: Action, second: Action| match (place(first), place(second)) {
            (Some(first), Some(second)) => first < second,
            (Some(_) | None, _) => false,
        };
        let right = match (from, to) {
            (_, State::Active) => in_order(Action::Advertise { priority }, Action::ClaimAddresses),
            (State::Active, State::Initialize) => {
                in_order(Action::ReleaseAddresses, Action::Advertise { priority: 0 })
            }
            (State::Active | State::Backup | State::Initialize, State::Backup)
            | (State::Backup | State::Initialize, State::Initialize) => true,
        };
        if !right {
            self.blame(now, index, Property::Order, format!("from {from:?} to {to:?} by {actions:?}"));
        }
    }

    fn took_over(&mut self, now: Duration, index: usize) {
        let Model::Backup { due, .. } = self.models[index] else {
            self.blame(now, index, Property::TimerRoles, "took over without having been Backup".to_owned());
            return;
        };
        if halves(now) < due {
            let early = Duration::from_nanos((due - halves(now)).div_ceil(2));
            let what = format!("took over {early:?} before its down interval had run out");
            self.blame(now, index, Property::NoFalseTakeover, what);
        }
    }

    fn heard(
        &mut self,
        now: Duration,
        index: usize,
        node: &Node,
        router: &Machine,
        priority: u8,
        heard: u16,
    ) {
        if let Model::Active { owes, .. } = &mut self.models[index] {
            // What is answered at once is seen to be answered further on.
            *owes = true;
        }
        let Model::Backup { from, due: due_at, resigned, interval, learned, hold } = &mut self.models[index]
        else {
            return;
        };
        let wish = router.config();
        if priority == 0 {
            (*from, *resigned) = (halves(now), true);
            *due_at = halves(now) + skew(router, node.priority, *interval) * HALVES_PER_TICK;
            *hold = None;
            return;
        }
        let lesser = priority < node.priority;
        if lesser && (wish.preempt || wish.priority.is_owner()) {
            let delayed = !wish.preempt_delay.is_zero() && !wish.priority.is_owner();
            if !delayed || now >= *hold.get_or_insert(now + wish.preempt_delay) {
                return;
            }
        } else if !lesser {
            *hold = None;
        }
        *interval = heard;
        *learned = true;
        (*from, *resigned) = (halves(now), false);
        *due_at = due(now, router, node.priority, heard);
    }

    fn prioritized(&mut self, index: usize, node: &Node, router: &Machine, before: u8) {
        if let Model::Backup { due, interval, .. } = &mut self.models[index] {
            let old = skew(router, before, *interval) * HALVES_PER_TICK;
            *due = *due + skew(router, node.priority, *interval) * HALVES_PER_TICK - old;
        }
    }

    fn configured(&mut self, now: Duration, index: usize, node: &Node, router: &Machine, retimed: bool) {
        match &mut self.models[index] {
            Model::Gone => {}
            Model::Backup { from, due: due_at, resigned, interval, learned, .. } => {
                if retimed {
                    if !*learned || router.config().version == Version::V2 {
                        *interval = router.config().advert_interval.centiseconds();
                    }
                    let whole = due(now, router, node.priority, *interval) - halves(now);
                    let only = skew(router, node.priority, *interval) * HALVES_PER_TICK;
                    let wait = if *resigned { only } else { whole };
                    // F31
                    let longer = *from + wait;
                    *due_at = if longer < *due_at { (*due_at).min(halves(now) + wait) } else { longer };
                    *from = *due_at - wait;
                }
            }
            Model::Active { due, spent, .. } => {
                *due = (*due).min(now + router.config().advert_interval.duration());
                *spent = ninths(now);
            }
        }
    }

    fn advertised(&mut self, now: Duration, index: usize, node: &Node, cause: Cause) {
        let Some(router) = &node.router else { return };
        if !node.inbox.is_empty() && cause == Cause::Tick {
            let what = format!("spoke with {} packets unread", node.inbox.len());
            self.blame(now, index, Property::ListensFirst, what);
        }
        let Model::Active { due, owes, spent } = &mut self.models[index] else { return };
        let wish = router.config();
        let period = wish.advert_interval.duration();
        let late = *due + period * u32::from(wish.down_timer_adverts).saturating_sub(1).max(1);
        let makes_way = !wish.preempt && !wish.priority.is_owner();
        let held_up = makes_way && now >= late && matches!(cause, Cause::Tick | Cause::Heard { .. });
        let mut uncalled = false;
        match cause {
            Cause::Tick if now >= *due => {
                // The cadence is that of the first advert, however late each of them was.
                while *due <= now {
                    *due += period;
                }
                *owes = false;
            }
            Cause::Tick => uncalled = !core::mem::take(owes),
            Cause::Heard { priority: 0, .. } => (*due, *owes) = (now + period, false),
            Cause::Heard { .. } => *owes = false,
            Cause::Configure { .. } => *due = now + period,
            Cause::Rejected { .. } | Cause::Priority { .. } | Cause::Command => {}
        }
        if held_up {
            let what = format!("spoke, having been held up since {late:?}");
            self.violation.get_or_insert(Violation {
                at: now,
                node: index,
                property: Property::ListensFirst,
                what,
            });
        }
        // One regular advert and eight answers per interval, and some at the edges.
        *spent = ninths(now).max(*spent) + period.as_nanos();
        if *spent > ninths(now) + 5 * period.as_nanos() {
            self.blame(now, index, Property::AdvertRate, "more than nine adverts per interval".to_owned());
        } else if uncalled {
            let what = "an advert before it was due that answers nothing".to_owned();
            self.blame(now, index, Property::AdvertRate, what);
        }
    }
}

/// How much later than due a router may act.
fn grace(node: &Node) -> Duration {
    let rounding = if node.station.clock.drift == 0 { 1 } else { 3 };
    node.station.lateness + Duration::from_nanos(rounding)
}

/// When a Backup takes over that hears the last advert at `now`.
fn due(now: Duration, router: &Machine, priority: u8, interval: u16) -> Halves {
    let adverts = u64::from(router.config().down_timer_adverts);
    let ticks = 256 * adverts * u64::from(interval) + skew(router, priority, interval);
    halves(now) + ticks * HALVES_PER_TICK
}

/// In ticks of 1/256 centisecond.
fn skew(router: &Machine, priority: u8, interval: u16) -> u64 {
    let scale = if router.config().version == Version::V2 { 100 } else { u64::from(interval) };
    (256 - u64::from(priority)) * scale
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn ninths(at: Duration) -> u128 {
    at.as_nanos() * 9
}

fn halves(at: Duration) -> Halves {
    u64::try_from(at.as_nanos() * 2).unwrap_or(u64::MAX)
}

/// 39.0625 µs
const HALVES_PER_TICK: u64 = 78_125;
