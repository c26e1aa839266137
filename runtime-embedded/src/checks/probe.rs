//! One health check as it is configured.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use check_core::Timing;
use check_core::dns::Type;
use check_core::http::Protocol;
use check_core::udp::Reply;

/// What a server is asked, how often, and what is good.
///
/// Without more words a server is asked every five seconds and has two seconds to answer; one that fails is asked once
/// more after a second before it is down, and one good answer brings it back. The first round is spread over five seconds.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    pub(crate) kind: Kind,
    pub(crate) to: Option<SocketAddr>,
    pub(crate) timing: Timing,
    pub(crate) timeout: Duration,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Whether it accepts a connection.
    Tcp,
    Http {
        path: &'static str,
        host: Option<&'static str>,
        protocol: Protocol,
        status: &'static [(u16, u16)],
        text: Option<&'static str>,
    },
    Udp {
        payload: &'static [u8],
        reply: Option<Reply<'static>>,
    },
    Dns {
        name: &'static str,
        kind: Type,
        answer: Option<&'static str>,
    },
    Ping,
}

impl Kind {
    /// Its name in the log.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Http { .. } => "HTTP",
            Self::Udp { .. } => "UDP",
            Self::Dns { .. } => "DNS",
            Self::Ping => "ping",
        }
    }
}

impl Probe {
    /// The longest datagram of a UDP check, in bytes.
    pub const LONGEST_DATAGRAM: usize = 256;
    /// The longest answer to a UDP or DNS check that is looked at, in bytes; that of RFC 1035 §4.2.1.
    pub const LONGEST_ANSWER: usize = 512;
    /// The longest text that is looked for in a body, in bytes.
    pub const LONGEST_TEXT: usize = 32;

    const fn new(kind: Kind) -> Self {
        let round = Duration::from_secs(5);
        Self {
            kind,
            to: None,
            timing: Timing {
                delay_loop: round,
                retry: 1,
                delay_before_retry: Duration::from_secs(1),
                rise: 1,
                warmup: round,
                alpha: false,
            },
            timeout: Duration::from_secs(2),
        }
    }

    /// The server must accept a connection.
    pub const fn tcp() -> Self {
        Self::new(Kind::Tcp)
    }

    /// The server must answer a request for `path` with a status of 200 to 299.
    pub const fn http(path: &'static str) -> Self {
        Self::new(Kind::Http { path, host: None, protocol: Protocol::Http11, status: &[], text: None })
    }

    /// The server must let this datagram of at most [`LONGEST_DATAGRAM`](Self::LONGEST_DATAGRAM) bytes pass without an ICMP error.
    pub const fn udp(payload: &'static [u8]) -> Self {
        Self::new(Kind::Udp { payload, reply: None })
    }

    /// The server must answer this question with response code 0.
    pub const fn dns(name: &'static str, kind: Type) -> Self {
        Self::new(Kind::Dns { name, kind, answer: None })
    }

    /// The server must return an ICMP echo.
    pub const fn ping() -> Self {
        Self::new(Kind::Ping)
    }

    /// HTTP: what goes into `Host`, instead of the server's address and port.
    ///
    /// # Panics
    ///
    /// If it is not an HTTP check; in a constant that is a compile error.
    #[must_use]
    pub const fn host(self, name: &'static str) -> Self {
        let Kind::Http { path, protocol, status, text, .. } = self.kind else {
            panic!("only an HTTP check has a host")
        };
        Self { kind: Kind::Http { path, host: Some(name), protocol, status, text }, ..self }
    }

    /// HTTP: the version to speak. Without it 1.1.
    ///
    /// # Panics
    ///
    /// If it is not an HTTP check; in a constant that is a compile error.
    #[must_use]
    pub const fn protocol(self, protocol: Protocol) -> Self {
        let Kind::Http { path, host, status, text, .. } = self.kind else {
            panic!("only an HTTP check has a version")
        };
        Self { kind: Kind::Http { path, host, protocol, status, text }, ..self }
    }

    /// HTTP: which status is good, as ranges with both ends.
    ///
    /// # Panics
    ///
    /// If it is not an HTTP check; in a constant that is a compile error.
    #[must_use]
    pub const fn status(self, status: &'static [(u16, u16)]) -> Self {
        let Kind::Http { path, host, protocol, text, .. } = self.kind else {
            panic!("only an HTTP check has a status")
        };
        Self { kind: Kind::Http { path, host, protocol, status, text }, ..self }
    }

    /// HTTP: this must stand somewhere in the body; at most [`LONGEST_TEXT`](Self::LONGEST_TEXT) bytes.
    ///
    /// # Panics
    ///
    /// If it is not an HTTP check; in a constant that is a compile error.
    #[must_use]
    pub const fn text(self, text: &'static str) -> Self {
        let Kind::Http { path, host, protocol, status, .. } = self.kind else {
            panic!("only an HTTP check has a text")
        };
        Self { kind: Kind::Http { path, host, protocol, status, text: Some(text) }, ..self }
    }

    /// UDP: this must come back, in at most [`LONGEST_ANSWER`](Self::LONGEST_ANSWER) bytes.
    ///
    /// # Panics
    ///
    /// If it is not a UDP check; in a constant that is a compile error.
    #[must_use]
    pub const fn reply(self, reply: Reply<'static>) -> Self {
        let Kind::Udp { payload, .. } = self.kind else { panic!("only a UDP check has a reply") };
        Self { kind: Kind::Udp { payload, reply: Some(reply) }, ..self }
    }

    /// DNS: one record must say this.
    ///
    /// # Panics
    ///
    /// If it is not a DNS check; in a constant that is a compile error.
    #[must_use]
    pub const fn answer(self, answer: &'static str) -> Self {
        let Kind::Dns { name, kind, .. } = self.kind else { panic!("only a DNS check has an answer") };
        Self { kind: Kind::Dns { name, kind, answer: Some(answer) }, ..self }
    }

    /// Asks here instead of at the server's own address and port.
    #[must_use]
    pub const fn to(self, to: SocketAddr) -> Self {
        Self { to: Some(to), ..self }
    }

    /// How often, from the end of one probe to the start of the next. It bounds a whole HTTP answer, too.
    #[must_use]
    pub const fn every(self, round: Duration) -> Self {
        Self { timing: Timing { delay_loop: round, warmup: round, ..self.timing }, ..self }
    }

    /// How many more attempts a server gets that was up, and how long after the last.
    #[must_use]
    pub const fn retry(self, retry: u32, after: Duration) -> Self {
        Self { timing: Timing { retry, delay_before_retry: after, ..self.timing }, ..self }
    }

    /// How many must pass in a row before a server that was down is up again.
    #[must_use]
    pub const fn rise(self, rise: u32) -> Self {
        Self { timing: Timing { rise, ..self.timing }, ..self }
    }

    /// The first probe is made somewhere within this time.
    #[must_use]
    pub const fn warmup(self, warmup: Duration) -> Self {
        Self { timing: Timing { warmup, ..self.timing }, ..self }
    }

    /// The server counts as down until a probe passes.
    #[must_use]
    pub const fn alpha(self) -> Self {
        Self { timing: Timing { alpha: true, ..self.timing }, ..self }
    }

    /// How long a connection, and each pause of the server, may take.
    #[must_use]
    pub const fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

/// What goes into `Host`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Host {
    Named(&'static str),
    Server(SocketAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Server(server) => write!(f, "{server}"),
        }
    }
}
