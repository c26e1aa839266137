//! Why a probe failed.

use core::fmt;

/// Why a probe failed, as text for the operator and as something to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Failure {
    /// The server answered that nobody listens.
    Refused,
    /// No connection in time.
    Timeout,
    /// The server broke the connection off.
    Reset,
    /// No route, or a router said that the host or the network cannot be reached.
    Unreachable,
    /// A packet filter, here or on the way, forbids the connection.
    Denied,
    /// The address or port to connect from (`bindto`, `bind_port`) cannot be used.
    Source,
    /// The interface to connect through (`bind_if`) does not exist.
    Interface,
    /// The script could not be started; the log says why.
    NotStarted,
    /// The script ended with this status, not 0.
    Exit(u8),
    /// The script was ended by this signal.
    Signal(u8),
    /// The script ran too long.
    Overrun,
    /// What was asked was not answered in time, not by a single byte.
    Silent,
    /// An answer has begun, but was not whole in time.
    Unanswered,
    /// Answers came in time, but none to what was asked.
    Foreign,
    /// The server ended the connection without an answer.
    Closed,
    /// The server ended the connection within the header of its answer.
    HeaderTruncated,
    /// The server ended the connection before its answer was whole.
    Truncated,
    /// What the server said is not its protocol.
    Malformed,
    /// The header or reply is longer than any sensible one.
    HeaderTooLong,
    /// The body does not end within [`http::BODY_LIMIT`](crate::http::BODY_LIMIT).
    BodyTooLong,
    /// HTTP answered with this status.
    Status(u16),
    /// The digest of the body is another.
    Digest,
    /// `regex` was not found in the body.
    NotFound,
    /// `regex_no_match` was found in the body.
    Found,
    /// SMTP answered with this code.
    Reply {
        /// What was answered so.
        to: Asked,
        /// The code (RFC 5321 §4.2).
        code: u16,
    },
    /// DNS answered with this response code (RFC 1035 §4.1.1).
    Rcode(u8),
    /// The answer is another than the expected one.
    Mismatch,
    /// The reply is shorter or longer than allowed.
    Length,
    /// The connection could not be secured.
    Tls(Tls),
    /// The BFD session is not up.
    SessionDown,
    /// The tracked file holds this number.
    Number(i32),
    /// The system call failed with this error number, none of the above.
    Os(i32),
}

/// What a mail server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Asked {
    /// Nothing yet: it is to greet.
    Greeting,
    /// `HELO`, or `EHLO`.
    Hello,
    /// `STARTTLS`.
    StartTls,
}

/// Why TLS failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Tls {
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not come.
    NotYetValid,
    /// No authority that we trust has signed the certificate.
    UnknownIssuer,
    /// The certificate is for other names.
    WrongName,
    /// The certificate cannot be read, or is not what it says.
    BadCertificate,
    /// The connection stands, but the handshake was not over in time.
    Timeout,
    /// The server ended the connection within the handshake.
    Closed,
    /// The connection ended without TLS's farewell, so that anybody may have cut the answer off.
    Truncated,
    /// The server speaks no version of TLS, or no cipher, that we do (1.2 and 1.3).
    Incompatible,
    /// The server ended the handshake with this alert (RFC 8446 §6).
    Alert(u8),
    /// What came is not TLS.
    Malformed,
}

impl fmt::Display for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("the certificate has expired"),
            Self::NotYetValid => f.write_str("the certificate is not valid yet"),
            Self::UnknownIssuer => f.write_str("the certificate is signed by nobody we trust"),
            Self::WrongName => f.write_str("the certificate is for another name"),
            Self::BadCertificate => f.write_str("the certificate is broken"),
            Self::Timeout => f.write_str("the TLS handshake timed out"),
            Self::Closed => f.write_str("connection closed within the TLS handshake"),
            Self::Truncated => f.write_str("the connection ended without TLS's farewell"),
            Self::Incompatible => f.write_str("the server has neither TLS 1.2 nor 1.3"),
            Self::Alert(number) => write!(f, "TLS alert {number}{}", alert(*number)),
            Self::Malformed => f.write_str("the server does not speak TLS"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::Timeout => f.write_str("connection timed out"),
            Self::Reset => f.write_str("connection reset"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::Denied => f.write_str("forbidden by a packet filter"),
            Self::Source => f.write_str("cannot use the source address"),
            Self::Interface => f.write_str("no such interface"),
            Self::NotStarted => f.write_str("script could not be started"),
            Self::Exit(status) => write!(f, "exit status {status}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::Overrun => f.write_str("timed out"),
            Self::Silent => f.write_str("no answer in time"),
            Self::Unanswered => f.write_str("no whole answer in time"),
            Self::Foreign => f.write_str("answers came, but none to this question"),
            Self::Closed => f.write_str("connection closed without an answer"),
            Self::HeaderTruncated => f.write_str("connection closed within the header"),
            Self::Truncated => f.write_str("connection closed within the answer"),
            Self::Malformed => f.write_str("the answer is not of the protocol"),
            Self::HeaderTooLong => f.write_str("the header does not end"),
            Self::BodyTooLong => f.write_str("the body does not end"),
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::Digest => f.write_str("the digest of the body is another"),
            Self::NotFound => f.write_str("regex not found in the body"),
            Self::Found => f.write_str("regex_no_match found in the body"),
            Self::Reply { to, code } => write!(f, "SMTP reply {code} {to}"),
            Self::Rcode(code) => write!(f, "DNS response code {code} ({})", rcode(*code)),
            Self::Mismatch => f.write_str("another answer than expected"),
            Self::Length => f.write_str("the reply is too short or too long"),
            Self::Tls(tls) => write!(f, "{tls}"),
            Self::Number(number) => write!(f, "the file holds {number}"),
            Self::SessionDown => f.write_str("the BFD session is not up"),
            Self::Os(number) => write!(f, "system error {number}"),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "instead of a greeting",
            Self::Hello => "to HELO",
            Self::StartTls => "to STARTTLS",
        })
    }
}

/// The name of an alert that ends a handshake (RFC 8446 §6), in brackets.
fn alert(number: u8) -> &'static str {
    match number {
        0 => " (close_notify)",
        10 => " (unexpected_message)",
        40 => " (handshake_failure)",
        42 => " (bad_certificate)",
        43 => " (unsupported_certificate)",
        44 => " (certificate_revoked)",
        45 => " (certificate_expired)",
        46 => " (certificate_unknown)",
        47 => " (illegal_parameter)",
        48 => " (unknown_ca)",
        49 => " (access_denied)",
        50 => " (decode_error)",
        51 => " (decrypt_error)",
        70 => " (protocol_version)",
        71 => " (insufficient_security)",
        80 => " (internal_error)",
        109 => " (missing_extension)",
        112 => " (unrecognized_name)",
        116 => " (certificate_required)",
        120 => " (no_application_protocol)",
        _ => "",
    }
}

/// The name of a response code (RFC 1035 §4.1.1, RFC 2136 §2.2).
fn rcode(code: u8) -> &'static str {
    match code {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        _ => "other",
    }
}
