//! Sessions of bidirectional forwarding detection.

use core::net::IpAddr;
use core::time::Duration;

/// One `bfd_instance`: is the other side of a path still there?
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub struct BfdInstance {
    /// The name after `bfd_instance`.
    pub name: String,
    /// `neighbor_ip`: the other side.
    pub neighbor: IpAddr,
    /// `source_ip`, of the same family; the kernel's choice when not said.
    pub source: Option<IpAddr>,
    /// `min_tx`: we send no more often, 1 ms..=4294 s.
    pub min_tx: Duration,
    /// `min_rx`: we can be sent one packet in this time, 1 ms..=4294 s.
    pub min_rx: Duration,
    /// `idle_tx`: we send no more often while the session is not up, 1 s..=4294 s.
    pub idle_tx: Duration,
    /// `multiplier`: the other side gives us up after so many of our intervals; not 0.
    pub multiplier: u8,
    /// `passive`: we do not speak until we are spoken to.
    pub passive: bool,
    /// `ttl`: what we send with, not 0.
    pub ttl: u8,
    /// `max_hops`: what arrives may have lost so much of `ttl`.
    pub max_hops: u8,
    /// `multihop`: UDP port 4784 and not 3784.
    pub multihop: bool,
    /// Weight for instances that do not say their own, -253..=253.
    pub weight: i16,
    /// `reverse` beside the weight.
    pub reverse: bool,
    /// Routers may track it: `vrrp`, or neither `vrrp` nor `checker`.
    pub for_routers: bool,
    /// Real servers may be checked by it: `checker`, or neither of both.
    pub for_checks: bool,
}

impl BfdInstance {
    /// What arrives with a lower TTL or hop limit comes from too far.
    pub fn least_ttl(&self) -> u8 {
        self.ttl.saturating_sub(self.max_hops)
    }
}
