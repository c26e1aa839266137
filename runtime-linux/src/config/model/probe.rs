//! What a health check asks of a server.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use super::Script;

pub use check_core::dns::Type as RecordType;
pub use check_core::http::Protocol as HttpProtocol;

/// What a probe does. There may be tens of thousands, most of them small: the others have a place of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// `TCP_CHECK`: connect, then close.
    Tcp(Connect),
    /// `HTTP_GET` and `SSL_GET`.
    Http(Box<Http>),
    /// `SMTP_CHECK`: every one of these servers.
    Smtp(Smtp),
    /// `DNS_CHECK`.
    Dns(Box<Dns>),
    /// `UDP_CHECK`.
    Udp(Box<Udp>),
    /// `PING_CHECK`.
    Ping(Connect),
    /// `BFD_CHECK`: follow the session of this name, one of [`Configuration::bfd`](super::Configuration::bfd).
    Bfd(String),
    /// `FILE_CHECK`: follow the number in a file.
    File(FileCheck),
    /// `MISC_CHECK`: run a program; exit status 0 is good.
    Misc {
        /// What runs.
        script: Script,
        /// SIGTERM after this long.
        timeout: Duration,
        /// `misc_dynamic`: an exit status from 2 on is good too, and is the weight of the server plus 2.
        dynamic: bool,
    },
}

/// `FILE_CHECK`: what the number in a `track_file` does to a real server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileCheck {
    /// `track_file`: one of [`Configuration::files`](super::Configuration::files).
    pub name: String,
    /// `weight`, or the file's own: how often the number is added to the weight of the server. 0: the server is down
    /// while the number is not zero.
    pub weight: i32,
    /// `reverse`: the number is taken off; with weight 0 the server is down while it is zero.
    pub reverse: bool,
}

impl FileCheck {
    /// No weight was said: it is the file's own. A checked configuration has the file's in its place.
    pub const OF_THE_FILE: i32 = i32::MIN;
}

/// How a probe connects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connect {
    /// `connect_ip` and `connect_port`; the real server's own when not said.
    pub to: SocketAddr,
    /// `bindto` and `bind_port`.
    pub bind: Option<Box<SocketAddr>>,
    /// `bind_if`.
    pub interface: Option<String>,
    /// `fwmark`.
    pub mark: Option<u32>,
    /// `connect_timeout`.
    pub timeout: Duration,
}

/// `HTTP_GET`, or with TLS `SSL_GET`: every URL must answer as it should.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Http {
    /// Where.
    pub connect: Connect,
    /// How it is secured.
    pub tls: Option<Tls>,
    /// For one URL, from the start to the last byte.
    pub limit: Duration,
    /// In file order; never empty.
    pub urls: Vec<Url>,
}

/// `url`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    /// `path`.
    pub path: String,
    /// What stands behind `Host`: `virtualhost`, or the address and port.
    pub host: String,
    /// What TLS calls the server: `sni_name`, or the nearest `virtualhost`.
    pub server_name: Option<String>,
    /// `http_protocol`.
    pub protocol: HttpProtocol,
    /// `status_code`, both ends included; none: 200 to 299.
    pub status: Vec<(u16, u16)>,
    /// `digest`: MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// `regex` or `regex_no_match`.
    pub pattern: Option<Pattern>,
    /// `tls_compliant`: a connection that ends without TLS's own farewell is cut off, not ended.
    pub tls_compliant: bool,
}

/// A regular expression that the body is searched for.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What is searched for.
    pub regex: regex::bytes::Regex,
    /// `regex`: it must be there; `regex_no_match`: it must not.
    pub wanted: bool,
    /// `regex_min_offset` and `regex_max_offset`: where in the body a match may begin, in bytes, both ends included.
    pub within: (usize, usize),
}

impl Pattern {
    fn key(&self) -> (&str, bool, (usize, usize)) {
        (self.regex.as_str(), self.wanted, self.within)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// TLS towards a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tls {
    /// `enable_sni`: the server is told [`Url::server_name`].
    pub sni: bool,
    /// `tls_verify` (steadfast's own word): the certificate must be valid for that name, or without one for the server's
    /// address. keepalived never verifies.
    pub verify: bool,
    /// `SSL { ca FILE }`: who is trusted; the system's authorities if not said.
    pub authorities: Option<PathBuf>,
    /// What we show, where we show something.
    pub identity: Option<Box<Identity>>,
}

/// `SSL { certificate FILE key FILE password WORD }`: who a check says that it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// The file of its key; may be the same.
    pub key: PathBuf,
    /// What an encrypted key is opened with.
    pub password: Option<Password>,
}

/// A word that is not shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Password(String);

impl Password {
    /// The word itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(word: String) -> Self {
        Self(word)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `SMTP_CHECK`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Smtp {
    /// Where: the server, or the `host` blocks.
    pub hosts: Vec<Connect>,
    /// `helo_name`; this host's name if not said.
    pub name: Option<String>,
    /// `starttls` (steadfast's own word).
    pub start_tls: bool,
    /// For one host, from the start to the last byte.
    pub limit: Duration,
}

/// `DNS_CHECK`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dns {
    /// Where.
    pub connect: Connect,
    /// `type`.
    pub kind: RecordType,
    /// `name`.
    pub name: String,
    /// `answer` (steadfast's own word): one record must say this.
    pub answer: Option<String>,
}

/// `UDP_CHECK`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Udp {
    /// Where.
    pub connect: Connect,
    /// `payload`.
    pub payload: Vec<u8>,
    /// `require_reply`, `min_reply_length`, `max_reply_length`.
    pub reply: Option<UdpReply>,
}

/// What a reply must be like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UdpReply {
    /// What it begins with.
    pub bytes: Vec<u8>,
    /// The bits of `bytes` that count.
    pub mask: Vec<u8>,
    /// Least length in bytes.
    pub least: u16,
    /// Greatest length in bytes.
    pub most: u16,
}
