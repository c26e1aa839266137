//! S09: two files beside each other (`steadfast check A B`).

use super::Explanation;
use crate::config::diagnose::kind;

pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        kind: &kind::PRIORITIES_TIE,
        title: "Two routers have one priority",
        text: "Between two MASTERs of one priority the one with the greater address of its interface stays
(RFC 9568 §6.4.3), so the election ends well. But two Backups of one priority wait equally long for
a MASTER that died: both claim the addresses, both announce them, and one takes them back a moment
later. Who is to serve is decided by an address that nobody chose for that. Give each router a
priority of its own; 255 belongs to the owner of the addresses alone.",
    },
    Explanation {
        kind: &kind::VERSIONS_DIFFER,
        title: "Two routers speak different versions of VRRP",
        text: "A router drops adverts of a version that it does not speak (RFC 9568 §7.1). Each hears nobody and
becomes MASTER. To go from one version to the other without an outage, let routers say
`version both` meanwhile.",
    },
    Explanation {
        kind: &kind::INTERVALS_DIFFER,
        title: "Two routers of version 2 advertise at different intervals",
        text: "Version 2 demands one interval of all routers (RFC 3768 §5.3.7): adverts with another one are
dropped. Each hears nobody and becomes MASTER. Write `advert_int` alike on all of them.",
    },
    Explanation {
        kind: &kind::TAKEOVERS_DIFFER,
        title: "Two routers of version 3 advertise at different intervals",
        text: "In version 3 a Backup waits three times as long as the MASTER's adverts say (RFC 9568 §6.1), so the
routers understand each other. But how fast a takeover is depends on which of them was MASTER.",
    },
    Explanation {
        kind: &kind::AUTHENTICATION_DIFFERS,
        title: "Two routers do not believe each other",
        text: "One has authentication and the other has not, or a different kind, password or key. Each drops the
adverts of the other, hears nobody and becomes MASTER. Of a password only the first 8 characters
count. Strict mode drops authentication (S0413): it must be strict on both, or on neither.",
    },
    Explanation {
        kind: &kind::ADDRESSES_DIFFER,
        title: "Two routers of one virtual router have different addresses",
        text: "What only one of them has is nobody's address while the other is MASTER. In version 2 adverts with
another list are dropped besides, unless they come from the owner: then both become MASTER. Write
`virtual_ipaddress` alike on all routers; the prefix length may differ, the list may not. What must
differ belongs into `virtual_ipaddress_excluded`.",
    },
    Explanation {
        kind: &kind::NOT_MUTUAL,
        title: "Unicast peers that are not mutual",
        text: "Each router must have the address that the other one sends from (`unicast_src_ip`) in its
`unicast_peer`. As it is, one does not tell the other that it is there, and the other becomes
MASTER beside it.",
    },
    Explanation {
        kind: &kind::GROUPS_DIFFER,
        title: "Two routers do not speak to the same group",
        text: "One sends to peers (`unicast_peer`) and the other to a multicast group, or they send to different
groups (`mcast_dst_ip`, `vrrp_mcast_group4`). Neither hears the other, and both become MASTER.",
    },
];
