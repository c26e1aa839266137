//! What is written, and what the kernel holds then.

/// As `ip route` would be told of it, and what the kernel holds then.
pub(super) const V4: &[(&str, &str)] = &[
    (
        "198.51.100.0/24 via 198.18.0.9",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 via 198.18.0.9 dev eth0",
    ),
    ("198.51.100.0/24 dev eth0", "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0"),
    (
        "to 198.51.100.0/24 gw 198.18.0.9 dev eth0",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 via 198.18.0.9 dev eth0",
    ),
    ("default via 198.18.0.9 table 100", "Unicast /0 table 100 proto 112 scope 0 via 198.18.0.9 dev eth0"),
    ("0.0.0.0/0 via 198.18.0.9 table 100", "Unicast /0 table 100 proto 112 scope 0 via 198.18.0.9 dev eth0"),
    (
        "198.51.100.7 via inet 198.18.0.9 table 6909",
        "Unicast /32 table 6909 proto 112 scope 0 dst 198.51.100.7 via 198.18.0.9 dev eth0",
    ),
    (
        "198.51.100.0/24 via inet6 fe80::9 dev eth0",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 via Inet6(fe80::9) dev eth0",
    ),
    (
        "src 198.18.0.1 to 198.51.100.0/24 via 198.18.0.9 dev eth0",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 src 198.18.0.1 via 198.18.0.9 dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 tos 0x04",
        "Unicast /24 table 254 proto 112 scope 0 tos 0x4 dst 198.51.100.0 dev eth0",
    ),
    (
        "198.51.100.0/24 oif eth0 dsfield 0x10",
        "Unicast /24 table 254 proto 112 scope 0 tos 0x10 dst 198.51.100.0 dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 protocol bird no_track",
        "Unicast /24 table 254 proto 12 scope 0 dst 198.51.100.0 dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 proto 18",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 scope link",
        "Unicast /24 table 254 proto 112 scope 253 dst 198.51.100.0 dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 scope host table local",
        "Unicast /24 table 255 proto 112 scope 254 dst 198.51.100.0 dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 metric 12",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 metric 12 dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 priority 13",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 metric 13 dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 preference 14",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 metric 14 dev eth0",
    ),
    (
        "198.51.100.0/24 via 203.0.113.1 dev eth0 onlink",
        "Unicast /24 table 254 proto 112 scope 0 flags 0x4 dst 198.51.100.0 via 203.0.113.1 dev eth0",
    ),
    (
        "198.51.100.0/24 via 198.18.0.9 realms 7",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 via 198.18.0.9 dev eth0 realms 0/7",
    ),
    (
        "198.51.100.0/24 via 198.18.0.9 realms 3/0x14",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 via 198.18.0.9 dev eth0 realms 3/20",
    ),
    (
        "198.51.100.0/24 dev eth0 mtu 1000",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Mtu(1000) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 mtu lock 1000",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Lock(4) Mtu(1000) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 hoplimit 100",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Hoplimit(100) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 advmss 101",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Advmss(101) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 advmss lock 101",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Lock(256) Advmss(101) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 rtt 102",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Rtt(102) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 rtt 100ms",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Rtt(800) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 rttvar 1.5s",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 RttVar(6000) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 rttvar lock 103",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Lock(32) RttVar(103) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 reordering 104",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Reordering(104) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 reordering lock 104",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Lock(512) Reordering(104) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 window 105",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Window(105) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 cwnd 106",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Cwnd(106) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 cwnd lock 106",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Lock(128) Cwnd(106) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 ssthresh lock 107",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Lock(64) SsThresh(107) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 rto_min 108",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 RtoMin(108) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 rto_min lock 20ms",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Lock(8192) RtoMin(20) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 initcwnd 109",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 InitCwnd(109) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 initrwnd 110",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 InitRwnd(110) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 features ecn",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Features(1) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 quickack 1",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 QuickAck(1) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 congctl cubic",
        r#"Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 CcAlgo("cubic") dev eth0"#,
    ),
    (
        "198.51.100.0/24 dev eth0 congctl lock cubic",
        r#"Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 Lock(65536) CcAlgo("cubic") dev eth0"#,
    ),
    (
        "198.51.100.0/24 dev eth0 fastopen_no_cookie 1",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 FastopenNoCookie(1) dev eth0",
    ),
    (
        "198.51.100.0/24 dev eth0 ttl-propagate enabled",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0",
    ),
    ("198.51.100.0/24 dev eth0 add", "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0"),
    ("198.51.100.0/24 dev eth0 prepend", "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0"),
    ("198.51.100.0/24 dev eth0 append", "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0"),
    (
        "198.51.100.0/24 dev eth0 no_track",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0",
    ),
    (
        "198.51.100.0/24 table 6909 nexthop via 198.18.0.8 dev eth0 onlink weight 1 nexthop via 198.19.0.9 dev eth1 weight 2",
        "Unicast /24 table 6909 proto 112 scope 0 dst 198.51.100.0 nexthop dev eth0 weight 1 flags 0x4 via 198.18.0.8 nexthop dev eth1 weight 2 via 198.19.0.9",
    ),
    (
        "198.51.100.0/24 via 198.18.0.8 or 198.18.0.9 dev eth0",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 nexthop dev eth0 weight 1 via 198.18.0.8 nexthop dev eth0 weight 1 via 198.18.0.9",
    ),
    (
        "198.51.100.0/24 nexthop via 198.18.0.8 realms 1/2 nexthop via inet6 fe80::9 dev eth1 weight 256",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 nexthop dev eth0 weight 1 via 198.18.0.8 realms 1/2 nexthop dev eth1 weight 256 via Inet6(fe80::9)",
    ),
    (
        "198.51.100.0/24 dev eth0 encap ip id 7 dst 203.0.113.1 src 203.0.113.2 tos 0x10 ttl 9 flags 4",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0 Ip(Id(7)) Ip(Destination(203.0.113.1)) Ip(Source(203.0.113.2)) Ip(Tos(16)) Ip(Ttl(9)) Ip(Flags(RouteIpTunnelFlags(Key)))",
    ),
    (
        "198.51.100.0/24 dev eth0 encap ip6 id 7 dst 2001:db8::1 src 2001:db8::2 tc 0x20 hoplimit 9 flags 4",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0 Ip6(Id(7)) Ip6(Destination(2001:db8::1)) Ip6(Source(2001:db8::2)) Ip6(Tc(32)) Ip6(Hoplimit(9)) Ip6(Flags(RouteIp6TunnelFlags(Key)))",
    ),
    (
        "198.51.100.0/24 nexthop dev eth0 encap ip dst 203.0.113.1 nexthop dev eth1 encap ip dst 203.0.113.2",
        "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 nexthop dev eth0 weight 1 part 1 [0, 0, 0, 0, 0, 0, 0, 0] part 2 [203, 0, 113, 1] part 3 [0, 0, 0, 0] part 5 [0] part 4 [0] part 6 [0, 0] nexthop dev eth1 weight 1 part 1 [0, 0, 0, 0, 0, 0, 0, 0] part 2 [203, 0, 113, 2] part 3 [0, 0, 0, 0] part 5 [0] part 4 [0] part 6 [0, 0]",
    ),
    ("unicast 198.51.100.0/24 dev eth0", "Unicast /24 table 254 proto 112 scope 0 dst 198.51.100.0 dev eth0"),
    ("local 198.51.100.7 dev eth0", "Local /32 table 254 proto 112 scope 254 dst 198.51.100.7 dev eth0"),
    (
        "broadcast 198.51.100.255 dev eth0",
        "Broadcast /32 table 254 proto 112 scope 253 dst 198.51.100.255 dev eth0",
    ),
    (
        "multicast 233.252.0.0/24 dev eth0",
        "Multicast /24 table 254 proto 112 scope 0 dst 233.252.0.0 dev eth0",
    ),
    ("blackhole 198.51.100.0/24", "BlackHole /24 table 254 proto 112 scope 0 dst 198.51.100.0"),
    ("to unreachable 198.51.100.0/24", "Unreachable /24 table 254 proto 112 scope 0 dst 198.51.100.0"),
    (
        "prohibit 198.51.100.0/24 metric 9",
        "Prohibit /24 table 254 proto 112 scope 0 dst 198.51.100.0 metric 9",
    ),
    ("throw 198.51.100.0/24 table 77", "Throw /24 table 77 proto 112 scope 0 dst 198.51.100.0"),
    ("inet default dev eth0", "Unicast /0 table 254 proto 112 scope 0 dev eth0"),
];
/// The same for IPv6.
pub(super) const V6: &[(&str, &str)] = &[
    (
        "2001:db8:5::/48 via 2001:db8:0:18::9",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 via 2001:db8:0:18::9 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 via inet6 fe80::9 dev eth0",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 via fe80::9 dev eth0 pref Medium",
    ),
    (
        "inet6 default via fe80::9 dev eth0 table 100",
        "Unicast /0 table 100 proto 112 scope 0 metric 1024 via fe80::9 dev eth0 pref Medium",
    ),
    (
        "default6 dev eth0 table 6909",
        "Unicast /0 table 6909 proto 112 scope 0 metric 1024 dev eth0 pref Medium",
    ),
    (
        "inet6 to default dev eth0 metric 5",
        "Unicast /0 table 254 proto 112 scope 0 metric 5 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::7 dev eth0 src 2001:db8:0:18::1",
        "Unicast /128 table 254 proto 112 scope 0 dst 2001:db8:5::7 src 2001:db8:0:18::1 metric 1024 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 from 2001:db8:6::/64 dev eth0",
        "Unicast /48 table 254 proto 112 scope 0 from /64 dst 2001:db8:5:: from 2001:db8:6:: metric 1024 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 protocol bird no_track",
        "Unicast /48 table 254 proto 12 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 expires 1000",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 expires pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 pref high",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 pref High",
    ),
    (
        "2001:db8:5::/48 dev eth0 pref low",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 pref Low",
    ),
    (
        "2001:db8:5::/48 dev eth0 pref medium",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 via 2001:db8:77::1 dev eth0 onlink",
        "Unicast /48 table 254 proto 112 scope 0 flags 0x4 dst 2001:db8:5:: metric 1024 via 2001:db8:77::1 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 mtu lock 1400 hoplimit 100 advmss 101 rtt 102 rttvar 103 reordering 104 window 105 cwnd 106",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: Lock(4) Mtu(1400) Window(105) Rtt(102) RttVar(103) Cwnd(106) Advmss(101) Reordering(104) Hoplimit(100) metric 1024 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 ssthresh lock 107 rto_min 108 initcwnd 109 initrwnd 110 features ecn fastopen_no_cookie 1 quickack 1",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: Lock(64) SsThresh(107) InitCwnd(109) Features(1) RtoMin(108) InitRwnd(110) QuickAck(1) FastopenNoCookie(1) metric 1024 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 congctl cubic",
        r#"Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: CcAlgo("cubic") metric 1024 dev eth0 pref Medium"#,
    ),
    (
        "2001:db8:5::/48 nexthop via 2001:db8:0:18::8 weight 3 nexthop via 2001:db8:0:19::9 dev eth1",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 nexthop dev eth0 weight 3 via 2001:db8:0:18::8 nexthop dev eth1 weight 1 via 2001:db8:0:19::9 pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 encap ip6 id 7 dst 2001:db8::1 src 2001:db8::2 tc 0x20 hoplimit 9",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 Ip6(Id(7)) Ip6(Destination(2001:db8::1)) Ip6(Source(2001:db8::2)) Ip6(Tc(32)) Ip6(Hoplimit(9)) Ip6(Flags(RouteIp6TunnelFlags(0x0))) pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 encap ip dst 203.0.113.1 id 5",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 Ip(Id(5)) Ip(Destination(203.0.113.1)) Ip(Source(0.0.0.0)) Ip(Tos(0)) Ip(Ttl(0)) Ip(Flags(RouteIpTunnelFlags(0x0))) pref Medium",
    ),
    (
        "local 2001:db8:5::7 dev eth0",
        "Local /128 table 254 proto 112 scope 0 dst 2001:db8:5::7 metric 1024 dev eth0 pref Medium",
    ),
    (
        "anycast 2001:db8:5::7 dev eth0",
        "Anycast /128 table 254 proto 112 scope 0 dst 2001:db8:5::7 metric 1024 dev eth0 pref Medium",
    ),
    (
        "blackhole 2001:db8:5::/48",
        "BlackHole /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev lo pref Medium",
    ),
    (
        "unreachable 2001:db8:5::/48",
        "Unreachable /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev lo pref Medium",
    ),
    (
        "prohibit 2001:db8:5::/48",
        "Prohibit /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev lo pref Medium",
    ),
    (
        "throw 2001:db8:5::/48",
        "Throw /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev lo pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 add",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 pref Medium",
    ),
    (
        "2001:db8:5::/48 dev eth0 append",
        "Unicast /48 table 254 proto 112 scope 0 dst 2001:db8:5:: metric 1024 dev eth0 pref Medium",
    ),
];
/// As `ip rule` would be told of it, and what the kernel holds then.
pub(super) const RULES: &[(&str, &str)] = &[
    (
        "from 198.51.100.0/24 table 1 priority 100",
        "ToTable from /24 to /0 Priority(100) Source(198.51.100.0) Table(1) proto 112",
    ),
    (
        "to 198.51.100.7 lookup main preference 101",
        "ToTable from /0 to /32 Destination(198.51.100.7) Priority(101) Table(254) proto 112",
    ),
    (
        "from 198.51.100.0/24 to 203.0.113.0/26 table 6908 iif eth0 oif eth9 tos 0x10 fwmark 24/12 order 39 realms 30/20",
        r#"ToTable from /24 to /26 tos 0x10 flags 0x18 Destination(203.0.113.0) FwMark(24) FwMask(12) Iifname("eth0") Oifname("eth9") Priority(39) Source(198.51.100.0) Table(6908) proto 112 realms 30/20"#,
    ),
    (
        "from all table 5 dev lo priority 102 fwmark 0x10",
        r#"ToTable from /0 to /0 FwMark(16) FwMask(4294967295) Iifname("lo") Priority(102) Table(5) proto 112"#,
    ),
    (
        "not from 198.51.100.1 table 5 priority 103",
        "ToTable from /32 to /0 flags 0x2 Priority(103) Source(198.51.100.1) Table(5) proto 112",
    ),
    ("table 5 dsfield 0x08 priority 104", "ToTable from /0 to /0 tos 0x8 Priority(104) Table(5) proto 112"),
    (
        "table main suppress_prefixlength 0 priority 105",
        "ToTable from /0 to /0 Priority(105) SuppressPrefixLen(0) Table(254) proto 112",
    ),
    (
        "table main sup_pl 8 suppress_ifgroup 4 priority 106",
        "ToTable from /0 to /0 Priority(106) SuppressIfGroup(4) SuppressPrefixLen(8) Table(254) proto 112",
    ),
    (
        "table main sup_group default priority 107",
        "ToTable from /0 to /0 Priority(107) SuppressIfGroup(0) Table(254) proto 112",
    ),
    ("table 5 tunnel-id 77 priority 108", "ToTable from /0 to /0 Priority(108) Table(5) TunId(77) proto 112"),
    (
        "table 5 uidrange 10000-19999 priority 109",
        "ToTable from /0 to /0 Priority(109) Table(5) proto 112 users 10000-19999",
    ),
    ("l3mdev priority 110", "ToTable from /0 to /0 L3MDev(true) Priority(110) Table(0) proto 112"),
    (
        "table 5 ipproto tcp sport 10-20 dport 80 priority 111",
        "ToTable from /0 to /0 Priority(111) Table(5) dport 80-80 ipproto 6 proto 112 sport 10-20",
    ),
    (
        "table 5 ip_proto UDP priority 112",
        "ToTable from /0 to /0 Priority(112) Table(5) ipproto 17 proto 112",
    ),
    ("table 5 protocol 12 no_track priority 113", "ToTable from /0 to /0 Priority(113) Table(5) proto 12"),
    ("priority 114 goto 32766", "Goto from /0 to /0 Goto(32766) Priority(114) Table(0) proto 112"),
    ("priority 115 type nop", "Nop from /0 to /0 Priority(115) Table(0) proto 112"),
    ("priority 116 blackhole", "Blackhole from /0 to /0 Priority(116) Table(0) proto 112"),
    ("priority 117 unreachable", "Unreachable from /0 to /0 Priority(117) Table(0) proto 112"),
    ("priority 118 prohibit", "Prohibit from /0 to /0 Priority(118) Table(0) proto 112"),
    ("inet6 table 5 priority 119", "ToTable from /0 to /0 Priority(119) Table(5) proto 112"),
    (
        "to 2001:db8:1::/112 from 2001:db8:2::/96 table 6908 uidrange 10000-19999 priority 120",
        "ToTable from /96 to /112 Destination(2001:db8:1::) Priority(120) Source(2001:db8:2::) Table(6908) proto 112 users 10000-19999",
    ),
    (
        "to 2001:db8:1::/112 from 2001:db8:2::/96 l3mdev ipproto icmpv6 priority 121",
        "ToTable from /96 to /112 Destination(2001:db8:1::) L3MDev(true) Priority(121) Source(2001:db8:2::) Table(0) ipproto 58 proto 112",
    ),
];
