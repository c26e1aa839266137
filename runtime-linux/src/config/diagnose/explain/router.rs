//! S04: routers.

use super::Explanation;
use crate::config::diagnose::kind;

pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        kind: &kind::INCOMPLETE_ROUTER,
        title: "A vrrp_instance without what it cannot do without",
        text: "An instance needs `interface` and `virtual_router_id` (1 to 255). It is left out, and its
addresses are nobody's on this host.",
    },
    Explanation {
        kind: &kind::DUPLICATE_VRID,
        title: "Two routers have one VRID on one interface",
        text: "The VRID is what tells virtual routers on a link apart (RFC 9568 §5.2.3): each would take the
other's adverts for its own peer's. The second one is left out. IPv4 and IPv6 instances may share
a VRID, and so may instances on different interfaces. A VRID that some other cluster on the same
link uses cannot be seen in a file: `steadfast capture -i INTERFACE` shows who is there.",
    },
    Explanation {
        kind: &kind::LOOPBACK,
        title: "A router on the loopback interface",
        text: "Nobody else can hear its adverts there. Virtual addresses may be on `lo` (`ADDRESS dev lo`), but
`interface` is where the peers are.",
    },
    Explanation {
        kind: &kind::NO_ADDRESSES,
        title: "A router without virtual addresses",
        text: "It would hold nothing, so it is left out. Add `virtual_ipaddress { ADDRESS/LENGTH }`; if it is to
elect only, for scripts or a sync group, say `no_virtual_ipaddress`.",
    },
    Explanation {
        kind: &kind::TOO_MANY_ADDRESSES,
        title: "More addresses than an advert carries",
        text: "An advert counts its addresses in one octet, and must fit into one packet. Those beyond are held
like `virtual_ipaddress_excluded`: announced and moved, but not in the advert. Peers compare the
list, so write it alike on all of them.",
    },
    Explanation {
        kind: &kind::VERSION_2_OVER_IPV6,
        title: "Version 2 over IPv6",
        text: "VRRP version 2 is for IPv4 only (RFC 3768); version 3 is used.",
    },
    Explanation {
        kind: &kind::IMPLIED_OWNER,
        title: "`state MASTER` without a priority",
        text: "As in keepalived the priority is then 255: the router counts as the owner of the addresses, is
never outranked and cannot be moved by tracking. That is seldom meant. Say `priority`, 100 for
example, and a lower one on the peer.",
    },
    Explanation {
        kind: &kind::STRICT,
        title: "Something that strict mode overrules",
        text: "`vrrp_strict` and `strict_mode` keep to the letter of the RFCs: no word may change the election.
The complaint says what happens to the line. Most set-ups copied from the sample file want no
strict mode at all: it also makes the addresses silent (S0409).",
    },
    Explanation {
        kind: &kind::STRICT_NO_ACCEPT,
        title: "Strict mode makes the virtual addresses silent",
        text: "Under RFC 9568 §6.1 a router that does not own an address answers nothing but ARP and ND for it
(`Accept_Mode` false): no ping, no ssh, no service on the address. The daemon drops such packets
by nftables. This is the usual reason for an address that moves but does not answer. Remove
`vrrp_strict` from global_defs; in version 3 `accept` in the instance is enough.",
    },
    Explanation {
        kind: &kind::NOPREEMPT_CLEARED,
        title: "`nopreempt` beside `state MASTER`",
        text: "They contradict each other: one waits for the present router to die, the other claims the
addresses at start. keepalived clears `nopreempt`, and so does steadfast: the router preempts. For
a pair that does not move back, say `state BACKUP` and `nopreempt` on both.",
    },
    Explanation {
        kind: &kind::PREEMPT_DELAY_CLEARED,
        title: "`preempt_delay` where it does nothing",
        text: "It puts off the preemption of a lesser router, so it needs `state BACKUP` without `nopreempt`.",
    },
    Explanation {
        kind: &kind::INTERVAL_ROUNDED,
        title: "An advert interval that the version cannot carry",
        text: "Version 2 tells whole seconds, 1 to 255; version 3 hundredths, 0.01 to 40.95 s. Routers of version
2 ignore adverts with another interval than their own, so that rounding on one side only makes two
MASTERs. For less than a second say `version 3` on all routers.",
    },
    Explanation {
        kind: &kind::AUTHENTICATION_DROPPED,
        title: "Authentication that is not used",
        text: "VRRP version 3 has no `authentication` block (RFC 9568 §9), and strict mode allows none. Adverts
go out without it. A peer that still demands a password ignores them, and both become MASTER:
change all routers together. `auth_hmac` is there for version 3.",
    },
    Explanation {
        kind: &kind::EMPTY_GROUP,
        title: "A sync group without members",
        text: "It is left out. Its notify scripts are never run.",
    },
    Explanation {
        kind: &kind::SMALL_GROUP,
        title: "A sync group with one member",
        text: "There is nothing to keep together; it moves as it would alone. Look for a member that is missing.",
    },
    Explanation {
        kind: &kind::UNKNOWN_STATE,
        title: "A `state` that is neither MASTER nor BACKUP",
        text: "The router starts as BACKUP. The words are written in capitals; there is no SLAVE and no INIT.",
    },
    Explanation {
        kind: &kind::OWNER_BESIDE_OTHERS,
        title: "A sync group where some members own their addresses",
        text: "Priority 255 never yields, the others may have to: the group could not stay together. The group is
left out and each of its routers moves on its own. Give all members the same kind of priority.",
    },
    Explanation {
        kind: &kind::QUORUM_IMPOSSIBLE,
        title: "A tracked process that can never have its quorum",
        text: "`quorum` is the least and `quorum_max` the greatest number of processes; the first is above the
second. The block is left out.",
    },
    Explanation {
        kind: &kind::UNUSABLE_KEY,
        title: "A key that cannot be used",
        text: "A key of `auth_hmac` is `hex:` and pairs of digits, `file:` and the path of a file that holds it,
or the text itself, and has a least length. The key is left out: peers that sign with it are not
believed, and where it is the active one, adverts go out without HMAC.",
    },
    Explanation {
        kind: &kind::BOTH_VERSIONS_FAST,
        title: "Both versions at once, faster than version 2 can tell",
        text: "`version both` (RFC 9568 §8.4) lets routers be replaced one at a time. Version 2 tells whole
seconds, so its routers wait as if one advert came every second: takeover by them is slower than
by routers of version 3. Keep `advert_int 1` until all have moved.",
    },
    Explanation {
        kind: &kind::NOTHING_TO_TRACK,
        title: "`track_src_ip` without a source address",
        text: "It makes the instance depend on `mcast_src_ip` or `unicast_src_ip` being there. Without one of
them there is nothing to look for, and the line is ignored.",
    },
    Explanation {
        kind: &kind::VIRTUAL_INTERFACE,
        title: "A virtual interface is made otherwise than the file says",
        text: "The complaint says how: another name because the first is taken, or adverts from the interface
itself because unicast adverts cannot come from a virtual link address.",
    },
    Explanation {
        kind: &kind::ELECTION_ONLY,
        title: "A version 2 router without virtual addresses",
        text: "keepalived runs it, so steadfast does: it elects a MASTER and advertises nothing, and only routers
like it listen. If that is meant say `no_virtual_ipaddress`, and the complaint goes.",
    },
    Explanation {
        kind: &kind::STRICT_UNICAST,
        title: "Strict mode beside unicast",
        text: "The RFCs know multicast adverts only. Adverts go to the peers all the same; a keepalived in strict
mode refuses `unicast_peer`, so a mixed pair may hear nothing from each other.",
    },
    Explanation {
        kind: &kind::UNICAST_WITHOUT_PEERS,
        title: "A word about unicast, and no peers",
        text: "Without `unicast_peer { ADDRESS }` an instance multicasts, and words about unicast do nothing.",
    },
    Explanation {
        kind: &kind::OWN_PEER,
        title: "A router is among its own peers",
        text: "What it sends to itself is thrown away. This is what is left when the file of one host is copied to
the other: `unicast_src_ip` was changed and `unicast_peer` was not. The other host, which is the one
that should be there, hears nothing, and both become MASTER.",
    },
];
