//! What VRRPV3-MIB (RFC 6527) asks of a router beside its counters.

use core::time::Duration;

use vrrp_core::{Ignored, Reason};

use super::Phase;
use crate::snmp::trap::ActiveReason;

/// Since when a router takes part, why it became Active last, and what was last wrong with a packet. There are thousands
/// of routers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// On [`crate::clock`] in hundredths of a second, as far as 32 bits go.
    since: u32,
    /// Why it last became Active.
    reason: ActiveReason,
    /// What was last wrong.
    flaw: Flaw,
}

/// `vrrpv3StatisticsProtoErrReason`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Flaw {
    /// Nothing yet.
    #[default]
    None = 0,
    /// Its TTL.
    Ttl = 1,
    /// Its version.
    Version = 2,
    /// Its checksum.
    Checksum = 3,
    /// Its VRID.
    Vrid = 4,
}

impl From<Ignored> for Flaw {
    /// What else there is the MIB has no number for.
    fn from(ignored: Ignored) -> Self {
        if ignored == Ignored::Ttl || ignored == Ignored::UnicastTtl {
            Self::Ttl
        } else if ignored == Ignored::UnknownVersion || ignored == Ignored::VersionMismatch {
            Self::Version
        } else if ignored == Ignored::Checksum {
            Self::Checksum
        } else if ignored == Ignored::Vrid {
            Self::Vrid
        } else {
            Self::None
        }
    }
}

impl Standing {
    /// The router went from one state to another, and why.
    pub fn moved(&mut self, before: Phase, after: Phase, why: Option<Reason>, now: Duration) {
        if after == Phase::Master {
            self.reason = why.into();
        }
        if takes_part(after) && !takes_part(before) {
            self.since = hundredths(now);
        }
    }

    /// A packet was dropped.
    pub fn ignored(&mut self, ignored: Ignored) {
        let flaw = Flaw::from(ignored);
        if flaw != Flaw::None {
            self.flaw = flaw;
        }
    }

    /// For how long it has taken part, if it does so in this state; in hundredths of a second.
    pub fn uptime(self, phase: Phase, now: Duration) -> u32 {
        if takes_part(phase) { hundredths(now).wrapping_sub(self.since) } else { 0 }
    }

    /// Why it last became Active.
    pub fn reason(self) -> ActiveReason {
        self.reason
    }

    /// What was last wrong with a packet.
    pub fn flaw(self) -> Flaw {
        self.flaw
    }
}

fn takes_part(phase: Phase) -> bool {
    match phase {
        Phase::Backup | Phase::Master => true,
        Phase::Initialize | Phase::Fault | Phase::Stop => false,
    }
}

fn hundredths(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / 10 % (1 << 32)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_takes_part_from_when_it_is_backup_or_master_until_it_is_neither() {
        let at = Duration::from_secs;
        let mut standing = Standing::default();
        standing.moved(Phase::Initialize, Phase::Backup, None, at(10));
        standing.moved(Phase::Backup, Phase::Master, Some(Reason::Preempted), at(13));
        assert_eq!(standing.uptime(Phase::Master, at(15)), 500);
        assert_eq!(standing.uptime(Phase::Fault, at(15)), 0);
        standing.moved(Phase::Fault, Phase::Backup, None, at(20));
        assert_eq!(standing.uptime(Phase::Backup, at(21)), 100);
        assert_eq!(standing.reason(), ActiveReason::Preempted);
    }

    #[test]
    fn of_what_is_wrong_with_packets_the_last_counts_that_has_a_number() {
        let mut standing = Standing::default();
        assert_eq!(standing.flaw(), Flaw::None);
        for (ignored, flaw) in [
            (Ignored::UnicastTtl, Flaw::Ttl),
            (Ignored::VersionMismatch, Flaw::Version),
            (Ignored::Checksum, Flaw::Checksum),
            (Ignored::Password, Flaw::Checksum),
            (Ignored::Vrid, Flaw::Vrid),
        ] {
            standing.ignored(ignored);
            assert_eq!(standing.flaw(), flaw, "{ignored:?}");
        }
    }
}
