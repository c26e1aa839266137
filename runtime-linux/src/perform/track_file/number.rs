//! The number in a file.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// What reading a file gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Its first number; zero where there is none.
    pub(super) value: i32,
    /// What is wrong with it.
    pub(super) remark: Option<String>,
    /// It was there and empty: somebody may be about to write to it.
    pub(super) empty: bool,
}

/// Reads a file. One that is not there holds zero, and so does one without a number, with a remark.
pub(super) fn read(path: &Path) -> Reading {
    match beginning(path) {
        Ok(bytes) => match first(&bytes) {
            Some(value) => Reading { value, ..Reading::default() },
            None => Reading {
                remark: Some("holds no number, which counts as 0".to_owned()),
                empty: bytes.is_empty(),
                ..Reading::default()
            },
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Reading::default(),
        Err(error) => Reading {
            remark: Some(format!("cannot be read, which counts as 0: {error}")),
            ..Reading::default()
        },
    }
}

fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would otherwise keep whoever opens it waiting.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no ordinary file"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The number that a text begins with, as `strtol(3)` reads it with base 0: `0x` is hexadecimal, `0` octal, and what
/// follows does not matter. What is greater than 32 bits can say becomes the greatest.
fn first(text: &[u8]) -> Option<i32> {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, &digits[2..]),
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    let mut magnitude: Option<i64> = None;
    for digit in digits.iter().map_while(|byte| char::from(*byte).to_digit(base)) {
        let grown = magnitude.unwrap_or(0).saturating_mul(base.into()).saturating_add(digit.into());
        magnitude = Some(grown);
    }
    let magnitude = magnitude?;
    let value = if negative { -magnitude } else { magnitude };
    Some(i32::try_from(value).unwrap_or(if negative { i32::MIN } else { i32::MAX }))
}

/// A number with a lot of blanks before it; the rest of a file is of no interest.
const LONGEST: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_counts_in_the_base_that_it_is_written_in() {
        for (text, value) in [
            ("7", Some(7)),
            ("  -20\n", Some(-20)),
            ("+3 of 4", Some(3)),
            ("12abc", Some(12)),
            ("0x1F", Some(31)),
            ("-0x10", Some(-16)),
            ("010", Some(8)),
            ("0", Some(0)),
            ("08", Some(0)),
            ("0xg", Some(0)),
            ("99999999999999999999", Some(i32::MAX)),
            ("-99999999999999999999", Some(i32::MIN)),
            ("", None),
            ("\n", None),
            ("on", None),
            ("-", None),
        ] {
            assert_eq!(first(text.as_bytes()), value, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_number_counts_as_zero_and_is_remarked_upon() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        assert_eq!(read(&path), Reading::default());
        std::fs::write(&path, "yes").unwrap();
        assert_eq!(read(&path).remark.as_deref(), Some("holds no number, which counts as 0"));
        std::fs::write(&path, "5\n").unwrap();
        assert_eq!(read(&path), Reading { value: 5, ..Reading::default() });
        let remark = read(folder.path()).remark.unwrap();
        assert_eq!(remark, "cannot be read, which counts as 0: it is no ordinary file");
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read(&pipe).remark.unwrap(), remark, "and nobody waited for a writer");
    }
}
