//! Probes of servers in this process, good and bad.

use core::future::Future;
use core::net::SocketAddr;
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use check_core::{Asked, Failure, Tls as TlsFailure};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::super::*;
use super::{failed, ours, towards};
use crate::config::model::{Dns, Http, HttpProtocol, Pattern, RecordType, Smtp, Tls, Udp, UdpReply, Url};

const QUICK: Duration = Duration::from_millis(400);

async fn outcome(probe: Probe) -> Outcome {
    make(probe, ours(), Clients::default(), super::open()).await
}

/// A server that does this with each connection.
async fn server<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A web server that answers whatever it is asked with this and closes.
async fn web(answer: &'static [u8]) -> SocketAddr {
    server(move |mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
    })
    .await
}

fn url() -> Url {
    Url {
        path: "/health".to_owned(),
        host: "www.example".to_owned(),
        server_name: None,
        protocol: HttpProtocol::Http10,
        status: Vec::new(),
        digest: None,
        pattern: None,
        tls_compliant: false,
    }
}

fn http(address: SocketAddr, url: Url) -> Probe {
    let connect = Connect { timeout: QUICK, ..towards(address) };
    Probe::Http(Http { connect, tls: None, limit: QUICK * 2, urls: vec![url] }.into())
}

fn told(failure: Failure, detail: &str) -> Outcome {
    Outcome::Failed { failure, detail: Some(detail.to_owned()) }
}

#[tokio::test]
async fn a_web_server_is_judged_by_status_digest_and_text() {
    const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nstatus ok";
    let md5 = 0x4092_244b_b7e7_5778_45b7_45e1_2310_3ec8_u128;
    let pattern = |regex: &str, wanted| {
        let regex = regex::bytes::Regex::new(regex).unwrap();
        Some(Pattern { regex, wanted, within: (0, usize::MAX) })
    };
    let address = web(GOOD).await;
    let wrong = outcome(http(address, Url { digest: Some([0; 16]), ..url() })).await;
    // By `printf 'status ok' | md5sum`.
    assert_eq!(wrong, told(Failure::Digest, "the digest of /health is 4092244bb7e7577845b745e123103ec8"));
    for (url, outcome_wanted) in [
        (url(), Outcome::Passed),
        (Url { digest: Some(md5.to_be_bytes()), ..url() }, Outcome::Passed),
        (Url { pattern: pattern("ok$", true), ..url() }, Outcome::Passed),
        (Url { pattern: pattern("failed", false), ..url() }, Outcome::Passed),
        (
            Url { pattern: pattern("^ok", true), ..url() },
            told(Failure::NotFound, "regex not found in the body for /health"),
        ),
        (
            Url { pattern: pattern("ok", false), ..url() },
            told(Failure::Found, "regex_no_match found in the body for /health"),
        ),
        (
            Url { status: vec![(204, 204)], ..url() },
            told(Failure::Status(200), "HTTP status 200 for /health"),
        ),
    ] {
        assert_eq!(outcome(http(address, url)).await, outcome_wanted);
    }
}

#[tokio::test]
async fn each_way_to_fail_an_http_check_has_its_reason() {
    for (answer, failure) in [
        (b"HTTP/1.1 200 OK\r\nContent-Le".as_slice(), Failure::HeaderTruncated),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Failure::Truncated),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Failure::Malformed),
        (b"", Failure::Closed),
    ] {
        assert_eq!(outcome(http(web(answer).await, url())).await, failed(failure));
    }
    let endless = server(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let piece = vec![b'x'; 1 << 20];
        while stream.write_all(&piece).await.is_ok() {}
    })
    .await;
    let pattern =
        Pattern { regex: regex::bytes::Regex::new("y").unwrap(), wanted: true, within: (0, usize::MAX) };
    assert_eq!(
        outcome(http(endless, Url { pattern: Some(pattern), ..url() })).await,
        failed(Failure::BodyTooLong)
    );
    let long = server(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nstatus ok").await;
        let _ = stream.write_all(&vec![b'x'; 3 << 20]).await;
        let _ = stream.write_all(b"the end").await;
    })
    .await;
    for (regex, within, found) in [
        ("^status", (0, usize::MAX), true),
        ("ok", (0, 7), true),
        ("ok", (7, 7), true),
        // It would begin outside.
        ("ok", (0, 6), false),
        ("ok", (8, usize::MAX), false),
        ("^ok", (7, usize::MAX), false),
        // Nobody looks so far.
        ("the end$", (0, usize::MAX), false),
        ("status", (usize::MAX, usize::MAX), false),
    ] {
        let regex = regex::bytes::Regex::new(regex).unwrap();
        let pattern = Some(Pattern { regex, wanted: true, within });
        let wanted = if found {
            Outcome::Passed
        } else {
            told(Failure::NotFound, "regex not found in the body for /health")
        };
        assert_eq!(
            outcome(http(long, Url { pattern: pattern.clone(), ..url() })).await,
            wanted,
            "{pattern:?}"
        );
    }
    let silent = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    assert_eq!(outcome(http(silent, url())).await, failed(Failure::Silent));
    let dribble = server(|mut stream| async move {
        while stream.write_all(b"H").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if stream.write_all(b"TTP/1.1 200 OK\r\nX: ").await.is_err() {
                break;
            }
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    })
    .await;
    let began = clock::now();
    assert_eq!(outcome(http(dribble, url())).await, failed(Failure::Unanswered));
    let took = clock::now().saturating_sub(began);
    assert!(took >= QUICK * 2 && took < QUICK * 6, "{took:?}");
}

/// An authority, and servers with certificates of it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
    _directory: tempfile::TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ca.pem");
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file, _directory: directory }
    }

    /// A server for `name` whose certificate ends in that year.
    async fn server(&self, name: &str, until: i32) -> SocketAddr {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate)];
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        server(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nok").await;
                let _ = stream.flush().await;
                // Without TLS's farewell, as many servers.
                let _ = stream.get_mut().0.shutdown().await;
            }
        })
        .await
    }
}

fn secure(address: SocketAddr, verify: Option<&str>, authorities: Option<&Path>, url: Url) -> Probe {
    let tls = Tls {
        sni: false,
        verify: verify.is_some(),
        authorities: authorities.map(Path::to_owned),
        identity: None,
    };
    let connect = Connect { timeout: Duration::from_secs(5), ..towards(address) };
    let url = Url { server_name: verify.map(str::to_owned), ..url };
    Probe::Http(Http { connect, tls: Some(tls), limit: Duration::from_secs(10), urls: vec![url] }.into())
}

#[tokio::test]
async fn a_certificate_is_looked_at_only_where_that_is_asked_for() {
    let (authority, stranger) = (Authority::new("ours"), Authority::new("theirs"));
    let good = authority.server("www.example", 2100).await;
    let expired = authority.server("www.example", 2002).await;
    let ca = Some(authority.file.as_path());
    let tls = |failure| failed(Failure::Tls(failure));
    for (probe, wanted) in [
        (secure(good, None, None, url()), Outcome::Passed),
        (secure(expired, None, None, url()), Outcome::Passed),
        (secure(good, Some("www.example"), ca, url()), Outcome::Passed),
        (secure(expired, Some("www.example"), ca, url()), tls(TlsFailure::Expired)),
        (secure(good, Some("other.example"), ca, url()), tls(TlsFailure::WrongName)),
        (secure(good, Some("www.example"), Some(&stranger.file), url()), tls(TlsFailure::UnknownIssuer)),
        (
            secure(web(b"HTTP/1.0 400 Bad Request\r\n\r\n").await, None, None, url()),
            tls(TlsFailure::Malformed),
        ),
    ] {
        assert_eq!(outcome(probe).await, wanted);
    }
    // The end of the connection ends the body, unless TLS's own end is asked for.
    let strict = Url { tls_compliant: true, ..url() };
    assert_eq!(outcome(secure(good, None, None, strict)).await, tls(TlsFailure::Truncated));
    let nowhere = secure(good, Some("www.example"), Some(Path::new("/no/such/ca.pem")), url());
    assert!(matches!(outcome(nowhere).await, Outcome::Skipped(why) if why.contains("/no/such/ca.pem")));
}

#[tokio::test]
async fn a_mail_server_is_good_when_it_takes_our_name() {
    let serve = |greeting: &'static [u8], hello: &'static [u8]| {
        server(move |mut stream| async move {
            let _ = stream.write_all(greeting).await;
            let mut line = [0; 256];
            let length = stream.read(&mut line).await.unwrap_or(0);
            if line[..length] == *b"HELO director.example\r\n" {
                let _ = stream.write_all(hello).await;
                let length = stream.read(&mut line).await.unwrap_or(0);
                assert_eq!(line[..length], *b"QUIT\r\n");
                let _ = stream.write_all(b"221 bye\r\n").await;
            }
        })
    };
    let smtp = |hosts: &[SocketAddr]| {
        let hosts = hosts.iter().map(|host| Connect { timeout: QUICK, ..towards(*host) }).collect();
        Probe::Smtp(Smtp {
            hosts,
            name: Some("director.example".to_owned()),
            start_tls: false,
            limit: QUICK * 2,
        })
    };
    let good = serve(b"220 mail\r\n", b"250 hello\r\n").await;
    let bad = serve(b"220 mail\r\n", b"550 no\r\n").await;
    let busy = serve(b"421 busy\r\n", b"").await;
    assert_eq!(outcome(smtp(&[good, good])).await, Outcome::Passed);
    let hello = Failure::Reply { to: Asked::Hello, code: 550 };
    assert_eq!(outcome(smtp(&[good, bad])).await, told(hello, &format!("{bad}: SMTP reply 550 to HELO")));
    assert_eq!(outcome(smtp(&[busy])).await, failed(Failure::Reply { to: Asked::Greeting, code: 421 }));
}

/// A server of datagrams that answers what this makes of each.
async fn datagrams(answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            if let Some(answer) = answer(&buffer[..length]) {
                let _ = socket.send_to(&answer, from).await;
            }
        }
    });
    address
}

#[tokio::test]
async fn a_name_server_is_good_when_it_answers_without_error() {
    let dns = |address, answer: Option<&str>| {
        let connect = Connect { timeout: QUICK, ..towards(address) };
        let name = "www.example".to_owned();
        Probe::Dns(Dns { connect, kind: RecordType::A, name, answer: answer.map(str::to_owned) }.into())
    };
    let reply = |rcode: u8| {
        move |query: &[u8]| {
            let mut reply = query.to_vec();
            (reply[2], reply[3], reply[7]) = (0x81, 0x80 | rcode, 1);
            reply.extend(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x50");
            Some(reply)
        }
    };
    let good = datagrams(reply(0)).await;
    assert_eq!(outcome(dns(good, None)).await, Outcome::Passed);
    assert_eq!(outcome(dns(good, Some("192.0.2.80"))).await, Outcome::Passed);
    assert_eq!(outcome(dns(good, Some("192.0.2.81"))).await, failed(Failure::Mismatch));
    assert_eq!(outcome(dns(datagrams(reply(2)).await, None)).await, failed(Failure::Rcode(2)));
    assert_eq!(outcome(dns(datagrams(|_| None).await, None)).await, failed(Failure::Silent));
    // Its cut answer sends us to TCP, where nobody listens on that port.
    let cut = datagrams(move |query| {
        reply(0)(query).map(|mut reply| {
            reply[2] |= 2;
            reply
        })
    })
    .await;
    let refused = told(Failure::Refused, "the answer was cut, and over TCP: connection refused");
    assert_eq!(outcome(dns(cut, None)).await, refused);
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(outcome(dns(closed, None)).await, failed(Failure::Refused));
}

#[tokio::test]
async fn a_datagram_is_good_when_nobody_refuses_it_or_the_reply_fits() {
    let udp = |address, reply| {
        let connect = Connect { timeout: Duration::from_millis(200), ..towards(address) };
        Probe::Udp(Udp { connect, payload: b"ping".to_vec(), reply }.into())
    };
    let reply = |bytes: &[u8]| {
        Some(UdpReply { bytes: bytes.to_vec(), mask: vec![0xff; bytes.len()], least: 0, most: 255 })
    };
    let echo = datagrams(|datagram| Some(datagram.to_vec())).await;
    let silent = datagrams(|_| None).await;
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(outcome(udp(echo, reply(b"pi"))).await, Outcome::Passed);
    assert_eq!(outcome(udp(echo, reply(b"po"))).await, failed(Failure::Mismatch));
    assert_eq!(outcome(udp(silent, None)).await, Outcome::Passed);
    assert_eq!(outcome(udp(silent, reply(b""))).await, failed(Failure::Silent));
    assert_eq!(outcome(udp(closed, None)).await, failed(Failure::Refused));
}

#[tokio::test]
async fn this_host_answers_its_own_ping() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let connect = Connect { timeout: Duration::from_secs(5), ..towards(address.parse().unwrap()) };
        let result = outcome(Probe::Ping(connect)).await;
        // An ordinary user may lack both ways to send one.
        if result == failed(Failure::Denied) && !nix::unistd::geteuid().is_root() {
            continue;
        }
        assert_eq!(result, Outcome::Passed, "{address}");
    }
}
