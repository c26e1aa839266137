//! The kinds of complaint, with codes that stay the same for ever.

/// How bad a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; the file does what it says.
    Note,
    /// Taken, perhaps not as meant.
    Warning,
    /// Something in the file is left out; the daemon would run.
    Error,
    /// The configuration cannot be used.
    Fatal,
}

/// What a complaint means for the exit code; the greatest one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing: keepalived takes such a file without a word that counts.
    Good,
    /// The daemon would run with something else than what the file says.
    Config,
    /// Scripts are configured while script security is off.
    Security,
    /// The daemon would not run.
    Fatal,
}

impl Exit {
    /// The number, as `keepalived -t` exits (keepalived.md 3.1).
    pub fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Config => 5,
            Self::Security => 6,
            Self::Fatal => 4,
        }
    }
}

/// A kind of complaint.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// `S0103`: stays with the kind for ever and is never used again. S01 syntax, S02 words, S03 values,
    /// S04 routers, S05 virtual servers, S06 scripts.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it does to the exit code.
    pub exit: Exit,
}

const fn fatal(code: &'static str) -> Kind {
    Kind { code, severity: Severity::Fatal, exit: Exit::Fatal }
}

/// A file that must be there cannot be read.
pub const UNREADABLE: Kind = fatal("S0101");
