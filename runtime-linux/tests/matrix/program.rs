//! The programs that run VRRP, and what is known to be peculiar about them.

use core::fmt;
use core::time::Duration;
use std::path::PathBuf;

use runtime_linux::lab::Daemon;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    Steadfast,
    Keepalived,
    Frr,
}

impl fmt::Display for Program {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Steadfast => "steadfast",
            Self::Keepalived => "keepalived",
            Self::Frr => "FRR",
        })
    }
}

impl Program {
    /// How it is started, if it reads a keepalived.conf.
    pub(crate) fn daemon(self) -> Option<Daemon> {
        match self {
            Self::Steadfast => Some(Daemon::steadfast(PathBuf::from(env!("CARGO_BIN_EXE_steadfast")))),
            Self::Keepalived => Some(Daemon::keepalived()),
            Self::Frr => None,
        }
    }

    /// `wait` as this program counts it, to tell what is too early: FRR cuts the skew to whole centiseconds.
    pub(crate) fn counts(self, wait: Duration) -> Duration {
        match self {
            Self::Steadfast | Self::Keepalived => wait,
            Self::Frr => Duration::from_millis(u64::try_from(wait.as_millis()).unwrap() / 10 * 10),
        }
    }

    /// What it is known to do differently. A control cell, where it plays against itself, must show every one of
    /// them; from steadfast none is taken.
    pub(crate) fn quirks(self) -> &'static [Quirk] {
        match self {
            Self::Steadfast | Self::Keepalived => &[],
            Self::Frr => &[Quirk::AnswersAsBackup, Quirk::AdvertLateByAnInterval],
        }
    }
}

/// A known deviation, tolerated in the program that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quirk {
    /// It answers for the virtual addresses while it is Backup: its macvlan is only set down, and Linux answers on
    /// any link for any address that it has (F32, FRR issue 16995).
    AnswersAsBackup,
    /// Over IPv6 its first advert as Active is lost: its macvlan has just been set up and has no address to send
    /// from yet. The next one comes an interval later, so that a takeover looks late by that.
    AdvertLateByAnInterval,
}
