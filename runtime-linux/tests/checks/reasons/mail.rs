//! `SMTP_CHECK`.

use super::{Row, bad, connecting, good};

pub(super) fn rows() -> Vec<Row> {
    let to =
        |port, words: &str| connecting("SMTP_CHECK", port, &format!("helo_name director.example\n{words}"));
    vec![
        good("Exim takes our name", &to(25, "")),
        good("Exim speaks TLS", &to(25, "starttls")),
        good(
            "two hosts",
            "SMTP_CHECK {\nhost {\nconnect_ip 198.18.0.2\nconnect_port 25\n}\nhost {\nconnect_ip 198.18.0.2\nconnect_port 2505\n}\n}",
        ),
        bad("nobody listens", &to(9, ""), "SMTP check of [198.18.0.2]:tcp:9 fails: connection refused"),
        bad(
            "5xx at once",
            &to(2501, ""),
            "SMTP check of [198.18.0.2]:tcp:2501 fails: SMTP reply 550 instead of a greeting",
        ),
        bad(
            "4xx at once",
            &to(2502, ""),
            "SMTP check of [198.18.0.2]:tcp:2502 fails: SMTP reply 451 instead of a greeting",
        ),
        bad(
            "HELO refused",
            &to(2503, ""),
            "SMTP check of [198.18.0.2]:tcp:2503 fails: SMTP reply 550 to HELO",
        ),
        bad(
            "STARTTLS refused",
            &to(2504, "starttls"),
            "SMTP check of [198.18.0.2]:tcp:2504 fails: SMTP reply 451 to STARTTLS",
        ),
        bad(
            "no STARTTLS",
            &to(2505, "starttls"),
            "SMTP check of [198.18.0.2]:tcp:2505 fails: SMTP reply 503 to STARTTLS",
        ),
        bad(
            "the second host is bad",
            "SMTP_CHECK {\nhost {\nconnect_ip 198.18.0.2\nconnect_port 25\n}\nhost {\nconnect_ip 198.18.0.2\nconnect_port 2502\n}\n}",
            "SMTP check of [198.18.0.2]:tcp:25, [198.18.0.2]:tcp:2502 fails: 198.18.0.2:2502: SMTP reply 451 instead of a greeting",
        ),
        bad(
            "accepts and is silent",
            &to(8031, ""),
            "SMTP check of [198.18.0.2]:tcp:8031 fails: no answer in time",
        ),
        bad(
            "greets at a byte a second",
            &to(8032, ""),
            "SMTP check of [198.18.0.2]:tcp:8032 fails: no whole answer in time",
        ),
        bad(
            "closed after the greeting",
            &to(8033, ""),
            "SMTP check of [198.18.0.2]:tcp:8033 fails: connection closed without an answer",
        ),
        bad(
            "another protocol",
            &to(8008, ""),
            "SMTP check of [198.18.0.2]:tcp:8008 fails: the answer is not of the protocol",
        ),
    ]
}
