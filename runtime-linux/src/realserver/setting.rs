//! The kernel's ARP settings of an interface, which keep a real server from answering for the virtual address.

use core::fmt;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

/// One file under `/proc/sys/net/ipv4/conf`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Setting {
    /// `all`, or the name of an interface.
    interface: String,
    knob: Knob,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Knob {
    ArpIgnore,
    ArpAnnounce,
}

impl Setting {
    /// `arp_ignore`: which questions are answered.
    pub(super) fn ignore(interface: &str) -> Self {
        Self { interface: interface.to_owned(), knob: Knob::ArpIgnore }
    }

    /// `arp_announce`: which source address the host's own questions carry.
    pub(super) fn announce(interface: &str) -> Self {
        Self { interface: interface.to_owned(), knob: Knob::ArpAnnounce }
    }

    /// What a virtual address on `interface` wants set. The kernel goes by the greater of the value for `all`
    /// and that of the link a question came in by, so `all` is what keeps every link quiet.
    pub(super) fn wanted_for(interface: &str) -> [Self; 4] {
        [Self::ignore(interface), Self::announce(interface), Self::ignore("all"), Self::announce("all")]
    }

    /// What it is set to: 1 answers only for addresses of the link that was asked, 2 asks only from addresses
    /// of the link that asks (ip-sysctl, `arp_ignore` and `arp_announce`).
    pub(super) fn wanted(&self) -> i32 {
        match self.knob {
            Knob::ArpIgnore => 1,
            Knob::ArpAnnounce => 2,
        }
    }

    /// Whether `value` keeps the virtual address quiet: `arp_ignore` 2 and 8 are stricter than 1, while 3 answers
    /// for addresses of other links.
    pub(super) fn is_enough(&self, value: i32) -> bool {
        match self.knob {
            Knob::ArpIgnore => matches!(value, 1 | 2 | 8),
            Knob::ArpAnnounce => value == 2,
        }
    }

    /// The value now, in the network namespace of this thread; `None` where the interface is not there.
    pub(super) fn read(&self) -> io::Result<Option<i32>> {
        let text = match fs::read_to_string(self.path()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        text.trim().parse().map(Some).map_err(|_| io::Error::other(format!("{text:?} is no number")))
    }

    /// Sets it.
    pub(super) fn write(&self, value: i32) -> io::Result<()> {
        fs::write(self.path(), value.to_string())
    }

    fn path(&self) -> String {
        format!("/proc/sys/{self}")
    }
}

impl fmt::Display for Setting {
    /// With slashes, which `sysctl` takes as well as dots: names of interfaces may have dots.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let knob = match self.knob {
            Knob::ArpIgnore => "arp_ignore",
            Knob::ArpAnnounce => "arp_announce",
        };
        write!(out, "net/ipv4/conf/{}/{knob}", self.interface)
    }
}
