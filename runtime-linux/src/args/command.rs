//! The subcommands, read by clap.

use core::fmt::Write as _;
use core::net::IpAddr;
use core::time::Duration;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use super::flag::{Effect, FLAGS, Value};
use super::server::{self, Target};
use super::{Check, Invocation, Status, Usage, Why};
use crate::config::diagnose::explain;
use crate::config::model::Dbus;
use crate::dbus::policy;
use crate::perform::check::Wish;
use crate::{capture, config, lab, realserver, simulate};

#[derive(Parser)]
#[command(
    name = "steadfast",
    about = "Keeps a service's address alive: VRRP failover, LVS director, health checks"
)]
// `-V` is a flag of the daemon and something else.
#[command(disable_version_flag = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon in the foreground; takes the daemon's flags (see `steadfast --help`)
    Run,
    /// Check configuration files and say what is wrong with them
    ///
    /// Exit codes: 0 nothing to complain about; 4 a file is missing or cannot be used at all; 5 something is
    /// wrong but the daemon would run; 6 scripts are configured without `enable_script_security`.
    #[command(after_long_help = config::check::JSON)]
    Check {
        /// Configuration files; those of several hosts are compared with each other
        #[arg(default_value = super::DEFAULT_CONFIG)]
        files: Vec<PathBuf>,
        /// Also look for the interfaces, addresses and scripts of this host
        #[arg(long)]
        host: bool,
        /// Also list the words that are accepted without effect
        #[arg(long)]
        compat: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        /// Keep lines marked @ID for this id (default: the host name up to the first dot)
        #[arg(short = 'i', long, value_name = "ID")]
        config_id: Option<String>,
        /// A missing or unreadable included file is an error
        #[arg(short = 'e', long)]
        all_config: bool,
    },
    /// Say what a reload from one configuration to another would do
    ///
    /// Exit codes: 0 no address can move by it; 1 one can; 4, 5 or 6 the daemon would not take the new file.
    Diff {
        /// The configuration that runs
        old: PathBuf,
        /// The one to reload
        new: PathBuf,
        /// Keep lines marked @ID for this id (default: the host name up to the first dot)
        #[arg(short = 'i', long, value_name = "ID")]
        config_id: Option<String>,
    },
    /// Indent configuration files by their blocks; what they mean and their comments stay
    ///
    /// Exit codes: 0; 1 with `--check` when a file would change.
    Fmt {
        /// The files; those that they include are not touched
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Change nothing, name the files that would change
        #[arg(long)]
        check: bool,
    },
    /// Work with configurations
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Explain the code of a complaint, or list all codes
    Explain {
        /// What stands in brackets behind a complaint, S0402 for example
        code: Option<String>,
    },
    /// Print the policy that the system bus needs to give the daemon its name (`enable_dbus`)
    ///
    /// It belongs into /etc/dbus-1/system.d/NAME.conf; then let the bus read it (systemctl reload dbus).
    DbusPolicy {
        /// The name, if the file says another (`dbus_service_name`)
        #[arg(default_value = Dbus::USUAL_NAME)]
        name: String,
    },
    /// Show what the running daemon does
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The daemon's socket, when it is not the usual one
        #[arg(long, value_name = "PATH")]
        socket: Option<PathBuf>,
    },
    /// Say why a router, a service or a real server is as it is
    Why {
        /// A router's name, or the address of a service or real server, with or without its port
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The daemon's socket, when it is not the usual one
        #[arg(long, value_name = "PATH")]
        socket: Option<PathBuf>,
    },
    /// Let a real server finish what it has and give it nothing new; `enable` brings it back
    ///
    /// Its health checks go on. It leaves the data plane when it has no connections any more, or when its time is
    /// over. The order outlives reloads and restarts of the daemon.
    Drain {
        #[command(flatten)]
        target: Target,
        /// Take it out after this time even with connections
        #[arg(long = "for", value_name = "SPAN", value_parser = span)]
        within: Option<Duration>,
        /// Even if nobody is left to serve
        #[arg(long)]
        force: bool,
    },
    /// Let a real server take part again that is drained or being drained
    Enable {
        #[command(flatten)]
        target: Target,
    },
    /// Give a real server another weight until further notice
    ///
    /// The weight stands whatever the file and its checks say, and outlives reloads and restarts of the daemon.
    Weight {
        #[command(flatten)]
        target: Target,
        /// The weight, or `auto` for what the file and its checks say
        #[arg(value_name = "N|auto", value_parser = server::weight)]
        weight: Wish,
    },
    /// Run configurations on virtual time and show what happens when something fails
    #[command(after_long_help = simulate::RULE)]
    Simulate {
        /// The configurations of the nodes A, B, C, ...
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What goes wrong; may be said several times
        #[arg(long = "fault", value_name = "FAULT", long_help = fault_help())]
        faults: Vec<String>,
        /// How long to simulate (default: 30s, and at least 10s after the last fault)
        #[arg(long = "for", value_name = "SPAN", value_parser = span)]
        length: Option<Duration>,
        /// What chance decides follows from it
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make this host accept packets for a virtual address without answering ARP for it, or undo that
    #[command(name = "realserver")]
    RealServer {
        /// What to do
        direction: Direction,
        /// The virtual address
        #[arg(value_name = "VIP")]
        address: IpAddr,
        /// The interface that holds the address
        #[arg(long, default_value = "lo", value_name = "LINK")]
        interface: String,
    },
    /// Decode VRRP packets from a link or a capture file
    Capture {
        /// Listen on this network interface
        #[arg(short, long, value_name = "LINK", conflicts_with = "file", required_unless_present = "file")]
        interface: Option<String>,
        /// A pcap or pcapng file
        file: Option<PathBuf>,
        /// Show only what belongs to this virtual router
        #[arg(long, value_name = "1-255", value_parser = clap::value_parser!(u8).range(1..))]
        vrid: Option<u8>,
        /// The version to expect, 2 or 3 (default: learnt from the first valid advert of a router)
        #[arg(long = "version", value_name = "2|3", value_parser = clap::value_parser!(u8).range(2..=3))]
        vrrp: Option<u8>,
        /// The password of version 2 to expect (default: learnt)
        #[arg(long, value_name = "TEXT")]
        password: Option<String>,
        /// Stop after this many packets
        #[arg(short, long, value_name = "N")]
        count: Option<u64>,
        /// Print a JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Build two directors, two real servers and a client in network namespaces and show a failover
    Lab {
        /// Leave it running until interrupted
        #[arg(long)]
        keep: bool,
        /// Print what the directors log as they log it
        #[arg(long, short)]
        verbose: bool,
        /// Use these configurations for the directors
        #[arg(long, value_name = "FILE")]
        config: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
enum ConfigAction {
    /// Print a configuration as it is with its includes, definitions, sequences and @ID lines worked out
    ///
    /// Passwords and keys are not shown. Exit codes as `steadfast check`.
    Show {
        /// The configuration
        #[arg(default_value = super::DEFAULT_CONFIG)]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Keep lines marked @ID for this id (default: the host name up to the first dot)
        #[arg(short = 'i', long, value_name = "ID")]
        config_id: Option<String>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Direction {
    Up,
    Down,
}

/// What is said of `--fault`.
fn fault_help() -> String {
    format!("What goes wrong; may be said several times\n{}", simulate::fault::GRAMMAR)
}

/// Reads a span of time.
fn span(said: &str) -> Result<Duration, String> {
    simulate::fault::duration(said)
        .ok_or_else(|| "a span is 5, 5s, 500ms, 1.5s or 2m, up to a day".to_owned())
}

/// Reads a command line that begins with a subcommand.
///
/// # Errors
///
/// What clap has to say about it, with exit code 2.
pub fn parse(arguments: Vec<OsString>) -> Result<Invocation, Usage> {
    let line = Line::try_parse_from([OsString::from("steadfast")].into_iter().chain(arguments));
    let line = match line {
        Ok(line) => line,
        Err(error) if error.use_stderr() => {
            return Err(Usage { message: error.render().to_string(), code: 2 });
        }
        Err(error) => return Ok(Invocation::Say(error.render().to_string())),
    };
    Ok(match line.command {
        // `args::parse` reads the rest of `run` itself: it is keepalived's form.
        Command::Run => super::said::Said { subcommand: true, ..Default::default() }.meaning()?,
        Command::Check { files, host, compat, json, config_id, all_config } => Invocation::Check(Check {
            files,
            options: config::Options { config_id, strict_includes: all_config, ..config::Options::default() },
            host,
            compat,
            json,
            as_keepalived: false,
            log: None,
        }),
        Command::Diff { old, new, config_id } => Invocation::Diff(config::difference::Files {
            old,
            new,
            options: config::Options { config_id, ..config::Options::default() },
        }),
        Command::Fmt { files, check } => Invocation::Format(config::format::Format { files, check }),
        Command::Config { action: ConfigAction::Show { file, json, config_id } } => {
            let options = config::Options { config_id, ..config::Options::default() };
            Invocation::Show(config::show::Show { file, options, json })
        }
        Command::Explain { code } => Invocation::Say(match code {
            Some(code) => explain::explain(&code).map_err(|message| Usage { message, code: 2 })?,
            None => explain::list(),
        }),
        Command::DbusPolicy { name } if !policy::is_bus_name(&name) => {
            return Err(Usage { message: format!("{name:?} is no name for a service on a bus"), code: 2 });
        }
        Command::DbusPolicy { name } => Invocation::Say(policy::text(&name)),
        Command::Status { json, socket } => Invocation::Status(Status { json, socket }),
        Command::Why { name, json, socket } => Invocation::Why(Why { name, json, socket }),
        Command::Drain { target, within, force } => target.wish(server::drain(within, force)),
        Command::Enable { target } => target.wish(Wish::Enable),
        Command::Weight { target, weight } => target.wish(weight),
        Command::Simulate { files, faults, length, seed, json } => {
            Invocation::Simulate(simulate::Options { files, faults, length, seed, json })
        }
        Command::RealServer { direction, address, interface } => {
            let action = match direction {
                Direction::Up => realserver::Action::Up,
                Direction::Down => realserver::Action::Down,
            };
            Invocation::RealServer(realserver::Options { action, address, interface })
        }
        Command::Capture { interface, file, vrid, vrrp, password, count, json } => {
            let source = match (interface, file) {
                (Some(interface), _) => capture::Source::Link(interface),
                (None, Some(file)) => capture::Source::File(file),
                (None, None) => unreachable!("clap requires one of the two"),
            };
            let options = capture::Options { source, vrid, version: vrrp, password, count, json };
            Invocation::Capture(options)
        }
        Command::Lab { keep, verbose, config } => {
            Invocation::Lab(lab::Options { keep, verbose, configs: config, daemon: None })
        }
    })
}

/// The text of `steadfast --help`: subcommands, then the daemon's flags.
#[expect(clippy::missing_panics_doc, reason = "a String takes everything")]
pub fn help() -> String {
    let mut text = Line::command().render_help().to_string();
    text.push_str("\nThe daemon's flags, as keepalived's (`steadfast -nlD -f FILE`, `steadfast run -l`):\n");
    for flag in FLAGS.iter().filter(|flag| flag.effect == Effect::Acted) {
        let short = flag.short.map_or_else(|| String::from("    "), |letter| format!("-{letter}, "));
        let long = match flag.value {
            Value::None => format!("--{}", flag.long),
            Value::Optional => format!("--{}[=FILE]", flag.long),
            Value::Required => format!("--{} <VALUE>", flag.long),
        };
        writeln!(text, "  {short}{long:<24} {}", flag.help).expect("a String takes everything");
    }
    text.push_str("\nAccepted, without effect (the daemon says so once at start):\n ");
    for flag in FLAGS.iter().filter(|flag| flag.effect != Effect::Acted) {
        match flag.short {
            Some(letter) => write!(text, " -{letter}/--{}", flag.long),
            None => write!(text, " --{}", flag.long),
        }
        .expect("a String takes everything");
    }
    text.push('\n');
    text
}
