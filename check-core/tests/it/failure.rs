//! What the operator reads.

use check_core::{Asked, Failure, Tls};

#[test]
fn every_failure_has_words_of_its_own() {
    let words = [
        (Failure::Refused, "connection refused"),
        (Failure::Timeout, "connection timed out"),
        (Failure::Reset, "connection reset"),
        (Failure::Unreachable, "unreachable"),
        (Failure::Denied, "forbidden by a packet filter"),
        (Failure::Source, "cannot use the source address"),
        (Failure::Interface, "no such interface"),
        (Failure::NotStarted, "script could not be started"),
        (Failure::Exit(3), "exit status 3"),
        (Failure::Signal(9), "ended by signal 9"),
        (Failure::Overrun, "timed out"),
        (Failure::Silent, "no answer in time"),
        (Failure::Unanswered, "no whole answer in time"),
        (Failure::Foreign, "answers came, but none to this question"),
        (Failure::Closed, "connection closed without an answer"),
        (Failure::HeaderTruncated, "connection closed within the header"),
        (Failure::Truncated, "connection closed within the answer"),
        (Failure::Malformed, "the answer is not of the protocol"),
        (Failure::HeaderTooLong, "the header does not end"),
        (Failure::BodyTooLong, "the body does not end"),
        (Failure::Status(503), "HTTP status 503"),
        (Failure::Digest, "the digest of the body is another"),
        (Failure::NotFound, "regex not found in the body"),
        (Failure::Found, "regex_no_match found in the body"),
        (Failure::Reply { to: Asked::Greeting, code: 421 }, "SMTP reply 421 instead of a greeting"),
        (Failure::Reply { to: Asked::Hello, code: 550 }, "SMTP reply 550 to HELO"),
        (Failure::Reply { to: Asked::StartTls, code: 454 }, "SMTP reply 454 to STARTTLS"),
        (Failure::Rcode(2), "DNS response code 2 (SERVFAIL)"),
        (Failure::Rcode(3), "DNS response code 3 (NXDOMAIN)"),
        (Failure::Rcode(9), "DNS response code 9 (other)"),
        (Failure::Mismatch, "another answer than expected"),
        (Failure::Length, "the reply is too short or too long"),
        (Failure::Tls(Tls::Expired), "the certificate has expired"),
        (Failure::Tls(Tls::NotYetValid), "the certificate is not valid yet"),
        (Failure::Tls(Tls::UnknownIssuer), "the certificate is signed by nobody we trust"),
        (Failure::Tls(Tls::WrongName), "the certificate is for another name"),
        (Failure::Tls(Tls::BadCertificate), "the certificate is broken"),
        (Failure::Tls(Tls::Timeout), "the TLS handshake timed out"),
        (Failure::Tls(Tls::Closed), "connection closed within the TLS handshake"),
        (Failure::Tls(Tls::Truncated), "the connection ended without TLS's farewell"),
        (Failure::Tls(Tls::Incompatible), "the server has neither TLS 1.2 nor 1.3"),
        (Failure::Tls(Tls::Alert(40)), "TLS alert 40 (handshake_failure)"),
        (Failure::Tls(Tls::Alert(200)), "TLS alert 200"),
        (Failure::Tls(Tls::Malformed), "the server does not speak TLS"),
        (Failure::SessionDown, "the BFD session is not up"),
        (Failure::Os(5), "system error 5"),
    ];
    for (failure, expected) in words {
        assert_eq!(failure.to_string(), expected);
        assert_eq!(words.iter().filter(|(_, words)| *words == expected).count(), 1, "{expected}");
    }
}
