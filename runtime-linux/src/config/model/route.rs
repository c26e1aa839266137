//! Routes of `virtual_routes` and `static_routes` (keepalived.md 2.9).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::Family;

/// A route as `ip route` would be told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Family of the destination.
    pub family: Family,
    /// What becomes of packets.
    pub kind: RouteKind,
    /// Where packets go to: address and prefix length.
    pub destination: Net,
    /// `from`: where they come from, IPv6 only.
    pub from: Option<Net>,
    /// `src`: the address that this host sends from.
    pub source: Option<IpAddr>,
    /// `tos`, the whole byte.
    pub tos: u8,
    /// `table` or `vrf`.
    pub table: Table,
    /// `protocol`, the kernel's number for who put the route there; ours when absent.
    pub protocol: Option<u8>,
    /// `scope` as the kernel numbers it.
    pub scope: Option<u8>,
    /// `metric`.
    pub metric: Option<u32>,
    /// Next hops; none for a route that forwards nothing, several for `nexthop`.
    pub hops: Vec<NextHop>,
    /// `mtu`, `advmss` and their like.
    pub metrics: Vec<Metric>,
    /// `congctl`, and whether it is locked.
    pub congestion_control: Option<(String, bool)>,
    /// `expires`: seconds, IPv6 only.
    pub expires: Option<u32>,
    /// `pref`: router preference as the kernel numbers it, IPv6 only.
    pub preference: Option<u8>,
    /// `ttl-propagate`: whether MPLS carries the TTL over.
    pub ttl_propagate: Option<bool>,
    /// `add`, `append` or neither.
    pub place: Place,
    /// False with `no_track`: what removes it is let be.
    pub tracked: bool,
}

/// What becomes of packets that a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// They go to a next hop.
    Unicast,
    /// They are for this host.
    Local,
    /// They are for everybody on a link.
    Broadcast,
    /// They are for this host, as for others.
    Anycast,
    /// They are for a group.
    Multicast,
    /// They vanish.
    Blackhole,
    /// They are answered with host unreachable.
    Unreachable,
    /// They are answered with administratively prohibited.
    Prohibit,
    /// The next rule decides.
    Throw,
    /// Address translation, which kernels have given up.
    Nat,
}

/// Which routing table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Table {
    /// By number.
    Number(u32),
    /// That of a VRF interface.
    Vrf(String),
}

/// An address with a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// The address.
    pub address: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
}

/// One way on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NextHop {
    /// `via`; it may be of the other family.
    pub via: Option<IpAddr>,
    /// `dev`.
    pub interface: Option<String>,
    /// `onlink`: the gateway is a neighbour whatever its address.
    pub on_link: bool,
    /// `weight` from 1 to 256, less one.
    pub weight: u8,
    /// `realms FROM/TO`, 16 bits each, IPv4 only.
    pub realms: Option<u32>,
    /// `encap`.
    pub encapsulation: Option<Encapsulation>,
}

/// What packets are wrapped into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encapsulation {
    /// `ip`.
    Ip(Tunnel<Ipv4Addr>),
    /// `ip6`.
    Ip6(Tunnel<Ipv6Addr>),
    /// `mpls`: labels, the outermost first.
    Mpls(Vec<u32>),
    /// `ila`: the locator that takes the place of the destination's first half.
    Ila(u64),
}

/// What a tunnel that is made for each packet has in its outer header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tunnel<A> {
    /// `id`.
    pub id: Option<u64>,
    /// `dst`.
    pub destination: Option<A>,
    /// `src`.
    pub source: Option<A>,
    /// `tos` or `tc`.
    pub traffic_class: Option<u8>,
    /// `ttl` or `hoplimit`.
    pub hop_limit: Option<u8>,
    /// `flags` as the kernel numbers them.
    pub flags: Option<u16>,
}

/// A number that TCP or IP take from a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Which.
    pub kind: MetricKind,
    /// In the kernel's unit.
    pub value: u32,
    /// `lock`: what is learned does not change it.
    pub locked: bool,
}

/// The kernel's numbers for them (`RTAX_…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// `mtu`, bytes.
    Mtu = 2,
    /// `window`, bytes.
    Window = 3,
    /// `rtt`, eighths of a millisecond.
    Rtt = 4,
    /// `rttvar`, quarters of a millisecond.
    RttVar = 5,
    /// `ssthresh`, segments.
    SsThresh = 6,
    /// `cwnd`, segments.
    Cwnd = 7,
    /// `advmss`, bytes.
    AdvMss = 8,
    /// `reordering`, segments.
    Reordering = 9,
    /// `hoplimit`.
    HopLimit = 10,
    /// `initcwnd`, segments.
    InitCwnd = 11,
    /// `features`: bit 0 is ECN.
    Features = 12,
    /// `rto_min`, milliseconds.
    RtoMin = 13,
    /// `initrwnd`, segments.
    InitRwnd = 14,
    /// `quickack`.
    QuickAck = 15,
    /// `fastopen_no_cookie`.
    FastOpenNoCookie = 17,
}

/// Where a route goes among those that it is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before them, which is what happens if nothing is said.
    Prepend,
    /// `add`: nowhere if there is one.
    Add,
    /// `append`: behind them.
    Append,
}

impl Route {
    /// A route of this kind to there, with nothing else said.
    pub fn new(kind: RouteKind, destination: Net) -> Self {
        Self {
            family: Family::of(destination.address),
            kind,
            destination,
            from: None,
            source: None,
            tos: 0,
            table: Table::Number(MAIN),
            protocol: None,
            scope: None,
            metric: None,
            hops: Vec::new(),
            metrics: Vec::new(),
            congestion_control: None,
            expires: None,
            preference: None,
            ttl_propagate: None,
            place: Place::Prepend,
            tracked: true,
        }
    }

    /// Interfaces that it names.
    pub fn interfaces(&self) -> impl Iterator<Item = &str> {
        self.hops.iter().filter_map(|hop| hop.interface.as_deref())
    }
}

impl RouteKind {
    /// How it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unicast => "unicast",
            Self::Local => "local",
            Self::Broadcast => "broadcast",
            Self::Anycast => "anycast",
            Self::Multicast => "multicast",
            Self::Blackhole => "blackhole",
            Self::Unreachable => "unreachable",
            Self::Prohibit => "prohibit",
            Self::Throw => "throw",
            Self::Nat => "nat",
        }
    }
}

/// As `ip route` shows it, without what does not tell it from others.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != RouteKind::Unicast {
            write!(f, "{} ", self.kind.name())?;
        }
        write!(f, "{}", self.destination)?;
        if let Some(from) = self.from {
            write!(f, " from {from}")?;
        }
        if self.tos != 0 {
            write!(f, " tos {:#04x}", self.tos)?;
        }
        match self.hops.as_slice() {
            [hop] => write!(f, "{hop}")?,
            hops => hops.iter().try_for_each(|hop| write!(f, " nexthop{hop}"))?,
        }
        match &self.table {
            Table::Number(MAIN) => {}
            Table::Number(table) => write!(f, " table {table}")?,
            Table::Vrf(name) => write!(f, " vrf {name}")?,
        }
        if let Some(metric) = self.metric {
            write!(f, " metric {metric}")?;
        }
        if let Some(source) = self.source {
            write!(f, " src {source}")?;
        }
        Ok(())
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(via) = self.via {
            write!(f, " via {via}")?;
        }
        if let Some(interface) = &self.interface {
            write!(f, " dev {interface}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The number of the table `main`.
pub const MAIN: u32 = 254;
