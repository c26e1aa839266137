//! What the watchers of files and processes report.

use crate::driver::{Kind, Verdict};

/// Something tracked stands otherwise than before, or is known for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it is.
    pub kind: Kind,
    /// Its name in the configuration.
    pub name: String,
    /// How it stands.
    pub verdict: Verdict,
    /// The same in words, for the log.
    pub text: String,
}

/// Reports that may wait; a watcher that finds no place waits, and then reports the latest.
pub const REPORTS: usize = 64;
