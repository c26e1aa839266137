//! What can happen to a virtual router.

use core::net::IpAddr;
use core::time::Duration;

use crate::{Config, Fault, Peer, Priority};

/// Every way in which the world touches a virtual router.
#[derive(Clone, Debug)]
pub enum Event<'a, A, P = &'static [Peer]> {
    /// The router shall take part. Sent again, it only tells a changed source.
    Start {
        /// Where adverts come from: the interface's primary IPv4 or link-local IPv6 address.
        source: IpAddr,
        /// The link address that adverts are sent from, if known: the virtual or the interface's own.
        mac: Option<[u8; 6]>,
    },
    /// As [`Start`](Event::Start), for a router that was Active in a process that ended without a word: no
    /// [`Stop`](Event::Stop), no priority 0, its addresses still in place. It is Active again at once, as long
    /// as no Backup with the same settings can have taken over, nor is about to: half an interval is kept in
    /// reserve. Otherwise, and while a fault stands, this is a start like any other. What it may not resume the
    /// sender has to clear away: addresses, and a resignation if peers still wait.
    Resume {
        /// As in [`Start`](Event::Start).
        source: IpAddr,
        /// As in [`Start`](Event::Start).
        mac: Option<[u8; 6]>,
        /// When it became Active.
        since: Duration,
        /// When its next advert is due or was: [`Timers::advert`](crate::Timers) as it was after the last one.
        advert_at: Duration,
    },
    /// The router shall take no part any longer.
    Stop,
    /// [`deadline`](crate::VirtualRouter::deadline) has come. Handle waiting packets first: a process that
    /// was held up must not speak before it has listened.
    Tick,
    /// Something arrived with protocol number 112.
    Packet(Packet<'a>),
    /// A reason to take no part has come up or gone away.
    Fault {
        /// The reason.
        fault: Fault,
        /// Whether it stands now.
        present: bool,
    },
    /// The source of adverts changed; see [`Start`](Event::Start).
    Source {
        /// Where adverts come from now.
        source: IpAddr,
        /// The link address that adverts are sent from now.
        mac: Option<[u8; 6]>,
    },
    /// The effective priority by tracking. An owner ignores it; nobody becomes an owner by it.
    Priority(Priority),
    /// Other settings for the same virtual router; its state stays. One for another VRID or family is
    /// refused.
    ///
    /// If the configured priority changes, tracking starts afresh from it: send [`Priority`](Event::Priority)
    /// next.
    Configure(Config<A, P>),
    /// The addresses shall be announced again, because one was put back or the link has changed.
    Announce,
}

/// A received VRRP packet, its IP header already read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// TTL or hop limit as it arrived.
    pub ttl: u8,
    /// The link address it came from, where known.
    pub link_source: Option<[u8; 6]>,
    /// The payload, as long as the IP header says; padding of the frame is not part of it.
    pub message: &'a [u8],
}
