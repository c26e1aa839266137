//! One check of one server.

use core::time::Duration;

use check_core::Check;
use check_core::dns::Dns;

use super::probe::{Kind, Probe};

/// A check at work.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) service: usize,
    pub(super) server: usize,
    /// Its number among those of the server.
    pub(super) number: usize,
    pub(super) probe: &'static Probe,
    pub(super) check: Check,
    /// What it waits for a line for…
    pub(super) wants: Option<Want>,
    /// …and since when.
    pub(super) since: Duration,
}

/// What is to be done over a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want {
    /// What is configured.
    Probe,
    /// The answer to this question was cut: the same over TCP.
    Whole(Dns<'static>),
}

impl Runner {
    pub(super) fn new(service: usize, server: usize, number: usize, probe: &'static Probe) -> Self {
        let check = Check::new(probe.timing);
        Self { service, server, number, probe, check, wants: None, since: Duration::ZERO }
    }

    pub(super) fn want(&mut self, now: Duration, want: Want) {
        self.wants = Some(want);
        self.since = now;
    }

    /// Whether it waits for a connection, or for an exchange of datagrams; `None` if for neither.
    pub(super) fn wants_stream(&self) -> Option<bool> {
        let want = self.wants.as_ref()?;
        Some(match want {
            Want::Whole(_) => true,
            Want::Probe => self.probe.kind.needs_stream(),
        })
    }
}

impl Kind {
    /// Whether it is asked over a connection.
    pub(super) const fn needs_stream(&self) -> bool {
        match self {
            Self::Tcp | Self::Http { .. } => true,
            Self::Udp { .. } | Self::Dns { .. } | Self::Ping => false,
        }
    }
}
