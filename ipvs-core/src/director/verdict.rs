//! What becomes of a packet.

use core::net::IpAddr;

use crate::connection::{Segment, Signal};
use crate::fragment::Change;
use crate::packet::{Content, Packet};
use crate::rewrite;
use crate::service::{Family, Tunnel};

/// How a packet came, as far as it matters and is not in the packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The firewall mark that it carries; 0: none.
    pub mark: u32,
    /// The MTU of the link that it came by, for [`Settings::clamp_mss`](crate::Settings::clamp_mss); 0: not known.
    pub mtu: u16,
}

/// What the runtime is to do with a packet that [`Director::forward`](crate::Director::forward) looked at. Nothing has
/// been written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Find the way, then [write](Outgoing::write) what changes and send the packet.
    Forward(Outgoing),
    /// Not for the director: leave it to the stack.
    Pass,
    /// For this host as a real server: give it to the stack as it is.
    Local,
    /// A new connection to a service without a usable destination: drop it, with the answer that
    /// [`Director::answer`](crate::Director::answer) makes.
    Reject,
    /// Drop it, with the answer that [`Director::answer`](crate::Director::answer) makes for some reasons.
    Drop(Reason),
}

/// What becomes of a packet that goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Pass,
    Reject,
    Drop(Reason),
}

impl From<Refusal> for Verdict {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Pass => Self::Pass,
            Refusal::Reject => Self::Reject,
            Refusal::Drop(reason) => Self::Drop(reason),
        }
    }
}

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Whom to reach: route to this address, or resolve it when it is on the link. A real server, or for a reply
    /// the client.
    pub next_hop: IpAddr,
    /// Octets of the IP packet; what follows in the buffer is padding of the link.
    pub length: usize,
    /// Which way it goes.
    pub direction: Direction,
    pub(crate) packet: Packet,
    pub(crate) change: Change,
    /// Where the maximum segment size is to be lowered: the MTU of the link that it came by.
    pub(crate) clamp: Option<u16>,
    /// What a router on the way through a tunnel said lately.
    pub(crate) path_mtu: Option<u16>,
}

/// How a packet fits through the way that it is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// As it is, in its envelope if it goes through a tunnel.
    Whole,
    /// In [pieces](crate::Director::pieces).
    Pieces {
        /// The longest that a piece may be, in octets of IP, envelope included.
        mtu: usize,
    },
    /// Not at all: answer with [`Complaint::TooBig`](crate::Complaint::TooBig).
    TooBig {
        /// What would fit, in octets of IP without an envelope.
        mtu: usize,
    },
}

impl Outgoing {
    /// The tunnel that the packet goes through: [`Director::wrap`](crate::Director::wrap) makes what goes before it.
    pub fn tunnel(&self) -> Option<Tunnel> {
        match self.change {
            Change::Tunnel(tunnel) => Some(tunnel),
            Change::Local | Change::None | Change::Destination(..) | Change::Source(..) => None,
        }
    }

    /// Whether another address or port is written into it, which replies have to undo.
    pub fn is_translated(&self) -> bool {
        match self.change {
            Change::Destination(..) | Change::Source(..) => true,
            Change::Local | Change::None | Change::Tunnel(_) => false,
        }
    }

    /// How the packet fits through a link of this MTU; `size` is its length, or that of its longest segment where
    /// somebody is yet to cut it into segments.
    pub fn fit(&self, size: usize, mtu: usize) -> Fit {
        let mtu = mtu.min(self.path_mtu.map_or(usize::MAX, usize::from));
        let inner = mtu.saturating_sub(self.overhead());
        let has_minimum = self.tunnel().is_some() && !self.packet.destination.is_ipv4();
        let fits = if has_minimum { inner.max(MINIMUM_V6) } else { inner };
        if size <= inner {
            Fit::Whole
        } else if size > fits && self.packet.whole {
            Fit::TooBig { mtu: fits }
        } else {
            // IPv6 has a minimum MTU: what is no longer goes through a tunnel in pieces (RFC 2473 §7.1).
            Fit::Pieces { mtu }
        }
    }

    /// Rewrites the packet in place: addresses, ports, checksums, one hop less, and the maximum segment size where it
    /// is to be clamped. `bytes` is what [`Director::forward`](crate::Director::forward) looked at, once and unchanged;
    /// `mtu` is that of the link that it leaves by.
    pub fn write(&self, bytes: &mut [u8], mtu: usize) {
        rewrite::apply(bytes, &self.packet, self.change);
        if let Some(arrival) = self.clamp {
            let mtu = mtu.min(self.path_mtu.map_or(usize::MAX, usize::from));
            rewrite::clamp(
                bytes,
                &self.packet,
                usize::from(arrival).min(mtu.saturating_sub(self.overhead())),
            );
        }
    }

    fn overhead(&self) -> usize {
        self.tunnel().map_or(0, |tunnel| tunnel.overhead(Family::of(self.next_hop)))
    }

    /// Whether the packet says how long segments may be.
    pub(crate) fn announces_size(packet: &Packet) -> bool {
        matches!(packet.content, Content::Transport { signal: Signal::Segment(Some(Segment::Syn)), .. })
    }
}

/// Which way a packet of a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the real server.
    Request,
    /// From the real server to the client; seen with NAT only.
    Reply,
}

/// Why a packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its lengths contradict each other, or its headers do not fit into it.
    Malformed,
    /// Its TTL or hop limit ends here.
    TtlExpired,
    /// Its connection belongs to a real server that was removed.
    ServerRemoved,
    /// A later fragment towards a service whose first fragment was not seen, or was seen too long ago.
    FragmentWithoutFirst,
    /// A fragment of SCTP that NAT would have to change: its checksum covers the whole packet.
    FragmentOfSctp,
    /// Not lost: a router's ICMP error about a tunnel of ours, which is told to the client instead.
    TunnelError,
}

impl Reason {
    /// Every reason, in the order of its counters.
    pub const ALL: [Self; 6] = [
        Self::Malformed,
        Self::TtlExpired,
        Self::ServerRemoved,
        Self::FragmentWithoutFirst,
        Self::FragmentOfSctp,
        Self::TunnelError,
    ];

    /// The counter's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TtlExpired => "ttl_expired",
            Self::ServerRemoved => "server_removed",
            Self::FragmentWithoutFirst => "fragment_without_first",
            Self::FragmentOfSctp => "fragment_of_sctp",
            Self::TunnelError => "tunnel_error",
        }
    }
}

/// RFC 8200 §5.
const MINIMUM_V6: usize = 1_280;
