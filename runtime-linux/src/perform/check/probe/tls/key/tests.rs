use std::io::Write;

use tempfile::NamedTempFile;

use super::*;

#[test]
fn keys_are_opened_however_openssl_encrypts_them() {
    let clear = read(file(CLEAR).path(), None).unwrap();
    for (name, text) in [("aes", AES), ("des", DES), ("scrypt", SCRYPT)] {
        let file = file(&format!("{CERTIFICATE}{text}"));
        assert_eq!(read(file.path(), Some(&"geheim".to_owned().into())).unwrap(), clear, "{name}");
    }
}

#[test]
fn a_key_that_stays_closed_says_what_to_do() {
    let complaint = |text, password: Option<&str>| {
        let file = file(text);
        let password = password.map(|password| password.to_owned().into());
        read(file.path(), password.as_ref()).unwrap_err().replace(&file.path().display().to_string(), "FILE")
    };
    assert_eq!(
        complaint(AES, None),
        "the key in FILE is encrypted: its password is wanted in SSL { password }"
    );
    for text in [AES, DES, SCRYPT] {
        assert_eq!(
            complaint(text, Some("guessed")),
            "the password in SSL { password } does not open the key in FILE"
        );
    }
    assert_eq!(
        complaint(OLD, Some("geheim")),
        "FILE is encrypted in OpenSSL's old form, which is not read: convert it with \
         `openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW`"
    );
    assert_eq!(
        complaint(PBES1, Some("geheim")),
        "the key in FILE is encrypted in a way that is not known: convert it with \
         `openssl pkcs8 -in FILE | openssl pkcs8 -topk8 -v2 aes-256-cbc -out NEW`"
    );
    assert!(complaint(&AES[..AES.len() - 60], Some("geheim")).starts_with("cannot read a key from FILE: "));
    assert!(complaint(CERTIFICATE, Some("geheim")).starts_with("cannot read a key from FILE: "));
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// What stands before the key in a file of both; never looked into.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
AAAA
-----END CERTIFICATE-----
";

/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`; all others are this one with the password `geheim`.
const CLEAR: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTMMpCGtjzuVrTOeJ
oRqTX60SrlNLcgvEQrhEcpOtfP2hRANCAASyKG3Or7ro6oS2ue+YwucnJqFCp6d6
ITQojIwPM3smdBlW9rcpFfoPGA0SNqGhQdWsmTlRVO2jj9VN3vPpZ2b6
-----END PRIVATE KEY-----
";

/// `openssl pkcs8 -topk8`
const AES: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAieNm9WUA/fSwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEECV74Px1qDDCy/lKSDZtceEEgZBM
z3m7E1/SR52TkppI5jnsdcLtgk17vR6thf/E1ojxbSbrIihxyIkVyb5/39S8xy3L
bXgV1xbV7l/rgPtSdbp09cG4ZwmRRmQXaiRxipWv0kay1LgDwJ8ITGcZ7EKYfrbO
uPJiRs486HUv/wWWXKGillzuVDDeMNyIQxXLGdUh/g3bh7HwKmGKbOIJkWnKZSo=
-----END ENCRYPTED PRIVATE KEY-----
";

/// `openssl pkcs8 -topk8 -v2 des3 -v2prf hmacWithSHA1`, as OpenSSL 1.0 did unasked.
const DES: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHVMEAGCSqGSIb3DQEFDTAzMBsGCSqGSIb3DQEFDDAOBAiOJKG17a6nKgICCAAw
FAYIKoZIhvcNAwcECKT/8hukhYRqBIGQVGz/x/R28/4IkNZrQM7ks74yhRiLxKxS
w5gw33BHdJw5X9JgVtA8gcOlo1WcsulolSrIrdaBCvwFpUSieF0XKyvuHYbCohjL
SblpUCDLQHWcTwyE/y8ktftwHy/RB3khcLqjWQvZEk1Z6tuunZe8/Dtpk8RfntYY
2O+sHWAgLetuZm3NbeUvJuT0UKh3KG4n
-----END ENCRYPTED PRIVATE KEY-----
";

/// `openssl pkcs8 -topk8 -scrypt -scrypt_N 1024`
const SCRYPT: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAjbPpWgpc+e1QICBAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBAVHggPZjeqG4xrYFhdE58wBIGQIQPYt5x2uLsp
YgWtsHG5+K+Nnke14I3pmckWbhCKKp1Ez867syGnPN5VR7Sd2Nzqc8wY6yKNfDPA
rWHSPD1rII3Mk/b2fOZb/GPGFW74RmfloUp4XtQ+hmgdqmnyUlWJWgL6/DPmykFD
DHsJPaTH3lSQVMKPhzhxh1eAARbCCdlHyZ8aXRy+yEq2ar2OxxgW
-----END ENCRYPTED PRIVATE KEY-----
";

/// `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES`
const PBES1: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGxMBwGCiqGSIb3DQEMAQMwDgQIOqmEXCa4XSwCAggABIGQywUcHpUB9YL/DgMW
iZ6mE/wW750Qkag0s+F2J/z1Z4/u67ojXLmIAuMm542dOal2B4mt55QVRTzdzbdx
Q5+Rnbfvt83BlRi3lD+M9p/C/GjOSrX3RrNlvJ7pe6POg9mbwAkRBrbnqTSR1QZ1
SXcIH9eFRj+OBzkLwa7HHJKNZspcLae7ewOpVqi9JzU2hFeI
-----END ENCRYPTED PRIVATE KEY-----
";

/// `openssl ec -aes128`
const OLD: &str = "-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,6BBB459186836D519A0F7FA38DE0DCC5

Gw+h05koC1DEc7zTX6GUhasJJ0IqosvyZwkmd99JPazwcdEXZ+XbHitrL5ElIpLE
BxzywAMj1CzPrvY6cRm/Rif0ZVs9hX8FiFxgAL4Y9mkIzhLHYx3ICL92WtMY+N4v
Xx86N0DdYw/n4/4AzvOPFRDf6GvLMcQ2CM8+qj1dHxA=
-----END EC PRIVATE KEY-----
";
