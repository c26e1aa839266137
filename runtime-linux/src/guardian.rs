//! The guardian: the small parent process of the daemon.
//!
//! The daemon itself, the worker, is forked from it and does everything. What its Active routers would leave
//! stands in memory that both share ([`ledger`]). When the worker dies, another is forked at once and goes on
//! as those routers before a peer has missed them. Where that fails, because no worker is ready in time or one
//! after the other dies, the guardian takes their addresses away and resigns for them, so that a peer takes
//! over at once and no address has two owners; then it tries again, with pauses. A worker whose VRRP thread does not
//! go on is killed, as if it had died.
//!
//! When the guardian dies, the kernel sends SIGTERM to the worker, which then stops cleanly. When both die at
//! once nobody is left: the addresses stay where they are, as after any crash of a machine.
//!
//! It forks and does not execute: a worker does not depend on the program file being there, shares the clock's
//! origin ([`crate::clock`]), and the layout of the shared memory needs no version. So it must have one thread.

pub mod estate;
mod executor;
pub mod host;
pub mod ledger;
mod pulse;
mod record;
pub(crate) mod sys;

pub use executor::Executor;

use core::time::Duration;
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::process;

use anyhow::Context as _;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getppid};
use tracing::{error, info, warn};

use crate::clock;
use ledger::Ledger;
use pulse::Pulse;

/// How the guardian shall behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// A worker that died is not followed by another (`-R`).
    pub only_one: bool,
    /// The memory of the process is locked.
    pub lock_memory: bool,
    /// How long a worker may take to stop (`child_wait_time`); absent: as long as it takes.
    pub patience: Option<Duration>,
}

/// What a worker is told.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// Where it notes what it would leave.
    pub ledger: Ledger,
    /// Which worker it is, from 0.
    pub number: u32,
}

/// The parent process.
pub struct Guardian {
    orders: Orders,
    ledger: Ledger,
    signals: SignalFd,
    /// Absent where the sockets could not be opened; the worker then says why.
    executor: Option<Executor>,
    /// Told to end.
    ending: bool,
    /// When workers died lately.
    deaths: VecDeque<Duration>,
    pause: Duration,
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Exit(i32),
    Death(Signal),
}

impl Guardian {
    /// Opens what the guardian needs and takes the signals of the process. There must be no other thread.
    ///
    /// # Errors
    /// When the kernel gives no memory or no descriptor.
    pub fn open(orders: Orders) -> anyhow::Result<Self> {
        let mut heard = SigSet::empty();
        heard.extend(FORWARDED);
        heard.add(Signal::SIGCHLD);
        let heard = sys::with_signals(heard, &real_time());
        heard.thread_block().context("cannot block signals")?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(&heard, flags).context("cannot listen to signals")?;
        // All workers count time from here.
        let _ = clock::now();
        if orders.lock_memory
            && let Err(error) = crate::sys::lock_memory()
        {
            warn!("the guardian cannot lock its memory: {error} (CAP_IPC_LOCK or LimitMEMLOCK)");
        }
        Ok(Self {
            orders,
            ledger: Ledger::new().context("no memory to share with the worker")?,
            signals,
            executor: Executor::open().ok(),
            ending: false,
            deaths: VecDeque::new(),
            pause: SHORTEST_PAUSE,
        })
    }

    /// Runs workers until one ends as it was told to, or the guardian is; returns the exit code. `work` runs in
    /// the worker's process, with the guardian's signals blocked: it unblocks them when it is ready for them. `forked`
    /// runs in the guardian's once a worker is there.
    ///
    /// # Errors
    /// When not even the first worker can be forked.
    pub fn watch(
        mut self,
        mut forked: impl FnMut(),
        mut work: impl FnMut(Charge) -> u8,
    ) -> anyhow::Result<u8> {
        let guardian = Pid::this();
        for number in 0.. {
            self.ledger.offer();
            let begin = clock::now();
            let pid = match sys::fork() {
                Ok(Some(pid)) => {
                    forked();
                    pid
                }
                Ok(None) => {
                    let ledger = self.ledger;
                    drop(self);
                    // Between the fork and this line the guardian may have died already.
                    let orphan = set_pdeathsig(Signal::SIGTERM).is_err() || getppid() != guardian;
                    process::exit(if orphan { 1 } else { work(Charge { ledger, number }).into() })
                }
                Err(error) if number == 0 => return Err(error).context("cannot fork"),
                Err(error) => {
                    error!("cannot fork another worker: {error}");
                    self.hand_over();
                    if self.rests() {
                        return Ok(EXIT_DEAD);
                    }
                    continue;
                }
            };
            let end = self.attend(pid)?;
            let lived = self.ledger.has_lived();
            match end {
                End::Exit(0) => return Ok(0),
                // The first one could not even start: there is nothing to save, and the reason will stand.
                End::Exit(code) if number == 0 && !lived && code != PANICKED => return Ok(exit_code(code)),
                End::Exit(code) => error!("worker {pid} ended with exit code {code}"),
                End::Death(signal) => error!("worker {pid} was killed by {signal}"),
            }
            if self.ending || self.orders.only_one {
                self.hand_over();
                return Ok(match end {
                    End::Exit(code) => exit_code(code),
                    End::Death(_) => EXIT_DEAD,
                });
            }
            let now = clock::now();
            if now.saturating_sub(begin) > CALM {
                self.pause = SHORTEST_PAUSE;
            }
            self.deaths.retain(|death| now.saturating_sub(*death) < LOOP_SPAN);
            self.deaths.push_back(now);
            if self.deaths.len() >= LOOP_DEATHS {
                self.deaths.clear();
                error!(
                    "{LOOP_DEATHS} workers died within {LOOP_SPAN:?}: another one starts in {:?}",
                    self.pause
                );
                self.hand_over();
                if self.rests() {
                    return Ok(EXIT_DEAD);
                }
            } else {
                info!("starting another worker");
            }
        }
        Ok(EXIT_DEAD)
    }

    /// Waits for the end of a worker. Until it has taken over what the last one left, time runs against it.
    fn attend(&mut self, pid: Pid) -> anyhow::Result<End> {
        let patience = self.ledger.shortest_interval();
        let mut deadline = patience.map(|patience| clock::now().saturating_add(patience));
        let mut pulse = Pulse::default();
        // When a worker that was told to stop has had its time.
        let mut last: Option<Duration> = None;
        loop {
            let next = [deadline, last].into_iter().flatten().fold(pulse.next(), Duration::min);
            let timeout = Some(next.saturating_sub(clock::now()));
            for signal in self.hear(timeout)? {
                if signal != Signal::SIGCHLD as i32 {
                    // One that has ended is about to be waited for.
                    sys::send_signal(pid, signal);
                }
            }
            if self.ending && last.is_none() {
                last = self.orders.patience.map(|patience| clock::now().saturating_add(patience));
            }
            match waitpid(pid, Some(WaitPidFlag::WNOHANG)).context("cannot wait for the worker")? {
                WaitStatus::Exited(_, code) => return Ok(End::Exit(code)),
                WaitStatus::Signaled(_, signal, _) => return Ok(End::Death(signal)),
                WaitStatus::StillAlive
                | WaitStatus::Stopped(..)
                | WaitStatus::Continued(_)
                | WaitStatus::PtraceEvent(..)
                | WaitStatus::PtraceSyscall(_) => {}
            }
            if !self.ledger.is_offered() {
                deadline = None;
            } else if deadline.is_some_and(|deadline| deadline <= clock::now()) {
                deadline = None;
                if self.ledger.revoke() {
                    error!("worker {pid} is not ready within an advert interval");
                    self.hand_over();
                }
            }
            let now = clock::now();
            if last.is_some_and(|last| last <= now) {
                error!("worker {pid} does not stop within child_wait_time; it is killed");
                let _ = kill(pid, Signal::SIGKILL);
                last = Some(Duration::MAX);
            }
            if now >= pulse.next() {
                // Before it has taken over, what stands in the memory is its predecessor's.
                let taken_over = !self.ledger.is_offered();
                let standings = || if taken_over { self.ledger.standings() } else { Vec::new() };
                if pulse.look(now, self.ledger.turns(), standings) {
                    error!("worker {pid} hangs: its adverts are overdue and it does not go on; it is killed");
                    let _ = kill(pid, Signal::SIGKILL);
                    pulse = Pulse::default();
                }
            }
        }
    }

    /// Lets a peer take over from every router that the last worker left Active.
    fn hand_over(&mut self) {
        let estates = self.ledger.estates();
        let changes = self.ledger.take_host_changes();
        if let Some(executor) = &mut self.executor {
            for estate in &estates {
                executor.carry_out(estate, clock::now(), |_| false);
            }
            executor.undo(&changes);
        }
        self.ledger.clear();
    }

    /// Lets time pass before another worker, each time more. True: it was told to end meanwhile.
    fn rests(&mut self) -> bool {
        let until = clock::now().saturating_add(self.pause);
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        while !self.ending && clock::now() < until {
            match self.hear(Some(until.saturating_sub(clock::now()))) {
                // Somebody repaired something.
                Ok(signals) if signals.contains(&(Signal::SIGHUP as i32)) => break,
                Ok(_) => {}
                Err(error) => {
                    error!("{error:#}");
                    return true;
                }
            }
        }
        self.ending
    }

    /// Waits for signals, up to so long; their numbers.
    fn hear(&mut self, timeout: Option<Duration>) -> anyhow::Result<Vec<i32>> {
        // Rounded up: a poll that ends just before the deadline would spin.
        let timeout = timeout.map_or(PollTimeout::NONE, |timeout| {
            let rounded = timeout.saturating_add(Duration::from_nanos(999_999)).as_millis();
            PollTimeout::try_from(rounded).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error).context("cannot wait for signals"),
        }
        let mut heard = Vec::new();
        while let Some(information) = self.signals.read_signal().context("cannot read signals")? {
            let number = i32::try_from(information.ssi_signo).unwrap_or_default();
            self.ending |= [Signal::SIGTERM as i32, Signal::SIGINT as i32].contains(&number);
            heard.push(number);
        }
        Ok(heard)
    }
}

fn exit_code(code: i32) -> u8 {
    u8::try_from(code).unwrap_or(EXIT_DEAD)
}

/// What the worker is told in turn.
const FORWARDED: [Signal; 5] =
    [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGUSR2];

/// And these, which would end a process that does not expect them: `JSON`, `STATS_CLEAR` and `TDUMP` of
/// `--signum`.
fn real_time() -> [i32; 3] {
    [libc::SIGRTMIN() + 2, libc::SIGRTMAX() - 1, libc::SIGRTMAX()]
}

/// The exit code when the last worker died.
const EXIT_DEAD: u8 = 1;
/// The exit code of a Rust program that panicked.
const PANICKED: i32 = 101;
/// So many deaths ...
const LOOP_DEATHS: usize = 3;
/// ... within so long are no accident.
const LOOP_SPAN: Duration = Duration::from_secs(10);
/// The first pause before another worker; it doubles each time,
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// up to this one,
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// and is short again after a worker that ran for so long.
const CALM: Duration = Duration::from_secs(60);
