//! S03: values.

use super::Explanation;
use crate::config::diagnose::kind;

pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        kind: &kind::WRONG_VALUE,
        title: "A value of the wrong kind, or out of range",
        text: "The complaint says what is expected. The line is ignored and the default holds, as in keepalived;
for a priority or a VRID that can turn an election round, so this is an error.",
    },
    Explanation {
        kind: &kind::DUPLICATE_NAME,
        title: "A name is used twice",
        text: "The first one counts. Instances, groups, scripts, files, processes and BFD instances are each
known by their name to everything that refers to them, also to scripts and to `steadfast why`.",
    },
    Explanation {
        kind: &kind::UNKNOWN_NAME,
        title: "A name of something that is not defined",
        text: "A tracked script, file, process, interface group or instance that no block defines. It is left
out: a router that was to fail over by it does not. Look for a spelling mistake, or for an include
that is missing (S0104).",
    },
    Explanation {
        kind: &kind::DUPLICATE_ADDRESS,
        title: "An address is given twice",
        text: "In one instance it is held once. In two instances both would add and remove the same address: when
one of them leaves, the address is gone for the other until it puts it back.",
    },
    Explanation {
        kind: &kind::LONG_PASSWORD,
        title: "A password of more than 8 characters",
        text: "VRRP version 2 carries eight octets (RFC 2338 §10.2); only the first eight are used. Two passwords
that begin alike are the same. Shorten it on all routers at once, or let it be: the routers
understand each other. Version 2's password goes over the wire in clear text and guards against
mistakes only; `auth_hmac` in version 3 guards against people.",
    },
    Explanation {
        kind: &kind::WRONG_FAMILY,
        title: "An address of the other family",
        text: "All advertised addresses of an instance, its source and its peers are of one family, because one
advert carries one family (RFC 9568 §5.2.9). Addresses of the other family go into
`virtual_ipaddress_excluded`, or into an instance of their own in the same sync group.",
    },
    Explanation {
        kind: &kind::RELATIVE_PATH,
        title: "A relative path",
        text: "It is looked for in the directory in which the daemon was started, which is `/` under systemd and
your own when you try it by hand. Give the whole path.",
    },
    Explanation {
        kind: &kind::MAIL_WITHOUT_SERVER,
        title: "There is somebody to mail to, and no server to mail by",
        text: "Without `smtp_server` no mail is sent at all. Add `smtp_server HOST [PORT]` to global_defs.",
    },
    Explanation {
        kind: &kind::PASSWORD_IN_THE_CLEAR,
        title: "A mail password that would be sent in clear text",
        text: "steadfast sends `smtp_username` and `smtp_password` under TLS only. Add `smtp_tls starttls` (port
587) or `smtp_tls wrapped` (port 465) to global_defs.",
    },
    Explanation {
        kind: &kind::GAP_OF_ZERO,
        title: "A gap of zero between announcements",
        text: "It stands in the default file of old distributions and says what holds without it: announcements
follow each other without a gap. keepalived calls it out of range and its `-t` exits with 5 for it.
Leave the line out. Where switches lose announcements that come too fast, say a gap in seconds,
such as 0.001.",
    },
];
