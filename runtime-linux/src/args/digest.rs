//! The flags of `genhash` (keepalived.md 3.1).

use core::fmt::Display;
use core::str::FromStr;
use core::time::Duration;
use std::ffi::OsString;

use super::{Invocation, Usage};
use crate::config::model::HttpProtocol;
use crate::genhash::Options;

/// Reads them. Without a server it says how it is used, as keepalived's does.
///
/// # Errors
///
/// An unknown flag, or a value that makes no sense; exit code 1.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Usage> {
    let mut server = None;
    let mut port = None;
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(complain)? {
        use lexopt::Arg::{Long, Short};
        match argument {
            Short('S') | Long("use-ssl") => options.tls = true,
            Short('I') | Long("use-sni") => options.sni = true,
            Short('s') | Long("server") => server = Some(value(&mut parser)?),
            Short('p') | Long("port") => port = Some(number::<u16>(&value(&mut parser)?)?),
            Short('u') | Long("url") => options.path = value(&mut parser)?,
            Short('V') | Long("use-virtualhost") => options.virtual_host = Some(value(&mut parser)?),
            Short('m') | Long("fwmark") => options.mark = Some(number(&value(&mut parser)?)?),
            Short('t') | Long("timeout") => {
                options.timeout = Duration::from_secs(number(&value(&mut parser)?)?);
            }
            Short('v') | Long("verbose") => options.verbose = true,
            Short('P') | Long("protocol") => options.protocol = protocol(&value(&mut parser)?)?,
            Short('h') | Long("help") => return Ok(Invocation::Say(USAGE.to_owned())),
            other @ (Short(_) | Long(_) | lexopt::Arg::Value(_)) => return Err(complain(other.unexpected())),
        }
    }
    let Some(server) = server else { return Err(Usage { message: USAGE.to_owned(), code: 1 }) };
    options.server = server;
    options.port = port.unwrap_or(if options.tls { 443 } else { 80 });
    if !options.path.starts_with('/') {
        options.path.insert(0, '/');
    }
    Ok(Invocation::Digest(options))
}

fn value(parser: &mut lexopt::Parser) -> Result<String, Usage> {
    parser.value().map(|value| value.to_string_lossy().into_owned()).map_err(complain)
}

fn protocol(said: &str) -> Result<HttpProtocol, Usage> {
    match said {
        "1.0" => Ok(HttpProtocol::Http10),
        "1.0c" | "1.0C" => Ok(HttpProtocol::Http10Close),
        "1.1" => Ok(HttpProtocol::Http11),
        _ => Err(complain(format!("`{said}` is not one of 1.0, 1.0C and 1.1"))),
    }
}

fn number<N: FromStr>(said: &str) -> Result<N, Usage> {
    said.parse().map_err(|_| complain(format!("`{said}` is not a number that fits here")))
}

fn complain(why: impl Display) -> Usage {
    Usage { message: format!("genhash: {why}\nTry `genhash --help`.\n"), code: 1 }
}

const USAGE: &str = "\
Prints the MD5 digest of a web page, for `digest` in HTTP_GET and SSL_GET.

Usage: genhash -s SERVER [-p PORT] [-u PATH] [FLAGS]

  -s, --server <HOST>           address or name of the server
  -p, --port <PORT>             port (80; with -S 443)
  -u, --url <PATH>              path of the page (/)
  -S, --use-ssl                 use TLS; the certificate is not verified
  -I, --use-sni                 name the virtual host in the TLS handshake
  -V, --use-virtualhost <HOST>  what stands behind `Host:`
  -P, --protocol <1.0|1.0C|1.1> version of HTTP; 1.0C is 1.0 with `Connection: close`
  -m, --fwmark <N>              firewall mark of the connection
  -t, --timeout <SECONDS>       how long the server may be silent (5)
  -v, --verbose                 print length and time too
  -h, --help                    print this text
";
