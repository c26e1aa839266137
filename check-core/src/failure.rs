//! Why a probe failed.

use core::fmt;

/// Why a probe failed, as text for the operator and as something to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server answered that nobody listens.
    Refused,
    /// No answer in time, or a script that ran too long.
    Timeout,
    /// The server broke the connection off.
    Reset,
    /// No route, or a router said that the host or the network cannot be reached.
    Unreachable,
    /// A packet filter on this host forbids the connection.
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
    /// The system call failed with this error number, none of the above.
    Os(i32),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::Timeout => f.write_str("timed out"),
            Self::Reset => f.write_str("connection reset"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::Denied => f.write_str("forbidden by a filter on this host"),
            Self::Source => f.write_str("cannot use the source address"),
            Self::Interface => f.write_str("no such interface"),
            Self::NotStarted => f.write_str("script could not be started"),
            Self::Exit(status) => write!(f, "exit status {status}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::Os(number) => write!(f, "system error {number}"),
        }
    }
}
