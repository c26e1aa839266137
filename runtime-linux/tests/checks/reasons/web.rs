//! `HTTP_GET`.

use super::{Row, bad, get, good};

pub(super) fn well() -> Vec<Row> {
    let to = |port, url: &str| get("HTTP_GET", port, "", url);
    let health = |url: &str| to(80, &format!("path /health\n{url}"));
    vec![
        good("status and digest", &health("status_code 200\ndigest 4092244bb7e7577845b745e123103ec8")),
        good("regex in a window", &health("regex \"ok$\"\nregex_min_offset 7\nregex_max_offset 7")),
        good("regex_no_match", &health("regex_no_match \"failed\"")),
        good("other statuses", &to(80, "path /moved\nstatus_code 200-204 302")),
        good("204 without a body", &to(80, "path /none")),
        good("a virtual host", &to(80, "path /\nvirtualhost shop.example\nregex \"^the shop$\"")),
        good(
            "several URLs",
            "HTTP_GET {\nconnect_ip 198.18.0.2\nhttp_protocol 1.1\nurl {\npath /health\n}\nurl {\npath /none\n}\nurl {\npath /\nvirtualhost shop.example\n}\n}",
        ),
        good(
            "1.1, chunked",
            &get(
                "HTTP_GET",
                80,
                "http_protocol 1.1",
                "path /page.html\ndigest 6aaf5e3716fee81cc1ccf95f1b3de689",
            ),
        ),
        good("1.0, until the end", &to(80, "path /page.html\ndigest 6aaf5e3716fee81cc1ccf95f1b3de689")),
        good(
            "1.0C says our name",
            &get(
                "HTTP_GET",
                80,
                "http_protocol 1.0C",
                "path /chunked\nvirtualhost h.example\nregex \"^HTTP/1.0 h.example KeepAliveClient\"",
            ),
        ),
        good(
            "1xx, chunks with extensions, trailers",
            &get("HTTP_GET", 8011, "http_protocol 1.1", "path /\nregex \"^hello world$\""),
        ),
    ]
}

pub(super) fn failing() -> Vec<Row> {
    let to = |port, url: &str| get("HTTP_GET", port, "", url);
    let health = |url: &str| to(80, &format!("path /health\n{url}"));
    vec![
        bad("nobody listens", &to(9, "path /"), "HTTP check of [198.18.0.2]:tcp:9 fails: connection refused"),
        bad(
            "wrong status",
            &to(80, "path /busy"),
            "HTTP check of [198.18.0.2]:tcp:80 fails: HTTP status 503 for /busy",
        ),
        bad(
            "wrong digest",
            &health("digest 00000000000000000000000000000000"),
            "HTTP check of [198.18.0.2]:tcp:80 fails: the digest of /health is 4092244bb7e7577845b745e123103ec8",
        ),
        bad(
            "regex not matched",
            &health("regex \"fine\""),
            "HTTP check of [198.18.0.2]:tcp:80 fails: regex not found in the body for /health",
        ),
        bad(
            "regex outside its window",
            &health("regex \"status\"\nregex_min_offset 1"),
            "HTTP check of [198.18.0.2]:tcp:80 fails: regex not found in the body for /health",
        ),
        bad(
            "regex_no_match matched",
            &health("regex_no_match \"status\""),
            "HTTP check of [198.18.0.2]:tcp:80 fails: regex_no_match found in the body for /health",
        ),
        bad(
            "closed without an answer",
            &to(80, "path /gone"),
            "HTTP check of [198.18.0.2]:tcp:80 fails: connection closed without an answer",
        ),
        bad(
            "half a header",
            &to(8001, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8001 fails: connection closed within the header",
        ),
        bad(
            "endless body",
            &to(8002, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8002 fails: the body does not end",
        ),
        bad(
            "endless header",
            &to(8003, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8003 fails: the header does not end",
        ),
        bad(
            "header at a byte a second",
            &to(8004, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8004 fails: no whole answer in time",
        ),
        bad(
            "body at a byte a second",
            &to(8005, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8005 fails: no whole answer in time",
        ),
        bad(
            "reset in mid-body",
            &to(8006, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8006 fails: connection reset",
        ),
        bad(
            "accepts and is silent",
            &to(8007, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8007 fails: no answer in time",
        ),
        bad(
            "another protocol",
            &to(8008, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8008 fails: the answer is not of the protocol",
        ),
        bad(
            "half a body",
            &to(8009, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8009 fails: connection closed within the answer",
        ),
        bad(
            "broken chunks",
            &get("HTTP_GET", 8010, "http_protocol 1.1", "path /"),
            "HTTP check of [198.18.0.2]:tcp:8010 fails: the answer is not of the protocol",
        ),
        bad(
            "reset instead of an answer",
            &to(8012, "path /"),
            "HTTP check of [198.18.0.2]:tcp:8012 fails: connection reset",
        ),
        bad(
            "the second URL fails",
            "HTTP_GET {\nconnect_ip 198.18.0.2\nurl {\npath /health\n}\nurl {\npath /busy\n}\n}",
            "HTTP check of [198.18.0.2]:tcp:80 fails: HTTP status 503 for /busy",
        ),
    ]
}
