//! What the VRRP thread tells the rest of the daemon.

use core::net::IpAddr;

use vrrp_core::{Ignored, Reason, State};

/// Something that happened on the VRRP thread. It is late by the time it is read: state is asked for with
/// [`Command::Status`](super::Command::Status).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// An instance changed its state: what notify scripts hang on. A log line comes with it, separately.
    Transition {
        /// Name of the instance.
        instance: String,
        /// The state left.
        from: Phase,
        /// The state entered.
        to: Phase,
        /// Effective priority, after the change.
        priority: u8,
        /// Why, in words.
        reason: String,
        /// Why, as the state machine says it; absent where it does not see the change.
        why: Option<Reason>,
        /// Where its adverts come from.
        source: Option<IpAddr>,
    },
    /// The effective priority of an instance changed and its state did not.
    PriorityChanged {
        /// Name of the instance.
        instance: String,
        /// State it is in.
        phase: Phase,
        /// The effective priority now.
        priority: u8,
    },
    /// A lesser router advertises although the instance is Active; told once for each time that one turns up.
    LesserHeard {
        /// Name of the instance.
        instance: String,
        /// Its effective priority.
        priority: u8,
    },
    /// A packet was dropped; told once for each reason while an instance is in one state.
    Rejected {
        /// Name of the instance.
        instance: String,
        /// The reason.
        ignored: Ignored,
        /// Where it came from.
        source: Option<IpAddr>,
    },
    /// A line for the log.
    Log {
        /// How much it matters.
        level: Level,
        /// The line.
        text: String,
    },
    /// The set of instances is what the last `Apply` asked for.
    Applied {
        /// Instances running now.
        instances: usize,
    },
    /// Everything is released and the thread ends; the last report.
    Stopped,
}

/// The state of an instance as scripts, files and logs know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not started yet.
    Initialize,
    /// Active.
    Master,
    /// Backup.
    Backup,
    /// Kept out by a fault.
    Fault,
    /// Stopped cleanly.
    Stop,
}

impl Phase {
    /// The word used at the edges, `MASTER`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initialize => "INIT",
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
        }
    }

    /// What a router's state is called; one that is kept in Initialize by a fault is in FAULT.
    pub fn of(state: State, faulted: bool) -> Self {
        match (state, faulted) {
            (State::Active, _) => Self::Master,
            (State::Backup, _) => Self::Backup,
            (State::Initialize, true) => Self::Fault,
            (State::Initialize, false) => Self::Initialize,
        }
    }
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Somebody must act.
    Error,
    /// Something is odd.
    Warning,
    /// The ordinary run of things.
    Info,
    /// Only when asked for.
    Debug,
}
