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

const fn error(code: &'static str) -> Kind {
    Kind { code, severity: Severity::Error, exit: Exit::Config }
}

/// A warning about something that keepalived complains about too.
const fn warning(code: &'static str) -> Kind {
    Kind { code, severity: Severity::Warning, exit: Exit::Config }
}

/// A warning about something that keepalived takes in silence.
const fn advice(code: &'static str) -> Kind {
    Kind { code, severity: Severity::Warning, exit: Exit::Good }
}

const fn note(code: &'static str) -> Kind {
    Kind { code, severity: Severity::Note, exit: Exit::Good }
}

/// A file that must be there cannot be read.
pub const UNREADABLE: Kind = fatal("S0101");
/// A quote is not closed.
pub const UNTERMINATED_QUOTE: Kind = error("S0102");
/// An included file is there but cannot be read.
pub const INCLUDE_UNREADABLE: Kind = error("S0103");
/// An include matches nothing.
pub const INCLUDE_MISSING: Kind = advice("S0104");
/// An include that must match, or be readable, does not or is not.
pub const INCLUDE_REQUIRED: Kind = fatal("S0105");
/// A file includes itself.
pub const INCLUDE_LOOP: Kind = error("S0106");
/// Definitions, sequences or includes expand without end.
pub const EXPANSION_TOO_LARGE: Kind = error("S0107");
/// `~SEQ` or `~LST` makes no sense.
pub const MALFORMED_SEQUENCE: Kind = error("S0108");
/// `${_ENV NAME}` names a variable that is not set.
pub const UNSET_ENVIRONMENT: Kind = advice("S0109");
/// A `{` is never closed.
pub const UNCLOSED_BLOCK: Kind = error("S0110");
/// A `}` closes nothing.
pub const EXTRA_BRACE: Kind = error("S0111");
/// A `{` where no block can stand.
pub const UNEXPECTED_BLOCK: Kind = error("S0112");
/// A block is missing behind a word that needs one.
pub const MISSING_BLOCK: Kind = error("S0113");
/// A `$NAME` that nothing was defined for.
pub const UNDEFINED_NAME: Kind = advice("S0114");

/// A word that is not known.
pub const UNKNOWN_WORD: Kind = error("S0201");
/// A known word in a block where it does not belong.
pub const MISPLACED_WORD: Kind = error("S0202");
/// A value is missing.
pub const MISSING_VALUE: Kind = error("S0203");
/// An old or misnamed word, taken for the new one.
pub const OLD_WORD: Kind = note("S0204");
/// Words behind a value that nobody reads.
pub const TRAILING_WORDS: Kind = note("S0205");
