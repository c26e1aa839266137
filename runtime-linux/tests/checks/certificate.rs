//! Certificates of every quality.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType, date_time_ymd,
};

/// A certificate and its key, as PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Who signs.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, for those who trust it.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `name`, good from the first day of one year to the first of the other.
    pub(crate) fn sign(&self, name: &str, from: i32, until: i32) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, from, until).signed_by(&key, &self.0).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// What a visitor shows who is called `name`: its certificate, and its key, which [`PASSWORD`] opens.
    pub(crate) fn visitor(&self, name: &str) -> Pair {
        let key = KeyPair::from_pem(VISITOR).unwrap();
        let certificate = params(name, 2001, 2100).signed_by(&key, &self.0).unwrap();
        Pair { certificate: certificate.pem(), key: SEALED.to_owned() }
    }
}

/// A certificate for `name` that nobody but itself vouches for.
pub(crate) fn self_signed(name: &str) -> Pair {
    let key = KeyPair::generate().unwrap();
    let certificate = params(name, 2001, 2100).self_signed(&key).unwrap();
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

fn params(name: &str, from: i32, until: i32) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names.push(match name.parse() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.try_into().unwrap()),
    });
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

/// The password of [`SEALED`].
pub(crate) const PASSWORD: &str = "geheim";

const VISITOR: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTMMpCGtjzuVrTOeJ
oRqTX60SrlNLcgvEQrhEcpOtfP2hRANCAASyKG3Or7ro6oS2ue+YwucnJqFCp6d6
ITQojIwPM3smdBlW9rcpFfoPGA0SNqGhQdWsmTlRVO2jj9VN3vPpZ2b6
-----END PRIVATE KEY-----
";

/// The same key by `openssl pkcs8 -topk8 -v2 des3`, which is what `openssl req` of OpenSSL 3 makes unasked.
const SEALED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHjME4GCSqGSIb3DQEFDTBBMCkGCSqGSIb3DQEFDDAcBAhn61c43dyKUgICCAAw
DAYIKoZIhvcNAgkFADAUBggqhkiG9w0DBwQIeDzlrGZRDAsEgZB8RfWm6yWTTbRz
MIHwphItCykIZQr0AlERTDuaa3ncFLktQIZ6ulrkaLSll/QcXnICn/YE3E5InnWa
CA6bTN9QBuPMTcPUUSy5zpTkVQ5gER/LZfNWiGMVWPx61z2OV0yJXIoM+9t+z2zQ
ULI40g2IN6uYKpMXTsZTdrmrEvbLnixjZ2Gvt0/LIiaMEvbzdxk=
-----END ENCRYPTED PRIVATE KEY-----
";
