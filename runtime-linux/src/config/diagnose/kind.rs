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
    /// S04 routers, S05 virtual servers, S06 scripts, S07 routes and rules, S08 this host,
    /// S09 two files beside each other.
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
/// A `$NAME` that would be replaced if it stood in braces.
pub const UNBRACED_NAME: Kind = advice("S0115");

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
/// A word that is accepted without effect, where that must be told.
pub const NOT_BUILT: Kind = advice("S0206");
/// A block lacks a word that it cannot do without.
pub const MISSING_WORD: Kind = error("S0207");
/// Words behind an unquoted script.
pub const UNQUOTED_ARGUMENTS: Kind = note("S0208");

/// A value of the wrong kind, or out of range.
pub const WRONG_VALUE: Kind = error("S0301");
/// A name that was given before.
pub const DUPLICATE_NAME: Kind = error("S0302");
/// A name of something that does not exist.
pub const UNKNOWN_NAME: Kind = error("S0303");
/// An address that was given before.
pub const DUPLICATE_ADDRESS: Kind = advice("S0304");
/// A password of more than 8 characters.
pub const LONG_PASSWORD: Kind = warning("S0305");
/// An address of another family than it must have.
pub const WRONG_FAMILY: Kind = error("S0306");

/// A path that depends on where the daemon was started.
pub const RELATIVE_PATH: Kind = advice("S0307");

/// A gap of nothing between announcements.
pub const GAP_OF_ZERO: Kind = note("S0310");

/// Mail that nobody takes.
pub const MAIL_WITHOUT_SERVER: Kind = advice("S0308");
/// A password that would be sent in the clear.
pub const PASSWORD_IN_THE_CLEAR: Kind = error("S0309");

/// A router without identity or link.
pub const INCOMPLETE_ROUTER: Kind = error("S0401");
/// Two routers with one VRID on one link.
pub const DUPLICATE_VRID: Kind = error("S0402");
/// A router on the loopback interface.
pub const LOOPBACK: Kind = error("S0403");
/// A router without virtual addresses.
pub const NO_ADDRESSES: Kind = error("S0404");
/// A router of version 2 without virtual addresses, and nobody said that this is meant.
pub const ELECTION_ONLY: Kind = warning("S0432");
/// Strict mode beside unicast.
pub const STRICT_UNICAST: Kind = advice("S0433");
/// A word about unicast without peers.
pub const UNICAST_WITHOUT_PEERS: Kind = warning("S0434");
/// More addresses than an advert carries.
pub const TOO_MANY_ADDRESSES: Kind = warning("S0405");
/// Version 2 over IPv6.
pub const VERSION_2_OVER_IPV6: Kind = warning("S0406");
/// `state MASTER` without a priority.
pub const IMPLIED_OWNER: Kind = advice("S0407");
/// Something that strict mode does not allow.
pub const STRICT: Kind = warning("S0408");
/// Strict mode makes the addresses silent.
pub const STRICT_NO_ACCEPT: Kind = advice("S0409");
/// `nopreempt` beside `state MASTER`.
pub const NOPREEMPT_CLEARED: Kind = warning("S0410");
/// `preempt_delay` where it does nothing.
pub const PREEMPT_DELAY_CLEARED: Kind = warning("S0411");
/// An advert interval that the version cannot carry.
pub const INTERVAL_ROUNDED: Kind = warning("S0412");
/// Authentication that is not used.
pub const AUTHENTICATION_DROPPED: Kind = warning("S0413");
/// A sync group without members.
pub const EMPTY_GROUP: Kind = error("S0414");
/// A sync group with one member.
pub const SMALL_GROUP: Kind = warning("S0415");
/// A `state` that is none.
pub const UNKNOWN_STATE: Kind = warning("S0416");
/// A sync group of which some members own their addresses and some do not.
pub const OWNER_BESIDE_OTHERS: Kind = error("S0417");
/// Both versions at once, faster than one of them can tell.
pub const BOTH_VERSIONS_FAST: Kind = advice("S0427");
/// `track_src_ip` without a source.
pub const NOTHING_TO_TRACK: Kind = warning("S0428");
/// A key that cannot be used.
pub const UNUSABLE_KEY: Kind = error("S0426");
/// A virtual interface that is made otherwise than the file says.
pub const VIRTUAL_INTERFACE: Kind = warning("S0430");

/// A router that is among its own peers.
pub const OWN_PEER: Kind = advice("S0440");

/// A tracked process that never has its quorum.
pub const QUORUM_IMPOSSIBLE: Kind = error("S0420");

/// A virtual server without `protocol`.
pub const NO_PROTOCOL: Kind = warning("S0501");
/// A real server whose port must be the virtual server's.
pub const PORT_FORCED: Kind = warning("S0502");
/// A service on every port without persistence.
pub const PORTLESS_PERSISTENCE: Kind = warning("S0503");
/// More quorum or hysteresis than there is weight.
pub const QUORUM_REDUCED: Kind = warning("S0504");
/// A service that cannot be used.
pub const UNUSABLE_SERVICE: Kind = error("S0505");
/// A service that another virtual server has.
pub const DUPLICATE_SERVICE: Kind = error("S0506");
/// A persistence engine or synchronisation daemon that the user-space data plane does not have.
pub const METHOD_NOT_IN_USER_SPACE: Kind = error("S0507");
/// An improved scheduler for the kernel.
pub const MODE_NOT_IN_KERNEL: Kind = advice("S0508");
/// A persistence engine where nothing is persistent.
pub const ENGINE_WITHOUT_PERSISTENCE: Kind = advice("S0510");
/// A slow start of a server that weighs too little for it.
pub const SLOW_START_WITHOUT_STEPS: Kind = warning("S0513");

/// A check that may take longer than the time from one to the next.
pub const SLOW_CHECK: Kind = advice("S0520");
/// A word of a virtual server that does nothing beside what else it says.
pub const WORD_IN_VAIN: Kind = warning("S0525");
/// A virtual server without real servers.
pub const NO_SERVERS: Kind = warning("S0526");

/// Scripts without script security.
pub const NO_SCRIPT_SECURITY: Kind =
    Kind { code: "S0601", severity: Severity::Warning, exit: Exit::Security };

/// A route without a destination or a way, a rule without an action.
pub const INCOMPLETE_ROUTE: Kind = error("S0701");
/// A route or rule of ours with the mark of another program.
pub const PROTOCOL_RESET: Kind = warning("S0702");
/// A rule without a priority.
pub const RULE_WITHOUT_PRIORITY: Kind = warning("S0703");
/// A `track_group` where no interface is named.
pub const GROUP_WITHOUT_INTERFACE: Kind = warning("S0704");

/// An interface that this host does not have.
pub const MISSING_INTERFACE: Kind = warning("S0801");
/// An interface that this host does not have yet, with `dynamic_interfaces`.
pub const AWAITED_INTERFACE: Kind = note("S0802");
/// A script that cannot run here.
pub const UNUSABLE_SCRIPT: Kind = warning("S0803");
/// A script of root that others can change.
pub const OPEN_SCRIPT: Kind = advice("S0804");
/// A source of adverts that this host does not have.
pub const FOREIGN_SOURCE: Kind = advice("S0805");
/// Interfaces in another network namespace.
pub const OTHER_NAMESPACE: Kind = note("S0806");
/// A certificate or a key that checks cannot show.
pub const UNREADABLE_IDENTITY: Kind = advice("S0807");

/// Two routers with one priority.
pub const PRIORITIES_TIE: Kind = advice("S0901");
/// Two routers that speak different versions.
pub const VERSIONS_DIFFER: Kind = warning("S0902");
/// Two routers of version 2 with different intervals.
pub const INTERVALS_DIFFER: Kind = warning("S0903");
/// Two routers of version 3 with different intervals.
pub const TAKEOVERS_DIFFER: Kind = advice("S0904");
/// Two routers that do not believe each other.
pub const AUTHENTICATION_DIFFERS: Kind = warning("S0905");
/// Two routers with different addresses.
pub const ADDRESSES_DIFFER: Kind = warning("S0906");
/// Two routers of which one does not speak to the other.
pub const NOT_MUTUAL: Kind = warning("S0907");
/// Two routers that speak to different groups, or one to a group and one to peers.
pub const GROUPS_DIFFER: Kind = warning("S0908");

/// Every kind.
pub const ALL: &[&Kind] = &[
    &UNREADABLE,
    &UNTERMINATED_QUOTE,
    &INCLUDE_UNREADABLE,
    &INCLUDE_MISSING,
    &INCLUDE_REQUIRED,
    &INCLUDE_LOOP,
    &EXPANSION_TOO_LARGE,
    &MALFORMED_SEQUENCE,
    &UNSET_ENVIRONMENT,
    &UNCLOSED_BLOCK,
    &EXTRA_BRACE,
    &UNEXPECTED_BLOCK,
    &MISSING_BLOCK,
    &UNDEFINED_NAME,
    &UNBRACED_NAME,
    &UNKNOWN_WORD,
    &MISPLACED_WORD,
    &MISSING_VALUE,
    &OLD_WORD,
    &TRAILING_WORDS,
    &NOT_BUILT,
    &MISSING_WORD,
    &UNQUOTED_ARGUMENTS,
    &WRONG_VALUE,
    &DUPLICATE_NAME,
    &UNKNOWN_NAME,
    &DUPLICATE_ADDRESS,
    &LONG_PASSWORD,
    &WRONG_FAMILY,
    &RELATIVE_PATH,
    &GAP_OF_ZERO,
    &MAIL_WITHOUT_SERVER,
    &PASSWORD_IN_THE_CLEAR,
    &INCOMPLETE_ROUTER,
    &DUPLICATE_VRID,
    &LOOPBACK,
    &NO_ADDRESSES,
    &ELECTION_ONLY,
    &STRICT_UNICAST,
    &UNICAST_WITHOUT_PEERS,
    &TOO_MANY_ADDRESSES,
    &VERSION_2_OVER_IPV6,
    &IMPLIED_OWNER,
    &STRICT,
    &STRICT_NO_ACCEPT,
    &NOPREEMPT_CLEARED,
    &PREEMPT_DELAY_CLEARED,
    &INTERVAL_ROUNDED,
    &AUTHENTICATION_DROPPED,
    &EMPTY_GROUP,
    &SMALL_GROUP,
    &UNKNOWN_STATE,
    &OWNER_BESIDE_OTHERS,
    &OWN_PEER,
    &QUORUM_IMPOSSIBLE,
    &BOTH_VERSIONS_FAST,
    &NOTHING_TO_TRACK,
    &UNUSABLE_KEY,
    &VIRTUAL_INTERFACE,
    &NO_PROTOCOL,
    &PORT_FORCED,
    &PORTLESS_PERSISTENCE,
    &QUORUM_REDUCED,
    &UNUSABLE_SERVICE,
    &DUPLICATE_SERVICE,
    &METHOD_NOT_IN_USER_SPACE,
    &MODE_NOT_IN_KERNEL,
    &ENGINE_WITHOUT_PERSISTENCE,
    &SLOW_CHECK,
    &WORD_IN_VAIN,
    &NO_SERVERS,
    &NO_SCRIPT_SECURITY,
    &INCOMPLETE_ROUTE,
    &PROTOCOL_RESET,
    &RULE_WITHOUT_PRIORITY,
    &GROUP_WITHOUT_INTERFACE,
    &MISSING_INTERFACE,
    &AWAITED_INTERFACE,
    &UNUSABLE_SCRIPT,
    &OPEN_SCRIPT,
    &FOREIGN_SOURCE,
    &OTHER_NAMESPACE,
    &UNREADABLE_IDENTITY,
    &PRIORITIES_TIE,
    &VERSIONS_DIFFER,
    &INTERVALS_DIFFER,
    &TAKEOVERS_DIFFER,
    &AUTHENTICATION_DIFFERS,
    &ADDRESSES_DIFFER,
    &NOT_MUTUAL,
    &GROUPS_DIFFER,
];
