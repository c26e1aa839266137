//! What there is to say about checked servers.

use core::fmt;

use check_core::Failure;
use ipvs_core::Refused;

/// Something happened to a virtual server or to one of its real servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct News {
    /// The name of the virtual server.
    pub service: &'static str,
    /// What.
    pub event: NewsEvent,
}

/// What happened to a virtual server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NewsEvent {
    /// A check failed, and nothing follows yet, or the server is down already; not said again for the same reason.
    Failed {
        /// The name of the real server.
        server: &'static str,
        /// What was asked: `HTTP`.
        check: &'static str,
        /// Why.
        failure: Failure,
        /// How many more attempts the server has; `None` if it is down.
        left: Option<u32>,
    },
    /// A real server carries nothing any more.
    Down {
        /// Its name.
        server: &'static str,
        /// What was asked.
        check: &'static str,
        /// Why.
        failure: Failure,
    },
    /// A check passes again, but others of the same server fail.
    Passed {
        /// The name of the real server.
        server: &'static str,
        /// What was asked.
        check: &'static str,
    },
    /// A real server is alive again.
    Up {
        /// Its name.
        server: &'static str,
    },
    /// The service has enough servers.
    QuorumGained {
        /// What those alive weigh together.
        weight: u64,
    },
    /// The service has not enough servers any more.
    QuorumLost {
        /// What those alive weigh together.
        weight: u64,
        /// The name of the sorry server, which stands in.
        sorry: Option<&'static str>,
    },
    /// The director did not do what follows from all this; it is asked again every second.
    Refused(Refused),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, event } = self;
        match event {
            NewsEvent::Failed { server, check, failure, left: None } => {
                write!(f, "{service}: {server}: {check}: {failure}")
            }
            NewsEvent::Failed { server, check, failure, left: Some(left) } => {
                write!(f, "{service}: {server}: {check}: {failure}; attempts left: {}", left + 1)
            }
            NewsEvent::Down { server, check, failure } => {
                write!(f, "{service}: {server} is down: {check}: {failure}")
            }
            NewsEvent::Passed { server, check } => write!(f, "{service}: {server}: {check}: passes again"),
            NewsEvent::Up { server } => write!(f, "{service}: {server} is up"),
            NewsEvent::QuorumGained { weight } => write!(f, "{service}: quorum gained, weight {weight}"),
            NewsEvent::QuorumLost { weight, sorry: None } => {
                write!(f, "{service}: quorum lost, weight {weight}")
            }
            NewsEvent::QuorumLost { weight, sorry: Some(sorry) } => {
                write!(f, "{service}: quorum lost, weight {weight}: {sorry} stands in")
            }
            NewsEvent::Refused(refused) => write!(f, "{service}: the director: {refused}"),
        }
    }
}
