//! Health checks, and the timing that virtual servers and real servers hand down to them.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::global::LONGEST;
use super::{Diagnostic, each};
use crate::config::diagnose::{Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{Check, Connect, Probe, ServerWords, Smtp};
use crate::config::source::Span;
use crate::config::tree::Node;
use crate::config::value::Values;

mod dns;
mod file;
pub(super) mod followed;
mod http;
mod misc;
pub(super) mod pace;
mod smtp;
mod ssl;
mod udp;

pub(super) use self::ssl::Material;
pub(in super::super) use self::ssl::identity_of;

/// The most probes in a row that a server may have to pass.
const LONGEST_RISE: u32 = 1000;

/// What virtual servers, real servers and checks hand down: what is not said further in is said here, or is
/// the default.
#[derive(Clone, Debug, Default)]
pub(super) struct Timings {
    delay_loop: Option<Duration>,
    retry: Option<u32>,
    delay_before_retry: Option<Duration>,
    rise: Option<u32>,
    warmup: Option<Duration>,
    connect_timeout: Option<Duration>,
    pub(super) alpha: Option<bool>,
    virtualhost: Option<String>,
    log_all_failures: Option<bool>,
}

impl Timings {
    /// What virtual servers start from; `log_all_failures` is `checker_log_all_failures`.
    pub(super) fn of_all(log_all_failures: bool) -> Self {
        Self { log_all_failures: Some(log_all_failures), ..Self::default() }
    }

    /// Takes one of the words about timing; false if it is another word.
    pub(super) fn read(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "delay_loop" => self.delay_loop = values.seconds(0.000_001..=LONGEST).or(self.delay_loop),
            "retry" => self.retry = values.number(1..=u32::MAX).or(self.retry),
            "delay_before_retry" => {
                self.delay_before_retry = values.seconds(0.0..=LONGEST).or(self.delay_before_retry);
            }
            "rise" => self.rise = values.number(1..=LONGEST_RISE).or(self.rise),
            "warmup" => self.warmup = values.seconds(0.0..=LONGEST).or(self.warmup),
            "connect_timeout" => {
                self.connect_timeout = values.seconds(0.000_001..=LONGEST).or(self.connect_timeout);
            }
            "alpha" => self.alpha = values.boolean().or(self.alpha),
            "log_all_failures" => self.log_all_failures = values.boolean().or(self.log_all_failures),
            "virtualhost" => {
                self.virtualhost = http::field("a host name", node, diagnostics).or(self.virtualhost.take());
            }
            _ => return false,
        }
        true
    }

    /// What is not said here, from further out.
    pub(super) fn or(&self, outer: &Self) -> Self {
        Self {
            delay_loop: self.delay_loop.or(outer.delay_loop),
            retry: self.retry.or(outer.retry),
            delay_before_retry: self.delay_before_retry.or(outer.delay_before_retry),
            rise: self.rise.or(outer.rise),
            warmup: self.warmup.or(outer.warmup),
            connect_timeout: self.connect_timeout.or(outer.connect_timeout),
            alpha: self.alpha.or(outer.alpha),
            virtualhost: self.virtualhost.clone().or_else(|| outer.virtualhost.clone()),
            log_all_failures: self.log_all_failures.or(outer.log_all_failures),
        }
    }
}

impl Timings {
    /// What SNMP tells of them.
    pub(super) fn words(&self, name: Option<&str>, virtual_host: Option<&str>) -> ServerWords {
        ServerWords {
            name: name.map(ToOwned::to_owned),
            virtual_host: virtual_host.map(ToOwned::to_owned),
            delay_loop: self.delay_loop.unwrap_or(DELAY_LOOP),
            retry: self.retry,
            delay_before_retry: self.delay_before_retry,
            warmup: self.warmup,
            connect_timeout: self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            alpha: self.alpha.unwrap_or(false),
        }
    }

    /// `virtualhost`.
    pub(super) fn virtual_host(&self) -> Option<&str> {
        self.virtualhost.as_deref()
    }
}

/// `delay_loop` where nobody says it.
const DELAY_LOOP: Duration = Duration::from_mins(1);
/// `connect_timeout` where nobody says it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a check says.
#[derive(Clone, Debug)]
pub(super) struct Said {
    span: Span,
    kind: Kind,
    timings: Timings,
    connect: Connecting,
}

/// The words about how to connect.
#[derive(Clone, Debug, Default)]
struct Connecting {
    ip: Option<IpAddr>,
    port: Option<u16>,
    bind: Option<IpAddr>,
    bind_port: Option<u16>,
    interface: Option<String>,
    mark: Option<u32>,
    /// Of a `host` alone; a check has its own among [`Timings`].
    timeout: Option<Duration>,
}

/// What a check asks, with the words that only this kind has.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Tcp,
    Http(http::Said),
    Smtp(smtp::Said),
    Dns(dns::Said),
    Udp(udp::Said),
    Ping,
    Bfd(Option<String>),
    File(file::Said),
    Misc(misc::Said),
}

/// What check a word stands for, if any that is made.
pub(super) fn kind_of(word: &str) -> Option<(Kind, Block)> {
    match word {
        "TCP_CHECK" => Some((Kind::Tcp, Block::TcpCheck)),
        "HTTP_GET" => Some((Kind::Http(http::Said::new(false)), Block::HttpGet)),
        "SSL_GET" => Some((Kind::Http(http::Said::new(true)), Block::HttpGet)),
        "SMTP_CHECK" => Some((Kind::Smtp(smtp::Said::default()), Block::SmtpCheck)),
        "DNS_CHECK" => Some((Kind::Dns(dns::Said::default()), Block::DnsCheck)),
        "UDP_CHECK" => Some((Kind::Udp(udp::Said::default()), Block::UdpCheck)),
        "PING_CHECK" => Some((Kind::Ping, Block::PingCheck)),
        "BFD_CHECK" => Some((Kind::Bfd(None), Block::BfdCheck)),
        "FILE_CHECK" => Some((Kind::File(file::Said::default()), Block::FileCheck)),
        "MISC_CHECK" => Some((Kind::Misc(misc::Said::default()), Block::MiscCheck)),
        _ => None,
    }
}

/// Reads a check; complains and gives `None` if it cannot be made.
pub(super) fn read(kind: Kind, block: Block, node: &Node, diagnostics: &mut Diagnostics) -> Option<Said> {
    let (timings, connect) = (Timings::default(), Connecting::default());
    let mut said = Said { span: node.word.span, kind, timings, connect };
    each(node.children(), block, diagnostics, |word, node, diagnostics| {
        // Here it may be none: the first failure counts. Further out keepalived wants one at least.
        if word == "retry" {
            let retry = Values::new(node, diagnostics).number(0..=u32::MAX);
            said.timings.retry = retry.or(said.timings.retry);
            return true;
        }
        said.timings.read(word, node, diagnostics)
            || said.connect.take(word, node, diagnostics)
            || said.kind.take(word, node, &mut said.timings, diagnostics)
    });
    let (lack, help) = match &said.kind {
        Kind::Misc(misc) if misc.runs_nothing() => {
            ("this MISC_CHECK does not say what to run", "add `misc_path \"/path/to/program\"`")
        }
        Kind::File(file) if file.follows_nothing() => {
            ("this FILE_CHECK does not say which file it follows", "add `track_file` and its name")
        }
        Kind::Http(http) if http.asks_nothing() => {
            ("this check does not say what to ask for", "add `url { path / }`")
        }
        Kind::Bfd(None) => {
            ("this BFD_CHECK does not say which session it follows", "add `name` and a bfd_instance")
        }
        Kind::Tcp
        | Kind::Bfd(Some(_))
        | Kind::Http(_)
        | Kind::Smtp(_)
        | Kind::Dns(_)
        | Kind::Udp(_)
        | Kind::Ping
        | Kind::File(_)
        | Kind::Misc(_) => return Some(said),
    };
    diagnostics.push(
        Diagnostic::new(&kind::MISSING_WORD, lack)
            .at(node.word.span)
            .help(help)
            .consequence("the check is left out"),
    );
    None
}

impl Kind {
    fn take(
        &mut self,
        word: &str,
        node: &Node,
        timings: &mut Timings,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        match self {
            Self::Http(said) => said.take(word, node, diagnostics),
            Self::Smtp(said) => said.take(word, node, timings, diagnostics),
            Self::Dns(said) => said.take(word, node, diagnostics),
            Self::Udp(said) => said.take(word, node, diagnostics),
            Self::Bfd(name) if word == "name" => {
                *name = Values::new(node, diagnostics).word("a bfd_instance").or(name.take());
                true
            }
            Self::Bfd(_) | Self::Tcp | Self::Ping => false,
            Self::File(said) => said.take(word, node, diagnostics),
            Self::Misc(said) => said.take(word, node, diagnostics),
        }
    }

    /// `retry` and `delay_before_retry` where nobody says them.
    fn retries(&self, delay_loop: Duration) -> (u32, Duration) {
        match self {
            Self::Tcp | Self::Smtp(_) | Self::Udp(_) | Self::Ping => (1, Duration::from_secs(1)),
            Self::Http(_) => (1, Duration::from_secs(3)),
            Self::Dns(_) => (3, delay_loop),
            Self::Bfd(_) | Self::File(_) | Self::Misc(_) => (0, Duration::from_secs(1)),
        }
    }
}

impl Connecting {
    fn take(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "connect_ip" => self.ip = values.address().or(self.ip),
            "connect_port" => self.port = values.number(1..=65535).or(self.port),
            "bindto" => self.bind = values.address().or(self.bind),
            "bind_port" => self.bind_port = values.number(1..=65535).or(self.bind_port),
            "bind_if" => self.interface = values.word("an interface").or(self.interface.take()),
            "fwmark" => self.mark = values.number(0..=u32::MAX).or(self.mark),
            "connect_timeout" => {
                self.timeout = values.seconds(0.000_001..=LONGEST).or(self.timeout);
            }
            _ => return false,
        }
        true
    }

    fn to(&self, timings: &Timings, server: SocketAddr) -> Connect {
        let address = self.ip.unwrap_or(server.ip());
        let unspecified: IpAddr = match address {
            IpAddr::V4(_) => core::net::Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => core::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let bind = match (self.bind, self.bind_port) {
            (None, None) => None,
            (bind, port) => Some(SocketAddr::from((bind.unwrap_or(unspecified), port.unwrap_or(0))).into()),
        };
        Connect {
            to: (address, self.port.unwrap_or(server.port())).into(),
            bind,
            interface: self.interface.clone(),
            mark: self.mark,
            timeout: self.timeout.or(timings.connect_timeout).unwrap_or(CONNECT_TIMEOUT),
        }
    }
}

impl Said {
    /// The check of a server that is reached at `server`.
    pub(super) fn complete(&self, outer: &Timings, server: SocketAddr, material: &Material) -> Check {
        let timings = self.timings.or(outer);
        let delay_loop = timings.delay_loop.unwrap_or(DELAY_LOOP);
        let (retry, delay_before_retry) = self.kind.retries(delay_loop);
        let told = matches!(self.kind, Kind::Bfd(_) | Kind::File(_));
        let mut timing = check_core::Timing {
            delay_loop,
            retry: timings.retry.unwrap_or(retry),
            delay_before_retry: timings.delay_before_retry.unwrap_or(delay_before_retry),
            rise: timings.rise.unwrap_or(1),
            warmup: timings.warmup.unwrap_or(delay_loop),
            alpha: timings.alpha.unwrap_or(false),
        };
        if told {
            // Its probe waits for the session to change: nothing is asked again and again.
            let shortest = check_core::Timing::SHORTEST_DELAY;
            // What a file holds is known at once.
            let alpha = timing.alpha && !matches!(self.kind, Kind::File(_));
            timing = check_core::Timing {
                delay_loop: shortest,
                retry: 0,
                delay_before_retry: shortest,
                rise: 1,
                warmup: Duration::ZERO,
                alpha,
            };
        }
        let connect = self.connect.to(&timings, server);
        // keepalived bounds each step only; all of them together have as long as a MISC_CHECK.
        let limit = delay_loop.max(connect.timeout);
        let probe = match &self.kind {
            Kind::Tcp => Probe::Tcp(connect),
            Kind::Ping => Probe::Ping(connect),
            Kind::Bfd(name) => Probe::Bfd(name.clone().expect("a check that follows no session was refused")),
            Kind::Http(said) => {
                Probe::Http(said.complete(connect, timings.virtualhost.as_deref(), limit, material).into())
            }
            Kind::Smtp(said) => Probe::Smtp(Smtp {
                hosts: said.hosts(connect, |host| host.to(&timings, server)),
                name: said.name.clone(),
                start_tls: said.start_tls,
                limit,
            }),
            Kind::Dns(said) => Probe::Dns(said.complete(connect).into()),
            Kind::Udp(said) => Probe::Udp(said.complete(connect).into()),
            Kind::File(said) => Probe::File(said.complete()),
            Kind::Misc(said) => said.complete(delay_loop),
        };
        Check { timing, probe, log_all_failures: timings.log_all_failures.unwrap_or(false) }
    }
}
