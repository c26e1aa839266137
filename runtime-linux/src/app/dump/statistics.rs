//! Counters as text and under the names of keepalived's JSON.

use core::fmt::Write as _;

use super::Router;

/// One counter of keepalived's: its name in JSON and what of ours is in it.
pub(super) struct Counter {
    pub(super) name: &'static str,
    pub(super) ours: &'static [&'static str],
}

const fn counter(name: &'static str, ours: &'static [&'static str]) -> Counter {
    Counter { name, ours }
}

/// Every counter, in keepalived's order.
pub(super) const COUNTERS: [Counter; 20] = [
    counter("advert_rcvd", &["adverts_received"]),
    counter("advert_sent", &["adverts_sent"]),
    counter("become_master", &["became_active"]),
    counter("release_master", &["released_active"]),
    counter("packet_len_err", &["too_short", "length"]),
    counter("advert_interval_err", &["interval_mismatch", "interval_zero"]),
    counter("ip_ttl_err", &["ttl", "unicast_ttl"]),
    counter("invalid_type_rcvd", &["type"]),
    counter("addr_list_err", &["address_list", "no_addresses", "first_address_not_link_local"]),
    counter("invalid_authtype", &["authentication_unknown"]),
    counter("authtype_mismatch", &["authentication_mismatch"]),
    counter("auth_failure", &["password"]),
    counter("pri_zero_rcvd", &["priority_zero_received"]),
    counter("pri_zero_sent", &["priority_zero_sent"]),
    counter("auth_ext_invalid_hmac", &["digest"]),
    counter("auth_ext_malformed", &["malformed_proof"]),
    // A packet without a trailer counts as a mismatch of types.
    counter("auth_ext_missing", &[]),
    counter("auth_ext_replay", &["replay"]),
    counter("auth_ext_stale", &["stale"]),
    counter("auth_ext_unknown_key", &["unknown_key"]),
];

/// `keepalived.stats`.
pub(super) fn text(routers: &[Router<'_>]) -> String {
    let mut text = String::new();
    for router in routers {
        let value = |name: &str| {
            let counter = COUNTERS.iter().find(|counter| counter.name == name);
            counter.map_or(0, |counter| router.counted(counter.ours))
        };
        writeln!(text, "VRRP Instance: {}", router.wanted.name).expect(WRITES);
        for (title, lines) in SECTIONS {
            if lines.len() == 1 && lines[0].0.is_empty() {
                writeln!(text, "  {title}: {}", value(lines[0].1)).expect(WRITES);
                continue;
            }
            writeln!(text, "  {title}:").expect(WRITES);
            for (line, name) in *lines {
                writeln!(text, "    {line}: {}", value(name)).expect(WRITES);
            }
        }
    }
    text
}

type Section = (&'static str, &'static [(&'static str, &'static str)]);

/// How the text is divided. A section without a title for its line stands on one line.
const SECTIONS: &[Section] = &[
    ("Advertisements", &[("Received", "advert_rcvd"), ("Sent", "advert_sent")]),
    ("Became master", &[("", "become_master")]),
    ("Released master", &[("", "release_master")]),
    (
        "Packet Errors",
        &[
            ("Length", "packet_len_err"),
            ("TTL", "ip_ttl_err"),
            ("Invalid Type", "invalid_type_rcvd"),
            ("Advertisement Interval", "advert_interval_err"),
            ("Address List", "addr_list_err"),
        ],
    ),
    (
        "Authentication Errors",
        &[
            ("Invalid Type", "invalid_authtype"),
            ("Type Mismatch", "authtype_mismatch"),
            ("Failure", "auth_failure"),
        ],
    ),
    (
        "Authentication Extension Errors",
        &[
            ("Invalid HMAC", "auth_ext_invalid_hmac"),
            ("Malformed", "auth_ext_malformed"),
            ("Missing", "auth_ext_missing"),
            ("Replay", "auth_ext_replay"),
            ("Stale", "auth_ext_stale"),
            ("Unknown Key", "auth_ext_unknown_key"),
        ],
    ),
    ("Priority Zero", &[("Received", "pri_zero_rcvd"), ("Sent", "pri_zero_sent")]),
];

const WRITES: &str = "a String takes everything";
