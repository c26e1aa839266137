//! `HTTP_GET` and `SSL_GET`.

use core::time::Duration;

use super::super::each;
use super::super::global::set;
use super::Material;
use crate::config::diagnose::{Diagnostic, Diagnostics, kind};
use crate::config::keyword::Block;
use crate::config::model::{Connect, Http, HttpProtocol, Tls, Url};
use crate::config::text::Token;
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

mod pattern;

use self::pattern::Pattern;

/// The words that only these checks have.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
pub(in super::super) struct Said {
    secure: bool,
    protocol: HttpProtocol,
    sni: bool,
    sni_name: Option<String>,
    verify: bool,
    compliant: bool,
    urls: Vec<SaidUrl>,
}

/// What a `url` says.
#[derive(Clone, Debug, Default)]
struct SaidUrl {
    path: Option<String>,
    host: Option<String>,
    status: Vec<(u16, u16)>,
    digest: Option<[u8; 16]>,
    pattern: Pattern,
    compliant: bool,
}

impl Said {
    pub(super) fn new(secure: bool) -> Self {
        Self {
            secure,
            protocol: HttpProtocol::default(),
            sni: false,
            sni_name: None,
            verify: false,
            compliant: false,
            urls: Vec::new(),
        }
    }

    pub(super) fn asks_nothing(&self) -> bool {
        self.urls.is_empty()
    }

    pub(super) fn take(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "url" => self.urls.push(url(node, diagnostics)),
            "http_protocol" => {
                let protocols = [
                    ("1.0", HttpProtocol::Http10),
                    ("1.0C", HttpProtocol::Http10Close),
                    ("1.0c", HttpProtocol::Http10Close),
                    ("1.1", HttpProtocol::Http11),
                ];
                set(&mut self.protocol, values.one_of(&protocols, "it is 1.0"));
            }
            "tls_compliant" => set(&mut self.compliant, values.boolean()),
            "enable_sni" => set(&mut self.sni, values.boolean()),
            "sni_name" => self.sni_name = field("a host name", node, diagnostics).or(self.sni_name.take()),
            "tls_verify" => set(&mut self.verify, values.boolean()),
            "fast_recovery" => {
                // All URLs are asked for in each round, so that a server is never long in coming back.
                let _ = values.boolean();
            }
            _ => return false,
        }
        true
    }

    pub(super) fn complete(
        &self,
        connect: Connect,
        virtualhost: Option<&str>,
        limit: Duration,
        material: &Material,
    ) -> Http {
        let usual = if self.secure { 443 } else { 80 };
        let own = match (connect.to, connect.to.port() == usual) {
            (to, false) => to.to_string(),
            (core::net::SocketAddr::V6(to), true) => format!("[{}]", to.ip()),
            (to, true) => to.ip().to_string(),
        };
        let tls = self.secure.then(|| Tls {
            sni: self.sni,
            verify: self.verify,
            authorities: material.authorities.clone(),
            identity: material.identity(),
        });
        let urls = self.urls.iter().map(|url| Url {
            path: url.path.clone().unwrap_or_else(|| "/".to_owned()),
            host: url.host.as_deref().or(virtualhost).unwrap_or(&own).to_owned(),
            server_name: (self.sni_name.as_deref().or(url.host.as_deref()).or(virtualhost))
                .filter(|_| self.secure)
                .map(str::to_owned),
            protocol: self.protocol,
            status: url.status.clone(),
            digest: url.digest,
            pattern: url.pattern.complete(),
            tls_compliant: url.compliant || self.compliant,
        });
        Http { tls, limit, urls: urls.collect(), connect }
    }
}

fn url(node: &Node, diagnostics: &mut Diagnostics) -> SaidUrl {
    let mut said = SaidUrl::default();
    each(node.children(), Block::Url, diagnostics, |word, node, diagnostics| {
        match word {
            "path" => said.path = field("a path", node, diagnostics).or(said.path.take()),
            "virtualhost" => said.host = field("a host name", node, diagnostics).or(said.host.take()),
            "status_code" => said.status.extend(ranges(node, diagnostics)),
            "digest" => said.digest = digest(node, diagnostics).or(said.digest),
            "tls_compliant" => set(&mut said.compliant, Values::new(node, diagnostics).boolean()),
            _ => return said.pattern.take(word, node, diagnostics),
        }
        true
    });
    said.pattern.build(diagnostics);
    said
}

/// A value that goes into a request as it is, and so must not hold blanks or line ends.
pub(in super::super) fn field(expected: &str, node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let value = Values::new(node, diagnostics).required(0, expected)?;
    if value.text.is_empty() || value.text.chars().any(|char| char.is_control() || char == ' ') {
        let expected = format!("{expected}, without blanks and control characters");
        diagnostics.push(wrong(value, &expected).consequence("the line is ignored"));
        return None;
    }
    Some(value.text.to_string())
}

/// `200`, `200-299`, several of them with blanks between.
fn ranges(node: &Node, diagnostics: &mut Diagnostics) -> Vec<(u16, u16)> {
    const EXPECTED: &str = "status codes from 100 to 999: N, or N-N";
    if Values::new(node, diagnostics).required(0, EXPECTED).is_none() {
        return Vec::new();
    }
    let mut good = Vec::new();
    for value in &node.values {
        match range(value) {
            Some(range) => good.push(range),
            None => diagnostics.push(wrong(value, EXPECTED).consequence("it is left out")),
        }
    }
    good
}

fn range(value: &Token) -> Option<(u16, u16)> {
    let (first, last) = value.text.split_once('-').unwrap_or((&value.text, &value.text));
    let code = |text: &str| text.parse().ok().filter(|code| (100..=999).contains(code));
    let (first, last) = (code(first)?, code(last)?);
    (first <= last).then_some((first, last))
}

/// 32 hexadecimal digits.
fn digest(node: &Node, diagnostics: &mut Diagnostics) -> Option<[u8; 16]> {
    let value = Values::new(node, diagnostics).required(0, "an MD5 digest")?;
    let parsed = (value.text.len() == 32 && value.text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| u128::from_str_radix(&value.text, 16).ok())
        .flatten();
    if parsed.is_none() {
        diagnostics.push(
            Diagnostic::new(&kind::WRONG_VALUE, "this is no MD5 digest")
                .at(value.span)
                .label("expected 32 hexadecimal digits")
                .consequence("the body is not compared"),
        );
    }
    parsed.map(u128::to_be_bytes)
}
