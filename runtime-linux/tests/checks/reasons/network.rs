//! `TCP_CHECK`, `UDP_CHECK`, `PING_CHECK`: what the network itself says.

use super::{Row, bad, connecting, good};

pub(super) fn connections() -> Vec<Row> {
    let to = |address: &str, words: &str| {
        format!("TCP_CHECK {{\nconnect_ip {address}\nconnect_port 80\n{words}\n}}")
    };
    vec![
        good("nginx accepts", &to("198.18.0.2", "")),
        good("closed by the server at once", &connecting("TCP_CHECK", 8050, "")),
        bad(
            "nobody listens",
            &connecting("TCP_CHECK", 9, ""),
            "TCP connection to [198.18.0.2]:tcp:9 fails: connection refused",
        ),
        bad(
            "packets are lost",
            &to("198.18.66.1", ""),
            "TCP connection to [198.18.66.1]:tcp:80 fails: connection timed out",
        ),
        bad(
            "ICMP: host unreachable",
            &to("198.18.67.1", ""),
            "TCP connection to [198.18.67.1]:tcp:80 fails: unreachable",
        ),
        bad(
            "ICMP: forbidden",
            &to("198.18.68.1", ""),
            "TCP connection to [198.18.68.1]:tcp:80 fails: unreachable",
        ),
        bad(
            "the host is down",
            &to("198.18.0.77", "connect_timeout 5"),
            "TCP connection to [198.18.0.77]:tcp:80 fails: unreachable",
        ),
        bad(
            "the host is down, and time is short",
            &to("198.18.0.78", "connect_timeout 1"),
            "TCP connection to [198.18.0.78]:tcp:80 fails: connection timed out",
        ),
        bad(
            "no such source address",
            &to("198.18.0.2", "bindto 198.18.0.99"),
            "TCP connection to [198.18.0.2]:tcp:80 fails: cannot use the source address",
        ),
        bad(
            "no such interface",
            &to("198.18.0.2", "bind_if eth7"),
            "TCP connection to [198.18.0.2]:tcp:80 fails: no such interface",
        ),
    ]
}

pub(super) fn datagrams() -> Vec<Row> {
    let udp = |port, words: &str| connecting("UDP_CHECK", port, words);
    let udp_to = |address: &str| {
        format!("UDP_CHECK {{\nconnect_ip {address}\nconnect_port 53\nconnect_timeout 5\npayload 00\n}}")
    };
    let ping = |address: &str, words: &str| format!("PING_CHECK {{\nconnect_ip {address}\n{words}\n}}");
    vec![
        good("silence is good", &udp(8042, "payload 00")),
        good(
            "an echo",
            &udp(8046, "payload 01020304\nrequire_reply 0102XX04\nmin_reply_length 4\nmax_reply_length 4"),
        ),
        // A question for the root, of which the server has nothing: response code 5.
        good(
            "NSD answers",
            &udp(53, "payload 1234010000010000000000000000060001\nrequire_reply 1234/ffff 81/80 05/0f"),
        ),
        bad(
            "another reply",
            &udp(8046, "payload 01\nrequire_reply 02"),
            "UDP check of [198.18.0.2]:udp:8046 fails: another answer than expected",
        ),
        bad(
            "the reply is too long",
            &udp(8046, "payload 010203\nrequire_reply\nmax_reply_length 2"),
            "UDP check of [198.18.0.2]:udp:8046 fails: the reply is too short or too long",
        ),
        bad(
            "no reply",
            &udp(8042, "payload 00\nrequire_reply"),
            "UDP check of [198.18.0.2]:udp:8042 fails: no answer in time",
        ),
        bad(
            "ICMP: port unreachable",
            &udp(9, "payload 00"),
            "UDP check of [198.18.0.2]:udp:9 fails: connection refused",
        ),
        bad(
            "ICMP: host unreachable",
            &udp_to("198.18.67.1"),
            "UDP check of [198.18.67.1]:udp:53 fails: unreachable",
        ),
        bad(
            "the host is down",
            &udp_to("198.18.0.77"),
            "UDP check of [198.18.0.77]:udp:53 fails: unreachable",
        ),
        good("an echo by ICMP", &ping("198.18.0.2", "")),
        bad("no echo", &ping("198.18.66.1", ""), "Ping check of 198.18.66.1 fails: no answer in time"),
        bad(
            "ICMP: host unreachable",
            &ping("198.18.67.1", ""),
            "Ping check of 198.18.67.1 fails: unreachable",
        ),
        bad(
            "the host is down",
            &ping("198.18.0.77", "connect_timeout 5"),
            "Ping check of 198.18.0.77 fails: unreachable",
        ),
        good("a BFD session", "BFD_CHECK {\nname frr\n}"),
    ]
}
