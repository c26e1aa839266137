//! `SSL_GET`.

use super::{Row, bad, get, good};

pub(super) fn rows() -> Vec<Row> {
    let to = |port, words: &str, url: &str| get("SSL_GET", port, words, url);
    let verified = |port| to(port, "tls_verify\nsni_name www.example", "path /");
    vec![
        good("no verification, no SNI", &to(443, "", "path /\nregex \"^www at $\"")),
        good(
            "SNI by sni_name",
            &to(443, "enable_sni\nsni_name shop.example", "path /\nregex \"^www at shop.example$\""),
        ),
        good(
            "SNI by virtualhost",
            &to(443, "enable_sni\nvirtualhost shop.example", "path /\nregex \"^shop at shop.example$\""),
        ),
        good(
            "SNI of each URL",
            "SSL_GET {\nconnect_ip 198.18.0.2\nconnect_port 443\nenable_sni\ntls_verify\n\
             url {\npath /\nvirtualhost shop.example\nregex \"^shop at shop.example$\"\n}\n\
             url {\npath /\nvirtualhost www.example\nregex \"^www at www.example$\"\n}\n}",
        ),
        good("verified by name", &verified(443)),
        good("verified by address", &to(4430, "tls_verify", "path /")),
        good("expired, and nobody asks", &to(4431, "", "path /")),
        good("knows us by our certificate", &to(4438, "", "path /\nregex \"CN=director\"")),
        good("nginx says farewell", &to(443, "tls_compliant", "path /")),
        good("cut off, and nobody asks", &to(8023, "", "path /")),
        bad(
            "expired",
            &verified(4431),
            "HTTPS check of [198.18.0.2]:tcp:4431 fails: the certificate has expired",
        ),
        bad(
            "not yet valid",
            &verified(4432),
            "HTTPS check of [198.18.0.2]:tcp:4432 fails: the certificate is not valid yet",
        ),
        bad(
            "self-signed",
            &verified(4433),
            "HTTPS check of [198.18.0.2]:tcp:4433 fails: the certificate is signed by nobody we trust",
        ),
        bad(
            "unknown issuer",
            &verified(4434),
            "HTTPS check of [198.18.0.2]:tcp:4434 fails: the certificate is signed by nobody we trust",
        ),
        bad(
            "wrong name",
            &to(443, "tls_verify\nsni_name other.example", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:443 fails: the certificate is for another name",
        ),
        bad(
            "wrong address",
            &to(443, "tls_verify", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:443 fails: the certificate is for another name",
        ),
        bad(
            "TLS 1.1",
            &to(4435, "", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:4435 fails: the server has neither TLS 1.2 nor 1.3",
        ),
        bad(
            "handshake rejected",
            &to(4436, "", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:4436 fails: TLS alert 112 (unrecognized_name)",
        ),
        bad(
            "asks for another certificate than ours",
            &to(4437, "", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:4437 fails: HTTP status 400 for /",
        ),
        bad(
            "no TLS",
            &to(80, "", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:80 fails: the server does not speak TLS",
        ),
        bad(
            "accepts and does not shake hands",
            &to(8021, "", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:8021 fails: the TLS handshake timed out",
        ),
        bad(
            "closed in the handshake",
            &to(8022, "", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:8022 fails: connection closed within the TLS handshake",
        ),
        bad(
            "cut off without farewell",
            &to(8023, "tls_compliant", "path /"),
            "HTTPS check of [198.18.0.2]:tcp:8023 fails: the connection ended without TLS's farewell",
        ),
    ]
}
