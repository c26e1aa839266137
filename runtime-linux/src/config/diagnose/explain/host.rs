//! S08: what this host has to do with it (`--host`, `-t`).

use super::Explanation;
use crate::config::diagnose::kind;

pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        kind: &kind::MISSING_INTERFACE,
        title: "This host has no such interface",
        text: "steadfast starts and waits for it: a router on it is in FAULT until it appears. keepalived does not
start. If the interface does come later, say `dynamic_interfaces` in global_defs, and this becomes
a note. Otherwise look at `ip -br link`: names differ from host to host.",
    },
    Explanation {
        kind: &kind::AWAITED_INTERFACE,
        title: "An interface that is to appear later",
        text: "With `dynamic_interfaces` that is no mistake. Until it appears, a router on it is in FAULT.",
    },
    Explanation {
        kind: &kind::UNUSABLE_SCRIPT,
        title: "A script cannot run on this host",
        text: "The complaint names the element of its path that does not exist, or may not be run by the user that
the script runs as. What tracks the script does so no longer, as in keepalived: a script that was
never there says nothing about the service. A health check by such a script fails.",
    },
    Explanation {
        kind: &kind::OPEN_SCRIPT,
        title: "Others can change a script that root runs",
        text: "The complaint names the element of the path: the file itself, or a directory on the way, in which
anybody who may write can put another file in its place. Who changes it is root at the next
transition. Take the permission away (`chmod go-w`), give the file to root, or let scripts run as
somebody else (`script_user`). With `enable_script_security` such a script is not run at all.",
    },
    Explanation {
        kind: &kind::FOREIGN_SOURCE,
        title: "Adverts are to come from an address that this host does not have",
        text: "The kernel sends from no address that it has not. Until the address is there the router hears its
peers and cannot be heard: as MASTER it is not believed to be alive, and its peers become MASTER
beside it. With `track_src_ip` it is in FAULT instead.",
    },
    Explanation {
        kind: &kind::OTHER_NAMESPACE,
        title: "The interfaces are in another network namespace",
        text: "What `net_namespace` or `-s` names cannot be seen from here. Run the check there:
`ip netns exec NAME steadfast check --host FILE`.",
    },
    Explanation {
        kind: &kind::UNREADABLE_IDENTITY,
        title: "Checks cannot show the certificate that they are to show",
        text: "`SSL { certificate FILE key FILE password WORD }` is what SSL_GET shows to a server that wants to
know who asks. The complaint says which file cannot be read, or that the password does not open
the key. Until that is mended no SSL_GET is made, and the state of its servers stays as it is.
An encrypted key is one of PKCS#8, which begins with BEGIN ENCRYPTED PRIVATE KEY. OpenSSL's older
form, with `Proc-Type: 4,ENCRYPTED` in its head, is converted by
`openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW`.",
    },
];
