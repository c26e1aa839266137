//! S05: virtual servers.

use super::Explanation;
use crate::config::diagnose::kind;

pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        kind: &kind::NO_PROTOCOL,
        title: "A virtual server does not say its protocol",
        text: "keepalived then takes UDP, and so does steadfast: a web service without `protocol TCP` gets no
connection at all. Add `protocol TCP` (or UDP, if that is meant).",
    },
    Explanation {
        kind: &kind::PORT_FORCED,
        title: "A real server's port must be the virtual server's",
        text: "With DR and TUN the packet reaches the real server unchanged, so its port is the one that the
client asked for. Another one takes NAT (`lb_kind NAT`). The virtual server's port is used.",
    },
    Explanation {
        kind: &kind::PORTLESS_PERSISTENCE,
        title: "A service on every port without persistence",
        text:
            "A service on port 0 takes all ports that no other service has, which IPVS allows with persistence
only: a client that opens two ports must reach one server. 360 seconds are taken, as keepalived
does. Say `persistence_timeout` to choose.",
    },
    Explanation {
        kind: &kind::QUORUM_REDUCED,
        title: "More quorum or hysteresis than there is weight",
        text: "The quorum is counted in weight of real servers, not in servers. One that all of them together
cannot reach would keep the sorry server in place for ever; it is cut to what there is.",
    },
    Explanation {
        kind: &kind::UNUSABLE_SERVICE,
        title: "A virtual server that cannot be used",
        text: "The complaint says why: it answers to nothing, mixes families, or asks for what its data plane
does not have. It is left out.",
    },
    Explanation {
        kind: &kind::DUPLICATE_SERVICE,
        title: "Two virtual servers with the same address, port and protocol",
        text: "The first one counts. A range or a group may contain the second's address; look there too.",
    },
    Explanation {
        kind: &kind::METHOD_NOT_IN_USER_SPACE,
        title: "Something that the user-space data plane does not have",
        text: "Leave it out, or take `data_plane kernel` where the kernel has IPVS.",
    },
    Explanation {
        kind: &kind::MODE_NOT_IN_KERNEL,
        title: "An improved scheduler, which the kernel does not have",
        text:
            "`lb_mode improved` is our own word. In the user-space data plane it makes wrr spread a server's
connections over the round, sed and nq count UDP flows, mh use a table of 65,537 entries with
secret keys, and twos draw without bias. The kernel's IPVS ignores it and does as it always did.",
    },
    Explanation {
        kind: &kind::ENGINE_WITHOUT_PERSISTENCE,
        title: "A persistence engine without persistence",
        text:
            "The engine says what counts as one client, which only matters while clients are kept with their
server. Without `persistence_timeout` they are not, and the engine is left out, as with keepalived.",
    },
    Explanation {
        kind: &kind::SLOW_CHECK,
        title: "A check may take longer than the time from one to the next",
        text: "`connect_timeout`, `misc_timeout` or a script's `timeout` is greater than `delay_loop` or
`interval`. The next check waits for the one under way. While servers answer nobody notices; when
one falls silent, which is what the check is for, it is taken out as late as the complaint says.
Let the timeout be the shorter of the two.",
    },
    Explanation {
        kind: &kind::WORD_IN_VAIN,
        title: "A word that does nothing beside what else the virtual server says",
        text: "The flags of a scheduler (sh-port, mh-fallback, hashed) do nothing under another one, `ops` is for
UDP, words about a sorry server need a `sorry_server`, and `regex_no_match` needs a `regex`. Remove
the word, or write what it belongs to.",
    },
    Explanation {
        kind: &kind::NO_SERVERS,
        title: "A virtual server without real servers",
        text: "What comes to it is answered by nobody. Add a `real_server`, or a `sorry_server` that answers
instead.",
    },
];
