//! One health check of one server: when to probe, and what the results mean.

use core::time::Duration;

use crate::{Failure, Timing};

/// What a check thinks of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Fit to carry traffic: the last probe passed, or none was made yet (`alpha` off).
    Up,
    /// Not fit, and why. `None`: no probe has passed yet since the start with `alpha`.
    Down(Option<Failure>),
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Begin. The first probe is made `offset` from now, cut to the `warmup` time; the runtime draws it at
    /// random so that the checks of many servers spread.
    Start {
        /// Time to the first probe.
        offset: Duration,
    },
    /// The deadline may have come.
    Tick,
    /// The probe asked for passed.
    Passed,
    /// The probe asked for failed.
    Failed(Failure),
    /// The probe asked for could not be made for want of something on this host (sockets, memory): nothing
    /// is known about the server. The next one is made after `delay_loop`.
    Skipped,
    /// Make no more probes (`ha_suspend`). The verdict stays.
    Suspend,
    /// Go on after [`Event::Suspend`]: the next probe is made `offset` from now, cut to the `warmup` time.
    Resume {
        /// Time to the next probe.
        offset: Duration,
    },
    /// A reload changed the timing. The verdict stays, and so does the time of the next probe unless the
    /// new `delay_loop` brings it forward.
    Configure(Timing),
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a probe now, and answer with exactly one of [`Event::Passed`], [`Event::Failed`],
    /// [`Event::Skipped`].
    Probe,
    /// Drop the probe under way; its result is of no interest and must not be sent.
    Abandon,
    /// An attempt failed and changed nothing yet.
    Attempt {
        /// Why it failed.
        failure: Failure,
        /// How many more may fail before the server is down; `None` when it is down already.
        left: Option<u32>,
    },
    /// A probe of a server that is down passed, but too few in a row have.
    Recovering {
        /// How many more must pass before the server is up.
        left: u32,
    },
    /// The verdict changed. This is the new one.
    Verdict(Verdict),
}

/// At most: the verdict and what to do with the probe.
pub type Actions = heapless::Vec<Action, 2>;

/// One health check of one server.
///
/// A server that is up goes down when `1 + retry` attempts in a row have failed, and comes back when `rise` have
/// passed. The very first attempt after the start decides alone, either way: what was only assumed is given up
/// at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    timing: Timing,
    phase: Phase,
    verdict: Verdict,
    /// The verdict comes from a probe, not from an assumption.
    proven: bool,
    /// Failed attempts in a row while up.
    failures: u32,
    /// Passed probes in a row while down.
    successes: u32,
    /// It is down because it failed, now or before a reload, and `rise` counts.
    fell: bool,
}

/// What the check waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// For [`Event::Start`].
    Idle,
    /// For the time of the next probe.
    Waiting { due: Duration },
    /// For the result of a probe.
    Probing,
    /// For [`Event::Resume`].
    Suspended,
}

impl Check {
    /// A check that has not begun. It is `Up`, or `Down` with `alpha`.
    pub fn new(timing: Timing) -> Self {
        Self {
            timing,
            phase: Phase::Idle,
            verdict: if timing.alpha { Verdict::Down(None) } else { Verdict::Up },
            proven: false,
            failures: 0,
            successes: 0,
            fell: false,
        }
    }

    /// A check that has not begun, of a server that was down before: it stays down until `rise` probes pass,
    /// with or without `alpha`.
    pub fn doubted(timing: Timing) -> Self {
        Self { verdict: Verdict::Down(None), fell: true, ..Self::new(timing) }
    }

    /// What to do about an event at the time `now`.
    #[must_use]
    pub fn handle(&mut self, now: Duration, event: Event) -> Actions {
        match (self.phase, event) {
            (Phase::Idle, Event::Start { offset }) | (Phase::Suspended, Event::Resume { offset }) => {
                self.wait(now, offset.min(self.timing.warmup));
                Actions::new()
            }
            (Phase::Waiting { due }, Event::Tick) if now >= due => {
                self.phase = Phase::Probing;
                actions([Action::Probe])
            }
            (Phase::Probing, Event::Passed) => self.passed(now),
            (Phase::Probing, Event::Failed(failure)) => self.failed(now, failure),
            (Phase::Probing, Event::Skipped) => {
                self.wait(now, self.delay_loop());
                Actions::new()
            }
            (Phase::Waiting { .. }, Event::Suspend) => {
                self.phase = Phase::Suspended;
                Actions::new()
            }
            (Phase::Probing, Event::Suspend) => {
                self.phase = Phase::Suspended;
                actions([Action::Abandon])
            }
            (
                Phase::Idle | Phase::Waiting { .. } | Phase::Probing | Phase::Suspended,
                Event::Configure(timing),
            ) => {
                self.configure(now, timing);
                Actions::new()
            }
            (Phase::Idle, Event::Suspend | Event::Resume { .. })
            | (Phase::Waiting { .. } | Phase::Probing, Event::Start { .. } | Event::Resume { .. })
            | (Phase::Suspended, Event::Start { .. } | Event::Suspend)
            | (Phase::Idle | Phase::Waiting { .. } | Phase::Probing | Phase::Suspended, Event::Tick)
            | (
                Phase::Idle | Phase::Waiting { .. } | Phase::Suspended,
                Event::Passed | Event::Failed(_) | Event::Skipped,
            ) => Actions::new(),
        }
    }

    /// When to send [`Event::Tick`]; `None` while a probe is under way, before the start, and suspended.
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Waiting { due } => Some(due),
            Phase::Idle | Phase::Probing | Phase::Suspended => None,
        }
    }

    /// What the check thinks of the server now.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether the verdict comes from a probe; false while it is only assumed.
    pub fn proven(&self) -> bool {
        self.proven
    }

    /// When and how often this check probes.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// How many more attempts in a row may fail before the server goes down; `None` when it is down, or when
    /// nothing but an assumption holds it up: the next failure decides then.
    pub fn retries_left(&self) -> Option<u32> {
        match self.verdict {
            Verdict::Up if self.proven => Some(self.timing.retry.saturating_sub(self.failures)),
            Verdict::Up | Verdict::Down(_) => None,
        }
    }

    /// How many more probes in a row must pass before the server is up; `None` when it is up.
    pub fn successes_missing(&self) -> Option<u32> {
        let needed = if self.fell { self.timing.rise.max(1) } else { 1 };
        match self.verdict {
            Verdict::Up => None,
            // After a reload that lowered `rise` there may be more than enough: the next one decides.
            Verdict::Down(_) => Some(needed.saturating_sub(self.successes).max(1)),
        }
    }

    fn passed(&mut self, now: Duration) -> Actions {
        self.failures = 0;
        self.wait(now, self.delay_loop());
        match self.successes_missing() {
            None => {
                self.proven = true;
                Actions::new()
            }
            Some(1) => {
                self.verdict = Verdict::Up;
                self.proven = true;
                self.successes = 0;
                self.fell = false;
                actions([Action::Verdict(Verdict::Up)])
            }
            Some(missing) => {
                self.successes += 1;
                actions([Action::Recovering { left: missing - 1 }])
            }
        }
    }

    fn failed(&mut self, now: Duration, failure: Failure) -> Actions {
        self.successes = 0;
        match self.verdict {
            Verdict::Up if self.proven && self.failures < self.timing.retry => {
                self.failures += 1;
                self.wait(now, self.timing.delay_before_retry.max(Timing::SHORTEST_DELAY));
                let left = self.timing.retry - self.failures;
                actions([Action::Attempt { failure, left: Some(left) }])
            }
            Verdict::Up => {
                self.verdict = Verdict::Down(Some(failure));
                self.proven = true;
                self.fell = true;
                self.failures = 0;
                self.wait(now, self.delay_loop());
                actions([Action::Verdict(self.verdict)])
            }
            Verdict::Down(_) => {
                self.verdict = Verdict::Down(Some(failure));
                self.proven = true;
                self.fell = true;
                self.wait(now, self.delay_loop());
                actions([Action::Attempt { failure, left: None }])
            }
        }
    }

    fn configure(&mut self, now: Duration, timing: Timing) {
        self.timing = timing;
        if let Phase::Waiting { due } = self.phase {
            self.phase = Phase::Waiting { due: due.min(now.saturating_add(self.delay_loop())) };
        }
    }

    fn wait(&mut self, now: Duration, delay: Duration) {
        self.phase = Phase::Waiting { due: now.saturating_add(delay) };
    }

    fn delay_loop(&self) -> Duration {
        self.timing.delay_loop.max(Timing::SHORTEST_DELAY)
    }
}

fn actions<const N: usize>(list: [Action; N]) -> Actions {
    list.into_iter().collect()
}
