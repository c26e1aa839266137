//! What a router says about itself, one line at a time.

use core::fmt;
use core::time::Duration;

use vrrp_core::{Notice, Reason, State};

#[cfg(feature = "defmt")]
mod frames;

#[cfg(feature = "defmt")]
pub use frames::Frames;

/// Takes the lines. A serial line, a ring in memory, a test's list; `()` drops them.
pub trait Log {
    /// Something worth a line happened at `now`.
    fn record(&mut self, now: Duration, record: &Record);
}

impl Log for () {
    fn record(&mut self, _: Duration, _: &Record) {}
}

/// Something worth a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Record {
    /// A virtual router changed its state.
    Transition {
        /// Its name.
        instance: &'static str,
        /// From.
        from: State,
        /// To.
        to: State,
        /// Why.
        reason: Reason,
    },
    /// A virtual router has something to remark.
    Notice {
        /// Its name.
        instance: &'static str,
        /// What.
        notice: Notice,
    },
    /// A port went down or came back.
    Link {
        /// Its name.
        port: &'static str,
        /// Whether it is up now.
        up: bool,
    },
    /// The device could not take a frame when one was to be sent. Said once, until one was sent again.
    Congested {
        /// The name of the port.
        port: &'static str,
    },
    /// A check says something about a server.
    #[cfg(feature = "checks")]
    Checks(crate::checks::News),
}

/// A record as a line of text with the time before it: `[   12.345678] gateway: Backup -> Active: silence`.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a>(pub Duration, pub &'a Record);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (now, record) = (self.0, self.1);
        write!(f, "[{:5}.{:06}] {record}", now.as_secs(), now.subsec_micros())
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transition { instance, from, to, reason } => {
                write!(f, "{instance}: {} -> {}: {}", state(*from), state(*to), Why(reason))
            }
            Self::Notice { instance, notice } => write!(f, "{instance}: {}", Remark(notice)),
            Self::Link { port, up: true } => write!(f, "{port}: link up"),
            Self::Link { port, up: false } => write!(f, "{port}: link down"),
            Self::Congested { port } => write!(f, "{port}: cannot send, the device is full"),
            #[cfg(feature = "checks")]
            Self::Checks(news) => write!(f, "{news}"),
        }
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Initialize => "Initialize",
        State::Backup => "Backup",
        State::Active => "Active",
    }
}

struct Why<'a>(&'a Reason);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reason::Started => f.write_str("started"),
            Reason::Resumed => f.write_str("resumed"),
            Reason::Owner => f.write_str("it owns the addresses"),
            Reason::Silence => f.write_str("silence"),
            Reason::Resigned => f.write_str("the Active router resigned"),
            Reason::Preempted => f.write_str("the Active router has a lesser priority"),
            Reason::Outranked { by, priority } => write!(f, "outranked by {by} with priority {priority}"),
            Reason::HeldUp => f.write_str("held up too long"),
            Reason::SyncGroup => f.write_str("its sync group moved"),
            Reason::Fault(fault) => write!(f, "fault {}", fault.name()),
            Reason::Stopped => f.write_str("stopped"),
        }
    }
}

struct Remark<'a>(&'a Notice);

impl fmt::Display for Remark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Notice::IntervalMismatch { source, interval } => {
                write!(f, "{source} advertises every {} centiseconds", interval.centiseconds())
            }
            Notice::VersionMismatch { source, version } => {
                write!(f, "{source} speaks version {} for our virtual router", version.number())
            }
            Notice::AddressListMismatch { source } => write!(f, "{source} lists other addresses"),
            Notice::SecondActive { source, priority } => {
                write!(f, "{source} was Active beside us, with priority {priority}")
            }
            Notice::SecondOwner { source } => write!(f, "{source} claims to own our addresses"),
            Notice::Loop => f.write_str("our own advert came back"),
            Notice::DuplicateIdentity => f.write_str("another router has our priority and our address"),
            Notice::HeldUp { milliseconds } => write!(f, "held up for {milliseconds} ms"),
            Notice::ForeignConfiguration => f.write_str("a configuration for another virtual router"),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use core::net::{IpAddr, Ipv4Addr};
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_line_has_the_time_who_what_and_why() {
        let by = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3));
        let record = Record::Transition {
            instance: "gateway",
            from: State::Active,
            to: State::Backup,
            reason: Reason::Outranked { by, priority: 200 },
        };
        let line = Line(Duration::from_micros(12_345_678), &record).to_string();
        assert_eq!(
            line,
            "[   12.345678] gateway: Active -> Backup: outranked by 192.0.2.3 with priority 200"
        );
    }
}
