//! Waiting: for input on any socket, for a word from another thread, or for a moment.

use core::time::Duration;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use crate::clock;

/// What is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Commands may wait.
    Commands,
    /// Netlink notifications wait.
    Changes,
    /// Notifications of lost routes and rules wait.
    Losses,
    /// Packets wait at the port of this number.
    Port(usize),
}

/// An epoll set with a timer of nanosecond resolution; epoll's own timeout has milliseconds.
#[derive(Debug)]
pub(super) struct Poller {
    epoll: Epoll,
    timer: TimerFd,
    wake: Arc<EventFd>,
    armed: Option<Duration>,
}

impl Poller {
    /// Makes the set, with the timer and the wake-up in it.
    pub(super) fn open() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer =
            TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK)?;
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        // Only its running out counts, and setting it again makes it ready for the next time: it is never read.
        epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, TIMER))?;
        epoll.add(&wake, EpollEvent::new(EpollFlags::EPOLLIN, WAKE))?;
        Ok(Self { epoll, timer, wake: Arc::new(wake), armed: None })
    }

    /// What another thread writes to so that this one looks at its commands.
    pub(super) fn wake(&self) -> Arc<EventFd> {
        Arc::clone(&self.wake)
    }

    /// Watches a socket for input, until it is closed.
    pub(super) fn watch(&self, socket: impl AsFd, ready: Ready) -> io::Result<()> {
        let token = match ready {
            Ready::Commands => WAKE,
            Ready::Changes => CHANGES,
            Ready::Losses => LOSSES,
            Ready::Port(number) => PORTS + number as u64,
        };
        Ok(self.epoll.add(socket, EpollEvent::new(EpollFlags::EPOLLIN, token))?)
    }

    /// Waits for input or until `deadline`, whichever is first, and says what has input.
    pub(super) fn wait(&mut self, deadline: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        if deadline.is_some_and(|deadline| deadline <= clock::now()) {
            return self.poll(ready);
        }
        // One that runs out earlier only costs a look; most deadlines move away from it again and again.
        if let Some(deadline) = deadline.filter(|deadline| self.armed.is_none_or(|armed| *deadline < armed)) {
            self.arm(deadline)?;
        }
        self.collect(EpollTimeout::NONE, ready)
    }

    /// Says what has input now.
    pub(super) fn poll(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.collect(EpollTimeout::ZERO, ready)
    }

    fn collect(&mut self, timeout: EpollTimeout, ready: &mut Vec<Ready>) -> io::Result<()> {
        ready.clear();
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, timeout) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..count] {
            match event.data() {
                TIMER => self.armed = None,
                WAKE => {
                    let _ = self.wake.read();
                    ready.push(Ready::Commands);
                }
                CHANGES => ready.push(Ready::Changes),
                LOSSES => ready.push(Ready::Losses),
                port => ready.push(Ready::Port(usize::try_from(port - PORTS).expect("it came from a usize"))),
            }
        }
        Ok(())
    }

    fn arm(&mut self, deadline: Duration) -> io::Result<()> {
        // Zero would disarm it.
        let wait = deadline.saturating_sub(clock::now()).max(Duration::from_nanos(1));
        let expiration = Expiration::OneShot(TimeSpec::from_duration(wait));
        self.timer.set(expiration, TimerSetTimeFlags::empty())?;
        self.armed = Some(deadline);
        Ok(())
    }
}

const TIMER: u64 = 0;
const WAKE: u64 = 1;
const CHANGES: u64 = 2;
const LOSSES: u64 = 3;
const PORTS: u64 = 4;
/// Sources looked at in one round; the others keep until the next.
const EVENTS: usize = 64;
