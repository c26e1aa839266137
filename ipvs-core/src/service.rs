//! What a virtual service and its destinations are, as IPVS models them (spec: kernel 6.12, generic netlink
//! family `IPVS`).

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;
use core::time::Duration;

/// One virtual service without its destinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// What it answers to; unique on a host.
    pub key: ServiceKey,
    /// How it picks a destination for a new connection.
    pub method: Method,
    /// Flags whose meaning depends on the method.
    pub flags: SchedulerFlags,
    /// Whether connections of one client stay with one destination, and for how long.
    pub persistence: Option<Persistence>,
    /// UDP only: each datagram is scheduled alone and no connection is kept (`ipvsadm -o`).
    pub one_packet: bool,
    /// What else of a packet says which client it is of. The kernel has engines; [`Director`](crate::Director) has
    /// none.
    pub engine: Option<Engine>,
    /// Whether the method is the kernel's to the letter. The kernel itself knows no other.
    pub mode: Mode,
}

impl Service {
    /// A service with neither flags nor persistence, its method the kernel's.
    pub const fn new(key: ServiceKey, method: Method) -> Self {
        Self {
            key,
            method,
            flags: SchedulerFlags::NONE,
            persistence: None,
            one_packet: false,
            engine: None,
            mode: Mode::Exact,
        }
    }
}

/// How a method is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As the kernel does it, pick by pick.
    #[default]
    Exact,
    /// Better, in a [`Director`](crate::Director) alone; methods without a better form stay as they are.
    ///
    /// - `wrr`: the connections of a server are spread over the round.
    /// - `sed`, `nq`: UDP flows seen in the last eight to sixteen seconds count as active connections; the kernel counts
    ///   none, and gives all UDP to one server.
    /// - `mh`: 65,537 slots instead of 4,093, whole addresses hashed, with keys made from
    ///   [`Settings::seed`](crate::Settings::seed): directors that are to agree need the same.
    /// - `twos`: draws without bias, and numbers that do not overflow.
    Improved,
}

/// The kernel's persistence engines (`persistence_engine`, `ipvsadm --pe`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// `sip`: packets of one call (their Call-ID) go to the same destination.
    Sip,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 1] = [Self::Sip];

    /// The kernel's name, also the one of ipvsadm and keepalived.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
        }
    }
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        Self::ALL.into_iter().find(|engine| engine.name() == name).ok_or(UnknownEngine)
    }
}

/// No persistence engine has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no persistence engine has this name")]
pub struct UnknownEngine;

/// What identifies a service. The derived order is the one [`plan`](crate::plan()) wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKey {
    /// A virtual address.
    Address {
        /// Transport protocol.
        protocol: Protocol,
        /// The virtual address.
        address: IpAddr,
        /// The virtual port; 0 takes every port no other service has, and needs persistence.
        port: u16,
    },
    /// A firewall mark, 1 or more.
    Mark {
        /// The mark.
        mark: u32,
        /// Which family of packets.
        family: Family,
    },
}

impl ServiceKey {
    /// The family of the packets that the service takes.
    pub fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(*address),
            Self::Mark { family, .. } => *family,
        }
    }

    /// The port of the packets that the service takes; 0: any.
    pub fn port(&self) -> u16 {
        match self {
            Self::Address { port, .. } => *port,
            Self::Mark { .. } => 0,
        }
    }
}

/// keepalived's form: `[10.0.0.1]:tcp:80`, `FWM 7`.
impl fmt::Display for ServiceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { protocol, address, port } => {
                write!(formatter, "[{address}]:{}:{port}", protocol.name())
            }
            Self::Mark { mark, .. } => write!(formatter, "FWM {mark}"),
        }
    }
}

/// One real server of a service. Within a service, `(address, port)` is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The real server's address. Of the service's family, except with tunnels.
    pub address: IpAddr,
    /// The real server's port. Only [`Forward::Masquerade`] acts on it; 0 keeps the packet's.
    pub port: u16,
    /// How packets get there.
    pub forward: Forward,
    /// Share of new connections; 0 gets none but keeps those it has. The kernel takes up to `i32::MAX`.
    pub weight: u32,
    /// Connections (active and inactive) at which it gets no new ones; 0: no limit.
    pub upper: u32,
    /// Connections below which it gets new ones again; 0: three quarters of `upper`.
    pub lower: u32,
}

impl Destination {
    /// Whether both are the same real server, whatever their settings.
    pub fn is_same_server(&self, other: &Self) -> bool {
        self.address == other.address && self.port == other.port
    }
}

/// Connections of one client go to the same destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persistence {
    /// How long after the newest connection; whole seconds, 1 second to 31 days.
    pub timeout: Duration,
    /// How much of the client's address counts: a prefix length of 1-32 or 1-128 bits.
    pub granularity: u8,
}

/// Address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Bits in an address: 32 or 128.
    pub fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

/// Transport protocols that can be balanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP, 6.
    Tcp,
    /// UDP, 17.
    Udp,
    /// SCTP, 132.
    Sctp,
}

impl Protocol {
    /// The IANA protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }

    /// The protocol with this IANA number.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            132 => Some(Self::Sctp),
            _ => None,
        }
    }

    /// `tcp`, `udp` or `sctp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// How a packet gets from the director to a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forward {
    /// NAT: the destination address and port are rewritten, replies come back through the director.
    Masquerade,
    /// Direct routing: the packet goes unchanged to the real server's link address.
    Direct,
    /// The packet is encapsulated.
    Tunnel(Tunnel),
    /// The director itself is the real server.
    Local,
}

/// What an encapsulated packet is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tunnel {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation.
    Gue {
        /// UDP destination port.
        port: u16,
        /// What protects the inner packet.
        checksum: TunnelChecksum,
    },
    /// GRE.
    Gre {
        /// [`TunnelChecksum::None`] or [`TunnelChecksum::Full`]; GRE has no remote offload.
        checksum: TunnelChecksum,
    },
}

/// `nocsum`, `csum` and `remcsum` of ipvsadm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TunnelChecksum {
    /// None.
    None,
    /// A checksum in the tunnel's header.
    Full,
    /// Remote checksum offload.
    Remote,
}

/// Flags 1-3 of a scheduler, in the low three bits (the kernel's 0x08, 0x10 and 0x20 shifted right by three).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SchedulerFlags(u8);

impl SchedulerFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// `flag-1`; `sh-fallback` and `mh-fallback`: another destination if the hashed one is not usable.
    pub const FLAG_1: Self = Self(1);
    /// `flag-2`; `sh-port` and `mh-port`: the client's port is hashed too.
    pub const FLAG_2: Self = Self(2);
    /// `flag-3`.
    pub const FLAG_3: Self = Self(4);

    /// From the low three bits; others are ignored.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 0b111)
    }

    /// The three bits.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every flag of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The kernel's schedulers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `rr`
    RoundRobin,
    /// `wrr`
    WeightedRoundRobin,
    /// `lc`
    LeastConnection,
    /// `wlc`
    WeightedLeastConnection,
    /// `lblc`
    LocalityLeastConnection,
    /// `lblcr`
    LocalityLeastConnectionReplicated,
    /// `dh`
    DestinationHashing,
    /// `sh`
    SourceHashing,
    /// `mh`. Weight 0 and back leaves its table as it is; any other change of a weight, slow start's too, makes the table
    /// anew, and some clients without a connection move.
    Maglev,
    /// `sed`
    ShortestExpectedDelay,
    /// `nq`
    NeverQueue,
    /// `fo`
    WeightedFailover,
    /// `ovf`
    WeightedOverflow,
    /// `twos`
    TwoRandomChoices,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 14] = [
        Self::RoundRobin,
        Self::WeightedRoundRobin,
        Self::LeastConnection,
        Self::WeightedLeastConnection,
        Self::LocalityLeastConnection,
        Self::LocalityLeastConnectionReplicated,
        Self::DestinationHashing,
        Self::SourceHashing,
        Self::Maglev,
        Self::ShortestExpectedDelay,
        Self::NeverQueue,
        Self::WeightedFailover,
        Self::WeightedOverflow,
        Self::TwoRandomChoices,
    ];

    /// The kernel's name, also the one of ipvsadm and keepalived.
    pub fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "rr",
            Self::WeightedRoundRobin => "wrr",
            Self::LeastConnection => "lc",
            Self::WeightedLeastConnection => "wlc",
            Self::LocalityLeastConnection => "lblc",
            Self::LocalityLeastConnectionReplicated => "lblcr",
            Self::DestinationHashing => "dh",
            Self::SourceHashing => "sh",
            Self::Maglev => "mh",
            Self::ShortestExpectedDelay => "sed",
            Self::NeverQueue => "nq",
            Self::WeightedFailover => "fo",
            Self::WeightedOverflow => "ovf",
            Self::TwoRandomChoices => "twos",
        }
    }

    /// Whether the same client gets the same server without any memory of it.
    pub(crate) fn is_by_hash(self) -> bool {
        match self {
            Self::DestinationHashing | Self::SourceHashing | Self::Maglev => true,
            Self::RoundRobin
            | Self::WeightedRoundRobin
            | Self::LeastConnection
            | Self::WeightedLeastConnection
            | Self::LocalityLeastConnection
            | Self::LocalityLeastConnectionReplicated
            | Self::ShortestExpectedDelay
            | Self::NeverQueue
            | Self::WeightedFailover
            | Self::WeightedOverflow
            | Self::TwoRandomChoices => false,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or(UnknownMethod)
    }
}

/// No scheduler has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no scheduler has this name")]
pub struct UnknownMethod;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_name() {
        for method in Method::ALL {
            assert_eq!(method.name().parse(), Ok(method));
        }
        assert_eq!("round-robin".parse::<Method>(), Err(UnknownMethod));
    }

    #[test]
    fn protocols_are_numbered_as_iana_does() {
        for (protocol, number) in [(Protocol::Tcp, 6), (Protocol::Udp, 17), (Protocol::Sctp, 132)] {
            assert_eq!(protocol.number(), number);
            assert_eq!(Protocol::from_number(number), Some(protocol));
        }
        assert_eq!(Protocol::from_number(1), None);
    }

    #[test]
    fn flags_keep_three_bits() {
        let both = SchedulerFlags::FLAG_1.with(SchedulerFlags::FLAG_2);
        assert_eq!(both.bits(), 3);
        assert!(both.contains(SchedulerFlags::FLAG_2));
        assert!(!both.contains(SchedulerFlags::FLAG_3));
        assert_eq!(SchedulerFlags::from_bits(0xFF).bits(), 7);
    }
}
