//! S06 and S07: scripts, routes and rules.

use super::Explanation;
use crate::config::diagnose::kind;

pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        kind: &kind::NO_SCRIPT_SECURITY,
        title: "Scripts are configured and script security is off",
        text:
            "Scripts run as root unless told otherwise. If somebody else can write one of them, or a directory
on the way to it, they are root too. With `enable_script_security` in global_defs such scripts are
not run and the log names the part of the path at fault. `script_user NAME` lets all scripts run
as somebody else.",
    },
    Explanation {
        kind: &kind::INCOMPLETE_ROUTE,
        title: "A route without a destination or a way, or a rule without an action",
        text:
            "A route needs a destination and one of `via ADDRESS`, `dev INTERFACE` or a type like `blackhole`;
a rule needs exactly one action: `table`, `goto`, `nop`, `blackhole`, `unreachable`, `prohibit` or
`l3mdev`. The entry is left out; the others stay.",
    },
    Explanation {
        kind: &kind::PROTOCOL_RESET,
        title: "A route or rule that is put back has our own protocol number",
        text:
            "What is put back when something else removes it must be told from what others made, and is known
by its protocol. Add `no_track` to give it another one; then it is not put back.",
    },
    Explanation {
        kind: &kind::RULE_WITHOUT_PRIORITY,
        title: "A rule without a priority",
        text: "The kernel would choose one just before the main table's, and another one after a reload. Add
`priority NUMBER`: rules with lower numbers are asked first.",
    },
    Explanation {
        kind: &kind::GROUP_WITHOUT_INTERFACE,
        title: "A `track_group` where no interface is named",
        text:
            "A route or rule is at fault by way of its interface. Without `dev INTERFACE` there is nothing to
watch.",
    },
];
