//! `DNS_CHECK`.

use super::{Row, bad, connecting, good};

pub(super) fn rows() -> Vec<Row> {
    let to = |port, words: &str| connecting("DNS_CHECK", port, words);
    vec![
        good("SOA", &to(53, "name example")),
        good("A, matched", &to(53, "type A\nname www.example\nanswer 192.0.2.81")),
        good("AAAA, matched", &to(53, "type AAAA\nname www.example\nanswer 2001:db8::80")),
        good("MX, matched", &to(53, "type MX\nname example\nanswer mail.example")),
        good("NS, matched", &to(53, "type NS\nname example\nanswer ns.example")),
        good("CNAME, matched", &to(53, "type CNAME\nname alias.example\nanswer WWW.example.")),
        good("TXT in two strings, matched", &to(53, "type TXT\nname example\nanswer \"one and two\"")),
        good(
            "too big for a datagram",
            &to(
                53,
                "type TXT\nname big.example\nanswer \"piece 39 of an answer that no datagram of 512 bytes holds\"",
            ),
        ),
        bad(
            "another answer",
            &to(53, "type A\nname www.example\nanswer 192.0.2.99"),
            "DNS check of [198.18.0.2]:udp:53 fails: another answer than expected",
        ),
        bad(
            "NXDOMAIN",
            &to(53, "type A\nname nobody.example"),
            "DNS check of [198.18.0.2]:udp:53 fails: DNS response code 3 (NXDOMAIN)",
        ),
        bad(
            "SERVFAIL",
            &to(53, "name lost.test"),
            "DNS check of [198.18.0.2]:udp:53 fails: DNS response code 2 (SERVFAIL)",
        ),
        bad(
            "REFUSED",
            &to(53, "name elsewhere.test"),
            "DNS check of [198.18.0.2]:udp:53 fails: DNS response code 5 (REFUSED)",
        ),
        bad("nobody listens", &to(9, ""), "DNS check of [198.18.0.2]:udp:9 fails: connection refused"),
        bad(
            "wrong identifier",
            &to(8040, ""),
            "DNS check of [198.18.0.2]:udp:8040 fails: answers came, but none to this question",
        ),
        bad(
            "error without the question",
            &to(8041, ""),
            "DNS check of [198.18.0.2]:udp:8041 fails: DNS response code 2 (SERVFAIL)",
        ),
        bad("silent", &to(8042, ""), "DNS check of [198.18.0.2]:udp:8042 fails: no answer in time"),
        bad(
            "cut, and no TCP",
            &to(8043, ""),
            "DNS check of [198.18.0.2]:udp:8043 fails: the answer was cut, and over TCP: connection refused",
        ),
        bad(
            "cut, and half of it over TCP",
            &to(8044, ""),
            "DNS check of [198.18.0.2]:udp:8044 fails: the answer was cut, and over TCP: connection closed within the answer",
        ),
        bad(
            "cut, and another's answer over TCP",
            &to(8047, ""),
            "DNS check of [198.18.0.2]:udp:8047 fails: the answer was cut, and over TCP: answers came, but none to this question",
        ),
        bad(
            "a record is missing",
            &to(8045, ""),
            "DNS check of [198.18.0.2]:udp:8045 fails: the answer is not of the protocol",
        ),
    ]
}
