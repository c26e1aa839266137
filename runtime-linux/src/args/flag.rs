//! keepalived's flags, as one table: parsing, `--help` and the tests read it.

/// Whether a flag takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// None.
    None,
    /// Attached only: `-tFILE`, `--config-test=FILE`.
    Optional,
    /// Attached or the next argument.
    Required,
}

/// What steadfast does about a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does what keepalived's does.
    Acted,
    /// It is accepted so that command lines go on working, and said to be without effect, for this reason.
    Accepted(&'static str),
}

/// One flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// `-x`.
    pub short: Option<char>,
    /// `--name`.
    pub long: &'static str,
    /// Whether a value follows.
    pub value: Value,
    /// What it does.
    pub effect: Effect,
    /// One line for `--help`.
    pub help: &'static str,
}

const ONE_PROCESS: &str = "steadfast has one worker process and no others to tell apart";
const DEBUG_BUILD: &str = "it belongs to keepalived's own debugging builds";

/// Every flag of keepalived 2.4.3, and `--socket`, which is ours.
pub const FLAGS: &[Flag] = &[
    acted(Some('f'), "use-file", Value::Required, "read this configuration file"),
    acted(
        Some('t'),
        "config-test",
        Value::Optional,
        "check the configuration and exit [report to this file]",
    ),
    acted(Some('n'), "dont-fork", Value::None, "stay in the foreground"),
    acted(Some('l'), "log-console", Value::None, "log to the console"),
    acted(Some('D'), "log-detail", Value::None, "log in detail; twice: everything"),
    acted(
        Some('S'),
        "log-facility",
        Value::Required,
        "facility in the system log: 0-7, local0-7, user or daemon",
    ),
    acted(Some('G'), "no-syslog", Value::None, "do not log to the system log"),
    acted(Some('I'), "dont-release-ipvs", Value::None, "leave the kernel's virtual servers when stopping"),
    acted(
        Some('V'),
        "dont-release-vrrp",
        Value::None,
        "leave addresses and routes, and say no goodbye, when stopping",
    ),
    acted(Some('R'), "dont-respawn", Value::None, "do not start another worker process when it dies"),
    acted(Some('P'), "vrrp", Value::None, "run only VRRP"),
    acted(Some('C'), "check", Value::None, "run only virtual servers and their checks"),
    acted(Some('i'), "config-id", Value::Required, "keep lines marked @ID for this id (default: host name)"),
    acted(Some('e'), "all-config", Value::None, "a missing or unreadable included file is an error"),
    acted(Some('p'), "pid", Value::Required, "write the process id to this file"),
    acted(
        Some('d'),
        "dump-conf",
        Value::None,
        "log the configuration as it was understood, without passwords",
    ),
    acted(
        Some('g'),
        "log-file",
        Value::Optional,
        "log to a file too [default: keepalived.log in $TMPDIR or /tmp]",
    ),
    acted(None, "flush-log-file", Value::None, "write each line of it at once, as is always done"),
    acted(Some('u'), "umask", Value::Required, "permissions that no file of ours gets, as C writes numbers"),
    acted(Some('m'), "core-dump", Value::None, "let the kernel write a core file when it dies"),
    acted(Some('s'), "namespace", Value::Required, "run in this network namespace, whatever the file says"),
    acted(
        None,
        "signum",
        Value::Required,
        "print the number of STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON, TDUMP",
    ),
    acted(None, "socket", Value::Required, "answer `steadfast status` on this socket"),
    acted(Some('v'), "version", Value::None, "print the version and exit"),
    acted(Some('h'), "help", Value::None, "print this text and exit"),
    accepted(Some('B'), "no_bfd", Value::None, "each bfd_instance of the file runs all the same"),
    accepted(None, "all", Value::None, ONE_PROCESS),
    accepted(Some('X'), "release-vips", Value::None, "addresses are always released at stop"),
    accepted(Some('r'), "vrrp_pid", Value::Required, ONE_PROCESS),
    accepted(Some('c'), "checkers_pid", Value::Required, ONE_PROCESS),
    accepted(Some('b'), "bfd_pid", Value::Required, ONE_PROCESS),
    accepted(Some('a'), "address-monitoring", Value::None, "`ip monitor address` shows them"),
    acted(Some('x'), "snmp", Value::None, "tell everything by SNMP, to the master agent that snmpd is"),
    acted(
        Some('A'),
        "snmp-agent-socket",
        Value::Required,
        "where it listens: unix:/PATH, tcp:HOST:PORT or udp:HOST:PORT [default: unix:/var/agentx/master]",
    ),
    accepted(
        Some('M'),
        "core-dump-pattern",
        Value::Optional,
        "kernel.core_pattern is one for all programs of a host",
    ),
    accepted(Some('L'), "mem-check-log", Value::None, DEBUG_BUILD),
    accepted(Some('O'), "openssl-mem-check", Value::None, DEBUG_BUILD),
    accepted(None, "no-mem-check", Value::None, DEBUG_BUILD),
    accepted(None, "perf", Value::Optional, DEBUG_BUILD),
    accepted(None, "debug", Value::Optional, DEBUG_BUILD),
    accepted(None, "ignore-sigint", Value::None, DEBUG_BUILD),
    accepted(None, "config-fd", Value::Required, ONE_PROCESS),
    // As the first argument only; elsewhere it is refused, since going on would start a daemon.
    acted(
        Some('T'),
        "genhash",
        Value::None,
        "print the MD5 digest of a page; the first flag (see `--genhash --help`)",
    ),
];

const fn acted(short: Option<char>, long: &'static str, value: Value, help: &'static str) -> Flag {
    Flag { short, long, value, effect: Effect::Acted, help }
}

const fn accepted(short: Option<char>, long: &'static str, value: Value, why: &'static str) -> Flag {
    Flag { short, long, value, effect: Effect::Accepted(why), help: why }
}

impl Flag {
    /// The flag with this letter.
    pub fn by_letter(letter: char) -> Option<&'static Self> {
        FLAGS.iter().find(|flag| flag.short == Some(letter))
    }

    /// The flag with this long name, or the only one that begins with it, as `getopt_long` has it.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        FLAGS.iter().find(|flag| flag.long == name).or_else(|| {
            let mut matching = FLAGS.iter().filter(|flag| flag.long.starts_with(name));
            matching.next().filter(|_| matching.next().is_none())
        })
    }
}
