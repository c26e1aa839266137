//! The VRRP thread: the only one that a failover waits for.
//!
//! It owns the VRRP sockets, listens to the kernel's link and address notifications, keeps the virtual
//! addresses where they belong and sends adverts and announcements. It parses no configuration, runs no
//! script, writes no log and waits for no other thread: what it has to say goes into a bounded channel and is
//! dropped and counted when nobody reads.
//!
//! ```no_run
//! use runtime_linux::driver::{self, Command, Setup};
//!
//! let (handle, mut reports) = driver::spawn(Setup::default())?;
//! handle.send(Command::Apply { instances: Vec::new(), groups: Vec::new() })?;
//! handle.send(Command::Stop)?;
//! while let Some(report) = reports.blocking_recv() {
//!     println!("{report:?}");
//! }
//! handle.join();
//! # Ok::<(), std::io::Error>(())
//! ```

mod apply;
mod auto_priority;
mod command;
pub mod counters;
mod delivery;
mod extra;
mod group;
mod health;
pub mod history;
mod inspect;
pub mod instance;
mod intake;
mod legacy;
mod link_delays;
pub mod old_checksum;
mod on_request;
pub mod outbox;
mod pace;
mod poller;
mod report;
mod roster;
mod routes;
pub mod schedule;
mod standing;
mod status;
mod trackers;
pub mod translate;
mod tuning;
mod virtual_interfaces;
mod wording;
mod worker;

pub use command::{Command, Handle};
pub use report::{Level, Phase, Report};
pub use standing::Flaw;
pub use status::{
    FixturesStatus, GroupStatus, InstanceStatus, MomentStatus, PeerStatus, RoutesStatus, Status,
    TimersStatus, TrackerStatus, VirtualInterfaceStatus,
};
pub use trackers::{Kind, Verdict, shared};

use core::time::Duration;
use std::io;
use std::sync::mpsc::sync_channel;
use std::thread;

use tokio::sync::mpsc;

use crate::config::model::{Schedule, Tuning};
use crate::guardian::ledger::Ledger;
use outbox::Outbox;
use worker::Worker;

/// What the thread needs to know before its first instance. It is fixed for the life of the thread, but for
/// the tuning, which [`Command::Tune`] changes.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Which place the thread takes among the threads of the machine; absent: the one that it was made with.
    pub schedule: Option<Schedule>,
    /// How it goes about its work.
    pub tuning: Tuning,
    /// Adverts are neither heard nor sent for this long after the start (`vrrp_startup_delay`).
    pub startup_delay: Duration,
    /// Where the thread notes what its routers would leave if the process died, and finds what those of the
    /// process before it left. Absent: nobody guards it.
    pub ledger: Option<Ledger>,
}

/// Starts the VRRP thread in the network namespace of the calling thread, with no instance yet.
///
/// # Errors
/// When a socket cannot be opened: without `CAP_NET_RAW`, mostly.
#[expect(clippy::needless_pass_by_value, reason = "it is the thread's from here on")]
pub fn spawn(setup: Setup) -> io::Result<(Handle, mpsc::Receiver<Report>)> {
    let (reports, heard) = mpsc::channel(REPORTS);
    let (commands, told) = sync_channel(COMMANDS);
    let worker = Worker::open(&setup, told, Outbox::new(reports))?;
    let (wake, urgency) = (worker.wake(), worker.urgency.clone());
    let thread = thread::Builder::new().name(schedule::VRRP.name.into()).spawn(move || worker.run())?;
    Ok((Handle { commands: Some(commands), wake, thread: Some(thread), urgency }, heard))
}

/// Reports that may wait; more are dropped and counted.
const REPORTS: usize = 4096;
/// Commands that may wait.
const COMMANDS: usize = 256;
