//! TLS towards servers: who is trusted, what is shown, and why a handshake failed.

use core::fmt;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use check_core::Tls as Failure;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::model::{Connect, Identity, Tls};

mod key;

/// Where systems keep the authorities that they trust: Debian's, Red Hat's and SUSE's place.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// What files a client is made of.
type Key = (bool, bool, Option<PathBuf>, Option<Box<Identity>>);

/// The clients of all checks: files are read once, not for each probe.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Clients(Arc<Mutex<HashMap<Key, Arc<ClientConfig>>>>);

/// How to secure a connection to one server.
pub(super) struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Clients {
    /// A client for a check of the server at `to`, which is called `name`.
    ///
    /// # Errors
    /// What this host lacks, in words.
    pub(super) fn client(&self, tls: &Tls, name: Option<&str>, to: &Connect) -> Result<Client, String> {
        let key = (tls.sni && name.is_some(), tls.verify, tls.authorities.clone(), tls.identity.clone());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let config = if let Some(config) = known.get(&key) {
            config.clone()
        } else {
            let mut config = config(tls)?;
            config.enable_sni = key.0;
            let config = Arc::new(config);
            known.insert(key, config.clone());
            config
        };
        let name = match name {
            Some(name) => ServerName::try_from(name.to_owned())
                .map_err(|_| format!("`{name}` cannot be the name of a TLS server"))?,
            None => ServerName::IpAddress(to.to.ip().into()),
        };
        Ok(Client { config, name })
    }
}

impl Client {
    /// The handshake.
    pub(super) async fn secure(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsConnector::from(self.config.clone()).connect(self.name.clone(), stream).await
    }
}

fn config(tls: &Tls) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let verifier: Arc<dyn ServerCertVerifier> = if tls.verify {
        let roots = Arc::new(authorities(tls.authorities.as_deref())?);
        WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error| error.to_string())?
    } else {
        Arc::new(Anyone(provider))
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = certificates(&identity.certificate)?;
            let key = key::read(&identity.key, identity.password.as_ref())?;
            builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())?
        }
    };
    // Every probe is to see the certificate.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Whether what we are to show can be read on this host.
///
/// # Errors
/// What is wrong with it, in words.
pub fn presentable(identity: &Identity) -> Result<(), String> {
    certificates(&identity.certificate)?;
    key::read(&identity.key, identity.password.as_ref())?;
    Ok(())
}

fn authorities(file: Option<&Path>) -> Result<RootCertStore, String> {
    let file = match file {
        Some(file) => file,
        None => SYSTEM.iter().map(Path::new).find(|file| file.exists()).ok_or(
            "this host has no list of authorities: install ca-certificates, or name one in SSL { ca }",
        )?,
    };
    let mut roots = RootCertStore::empty();
    // One that cannot be used does not spoil the others.
    let (good, _) = roots.add_parsable_certificates(certificates(file)?);
    if good == 0 {
        return Err(format!("{} holds no authority that can be used", file.display()));
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: rustls::pki_types::pem::Error| {
        format!("cannot read certificates from {}: {error}", file.display())
    };
    CertificateDer::pem_file_iter(file).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)
}

/// Why TLS failed, if that is what failed.
#[expect(clippy::wildcard_enum_match_arm, reason = "rustls learns new errors, and says that it may")]
pub(super) fn failure(error: &io::Error) -> Option<Failure> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(error) => certificate_failure(error),
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(_) => Failure::Incompatible,
        rustls::Error::AlertReceived(alert) => Failure::Alert((*alert).into()),
        rustls::Error::NoCertificatesPresented => Failure::BadCertificate,
        _ => Failure::Malformed,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "rustls learns new errors, and says that it may")]
fn certificate_failure(error: &CertificateError) -> Failure {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Failure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Failure::NotYetValid,
        CertificateError::UnknownIssuer => Failure::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Failure::WrongName
        }
        _ => Failure::BadCertificate,
    }
}

/// Trusts any certificate, as keepalived does, but not any handshake: whoever shows a certificate must hold
/// its key.
struct Anyone(Arc<CryptoProvider>);

impl fmt::Debug for Anyone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anyone")
    }
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
