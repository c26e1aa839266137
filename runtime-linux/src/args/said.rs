//! keepalived's form of the command line, as it was written.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use super::flag::{Effect, FLAGS, Flag, Value};
use super::{Check, DEFAULT_CONFIG, Invocation, Run, Usage, version};
use crate::config;
use crate::config::model::SnmpSocket;

/// What was said, flag by flag; nothing is interpreted yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Said {
    /// `-f`; the last one counts.
    pub file: Option<PathBuf>,
    /// `-t`, with the report's file if one was attached.
    pub test: Option<Option<PathBuf>>,
    /// Said as `steadfast run`.
    pub subcommand: bool,
    /// `-n`.
    pub foreground: bool,
    /// `-l`.
    pub log_console: bool,
    /// How often `-D`.
    pub log_detail: u8,
    /// `-S`, as a number of RFC 5424 §6.2.1.
    pub log_facility: Option<u8>,
    /// `-G`.
    pub no_syslog: bool,
    /// `-I`.
    pub keep_services: bool,
    /// `-V`.
    pub keep_addresses: bool,
    /// `-d`.
    pub dump_conf: bool,
    /// `-g`, with its file if one was attached.
    pub log_file: Option<Option<PathBuf>>,
    /// `-u`.
    pub umask: Option<u32>,
    /// `-m`.
    pub core_dump: bool,
    /// `-R`.
    pub dont_respawn: bool,
    /// `-P`.
    pub only_vrrp: bool,
    /// `-C`.
    pub only_check: bool,
    /// `-i`.
    pub config_id: Option<String>,
    /// `-e`.
    pub all_config: bool,
    /// `-p`.
    pub pid_file: Option<PathBuf>,
    /// `-s`.
    pub namespace: Option<String>,
    /// `-x`.
    pub snmp: bool,
    /// `-A`.
    pub snmp_socket: Option<SnmpSocket>,
    /// `--socket`.
    pub socket: Option<PathBuf>,
    /// `--signum`.
    pub signum: Option<String>,
    /// `-v`.
    pub version: bool,
    /// `-h`.
    pub help: bool,
    /// `-T`.
    pub genhash: bool,
    /// Long names of flags that were accepted and do nothing.
    pub without_effect: BTreeSet<&'static str>,
}

/// Reads keepalived's flags.
///
/// # Errors
///
/// An unknown flag, a missing value or an argument that is no flag.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Said, Usage> {
    let mut said = Said::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| usage(&error.to_string()))? {
        let (flag, name) = match argument {
            lexopt::Arg::Short(letter) => (Flag::by_letter(letter), format!("-{letter}")),
            lexopt::Arg::Long(long) => (Flag::by_name(long), format!("--{long}")),
            lexopt::Arg::Value(value) => {
                return Err(usage(&format!("unexpected argument `{}`", value.display())));
            }
        };
        let Some(flag) = flag else {
            return Err(usage(&unknown(&name)));
        };
        let value = match flag.value {
            Value::None => None,
            Value::Optional => parser.optional_value(),
            Value::Required => Some(parser.value().map_err(|error| usage(&error.to_string()))?),
        };
        said.take(flag, value)?;
    }
    Ok(said)
}

impl Said {
    fn take(&mut self, flag: &'static Flag, value: Option<OsString>) -> Result<(), Usage> {
        let text = |value: Option<OsString>| value.map(|text| text.to_string_lossy().into_owned());
        match (flag.long, flag.effect) {
            (long, Effect::Accepted(_)) => {
                self.without_effect.insert(long);
            }
            ("use-file", Effect::Acted) => self.file = value.map(PathBuf::from),
            ("config-test", Effect::Acted) => self.test = Some(value.map(PathBuf::from)),
            ("dont-fork", Effect::Acted) => self.foreground = true,
            ("log-console", Effect::Acted) => self.log_console = true,
            ("log-detail", Effect::Acted) => self.log_detail = self.log_detail.saturating_add(1),
            ("log-facility", Effect::Acted) => {
                let name = text(value).unwrap_or_default();
                let facility =
                    facility(&name).ok_or_else(|| usage(&format!("unknown log facility `{name}`")))?;
                self.log_facility = Some(facility);
            }
            ("no-syslog", Effect::Acted) => self.no_syslog = true,
            ("dont-release-ipvs", Effect::Acted) => self.keep_services = true,
            ("dont-release-vrrp", Effect::Acted) => self.keep_addresses = true,
            ("dump-conf", Effect::Acted) => self.dump_conf = true,
            ("log-file", Effect::Acted) => self.log_file = Some(value.map(PathBuf::from)),
            ("flush-log-file", Effect::Acted) => {}
            ("umask", Effect::Acted) => {
                let said = text(value).unwrap_or_default();
                let mask = config::build::mask(&said);
                self.umask = Some(mask.ok_or_else(|| usage(&format!("`{said}` is no umask")))?);
            }
            ("core-dump", Effect::Acted) => self.core_dump = true,
            ("dont-respawn", Effect::Acted) => self.dont_respawn = true,
            ("vrrp", Effect::Acted) => self.only_vrrp = true,
            ("check", Effect::Acted) => self.only_check = true,
            ("config-id", Effect::Acted) => self.config_id = text(value),
            ("all-config", Effect::Acted) => self.all_config = true,
            ("pid", Effect::Acted) => self.pid_file = value.map(PathBuf::from),
            ("socket", Effect::Acted) => self.socket = value.map(PathBuf::from),
            ("namespace", Effect::Acted) => self.namespace = text(value),
            ("snmp", Effect::Acted) => self.snmp = true,
            ("snmp-agent-socket", Effect::Acted) => {
                let said = text(value).unwrap_or_default();
                let socket = SnmpSocket::read(&said);
                let error =
                    || usage(&format!("`{said}` is neither unix:/PATH, tcp:HOST:PORT nor udp:HOST:PORT"));
                self.snmp_socket = Some(socket.ok_or_else(error)?);
            }
            ("signum", Effect::Acted) => self.signum = text(value),
            ("version", Effect::Acted) => self.version = true,
            ("help", Effect::Acted) => self.help = true,
            ("genhash", Effect::Acted) => self.genhash = true,
            (long, Effect::Acted) => unreachable!("--{long} is in the table of flags but not read here"),
        }
        Ok(())
    }

    /// What the flags mean together.
    ///
    /// # Errors
    ///
    /// An unknown name after `--signum`, or `--genhash` behind another flag.
    pub fn meaning(self) -> Result<Invocation, Usage> {
        if self.help {
            return Ok(Invocation::Say(super::command::help()));
        }
        if self.version {
            return Ok(Invocation::Say(version::text()));
        }
        if self.genhash {
            return Err(usage("--genhash must be the first flag"));
        }
        if let Some(name) = &self.signum {
            return signal_number(name)
                .map(|number| Invocation::Say(format!("{number}\n")))
                .ok_or_else(|| usage(&format!("unknown signal name `{name}`")));
        }
        let config = self.file.unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
        // Both `-P` and `-C` mean both, as with keepalived.
        let subsystems = match (self.only_vrrp, self.only_check) {
            (true, false) => config::Subsystems::Vrrp,
            (false, true) => config::Subsystems::Check,
            (true, true) | (false, false) => config::Subsystems::All,
        };
        let options = config::Options {
            config_id: self.config_id,
            strict_includes: self.all_config,
            subsystems,
            snmp: self.snmp,
            snmp_socket: self.snmp_socket,
            ..config::Options::default()
        };
        if let Some(log) = self.test {
            let files = vec![config];
            return Ok(Invocation::Check(Check {
                files,
                options,
                host: true,
                compat: false,
                json: false,
                as_keepalived: true,
                log,
            }));
        }
        let remarks = FLAGS
            .iter()
            .filter(|flag| self.without_effect.contains(flag.long))
            .filter_map(|flag| match flag.effect {
                Effect::Accepted(why) => Some(format!("--{} is accepted, without effect: {why}", flag.long)),
                Effect::Acted => None,
            })
            .collect();
        Ok(Invocation::Run(Run {
            config,
            options,
            foreground: self.foreground || self.subcommand,
            log_console: self.log_console || self.subcommand,
            log_detail: self.log_detail.min(2),
            // The subcommand `run` is ours: whoever supervises it reads standard error.
            log_syslog: !self.no_syslog && !self.subcommand,
            log_facility: self.log_facility,
            keep_services: self.keep_services,
            keep_addresses: self.keep_addresses,
            dump_conf: self.dump_conf,
            log_file: self.log_file.map(|file| file.unwrap_or_else(log_file)),
            umask: self.umask,
            core_dump: self.core_dump,
            only_one_worker: self.dont_respawn,
            pid_file: self.pid_file,
            socket: self.socket,
            namespace: self.namespace,
            remarks,
        }))
    }
}

/// Where keepalived logs to when no file is named.
fn log_file() -> PathBuf {
    let folder = std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    folder.join("keepalived.log")
}

/// The number of a signal under keepalived's name for it (keepalived.md 3.2).
fn signal_number(name: &str) -> Option<i32> {
    match name {
        "STOP" => Some(libc::SIGTERM),
        "RELOAD" => Some(libc::SIGHUP),
        "DATA" => Some(libc::SIGUSR1),
        "STATS" => Some(libc::SIGUSR2),
        "STATS_CLEAR" => Some(libc::SIGRTMAX() - 1),
        "JSON" => Some(libc::SIGRTMIN() + 2),
        // The manual calls it TDATA, the code TDUMP.
        "TDUMP" | "TDATA" => Some(libc::SIGRTMAX()),
        _ => None,
    }
}

/// The number of a facility (RFC 5424 §6.2.1) as keepalived lets it be named.
fn facility(name: &str) -> Option<u8> {
    const LOCAL0: u8 = 16;
    match name {
        "user" => Some(1),
        "daemon" => Some(3),
        local => local
            .strip_prefix("local")
            .unwrap_or(local)
            .parse()
            .ok()
            .filter(|n| *n < 8)
            .map(|n: u8| LOCAL0 + n),
    }
}

fn unknown(name: &str) -> String {
    let nearest = FLAGS
        .iter()
        .map(|flag| format!("--{}", flag.long))
        .filter(|long| name.starts_with("--") && strsim::damerau_levenshtein(long, name) <= 3)
        .min_by_key(|long| strsim::damerau_levenshtein(long, name));
    match nearest {
        Some(nearest) => format!("unknown option `{name}`: did you mean `{nearest}`?"),
        None => format!("unknown option `{name}`"),
    }
}

pub(super) fn usage(message: &str) -> Usage {
    Usage { message: format!("steadfast: {message}\nTry `steadfast --help`.\n"), code: 1 }
}
