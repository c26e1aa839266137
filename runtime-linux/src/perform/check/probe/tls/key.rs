//! The key of our certificate, in the clear or encrypted with a password.

use std::fs;
use std::path::Path;

use pkcs8::der::SecretDocument;
use pkcs8::{EncryptedPrivateKeyInfoRef, Error, pkcs5};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::config::model::Password;

/// The first key in a file.
///
/// # Errors
/// Why there is none that can be used, in words.
pub(super) fn read(file: &Path, password: Option<&Password>) -> Result<PrivateKeyDer<'static>, String> {
    let shown = file.display();
    let text = fs::read(file).map_err(|error| format!("cannot read a key from {shown}: {error}"))?;
    let clear = PrivateKeyDer::from_pem_slice(&text);
    // OpenSSL's own form, older than PKCS#8, stretches a password by one round of MD5. It stands under the same heading
    // as a key in the clear.
    if text.windows(LEGACY.len()).any(|window| window == LEGACY) {
        return Err(format!(
            "{shown} is encrypted in OpenSSL's old form, which is not read: convert it with \
             `openssl pkcs8 -topk8 -v2 aes-256-cbc -in {shown} -out NEW`"
        ));
    }
    let Some(section) = section(&text) else {
        return clear.map_err(|error| format!("cannot read a key from {shown}: {error}"));
    };
    let Some(password) = password else {
        return Err(format!("the key in {shown} is encrypted: its password is wanted in SSL {{ password }}"));
    };
    let (_, sealed) = SecretDocument::from_pem(section)
        .map_err(|error| format!("cannot read the encrypted key in {shown}: {error}"))?;
    let sealed = EncryptedPrivateKeyInfoRef::try_from(sealed.as_bytes()).map_err(|_| unknown_cipher(file))?;
    let open = sealed.decrypt(password.as_str()).map_err(|error| {
        // A wrong password gives random bytes: mostly without the padding at their end, else no PKCS#8.
        if matches!(error, Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) | Error::Asn1(_)) {
            format!("the password in SSL {{ password }} does not open the key in {shown}")
        } else {
            unknown_cipher(file)
        }
    })?;
    Ok(PrivateKeyDer::Pkcs8(open.as_bytes().to_vec().into()))
}

fn unknown_cipher(file: &Path) -> String {
    let shown = file.display();
    format!(
        "the key in {shown} is encrypted in a way that is not known: convert it with \
         `openssl pkcs8 -in {shown} | openssl pkcs8 -topk8 -v2 aes-256-cbc -out NEW`"
    )
}

/// The encrypted key alone: a file may hold the certificate, too.
fn section(text: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(text).ok()?;
    let from = &text[text.find(BEGIN)?..];
    Some(&from[..from.find(END)? + END.len()])
}

const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
const LEGACY: &[u8] = b"Proc-Type: 4,ENCRYPTED";

#[cfg(test)]
mod tests;
