//! `steadfast simulate A.conf B.conf --fault 'kill A at 3s'`: what happens when something fails, before it does.
//!
//! The real state machines run with the real configurations on virtual time, in the simulated network of
//! [`mod@bench`]: no root, no interfaces, no waiting. What is simulated is VRRP; scripts do not run, they succeed unless a
//! fault says otherwise, and virtual servers are left out.

pub mod course;
pub mod fault;
pub mod owners;
pub mod plan;
mod report;
mod wording;

use core::time::Duration;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::config::{self, Loaded};
use fault::{Fault, Kind, Names};
use plan::Node;

/// What to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The configurations of the nodes A, B, C, …
    pub files: Vec<PathBuf>,
    /// What goes wrong, each as in [`fault::GRAMMAR`].
    pub faults: Vec<String>,
    /// How long; by default 30 s, and at least 10 s after the last fault.
    pub length: Option<Duration>,
    /// What chance decides follows from it.
    pub seed: u64,
    /// Print JSON.
    pub json: bool,
}

/// How the exit code comes about, for `--help`.
pub const RULE: &str = "\
Exit code: 0 if no address was without an owner for longer than its bound, nor had two owners for
longer than the faults explain; 1 if one was or had.
Without an owner: the bound is what a Backup waits before it takes over, whatever the reason:
down_timer_adverts (3) times the longest advert_int of the routers of the address, and the skew
of the lowest priority that their trackers can give them, and 10 ms for the way. It holds from
the start on, and also while no node is left that could take the address.
Two owners: as long as a cut, a loss, a pause or a link that is down keeps nodes from hearing each
other they are explained; apart from that they must find each other within the longest advert_int
and an eighth of it, and 10 ms for the way. So two configurations that do not understand each
other (passwords, versions) fail without any fault.

Taken for granted: an advert takes up to 1 ms; one virtual_router_id is one network, whatever
its interface is called on each node; adverts come from unicast_src_ip or mcast_src_ip, else
from addresses that rise in the order of the files; a node that is killed loses its addresses
with its power; scripts succeed and links are up unless a fault says otherwise, and a script
that fails counts as failed at once.";

/// What a simulation showed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Their files.
    pub files: Vec<PathBuf>,
    /// What should be known about how the configurations were understood.
    pub remarks: Vec<String>,
    /// What happened.
    pub course: course::Course,
    /// How long it ran.
    pub length: Duration,
    /// What chance followed from.
    pub seed: u64,
}

impl Outcome {
    /// Whether every address had one owner, but for as long as the protocol needs and the faults explain.
    pub fn holds(&self) -> bool {
        self.course.ownership.iter().all(|one| one.holds(&self.course.deaf))
    }
}

/// Reads the configurations and runs them.
///
/// # Errors
/// A configuration cannot be used, a fault is not understood, or there is no router.
pub fn simulate(options: &Options) -> anyhow::Result<Outcome> {
    let names: Vec<(String, String)> = (options.files.iter().enumerate())
        .map(|(number, file)| {
            let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            (letter(number), stem)
        })
        .collect();
    let faults = options.faults.iter().map(|said| fault::parse(said, Names { nodes: &names }));
    let faults: Vec<Fault> = faults.collect::<Result<_, _>>()?;
    let mut configurations = Vec::new();
    for (file, (letter, _)) in options.files.iter().zip(&names) {
        let Loaded { configuration, diagnostics, .. } = config::load(file, &config::Options::default());
        let Some(configuration) = configuration else {
            bail!("{}", diagnostics.render(io::stderr().is_terminal()).trim_end());
        };
        configurations.push((letter.clone(), configuration));
    }
    let (nodes, remarks) = plan::nodes(configurations);
    if nodes.iter().all(|node| node.routers.is_empty()) {
        bail!("no file has a vrrp_instance that can run; `steadfast check` says more");
    }
    for fault in &faults {
        match &fault.kind {
            Kind::Script { name, node } => check_script(name, &nodes[*node], &options.files[*node])?,
            Kind::LinkDown { node, interface: Some(name) } => {
                check_interface(name, &nodes[*node], &options.files[*node])?;
            }
            Kind::Priority { router, node, .. } => {
                check_router(router, &nodes[*node], &options.files[*node])?;
            }
            Kind::LinkDown { interface: None, .. }
            | Kind::Kill(_)
            | Kind::Stop(_)
            | Kind::Start(_)
            | Kind::Pause(_)
            | Kind::Cut { .. }
            | Kind::Loss { .. } => {}
        }
    }
    let last = faults.iter().map(|fault| fault.at.saturating_add(fault.span.unwrap_or_default())).max();
    let length = options
        .length
        .unwrap_or_else(|| last.map_or(USUAL, |last| USUAL.max(last.saturating_add(AFTERWARDS))));
    let course = course::run(&nodes, &faults, length, options.seed);
    Ok(Outcome { nodes, files: options.files.clone(), remarks, course, length, seed: options.seed })
}

/// `steadfast simulate`: prints what happens; returns the exit code.
///
/// # Errors
/// As [`simulate`], and when the terminal cannot be written to.
pub fn command(options: &Options) -> anyhow::Result<u8> {
    let outcome = simulate(options)?;
    let text = if options.json {
        serde_json::to_string_pretty(&report::json(&outcome))? + "\n"
    } else {
        report::text(&outcome)
    };
    let code = if outcome.holds() { 0 } else { ORPHANED };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(code),
        written => Ok(written.map(|()| code)?),
    }
}

/// A script that nothing tracks would fail without any effect, and nobody would know.
fn check_script(name: &str, node: &Node, file: &Path) -> anyhow::Result<()> {
    let mut tracked: Vec<&str> = (node.routers.iter())
        .flat_map(|router| &router.instance.track_scripts)
        .map(|tracked| tracked.name.as_str())
        .collect();
    tracked.sort_unstable();
    tracked.dedup();
    if tracked.contains(&name) {
        return Ok(());
    }
    let known = if tracked.is_empty() { "it tracks none".to_owned() } else { tracked.join(", ") };
    bail!("--fault: no router in {} tracks a script `{name}`: {known}", file.display())
}

/// So would an interface that no router has and none tracks.
fn check_interface(name: &str, node: &Node, file: &Path) -> anyhow::Result<()> {
    let mut known: Vec<&str> = (node.routers.iter().map(|router| &router.instance))
        .flat_map(|one| {
            let tracked = one.track_interfaces.iter().map(|tracked| tracked.name.as_str());
            core::iter::once(one.interface.as_str()).chain(tracked)
        })
        .collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&name) {
        return Ok(());
    }
    bail!("--fault: no router in {} needs an interface `{name}`: {}", file.display(), known.join(", "))
}

/// A router that is not there, or that owns its addresses, has no other priority.
fn check_router(name: &str, node: &Node, file: &Path) -> anyhow::Result<()> {
    match node.routers.iter().find(|router| router.instance.name == name) {
        Some(router) if router.instance.priority.is_owner() => {
            bail!("--fault: `{name}` in {} owns its addresses: its priority stays 255", file.display())
        }
        Some(_) => Ok(()),
        None => bail!("--fault: there is no router `{name}` in {} that can run", file.display()),
    }
}

/// A, B, … Z, then N27 and on.
fn letter(number: usize) -> String {
    match u8::try_from(number) {
        Ok(number @ 0..26) => char::from(b'A' + number).to_string(),
        Ok(_) | Err(_) => format!("N{}", number + 1),
    }
}

/// How long a simulation lasts when nobody says otherwise.
const USUAL: Duration = Duration::from_secs(30);
/// How long it goes on after the last fault.
const AFTERWARDS: Duration = Duration::from_secs(10);
/// The exit code when an address was without an owner for too long, or had two.
const ORPHANED: u8 = 1;

#[cfg(test)]
mod tests;
