//! `genhash`: the digest of a web page, as [`HTTP_GET`](crate::config::model::Http) computes it.

use core::net::SocketAddr;
use core::time::Duration;
use std::net::ToSocketAddrs as _;

use anyhow::{Context as _, anyhow};

use crate::clock;
use crate::config::model::{Connect, Http, HttpProtocol, Tls, Url};
use crate::perform::check::{Page, fetch};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `-s`: address or name.
    pub server: String,
    /// `-p`.
    pub port: u16,
    /// `-u`.
    pub path: String,
    /// `-S`.
    pub tls: bool,
    /// `-I`: the virtual host is named in the handshake.
    pub sni: bool,
    /// `-V`.
    pub virtual_host: Option<String>,
    /// `-P`.
    pub protocol: HttpProtocol,
    /// `-t`: for each pause of the server.
    pub timeout: Duration,
    /// `-m`.
    pub mark: Option<u32>,
    /// `-v`.
    pub verbose: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            server: String::new(),
            port: 80,
            path: String::from("/"),
            tls: false,
            sni: false,
            virtual_host: None,
            protocol: HttpProtocol::Http10,
            timeout: Duration::from_secs(5),
            mark: None,
            verbose: false,
        }
    }
}

/// Fetches the page; the text to print. Any status counts, as with keepalived's tool.
///
/// # Errors
/// There is no such server, or its answer is none. (keepalived's exits with 0 then, too.)
pub fn command(options: &Options) -> anyhow::Result<String> {
    let begin = clock::now();
    let Options { server, port, .. } = options;
    let bare = server.trim_start_matches('[').trim_end_matches(']');
    let mut found = (bare, *port).to_socket_addrs().with_context(|| server.clone())?;
    let to = found.next().ok_or_else(|| anyhow!("{server} has no address"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let page = runtime.block_on(fetch(&options.check(to))).map_err(|why| anyhow!("{to}: {why}"))?;
    let Page { digest, length } = page;
    let digest = format!("{:032x}", u128::from_be_bytes(digest));
    if !options.verbose {
        return Ok(format!("{digest}\n"));
    }
    let took = clock::now().saturating_sub(begin).as_micros();
    Ok(format!("{length} bytes\n{digest}\n\nGlobal response time for [{}] = {took} usecs\n", options.path))
}

impl Options {
    fn check(&self, to: SocketAddr) -> Http {
        let connect = Connect { to, bind: None, interface: None, mark: self.mark, timeout: self.timeout };
        let tls = self.tls.then_some(Tls { sni: self.sni, verify: false, authorities: None, identity: None });
        let url = Url {
            path: self.path.clone(),
            host: self.virtual_host.clone().unwrap_or_else(|| to.to_string()),
            server_name: self.virtual_host.clone(),
            protocol: self.protocol,
            status: vec![(0, u16::MAX)],
            digest: None,
            pattern: None,
            tls_compliant: false,
        };
        Http { connect, tls, limit: LIMIT, urls: vec![url] }
    }
}

/// For the whole page.
const LIMIT: Duration = Duration::from_mins(5);
