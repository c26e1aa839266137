//! The timers of a router, for people who ask what it waits for.

use core::net::IpAddr;
use core::time::Duration;

use super::{Phase, VirtualRouter};
use crate::Peer;

/// When each timer that runs now comes due, on the clock that [`VirtualRouter::handle`] is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    /// A Backup takes over unless it hears from the Active router (RFC 9568 §6.2: `Active_Down_Timer`).
    pub down: Option<Duration>,
    /// A Backup that heard a lesser Active router lets it be until then (`preempt_delay`).
    pub preemption: Option<Duration>,
    /// An Active router sends its next regular advert (RFC 9568 §6.2: `Adver_Timer`).
    pub advert: Option<Duration>,
    /// An Active router announces its addresses again.
    pub announcement: Option<Duration>,
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> VirtualRouter<A, P> {
    /// The timers that run in the present state.
    pub fn timers(&self) -> Timers {
        match &self.phase {
            Phase::Initialize => Timers::default(),
            Phase::Backup(backup) => {
                Timers { down: Some(backup.timer.deadline()), preemption: backup.hold, ..Timers::default() }
            }
            Phase::Active(active) => Timers {
                advert: Some(active.advert_at),
                announcement: active.announcer.deadline(),
                ..Timers::default()
            },
        }
    }
}
