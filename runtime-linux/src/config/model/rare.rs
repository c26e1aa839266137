//! What hardly any `vrrp_instance` says. Most share one value of it, since there may be thousands of them.

use core::time::Duration;

/// Words of one instance in a thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rare {
    /// `owner_ignore_adverts`: who owns its addresses hears nobody (RFC 9568 §6.4.3).
    pub owner_ignores_adverts: bool,
    /// `unicast_fault_no_peer` without a peer: it takes no part.
    pub lacks_peers: bool,
    /// `native_ipv6`: over IPv6, also where no address says so.
    pub over_v6: bool,
    /// `old_unicast_checksum`.
    pub old_checksum: OldChecksum,
    /// `garp_extra_if` or `vrrp_garp_extra_if`.
    pub extra_announcements: Option<ExtraAnnouncements>,
    /// `kernel_rx_buf_size`: bytes that wait for it at its socket.
    pub receive_buffer: Option<u32>,
}

/// When the checksum of unicast adverts is that of keepalived up to 1.3.6: version 3 over IPv4, summed as if they went to
/// 224.0.0.18.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldChecksum {
    /// Once a peer was heard that has it.
    #[default]
    Follow,
    /// From the start.
    Always,
    /// Never; what has it is dropped.
    Never,
}

/// Announcements on interfaces that adverts do not go out of, lest switches forget where their addresses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtraAnnouncements {
    /// From one to the next.
    pub every: Duration,
    /// On all of them, not only on virtual ones.
    pub on_all: bool,
}

impl super::Instance {
    /// What it says of these.
    pub fn rare(&self) -> Rare {
        self.rare.as_deref().copied().unwrap_or_default()
    }
}

impl Rare {
    /// In the form that an instance keeps.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}
