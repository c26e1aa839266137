//! Mail under TLS, to a server with a certificate of its own.

use tempfile::TempDir;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::*;
use crate::config::model::MailSecurity;

#[tokio::test]
async fn starttls_comes_before_the_account_and_the_letter() {
    let mut scene = Scene::new().await;
    let mailer = scene.mailer(MailSecurity::StartTls, true);
    mailer.send("VRRP Instance VI_1 - Entering MASTER state", "it moved");
    let (clear, secret) = scene.heard().await;
    assert_eq!(clear, "EHLO lb1\nSTARTTLS\n", "nothing else is for everybody to read");
    // AUTH PLAIN: a zero byte, the name, a zero byte, the password, in base 64 (RFC 4616).
    assert!(
        secret.starts_with("EHLO lb1\nAUTH PLAIN AGxiAHNlY3JldA==\nMAIL FROM:<lb@example.net>"),
        "{secret}"
    );
    assert!(secret.contains("\n=> it moved <=\n"), "{secret}");
    until(|| mailer.status().sent == 1).await;
}

#[tokio::test]
async fn a_server_with_a_certificate_from_elsewhere_gets_nothing() {
    let scene = Scene::new().await;
    let mailer = scene.mailer(MailSecurity::StartTls, false);
    mailer.send("s", "t");
    until(|| mailer.status().last_error.is_some()).await;
    let error = mailer.status().last_error.unwrap();
    assert!(error.to_lowercase().contains("certificate"), "{error}");
    assert_eq!((mailer.status().sent, mailer.status().waiting), (0, 1));
}

/// A mail server on localhost, and its certificate.
struct Scene {
    folder: TempDir,
    port: u16,
    talks: mpsc::UnboundedReceiver<(String, String)>,
}

impl Scene {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let identity = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.pem"), identity.cert.pem()).unwrap();
        let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("other.pem"), other.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(identity.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (tell, talks) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), tell.clone()));
            }
        });
        Self { folder, port, talks }
    }

    fn mailer(&self, security: MailSecurity, trusts: bool) -> Mailer {
        let authority = self.folder.path().join(if trusts { "own.pem" } else { "other.pem" });
        let mail = Mail {
            recipients: vec!["a@example.net".to_owned()],
            sender: "lb@example.net".to_owned(),
            server: Some(("localhost".to_owned(), self.port)),
            greeting: "lb1".to_owned(),
            timeout: Duration::from_secs(5),
            security,
            authority: Some(authority),
            account: Some(("lb".to_owned(), "secret".to_owned())),
            ..Mail::default()
        };
        let mut mailer = Mailer::default();
        mailer.apply(&mail, "LB1");
        mailer
    }

    /// What was said to the server before and under TLS.
    async fn heard(&mut self) -> (String, String) {
        timeout(Duration::from_secs(8), self.talks.recv()).await.expect("no letter in time").unwrap()
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, tell: mpsc::UnboundedSender<(String, String)>) {
    let mut clear = String::new();
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test ESMTP\r\n").await.unwrap();
    converse(&mut stream, &mut clear, b"250-test\r\n250 STARTTLS\r\n", "STARTTLS").await;
    let Ok(secure) = acceptor.accept(stream.into_inner()).await else { return };
    let mut secret = String::new();
    converse(&mut BufReader::new(secure), &mut secret, b"250-test\r\n250 AUTH PLAIN\r\n", ".").await;
    let _ = tell.send((clear, secret));
}

/// Answers until `last` is said, and that too.
async fn converse(
    stream: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
    said: &mut String,
    greeting: &[u8],
    last: &str,
) {
    let mut letter = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        said.push_str(line);
        said.push('\n');
        let answer: &[u8] = match line {
            _ if line == last => b"250 so be it\r\n",
            _ if letter => continue,
            _ if line.starts_with("EHLO") => greeting,
            _ if line.starts_with("AUTH") => b"235 welcome\r\n",
            "DATA" => {
                letter = true;
                b"354 go on\r\n"
            }
            _ => b"250 fine\r\n",
        };
        if stream.write_all(answer).await.is_err() || stream.flush().await.is_err() || line == last {
            return;
        }
    }
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1_600 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come");
}
