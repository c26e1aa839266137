//! What becomes of a packet.

use core::net::IpAddr;

use crate::fragment::Change;
use crate::packet::Packet;
use crate::rewrite;

/// How a packet came, as far as it matters and is not in the packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The firewall mark that it carries; 0: none.
    pub mark: u32,
}

/// What the runtime is to do with a packet that [`Director::forward`](crate::Director::forward) looked at. Nothing has
/// been written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Find the way, then [write](Outgoing::write) what changes and send the packet.
    Forward(Outgoing),
    /// Not for the director (or for this host as a real server): leave it to the stack.
    Pass,
    /// A new connection to a service without a usable destination. The kernel answers with ICMP port unreachable
    /// (type 3 code 3; `ICMPv6` type 1 code 4) and drops it.
    Reject,
    /// Drop it without an answer.
    Drop(Reason),
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
}

impl Outgoing {
    /// Rewrites the packet in place: addresses, ports, checksums, and one hop less. `bytes` is what
    /// [`Director::forward`](crate::Director::forward) looked at, once and unchanged.
    pub fn write(&self, bytes: &mut [u8]) {
        rewrite::apply(bytes, &self.packet, self.change);
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
    /// No room for another connection: every slot that could be given up holds an established one.
    TableFull,
    /// A later fragment towards a service whose first fragment was not seen, or was seen too long ago.
    FragmentWithoutFirst,
    /// A fragment of SCTP that NAT would have to change: its checksum covers the whole packet.
    FragmentOfSctp,
}

impl Reason {
    /// Every reason, in the order of its counters.
    pub const ALL: [Self; 6] = [
        Self::Malformed,
        Self::TtlExpired,
        Self::ServerRemoved,
        Self::TableFull,
        Self::FragmentWithoutFirst,
        Self::FragmentOfSctp,
    ];

    /// The counter's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TtlExpired => "ttl_expired",
            Self::ServerRemoved => "server_removed",
            Self::TableFull => "table_full",
            Self::FragmentWithoutFirst => "fragment_without_first",
            Self::FragmentOfSctp => "fragment_of_sctp",
        }
    }
}
