//! What the daemon is told by signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals as keepalived takes them.
pub(super) struct Signals {
    pub(super) reload: Signal,
    pub(super) terminate: Signal,
    pub(super) interrupt: Signal,
    pub(super) data: Signal,
    pub(super) statistics: Signal,
    pub(super) statistics_clear: Signal,
    pub(super) json: Signal,
    pub(super) timers: Signal,
    /// The kernel sends it when a thread has computed in real time for too long.
    pub(super) exhausted: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            reload: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            data: signal(SignalKind::user_defined1())?,
            statistics: signal(SignalKind::user_defined2())?,
            statistics_clear: signal(SignalKind::from_raw(libc::SIGRTMAX() - 1))?,
            json: signal(SignalKind::from_raw(libc::SIGRTMIN() + 2))?,
            timers: signal(SignalKind::from_raw(libc::SIGRTMAX()))?,
            exhausted: signal(SignalKind::from_raw(libc::SIGXCPU))?,
        })
    }
}
