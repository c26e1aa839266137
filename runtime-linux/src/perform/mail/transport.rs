//! The way to the mail server. The protocol is lettre's.

use core::time::Duration;

use lettre::address::{Address, Envelope};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use tokio::time::timeout;
use tracing::warn;

use crate::config::model::{Mail, MailSecurity};

/// A server, and who writes to whom.
#[derive(Debug)]
pub(super) struct Transport {
    inner: AsyncSmtpTransport<Tokio1Executor>,
    envelope: Envelope,
    name: String,
    limit: Duration,
}

impl Transport {
    /// Absent where the configuration names nobody to write to, or no server.
    ///
    /// # Errors
    /// What is wrong with the addresses or the certificate.
    pub(super) fn new(mail: &Mail) -> Result<Option<Self>, String> {
        let (Some((host, port)), false) = (&mail.server, mail.recipients.is_empty()) else { return Ok(None) };
        let address = |text: &String| {
            // A user of the server itself.
            let whole = if text.contains('@') { text.clone() } else { format!("{text}@{}", mail.greeting) };
            whole.parse::<Address>().map_err(|error| format!("{text}: {error}"))
        };
        let mut recipients = Vec::new();
        for recipient in &mail.recipients {
            match address(recipient) {
                Ok(address) => recipients.push(address),
                Err(error) => warn!("no mail is sent to {error}"),
            }
        }
        let sender = address(&bare(&mail.sender))?;
        let envelope = Envelope::new(Some(sender), recipients).map_err(|error| error.to_string())?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(*port)
            .hello_name(ClientId::Domain(mail.greeting.clone()))
            .timeout(Some(mail.timeout))
            .tls(tls(mail, host)?);
        if let Some((user, password)) = &mail.account {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        let name = format!("{host}:{port}");
        Ok(Some(Self { inner: builder.build(), envelope, name, limit: mail.timeout.saturating_mul(2) }))
    }

    /// The server's name and port.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Delivers a letter.
    ///
    /// # Errors
    /// Why not. A server that hangs has twice its time for all of it.
    pub(super) async fn send(&self, letter: &[u8]) -> Result<(), Failure> {
        match timeout(self.limit, self.inner.send_raw(&self.envelope, letter)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure { permanent: error.is_permanent(), why: worded(&error) }),
            Err(_) => {
                let why = format!("no answer within {} s", self.limit.as_secs());
                Err(Failure { permanent: false, why })
            }
        }
    }
}

/// Why a letter was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// In words.
    pub(super) why: String,
    /// The server said so (5yz): the same letter is not to be sent again (RFC 5321 §4.2.1).
    pub(super) permanent: bool,
}

/// `user@host` of `Name <user@host>`.
fn bare(sender: &str) -> String {
    let inside = sender.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(sender, |(address, _)| address).trim().to_owned()
}

fn tls(mail: &Mail, host: &str) -> Result<Tls, String> {
    let parameters = || {
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(path) = &mail.authority {
            let failed = |error: &dyn core::fmt::Display| format!("{}: {error}", path.display());
            let text = std::fs::read(path).map_err(|error| failed(&error))?;
            builder = builder
                .add_root_certificate(Certificate::from_pem(&text).map_err(|error| failed(&error))?)
                .certificate_store(lettre::transport::smtp::client::CertificateStore::None);
        }
        builder.build_rustls().map_err(|error| error.to_string())
    };
    Ok(match mail.security {
        MailSecurity::Off => Tls::None,
        MailSecurity::Try => Tls::Opportunistic(parameters()?),
        MailSecurity::StartTls => Tls::Required(parameters()?),
        MailSecurity::Wrapped => Tls::Wrapper(parameters()?),
    })
}

/// The error with what is behind it.
fn worded(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_server_or_recipients_there_is_no_way() {
        let recipients = vec!["a@example.net".to_owned()];
        assert!(Transport::new(&Mail { recipients, ..Mail::default() }).unwrap().is_none());
        let server = Some(("mail".to_owned(), 25));
        assert!(Transport::new(&Mail { server, ..Mail::default() }).unwrap().is_none());
    }

    #[test]
    fn a_sender_may_have_a_name() {
        assert_eq!(bare("Load balancer <lb@example.net>"), "lb@example.net");
        assert_eq!(bare("lb@example.net"), "lb@example.net");
    }

    #[test]
    fn a_certificate_that_cannot_be_read_is_named() {
        let mail = Mail {
            recipients: vec!["a@example.net".to_owned()],
            sender: "lb@example.net".to_owned(),
            server: Some(("mail".to_owned(), 25)),
            security: MailSecurity::StartTls,
            authority: Some("/no/such/ca.pem".into()),
            ..Mail::default()
        };
        let error = Transport::new(&mail).unwrap_err();
        assert!(error.starts_with("/no/such/ca.pem: No such file"), "{error}");
    }
}
