//! Health checks, and the timing that virtual servers and real servers hand down to them.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::global::LONGEST;
use super::script::read_user;
use super::{Diagnostic, each};
use crate::config::diagnose::{Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{Check, Connect, Probe, Script, ScriptUser};
use crate::config::tree::Node;
use crate::config::value::Values;

/// When checks are made; what is not said here is said further out, or is the default.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timings {
    delay_loop: Option<Duration>,
    retry: Option<u32>,
    delay_before_retry: Option<Duration>,
    warmup: Option<Duration>,
    connect_timeout: Option<Duration>,
    pub(super) alpha: Option<bool>,
}

impl Timings {
    /// Takes one of the words about timing; false if it is another word.
    pub(super) fn read(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "delay_loop" => self.delay_loop = values.seconds(0.000_001..=LONGEST).or(self.delay_loop),
            "retry" => self.retry = values.number(1..=u32::MAX).or(self.retry),
            "delay_before_retry" => {
                self.delay_before_retry = values.seconds(0.0..=LONGEST).or(self.delay_before_retry);
            }
            "warmup" => self.warmup = values.seconds(0.0..=LONGEST).or(self.warmup),
            "connect_timeout" => {
                self.connect_timeout = values.seconds(0.000_001..=LONGEST).or(self.connect_timeout);
            }
            "alpha" => self.alpha = values.boolean().or(self.alpha),
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
            warmup: self.warmup.or(outer.warmup),
            connect_timeout: self.connect_timeout.or(outer.connect_timeout),
            alpha: self.alpha.or(outer.alpha),
        }
    }
}

/// What a check says.
#[derive(Clone, Debug)]
pub(super) struct Said {
    kind: Kind,
    timings: Timings,
    connect_ip: Option<IpAddr>,
    connect_port: Option<u16>,
    bind: Option<IpAddr>,
    bind_port: Option<u16>,
    interface: Option<String>,
    mark: Option<u32>,
    script: Option<Script>,
    user: Option<ScriptUser>,
    misc_timeout: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tcp,
    Http,
    Misc,
}

/// What check a word stands for, if any that is made.
pub(super) fn kind_of(word: &str) -> Option<(Kind, Block)> {
    match word {
        "TCP_CHECK" => Some((Kind::Tcp, Block::TcpCheck)),
        "HTTP_GET" | "SSL_GET" => Some((Kind::Http, Block::HttpGet)),
        "SMTP_CHECK" => Some((Kind::Tcp, Block::SmtpCheck)),
        "MISC_CHECK" => Some((Kind::Misc, Block::MiscCheck)),
        _ => None,
    }
}

/// Reads a check; complains and gives `None` if it cannot be made.
pub(super) fn read(kind: Kind, block: Block, node: &Node, diagnostics: &mut Diagnostics) -> Option<Said> {
    let mut said = Said {
        kind,
        timings: Timings::default(),
        connect_ip: None,
        connect_port: None,
        bind: None,
        bind_port: None,
        interface: None,
        mark: None,
        script: None,
        user: None,
        misc_timeout: None,
    };
    let misc = kind == Kind::Misc;
    each(node.children(), block, diagnostics, |word, node, diagnostics| {
        said.timings.read(word, node, diagnostics) || said.take(word, node, diagnostics)
    });
    if misc && said.script.is_none() {
        diagnostics.push(
            Diagnostic::new(&kind::MISSING_WORD, "this MISC_CHECK does not say what to run")
                .at(node.word.span)
                .help("add `misc_path \"/path/to/program\"`")
                .consequence("the check is left out"),
        );
        return None;
    }
    Some(said)
}

impl Said {
    fn take(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "connect_ip" => self.connect_ip = values.address().or(self.connect_ip),
            "connect_port" => self.connect_port = values.number(1..=65535).or(self.connect_port),
            "bindto" => self.bind = values.address().or(self.bind),
            "bind_port" => self.bind_port = values.number(1..=65535).or(self.bind_port),
            "bind_if" => self.interface = values.word("an interface").or(self.interface.take()),
            "fwmark" => self.mark = values.number(0..=u32::MAX).or(self.mark),
            "misc_path" => self.script = values.script().or(self.script.take()),
            "misc_timeout" => self.misc_timeout = values.seconds(0.001..=LONGEST).or(self.misc_timeout),
            "user" => self.user = read_user(node, diagnostics).or(self.user.take()),
            _ => return false,
        }
        true
    }

    /// The check of a server that is reached at `server`.
    pub(super) fn complete(&self, outer: &Timings, server: SocketAddr) -> Check {
        let timings = self.timings.or(outer);
        let delay_loop = timings.delay_loop.unwrap_or(Duration::from_mins(1));
        let (retry, delay_before_retry) = match self.kind {
            Kind::Tcp => (1, Duration::from_secs(1)),
            Kind::Http => (1, Duration::from_secs(3)),
            Kind::Misc => (0, Duration::from_secs(1)),
        };
        let timing = check_core::Timing {
            delay_loop,
            retry: timings.retry.unwrap_or(retry),
            delay_before_retry: timings.delay_before_retry.unwrap_or(delay_before_retry),
            warmup: timings.warmup.unwrap_or(delay_loop),
            alpha: timings.alpha.unwrap_or(false),
        };
        let probe = match (&self.script, self.kind) {
            (Some(script), Kind::Misc) => Probe::Misc {
                script: Script { user: self.user.clone().or(script.user.clone()), ..script.clone() },
                timeout: self.misc_timeout.unwrap_or(delay_loop),
            },
            (_, Kind::Tcp | Kind::Http | Kind::Misc) => Probe::Tcp(self.connect(&timings, server)),
        };
        Check { timing, probe }
    }

    fn connect(&self, timings: &Timings, server: SocketAddr) -> Connect {
        let address = self.connect_ip.unwrap_or(server.ip());
        let unspecified: IpAddr = match address {
            IpAddr::V4(_) => core::net::Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => core::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let bind = match (self.bind, self.bind_port) {
            (None, None) => None,
            (bind, port) => Some((bind.unwrap_or(unspecified), port.unwrap_or(0)).into()),
        };
        Connect {
            to: (address, self.connect_port.unwrap_or(server.port())).into(),
            bind,
            interface: self.interface.clone(),
            mark: self.mark,
            timeout: timings.connect_timeout.unwrap_or(Duration::from_secs(5)),
        }
    }
}
