//! What the operator wants of real servers, beside what the file says: drained, enabled, another weight.

use core::net::SocketAddr;
use core::time::Duration;

use check_core::pool::Duty;
use serde::{Deserialize, Serialize};

use crate::clock;

/// What is wanted of one real server of one virtual server. It outlives reloads and restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// `[198.51.100.1]:tcp:80`, `FWM 7` or `group NAME tcp`.
    pub service: String,
    /// The real server.
    pub server: SocketAddr,
    /// The weight that was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Whether it takes part.
    #[serde(default)]
    pub standing: Standing,
}

/// Whether a server takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does.
    #[default]
    Serving,
    /// It is being drained.
    Draining {
        /// Until when at most, in milliseconds since 1970-01-01 UTC: a restart must not begin its time anew.
        #[serde(default)]
        until_ms: Option<u64>,
    },
    /// It is out.
    Drained,
}

impl Standing {
    /// What the pool's duty is on the wall clock.
    pub(super) fn of(duty: Duty) -> Self {
        match duty {
            Duty::Serving => Self::Serving,
            Duty::Drained => Self::Drained,
            Duty::Draining { until, .. } => Self::Draining {
                until_ms: until.map(|until| {
                    let wall = clock::wall().saturating_add(until.saturating_sub(clock::now()));
                    u64::try_from(wall.as_millis()).unwrap_or(u64::MAX)
                }),
            },
        }
    }

    /// The duty that this is now.
    pub(super) fn duty(self) -> Duty {
        match self {
            Self::Serving => Duty::Serving,
            Self::Drained => Duty::Drained,
            Self::Draining { until_ms } => Duty::Draining {
                until: until_ms.map(|until| {
                    let left = Duration::from_millis(until).saturating_sub(clock::wall());
                    clock::now().saturating_add(left)
                }),
                connections: None,
            },
        }
    }
}
