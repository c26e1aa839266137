//! When to tell the neighbours where the addresses are.
//!
//! A burst is a number of rounds over all addresses. Rounds are spread out in time: the router that was
//! Active before may still answer from the virtual MAC while the first round is on its way, and teach the
//! switches the wrong port; a later round repairs that. Single announcements can be spaced too, for
//! neighbours that cannot take hundreds at once.

use core::time::Duration;

use crate::interval::following;

/// How addresses are announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Rounds of the burst on becoming Active and on demand.
    pub repeat: u8,
    /// From one round of a burst to the next.
    pub round: Pause,
    /// From one announcement to the next; zero sends a whole round at once.
    pub gap: Pause,
    /// From the start of a burst to its repetition; zero for no repetition.
    pub delay: Duration,
    /// Period of the refresh while Active; zero for none.
    pub refresh: Duration,
    /// Rounds of a refresh.
    pub refresh_repeat: u8,
    /// Rounds of the burst after a lesser router was heard while Active.
    pub lower_priority_repeat: u8,
    /// From the start of that burst to its repetition; zero for no repetition.
    pub lower_priority_delay: Pause,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            repeat: 5,
            round: Pause::from(Duration::from_millis(20)),
            gap: Pause::default(),
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_priority_repeat: 5,
            lower_priority_delay: Pause::from(Duration::from_secs(5)),
        }
    }
}

/// A short span between announcements, in whole microseconds. A quarter of the size of a [`Duration`], of
/// which a router that has to be small would carry two for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pause(u32);

impl Pause {
    /// The pause as a time.
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.0 as u64)
    }
}

impl From<Duration> for Pause {
    /// Rounded up to a microsecond; at most about 71 minutes.
    fn from(duration: Duration) -> Self {
        Self(u32::try_from(duration.as_nanos().div_ceil(1_000)).unwrap_or(u32::MAX))
    }
}

/// The announcements that an Active router still has to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announcer {
    /// The next announcement of the burst that is going on.
    next: Option<Duration>,
    /// Rounds left in it, the present one included.
    rounds: u8,
    /// The next address of the round.
    position: u16,
    /// Rounds of the repetition.
    repeat: u8,
    /// When the burst is repeated.
    again: Option<Duration>,
    /// When the next refresh begins.
    refresh: Option<Duration>,
}

/// A run of addresses to announce now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) first: u16,
    pub(crate) count: u16,
}

impl Announcer {
    /// Starts the burst of a router that has just become Active.
    pub(crate) fn new(now: Duration, settings: &Settings) -> Self {
        let refresh = (!settings.refresh.is_zero()).then(|| now.saturating_add(settings.refresh));
        let mut announcer = Self { next: None, rounds: 0, position: 0, repeat: 0, again: None, refresh };
        announcer.burst(now, settings.repeat, settings.delay);
        announcer
    }

    /// Starts a burst of `rounds`, and its repetition `delay` later if that is not zero, in place of any that is going on.
    pub(crate) fn burst(&mut self, now: Duration, rounds: u8, delay: Duration) {
        if rounds == 0 {
            return;
        }
        self.begin(now, rounds);
        self.repeat = rounds;
        self.again = (!delay.is_zero()).then(|| now.saturating_add(delay));
    }

    /// Takes over new settings without losing the burst that is going on.
    pub(crate) fn configure(&mut self, now: Duration, settings: &Settings) {
        self.refresh = match self.refresh {
            _ if settings.refresh.is_zero() => None,
            Some(due) => Some(due.min(now.saturating_add(settings.refresh))),
            None => Some(now.saturating_add(settings.refresh)),
        };
    }

    /// Whether a burst is going on, not counting its repetition.
    pub(crate) fn is_busy(&self) -> bool {
        self.next.is_some()
    }

    /// When [`poll`](Self::poll) has something to say.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        [self.next, self.again, self.refresh].into_iter().flatten().min()
    }

    /// When the burst goes on, when it is repeated and when the next refresh begins.
    pub(crate) fn due(&self) -> [Option<Duration>; 3] {
        [self.next, self.again, self.refresh]
    }

    /// The rounds left, the next address of the round, and the rounds of the repetition.
    pub(crate) fn progress(&self) -> (u8, u16, u8) {
        (self.rounds, self.position, self.repeat)
    }

    /// What to announce at `now`. Afterwards the deadline lies after `now`.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        now: Duration,
        addresses: u16,
        settings: &Settings,
    ) -> Option<Announcement> {
        // Most of the time there is nothing to come.
        let done = self.next.is_none() && self.again.is_none() && self.refresh.is_none();
        if done { None } else { self.go_on(now, addresses, settings) }
    }

    fn go_on(&mut self, now: Duration, addresses: u16, settings: &Settings) -> Option<Announcement> {
        if self.again.is_some_and(|due| due <= now) {
            self.again = None;
            self.begin(now, self.repeat);
        }
        if let Some(due) = self.refresh.filter(|due| *due <= now) {
            self.refresh = Some(following(due, settings.refresh, now));
            // A burst that is going on says the same, and sooner.
            if !self.is_busy() {
                self.begin(now, settings.refresh_repeat);
            }
        }
        self.next.filter(|due| *due <= now)?;
        if self.position >= addresses {
            // The list became shorter meanwhile.
            self.position = 0;
        }
        let first = self.position;
        let count = if settings.gap == Pause::default() { addresses - first } else { 1.min(addresses) };
        let ends_round = first + count >= addresses;
        let pause = if ends_round { settings.round.max(settings.gap) } else { settings.gap };
        if ends_round {
            self.rounds = self.rounds.saturating_sub(1);
        }
        self.position = if ends_round { 0 } else { first + count };
        // From `now`, not from the old deadline: announcements that come late must not close up.
        self.next = (self.rounds > 0).then(|| now.saturating_add(pause.duration().max(SHORTEST_PAUSE)));
        Some(Announcement { first, count }).filter(|announcement| announcement.count > 0)
    }

    fn begin(&mut self, now: Duration, rounds: u8) {
        self.next = (rounds > 0).then_some(now);
        self.rounds = rounds;
        self.position = 0;
    }
}

/// Rounds with no pause at all would never let go of the caller.
const SHORTEST_PAUSE: Duration = Duration::from_micros(1);
